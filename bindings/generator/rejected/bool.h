/* rejected: bool */
#include <stdbool.h>
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_set(bool on);
