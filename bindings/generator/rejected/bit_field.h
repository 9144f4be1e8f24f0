/* rejected: bit-field neuralode_options.on */
#include <stdint.h>
#define NEURALODE_API
typedef struct neuralode_options { uint32_t on : 1; } neuralode_options;
