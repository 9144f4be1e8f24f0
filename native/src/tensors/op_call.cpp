#include "tensors/op_call.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/jit_type.h>

#include <utility>

#include "core/error.h"

namespace neuralode {

namespace {

c10::TypePtr element_of_optional(c10::TypePtr type) {
  const auto optional = type->cast<c10::OptionalType>();
  return optional ? optional->getElementType() : type;
}

bool is_list_of(const c10::TypePtr& type, c10::TypeKind element) {
  const auto list = type->cast<c10::ListType>();
  return list && element_of_optional(list->getElementType())->kind() == element;
}

/// A list of tensors as a list of optional tensors, undefined ones as none (what indexing takes).
c10::IValue optional_tensors(const c10::IValue& value) {
  c10::List<c10::optional<at::Tensor>> result;
  for (const at::Tensor& tensor : value.toTensorVector())
    result.push_back(tensor.defined() ? c10::optional<at::Tensor>(tensor) : c10::nullopt);
  return result;
}

/// `value` as an instance of `type` where a lossless conversion exists, else unchanged.
c10::IValue converted(c10::IValue value, const c10::TypePtr& declared) {
  if (value.isNone()) return value;
  const auto type = element_of_optional(declared);
  const auto kind = type->kind();
  if (kind == c10::TypeKind::FloatType && value.isInt()) return static_cast<double>(value.toInt());
  if (kind == c10::TypeKind::DeviceObjType && value.isString()) return c10::Device(value.toStringRef());
  if (kind == c10::TypeKind::TensorType && value.isTensor() && !value.toTensor().defined() &&
      declared->kind() == c10::TypeKind::OptionalType)
    return {};
  if (is_list_of(type, c10::TypeKind::FloatType) && value.isIntList()) {
    const auto integers = value.toIntVector();
    return c10::List<double>(std::vector<double>(integers.begin(), integers.end()));
  }
  if (is_list_of(type, c10::TypeKind::IntType) && value.isInt()) return c10::List<std::int64_t>({value.toInt()});
  const auto list = type->cast<c10::ListType>();
  if (list && list->getElementType()->kind() == c10::TypeKind::OptionalType && value.isTensorList()) return optional_tensors(value);
  return value;
}

bool fits(const c10::IValue& value, const c10::TypePtr& declared) {
  if (value.isNone() && declared->kind() == c10::TypeKind::OptionalType) return true;
  const auto type = element_of_optional(declared);
  switch (type->kind()) {  // the common kinds by the value's tag: its whole type, shapes included, is dear to make
    case c10::TypeKind::TensorType:
      return value.isTensor();
    case c10::TypeKind::NumberType:
      return value.isInt() || value.isDouble() || value.isBool();
    case c10::TypeKind::IntType:
      return value.isInt();
    case c10::TypeKind::ListType:
      return value.isList();
    default:
      return value.type()->isSubtypeOf(*type);
  }
}

void check_type(const c10::FunctionSchema& schema, const c10::Argument& argument, const c10::IValue& value) {
  if (!fits(value, argument.type()))
    fail(Status::invalid_argument, schema.name(), ": argument '", argument.name(), "' wants ", argument.type()->str(), ", got ",
         value.tagKind(), "; schema: ", schema);
}

}  // namespace

std::vector<c10::IValue> call_operator(const std::string& name, const std::string& overload, std::vector<c10::IValue> arguments) {
  const auto operation = c10::Dispatcher::singleton().findSchema({name, overload});
  require(operation.has_value(), "operator '", name, overload.empty() ? "" : ".", overload,
          "' does not exist in this libtorch; give the name as 'aten::add' and the overload as 'Tensor'");
  const auto& schema = operation->schema();
  const auto& declared = schema.arguments();
  require(arguments.size() <= declared.size(), name, ": ", arguments.size(), " arguments given, takes at most ", declared.size(),
          "; schema: ", schema);
  for (std::size_t i = 0; i < declared.size(); ++i) {
    if (i < arguments.size()) {
      arguments[i] = converted(std::move(arguments[i]), declared[i].type());
      check_type(schema, declared[i], arguments[i]);
    } else {
      require(declared[i].default_value().has_value(), name, ": argument '", declared[i].name(),
              "' is missing and has no default; schema: ", schema);
      arguments.push_back(*declared[i].default_value());
    }
  }
  operation->callBoxed(&arguments);
  return arguments;
}

}  // namespace neuralode
