/* rejected: struct neuralode_value */
#include <stdint.h>
#define NEURALODE_API
struct neuralode_value;
typedef struct neuralode_table { struct neuralode_value* value; } neuralode_table;
