/* rejected: a function has a body */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_one(void) { return 1; }
