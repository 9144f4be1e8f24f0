/* rejected: function-pointer field neuralode_table.eval */
#include <stdint.h>
#define NEURALODE_API
typedef int32_t (*neuralode_eval)(void* user);
typedef struct neuralode_table { neuralode_eval eval; } neuralode_table;
