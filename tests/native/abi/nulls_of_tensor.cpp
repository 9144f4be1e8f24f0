#include "nulls.h"

namespace neuralode::abi {

NullCalls tensor_nulls(World& w) {
  static neuralode_tensor out = nullptr;
  static int64_t number = 0;
  static double bytes[2];
  const int64_t two = 2;
  return {
      {"neuralode_build_info.out_json", [] { return neuralode_build_info(nullptr); }},
      {"neuralode_struct_layouts.out_json", [] { return neuralode_struct_layouts(nullptr); }},
      {"neuralode_tensor_create.out_tensor", [=] { return neuralode_tensor_create(nullptr, NEURALODE_FLOAT32, &two, 1, nullptr); }},
      {"neuralode_tensor_share.tensor", [] { return neuralode_tensor_share(nullptr, &out); }},
      {"neuralode_tensor_share.out_tensor", [&] { return neuralode_tensor_share(w.z.get(), nullptr); }},
      {"neuralode_tensor_disown.tensor", [] { return neuralode_tensor_disown(nullptr); }},
      {"neuralode_tensor_is_same.first",
       [&] {
         int32_t same;
         return neuralode_tensor_is_same(nullptr, w.z.get(), &same);
       }},
      {"neuralode_tensor_is_same.second",
       [&] {
         int32_t same;
         return neuralode_tensor_is_same(w.z.get(), nullptr, &same);
       }},
      {"neuralode_tensor_is_same.out_same", [&] { return neuralode_tensor_is_same(w.z.get(), w.z.get(), nullptr); }},
      {"neuralode_tensor_get_info.tensor",
       [] {
         neuralode_tensor_info info;
         return neuralode_tensor_get_info(nullptr, sizeof info, &info);
       }},
      {"neuralode_tensor_get_info.out_info", [&] { return neuralode_tensor_get_info(w.z.get(), sizeof(neuralode_tensor_info), nullptr); }},
      {"neuralode_tensor_get_sizes.tensor", [] { return neuralode_tensor_get_sizes(nullptr, &number, 1); }},
      {"neuralode_tensor_get_sizes.out_sizes", [&] { return neuralode_tensor_get_sizes(w.z.get(), nullptr, 1); }},
      {"neuralode_tensor_read.tensor", [] { return neuralode_tensor_read(nullptr, bytes, 16); }},
      {"neuralode_tensor_read.destination", [&] { return neuralode_tensor_read(w.z.get(), nullptr, 16); }},
      {"neuralode_tensor_write.tensor", [] { return neuralode_tensor_write(nullptr, bytes, 16); }},
      {"neuralode_tensor_write.source", [&] { return neuralode_tensor_write(w.z.get(), nullptr, 16); }},
      {"neuralode_tensor_to.tensor", [] { return neuralode_tensor_to(nullptr, "cpu", -1, &out); }},
      {"neuralode_tensor_to.out_tensor", [&] { return neuralode_tensor_to(w.z.get(), "cpu", -1, nullptr); }},
      {"neuralode_tensor_set_requires_grad.tensor", [] { return neuralode_tensor_set_requires_grad(nullptr, 1); }},
      {"neuralode_tensor_get_grad.tensor", [] { return neuralode_tensor_get_grad(nullptr, &out); }},
      {"neuralode_tensor_get_grad.out_grad", [&] { return neuralode_tensor_get_grad(w.z.get(), nullptr); }},
      {"neuralode_autocast_set.device", [] { return neuralode_autocast_set(nullptr, 0, -1, nullptr, nullptr); }},
      {"neuralode_tensor_set_grad.tensor", [] { return neuralode_tensor_set_grad(nullptr, nullptr); }},
      {"neuralode_tensor_backward.tensor", [] { return neuralode_tensor_backward(nullptr, nullptr, 0, 0); }},
      {"neuralode_grad.outputs", [&] { return neuralode_grad(nullptr, nullptr, 1, w.w.list(), 1, 0, 0, &out); }},
      {"neuralode_grad.inputs", [&] { return neuralode_grad(w.w.list(), nullptr, 1, nullptr, 1, 0, 0, &out); }},
      {"neuralode_grad.out_gradients", [&] { return neuralode_grad(w.w.list(), nullptr, 1, w.w.list(), 1, 0, 0, nullptr); }},
      {"neuralode_op_call.name",
       [] {
         neuralode_value v;
         return neuralode_op_call(nullptr, "", nullptr, 0, &v, 1, &number);
       }},
      {"neuralode_op_call.out_count",
       [] {
         neuralode_value v;
         return neuralode_op_call("aten::neg", "", nullptr, 0, &v, 1, nullptr);
       }},
      {"neuralode_tensor_to_dlpack.tensor",
       [] {
         void* managed;
         return neuralode_tensor_to_dlpack(nullptr, &managed);
       }},
      {"neuralode_tensor_to_dlpack.out_managed_tensor", [&] { return neuralode_tensor_to_dlpack(w.z.get(), nullptr); }},
      {"neuralode_tensor_from_dlpack.managed_tensor", [] { return neuralode_tensor_from_dlpack(nullptr, &out); }},
      {"neuralode_tensor_from_dlpack.out_tensor", [&] { return neuralode_tensor_from_dlpack(&w, nullptr); }},
      {"neuralode_threads_get.out_threads", [] { return neuralode_threads_get(nullptr); }},
      {"neuralode_memory_get.out_live_bytes", [] { return neuralode_memory_get(nullptr, &number); }},
      {"neuralode_memory_get.out_peak_bytes", [] { return neuralode_memory_get(&number, nullptr); }},
      {"neuralode_live_objects.out_tensors", [] { return neuralode_live_objects(nullptr, &number); }},
      {"neuralode_live_objects.out_others", [] { return neuralode_live_objects(&number, nullptr); }},
  };
}

NullCalls tensor_map_nulls(World& w) {
  static neuralode_tensor out = nullptr;
  static neuralode_tensor_map map = nullptr;
  static const char* text = nullptr;
  static int64_t number = 0;
  return {
      {"neuralode_tensor_map_create.out_map", [] { return neuralode_tensor_map_create(nullptr); }},
      {"neuralode_tensor_map_set.map", [&] { return neuralode_tensor_map_set(nullptr, "x", w.z.get()); }},
      {"neuralode_tensor_map_set.name", [&] { return neuralode_tensor_map_set(w.map.get(), nullptr, w.z.get()); }},
      {"neuralode_tensor_map_set.tensor", [&] { return neuralode_tensor_map_set(w.map.get(), "x", nullptr); }},
      {"neuralode_tensor_map_count.map", [] { return neuralode_tensor_map_count(nullptr, &number); }},
      {"neuralode_tensor_map_count.out_count", [&] { return neuralode_tensor_map_count(w.map.get(), nullptr); }},
      {"neuralode_tensor_map_name.map", [] { return neuralode_tensor_map_name(nullptr, 0, &text); }},
      {"neuralode_tensor_map_name.out_name", [&] { return neuralode_tensor_map_name(w.map.get(), 0, nullptr); }},
      {"neuralode_tensor_map_get.map", [] { return neuralode_tensor_map_get(nullptr, 0, &out); }},
      {"neuralode_tensor_map_get.out_tensor", [&] { return neuralode_tensor_map_get(w.map.get(), 0, nullptr); }},
      {"neuralode_safetensors_load.path", [] { return neuralode_safetensors_load(nullptr, &map); }},
      {"neuralode_safetensors_load.out_map", [] { return neuralode_safetensors_load("x", nullptr); }},
      {"neuralode_safetensors_save.path", [&] { return neuralode_safetensors_save(nullptr, w.map.get()); }},
      {"neuralode_safetensors_save.map", [] { return neuralode_safetensors_save("x", nullptr); }},
  };
}

}  // namespace neuralode::abi
