#include "models/ode_block.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace neuralode {

namespace {

void add(Statistics& total, const Statistics& part) {
  total.steps_accepted += part.steps_accepted;
  total.steps_rejected += part.steps_rejected;
  total.nfe_forward += part.nfe_forward;
  total.nfe_backward += part.nfe_backward;
  total.snapshots += part.snapshots;
  total.snapshot_bytes += part.snapshot_bytes;
  total.steps_replayed += part.steps_replayed;
  total.newton_iterations += part.newton_iterations;
  total.newton_failures += part.newton_failures;
  total.jacobian_products += part.jacobian_products;
  total.jacobian_products_backward += part.jacobian_products_backward;
  if (!part.graph_forward.empty()) total.graph_forward = part.graph_forward;
  if (!part.graph_backward.empty()) total.graph_backward = part.graph_backward;
  if (!std::isnan(part.reconstruction_error)) total.reconstruction_error = std::fmax(total.reconstruction_error, part.reconstruction_error);
}

}  // namespace

OdeBlockImpl::OdeBlockImpl(std::shared_ptr<torch::nn::Module> f, std::function<at::Tensor(const at::Tensor&, const at::Tensor&)> forward,
                           const SolveOptions& options)
    : f_(register_module("f", f)), options_(options) {
  dynamics_ = std::make_shared<ModuleDynamics>(
      std::move(f), [forward = std::move(forward)](const at::Tensor& t, const TensorList& z) { return TensorList{forward(t, z[0])}; });
  register_buffer("drift_rate", dynamics_->drift_rate());
}

at::Tensor OdeBlockImpl::forward(const at::Tensor& x) {
  const bool reduced = x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16;
  auto solution = solve({dynamics_,
                         {reduced ? x.to(at::kFloat) : x},
                         at::scalar_tensor(0.0, at::kDouble),
                         at::scalar_tensor(1.0, at::kDouble),
                         {},
                         options_});
  if (solution.outcome->status != Status::ok) throw Error(solution.outcome->status, solution.outcome->text);
  constexpr std::size_t pending = 64;
  if (solves_.size() >= pending) fold();
  solves_.push_back(solution.statistics);
  return solution.states[0];
}

void OdeBlockImpl::fold() {
  const auto is_over = [](const std::shared_ptr<Statistics>& solve) { return solve.use_count() == 1; };  // no backward can come any more
  for (const auto& solve : solves_)
    if (is_over(solve)) add(folded_, *solve);
  solves_.erase(std::remove_if(solves_.begin(), solves_.end(), is_over), solves_.end());
}

void OdeBlockImpl::collect(Statistics& total) {
  add(total, std::exchange(folded_, {}));
  for (const auto& solve : std::exchange(solves_, {})) add(total, *solve);
}

}  // namespace neuralode
