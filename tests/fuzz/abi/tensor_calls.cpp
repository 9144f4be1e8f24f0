// tensor.h: tensors, maps, files, DLPack, and what holds for the whole process.
#include <ATen/core/Tensor.h>
#include <ATen/dlpack.h>

#include <algorithm>

#include "world.h"

namespace neuralode::fuzz {

namespace {

/// Zeros to copy from and to write to, for as many bytes as the tensors of a world have.
std::vector<char>& buffer() {
  static std::vector<char> bytes(std::size_t{1} << 20);
  return bytes;
}

/// Few elements, or more than there can be: what lies between costs memory and tells nothing.
std::vector<std::int64_t> sizes_of(World& w) {
  std::vector<std::int64_t> sizes(w.in.rarely(32) ? 65 : w.in.below(4), 1);
  for (auto& size : sizes) size = w.in.rarely(16) ? w.in.integer() : w.in.byte() % 4;
  const bool huge = std::any_of(sizes.begin(), sizes.end(), [](auto size) { return size > 4; });
  if (huge) sizes.push_back(std::int64_t{1} << 46);
  return sizes;
}

void create(World& w) {
  const auto sizes = sizes_of(w);
  const auto dims = w.in.rarely(16) ? ~w.in.integer() : static_cast<std::int64_t>(sizes.size());
  const bool small = std::all_of(sizes.begin(), sizes.end(), [](auto size) { return size < 5; });
  const void* data = small && w.in.byte() % 2 ? buffer().data() : nullptr;
  neuralode_tensor made = nullptr;
  const auto count = std::min<std::int64_t>(dims, static_cast<std::int64_t>(sizes.size()));
  w.keep_tensor(neuralode_tensor_create(data, w.in.dtype(), w.in.rarely(32) ? nullptr : sizes.data(), count, &made), made);
}

std::int64_t bytes_of(World& w, neuralode_tensor tensor) {
  neuralode_tensor_info info{};
  const bool known = neuralode_tensor_get_info(tensor, sizeof info, &info) == NEURALODE_OK;
  return !known || w.in.rarely(16) || info.bytes > static_cast<std::int64_t>(buffer().size()) ? w.in.integer() : info.bytes;
}

/// A tensor of somebody else's, well made or not.
void from_dlpack(World& w) {
  static std::int64_t numbers[4] = {2, 1, 0, -1};
  static double elements[4] = {};
  auto* managed = new DLManagedTensor{};
  managed->deleter = [](DLManagedTensor* self) { delete self; };
  managed->dl_tensor.data = w.in.rarely(8) ? nullptr : elements;
  managed->dl_tensor.ndim = w.in.rarely(8) ? static_cast<int>(w.in.integer()) : w.in.byte() % 2;
  managed->dl_tensor.dtype.code = w.in.rarely(8) ? w.in.byte() : static_cast<std::uint8_t>(kDLFloat);
  managed->dl_tensor.dtype.bits = w.in.rarely(8) ? w.in.byte() : 64;
  managed->dl_tensor.dtype.lanes = w.in.rarely(8) ? w.in.byte() : 1;
  managed->dl_tensor.device.device_type = static_cast<DLDeviceType>(w.in.rarely(8) ? w.in.byte() % 20 : kDLCPU);
  managed->dl_tensor.device.device_id = w.in.rarely(8) ? w.in.byte() - 3 : 0;
  managed->dl_tensor.shape = w.in.rarely(8) ? nullptr : numbers + w.in.below(4);
  managed->dl_tensor.strides = w.in.rarely(2) ? nullptr : numbers + w.in.below(4);
  // More dimensions than `numbers` has can be told from the count alone where the header bounds it.
  if (managed->dl_tensor.ndim > 1 && managed->dl_tensor.ndim <= 64) managed->dl_tensor.ndim = 1;
  neuralode_tensor made = nullptr;
  const auto status = neuralode_tensor_from_dlpack(managed, &made);
  if (status != NEURALODE_OK) managed->deleter(managed);
  w.keep_tensor(status, made);
}

void from_own_dlpack(World& w) {
  auto* managed = w.managed();
  neuralode_tensor made = nullptr;
  const auto status = neuralode_tensor_from_dlpack(managed, w.in.rarely(16) ? nullptr : &made);
  if (status == NEURALODE_OK) w.forget_managed(managed);
  w.keep_tensor(status, made);
}

/// As an owner outside the library does: it deletes what the handle points to.
void disown(World& w) {
  neuralode_tensor made = nullptr;
  const bool shared = neuralode_tensor_share(w.tensor(), &made) == NEURALODE_OK;
  succeeded(neuralode_tensor_disown(shared ? made : w.any<neuralode_tensor>(kMap)));
  delete reinterpret_cast<at::Tensor*>(made);
}

Calls map_calls() {
  return {
      {"neuralode_tensor_map_create",
       [](World& w) {
         neuralode_tensor_map made = nullptr;
         w.keep(kMap, neuralode_tensor_map_create(&made), made);
       }},
      {"neuralode_tensor_map_destroy",
       [](World& w) { succeeded(neuralode_tensor_map_destroy(w.any_to_destroy<neuralode_tensor_map>(kMap))); }},
      {"neuralode_tensor_map_set",
       [](World& w) { succeeded(neuralode_tensor_map_set(w.any<neuralode_tensor_map>(kMap), w.in.text(), w.tensor())); }},
      {"neuralode_tensor_map_count",
       [](World& w) {
         std::int64_t count = 0;
         succeeded(neuralode_tensor_map_count(w.any<neuralode_tensor_map>(kMap), w.in.rarely(16) ? nullptr : &count));
       }},
      {"neuralode_tensor_map_name",
       [](World& w) {
         const char* name = nullptr;
         succeeded(neuralode_tensor_map_name(w.any<neuralode_tensor_map>(kMap), w.in.integer(), w.in.rarely(16) ? nullptr : &name));
       }},
      {"neuralode_tensor_map_get",
       [](World& w) {
         neuralode_tensor made = nullptr;
         w.keep_tensor(neuralode_tensor_map_get(w.any<neuralode_tensor_map>(kMap), w.in.integer(), &made), made);
       }},
      {"neuralode_safetensors_load",
       [](World& w) {
         neuralode_tensor_map made = nullptr;
         w.keep(kMap, neuralode_safetensors_load(w.path().c_str(), &made), made);
       }},
      {"neuralode_safetensors_save",
       [](World& w) { succeeded(neuralode_safetensors_save(w.path().c_str(), w.any<neuralode_tensor_map>(kMap))); }},
  };
}

Calls process_calls() {
  return {
      {"neuralode_tensor_to_dlpack",
       [](World& w) {
         void* managed = nullptr;
         if (succeeded(neuralode_tensor_to_dlpack(w.tensor(), &managed))) w.keep_managed(managed);
       }},
      {"neuralode_tensor_from_dlpack", [](World& w) { w.in.rarely(2) ? from_dlpack(w) : from_own_dlpack(w); }},
      {"neuralode_manual_seed", [](World& w) { succeeded(neuralode_manual_seed(static_cast<std::uint64_t>(w.in.integer()))); }},
      {"neuralode_threads_set",
       [](World& w) {
         constexpr std::int32_t threads[] = {1, 1, 1, 2, 0, -1, 1025, INT32_MIN, INT32_MAX};
         succeeded(neuralode_threads_set(w.in.any(threads)));
       }},
      {"neuralode_threads_get",
       [](World& w) {
         std::int32_t threads = 0;
         succeeded(neuralode_threads_get(w.in.rarely(4) ? nullptr : &threads));
       }},
      {"neuralode_memory_tracking_enable", [](World&) { succeeded(neuralode_memory_tracking_enable()); }},
      {"neuralode_memory_get",
       [](World& w) {
         std::int64_t live = 0, peak = 0;
         succeeded(neuralode_memory_get(w.in.rarely(8) ? nullptr : &live, w.in.rarely(8) ? nullptr : &peak));
         expect(live >= 0 && peak >= 0, "fewer bytes than none");
       }},
      {"neuralode_synchronize", [](World&) { succeeded(neuralode_synchronize()); }},
      {"neuralode_memory_reset_peak", [](World&) { succeeded(neuralode_memory_reset_peak()); }},
      {"neuralode_live_objects",
       [](World& w) {
         std::int64_t tensors = 0, others = 0;
         succeeded(neuralode_live_objects(w.in.rarely(8) ? nullptr : &tensors, w.in.rarely(8) ? nullptr : &others));
       }},
  };
}

}  // namespace

Calls tensor_calls() {
  Calls all = {
      {"neuralode_tensor_create", create},
      {"neuralode_tensor_share",
       [](World& w) {
         neuralode_tensor made = nullptr;
         w.keep_tensor(neuralode_tensor_share(w.tensor(), &made), made);
       }},
      {"neuralode_tensor_destroy", [](World& w) { succeeded(neuralode_tensor_destroy(w.tensor_to_destroy())); }},
      {"neuralode_tensor_disown", disown},
      {"neuralode_tensor_is_same",
       [](World& w) {
         std::int32_t same = -1;
         auto* const first = w.tensor();
         auto* const second = w.tensor();
         if (succeeded(neuralode_tensor_is_same(first, second, w.in.rarely(16) ? nullptr : &same)) && same != (first == second ? 1 : same))
           std::abort();
       }},
      {"neuralode_tensor_get_info",
       [](World& w) {
         neuralode_tensor_info info{};
         auto* const tensor = w.tensor();
         succeeded(neuralode_tensor_get_info(tensor, w.in.struct_size(sizeof info), w.in.rarely(16) ? nullptr : &info));
       }},
      {"neuralode_tensor_get_sizes",
       [](World& w) {
         std::int64_t sizes[64] = {};
         auto* const tensor = w.tensor();
         const auto capacity = std::min<std::int64_t>(w.in.integer(), 64);
         succeeded(neuralode_tensor_get_sizes(tensor, w.in.rarely(16) ? nullptr : sizes, capacity));
       }},
      {"neuralode_tensor_read",
       [](World& w) {
         auto* const tensor = w.tensor();
         const auto bytes = bytes_of(w, tensor);
         succeeded(neuralode_tensor_read(tensor, w.in.rarely(16) ? nullptr : buffer().data(), bytes));
         std::fill(buffer().begin(), buffer().begin() + 256, 0);
       }},
      {"neuralode_tensor_write",
       [](World& w) {
         auto* const tensor = w.tensor();
         const auto bytes = bytes_of(w, tensor);
         succeeded(neuralode_tensor_write(tensor, w.in.rarely(16) ? nullptr : buffer().data(), bytes));
       }},
      {"neuralode_tensor_to",
       [](World& w) {
         neuralode_tensor made = nullptr;
         auto* const tensor = w.tensor();
         const auto* const device = w.in.device();
         w.keep_tensor(neuralode_tensor_to(tensor, device, w.in.dtype(), &made), made);
       }},
  };
  for (const auto& part : {map_calls(), process_calls()}) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace neuralode::fuzz
