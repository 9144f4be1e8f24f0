#include "nulls.h"

namespace neuralode::abi {

NullCalls model_nulls(World& w) {
  static neuralode_tensor out = nullptr;
  static neuralode_tensor_map map = nullptr;
  static neuralode_model model = nullptr;
  static neuralode_optimizer optimizer = nullptr;
  static neuralode_checkpoint checkpoint = nullptr;
  static const char* text = nullptr;
  static double scale = 0;
  return {
      {"neuralode_model_options_init.out_options", [] { return neuralode_model_options_init(sizeof(neuralode_model_options), nullptr); }},
      {"neuralode_model_create.name", [] { return neuralode_model_create(nullptr, nullptr, nullptr, &model); }},
      {"neuralode_model_create.out_model", [] { return neuralode_model_create("odenet-small", nullptr, nullptr, nullptr); }},
      {"neuralode_model_forward.model", [&] { return neuralode_model_forward(nullptr, w.z.get(), &out); }},
      {"neuralode_model_forward.images", [&] { return neuralode_model_forward(w.model.get(), nullptr, &out); }},
      {"neuralode_model_forward.out_logits", [&] { return neuralode_model_forward(w.model.get(), w.z.get(), nullptr); }},
      {"neuralode_model_to.model", [] { return neuralode_model_to(nullptr, "cpu", 0); }},
      {"neuralode_model_to.device", [&] { return neuralode_model_to(w.model.get(), nullptr, 0); }},
      {"neuralode_model_set_training.model", [] { return neuralode_model_set_training(nullptr, 1); }},
      {"neuralode_model_set_solve.model", [] { return neuralode_model_set_solve(nullptr, nullptr); }},
      {"neuralode_model_parameters.model", [] { return neuralode_model_parameters(nullptr, &map); }},
      {"neuralode_model_parameters.out_map", [&] { return neuralode_model_parameters(w.model.get(), nullptr); }},
      {"neuralode_model_buffers.model", [] { return neuralode_model_buffers(nullptr, &map); }},
      {"neuralode_model_buffers.out_map", [&] { return neuralode_model_buffers(w.model.get(), nullptr); }},
      {"neuralode_model_statistics.model",
       [] {
         neuralode_statistics s;
         return neuralode_model_statistics(nullptr, 0, sizeof s, &s);
       }},
      {"neuralode_model_statistics.out_statistics",
       [&] { return neuralode_model_statistics(w.model.get(), 0, sizeof(neuralode_statistics), nullptr); }},
      {"neuralode_optimizer_options_init.out_options",
       [] { return neuralode_optimizer_options_init(sizeof(neuralode_optimizer_options), nullptr); }},
      {"neuralode_optimizer_create.parameters", [] { return neuralode_optimizer_create(nullptr, nullptr, 1, &optimizer); }},
      {"neuralode_optimizer_create.out_optimizer", [&] { return neuralode_optimizer_create(nullptr, w.w.list(), 1, nullptr); }},
      {"neuralode_optimizer_step.optimizer", [] { return neuralode_optimizer_step(nullptr); }},
      {"neuralode_optimizer_zero_grad.optimizer", [] { return neuralode_optimizer_zero_grad(nullptr); }},
      {"neuralode_optimizer_set_lr.optimizer", [] { return neuralode_optimizer_set_lr(nullptr, 0.1); }},
      {"neuralode_grad_scaler_options_init.out_options",
       [] { return neuralode_grad_scaler_options_init(sizeof(neuralode_grad_scaler_options), nullptr); }},
      {"neuralode_grad_scaler_create.out_scaler", [] { return neuralode_grad_scaler_create(nullptr, nullptr); }},
      {"neuralode_grad_scaler_scale.scaler", [&] { return neuralode_grad_scaler_scale(nullptr, w.z.get(), &out); }},
      {"neuralode_grad_scaler_scale.tensor", [&] { return neuralode_grad_scaler_scale(w.scaler.get(), nullptr, &out); }},
      {"neuralode_grad_scaler_scale.out_scaled", [&] { return neuralode_grad_scaler_scale(w.scaler.get(), w.z.get(), nullptr); }},
      {"neuralode_grad_scaler_unscale.scaler", [&] { return neuralode_grad_scaler_unscale(nullptr, w.optimizer.get()); }},
      {"neuralode_grad_scaler_unscale.optimizer", [&] { return neuralode_grad_scaler_unscale(w.scaler.get(), nullptr); }},
      {"neuralode_grad_scaler_step.scaler", [&] { return neuralode_grad_scaler_step(nullptr, w.optimizer.get(), nullptr); }},
      {"neuralode_grad_scaler_step.optimizer", [&] { return neuralode_grad_scaler_step(w.scaler.get(), nullptr, nullptr); }},
      {"neuralode_grad_scaler_update.scaler", [] { return neuralode_grad_scaler_update(nullptr); }},
      {"neuralode_grad_scaler_get.scaler", [] { return neuralode_grad_scaler_get(nullptr, &scale, nullptr); }},
      {"neuralode_grad_scaler_get.out_scale", [&] { return neuralode_grad_scaler_get(w.scaler.get(), nullptr, nullptr); }},
      {"neuralode_schedule_options_init.out_options",
       [] { return neuralode_schedule_options_init(sizeof(neuralode_schedule_options), nullptr); }},
      {"neuralode_schedule_rate.out_lr", [] { return neuralode_schedule_rate(nullptr, 0, nullptr); }},
      {"neuralode_checkpoint_save.path", [&] { return neuralode_checkpoint_save(nullptr, w.model.get(), w.optimizer.get(), nullptr, ""); }},
      {"neuralode_checkpoint_save.model", [&] { return neuralode_checkpoint_save("x", nullptr, w.optimizer.get(), nullptr, ""); }},
      {"neuralode_checkpoint_save.optimizer", [&] { return neuralode_checkpoint_save("x", w.model.get(), nullptr, nullptr, ""); }},
      {"neuralode_checkpoint_save.metadata",
       [&] { return neuralode_checkpoint_save("x", w.model.get(), w.optimizer.get(), nullptr, nullptr); }},
      {"neuralode_checkpoint_open.path", [] { return neuralode_checkpoint_open(nullptr, &checkpoint); }},
      {"neuralode_checkpoint_open.out_checkpoint", [] { return neuralode_checkpoint_open("x", nullptr); }},
      {"neuralode_checkpoint_metadata.checkpoint", [] { return neuralode_checkpoint_metadata(nullptr, &text); }},
      {"neuralode_checkpoint_restore.checkpoint", [&] { return neuralode_checkpoint_restore(nullptr, w.model.get(), nullptr, nullptr); }},
      {"neuralode_checkpoint_metadata.out_metadata", [&] { return neuralode_checkpoint_metadata(w.checkpoint.get(), nullptr); }},
      {"neuralode_checkpoint_restore.model", [&] { return neuralode_checkpoint_restore(w.checkpoint.get(), nullptr, nullptr, nullptr); }},
  };
}

}  // namespace neuralode::abi
