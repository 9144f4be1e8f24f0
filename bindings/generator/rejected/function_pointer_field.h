/* rejected: function-pointer field neuralode_table.eval */
#include <stdint.h>
#define NEURALODE_API
typedef struct neuralode_table { int32_t (*eval)(void* user); } neuralode_table;
