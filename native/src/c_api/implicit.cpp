// What implicit solvers are told about dynamics: their parts, and a preconditioner.
#include "c_api/callbacks.h"
#include "c_api/dynamics.h"
#include "dynamics/split_dynamics.h"
#include "solvers/sweeps.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace {

Preconditioner preconditioner_of(neuralode_preconditioner_callback precondition, std::shared_ptr<User> user) {
  return
      [precondition, user = std::move(user)](const at::Tensor& t, const TensorList& z, double scale, bool transposed, const TensorList& r) {
        const Borrowed time({t}), state(z), right_side(r);
        Slots x(r.size());
        checked_call("preconditioner", [&] {
          return precondition(user->pointer(), time.data()[0], state.data(), scale, transposed ? 1 : 0, right_side.data(),
                              static_cast<std::int64_t>(r.size()), x.data());
        });
        auto result = x.take();
        for (std::size_t i = 0; i < r.size(); ++i)
          require(result[i].defined() && result[i].sizes() == r[i].sizes() && result[i].scalar_type() == r[i].scalar_type(),
                  "preconditioner: x[", i, "] must have the shape and dtype of r[", i, "]: ", r[i].scalar_type(), r[i].sizes());
        return result;
      };
}

}  // namespace

neuralode_status neuralode_dynamics_create_split(neuralode_dynamics explicit_part, neuralode_dynamics implicit_part,
                                                 neuralode_dynamics* out_dynamics) {
  return guarded([&] {
    not_null(out_dynamics, "out_dynamics");
    *out_dynamics = handle_of_dynamics(
        std::make_shared<SplitDynamics>(held(explicit_part, "explicit_part")->value, held(implicit_part, "implicit_part")->value));
  });
}

neuralode_status neuralode_dynamics_set_preconditioner(neuralode_dynamics dynamics, neuralode_preconditioner_callback precondition,
                                                       neuralode_release_callback release, void* user) {
  return guarded([&] {
    const auto value = dynamics_of(dynamics);
    require(precondition != nullptr || release == nullptr,
            "release: there is nothing to release without a preconditioner; give NULL for both");
    value->set_preconditioner(precondition == nullptr ? Preconditioner{}
                                                      : preconditioner_of(precondition, std::make_shared<User>(user, release)));
  });
}
