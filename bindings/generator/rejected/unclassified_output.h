/* rejected: neuralode_read.out_sizes: the function takes a count */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_read(int64_t count, int64_t* out_sizes);
