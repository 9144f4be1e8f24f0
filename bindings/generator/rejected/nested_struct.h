/* rejected: struct neuralode_options */
#include <stdint.h>
#define NEURALODE_API
typedef struct neuralode_options { struct { int32_t a; } inner; } neuralode_options;
