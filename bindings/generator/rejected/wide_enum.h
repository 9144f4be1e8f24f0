/* rejected: NEURALODE_BIG: the constants of an enum must fit int32_t */
#include <stdint.h>
#define NEURALODE_API
enum neuralode_kind { NEURALODE_BIG = 4294967295 };
