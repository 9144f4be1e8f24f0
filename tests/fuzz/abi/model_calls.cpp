// model.h and optim.h.
#include <algorithm>

#include "world.h"

namespace neuralode::fuzz {

namespace {

/// Few classes, or more than there is memory for.
void create_model(World& w) {
  neuralode_model_options options{};
  neuralode_model_options_init(sizeof options, &options);
  constexpr std::int64_t classes[] = {2, 3, 1, 0, -1, std::int64_t{1} << 44, INT64_MAX, INT64_MIN};
  options.classes = w.in.rarely(4) ? w.in.any(classes) : 2;
  options.image_size = w.in.rarely(4) ? w.in.integer() : 8;
  options.stem = w.in.rarely(4) ? w.in.choice(2) : NEURALODE_STEM_AUTO;
  options.struct_size = w.in.struct_size(sizeof options);
  constexpr const char* names[] = {"odenet-small", "odenet-small", "odenet-small", "", nullptr, "resnet", "\xff"};
  const auto solve = solve_options(w, true);
  neuralode_model made = nullptr;
  w.keep(kModel, neuralode_model_create(w.in.any(names), w.in.rarely(16) ? nullptr : &options, &solve, &made), made);
}

void create_optimizer(World& w) {
  neuralode_optimizer_options options{};
  neuralode_optimizer_options_init(sizeof options, &options);
  options.kind = w.in.choice(2);
  options.lr = w.in.real();
  if (w.in.rarely(4)) options.momentum = w.in.real();
  if (w.in.rarely(4)) options.weight_decay = w.in.real();
  if (w.in.rarely(4)) options.nesterov = w.in.flag();
  if (w.in.rarely(4)) options.beta1 = w.in.real();
  if (w.in.rarely(4)) options.beta2 = w.in.real();
  if (w.in.rarely(4)) options.epsilon = w.in.real();
  options.struct_size = w.in.struct_size(sizeof options);
  const auto parameters = w.tensors();
  neuralode_optimizer made = nullptr;
  w.keep(kOptimizer,
         neuralode_optimizer_create(w.in.rarely(16) ? nullptr : &options, parameters.data(),
                                    w.in.rarely(32) ? -1 : static_cast<std::int64_t>(parameters.size()), &made),
         made);
}

void rate(World& w) {
  neuralode_schedule_options options{};
  neuralode_schedule_options_init(sizeof options, &options);
  options.kind = w.in.choice(3);
  options.lr = w.in.real();
  options.total_steps = w.in.integer();
  options.period = w.in.integer();
  options.gamma = w.in.real();
  options.warmup = w.in.real();
  options.initial_divisor = w.in.real();
  options.final_factor = w.in.real();
  options.struct_size = w.in.struct_size(sizeof options);
  double lr = 0;
  succeeded(neuralode_schedule_rate(&options, w.in.integer(), w.in.rarely(16) ? nullptr : &lr));
}

/// The arguments stay in one order whatever the compiler makes of them.
void checkpoint_save(World& w) {
  auto* const model = w.any<neuralode_model>(kModel);
  auto* const optimizer = w.any<neuralode_optimizer>(kOptimizer);
  const auto path = w.path();
  auto* const scaler = w.in.rarely(2) ? w.any<neuralode_grad_scaler>(kScaler) : nullptr;
  succeeded(neuralode_checkpoint_save(path.c_str(), model, optimizer, scaler, w.in.text()));
}

void checkpoint_restore(World& w) {
  auto* const checkpoint = w.any<neuralode_checkpoint>(kCheckpoint);
  auto* const model = w.any<neuralode_model>(kModel);
  auto* const optimizer = w.in.rarely(2) ? w.any<neuralode_optimizer>(kOptimizer) : nullptr;
  succeeded(neuralode_checkpoint_restore(checkpoint, model, optimizer, w.in.rarely(4) ? w.any<neuralode_grad_scaler>(kScaler) : nullptr));
}

void create_scaler(World& w) {
  neuralode_grad_scaler_options options{};
  neuralode_grad_scaler_options_init(sizeof options, &options);
  if (w.in.rarely(4)) options.initial_scale = w.in.real();
  if (w.in.rarely(4)) options.growth_factor = w.in.real();
  if (w.in.rarely(4)) options.backoff_factor = w.in.real();
  if (w.in.rarely(4)) options.growth_interval = w.in.integer();
  options.struct_size = w.in.struct_size(sizeof options);
  neuralode_grad_scaler made = nullptr;
  w.keep(kScaler, neuralode_grad_scaler_create(w.in.rarely(16) ? nullptr : &options, &made), made);
}

Calls scaler_calls() {
  return {
      {"neuralode_grad_scaler_options_init",
       [](World& w) {
         neuralode_grad_scaler_options options{};
         succeeded(neuralode_grad_scaler_options_init(w.in.struct_size(sizeof options), w.in.rarely(8) ? nullptr : &options));
       }},
      {"neuralode_grad_scaler_create", create_scaler},
      {"neuralode_grad_scaler_destroy",
       [](World& w) { succeeded(neuralode_grad_scaler_destroy(w.any_to_destroy<neuralode_grad_scaler>(kScaler))); }},
      {"neuralode_grad_scaler_scale",
       [](World& w) {
         neuralode_tensor made = nullptr;
         auto* const scaler = w.any<neuralode_grad_scaler>(kScaler);
         w.keep_tensor(neuralode_grad_scaler_scale(scaler, w.tensor(), &made), made);
       }},
      {"neuralode_grad_scaler_unscale",
       [](World& w) {
         auto* const scaler = w.any<neuralode_grad_scaler>(kScaler);
         succeeded(neuralode_grad_scaler_unscale(scaler, w.any<neuralode_optimizer>(kOptimizer)));
       }},
      {"neuralode_grad_scaler_step",
       [](World& w) {
         std::int32_t stepped = 0;
         auto* const scaler = w.any<neuralode_grad_scaler>(kScaler);
         auto* const optimizer = w.any<neuralode_optimizer>(kOptimizer);
         succeeded(neuralode_grad_scaler_step(scaler, optimizer, w.in.rarely(4) ? nullptr : &stepped));
       }},
      {"neuralode_grad_scaler_update", [](World& w) { succeeded(neuralode_grad_scaler_update(w.any<neuralode_grad_scaler>(kScaler))); }},
      {"neuralode_grad_scaler_get",
       [](World& w) {
         double scale = 0;
         std::int64_t tracker = 0;
         auto* const scaler = w.any<neuralode_grad_scaler>(kScaler);
         succeeded(neuralode_grad_scaler_get(scaler, w.in.rarely(8) ? nullptr : &scale, w.in.rarely(4) ? nullptr : &tracker));
       }},
  };
}

Calls optim_calls() {
  return {
      {"neuralode_optimizer_options_init",
       [](World& w) {
         neuralode_optimizer_options options{};
         succeeded(neuralode_optimizer_options_init(w.in.struct_size(sizeof options), w.in.rarely(8) ? nullptr : &options));
       }},
      {"neuralode_optimizer_create", create_optimizer},
      {"neuralode_optimizer_destroy",
       [](World& w) { succeeded(neuralode_optimizer_destroy(w.any_to_destroy<neuralode_optimizer>(kOptimizer))); }},
      {"neuralode_optimizer_step", [](World& w) { succeeded(neuralode_optimizer_step(w.any<neuralode_optimizer>(kOptimizer))); }},
      {"neuralode_optimizer_zero_grad", [](World& w) { succeeded(neuralode_optimizer_zero_grad(w.any<neuralode_optimizer>(kOptimizer))); }},
      {"neuralode_optimizer_set_lr",
       [](World& w) { succeeded(neuralode_optimizer_set_lr(w.any<neuralode_optimizer>(kOptimizer), w.in.real())); }},
      {"neuralode_schedule_options_init",
       [](World& w) {
         neuralode_schedule_options options{};
         succeeded(neuralode_schedule_options_init(w.in.struct_size(sizeof options), w.in.rarely(8) ? nullptr : &options));
       }},
      {"neuralode_schedule_rate", rate},
      {"neuralode_checkpoint_save", checkpoint_save},
      {"neuralode_checkpoint_open",
       [](World& w) {
         neuralode_checkpoint made = nullptr;
         w.keep(kCheckpoint, neuralode_checkpoint_open(w.path().c_str(), &made), made);
       }},
      {"neuralode_checkpoint_destroy",
       [](World& w) { succeeded(neuralode_checkpoint_destroy(w.any_to_destroy<neuralode_checkpoint>(kCheckpoint))); }},
      {"neuralode_checkpoint_metadata",
       [](World& w) {
         const char* text = nullptr;
         auto* const checkpoint = w.any<neuralode_checkpoint>(kCheckpoint);
         succeeded(neuralode_checkpoint_metadata(checkpoint, w.in.rarely(16) ? nullptr : &text));
       }},
      {"neuralode_checkpoint_restore", checkpoint_restore},
  };
}

}  // namespace

Calls model_calls() {
  Calls all = {
      {"neuralode_model_options_init",
       [](World& w) {
         neuralode_model_options options{};
         succeeded(neuralode_model_options_init(w.in.struct_size(sizeof options), w.in.rarely(8) ? nullptr : &options));
       }},
      {"neuralode_model_create", create_model},
      {"neuralode_model_destroy", [](World& w) { succeeded(neuralode_model_destroy(w.any_to_destroy<neuralode_model>(kModel))); }},
      {"neuralode_model_forward",
       [](World& w) {
         neuralode_tensor made = nullptr;
         auto* const model = w.any<neuralode_model>(kModel);
         w.keep_tensor(neuralode_model_forward(model, w.in.rarely(4) ? w.tensor() : w.image(), &made), made);
       }},
      {"neuralode_model_to",
       [](World& w) {
         constexpr const char* devices[] = {"cpu", "cuda:0", "cuda:999", "", nullptr, "meta"};
         auto* const model = w.any<neuralode_model>(kModel);
         const auto* const device = w.in.any(devices);
         succeeded(neuralode_model_to(model, device, w.in.flag()));
       }},
      {"neuralode_model_set_training",
       [](World& w) { succeeded(neuralode_model_set_training(w.any<neuralode_model>(kModel), w.in.flag())); }},
      {"neuralode_model_set_solve",
       [](World& w) {
         auto* const model = w.any<neuralode_model>(kModel);
         const auto options = solve_options(w, true);
         succeeded(neuralode_model_set_solve(model, &options));
       }},
      {"neuralode_model_parameters",
       [](World& w) {
         neuralode_tensor_map made = nullptr;
         w.keep(kMap, neuralode_model_parameters(w.any<neuralode_model>(kModel), &made), made);
       }},
      {"neuralode_model_buffers",
       [](World& w) {
         neuralode_tensor_map made = nullptr;
         w.keep(kMap, neuralode_model_buffers(w.any<neuralode_model>(kModel), &made), made);
       }},
      {"neuralode_model_statistics",
       [](World& w) {
         neuralode_statistics statistics{};
         auto* const model = w.any<neuralode_model>(kModel);
         const auto size = w.in.struct_size(sizeof statistics);
         succeeded(neuralode_model_statistics(model, w.in.flag(), size, w.in.rarely(8) ? nullptr : &statistics));
       }},
  };
  for (const auto& part : {optim_calls(), scaler_calls()}) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace neuralode::fuzz
