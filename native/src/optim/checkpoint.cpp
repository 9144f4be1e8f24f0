#include "optim/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <zlib.h>

#include <cstring>

#include "core/atomic_file.h"
#include "core/error.h"
#include "optim/optimizer_state.h"

namespace neuralode {

namespace {

const std::string magic = "NODECKP2";
const std::string former_magic = "NODECKP1";
constexpr std::size_t number_bytes = 8;
const std::string model_prefix = "model.", optimizer_prefix = "optimizer.", scaler_prefix = "scaler.";

std::uint64_t checksum(const std::string& bytes) { return crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()); }

std::string encoded(std::uint64_t number) {
  std::string bytes;
  for (std::size_t i = 0; i < number_bytes; ++i) bytes.push_back(static_cast<char>((number >> (8 * i)) & 0xff));
  return bytes;
}

std::uint64_t decoded(const std::string& bytes, std::size_t offset) {
  std::uint64_t number = 0;
  for (std::size_t i = number_bytes; i-- > 0;) number = (number << 8) | static_cast<unsigned char>(bytes[offset + i]);
  return number;
}

NamedTensors state_of(const ImageModel& model) {
  NamedTensors result;
  for (const auto& item : model.named_parameters()) result.emplace_back(item.key(), item.value());
  for (const auto& item : model.named_buffers()) result.emplace_back(item.key(), item.value());
  return result;
}

at::Tensor encoded_text(const std::string& text) {
  auto tensor = at::empty({static_cast<std::int64_t>(text.size())}, at::kByte);
  if (!text.empty()) std::memcpy(tensor.data_ptr(), text.data(), text.size());
  return tensor;
}

bool begins_with(const std::string& text, const std::string& prefix) { return text.compare(0, prefix.size(), prefix) == 0; }

template <class Number>
Number number_at(const at::Tensor& bytes, std::size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data_ptr<std::uint8_t>() + offset, sizeof number);
  return number;
}

/// libtorch takes over a Mersenne Twister's counters with too few checks: left - 1 numbers are read from place `next` of 624 on before it
/// makes new ones. Both lie where libtorch 1.13 and 2.x keep them: a seed (8 bytes), left (4), seeded (4), next (8), the 624 places.
void check_generator(const at::Tensor& bytes, const at::Generator& generator) {
  constexpr std::int32_t places = 624;
  require(bytes.scalar_type() == at::kByte && bytes.sizes() == generator.get_state().sizes(), "checkpoint: its generator has ",
          bytes.scalar_type(), bytes.sizes(), " where this libtorch's has ", generator.get_state().sizes(), " bytes");
  const auto left = number_at<std::int32_t>(bytes, 8);
  const auto next = number_at<std::uint64_t>(bytes, 16);
  require(left >= 1 && left <= places && next <= static_cast<std::uint64_t>(places + 1 - left) && number_at<std::int32_t>(bytes, 12) == 1,
          "checkpoint: its generator's counters ", left, " and ", next, " are not of one; use an older checkpoint");
}

/// The payload, after every check that can be made without understanding it.
std::string verified_payload(const std::string& path) {
  const auto bytes = read_file(path);
  const auto start = magic.size() + 2 * number_bytes;
  if (begins_with(bytes, former_magic))
    fail(Status::io_error, path, ": a checkpoint of a version before ", magic, ", whose format could not be checked; save it anew");
  if (bytes.size() < start || bytes.compare(0, magic.size(), magic) != 0)
    fail(Status::io_error, path, ": not a checkpoint of this library; give the checkpoint file of a run folder");
  const auto length = decoded(bytes, magic.size());
  if (bytes.size() - start != length)
    fail(Status::io_error, path, ": truncated: ", bytes.size() - start, " of ", length, " bytes are there; use an older checkpoint");
  auto payload = bytes.substr(start);
  if (checksum(payload) != decoded(bytes, magic.size() + number_bytes))
    fail(Status::io_error, path, ": damaged: its checksum differs; use an older checkpoint");
  return payload;
}

}  // namespace

void Checkpoint::save(const std::string& path, const ImageModel& model, const torch::optim::Optimizer& optimizer, const GradScaler* scaler,
                      const std::string& metadata) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : state_of(model)) tensors.emplace_back(model_prefix + name, tensor);
  for (const auto& [name, tensor] : neuralode::state_of(optimizer)) tensors.emplace_back(optimizer_prefix + name, tensor);
  if (scaler != nullptr)
    for (const auto& [name, tensor] : scaler->state()) tensors.emplace_back(scaler_prefix + name, tensor);
  tensors.emplace_back("generator", at::detail::getDefaultCPUGenerator().get_state());
  tensors.emplace_back("metadata", encoded_text(metadata));
  const auto payload = encode_safetensors(tensors);
  write_atomically(path, magic + encoded(payload.size()) + encoded(checksum(payload)) + payload);
}

Checkpoint Checkpoint::open(const std::string& path) {
  Checkpoint result;
  at::Tensor text;
  for (const auto& [name, tensor] : decode_safetensors(verified_payload(path), path)) {
    if (begins_with(name, model_prefix)) {
      result.names.push_back(name.substr(model_prefix.size()));
      result.tensors.push_back(tensor);
    } else if (begins_with(name, optimizer_prefix)) {
      result.optimizer_state.emplace_back(name.substr(optimizer_prefix.size()), tensor);
    } else if (begins_with(name, scaler_prefix)) {
      result.scaler_state.emplace_back(name.substr(scaler_prefix.size()), tensor);
    } else if (name == "generator") {
      result.generator = tensor;
    } else if (name == "metadata") {
      text = tensor;
    } else {
      fail(Status::io_error, path, ": no checkpoint of this version: it holds '", name, "'");
    }
  }
  if (!result.generator.defined() || !text.defined() || text.scalar_type() != at::kByte)
    fail(Status::io_error, path, ": no checkpoint of this version: it lacks its generator or its metadata");
  result.metadata.assign(static_cast<const char*>(text.data_ptr()), static_cast<std::size_t>(text.numel()));
  return result;
}

void Checkpoint::restore(ImageModel& model, torch::optim::Optimizer* optimizer, GradScaler* scaler) const {
  const auto state = state_of(model);
  TensorList sources;  // one a tensor of the model; undefined for one that is zero until it is learnt and that older checkpoints lack
  std::size_t next = 0;
  for (const auto& [name, tensor] : state) {
    const bool held = next < names.size() && names[next] == name;
    const bool learnt = name.size() >= 10 && name.compare(name.size() - 10, 10, "drift_rate") == 0;
    require(held || learnt, "checkpoint: holds '", next < names.size() ? names[next] : "nothing more", "' where the model has '", name,
            "'; create the model with the options that it was saved with");
    sources.push_back(held ? tensors[next++] : at::Tensor());
    require(!held || (sources.back().sizes() == tensor.sizes() && sources.back().dtype() == tensor.dtype()), "checkpoint: holds '", name,
            "' ", sources.back().defined() ? sources.back().sizes() : tensor.sizes(), " where the model has ", tensor.sizes(),
            "; create the model with the options that it was saved with");
  }
  require(next == names.size(), "checkpoint: holds '", next < names.size() ? names[next] : "",
          "', which the model has not; create the model with the options that it was saved with");
  const auto restore_scaler = scaler == nullptr ? std::function<void()>([] {}) : scaler->restoration_of(scaler_state);
  if (optimizer != nullptr) {
    at::Generator target(at::detail::getDefaultCPUGenerator());
    check_generator(generator, target);
    const auto restore_optimizer = restoration_of(optimizer_state, *optimizer);
    target.set_state(generator);
    restore_optimizer();
  }
  restore_scaler();
  const torch::NoGradGuard not_recording;
  for (std::size_t i = 0; i < state.size(); ++i) {
    auto tensor = state[i].second;
    sources[i].defined() ? tensor.copy_(sources[i]) : tensor.zero_();
  }
}

}  // namespace neuralode
