/* rejected: array field neuralode_table.evals */
#include <stdint.h>
#define NEURALODE_API
typedef struct neuralode_table { int32_t (*evals[2])(void); } neuralode_table;
