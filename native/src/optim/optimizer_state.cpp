#include "optim/optimizer_state.h"

#include <ATen/ATen.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <map>
#include <memory>

#include "core/error.h"
#include "optim/optimizer.h"

namespace neuralode {

namespace {

using torch::optim::AdamParamState;
using torch::optim::AdamWParamState;
using torch::optim::Optimizer;
using torch::optim::SGDParamState;
using States = std::decay_t<decltype(std::declval<Optimizer&>().state())>;
using StateOfOne = std::unique_ptr<torch::optim::OptimizerParamState>;

constexpr std::int64_t option_count = 8;

/// libtorch 1.13 names a parameter's state after its address, 2.x keeps the address.
template <class Key = States::key_type>
Key key_of(const at::Tensor& parameter) {
  if constexpr (std::is_same_v<Key, std::string>)
    return text_of(parameter.unsafeGetTensorImpl());
  else
    return parameter.unsafeGetTensorImpl();
}

const std::vector<at::Tensor>& parameters_of(const Optimizer& optimizer) { return optimizer.param_groups().front().params(); }

/// The tensors that were given under names, taken one by one; what is left at the end does not belong there.
class Given {
 public:
  explicit Given(const NamedTensors& tensors) : left_(tensors.begin(), tensors.end()) {}

  at::Tensor take(const std::string& name) {
    const auto found = left_.find(name);
    if (found == left_.end()) return {};
    const auto tensor = found->second;
    left_.erase(found);
    return tensor;
  }
  at::Tensor take(const std::string& name, at::IntArrayRef sizes, at::ScalarType dtype) {
    const auto tensor = take(name);
    require(tensor.defined(), "checkpoint: lacks its optimiser's '", name, "'");
    require(tensor.sizes() == sizes && tensor.scalar_type() == dtype, "checkpoint: its optimiser's '", name, "' is ", tensor.scalar_type(),
            tensor.sizes(), " where ", dtype, sizes, " is wanted; create the optimiser over the parameters that it was saved with");
    return tensor;
  }
  bool has(const std::string& name) const { return left_.count(name) > 0; }
  void require_empty() const {
    require(left_.empty(), "checkpoint: its optimiser has '", left_.empty() ? "" : left_.begin()->first, "', which this one has not");
  }

 private:
  std::map<std::string, at::Tensor> left_;
};

at::Tensor encoded(const OptimizerOptions& options) {
  return at::tensor({static_cast<double>(options.kind), options.lr, options.momentum, options.weight_decay, options.nesterov ? 1.0 : 0.0,
                     options.beta1, options.beta2, options.epsilon},
                    at::kDouble);
}

/// `kind`: what the optimiser is; the checkpoint's must be the same.
OptimizerOptions decoded(const at::Tensor& tensor, OptimizerKind kind) {
  const auto* values = tensor.data_ptr<double>();
  const double given = values[0];
  require(given == 0 || given == 1 || given == 2, "checkpoint: its optimiser is of the unknown kind ", given);
  const auto saved = static_cast<OptimizerKind>(static_cast<std::int32_t>(given));
  require(saved == kind, "checkpoint: was saved with the optimiser ", name_of(saved), ", not ", name_of(kind));
  return {saved, values[1], values[2], values[3], values[4] != 0, values[5], values[6], values[7]};
}

template <class AdamState>
void append_adam(NamedTensors& result, const std::string& prefix, const torch::optim::OptimizerParamState& given) {
  const auto& state = static_cast<const AdamState&>(given);
  result.emplace_back(prefix + "step", at::scalar_tensor(state.step(), at::kLong));
  result.emplace_back(prefix + "exp_avg", state.exp_avg());
  result.emplace_back(prefix + "exp_avg_sq", state.exp_avg_sq());
}

/// A copy where the parameter is and laid out as it is.
at::Tensor beside(const at::Tensor& parameter, const at::Tensor& given) {
  const torch::NoGradGuard not_recording;
  return at::empty_like(parameter).copy_(given);
}

/// Null where the parameter was never stepped.
template <class AdamState>
StateOfOne adam_state(Given& given, const std::string& prefix, const at::Tensor& parameter) {
  if (!given.has(prefix + "step")) return nullptr;
  auto state = std::make_unique<AdamState>();
  const auto step = given.take(prefix + "step", {}, at::kLong).item<std::int64_t>();
  require(step >= 0, "checkpoint: its optimiser's '", prefix, "step' is ", step);
  state->step(step);
  state->exp_avg(beside(parameter, given.take(prefix + "exp_avg", parameter.sizes(), parameter.scalar_type())));
  state->exp_avg_sq(beside(parameter, given.take(prefix + "exp_avg_sq", parameter.sizes(), parameter.scalar_type())));
  return state;
}

StateOfOne sgd_state(Given& given, const std::string& prefix, const at::Tensor& parameter) {
  if (!given.has(prefix + "momentum_buffer")) return nullptr;
  auto state = std::make_unique<SGDParamState>();
  state->momentum_buffer(beside(parameter, given.take(prefix + "momentum_buffer", parameter.sizes(), parameter.scalar_type())));
  return state;
}

}  // namespace

NamedTensors state_of(const Optimizer& optimizer) {
  const auto options = options_of(optimizer);
  const auto& parameters = parameters_of(optimizer);
  NamedTensors result{{"options", encoded(options)},
                      {"parameters", at::scalar_tensor(static_cast<std::int64_t>(parameters.size()), at::kLong)}};
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto found = optimizer.state().find(key_of(parameters[i]));
    if (found == optimizer.state().end()) continue;
    const auto prefix = text_of(i, '.');
    if (options.kind == OptimizerKind::sgd) {
      const auto& buffer = static_cast<const SGDParamState&>(*found->second).momentum_buffer();
      if (buffer.defined()) result.emplace_back(prefix + "momentum_buffer", buffer);
    } else if (options.kind == OptimizerKind::adam) {
      append_adam<AdamParamState>(result, prefix, *found->second);
    } else {
      append_adam<AdamWParamState>(result, prefix, *found->second);
    }
  }
  return result;
}

std::function<void()> restoration_of(const NamedTensors& state, Optimizer& optimizer) {
  Given given(state);
  const auto kind = options_of(optimizer).kind;
  const auto options = decoded(given.take("options", {option_count}, at::kDouble), kind);
  const auto& parameters = parameters_of(optimizer);
  const auto count = given.take("parameters", {}, at::kLong).item<std::int64_t>();
  require(count == static_cast<std::int64_t>(parameters.size()), "checkpoint: its optimiser had ", count, " parameters, this one has ",
          parameters.size(), "; create it over the parameters that it was saved with");
  const auto states = std::make_shared<States>();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto prefix = text_of(i, '.');
    auto one = kind == OptimizerKind::sgd    ? sgd_state(given, prefix, parameters[i])
               : kind == OptimizerKind::adam ? adam_state<AdamParamState>(given, prefix, parameters[i])
                                             : adam_state<AdamWParamState>(given, prefix, parameters[i]);
    if (one) (*states)[key_of(parameters[i])] = std::move(one);
  }
  given.require_empty();
  check(options);
  return [options, states, &optimizer] {
    set_options(optimizer, options);
    optimizer.state().swap(*states);
  };
}

}  // namespace neuralode
