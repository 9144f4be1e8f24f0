/* rejected: built-in type Int */
#include <stdint.h>
#define NEURALODE_API
NEURALODE_API int neuralode_version(void);
