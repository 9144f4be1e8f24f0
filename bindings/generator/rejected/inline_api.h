/* rejected: inline function */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API inline int32_t neuralode_one(void) { return 1; }
