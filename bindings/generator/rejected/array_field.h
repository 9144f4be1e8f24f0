/* rejected: array field neuralode_shape.sizes */
#include <stdint.h>
#define NEURALODE_API
typedef struct neuralode_shape { int64_t sizes[4]; } neuralode_shape;
