#include "c_api/model.h"

#include "c_api/guarded.h"
#include "c_api/options.h"
#include "c_api/tensor_map.h"
#include "tensors/device.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace {

std::shared_ptr<ImageModel> model_of(neuralode_model model) { return held(model, "model")->value; }

NamedTensors named(const torch::OrderedDict<std::string, at::Tensor>& tensors) {
  NamedTensors result;
  for (const auto& item : tensors) result.emplace_back(item.key(), item.value());
  return result;
}

}  // namespace

neuralode_status neuralode_model_options_init(uint32_t struct_size, neuralode_model_options* out_options) {
  return guarded([&] {
    const ImageModelOptions defaults;
    neuralode_model_options options{};
    options.struct_size = sizeof options;
    options.stem = NEURALODE_STEM_AUTO;
    options.classes = defaults.classes;
    options.image_size = defaults.image_size;
    options.seed = defaults.seed;
    write_options(options, struct_size, out_options);
  });
}

neuralode_status neuralode_model_create(const char* name, const neuralode_model_options* options, const neuralode_solve_options* solve,
                                        neuralode_model* out_model) {
  return guarded([&] {
    not_null(out_model, "out_model");
    const auto given = read_options(options, &neuralode_model_options_init);
    const ImageModelOptions checked{static_cast<Stem>(given.stem), given.classes, given.image_size, given.seed};
    auto model = std::make_shared<neuralode_model_t>();
    model->value = make_image_model(not_null(name, "name"), checked, solve_options_of(solve));
    *out_model = new_handle(std::move(model));
  });
}

neuralode_status neuralode_model_destroy(neuralode_model model) {
  return guarded([&] { destroy_handle(model, "model"); });
}

neuralode_status neuralode_model_forward(neuralode_model model, neuralode_tensor images, neuralode_tensor* out_logits) {
  return guarded([&] {
    not_null(out_logits, "out_logits");
    *out_logits = handle_of(model_of(model)->classify(tensor_of(images, "images")));
  });
}

neuralode_status neuralode_model_to(neuralode_model model, const char* device, int32_t channels_last) {
  return guarded([&] {
    const auto target = model_of(model);
    target->place(usable_device(not_null(device, "device")),
                  channels_last != 0 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  });
}

neuralode_status neuralode_model_set_training(neuralode_model model, int32_t training) {
  return guarded([&] { model_of(model)->train(training != 0); });
}

neuralode_status neuralode_model_set_solve(neuralode_model model, const neuralode_solve_options* solve) {
  return guarded([&] { model_of(model)->set_solve_options(solve_options_of(solve)); });
}

neuralode_status neuralode_model_parameters(neuralode_model model, neuralode_tensor_map* out_map) {
  return guarded([&] {
    not_null(out_map, "out_map");
    *out_map = map_of(named(model_of(model)->named_parameters()));
  });
}

neuralode_status neuralode_model_buffers(neuralode_model model, neuralode_tensor_map* out_map) {
  return guarded([&] {
    not_null(out_map, "out_map");
    *out_map = map_of(named(model_of(model)->named_buffers()));
  });
}

neuralode_status neuralode_model_statistics(neuralode_model model, int32_t reset, uint32_t struct_size,
                                            neuralode_statistics* out_statistics) {
  return guarded([&] {
    require_struct<neuralode_statistics>(struct_size, out_statistics, "out_statistics");
    write_struct(statistics_of(model_of(model)->statistics(reset != 0)), struct_size, out_statistics, "out_statistics");
  });
}
