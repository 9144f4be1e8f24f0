/* rejected: bare pointer to struct neuralode_solver_t */
#include <stdint.h>
#define NEURALODE_API
typedef struct neuralode_solver_t neuralode_solver_t;
NEURALODE_API int32_t neuralode_solver_destroy(neuralode_solver_t* solver);
