#include <algorithm>

#include "core/error.h"
#include "kernels/cuda/lattice.h"
#include "kernels/lattice_element.h"
#include "kernels/scalar.h"

namespace neuralode::kernels::cuda {

namespace {

// No __restrict__: an output may be the very array of an input.

template <class Scalar>
__global__ void start_kernel(const Scalar* v, std::int64_t* V, double quantum_v, std::int64_t count, std::int32_t* flags) {
  element::Flags met = lattice_fine;
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const auto start = element::start(load(v[i]), quantum_v);
    V[i] = start.V;
    met |= start.flags;
  }
  if (met != lattice_fine) atomicOr(flags, static_cast<std::int32_t>(met));
}

template <class Scalar>
__global__ void state_kernel(const Scalar* z0, const std::int64_t* Z, Scalar* z, double quantum_z, std::int64_t count) {
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride)
    store(z[i], static_cast<Compute<Scalar>>(element::state(load(z0[i]), Z[i], quantum_z)));
}

template <class Scalar>
__global__ void velocity_kernel(const std::int64_t* V, Scalar* v, double quantum_v, std::int64_t count) {
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride)
    store(v[i], static_cast<Compute<Scalar>>(element::velocity(V[i], quantum_v)));
}

template <class Scalar>
__global__ void head_kernel(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, Scalar* k, double c, double quantum_z,
                            std::int64_t count) {
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride)
    store(k[i], static_cast<Compute<Scalar>>(element::head(load(z0[i]), Z[i], V[i], c, quantum_z)));
}

template <class Scalar>
__global__ void tail_kernel(const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next, std::int64_t* V_next,
                            double c, double quantum_v, std::int64_t count, std::int32_t* flags) {
  element::Flags met = lattice_fine;
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const auto next = element::tail(Z[i], V[i], load(u[i]), c, quantum_v);
    Z_next[i] = next.Z;
    V_next[i] = next.V;
    met |= next.flags;
  }
  if (met != lattice_fine) atomicOr(flags, static_cast<std::int32_t>(met));
}

template <class Scalar>
__global__ void reverse_head_kernel(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* a_z,
                                    const Scalar* a_v, Scalar* k, Scalar* a_u, Compute<Scalar> half, double c, double quantum_z,
                                    std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const auto midpoint = static_cast<Real>(element::head(load(z0[i]), Z_next[i], V_next[i], -c, quantum_z));
    const Real cotangent = element::reverse_head(load(a_z[i]), load(a_v[i]), half);
    store(k[i], midpoint);
    store(a_u[i], cotangent);
  }
}

template <class Scalar>
__global__ void reverse_tail_kernel(const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g,
                                    std::int64_t* Z, std::int64_t* V, Scalar* a_z, Scalar* a_v, Compute<Scalar> half, double c,
                                    double quantum_v, std::int64_t count, std::int32_t* flags) {
  element::Flags met = lattice_fine;
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const auto before = element::tail(Z_next[i], V_next[i], load(u[i]), -c, quantum_v);
    const auto cotangent = element::reverse_tail(load(a_z[i]), load(a_v[i]), load(g[i]), half);
    Z[i] = before.Z;
    V[i] = before.V;
    store(a_z[i], cotangent.a_z);
    store(a_v[i], cotangent.a_v);
    met |= before.flags;
  }
  if (met != lattice_fine) atomicOr(flags, static_cast<std::int32_t>(met));
}

__global__ void difference_kernel(const std::int64_t* a, const std::int64_t* b, std::int64_t count, unsigned long long* largest) {
  std::uint64_t met = 0;
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const auto apart = element::difference(a[i], b[i]);
    met = apart > met ? apart : met;
  }
  if (met != 0) atomicMax(largest, static_cast<unsigned long long>(met));  // nobody does where the arrays are equal, as they should be
}

/// Queues `kernel` over `count` elements; throws runtime_error naming it where the launch fails.
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), std::int64_t count, cudaStream_t stream, Arguments... arguments) {
  constexpr int threads = 256;
  constexpr std::int64_t most_blocks = 65536;  // beyond it a thread takes several elements
  if (count == 0) return;
  const auto blocks = static_cast<unsigned>(std::min((count + threads - 1) / threads, most_blocks));
  kernel<<<blocks, threads, 0, stream>>>(arguments...);
  const auto error = cudaGetLastError();
  if (error != cudaSuccess)
    fail(Status::runtime_error, name, ": the GPU did not take the kernel (", cudaGetErrorString(error),
         "); check that the stream and the tensors are of the current device, and that this build is for its architecture");
}

}  // namespace

template <class Scalar>
void lattice_start(const Scalar* v, std::int64_t* V, double quantum_v, std::int64_t count, std::int32_t* flags, cudaStream_t stream) {
  launch("lattice_start", start_kernel<Scalar>, count, stream, v, V, quantum_v, count, flags);
}

template <class Scalar>
void lattice_state(const Scalar* z0, const std::int64_t* Z, Scalar* z, double quantum_z, std::int64_t count, cudaStream_t stream) {
  launch("lattice_state", state_kernel<Scalar>, count, stream, z0, Z, z, quantum_z, count);
}

template <class Scalar>
void lattice_velocity(const std::int64_t* V, Scalar* v, double quantum_v, std::int64_t count, cudaStream_t stream) {
  launch("lattice_velocity", velocity_kernel<Scalar>, count, stream, V, v, quantum_v, count);
}

template <class Scalar>
void lattice_head(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, Scalar* k, double c, double quantum_z, std::int64_t count,
                  cudaStream_t stream) {
  launch("lattice_head", head_kernel<Scalar>, count, stream, z0, Z, V, k, c, quantum_z, count);
}

template <class Scalar>
void lattice_tail(const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next, std::int64_t* V_next, double c,
                  double quantum_v, std::int64_t count, std::int32_t* flags, cudaStream_t stream) {
  launch("lattice_tail", tail_kernel<Scalar>, count, stream, Z, V, u, Z_next, V_next, c, quantum_v, count, flags);
}

template <class Scalar>
void lattice_reverse_head(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* a_z, const Scalar* a_v,
                          Scalar* k, Scalar* a_u, double h, double c, double quantum_z, std::int64_t count, cudaStream_t stream) {
  launch("lattice_reverse_head", reverse_head_kernel<Scalar>, count, stream, z0, Z_next, V_next, a_z, a_v, k, a_u,
         static_cast<Compute<Scalar>>(h / 2), c, quantum_z, count);
}

template <class Scalar>
void lattice_reverse_tail(const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g, std::int64_t* Z,
                          std::int64_t* V, Scalar* a_z, Scalar* a_v, double h, double c, double quantum_v, std::int64_t count,
                          std::int32_t* flags, cudaStream_t stream) {
  launch("lattice_reverse_tail", reverse_tail_kernel<Scalar>, count, stream, Z_next, V_next, u, g, Z, V, a_z, a_v,
         static_cast<Compute<Scalar>>(h / 2), c, quantum_v, count, flags);
}

void lattice_difference(const std::int64_t* a, const std::int64_t* b, std::int64_t count, unsigned long long* largest,
                        cudaStream_t stream) {
  launch("lattice_difference", difference_kernel, count, stream, a, b, count, largest);
}

#define NEURALODE_LATTICE_LAUNCHERS(Scalar)                                                                                                \
  template void lattice_start(const Scalar*, std::int64_t*, double, std::int64_t, std::int32_t*, cudaStream_t);                            \
  template void lattice_state(const Scalar*, const std::int64_t*, Scalar*, double, std::int64_t, cudaStream_t);                            \
  template void lattice_velocity(const std::int64_t*, Scalar*, double, std::int64_t, cudaStream_t);                                        \
  template void lattice_head(const Scalar*, const std::int64_t*, const std::int64_t*, Scalar*, double, double, std::int64_t,               \
                             cudaStream_t);                                                                                                \
  template void lattice_tail(const std::int64_t*, const std::int64_t*, const Scalar*, std::int64_t*, std::int64_t*, double, double,        \
                             std::int64_t, std::int32_t*, cudaStream_t);                                                                   \
  template void lattice_reverse_head(const Scalar*, const std::int64_t*, const std::int64_t*, const Scalar*, const Scalar*, Scalar*,       \
                                     Scalar*, double, double, double, std::int64_t, cudaStream_t);                                         \
  template void lattice_reverse_tail(const std::int64_t*, const std::int64_t*, const Scalar*, const Scalar*, std::int64_t*, std::int64_t*, \
                                     Scalar*, Scalar*, double, double, double, std::int64_t, std::int32_t*, cudaStream_t);

NEURALODE_LATTICE_LAUNCHERS(float)
NEURALODE_LATTICE_LAUNCHERS(double)
NEURALODE_LATTICE_LAUNCHERS(BFloat16)

}  // namespace neuralode::kernels::cuda
