/* rejected: variadic function neuralode_log */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_log(const char* format, ...);
