// Of tensor.h: gradients, grad mode and operators by name.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "c_api/guarded.h"
#include "c_api/handles.h"
#include "neuralode/tensor.h"
#include "tensors/op_call.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace {

c10::IValue tensor_list_of(const neuralode_value& value) {
  c10::List<at::Tensor> result;
  const auto* handles = static_cast<const neuralode_tensor*>(value.data);
  for (std::int64_t i = 0; i < value.count; ++i) result.push_back(tensor_or_undefined(handles[i]));
  return result;
}

template <class Element, class Stored>
c10::IValue list_of(const neuralode_value& value) {
  c10::List<Element> result;
  const auto* elements = static_cast<const Stored*>(value.data);
  for (std::int64_t i = 0; i < value.count; ++i) result.push_back(static_cast<Element>(elements[i]));
  return result;
}

c10::IValue ivalue_of(const neuralode_value& value, std::int64_t index) {
  const bool list = value.kind >= NEURALODE_VALUE_INT_LIST && value.kind <= NEURALODE_VALUE_BOOL_LIST;
  require(!list || (value.count >= 0 && (value.count == 0 || value.data != nullptr)), "arguments[", index, "]: a list of ", value.count,
          " elements with ", value.data == nullptr ? "no" : "its", " data");
  switch (value.kind) {
    case NEURALODE_VALUE_NONE:
      return {};
    case NEURALODE_VALUE_BOOL:
      return value.integer != 0;
    case NEURALODE_VALUE_INT:
      return value.integer;
    case NEURALODE_VALUE_DOUBLE:
      return value.real;
    case NEURALODE_VALUE_TENSOR:
      return tensor_or_undefined(value.tensor);
    case NEURALODE_VALUE_STRING:
      return std::string(static_cast<const char*>(not_null(value.data, "arguments: a string's data")));
    case NEURALODE_VALUE_INT_LIST:
      return list_of<std::int64_t, std::int64_t>(value);
    case NEURALODE_VALUE_DOUBLE_LIST:
      return list_of<double, double>(value);
    case NEURALODE_VALUE_TENSOR_LIST:
      return tensor_list_of(value);
    case NEURALODE_VALUE_BOOL_LIST:
      return list_of<bool, std::int32_t>(value);
    default:
      fail(Status::invalid_argument, "arguments[", index, "].kind: ", value.kind, " is none of neuralode_value_kind");
  }
}

/// A result before it is given out: numbers in `value`, a tensor in `tensor`.
struct Result {
  neuralode_value value{};
  at::Tensor tensor;
};

Result number(std::int32_t kind, std::int64_t integer, double real) {
  Result result;
  result.value.kind = kind;
  result.value.integer = integer;
  result.value.real = real;
  return result;
}

void append(std::vector<Result>& results, const c10::IValue& value, const char* name) {
  if (value.isTensor()) {
    Result result = number(NEURALODE_VALUE_TENSOR, 0, 0);
    result.tensor = value.toTensor();
    results.push_back(std::move(result));
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) append(results, tensor, name);
  } else if (value.isBool()) {
    results.push_back(number(NEURALODE_VALUE_BOOL, value.toBool(), 0));
  } else if (value.isInt()) {
    results.push_back(number(NEURALODE_VALUE_INT, value.toInt(), 0));
  } else if (value.isDouble()) {
    results.push_back(number(NEURALODE_VALUE_DOUBLE, 0, value.toDouble()));
  } else if (value.isNone()) {
    results.push_back(number(NEURALODE_VALUE_NONE, 0, 0));
  } else {
    fail(Status::unsupported, name, ": returns a ", value.tagKind(),
         ", which cannot be handed out; use an operator that returns tensors or numbers");
  }
}

std::vector<at::Tensor> cotangents_of(const neuralode_tensor* handles, std::int64_t count) {
  std::vector<at::Tensor> result;
  for (std::int64_t i = 0; i < count; ++i) result.push_back(handles == nullptr ? at::Tensor() : tensor_or_undefined(handles[i]));
  return result;
}

}  // namespace

neuralode_status neuralode_op_call(const char* name, const char* overload, const neuralode_value* arguments, int64_t argument_count,
                                   neuralode_value* out_results, int64_t capacity, int64_t* out_count) {
  return guarded([&] {
    not_null(name, "name");
    not_null(out_count, "out_count");
    require(argument_count >= 0, "argument_count: ", argument_count, " is negative");
    if (argument_count > 0) not_null(arguments, "arguments");
    std::vector<c10::IValue> inputs;
    for (std::int64_t i = 0; i < argument_count; ++i) inputs.push_back(ivalue_of(arguments[i], i));
    std::vector<Result> results;
    for (const auto& output : call_operator(name, overload == nullptr ? "" : overload, std::move(inputs))) append(results, output, name);
    require(capacity >= static_cast<std::int64_t>(results.size()), "capacity: ", name, " returns ", results.size(),
            " values, out_results holds ", capacity);
    if (!results.empty()) not_null(out_results, "out_results");
    for (std::size_t i = 0; i < results.size(); ++i) {
      out_results[i] = results[i].value;
      out_results[i].tensor = handle_of(std::move(results[i].tensor));
    }
    *out_count = static_cast<std::int64_t>(results.size());
  });
}

neuralode_status neuralode_tensor_set_requires_grad(neuralode_tensor tensor, int32_t requires_grad) {
  return guarded([&] {
    const auto& value = tensor_of(tensor, "tensor");
    require(value.is_leaf() || requires_grad != 0,
            "requires_grad: the tensor is the result of an operation and always records; detach it instead");
    require(requires_grad == 0 || value.is_floating_point(), "requires_grad: ", value.scalar_type(),
            " tensors have no gradient; convert to a float dtype");
    value.requires_grad_(requires_grad != 0);
  });
}

neuralode_status neuralode_tensor_get_grad(neuralode_tensor tensor, neuralode_tensor* out_grad) {
  return guarded([&] {
    not_null(out_grad, "out_grad");
    const auto& value = tensor_of(tensor, "tensor");
    *out_grad = value.is_leaf() ? handle_of(value.grad()) : nullptr;
  });
}

neuralode_status neuralode_tensor_set_grad(neuralode_tensor tensor, neuralode_tensor grad) {
  return guarded([&] {
    const auto& value = tensor_of(tensor, "tensor");
    const auto gradient = tensor_or_undefined(grad);
    require(!gradient.defined() || (gradient.sizes() == value.sizes() && gradient.scalar_type() == value.scalar_type() &&
                                    gradient.device() == value.device()),
            "grad: ", gradient.defined() ? text_of(gradient.scalar_type(), gradient.sizes(), " on ", gradient.device()) : "",
            " does not fit the tensor ", value.scalar_type(), value.sizes(), " on ", value.device());
    // Detached: a gradient whose graph leads to the tensor, or which is the tensor itself, would keep both alive for ever.
    value.mutable_grad() = gradient.defined() ? gradient.detach() : gradient;
  });
}

neuralode_status neuralode_tensor_backward(neuralode_tensor tensor, neuralode_tensor gradient, int32_t retain_graph, int32_t create_graph) {
  return guarded([&] {
    const auto& value = tensor_of(tensor, "tensor");
    const auto cotangent = tensor_or_undefined(gradient);
    require(value.requires_grad(),
            "tensor: requires no gradient: nothing that led to it was recorded; set requires_grad on the inputs, leave no-grad mode");
    require(cotangent.defined() || value.numel() == 1, "gradient: NULL stands for 1 with one element only; the tensor has shape ",
            value.sizes());
    torch::autograd::backward({value}, {cotangent}, retain_graph != 0, create_graph != 0);
  });
}

neuralode_status neuralode_grad(const neuralode_tensor* outputs, const neuralode_tensor* cotangents, int64_t output_count,
                                const neuralode_tensor* inputs, int64_t input_count, int32_t retain_graph, int32_t create_graph,
                                neuralode_tensor* out_gradients) {
  return guarded([&] {
    const auto from = tensors_of(outputs, output_count, "outputs");
    const auto to = tensors_of(inputs, input_count, "inputs");
    require(!from.empty() && !to.empty(), "outputs, inputs: both need at least one tensor");
    not_null(out_gradients, "out_gradients");
    write_handles(torch::autograd::grad(from, to, cotangents_of(cotangents, output_count), retain_graph != 0, create_graph != 0,
                                        /*allow_unused=*/true),
                  out_gradients);
  });
}

neuralode_status neuralode_grad_mode_set(int32_t enabled, int32_t* out_previous) {
  return guarded([&] {
    if (out_previous != nullptr) *out_previous = at::GradMode::is_enabled();
    at::GradMode::set_enabled(enabled != 0);
  });
}
