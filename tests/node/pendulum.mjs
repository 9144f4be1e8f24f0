// A damped pendulum from JavaScript by the C ABI alone: f and its derivatives are plain JavaScript. Usage: node pendulum.mjs PATH/libneuralode.so
import koffi from 'koffi';

const library = koffi.load(process.argv[2]);
const check = (status) => { if (status !== 0) throw new Error(library.func('const char *neuralode_last_error()')()); };
const call = (signature) => { const f = library.func(`int32_t neuralode_${signature}`); return (...values) => check(f(...values)); };
const create = call('tensor_create(const double *data, int32_t dtype, const int64_t *sizes, int64_t dims, _Out_ void **out)');
const read = call('tensor_read(void *tensor, _Out_ double *destination, int64_t bytes)');
const requireGrad = call('tensor_set_requires_grad(void *tensor, int32_t requires)');
const destroyTensor = call('tensor_destroy(void *tensor)');
const gradOf = call('grad(void **outputs, void **cotangents, int64_t count, void **inputs, int64_t inputs_count, int32_t retain, int32_t again, _Out_ void **out)');
const solveOde = call('solve(void *f, void **z0, int64_t count, void *t0, void *t1, void *t_eval, void *options, _Out_ void **out)');
const stateOf = call('solution_state(void *solution, int64_t index, _Out_ void **out)');
const destroySolution = call('solution_destroy(void *solution)');
const liveObjects = call('live_objects(_Out_ int64_t *tensors, _Out_ int64_t *others)');
const evalType = koffi.pointer(koffi.proto('int32_t eval(void *user, void *t, void *z, int64_t count, void *u)'));
const vjpType = koffi.pointer(koffi.proto('int32_t vjp(void *user, void *t, void *z, void *a_u, int64_t count, int64_t parameters, void *u, void *a_t, void *a_z, void *a_p)'));
const createDynamics = library.func('neuralode_dynamics_create_callback', 'int32_t', [evalType, vjpType, 'void *', 'void *', 'void **', 'int64_t', 'void **', 'int64_t', '_Out_ void **']);
const destroyDynamics = call('dynamics_destroy(void *dynamics)');

const tensor = (values, sizes = [values.length]) => { const out = [null]; create(values, 7, sizes, sizes.length, out); return out[0]; };
const numbers = (handle, count = 2) => { const out = new Float64Array(count); read(handle, out, 8 * count); return [...out]; };
const given = (slots) => numbers(koffi.decode(slots, 'void *'));                  // the only tensor of a callback's list
const give = (slots, values) => koffi.encode(slots, 'void *', tensor(values));    // the library owns it from here

let p = [4, 0.3];                                                                 // z = (angle, speed); f = (speed, -p0 sin(angle) - p1 speed)
const f = ([angle, speed]) => [speed, -p[0] * Math.sin(angle) - p[1] * speed];
const evaluate = koffi.register((user, t, z, count, u) => { give(u, f(given(z))); return 0; }, evalType);
const pullBack = koffi.register((user, t, z, aU, count, parameters, u, aT, aZ, aP) => {
  const [angle, speed] = given(z), [a0, a1] = given(aU);
  give(u, f([angle, speed]));
  give(aZ, [-p[0] * Math.cos(angle) * a1, a0 - p[1] * a1]);
  give(aP, [-Math.sin(angle) * a1, -speed * a1]);
  return 0;
}, vjpType);

function solve(parameters) {                                                      // z(2) and d angle(2) / dp
  p = parameters;
  const theta = tensor(p), z0 = tensor([1, 0]), t0 = tensor([0], []), t1 = tensor([2], []), cotangent = tensor([1, 0]), out = [null];
  requireGrad(theta, 1);
  check(createDynamics(evaluate, pullBack, null, null, [theta], 1, null, 0, out));
  const dynamics = out[0];
  solveOde(dynamics, [z0], 1, t0, t1, null, null, out);                           // alf, adaptive, and mali
  const solution = out[0];
  stateOf(solution, 0, out);
  const state = out[0], result = { z: numbers(state) };
  gradOf([state], [cotangent], 1, [theta], 1, 0, 0, out);
  result.gradient = numbers(out[0]);
  [out[0], state, theta, z0, t0, t1, cotangent].forEach(destroyTensor);
  destroySolution(solution);
  destroyDynamics(dynamics);
  return result;
}

const { z, gradient } = solve([4, 0.3]), e = 1e-2;                                // differences: e^2 / 6 times third derivatives, and steps that follow p
const slope = [0, 1].map((i) => (solve([4 + e * (i === 0), 0.3 + e * (i === 1)]).z[0] - solve([4 - e * (i === 0), 0.3 - e * (i === 1)]).z[0]) / (2 * e));
console.log(`z(2) = ${z}, d angle / d p = ${gradient}, by differences ${slope}`);
const tensors = [0n], others = [0n];
liveObjects(tensors, others);
if (gradient.some((g, i) => Math.abs(g - slope[i]) > 2e-3) || Number(tensors[0]) + Number(others[0]) !== 0) process.exit(1);
console.log('passed');
