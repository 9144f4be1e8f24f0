/* rejected: bare pointer to struct neuralode_solver_t */
#include <stdint.h>
#define NEURALODE_API
struct neuralode_solver_t;
NEURALODE_API int32_t neuralode_solver_destroy(struct neuralode_solver_t* solver);
