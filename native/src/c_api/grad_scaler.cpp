#include "c_api/guarded.h"
#include "c_api/optim.h"

using namespace neuralode;
using namespace neuralode::c_api;

neuralode_status neuralode_grad_scaler_options_init(uint32_t struct_size, neuralode_grad_scaler_options* out_options) {
  return guarded([&] {
    const GradScalerOptions defaults;
    neuralode_grad_scaler_options options{};
    options.struct_size = sizeof options;
    options.initial_scale = defaults.initial_scale;
    options.growth_factor = defaults.growth_factor;
    options.backoff_factor = defaults.backoff_factor;
    options.growth_interval = defaults.growth_interval;
    write_options(options, struct_size, out_options);
  });
}

neuralode_status neuralode_grad_scaler_create(const neuralode_grad_scaler_options* options, neuralode_grad_scaler* out_scaler) {
  return guarded([&] {
    not_null(out_scaler, "out_scaler");
    const auto given = read_options(options, &neuralode_grad_scaler_options_init);
    *out_scaler = new_handle(std::make_shared<neuralode_grad_scaler_t>(
        GradScalerOptions{given.initial_scale, given.growth_factor, given.backoff_factor, given.growth_interval}));
  });
}

neuralode_status neuralode_grad_scaler_destroy(neuralode_grad_scaler scaler) {
  return guarded([&] { destroy_handle(scaler, "scaler"); });
}

neuralode_status neuralode_grad_scaler_scale(neuralode_grad_scaler scaler, neuralode_tensor tensor, neuralode_tensor* out_scaled) {
  return guarded([&] {
    const auto self = held(scaler, "scaler");
    not_null(out_scaled, "out_scaled");
    const auto& value = tensor_of(tensor, "tensor");
    require(value.is_floating_point(), "tensor: ", value.scalar_type(), " is no loss; give a float tensor");
    *out_scaled = handle_of(self->value.scale(value));
  });
}

neuralode_status neuralode_grad_scaler_unscale(neuralode_grad_scaler scaler, neuralode_optimizer optimizer) {
  return guarded([&] { held(scaler, "scaler")->value.unscale(*held(optimizer, "optimizer")->value); });
}

neuralode_status neuralode_grad_scaler_step(neuralode_grad_scaler scaler, neuralode_optimizer optimizer, int32_t* out_stepped) {
  return guarded([&] {
    const bool stepped = held(scaler, "scaler")->value.step(*held(optimizer, "optimizer")->value);
    if (out_stepped != nullptr) *out_stepped = stepped;
  });
}

neuralode_status neuralode_grad_scaler_update(neuralode_grad_scaler scaler) {
  return guarded([&] { held(scaler, "scaler")->value.update(); });
}

neuralode_status neuralode_grad_scaler_get(neuralode_grad_scaler scaler, double* out_scale, int64_t* out_growth_tracker) {
  return guarded([&] {
    const auto self = held(scaler, "scaler");
    not_null(out_scale, "out_scale");
    if (out_growth_tracker != nullptr) *out_growth_tracker = self->value.growth_tracker();
    *out_scale = self->value.scale_factor();
  });
}
