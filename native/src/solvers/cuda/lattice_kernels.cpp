#include <ATen/ATen.h>

#include "kernels/cuda/lattice.h"
#include "solvers/cuda/kernels.h"
#include "solvers/cuda/launch.h"
#include "solvers/lattice_kernels.h"

namespace neuralode::cuda {

namespace k = kernels::cuda;

StepResult lattice_start(const Lattice& lattice, const TensorList& v, const TensorList& V, DeviceNotes* notes) {
  for_each_tensor(v, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_start(all(v, i, s), whole(V, i), lattice.quantum_v[i], count, note_of(notes), stream);
  });
  return StepResult::fine;
}

void lattice_state(const Lattice& lattice, const TensorList& Z, const TensorList& z) {
  for_each_tensor(z, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_state(all(lattice.z0, i, s), whole(Z, i), all(z, i, s), lattice.quantum_z[i], count, stream);
  });
}

void lattice_velocity(const Lattice& lattice, const TensorList& V, const TensorList& v) {
  for_each_tensor(v, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_velocity(whole(V, i), all(v, i, s), lattice.quantum_v[i], count, stream);
  });
}

void lattice_head(const Lattice& lattice, const SolverState& state, const TensorList& midpoint, double h) {
  for_each_tensor(midpoint, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_head(all(lattice.z0, i, s), whole(state.z, i), whole(state.v, i), all(midpoint, i, s), lattice::increment(lattice, i, h),
                    lattice.quantum_z[i], count, stream);
  });
}

StepResult lattice_tail(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next, double h,
                        DeviceNotes* notes) {
  for_each_tensor(u, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_tail(whole(state.z, i), whole(state.v, i), all(u, i, s), whole(next.z, i), whole(next.v, i),
                    lattice::increment(lattice, i, h), lattice.quantum_v[i], count, note_of(notes), stream);
  });
  return StepResult::fine;
}

StepResult lattice_advance(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next,
                           const TensorList& k_next, double h, double h_next, DeviceNotes* notes) {
  for_each_tensor(u, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_advance(all(lattice.z0, i, s), whole(state.z, i), whole(state.v, i), all(u, i, s), whole(next.z, i), whole(next.v, i),
                       all(k_next, i, s), lattice::increment(lattice, i, h), lattice::increment(lattice, i, h_next), lattice.quantum_z[i],
                       lattice.quantum_v[i], count, note_of(notes), stream);
  });
  return StepResult::fine;
}

void lattice_reverse_head(const Lattice& lattice, const SolverState& next, const TensorList& a_z, const TensorList& a_v,
                          const TensorList& midpoint, const TensorList& a_u, double h) {
  for_each_tensor(midpoint, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_reverse_head(all(lattice.z0, i, s), whole(next.z, i), whole(next.v, i), all(a_z, i, s), all(a_v, i, s), all(midpoint, i, s),
                            all(a_u, i, s), h, lattice::increment(lattice, i, h), lattice.quantum_z[i], count, stream);
  });
}

StepResult lattice_reverse_tail(const Lattice& lattice, const SolverState& next, const TensorList& u, const TensorList& g,
                                const SolverState& state, const TensorList& a_z, const TensorList& a_v, double h) {
  for_each_tensor(u, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_reverse_tail(whole(next.z, i), whole(next.v, i), all(u, i, s), all(g, i, s), whole(state.z, i), whole(state.v, i),
                            all(a_z, i, s), all(a_v, i, s), h, lattice::increment(lattice, i, h), lattice.quantum_v[i], count, {}, stream);
  });
  return StepResult::fine;
}

StepResult lattice_reverse_advance(const Lattice& lattice, const SolverState& state, const TensorList& u, const TensorList& g,
                                   const TensorList& a_z, const TensorList& a_v, const TensorList& k_before, const TensorList& a_u_before,
                                   double h, double h_before) {
  for_each_tensor(u, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::lattice_reverse_advance(all(lattice.z0, i, s), whole(state.z, i), whole(state.v, i), all(u, i, s), all(g, i, s), whole(state.z, i),
                               whole(state.v, i), all(a_z, i, s), all(a_v, i, s), all(k_before, i, s), all(a_u_before, i, s), h,
                               lattice::increment(lattice, i, h), h_before, lattice::increment(lattice, i, h_before), lattice.quantum_z[i],
                               lattice.quantum_v[i], count, {}, stream);
  });
  return StepResult::fine;
}

double lattice_difference(const TensorList& a, const TensorList& b, std::size_t index) {
  const auto largest = at::zeros({}, a[index].options());
  for_each_tensor({a[index]}, [&](auto, std::size_t, std::int64_t count, cudaStream_t stream) {
    k::lattice_difference(whole(a, index), whole(b, index), count,
                          reinterpret_cast<unsigned long long*>(largest.template data_ptr<std::int64_t>()), stream);
  });
  return static_cast<double>(static_cast<std::uint64_t>(largest.item<std::int64_t>()));
}

}  // namespace neuralode::cuda
