#include "tensors/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "core/atomic_file.h"
#include "core/error.h"

namespace neuralode {

namespace {

struct NamedType {
  const char* name;
  at::ScalarType dtype;
};
constexpr std::array<NamedType, 10> types{{{"F64", at::kDouble},
                                           {"F32", at::kFloat},
                                           {"F16", at::kHalf},
                                           {"BF16", at::kBFloat16},
                                           {"I64", at::kLong},
                                           {"I32", at::kInt},
                                           {"I16", at::kShort},
                                           {"I8", at::kChar},
                                           {"U8", at::kByte},
                                           {"BOOL", at::kBool}}};
constexpr std::uint64_t length_bytes = 8;
constexpr std::size_t most_dimensions = 64;  // of libtorch's operators

template <class... Parts>
[[noreturn]] void reject(const std::string& path, const Parts&... parts) {
  fail(Status::io_error, path, ": not a whole safetensors file: ", parts...);
}

/// Little-endian.
std::uint64_t decode_length(const std::string& bytes) {
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = (length << 8) | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return length;
}

nlohmann::json header_of(const std::string& path, const std::string& bytes) {
  if (bytes.size() < length_bytes) reject(path, bytes.size(), " bytes, the header's length alone takes 8");
  const auto length = decode_length(bytes);
  if (length > bytes.size() - length_bytes) reject(path, "its header claims ", length, " bytes, the file has ", bytes.size());
  std::set<std::string> names;
  const auto refuse_twice = [&](int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1 && !names.insert(parsed.get<std::string>()).second)
      reject(path, "tensor '", parsed.get<std::string>(), "' is there twice");
    return true;
  };
  auto header = nlohmann::json::parse(bytes.begin() + length_bytes, bytes.begin() + static_cast<std::ptrdiff_t>(length_bytes + length),
                                      refuse_twice, false);
  if (header.is_discarded() || !header.is_object()) reject(path, "its header is not a JSON object");
  return header;
}

/// Bytes that `sizes` elements of `item` bytes take; rejects negative sizes and products that overflow.
std::uint64_t byte_count(const std::string& path, const std::string& name, const std::vector<std::int64_t>& sizes, std::uint64_t item) {
  std::uint64_t total = item;
  bool empty = false;
  for (const auto size : sizes) {
    if (size < 0) reject(path, "tensor '", name, "' has the negative size ", size);
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1));  // an empty tensor's strides must fit, too
    if (total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / factor)
      reject(path, "tensor '", name, "' has sizes whose product overflows");
    total *= factor;
    empty = empty || size == 0;
  }
  return empty ? 0 : total;
}

struct Entry {
  std::string name;
  at::ScalarType dtype;
  std::vector<std::int64_t> sizes;
  std::uint64_t begin, end;
};

Entry entry_of(const std::string& path, const std::string& name, const nlohmann::json& value) {
  try {
    const auto& offsets = value.at("data_offsets");
    const auto& shape = value.at("shape");
    const auto whole = [](const nlohmann::json& list) {
      return list.is_array() && std::all_of(list.begin(), list.end(), [](const auto& number) { return number.is_number_integer(); });
    };
    if (!whole(offsets) || offsets.size() != 2) reject(path, "tensor '", name, "': data_offsets must be [begin, end]");
    if (!whole(shape) || shape.size() > most_dimensions)
      reject(path, "tensor '", name, "': shape must be a list of at most ", most_dimensions, " integers");
    const auto type_name = value.at("dtype").get<std::string>();
    const auto type = std::find_if(types.begin(), types.end(), [&](const NamedType& candidate) { return type_name == candidate.name; });
    if (type == types.end()) reject(path, "tensor '", name, "' has the dtype '", type_name, "', which this library does not read");
    return {name, type->dtype, shape.get<std::vector<std::int64_t>>(), offsets.at(0).get<std::uint64_t>(),
            offsets.at(1).get<std::uint64_t>()};
  } catch (const nlohmann::json::exception& error) {
    reject(path, "tensor '", name, "': ", error.what());
  }
}

void check_offsets(const std::string& path, const std::vector<Entry>& entries, std::uint64_t data_bytes) {
  std::uint64_t next = 0;
  for (const auto& entry : entries) {
    const auto wanted = byte_count(path, entry.name, entry.sizes, c10::elementSize(entry.dtype));
    if (entry.begin != next || entry.end < entry.begin || entry.end - entry.begin != wanted || entry.end > data_bytes)
      reject(path, "tensor '", entry.name, "' lies at [", entry.begin, ", ", entry.end, ") but needs ", wanted, " bytes from ", next,
             " of ", data_bytes);
    next = entry.end;
  }
  if (next != data_bytes) reject(path, data_bytes - next, " bytes after its last tensor");
}

bool is_utf8(const std::string& text) {
  try {
    nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

const char* type_name_of(const std::string& name, at::ScalarType dtype) {
  const auto type = std::find_if(types.begin(), types.end(), [&](const NamedType& candidate) { return dtype == candidate.dtype; });
  require(type != types.end(), "tensor '", name, "': dtype ", dtype, " has no place in a safetensors file; convert it first");
  return type->name;
}

}  // namespace

NamedTensors load_safetensors(const std::string& path) { return decode_safetensors(read_file(path), path); }

NamedTensors decode_safetensors(const std::string& bytes, const std::string& path) {
  const auto header = header_of(path, bytes);
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items())
    if (name != "__metadata__") entries.push_back(entry_of(path, name, value));
  // An empty tensor may lie where the next one begins.
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
  const auto data_start = length_bytes + decode_length(bytes);
  check_offsets(path, entries, bytes.size() - data_start);

  NamedTensors result;
  for (const auto& entry : entries) {
    auto tensor = at::empty(entry.sizes, entry.dtype);
    if (entry.end > entry.begin) std::memcpy(tensor.data_ptr(), bytes.data() + data_start + entry.begin, entry.end - entry.begin);
    result.emplace_back(entry.name, std::move(tensor));
  }
  return result;
}

void save_safetensors(const std::string& path, const NamedTensors& tensors) { write_atomically(path, encode_safetensors(tensors)); }

std::string encode_safetensors(const NamedTensors& tensors) {
  auto header = nlohmann::ordered_json::object();
  std::set<std::string> names;
  std::uint64_t offset = 0;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    require(name != "__metadata__", "tensor '__metadata__': the format keeps this name for itself; choose another");
    require(is_utf8(name), "tensor names: one of ", name.size(), " bytes is no UTF-8 text; choose another");
    require(names.insert(name).second, "tensor '", name, "' is given twice; names in a file are unique");
    const auto plain = tensor.detach().to(at::kCPU).contiguous();
    const auto bytes = static_cast<std::uint64_t>(plain.nbytes());
    header[name] = {
        {"dtype", type_name_of(name, plain.scalar_type())}, {"shape", plain.sizes().vec()}, {"data_offsets", {offset, offset + bytes}}};
    if (bytes > 0) data.append(static_cast<const char*>(plain.data_ptr()), bytes);
    offset += bytes;
  }
  auto text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data starts 8-byte aligned, as the format recommends
  std::string file;
  for (std::uint64_t i = 0, length = text.size(); i < length_bytes; ++i) file.push_back(static_cast<char>((length >> (8 * i)) & 0xff));
  return file + text + data;
}

}  // namespace neuralode
