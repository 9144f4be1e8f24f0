/* dz/dt = a z from C: z(1) = z0 e^a, dz(1)/da = z(1), dz(1)/dz0 = e^a. Exits with 0 when the library says so too. */
#include <math.h>
#include <stdio.h>

#include "neuralode/neuralode.h"

static int failures = 0;

static void check(neuralode_status status, const char* what) {
  if (status == NEURALODE_OK) return;
  fprintf(stderr, "%s: status %d: %s\n", what, (int)status, neuralode_last_error());
  ++failures;
}

static void check_near(double actual, double expected, double tolerance, const char* what) {
  if (fabs(actual - expected) <= tolerance) return;
  fprintf(stderr, "%s: %.17g, expected %.17g within %g\n", what, actual, expected, tolerance);
  ++failures;
}

static neuralode_tensor scalar(double value) {
  neuralode_tensor tensor = NULL;
  check(neuralode_tensor_create(&value, NEURALODE_FLOAT64, NULL, 0, &tensor), "tensor_create");
  return tensor;
}

static double value_of(neuralode_tensor tensor) {
  double value = 0;
  check(neuralode_tensor_read(tensor, &value, (int64_t)sizeof value), "tensor_read");
  return value;
}

/* u = a z; `user` is a. */
static neuralode_status growth(void* user, neuralode_tensor t, const neuralode_tensor* z, int64_t count, neuralode_tensor* out_u) {
  neuralode_value arguments[2] = {{0}, {0}}, result = {0};
  int64_t results = 0, i;
  neuralode_status status = NEURALODE_OK;
  (void)t;
  for (i = 0; i < count && status == NEURALODE_OK; ++i) {
    arguments[0].kind = arguments[1].kind = NEURALODE_VALUE_TENSOR;
    arguments[0].tensor = (neuralode_tensor)user;
    arguments[1].tensor = z[i];
    status = neuralode_op_call("aten::mul", "Tensor", arguments, 2, &result, 1, &results);
    out_u[i] = result.tensor;
  }
  return status;
}

int main(void) {
  const double rate = 0.7, start = 1.5;
  neuralode_tensor a = scalar(rate), z0 = scalar(start), t0 = scalar(0), t1 = scalar(1), z1 = NULL, a_a = NULL, a_z0 = NULL;
  neuralode_dynamics dynamics = NULL;
  neuralode_solution solution = NULL;
  neuralode_solve_options options;
  neuralode_statistics statistics;
  neuralode_status went = -1;
  const char* text = NULL;
  double reached = 0;
  int64_t tensors = -1, others = -1;

  check(neuralode_tensor_set_requires_grad(a, 1), "set_requires_grad");
  check(neuralode_tensor_set_requires_grad(z0, 1), "set_requires_grad");
  check(neuralode_dynamics_create_callback(growth, NULL, NULL, a, &a, 1, NULL, 0, &dynamics), "dynamics_create_callback");
  check(neuralode_solve_options_init(sizeof options, &options), "solve_options_init");
  options.step_size = 0.01;
  check(neuralode_solve(dynamics, &z0, 1, t0, t1, NULL, &options, &solution), "solve");
  check(neuralode_solution_state(solution, 0, &z1), "solution_state");
  check(neuralode_tensor_backward(z1, NULL, 0, 0), "backward");
  check(neuralode_tensor_get_grad(a, &a_a), "get_grad");
  check(neuralode_tensor_get_grad(z0, &a_z0), "get_grad");
  check(neuralode_solution_statistics(solution, sizeof statistics, &statistics), "solution_statistics");
  check(neuralode_solution_status(solution, &went, &text, &reached), "solution_status");

  /* Order 2 at h = 0.01: an error of about h^2. */
  check_near(value_of(z1), start * exp(rate), 1e-4, "z(1)");
  check_near(value_of(a_a), start * exp(rate), 1e-3, "dz(1)/da");
  check_near(value_of(a_z0), exp(rate), 1e-4, "dz(1)/dz0");
  check_near((double)statistics.nfe_forward, 101, 0, "nfe_forward");
  check_near((double)statistics.nfe_backward, 101, 0, "nfe_backward");
  check_near((double)went, NEURALODE_OK, 0, "how it went");
  check_near(reached, 1, 0, "time reached");
  if (text == NULL || text[0] != '\0') check_near(1, 0, 0, "characters to say");

  check(neuralode_solution_destroy(solution), "solution_destroy");
  check(neuralode_dynamics_destroy(dynamics), "dynamics_destroy");
  check(neuralode_tensor_destroy(a), "tensor_destroy");
  check(neuralode_tensor_destroy(z0), "tensor_destroy");
  check(neuralode_tensor_destroy(t0), "tensor_destroy");
  check(neuralode_tensor_destroy(t1), "tensor_destroy");
  check(neuralode_tensor_destroy(z1), "tensor_destroy");
  check(neuralode_tensor_destroy(a_a), "tensor_destroy");
  check(neuralode_tensor_destroy(a_z0), "tensor_destroy");
  check(neuralode_live_objects(&tensors, &others), "live_objects");
  check_near((double)tensors, 0, 0, "tensors alive");
  check_near((double)others, 0, 0, "other objects alive");
  return failures == 0 ? 0 : 1;
}
