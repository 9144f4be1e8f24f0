/* rejected: output out_size must be a pointer to something that is not const */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_read(const int64_t* out_size);
