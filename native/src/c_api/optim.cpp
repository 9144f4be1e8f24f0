#include "c_api/optim.h"

#include "c_api/guarded.h"
#include "c_api/model.h"
#include "optim/checkpoint.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

using namespace neuralode;
using namespace neuralode::c_api;

struct neuralode_checkpoint_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::checkpoint;
  Checkpoint value;
};

neuralode_status neuralode_optimizer_options_init(uint32_t struct_size, neuralode_optimizer_options* out_options) {
  return guarded([&] {
    const OptimizerOptions defaults;
    neuralode_optimizer_options options{};
    options.struct_size = sizeof options;
    options.kind = NEURALODE_SGD;
    options.lr = defaults.lr;
    options.momentum = defaults.momentum;
    options.weight_decay = defaults.weight_decay;
    options.beta1 = defaults.beta1;
    options.beta2 = defaults.beta2;
    options.epsilon = defaults.epsilon;
    write_options(options, struct_size, out_options);
  });
}

neuralode_status neuralode_optimizer_create(const neuralode_optimizer_options* options, const neuralode_tensor* parameters, int64_t count,
                                            neuralode_optimizer* out_optimizer) {
  return guarded([&] {
    not_null(out_optimizer, "out_optimizer");
    const auto given = read_options(options, &neuralode_optimizer_options_init);
    const OptimizerOptions checked{static_cast<OptimizerKind>(given.kind),
                                   given.lr,
                                   given.momentum,
                                   given.weight_decay,
                                   given.nesterov != 0,
                                   given.beta1,
                                   given.beta2,
                                   given.epsilon};
    auto optimizer = std::make_shared<neuralode_optimizer_t>();
    optimizer->value = make_optimizer(checked, tensors_of(parameters, count, "parameters"));
    *out_optimizer = new_handle(std::move(optimizer));
  });
}

neuralode_status neuralode_optimizer_destroy(neuralode_optimizer optimizer) {
  return guarded([&] { destroy_handle(optimizer, "optimizer"); });
}

neuralode_status neuralode_optimizer_step(neuralode_optimizer optimizer) {
  return guarded([&] { held(optimizer, "optimizer")->value->step(); });
}

neuralode_status neuralode_optimizer_zero_grad(neuralode_optimizer optimizer) {
  return guarded([&] {
    const auto self = held(optimizer, "optimizer");
    for (auto& group : self->value->param_groups())
      for (auto& parameter : group.params()) parameter.mutable_grad().reset();
  });
}

neuralode_status neuralode_optimizer_set_lr(neuralode_optimizer optimizer, double lr) {
  return guarded([&] { set_learning_rate(*held(optimizer, "optimizer")->value, lr); });
}

neuralode_status neuralode_schedule_options_init(uint32_t struct_size, neuralode_schedule_options* out_options) {
  return guarded([&] {
    const ScheduleOptions defaults;
    neuralode_schedule_options options{};
    options.struct_size = sizeof options;
    options.kind = NEURALODE_SCHEDULE_CONSTANT;
    options.lr = defaults.lr;
    options.gamma = defaults.gamma;
    options.warmup = defaults.warmup;
    options.initial_divisor = defaults.initial_divisor;
    options.final_factor = defaults.final_factor;
    write_options(options, struct_size, out_options);
  });
}

neuralode_status neuralode_schedule_rate(const neuralode_schedule_options* options, int64_t step, double* out_lr) {
  return guarded([&] {
    not_null(out_lr, "out_lr");
    const auto given = read_options(options, &neuralode_schedule_options_init);
    const ScheduleOptions checked{static_cast<ScheduleKind>(given.kind),
                                  given.lr,
                                  given.total_steps,
                                  given.period,
                                  given.gamma,
                                  given.warmup,
                                  given.initial_divisor,
                                  given.final_factor};
    *out_lr = learning_rate(checked, step);
  });
}

neuralode_status neuralode_checkpoint_save(const char* path, neuralode_model model, neuralode_optimizer optimizer,
                                           neuralode_grad_scaler scaler, const char* metadata) {
  return guarded([&] {
    const auto scales = scaler == nullptr ? nullptr : held(scaler, "scaler");
    Checkpoint::save(not_null(path, "path"), *held(model, "model")->value, *held(optimizer, "optimizer")->value,
                     scales == nullptr ? nullptr : &scales->value, not_null(metadata, "metadata"));
  });
}

neuralode_status neuralode_checkpoint_open(const char* path, neuralode_checkpoint* out_checkpoint) {
  return guarded([&] {
    not_null(out_checkpoint, "out_checkpoint");
    auto checkpoint = std::make_shared<neuralode_checkpoint_t>();
    checkpoint->value = Checkpoint::open(not_null(path, "path"));
    *out_checkpoint = new_handle(std::move(checkpoint));
  });
}

neuralode_status neuralode_checkpoint_destroy(neuralode_checkpoint checkpoint) {
  return guarded([&] { destroy_handle(checkpoint, "checkpoint"); });
}

neuralode_status neuralode_checkpoint_metadata(neuralode_checkpoint checkpoint, const char** out_metadata) {
  return guarded([&] { *not_null(out_metadata, "out_metadata") = held(checkpoint, "checkpoint")->value.metadata.c_str(); });
}

neuralode_status neuralode_checkpoint_restore(neuralode_checkpoint checkpoint, neuralode_model model, neuralode_optimizer optimizer,
                                              neuralode_grad_scaler scaler) {
  return guarded([&] {
    const auto source = held(checkpoint, "checkpoint");
    const auto target = held(model, "model");
    const auto updates = optimizer == nullptr ? nullptr : held(optimizer, "optimizer");
    const auto scales = scaler == nullptr ? nullptr : held(scaler, "scaler");
    source->value.restore(*target->value, updates == nullptr ? nullptr : updates->value.get(),
                          scales == nullptr ? nullptr : &scales->value);
  });
}
