/* rejected: enum neuralode_kind by value */
#include <stdint.h>
#define NEURALODE_API
enum neuralode_kind { NEURALODE_A = 0 };
NEURALODE_API int32_t neuralode_set(enum neuralode_kind kind);
