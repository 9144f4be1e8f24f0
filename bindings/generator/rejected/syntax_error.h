/* rejected: clang could not parse */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_read(neuralode_unknown x);
