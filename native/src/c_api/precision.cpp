// Of tensor.h: autocast and TF32.
#include <ATen/Context.h>

#include "c_api/guarded.h"
#include "c_api/handles.h"
#include "neuralode/tensor.h"
#include "tensors/autocast.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace {

/// "cpu" or "cuda", with or without an index: whether such a device is here is asked only where it matters.
c10::DeviceType device_type_of(const char* name) {
  const std::string text = not_null(name, "device");
  const auto type = text.substr(0, text.find(':'));
  require(type == "cpu" || type == "cuda", "device: '", text, "' has no autocast here; give cpu or cuda");
  return type == "cpu" ? c10::kCPU : c10::kCUDA;
}

}  // namespace

neuralode_status neuralode_autocast_set(const char* device, int32_t enabled, int32_t dtype, int32_t* out_previous_enabled,
                                        int32_t* out_previous_dtype) {
  return guarded([&] {
    const auto before = AutocastState::current(device_type_of(device));
    require(dtype == -1 || dtype == NEURALODE_BFLOAT16 || dtype == NEURALODE_FLOAT16, "dtype: ", dtype,
            " is none of NEURALODE_BFLOAT16 (15), NEURALODE_FLOAT16 (5) and -1, which keeps the one that is set");
    set_autocast({before.device, enabled != 0, dtype == -1 ? before.dtype : static_cast<c10::ScalarType>(dtype)});
    if (out_previous_enabled != nullptr) *out_previous_enabled = before.enabled;
    if (out_previous_dtype != nullptr) *out_previous_dtype = static_cast<int32_t>(before.dtype);
  });
}

neuralode_status neuralode_tf32_set(int32_t flags, int32_t* out_previous) {
  return guarded([&] {
    constexpr int32_t all = NEURALODE_TF32_CONVOLUTIONS | NEURALODE_TF32_MATRIX_PRODUCTS;
    require((flags & ~all) == 0, "flags: ", flags, " is no sum of neuralode_tf32 flags; give 0 to ", all);
    auto& context = at::globalContext();
    const int32_t before =
        (context.allowTF32CuDNN() ? NEURALODE_TF32_CONVOLUTIONS : 0) | (context.allowTF32CuBLAS() ? NEURALODE_TF32_MATRIX_PRODUCTS : 0);
    context.setAllowTF32CuDNN((flags & NEURALODE_TF32_CONVOLUTIONS) != 0);
    context.setAllowTF32CuBLAS((flags & NEURALODE_TF32_MATRIX_PRODUCTS) != 0);
    if (out_previous != nullptr) *out_previous = before;
  });
}
