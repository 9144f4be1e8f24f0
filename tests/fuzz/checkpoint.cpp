// Checkpoint files: the container, then what restoring into a model and an optimiser makes of it. The mutator makes length and checksum fit
// again, most of the time, so that what they protect is reached.
#include "optim/checkpoint.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/linear.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "c_api/guarded.h"
#include "input.h"
#include "optim/optimizer.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace neuralode::fuzz {

namespace {

constexpr std::size_t start = 24;  // magic, length, checksum

/// As small as a model can be: two parameters and a buffer.
class Tiny : public ImageModel {
 public:
  Tiny() : linear_(register_module("linear", torch::nn::Linear(2, 2))), buffer_(register_buffer("buffer", at::zeros({}))) {}
  at::Tensor forward(const at::Tensor& images) override { return linear_(images.flatten(1).slice(1, 0, 2)); }

 private:
  torch::nn::Linear linear_{nullptr};
  at::Tensor buffer_;
};

/// A model and an optimiser that has stepped.
struct Training {
  explicit Training(OptimizerKind kind) {
    OptimizerOptions options;
    options.kind = kind;
    optimizer = make_optimizer(options, model.parameters());
    step();
  }
  void step() {
    optimizer->zero_grad();
    model.forward(at::ones({1, 3, 2, 2})).sum().backward();
    optimizer->step();
  }
  std::vector<at::Tensor> state() const {
    std::vector<at::Tensor> result;
    for (const auto& tensor : model.parameters()) result.push_back(tensor.detach().clone());
    for (const auto& tensor : model.buffers()) result.push_back(tensor.clone());
    return result;
  }
  Tiny model;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
};

Training& training(OptimizerKind kind) {
  static Training all[] = {Training(OptimizerKind::sgd), Training(OptimizerKind::adam), Training(OptimizerKind::adamw)};
  return all[static_cast<int>(kind)];
}

bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.sizes() == y.sizes() && std::memcmp(x.data_ptr(), y.data_ptr(), x.nbytes()) == 0;
  });
}

GradScaler& scaler() {
  static GradScaler one({});
  return one;
}

void restore(const Checkpoint& checkpoint, OptimizerKind kind, bool with_optimizer) {
  auto& target = training(kind);
  const auto before = target.state();
  auto* const optimizer = with_optimizer ? target.optimizer.get() : nullptr;
  const auto status =
      c_api::guarded([&] { checkpoint.restore(target.model, optimizer, checkpoint.scaler_state.empty() ? nullptr : &scaler()); });
  if (!succeeded(status))
    expect(status == NEURALODE_INVALID_ARGUMENT && same(target.state(), before), "a failed restore changed the model");
  // What was restored can be gone on from, whatever numbers it holds.
  expect(succeeded(c_api::guarded([&] {
           target.step();
           for (int i = 0; i < 3; ++i) at::rand({300});
         })),
         "training does not go on");
}

void set_number(std::uint8_t* at, std::uint64_t number) {
  for (int i = 0; i < 8; ++i) at[i] = static_cast<std::uint8_t>(number >> (8 * i));
}

}  // namespace

/// A valid file for seeds.
void save_checkpoint_seed(const std::string& path, int kind) {
  const auto& source = training(static_cast<OptimizerKind>(kind));
  Checkpoint::save(path, source.model, *source.optimizer, &scaler(), "{\"epoch\": 1}");
}

}  // namespace neuralode::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace neuralode;
  using namespace neuralode::fuzz;
  const Alive before;
  const File file(data, size);
  neuralode_checkpoint handle = nullptr;
  const auto status = neuralode_checkpoint_open(file.path().c_str(), &handle);
  expect(succeeded(status) ? handle != nullptr : status == NEURALODE_IO_ERROR && handle == nullptr, "a broken checkpoint is no IO_ERROR");
  if (handle != nullptr) {
    const char* text = nullptr;
    expect(succeeded(neuralode_checkpoint_metadata(handle, &text)) && std::strlen(text) <= size, "metadata that is not the file's");
    neuralode_checkpoint_destroy(handle);
    const auto checkpoint = Checkpoint::open(file.path());
    for (const auto kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw})
      for (const bool with_optimizer : {true, false}) restore(checkpoint, kind, with_optimizer);
  }
  expect_no_leak(before);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned int seed) {
  using namespace neuralode::fuzz;
  if (size < start || most <= start || seed % 16 == 0) return LLVMFuzzerMutate(data, size, most);
  const auto payload = LLVMFuzzerMutate(data + start, size - start, most - start);
  set_number(data + 8, payload);
  set_number(data + 16, crc32_z(0, data + start, payload));
  return start + payload;
}
