#include <cstddef>
#include <nlohmann/json.hpp>

#include "c_api/guarded.h"
#include "c_api/handles.h"
#include "neuralode/neuralode.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace {

using Json = nlohmann::ordered_json;

/// {"size": bytes, field: offset, ...}
Json layout(std::size_t size, std::initializer_list<std::pair<const char*, std::size_t>> offsets) {
  Json result;
  result["size"] = size;
  for (const auto& [name, offset] : offsets) result[name] = offset;
  return result;
}

// A macro, because offsetof takes the name of a field, not a value.
#define FIELD(name) \
  { #name, offsetof(Struct, name) }

Json solve_layouts() {
  Json result;
  {
    using Struct = neuralode_solve_options;
    result["neuralode_solve_options"] = layout(sizeof(Struct), {FIELD(struct_size),
                                                                FIELD(solver),
                                                                FIELD(gradient),
                                                                FIELD(reversal),
                                                                FIELD(step_size),
                                                                FIELD(rtol),
                                                                FIELD(atol),
                                                                FIELD(initial_step_size),
                                                                FIELD(eta),
                                                                FIELD(max_steps),
                                                                FIELD(snapshots),
                                                                FIELD(failure),
                                                                FIELD(snapshot_interval),
                                                                FIELD(drift_tolerance),
                                                                FIELD(checkpoints),
                                                                FIELD(controller),
                                                                FIELD(adjoint_seminorm),
                                                                FIELD(coupling),
                                                                FIELD(newton_tolerance),
                                                                FIELD(dense_jacobian_limit),
                                                                FIELD(max_newton_iterations),
                                                                FIELD(krylov_dimension),
                                                                FIELD(dense_output),
                                                                FIELD(per_sample),
                                                                FIELD(checkpoint_stages),
                                                                FIELD(graphs)});
  }
  {
    using Struct = neuralode_statistics;
    result["neuralode_statistics"] =
        layout(sizeof(Struct), {FIELD(steps_accepted), FIELD(steps_rejected), FIELD(nfe_forward), FIELD(nfe_backward), FIELD(snapshots),
                                FIELD(reconstruction_error), FIELD(snapshot_bytes), FIELD(steps_replayed), FIELD(newton_iterations),
                                FIELD(newton_failures), FIELD(jacobian_products), FIELD(jacobian_products_backward)});
  }
  {
    using Struct = neuralode_model_options;
    result["neuralode_model_options"] =
        layout(sizeof(Struct), {FIELD(struct_size), FIELD(stem), FIELD(classes), FIELD(image_size), FIELD(seed)});
  }
  return result;
}

Json tensor_layouts() {
  Json result;
  {
    using Struct = neuralode_tensor_info;
    result["neuralode_tensor_info"] =
        layout(sizeof(Struct), {FIELD(dims), FIELD(count), FIELD(bytes), FIELD(dtype), FIELD(is_cuda), FIELD(device_index),
                                FIELD(is_contiguous), FIELD(requires_grad), FIELD(is_leaf)});
  }
  {
    using Struct = neuralode_value;
    result["neuralode_value"] =
        layout(sizeof(Struct), {FIELD(kind), FIELD(reserved), FIELD(integer), FIELD(real), FIELD(tensor), FIELD(data), FIELD(count)});
  }
  return result;
}

Json optim_layouts() {
  Json result;
  {
    using Struct = neuralode_optimizer_options;
    result["neuralode_optimizer_options"] =
        layout(sizeof(Struct), {FIELD(struct_size), FIELD(kind), FIELD(lr), FIELD(momentum), FIELD(weight_decay), FIELD(nesterov),
                                FIELD(reserved), FIELD(beta1), FIELD(beta2), FIELD(epsilon)});
  }
  {
    using Struct = neuralode_grad_scaler_options;
    result["neuralode_grad_scaler_options"] = layout(sizeof(Struct), {FIELD(struct_size), FIELD(reserved), FIELD(initial_scale),
                                                                      FIELD(growth_factor), FIELD(backoff_factor), FIELD(growth_interval)});
  }
  {
    using Struct = neuralode_schedule_options;
    result["neuralode_schedule_options"] =
        layout(sizeof(Struct), {FIELD(struct_size), FIELD(kind), FIELD(lr), FIELD(total_steps), FIELD(period), FIELD(gamma), FIELD(warmup),
                                FIELD(initial_divisor), FIELD(final_factor)});
  }
  return result;
}

Json data_layouts() {
  Json result;
  {
    using Struct = neuralode_loader_options;
    result["neuralode_loader_options"] = layout(
        sizeof(Struct), {FIELD(struct_size), FIELD(augmentation), FIELD(batch_size), FIELD(image_size), FIELD(shuffle), FIELD(drop_last),
                         FIELD(workers), FIELD(prefetch), FIELD(fail_on_error), FIELD(transfer), FIELD(seed), FIELD(min_scale),
                         FIELD(mean_red), FIELD(mean_green), FIELD(mean_blue), FIELD(std_red), FIELD(std_green), FIELD(std_blue)});
  }
  {
    using Struct = neuralode_loader_statistics;
    result["neuralode_loader_statistics"] =
        layout(sizeof(Struct), {FIELD(images), FIELD(broken), FIELD(seconds_waiting), FIELD(seconds_stalled)});
  }
  {
    using Struct = neuralode_synthetic_options;
    result["neuralode_synthetic_options"] = layout(sizeof(Struct), {FIELD(struct_size), FIELD(image_size), FIELD(train_per_class),
                                                                    FIELD(test_per_class), FIELD(quality), FIELD(threads), FIELD(seed)});
  }
  return result;
}

}  // namespace

neuralode_status neuralode_struct_layouts(const char** out_json) {
  return guarded([&] {
    not_null(out_json, "out_json");
    static const std::string text = [] {
      Json all;
      for (const auto& part : {tensor_layouts(), solve_layouts(), optim_layouts(), data_layouts()}) all.update(part);
      return all.dump();
    }();
    *out_json = text.c_str();
  });
}
