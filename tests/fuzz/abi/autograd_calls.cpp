// tensor.h: gradients and operators by name.
#include <cstring>
#include <deque>

#include "world.h"

namespace neuralode::fuzz {

namespace {

/// An operator, and the kinds of its arguments: T tensor, K list of tensors, L list of integers, I integer, B bool, D double, N none, S
/// text. What an operator of libtorch makes of arguments that fit its schema is libtorch's: these are ones that check them.
struct Operator {
  const char *name, *overload, *arguments;
};
constexpr Operator operators[] = {
    {"aten::add", "Tensor", "TT"},
    {"aten::mul", "Tensor", "TT"},
    {"aten::sub", "Tensor", "TT"},
    {"aten::div", "Tensor", "TT"},
    {"aten::add", "Scalar", "TD"},
    {"aten::mul_", "Tensor", "TT"},
    {"aten::add_", "Tensor", "TT"},
    {"aten::sum", "", "T"},
    {"aten::sum", "dim_IntList", "TLB"},
    {"aten::mean", "", "T"},
    {"aten::sin", "", "T"},
    {"aten::exp", "", "T"},
    {"aten::neg", "", "T"},
    {"aten::matmul", "", "TT"},
    {"aten::view", "", "TL"},
    {"aten::reshape", "", "TL"},
    {"aten::expand", "", "TLB"},
    {"aten::t", "", "T"},
    {"aten::transpose", "int", "TII"},
    {"aten::select", "int", "TII"},
    {"aten::slice", "Tensor", "TIIII"},
    {"aten::unsqueeze", "", "TI"},
    {"aten::squeeze", "", "T"},
    {"aten::cat", "", "KI"},
    {"aten::stack", "", "KI"},
    {"aten::index", "Tensor", "TK"},
    {"aten::clone", "", "T"},
    {"aten::detach", "", "T"},
    {"aten::contiguous", "", "T"},
    {"aten::max", "dim", "TIB"},
    {"aten::split", "Tensor", "TII"},
    {"aten::unbind", "int", "TI"},
    {"aten::item", "", "T"},
    {"aten::eq", "Tensor", "TT"},
    {"aten::tanh", "", "T"},
    {"aten::softmax", "int", "TIN"},
    {"aten::to_sparse", "", "T"},
    {"aten::zeros_like", "", "T"},
    {"aten::to", "dtype", "TIBB"},
    {"aten::where", "self", "TTT"},
    {"aten::complex", "", "TT"},
    {"aten::linalg_norm", "", "T"},
    {"aten::size", "int", "TI"},
    {"aten::requires_grad_", "", "TB"},
    {"aten::permute", "", "TL"},
    {"aten::narrow", "", "TIII"},
    {"aten::flip", "", "TL"},
    {"aten::numel", "", "T"},
    {"aten::none", "", "T"},
    {"", "", ""},
    {"%s", "%n", "T"},
};

/// Arguments, and the memory that they point to.
struct Arguments {
  std::vector<neuralode_value> values;
  std::deque<std::vector<std::int64_t>> integers;
  std::deque<std::vector<neuralode_tensor>> tensors;
};

neuralode_value value_of(World& w, char kind, Arguments& keep) {
  neuralode_value value{};
  value.integer = w.in.integer();
  value.real = 0.5;
  switch (kind) {
    case 'T':
      value.kind = NEURALODE_VALUE_TENSOR;
      value.tensor = w.tensor();
      break;
    case 'K':
      value.kind = NEURALODE_VALUE_TENSOR_LIST;
      value.data = keep.tensors.emplace_back(w.tensors()).data();
      value.count = static_cast<std::int64_t>(keep.tensors.back().size());
      break;
    case 'L':
      value.kind = NEURALODE_VALUE_INT_LIST;
      keep.integers.emplace_back(w.in.below(4));
      for (auto& one : keep.integers.back()) one = w.in.integer();
      value.data = keep.integers.back().data();
      value.count = static_cast<std::int64_t>(keep.integers.back().size());
      break;
    case 'I':
      value.kind = NEURALODE_VALUE_INT;
      break;
    case 'B':
      value.kind = NEURALODE_VALUE_BOOL;
      break;
    case 'D':
      value.kind = NEURALODE_VALUE_DOUBLE;
      value.real = w.in.real();
      break;
    case 'S':
      value.kind = NEURALODE_VALUE_STRING;
      value.data = w.in.device();
      break;
    case 'X':  // a list that is none
      value.kind = NEURALODE_VALUE_INT_LIST + static_cast<std::int32_t>(w.in.below(4));
      value.count = w.in.rarely(2) ? -1 : 1;
      break;
    case '?':
      value.kind = 10 + static_cast<std::int32_t>(w.in.integer() % INT32_MAX);
      if (value.kind >= 0 && value.kind < 10) value.kind = -1;
      break;
    default:
      value.kind = NEURALODE_VALUE_NONE;
  }
  return value;
}

void op_call(World& w) {
  const auto& operation = operators[w.in.below(std::size(operators))];
  Arguments arguments;
  const bool wrong = w.in.rarely(8);
  for (const char* kind = operation.arguments; *kind != '\0'; ++kind)
    arguments.values.push_back(value_of(w, wrong && w.in.rarely(2) ? "TKLIBDSNX?"[w.in.below(10)] : *kind, arguments));
  if (wrong && w.in.rarely(2)) arguments.values.resize(w.in.below(6));
  neuralode_value results[8] = {};
  std::int64_t count = 0;
  const auto capacity = w.in.rarely(16) ? w.in.integer() % 8 : 8;
  const auto argument_count = w.in.rarely(32) ? -1 : static_cast<std::int64_t>(arguments.values.size());
  // libtorch never frees a leaf that is changed in place by what was recorded of it.
  const auto length = std::strlen(operation.name);
  const bool in_place = length > 0 && operation.name[length - 1] == '_';
  std::int32_t recording = 1;
  if (in_place) neuralode_grad_mode_set(0, &recording);
  const auto status =
      neuralode_op_call(operation.name, operation.overload, arguments.values.data(), argument_count, results, capacity, &count);
  if (in_place) neuralode_grad_mode_set(recording, nullptr);
  expect(succeeded(status) ? count >= 0 && count <= capacity : count == 0, "a count of results that is none");
  for (std::int64_t i = 0; i < count; ++i) w.keep_tensor(status, results[i].tensor);
}

void grad(World& w) {
  const auto outputs = w.tensors(), inputs = w.tensors();
  auto cotangents = w.tensors();
  cotangents.resize(outputs.size(), nullptr);
  std::vector<neuralode_tensor> gradients(inputs.size() + 1, nullptr);
  const auto output_count = w.in.rarely(16) ? -1 : static_cast<std::int64_t>(outputs.size());
  const auto status = neuralode_grad(outputs.data(), w.in.rarely(2) ? nullptr : cotangents.data(), output_count, inputs.data(),
                                     static_cast<std::int64_t>(inputs.size()), w.in.flag(), w.in.rarely(4) ? 1 : 0, gradients.data());
  for (auto* gradient : gradients) w.keep_tensor(status, gradient);
}

}  // namespace

Calls autograd_calls() {
  return {
      {"neuralode_op_call", op_call},
      {"neuralode_grad", grad},
      {"neuralode_tensor_set_requires_grad",
       [](World& w) {
         auto* const tensor = w.tensor();
         succeeded(neuralode_tensor_set_requires_grad(tensor, w.in.flag()));
       }},
      {"neuralode_tensor_get_grad",
       [](World& w) {
         neuralode_tensor made = nullptr;
         w.keep_tensor(neuralode_tensor_get_grad(w.tensor(), &made), made);
       }},
      {"neuralode_tensor_set_grad",
       [](World& w) {
         auto* const tensor = w.tensor();
         succeeded(neuralode_tensor_set_grad(tensor, w.tensor()));
       }},
      {"neuralode_tensor_backward",
       [](World& w) {
         auto* const tensor = w.tensor();
         auto* const gradient = w.in.rarely(2) ? w.tensor() : nullptr;
         succeeded(neuralode_tensor_backward(tensor, gradient, w.in.flag(), 0));
       }},
      {"neuralode_grad_mode_set",
       [](World& w) {
         std::int32_t previous = 0;
         succeeded(neuralode_grad_mode_set(w.in.flag(), w.in.rarely(4) ? nullptr : &previous));
       }},
      {"neuralode_autocast_set",
       [](World& w) {
         std::int32_t previous = 0;
         constexpr const char* devices[] = {"cpu", "cuda", "cuda:1", "", nullptr, "mkldnn"};
         constexpr std::int32_t dtypes[] = {-1, NEURALODE_BFLOAT16, NEURALODE_FLOAT16, NEURALODE_FLOAT32, INT32_MIN};
         const auto* const device = w.in.any(devices);
         const auto dtype = w.in.any(dtypes);
         succeeded(neuralode_autocast_set(device, w.in.rarely(4) ? w.in.flag() : 0, dtype, w.in.rarely(4) ? nullptr : &previous, nullptr));
       }},
      {"neuralode_tf32_set",
       [](World& w) {
         std::int32_t previous = 0;
         succeeded(neuralode_tf32_set(w.in.choice(4), w.in.rarely(4) ? nullptr : &previous));
       }},
  };
}

}  // namespace neuralode::fuzz
