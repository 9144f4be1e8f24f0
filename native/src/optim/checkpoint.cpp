#include "optim/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/serialize/archive.h>
#include <zlib.h>

#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"

namespace neuralode {

namespace {

const std::string magic = "NODECKP1";
constexpr std::size_t number_bytes = 8;

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

std::string kind_of(const torch::optim::Optimizer& optimizer) {
  if (dynamic_cast<const torch::optim::SGD*>(&optimizer)) return "SGD";
  return dynamic_cast<const torch::optim::AdamW*>(&optimizer) ? "AdamW" : "Adam";
}

std::vector<std::pair<std::string, at::Tensor>> state_of(const ImageModel& model) {
  std::vector<std::pair<std::string, at::Tensor>> result;
  for (const auto& item : model.named_parameters()) result.emplace_back(item.key(), item.value());
  for (const auto& item : model.named_buffers()) result.emplace_back(item.key(), item.value());
  return result;
}

template <class Archived>
std::string bytes_of(const Archived& fill) {
  torch::serialize::OutputArchive archive;
  fill(archive);
  std::ostringstream stream;
  archive.save_to(stream);
  return stream.str();
}

torch::serialize::InputArchive archive_of(const std::string& bytes) {
  torch::serialize::InputArchive archive;
  archive.load_from(bytes.data(), bytes.size());
  return archive;
}

/// The archived options of parameter group `index`, and how many parameters the group had.
std::pair<torch::serialize::InputArchive, std::int64_t> group_of(torch::serialize::InputArchive& groups, std::size_t index) {
  torch::serialize::InputArchive group, options;
  at::Tensor size;
  groups.read("param_groups/" + std::to_string(index), group);
  group.read("params/size", size);
  group.read("options", options);
  return {std::move(options), size.item<std::int64_t>()};
}

/// Restores the optimiser's state and options, or throws having changed nothing.
void load_optimizer(const std::string& bytes, torch::optim::Optimizer& optimizer) {
  auto archive = archive_of(bytes);
  torch::serialize::InputArchive archived;
  at::Tensor size;
  archive.read("param_groups", archived);
  archived.read("param_groups/size", size);
  auto& groups = optimizer.param_groups();
  require(size.item<std::int64_t>() == static_cast<std::int64_t>(groups.size()), "checkpoint: its optimiser had ",
          size.item<std::int64_t>(), " parameter group(s), this one has ", groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto count = group_of(archived, i).second;
    require(count == static_cast<std::int64_t>(groups[i].params().size()), "checkpoint: its optimiser had ", count,
            " parameters, this one has ", groups[i].params().size(), "; create it over the parameters that it was saved with");
  }
  optimizer.state().clear();  // load leaves what the checkpoint has nothing for, and libtorch 1.13 the options, as they are
  optimizer.load(archive);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto options = group_of(archived, i).first;
    groups[i].options().serialize(options);
  }
}

/// The payload, after every check that can be made without understanding it.
std::string verified_payload(const std::string& path) {
  const auto bytes = read_file(path);
  const auto start = magic.size() + 2 * number_bytes;
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

void Checkpoint::save(const std::string& path, const ImageModel& model, const torch::optim::Optimizer& optimizer,
                      const std::string& metadata) {
  const auto payload = bytes_of([&](torch::serialize::OutputArchive& archive) {
    c10::List<std::string> names;
    c10::List<at::Tensor> tensors;
    for (const auto& [name, tensor] : state_of(model)) {
      names.push_back(name);
      tensors.push_back(tensor.detach());
    }
    archive.write("names", c10::IValue(names));
    archive.write("tensors", c10::IValue(tensors));
    archive.write("metadata", c10::IValue(metadata));
    archive.write("optimizer_kind", c10::IValue(kind_of(optimizer)));
    archive.write("generator", c10::IValue(at::detail::getDefaultCPUGenerator().get_state()));
    // Its own archive inside, so that opening a checkpoint needs no optimiser to read into.
    const auto state = bytes_of([&](torch::serialize::OutputArchive& inner) { optimizer.save(inner); });
    archive.write(
        "optimizer_state",
        c10::IValue(at::from_blob(const_cast<char*>(state.data()), {static_cast<std::int64_t>(state.size())}, at::kByte).clone()));
  });
  write_atomically(path, magic + encoded(payload.size()) + encoded(checksum(payload)) + payload);
}

Checkpoint Checkpoint::open(const std::string& path) {
  const auto payload = verified_payload(path);
  try {
    auto archive = archive_of(payload);
    const auto read = [&](const char* key) {
      c10::IValue value;
      archive.read(key, value);
      return value;
    };
    Checkpoint result;
    const auto names = read("names").toListRef();
    for (const auto& name : names) result.names.push_back(name.toStringRef());
    result.tensors = read("tensors").toTensorVector();
    result.metadata = read("metadata").toStringRef();
    result.optimizer_kind = read("optimizer_kind").toStringRef();
    result.generator = read("generator").toTensor();
    const auto state = read("optimizer_state").toTensor();
    result.optimizer_state.assign(static_cast<const char*>(state.data_ptr()), static_cast<std::size_t>(state.numel()));
    return result;
  } catch (const c10::Error& error) {
    fail(Status::io_error, path, ": not readable by this version (", error.what_without_backtrace(), ")");
  }
}

void Checkpoint::restore(ImageModel& model, torch::optim::Optimizer* optimizer) const {
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
  if (optimizer != nullptr) {
    require(kind_of(*optimizer) == optimizer_kind, "checkpoint: was saved with the optimiser ", optimizer_kind, ", not ",
            kind_of(*optimizer));
    load_optimizer(optimizer_state, *optimizer);
    at::Generator(at::detail::getDefaultCPUGenerator()).set_state(generator);
  }
  const torch::NoGradGuard not_recording;
  for (std::size_t i = 0; i < state.size(); ++i) {
    auto tensor = state[i].second;
    sources[i].defined() ? tensor.copy_(sources[i]) : tensor.zero_();
  }
}

}  // namespace neuralode
