// The GPU's memory and pinned memory, both the host's; copies.
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "queues.h"

namespace emulated {

namespace {

/// Allocated blocks by their address.
using Blocks = std::map<const char*, std::size_t>;
Blocks& device_blocks() {
  static auto* blocks = new Blocks;
  return *blocks;
}
Blocks& pinned_blocks() {
  static auto* blocks = new Blocks;
  return *blocks;
}

bool lies_in(const Blocks& blocks, const void* pointer) {
  const auto* address = static_cast<const char*>(pointer);
  auto after = blocks.upper_bound(address);
  if (after == blocks.begin()) return false;
  --after;
  return address < after->first + after->second;
}

/// Not a byte more than asked for: without libtorch's cache (PYTORCH_NO_CUDA_MEMORY_CACHING) a host's sanitizer finds what goes beyond a
/// tensor.
cudaError_t allocate(Blocks& blocks, void** pointer, std::size_t bytes) {
  const Lock lock(everything());
  if (forbidden()) return told(cudaErrorStreamCaptureUnsupported);
  if (bytes > device_bytes || posix_memalign(pointer, 512, bytes) != 0) return told(cudaErrorMemoryAllocation);
  std::memset(*pointer, 0xAB, bytes);
  blocks[static_cast<const char*>(*pointer)] = bytes;
  return cudaSuccess;
}

cudaError_t release(Blocks& blocks, void* pointer) {
  const Lock lock(everything());
  if (forbidden()) return told(cudaErrorStreamCaptureUnsupported);
  finish_all();
  if (pointer != nullptr && blocks.erase(static_cast<const char*>(pointer)) == 0) return told(cudaErrorInvalidValue);
  std::free(pointer);
  return cudaSuccess;
}

bool pageable(const void* pointer) { return !lies_in(device_blocks(), pointer) && !lies_in(pinned_blocks(), pointer); }

}  // namespace

extern "C" {

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = *total = device_bytes;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** pointer, size_t bytes) { return allocate(device_blocks(), pointer, bytes); }
cudaError_t cudaFree(void* pointer) { return release(device_blocks(), pointer); }
cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) { return allocate(pinned_blocks(), pointer, bytes); }
cudaError_t cudaFreeHost(void* pointer) { return release(pinned_blocks(), pointer); }
cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
  *device = host;
  return cudaSuccess;
}
cudaError_t cudaHostRegister(void* pointer, size_t bytes, unsigned) {
  const Lock lock(everything());
  pinned_blocks()[static_cast<const char*>(pointer)] = bytes;
  return cudaSuccess;
}
cudaError_t cudaHostUnregister(void* pointer) {
  const Lock lock(everything());
  return pinned_blocks().erase(static_cast<const char*>(pointer)) == 1 ? cudaSuccess : told(cudaErrorHostMemoryNotRegistered);
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  const Lock lock(everything());
  *attributes = {};
  attributes->type = lies_in(device_blocks(), pointer)   ? cudaMemoryTypeDevice
                     : lies_in(pinned_blocks(), pointer) ? cudaMemoryTypeHost
                                                         : cudaMemoryTypeUnregistered;
  attributes->devicePointer = attributes->hostPointer = const_cast<void*>(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, size_t bytes, cudaMemcpyKind, cudaStream_t handle) {
  const Lock lock(everything());
  auto& stream = stream_of(handle);
  if (stream.capture != nullptr && (pageable(source) || pageable(target))) {
    stream.capture->spoilt = true;
    return told(cudaErrorStreamCaptureUnsupported);
  }
  if (pageable(source)) {  // is read before the call returns
    const auto* begin = static_cast<const char*>(source);
    return told(queue(stream, [target, data = std::vector<char>(begin, begin + bytes)] { std::memcpy(target, data.data(), data.size()); }));
  }
  const auto error = queue(stream, [=] { std::memcpy(target, source, bytes); });
  if (stream.capture == nullptr && pageable(target)) {
    ++counts().waits;
    finish(stream);
  }
  return told(error);
}
cudaError_t cudaMemcpyPeerAsync(void* target, int, const void* source, int, size_t bytes, cudaStream_t stream) {
  return cudaMemcpyAsync(target, source, bytes, cudaMemcpyDefault, stream);
}
cudaError_t cudaMemcpy(void* target, const void* source, size_t bytes, cudaMemcpyKind) {
  const Lock lock(everything());
  ++counts().waits;
  if (forbidden()) return told(cudaErrorStreamCaptureUnsupported);
  const auto error = queue(default_stream(), [=] { std::memcpy(target, source, bytes); });
  finish(default_stream());
  return told(error);
}
cudaError_t cudaMemsetAsync(void* target, int value, size_t bytes, cudaStream_t stream) {
  const Lock lock(everything());
  return told(queue(stream_of(stream), [=] { std::memset(target, value, bytes); }));
}
cudaError_t cudaMemset(void* target, int value, size_t bytes) {
  const Lock lock(everything());
  return forbidden() ? told(cudaErrorStreamCaptureUnsupported) : cudaMemsetAsync(target, value, bytes, nullptr);
}
}

}  // namespace emulated
