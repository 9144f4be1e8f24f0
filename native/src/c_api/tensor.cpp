#include "neuralode/tensor.h"

#include <ATen/ATen.h>
#include <ATen/DLConvertor.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "c_api/guarded.h"
#include "c_api/handles.h"
#include "tensors/gpu.h"
#include "tensors/memory.h"
#include "tensors/threads.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace {

constexpr std::int64_t kMostDimensions = 64;
constexpr std::int32_t kMostThreads = 1024;

at::ScalarType dtype_of(std::int32_t dtype) {
  switch (dtype) {
    case NEURALODE_UINT8:
    case NEURALODE_INT8:
    case NEURALODE_INT16:
    case NEURALODE_INT32:
    case NEURALODE_INT64:
    case NEURALODE_FLOAT16:
    case NEURALODE_FLOAT32:
    case NEURALODE_FLOAT64:
    case NEURALODE_BOOL:
    case NEURALODE_BFLOAT16:
      return static_cast<at::ScalarType>(dtype);
    default:
      fail(Status::invalid_argument, "dtype: ", dtype, " is none of neuralode_dtype");
  }
}

/// Sizes that are not negative and whose product of bytes fits.
at::IntArrayRef checked_sizes(const std::int64_t* sizes, std::int64_t dims, std::size_t item) {
  require(dims >= 0 && dims <= kMostDimensions, "dims: ", dims, " is outside [0, ", kMostDimensions, "]");
  if (dims > 0) not_null(sizes, "sizes");
  auto bytes = static_cast<std::int64_t>(item);
  for (std::int64_t i = 0; i < dims; ++i) {
    require(sizes[i] >= 0, "sizes[", i, "]: ", sizes[i], " is negative");
    require(sizes[i] == 0 || bytes <= std::numeric_limits<std::int64_t>::max() / sizes[i], "sizes: their product overflows");
    bytes *= std::max<std::int64_t>(sizes[i], 1);
  }
  return {sizes, static_cast<std::size_t>(dims)};
}

void require_bytes(const at::Tensor& tensor, std::int64_t bytes) {
  require(bytes == static_cast<std::int64_t>(tensor.nbytes()), "bytes: ", bytes, " given, the tensor ", tensor.scalar_type(),
          tensor.sizes(), " has ", tensor.nbytes());
}

/// What libtorch takes on trust. Strides: in elements; null is row-major.
void check_dlpack(const DLManagedTensor& managed) {
  const auto& given = managed.dl_tensor;
  require(managed.deleter != nullptr, "managed_tensor: has no deleter; give one, if it does nothing");
  require(given.ndim >= 0 && given.ndim <= kMostDimensions, "managed_tensor: ndim ", given.ndim, " is outside [0, ", kMostDimensions, "]");
  require(given.dtype.lanes == 1, "managed_tensor: ", given.dtype.lanes, " lanes; only scalars are elements of tensors");
  require(given.byte_offset == 0, "managed_tensor: byte_offset ", given.byte_offset, " is not 0; add it to data");
  const auto item = static_cast<std::int64_t>(c10::elementSize(at::toScalarType(given.dtype)));
  const auto shape = checked_sizes(given.shape, given.ndim, static_cast<std::size_t>(item));
  const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  require(given.data != nullptr || empty, "managed_tensor: data is null, its elements are ", shape);
  for (std::int64_t i = 0, last = item; given.strides != nullptr && i < given.ndim; ++i) {
    const auto steps = std::max<std::int64_t>(shape[static_cast<std::size_t>(i)] - 1, 0), stride = given.strides[i];
    require(stride >= 0, "managed_tensor: strides[", i, "]: ", stride, " is negative; copy the tensor first");
    require(steps == 0 || stride <= (std::numeric_limits<std::int64_t>::max() - last) / item / steps,
            "managed_tensor: its strides overflow");
    last += item * stride * steps;
  }
}

/// Takes over `managed`, on success alone.
at::Tensor tensor_of_dlpack(DLManagedTensor* managed) {
  check_dlpack(*managed);
  if (managed->dl_tensor.data != nullptr) return at::fromDLPack(managed);
  // libtorch never calls the deleter of no memory.
  const auto tensor =
      at::empty({managed->dl_tensor.shape, static_cast<std::size_t>(managed->dl_tensor.ndim)}, at::toScalarType(managed->dl_tensor.dtype));
  managed->deleter(managed);
  return tensor;
}

}  // namespace

neuralode_status neuralode_tensor_create(const void* data, int32_t dtype, const int64_t* sizes, int64_t dims,
                                         neuralode_tensor* out_tensor) {
  return guarded([&] {
    not_null(out_tensor, "out_tensor");
    const auto type = dtype_of(dtype);
    const auto shape = checked_sizes(sizes, dims, c10::elementSize(type));
    auto tensor = data == nullptr ? at::zeros(shape, type) : at::empty(shape, type);
    if (data != nullptr && tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), data, tensor.nbytes());
    *out_tensor = handle_of(std::move(tensor));
  });
}

neuralode_status neuralode_tensor_share(neuralode_tensor tensor, neuralode_tensor* out_tensor) {
  return guarded([&] {
    not_null(out_tensor, "out_tensor");
    *out_tensor = handle_of(tensor_of(tensor, "tensor"));
  });
}

neuralode_status neuralode_tensor_destroy(neuralode_tensor tensor) {
  return guarded([&] { taken_tensor(tensor); });
}

neuralode_status neuralode_tensor_disown(neuralode_tensor tensor) {
  return guarded([&] { disown(not_null(tensor, "tensor")); });
}

neuralode_status neuralode_tensor_is_same(neuralode_tensor first, neuralode_tensor second, int32_t* out_same) {
  return guarded([&] {
    const bool same = tensor_of(first, "first").is_same(tensor_of(second, "second"));
    *not_null(out_same, "out_same") = same ? 1 : 0;
  });
}

neuralode_status neuralode_tensor_get_info(neuralode_tensor tensor, uint32_t struct_size, neuralode_tensor_info* out_info) {
  return guarded([&] {
    const auto& value = tensor_of(tensor, "tensor");
    neuralode_tensor_info info{};
    info.dims = value.dim();
    info.count = value.numel();
    info.bytes = static_cast<std::int64_t>(value.nbytes());
    info.dtype = static_cast<std::int32_t>(value.scalar_type());
    info.is_cuda = value.is_cuda();
    info.device_index = value.is_cuda() ? value.device().index() : -1;
    info.is_contiguous = value.is_contiguous();
    info.requires_grad = value.requires_grad();
    info.is_leaf = value.is_leaf();
    write_struct(info, struct_size, out_info, "out_info");
  });
}

neuralode_status neuralode_tensor_get_sizes(neuralode_tensor tensor, int64_t* out_sizes, int64_t capacity) {
  return guarded([&] {
    const auto& value = tensor_of(tensor, "tensor");
    require(capacity >= value.dim(), "capacity: ", capacity, " is less than the tensor's ", value.dim(), " dimensions");
    if (value.dim() > 0) std::memcpy(not_null(out_sizes, "out_sizes"), value.sizes().data(), sizeof(std::int64_t) * value.sizes().size());
  });
}

neuralode_status neuralode_tensor_read(neuralode_tensor tensor, void* destination, int64_t bytes) {
  return guarded([&] {
    const auto& value = tensor_of(tensor, "tensor");
    require_bytes(value, bytes);
    const auto plain = value.detach().to(at::kCPU).contiguous();
    if (bytes > 0) std::memcpy(not_null(destination, "destination"), plain.data_ptr(), static_cast<std::size_t>(bytes));
  });
}

neuralode_status neuralode_tensor_write(neuralode_tensor tensor, const void* source, int64_t bytes) {
  return guarded([&] {
    const auto& value = tensor_of(tensor, "tensor");
    require_bytes(value, bytes);
    if (bytes == 0) return;
    auto plain = at::empty(value.sizes(), value.scalar_type());
    std::memcpy(plain.data_ptr(), not_null(source, "source"), static_cast<std::size_t>(bytes));
    const at::NoGradGuard not_recording;
    at::Tensor(value).copy_(plain);
  });
}

neuralode_status neuralode_tensor_to(neuralode_tensor tensor, const char* device, int32_t dtype, neuralode_tensor* out_tensor) {
  return guarded([&] {
    not_null(out_tensor, "out_tensor");
    const auto& value = tensor_of(tensor, "tensor");
    const auto target = device == nullptr ? value.device() : c10::Device(device);
    *out_tensor = handle_of(value.to(target, dtype == -1 ? value.scalar_type() : dtype_of(dtype)));
  });
}

neuralode_status neuralode_tensor_to_dlpack(neuralode_tensor tensor, void** out_managed_tensor) {
  return guarded([&] {
    not_null(out_managed_tensor, "out_managed_tensor");
    const auto& value = tensor_of(tensor, "tensor");
    require(!value.requires_grad(), "tensor: requires gradients, which DLPack cannot carry; detach it first");
    require(value.layout() == at::kStrided && (value.is_cpu() || value.is_cuda()), "tensor: ", value.layout(), " on ", value.device(),
            " has no memory to share; make it dense on the CPU or a GPU first");
    at::getDLDataType(value);  // throws, where libtorch's toDLPack would leak
    // What is lent out keeps the memory alive, not the tensor: its gradient may be taken from the same memory, a circle otherwise. So another
    // tensor of that memory is handed over, which libtorch 2.14 keeps as it is, and no view of this one.
    const at::AutoDispatchBelowADInplaceOrView not_a_view;
    *out_managed_tensor = at::toDLPack(value.detach());
  });
}

neuralode_status neuralode_tensor_from_dlpack(void* managed_tensor, neuralode_tensor* out_tensor) {
  return guarded([&] {
    not_null(out_tensor, "out_tensor");
    *out_tensor = handle_of(tensor_of_dlpack(static_cast<DLManagedTensor*>(not_null(managed_tensor, "managed_tensor"))));
  });
}

neuralode_status neuralode_manual_seed(uint64_t seed) {
  return guarded([&] { at::manual_seed(seed); });
}

neuralode_status neuralode_threads_set(int32_t threads) {
  return guarded([&] {
    require(threads >= 1, "threads: ", threads, " cannot compute; give 1 or more");
    require(threads <= kMostThreads, "threads: ", threads, " are more than ", kMostThreads, "; give as many as there are cores");
    set_threads(threads);
  });
}

neuralode_status neuralode_threads_get(int32_t* out_threads) {
  return guarded([&] { *not_null(out_threads, "out_threads") = at::get_num_threads(); });
}

neuralode_status neuralode_memory_tracking_enable(void) {
  return guarded([] { enable_memory_tracking(); });
}

neuralode_status neuralode_memory_get(int64_t* out_live_bytes, int64_t* out_peak_bytes) {
  return guarded([&] {
    not_null(out_live_bytes, "out_live_bytes");
    not_null(out_peak_bytes, "out_peak_bytes");
    const auto counts = memory_counts();
    *out_live_bytes = counts.live_bytes;
    *out_peak_bytes = counts.peak_bytes;
  });
}

neuralode_status neuralode_memory_reset_peak(void) {
  return guarded([] { reset_memory_peak(); });
}

neuralode_status neuralode_synchronize(void) {
  return guarded([] { gpu::synchronize(); });
}

neuralode_status neuralode_live_objects(int64_t* out_tensors, int64_t* out_others) {
  return guarded([&] {
    not_null(out_tensors, "out_tensors");
    not_null(out_others, "out_others");
    *out_tensors = live_tensors();
    *out_others = live_handles();
  });
}
