// The safetensors file format: an 8-byte length, a JSON header, raw little-endian data.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tensors/tensor_list.h"

namespace neuralode {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Every tensor of the file, in the order of their data. Throws io_error with the path and what is wrong: too short, a header that is
/// no JSON, a name given twice, an unknown dtype, more than 64 dimensions, offsets that do not fit the shape or the file, overlapping or
/// missing bytes.
NamedTensors load_safetensors(const std::string& path);
/// The same of a file's bytes; `path` is what messages call it.
NamedTensors decode_safetensors(const std::string& bytes, const std::string& path);

/// Writes atomically, tensors made contiguous on the CPU. Throws invalid_argument for a dtype that the format lacks or a name given
/// twice, io_error when the file cannot be written.
void save_safetensors(const std::string& path, const NamedTensors& tensors);
/// The bytes of that file.
std::string encode_safetensors(const NamedTensors& tensors);

}  // namespace neuralode
