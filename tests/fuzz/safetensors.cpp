// neuralode_safetensors_load of any file. What it accepts is whole: every element can be read.
#include <vector>

#include "input.h"

namespace {

using namespace neuralode::fuzz;

std::vector<char> elements_of(neuralode_tensor tensor) {
  neuralode_tensor_info info{};
  expect(succeeded(neuralode_tensor_get_info(tensor, sizeof info, &info)), "a tensor of a file has no shape");
  std::vector<char> bytes(static_cast<std::size_t>(info.bytes));
  expect(succeeded(neuralode_tensor_read(tensor, bytes.data(), info.bytes)), "a tensor of a file cannot be read");
  return bytes;
}

/// Every name and tensor of the map, as bytes.
std::vector<char> contents_of(neuralode_tensor_map map) {
  std::vector<char> all;
  std::int64_t count = 0;
  expect(succeeded(neuralode_tensor_map_count(map, &count)), "a map without a count");
  for (std::int64_t i = 0; i < count; ++i) {
    const char* name = nullptr;
    neuralode_tensor tensor = nullptr;
    expect(succeeded(neuralode_tensor_map_name(map, i, &name)) && succeeded(neuralode_tensor_map_get(map, i, &tensor)), "an entry is lost");
    const std::string text = name;
    all.insert(all.end(), text.begin(), text.end());
    const auto elements = elements_of(tensor);
    all.insert(all.end(), elements.begin(), elements.end());
    neuralode_tensor_destroy(tensor);
  }
  return all;
}

void load_and_look(const std::string& path, std::size_t size) {
  neuralode_tensor_map map = nullptr;
  if (!succeeded(neuralode_safetensors_load(path.c_str(), &map))) {
    expect(map == nullptr, "an output of a failed call was written");
    return;
  }
  expect(contents_of(map).size() <= 2 * size, "more came out of a file than it holds");
  neuralode_tensor_map_destroy(map);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Alive before;
  load_and_look(File(data, size).path(), size);
  expect_no_leak(before);
  return 0;
}
