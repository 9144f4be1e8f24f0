/* rejected: output out_size must be a pointer */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_read(int64_t out_size);
