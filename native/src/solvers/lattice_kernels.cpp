#include "solvers/lattice_kernels.h"

#include <atomic>

#include "solvers/cuda/kernels.h"
#include "solvers/ranges.h"
#include "tensors/gpu.h"

namespace neuralode::lattice {

namespace {

using ranges::data;
using ranges::for_each_range;

std::int64_t* whole(const TensorList& list, std::size_t index, std::int64_t offset) { return data(list, index, offset, std::int64_t{}); }

StepResult result_of(std::int32_t flags) {
  if (flags & kernels::lattice_non_finite) return StepResult::non_finite;
  return flags & kernels::lattice_overflow ? StepResult::overflow : StepResult::fine;
}

/// for_each_range, or-ing what `body` returns.
template <class Body>
StepResult flagged(const TensorList& like, const Body& body) {
  std::atomic<std::int32_t> flags{0};
  for_each_range(like, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) { flags |= body(s, i, begin, end); });
  return result_of(flags);
}

}  // namespace

double increment(const Lattice& lattice, std::size_t index, double h) {
  return h / 2 * (lattice.quantum_v[index] / lattice.quantum_z[index]);
}

StepResult start(const Lattice& lattice, const TensorList& v, const TensorList& V, DeviceNotes* notes) {
  if constexpr (gpu::built)
    if (gpu::holds(v)) return cuda::lattice_start(lattice, v, V, notes);
  return flagged(v, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::lattice_start(data(v, i, begin, s), whole(V, i, begin), lattice.quantum_v[i], end - begin);
  });
}

void state(const Lattice& lattice, const TensorList& Z, const TensorList& z) {
  if constexpr (gpu::built)
    if (gpu::holds(z)) return cuda::lattice_state(lattice, Z, z);
  for_each_range(z, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::lattice_state(data(lattice.z0, i, begin, s), whole(Z, i, begin), data(z, i, begin, s), lattice.quantum_z[i], end - begin);
  });
}

void velocity(const Lattice& lattice, const TensorList& V, const TensorList& v) {
  if constexpr (gpu::built)
    if (gpu::holds(v)) return cuda::lattice_velocity(lattice, V, v);
  for_each_range(v, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::lattice_velocity(whole(V, i, begin), data(v, i, begin, s), lattice.quantum_v[i], end - begin);
  });
}

void head(const Lattice& lattice, const SolverState& state, const TensorList& k, double h) {
  if constexpr (gpu::built)
    if (gpu::holds(k)) return cuda::lattice_head(lattice, state, k, h);
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::lattice_head(data(lattice.z0, i, begin, s), whole(state.z, i, begin), whole(state.v, i, begin), data(k, i, begin, s),
                          increment(lattice, i, h), lattice.quantum_z[i], end - begin);
  });
}

StepResult tail(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next, double h,
                DeviceNotes* notes) {
  if constexpr (gpu::built)
    if (gpu::holds(u)) return cuda::lattice_tail(lattice, state, u, next, h, notes);
  return flagged(u, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::lattice_tail(whole(state.z, i, begin), whole(state.v, i, begin), data(u, i, begin, s), whole(next.z, i, begin),
                                 whole(next.v, i, begin), increment(lattice, i, h), lattice.quantum_v[i], end - begin);
  });
}

StepResult advance(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next, const TensorList& k_next,
                   double h, double h_next, DeviceNotes* notes) {
  if constexpr (gpu::built)
    if (gpu::holds(u)) return cuda::lattice_advance(lattice, state, u, next, k_next, h, h_next, notes);
  return flagged(u, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::lattice_advance(data(lattice.z0, i, begin, s), whole(state.z, i, begin), whole(state.v, i, begin), data(u, i, begin, s),
                                    whole(next.z, i, begin), whole(next.v, i, begin), data(k_next, i, begin, s), increment(lattice, i, h),
                                    increment(lattice, i, h_next), lattice.quantum_z[i], lattice.quantum_v[i], end - begin);
  });
}

void reverse_head(const Lattice& lattice, const SolverState& next, const TensorList& a_z, const TensorList& a_v, const TensorList& k,
                  const TensorList& a_u, double h) {
  if constexpr (gpu::built)
    if (gpu::holds(k)) return cuda::lattice_reverse_head(lattice, next, a_z, a_v, k, a_u, h);
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::lattice_reverse_head(data(lattice.z0, i, begin, s), whole(next.z, i, begin), whole(next.v, i, begin), data(a_z, i, begin, s),
                                  data(a_v, i, begin, s), data(k, i, begin, s), data(a_u, i, begin, s), h, increment(lattice, i, h),
                                  lattice.quantum_z[i], end - begin);
  });
}

StepResult reverse_tail(const Lattice& lattice, const SolverState& next, const TensorList& u, const TensorList& g, const SolverState& state,
                        const TensorList& a_z, const TensorList& a_v, double h) {
  if constexpr (gpu::built)
    if (gpu::holds(u)) return cuda::lattice_reverse_tail(lattice, next, u, g, state, a_z, a_v, h);
  return flagged(u, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::lattice_reverse_tail(whole(next.z, i, begin), whole(next.v, i, begin), data(u, i, begin, s), data(g, i, begin, s),
                                         whole(state.z, i, begin), whole(state.v, i, begin), data(a_z, i, begin, s), data(a_v, i, begin, s),
                                         h, increment(lattice, i, h), lattice.quantum_v[i], end - begin);
  });
}

StepResult reverse_advance(const Lattice& lattice, const SolverState& state, const TensorList& u, const TensorList& g,
                           const TensorList& a_z, const TensorList& a_v, const TensorList& k_before, const TensorList& a_u_before, double h,
                           double h_before) {
  if constexpr (gpu::built)
    if (gpu::holds(u)) return cuda::lattice_reverse_advance(lattice, state, u, g, a_z, a_v, k_before, a_u_before, h, h_before);
  return flagged(u, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::lattice_reverse_advance(
        data(lattice.z0, i, begin, s), whole(state.z, i, begin), whole(state.v, i, begin), data(u, i, begin, s), data(g, i, begin, s),
        whole(state.z, i, begin), whole(state.v, i, begin), data(a_z, i, begin, s), data(a_v, i, begin, s), data(k_before, i, begin, s),
        data(a_u_before, i, begin, s), h, increment(lattice, i, h), h_before, increment(lattice, i, h_before), lattice.quantum_z[i],
        lattice.quantum_v[i], end - begin);
  });
}

double difference(const TensorList& a, const TensorList& b, std::size_t index) {
  if constexpr (gpu::built)
    if (gpu::holds(a)) return cuda::lattice_difference(a, b, index);
  return kernels::lattice_difference(whole(a, index, 0), whole(b, index, 0), a[index].numel());
}

}  // namespace neuralode::lattice
