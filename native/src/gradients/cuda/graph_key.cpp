#include "gradients/cuda/graph_key.h"

#include <ATen/Context.h>

#include <cstring>

namespace neuralode::cuda {

namespace {

class Key {
 public:
  template <class Number>
  void add(Number number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    text_.append(bytes, sizeof number);
  }
  template <class Numbers>
  void add_all(const Numbers& numbers) {
    add(numbers.size());
    for (const auto number : numbers) add(number);
  }
  void add_shape(const at::Tensor& tensor) {
    add_all(tensor.sizes());
    add_all(tensor.strides());
    add(tensor.scalar_type());
    add(tensor.device().index());
  }
  void add_place(const at::Tensor& tensor) {
    add_shape(tensor);
    add(tensor.data_ptr());
    add(tensor.requires_grad());
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string graph_key(const Sweep& sweep) {
  Key key;
  const auto& options = sweep.options;
  key.add(options.solver);
  key.add(options.gradient);
  key.add(options.snapshots);
  key.add(options.steps.step_size);
  key.add(options.steps.max_steps);
  key.add(options.eta);
  key.add(options.coupling);
  key.add(sweep.landings.t0);
  key.add_all(sweep.landings.times);
  key.add_all(sweep.landings.outputs);
  key.add(sweep.landings.trajectory);
  key.add(sweep.differentiable);
  key.add_all(sweep.modes);
  key.add(sweep.autocast.enabled);
  key.add(sweep.autocast.dtype);
  const auto& context = at::globalContext();
  key.add(context.allowTF32CuBLAS());
  key.add(context.allowTF32CuDNN());
  key.add(context.deterministicAlgorithms());
  key.add(context.userEnabledCuDNN());
  key.add(context.benchmarkCuDNN());
  key.add(context.deterministicCuDNN());
  key.add(context.allowFP16ReductionCuBLAS());
  key.add(context.allowBF16ReductionCuBLAS());
  for (const auto& z : sweep.z0) key.add_shape(z.value());
  for (const auto& list : {sweep.dynamics->parameters(), sweep.dynamics->buffers()})
    for (const auto& [name, tensor] : list) key.add_place(tensor);
  return key.take();
}

}  // namespace neuralode::cuda
