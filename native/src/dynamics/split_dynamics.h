// f = explicit part + implicit part, for solvers that treat the two apart.
#pragma once

#include "dynamics/dynamics.h"

namespace neuralode {

class SplitDynamics final : public Dynamics {
 public:
  SplitDynamics(std::shared_ptr<Dynamics> explicit_part, std::shared_ptr<Dynamics> implicit_part);
  TensorList eval(const at::Tensor& t, const TensorList& z) override;
  Tangents tangents(const at::Tensor& t, const TensorList& z) override;
  bool twice_differentiable() const override;
  Dynamics* explicit_part() override { return explicit_.get(); }
  Dynamics& implicit_part() override { return *implicit_; }
  const Preconditioner& preconditioner() const override { return implicit_->preconditioner(); }
  void set_preconditioner(Preconditioner preconditioner) override;
  NamedTensorList parameters() const override;
  NamedTensorList buffers() const override;
  void set_training(bool training) override;
  std::vector<bool> modes() const override;
  void set_modes(const std::vector<bool>& modes) override;
  void to_dtype(at::ScalarType dtype) override;

 private:
  std::shared_ptr<Dynamics> explicit_, implicit_;
};

}  // namespace neuralode
