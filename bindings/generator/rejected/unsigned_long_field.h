/* rejected: built-in type ULong */
#include <stdint.h>
#define NEURALODE_API
typedef struct neuralode_options { unsigned long seed; } neuralode_options;
