/* rejected: built-in type Long */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_seed(long seed);
