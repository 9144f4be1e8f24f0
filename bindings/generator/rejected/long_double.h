/* rejected: built-in type LongDouble */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_set(long double x);
