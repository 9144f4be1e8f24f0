/* rejected: output out_size comes before an input */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_read(int64_t* out_size, int32_t index);
