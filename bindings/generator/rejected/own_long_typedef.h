/* rejected: built-in type Long */
#include <stdint.h>
#define NEURALODE_API
typedef long neuralode_index;
NEURALODE_API int32_t neuralode_seed(neuralode_index seed);
