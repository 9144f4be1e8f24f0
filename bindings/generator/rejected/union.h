/* rejected: union neuralode_value */
#include <stdint.h>
#define NEURALODE_API
typedef union neuralode_value { int32_t integer; double real; } neuralode_value;
