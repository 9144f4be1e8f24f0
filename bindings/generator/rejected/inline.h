/* rejected: inline function */
#include <stdint.h>
#define NEURALODE_API
static inline int32_t neuralode_one(void) { return 1; }
