/* rejected: type size_t, whose size differs between platforms */
#include <stddef.h>
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_read(void* data, size_t bytes);
