#include "solvers/lattice_kernels.h"

#include <atomic>

#include "solvers/ranges.h"

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

StepResult start(const Lattice& lattice, const TensorList& v, const TensorList& V) {
  return flagged(v, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::lattice_start(data(v, i, begin, s), whole(V, i, begin), lattice.quantum_v[i], end - begin);
  });
}

void state(const Lattice& lattice, const TensorList& Z, const TensorList& z) {
  for_each_range(z, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::lattice_state(data(lattice.z0, i, begin, s), whole(Z, i, begin), data(z, i, begin, s), lattice.quantum_z[i], end - begin);
  });
}

void velocity(const Lattice& lattice, const TensorList& V, const TensorList& v) {
  for_each_range(v, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::lattice_velocity(whole(V, i, begin), data(v, i, begin, s), lattice.quantum_v[i], end - begin);
  });
}

void head(const Lattice& lattice, const SolverState& state, const TensorList& k, double h) {
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::lattice_head(data(lattice.z0, i, begin, s), whole(state.z, i, begin), whole(state.v, i, begin), data(k, i, begin, s),
                          increment(lattice, i, h), lattice.quantum_z[i], end - begin);
  });
}

StepResult tail(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next, double h) {
  return flagged(u, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::lattice_tail(whole(state.z, i, begin), whole(state.v, i, begin), data(u, i, begin, s), whole(next.z, i, begin),
                                 whole(next.v, i, begin), increment(lattice, i, h), lattice.quantum_v[i], end - begin);
  });
}

void reverse_head(const Lattice& lattice, const SolverState& next, const TensorList& a_z, const TensorList& a_v, const TensorList& k,
                  const TensorList& a_u, double h) {
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::lattice_reverse_head(data(lattice.z0, i, begin, s), whole(next.z, i, begin), whole(next.v, i, begin), data(a_z, i, begin, s),
                                  data(a_v, i, begin, s), data(k, i, begin, s), data(a_u, i, begin, s), h, increment(lattice, i, h),
                                  lattice.quantum_z[i], end - begin);
  });
}

StepResult reverse_tail(const Lattice& lattice, const SolverState& next, const TensorList& u, const TensorList& g, const SolverState& state,
                        const TensorList& a_z, const TensorList& a_v, double h) {
  return flagged(u, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::lattice_reverse_tail(whole(next.z, i, begin), whole(next.v, i, begin), data(u, i, begin, s), data(g, i, begin, s),
                                         whole(state.z, i, begin), whole(state.v, i, begin), data(a_z, i, begin, s), data(a_v, i, begin, s),
                                         h, increment(lattice, i, h), lattice.quantum_v[i], end - begin);
  });
}

double difference(const TensorList& a, const TensorList& b, std::size_t index) {
  return kernels::lattice_difference(whole(a, index, 0), whole(b, index, 0), a[index].numel());
}

}  // namespace neuralode::lattice
