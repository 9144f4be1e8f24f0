// The pools of memory that libtorch takes a recording's tensors from, where it does not close them itself after a recording that failed.
#pragma once

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include <type_traits>
#include <utility>

#include "tensors/compat.h"

#if NEURALODE_TORCH_AT_LEAST(2, 10)
#include <ATen/core/CachingHostAllocator.h>
#endif

namespace neuralode::cuda {

using Pool = decltype(at::cuda::graph_pool_handle());

/// Whether a graph's destructor closes the pools of a recording that failed; in 2.14 it does.
struct ClosesPools : at::cuda::CUDAGraph {
  template <class Graph>
  static auto value(int) -> decltype(std::declval<Graph&>().allocated_pool_, std::true_type());
  template <class Graph>
  static std::false_type value(long);
};
constexpr bool graphs_close_pools = decltype(ClosesPools::value<ClosesPools>(0))::value;

// Some 2.x later than 2.10 begins to take pinned memory from pools too.
template <class Host>
auto close_pinned(Host* host, Pool pool, int) -> decltype(host->end_allocate_to_pool(pool)) {
  host->end_allocate_to_pool(pool);
  host->release_pool(pool);
}
template <class Host>
void close_pinned(Host*, Pool, long) {}

/// After a recording that failed. Throws where its pool is not open any more.
inline void close_pools(c10::DeviceIndex device, Pool pool) {
  namespace allocator = c10::cuda::CUDACachingAllocator;
  if constexpr (!graphs_close_pools) {
    allocator::endAllocateToPool(device, pool);
    allocator::releasePool(device, pool);
#if NEURALODE_TORCH_AT_LEAST(2, 10)
    close_pinned(at::getHostAllocator(at::kCUDA), pool, 0);
#endif
  }
}

}  // namespace neuralode::cuda
