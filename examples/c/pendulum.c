/* Recovers the constants of a damped pendulum from its angles:
 *   angle' = speed,  speed' = -k sin(angle) - c speed
 * f and its derivatives are plain C: so the library's gradients are put under a simulator that one has already.
 * Prints the loss as it falls and the constants that were found. Exits with 1, and why, where a call fails. */
#include <math.h>
#include <neuralode/neuralode.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMES = 40 };

/* Ends the program where `status` is not NEURALODE_OK. */
static void check(neuralode_status status) {
  if (status == NEURALODE_OK) return;
  fprintf(stderr, "%s\n", neuralode_last_error());
  exit(1);
}

static neuralode_tensor tensor_of(const double* values, int64_t count) {
  neuralode_tensor tensor;
  check(neuralode_tensor_create(values, NEURALODE_FLOAT64, &count, count > 0 ? 1 : 0, &tensor));
  return tensor;
}

static neuralode_tensor scalar(double value) { return tensor_of(&value, 0); }

/* u = f(t, z); z = (angle, speed). user: the tensor of the constants (k, c). */
static neuralode_status eval(void* user, neuralode_tensor t, const neuralode_tensor* z, int64_t count, neuralode_tensor* out_u) {
  const int64_t two = 2;
  double r[2], p[2], u[2];
  neuralode_status status = neuralode_tensor_read(user, r, sizeof r);
  if (status == NEURALODE_OK) status = neuralode_tensor_read(z[0], p, sizeof p);
  if (status != NEURALODE_OK) return status;
  u[0] = p[1];
  u[1] = -r[0] * sin(p[0]) - r[1] * p[1];
  return (void)t, (void)count, neuralode_tensor_create(u, NEURALODE_FLOAT64, &two, 1, &out_u[0]);
}

/* f again, and the products of a_u with df/dz and df/d(k, c). */
static neuralode_status vjp(void* user, neuralode_tensor t, const neuralode_tensor* z, const neuralode_tensor* a_u, int64_t count,
                            int64_t parameter_count, neuralode_tensor* out_u, neuralode_tensor* out_a_t, neuralode_tensor* out_a_z,
                            neuralode_tensor* out_a_parameters) {
  const int64_t two = 2;
  double r[2], p[2], a[2], a_p[2], a_r[2];
  neuralode_status status = eval(user, t, z, count, out_u);
  if (status == NEURALODE_OK) status = neuralode_tensor_read(user, r, sizeof r);
  if (status == NEURALODE_OK) status = neuralode_tensor_read(z[0], p, sizeof p);
  if (status == NEURALODE_OK) status = neuralode_tensor_read(a_u[0], a, sizeof a);
  if (status != NEURALODE_OK) return status;
  a_p[0] = -a[1] * r[0] * cos(p[0]);
  a_p[1] = a[0] - a[1] * r[1];
  a_r[0] = -a[1] * sin(p[0]);
  a_r[1] = -a[1] * p[1];
  status = neuralode_tensor_create(a_p, NEURALODE_FLOAT64, &two, 1, &out_a_z[0]);
  if (status == NEURALODE_OK && parameter_count > 0)
    status = neuralode_tensor_create(a_r, NEURALODE_FLOAT64, &two, 1, &out_a_parameters[0]);
  return (void)out_a_t, status; /* f does not depend on t: its slot stays NULL */
}

/* Angle and speed at TIMES times in [0, 8]; with a graph where the constants require a gradient. */
static neuralode_tensor swing(neuralode_tensor constants, neuralode_solution* out_solution) {
  const double start[2] = {1.5, 0};
  double times[TIMES];
  neuralode_tensor z0 = tensor_of(start, 2), t0 = scalar(0), t1 = scalar(8), t_eval, states;
  neuralode_dynamics f;
  neuralode_solve_options options;
  int i;
  for (i = 0; i < TIMES; ++i) times[i] = 8.0 * (i + 1) / TIMES;
  t_eval = tensor_of(times, TIMES);
  check(neuralode_dynamics_create_callback(eval, vjp, NULL, constants, &constants, 1, NULL, 0, &f));
  check(neuralode_solve_options_init(sizeof options, &options));
  options.solver = NEURALODE_SOLVER_DOPRI5;
  options.gradient = NEURALODE_GRADIENT_PNODE;
  options.checkpoints = 20; /* states kept at once, however many steps there are */
  options.rtol = options.atol = 1e-6;
  check(neuralode_solve(f, &z0, 1, t0, t1, t_eval, &options, out_solution));
  check(neuralode_solution_state(*out_solution, 0, &states));
  neuralode_dynamics_destroy(f);
  neuralode_tensor_destroy(z0);
  neuralode_tensor_destroy(t0);
  neuralode_tensor_destroy(t1);
  neuralode_tensor_destroy(t_eval);
  return states;
}

int main(void) {
  const double truth[2] = {4, 0.3}, guess[2] = {3.5, 0.1};
  const int64_t shape[2] = {TIMES, 2};
  double observed[TIMES][2], z[TIMES][2], cotangent[TIMES][2], found[2];
  neuralode_tensor constants = tensor_of(truth, 2), states;
  neuralode_solution solution;
  neuralode_optimizer adam;
  neuralode_optimizer_options options;
  int64_t tensors, others;
  int step, i, j;

  states = swing(constants, &solution);
  check(neuralode_tensor_read(states, observed, sizeof observed));
  neuralode_tensor_destroy(states);
  neuralode_solution_destroy(solution);

  check(neuralode_tensor_write(constants, guess, sizeof guess));
  check(neuralode_tensor_set_requires_grad(constants, 1));
  check(neuralode_optimizer_options_init(sizeof options, &options));
  options.kind = NEURALODE_ADAM;
  options.lr = 0.03;
  check(neuralode_optimizer_create(&options, &constants, 1, &adam));

  for (step = 0; step <= 200; ++step) {
    double loss = 0;
    neuralode_tensor a_states;
    states = swing(constants, &solution);
    check(neuralode_tensor_read(states, z, sizeof z));
    for (i = 0; i < TIMES; ++i)
      for (j = 0; j < 2; ++j) {
        const double difference = z[i][j] - observed[i][j];
        loss += difference * difference / TIMES;
        cotangent[i][j] = 2 * difference / TIMES; /* dloss/dz */
      }
    check(neuralode_tensor_create(cotangent, NEURALODE_FLOAT64, shape, 2, &a_states));
    check(neuralode_optimizer_zero_grad(adam));
    check(neuralode_tensor_backward(states, a_states, 0, 0));
    check(neuralode_optimizer_set_lr(adam, 0.03 * (1 - step / 200.0)));
    check(neuralode_optimizer_step(adam));
    if (step % 50 == 0) printf("step %3d  loss %.2e\n", step, loss);
    neuralode_tensor_destroy(a_states);
    neuralode_tensor_destroy(states);
    neuralode_solution_destroy(solution);
  }

  check(neuralode_tensor_read(constants, found, sizeof found));
  printf("k = %.3f, c = %.3f\n", found[0], found[1]);
  neuralode_optimizer_destroy(adam);
  neuralode_tensor_destroy(constants);
  check(neuralode_live_objects(&tensors, &others));
  printf("objects left: %d\n", (int)(tensors + others));
  return 0;
}
