/* rejected: 2 declarations begin with NEURALODE_API, but 1 functions */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int32_t neuralode_read(void);
NEURALODE_API int32_t neuralode_read(void);
