#include "c_api/tensor_map.h"

#include <algorithm>

#include "c_api/guarded.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace neuralode::c_api {

neuralode_tensor_map map_of(NamedTensors entries) {
  auto map = std::make_shared<neuralode_tensor_map_t>();
  map->entries = std::move(entries);
  return new_handle(std::move(map));
}

}  // namespace neuralode::c_api

namespace {

const std::pair<std::string, at::Tensor>& entry(const neuralode_tensor_map_t& map, std::int64_t index) {
  const auto count = static_cast<std::int64_t>(map.entries.size());
  require(index >= 0 && index < count, "index: ", index, " is outside [0, ", count, ")");
  return map.entries[static_cast<std::size_t>(index)];
}

}  // namespace

neuralode_status neuralode_tensor_map_create(neuralode_tensor_map* out_map) {
  return guarded([&] {
    not_null(out_map, "out_map");
    *out_map = map_of({});
  });
}

neuralode_status neuralode_tensor_map_destroy(neuralode_tensor_map map) {
  return guarded([&] { destroy_handle(map, "map"); });
}

neuralode_status neuralode_tensor_map_set(neuralode_tensor_map map, const char* name, neuralode_tensor tensor) {
  return guarded([&] {
    const auto self = held(map, "map");
    auto& entries = self->entries;
    const std::string key = not_null(name, "name");
    const auto& value = tensor_of(tensor, "tensor");
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& item) { return item.first == key; });
    if (found != entries.end())
      found->second = value;
    else
      entries.emplace_back(key, value);
  });
}

neuralode_status neuralode_tensor_map_count(neuralode_tensor_map map, int64_t* out_count) {
  return guarded([&] { *not_null(out_count, "out_count") = static_cast<std::int64_t>(held(map, "map")->entries.size()); });
}

neuralode_status neuralode_tensor_map_name(neuralode_tensor_map map, int64_t index, const char** out_name) {
  return guarded([&] {
    const auto self = held(map, "map");
    const auto& name = entry(*self, index).first;
    *not_null(out_name, "out_name") = self->lent.insert(name).first->c_str();
  });
}

neuralode_status neuralode_tensor_map_get(neuralode_tensor_map map, int64_t index, neuralode_tensor* out_tensor) {
  return guarded([&] {
    not_null(out_tensor, "out_tensor");
    *out_tensor = handle_of(entry(*held(map, "map"), index).second);
  });
}

neuralode_status neuralode_safetensors_load(const char* path, neuralode_tensor_map* out_map) {
  return guarded([&] {
    not_null(out_map, "out_map");
    *out_map = map_of(load_safetensors(not_null(path, "path")));
  });
}

neuralode_status neuralode_safetensors_save(const char* path, neuralode_tensor_map map) {
  return guarded([&] { save_safetensors(not_null(path, "path"), held(map, "map")->entries); });
}
