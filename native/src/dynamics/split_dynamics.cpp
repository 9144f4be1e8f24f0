#include "dynamics/split_dynamics.h"

#include <ATen/ATen.h>

namespace neuralode {

namespace {

NamedTensorList joined(const NamedTensorList& of_explicit, const NamedTensorList& of_implicit) {
  NamedTensorList result;
  for (const auto& [name, tensor] : of_explicit) result.emplace_back("explicit." + name, tensor);
  for (const auto& [name, tensor] : of_implicit) result.emplace_back("implicit." + name, tensor);
  return result;
}

}  // namespace

SplitDynamics::SplitDynamics(std::shared_ptr<Dynamics> explicit_part, std::shared_ptr<Dynamics> implicit_part)
    : explicit_(std::move(explicit_part)), implicit_(std::move(implicit_part)) {}

TensorList SplitDynamics::eval(const at::Tensor& t, const TensorList& z) {
  auto sum = explicit_->eval(t, z);
  const auto rest = implicit_->eval(t, z);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = sum[i] + rest[i];
  return sum;
}

Tangents SplitDynamics::tangents(const at::Tensor& t, const TensorList& z) {
  return twice_differentiable() ? Dynamics::tangents(t, z) : difference_tangents(*this, t, z);
}

bool SplitDynamics::twice_differentiable() const { return explicit_->twice_differentiable() && implicit_->twice_differentiable(); }
void SplitDynamics::set_preconditioner(Preconditioner preconditioner) { implicit_->set_preconditioner(std::move(preconditioner)); }
NamedTensorList SplitDynamics::parameters() const { return joined(explicit_->parameters(), implicit_->parameters()); }
NamedTensorList SplitDynamics::buffers() const { return joined(explicit_->buffers(), implicit_->buffers()); }

void SplitDynamics::set_training(bool training) {
  explicit_->set_training(training);
  implicit_->set_training(training);
}

std::vector<bool> SplitDynamics::modes() const {
  auto result = explicit_->modes();
  const auto rest = implicit_->modes();
  result.insert(result.end(), rest.begin(), rest.end());
  return result;
}

void SplitDynamics::set_modes(const std::vector<bool>& modes) {
  const auto first = modes.begin() + static_cast<std::ptrdiff_t>(explicit_->modes().size());
  explicit_->set_modes({modes.begin(), first});
  implicit_->set_modes({first, modes.end()});
}

void SplitDynamics::to_dtype(at::ScalarType dtype) {
  explicit_->to_dtype(dtype);
  implicit_->to_dtype(dtype);
}

}  // namespace neuralode
