/* rejected: bool */
#include <stdint.h>
#define NEURALODE_API
typedef struct neuralode_options { _Bool on; } neuralode_options;
