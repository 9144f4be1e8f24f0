/* rejected: array parameter */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_read(const int64_t sizes[4]);
