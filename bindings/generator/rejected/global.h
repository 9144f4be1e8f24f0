/* rejected: global variable neuralode_level */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API extern int32_t neuralode_level;
