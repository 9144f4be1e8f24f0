#include "neuralode/data.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "c_api/guarded.h"
#include "c_api/handles.h"
#include "data/device_loader.h"
#include "data/image_folder.h"
#include "data/sample_reader.h"
#include "data/synthetic.h"
#include "tensors/device.h"

using namespace neuralode;
using namespace neuralode::c_api;

struct neuralode_image_folder_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::image_folder;
  neuralode_image_folder_t(const char* root, const char* split) : folder(std::make_shared<data::ImageFolder>(root, split)) {}
  std::shared_ptr<const data::ImageFolder> folder;
};

struct neuralode_loader_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::loader;
  neuralode_loader_t(std::shared_ptr<const data::ImageFolder> folder, const data::LoaderOptions& options, data::Transfer transfer)
      : loader(std::move(folder), options, transfer) {}
  data::DeviceLoader loader;
};

namespace {

constexpr std::int64_t kMostImageSize = 8192;
constexpr std::int64_t kMostBatchBytes = std::int64_t{1} << 38;  // more is a mistake, not a batch
constexpr std::int32_t kMostThreads = 1024;
constexpr std::int64_t kMostPerClass = 100000;  // five digits

template <class Value>
void require_in(Value value, Value least, Value most, const char* name) {
  require(value >= least && value <= most, name, ": ", value, " is not in [", least, ", ", most, "]");
}

void require_index(std::int64_t index, std::int64_t count) {
  require(index >= 0 && index < count, "index: ", index, " is not in [0, ", count, ")");
}

/// data::normalization_of, checked.
data::Normalization read_normalization(const neuralode_loader_options& options) {
  for (const double mean : {options.mean_red, options.mean_green, options.mean_blue}) {
    require(std::isfinite(mean), "options.mean: ", mean, " is not a number; give the mean of pixels in [0, 1]");
  }
  for (const double std : {options.std_red, options.std_green, options.std_blue}) {
    require(std::isfinite(std) && std > 0, "options.std: ", std, " is not above 0; 1 leaves the scale as it is");
  }
  return data::normalization_of({options.mean_red, options.mean_green, options.mean_blue},
                                {options.std_red, options.std_green, options.std_blue});
}

data::LoaderOptions checked_options(const neuralode_loader_options& options) {
  require_in<std::int32_t>(options.augmentation, NEURALODE_AUGMENT_NONE, NEURALODE_AUGMENT_PADDED_CROP, "options.augmentation");
  require_in<std::int64_t>(options.image_size, 1, kMostImageSize, "options.image_size");
  const std::int64_t sample_bytes = 3 * options.image_size * options.image_size * static_cast<std::int64_t>(sizeof(float));
  require_in<std::int64_t>(options.batch_size, 1, kMostBatchBytes / sample_bytes, "options.batch_size");
  require_in<std::int32_t>(options.workers, 1, kMostThreads, "options.workers");
  require(options.prefetch >= 1, "options.prefetch: ", options.prefetch, " is below 1");
  require(options.min_scale > 0 && options.min_scale <= 1, "options.min_scale: ", options.min_scale, " is not in (0, 1]");
  require_in<std::int32_t>(options.transfer, NEURALODE_TRANSFER_AUTO, NEURALODE_TRANSFER_UINT8, "options.transfer");
  data::LoaderOptions result;
  result.sample = {static_cast<data::Augmentation>(options.augmentation), static_cast<int>(options.image_size), options.min_scale,
                   read_normalization(options)};
  result.batch_size = options.batch_size;
  result.shuffle = options.shuffle != 0;
  result.drop_last = options.drop_last != 0;
  result.workers = options.workers;
  result.prefetch = options.prefetch;
  result.fail_on_error = options.fail_on_error != 0;
  result.seed = options.seed;
  return result;
}

data::SyntheticOptions read_synthetic_options(const neuralode_synthetic_options* given) {
  const auto options = read_options(given, neuralode_synthetic_options_init);
  require_in<std::int32_t>(options.image_size, 16, kMostImageSize, "options.image_size");
  require_in<std::int64_t>(options.train_per_class, 1, kMostPerClass, "options.train_per_class");
  require_in<std::int64_t>(options.test_per_class, 1, kMostPerClass, "options.test_per_class");
  require_in<std::int32_t>(options.quality, 1, 100, "options.quality");
  require_in<std::int32_t>(options.threads, 1, kMostThreads, "options.threads");
  return {options.image_size, options.train_per_class, options.test_per_class, options.quality, options.threads, options.seed};
}

}  // namespace

neuralode_status neuralode_image_folder_open(const char* root, const char* split, neuralode_image_folder* out_folder) {
  return guarded([&] {
    not_null(out_folder, "out_folder");
    *out_folder = new_handle(std::make_shared<neuralode_image_folder_t>(not_null(root, "root"), not_null(split, "split")));
  });
}

neuralode_status neuralode_image_folder_destroy(neuralode_image_folder folder) {
  return guarded([&] { destroy_handle(folder, "folder"); });
}

neuralode_status neuralode_image_folder_count(neuralode_image_folder folder, int64_t* out_images, int64_t* out_classes) {
  return guarded([&] {
    const auto images = held(folder, "folder")->folder;
    not_null(out_images, "out_images");
    not_null(out_classes, "out_classes");
    *out_images = images->images();
    *out_classes = images->classes();
  });
}

neuralode_status neuralode_image_folder_class_name(neuralode_image_folder folder, int64_t index, const char** out_name) {
  return guarded([&] {
    const auto images = held(folder, "folder")->folder;
    not_null(out_name, "out_name");
    require_index(index, images->classes());
    *out_name = images->class_name(index).c_str();
  });
}

neuralode_status neuralode_image_folder_image(neuralode_image_folder folder, int64_t index, const char** out_path, int64_t* out_label) {
  return guarded([&] {
    const auto images = held(folder, "folder")->folder;
    not_null(out_path, "out_path");
    not_null(out_label, "out_label");
    require_index(index, images->images());
    *out_path = images->path(index);
    *out_label = images->label(index);
  });
}

neuralode_status neuralode_loader_options_init(uint32_t struct_size, neuralode_loader_options* out_options) {
  return guarded([&] {
    neuralode_loader_options options{};
    options.struct_size = sizeof(options);
    options.augmentation = NEURALODE_AUGMENT_NONE;
    options.batch_size = 128;
    options.image_size = 224;
    options.workers = 1;
    options.prefetch = 4;
    options.min_scale = 0.08;
    options.mean_red = 0.485;
    options.mean_green = 0.456;
    options.mean_blue = 0.406;
    options.std_red = 0.229;
    options.std_green = 0.224;
    options.std_blue = 0.225;
    write_options(options, struct_size, out_options);
  });
}

neuralode_status neuralode_loader_create(neuralode_image_folder folder, const neuralode_loader_options* options,
                                         neuralode_loader* out_loader) {
  return guarded([&] {
    not_null(out_loader, "out_loader");
    const auto given = read_options(options, neuralode_loader_options_init);
    const auto checked = checked_options(given);
    *out_loader = new_handle(
        std::make_shared<neuralode_loader_t>(held(folder, "folder")->folder, checked, static_cast<data::Transfer>(given.transfer)));
  });
}

neuralode_status neuralode_loader_to(neuralode_loader loader, const char* device, int32_t channels_last) {
  return guarded([&] {
    const auto source = held(loader, "loader");
    source->loader.to({usable_device(not_null(device, "device")), channels_last != 0});
  });
}

neuralode_status neuralode_loader_destroy(neuralode_loader loader) {
  return guarded([&] { destroy_handle(loader, "loader"); });
}

neuralode_status neuralode_loader_batches(neuralode_loader loader, int64_t* out_batches) {
  return guarded([&] { *not_null(out_batches, "out_batches") = held(loader, "loader")->loader.batches(); });
}

neuralode_status neuralode_loader_start(neuralode_loader loader, int64_t epoch, int64_t first_batch) {
  return guarded([&] { held(loader, "loader")->loader.start(epoch, first_batch); });
}

neuralode_status neuralode_loader_next(neuralode_loader loader, neuralode_tensor* out_images, neuralode_tensor* out_labels) {
  return guarded([&] {
    const auto source = held(loader, "loader");
    not_null(out_images, "out_images");
    not_null(out_labels, "out_labels");
    data::Batch batch;
    neuralode_tensor handles[2] = {nullptr, nullptr};
    if (source->loader.next(batch)) write_handles({batch.images, batch.labels}, handles);
    *out_images = handles[0];
    *out_labels = handles[1];
  });
}

neuralode_status neuralode_loader_position(neuralode_loader loader, int64_t* out_batch) {
  return guarded([&] { *not_null(out_batch, "out_batch") = held(loader, "loader")->loader.position(); });
}

neuralode_status neuralode_loader_get_statistics(neuralode_loader loader, uint32_t struct_size,
                                                 neuralode_loader_statistics* out_statistics) {
  return guarded([&] {
    const data::LoaderStatistics statistics = held(loader, "loader")->loader.statistics();
    write_struct(neuralode_loader_statistics{statistics.images, statistics.broken, statistics.seconds_waiting, statistics.seconds_stalled},
                 struct_size, out_statistics, "out_statistics");
  });
}

neuralode_status neuralode_loader_broken(neuralode_loader loader, int64_t index, const char** out_text) {
  return guarded([&] {
    const auto source = held(loader, "loader");
    const auto& broken = source->loader.broken();
    not_null(out_text, "out_text");
    require_index(index, std::min(source->loader.statistics().broken, static_cast<std::int64_t>(broken.size())));
    *out_text = broken[static_cast<std::size_t>(index)].c_str();
  });
}

neuralode_status neuralode_synthetic_options_init(uint32_t struct_size, neuralode_synthetic_options* out_options) {
  return guarded([&] {
    const data::SyntheticOptions defaults;
    const neuralode_synthetic_options options{
        sizeof options,   defaults.image_size, defaults.train_per_class, defaults.test_per_class, defaults.quality,
        defaults.threads, defaults.seed};
    write_options(options, struct_size, out_options);
  });
}

neuralode_status neuralode_synthetic_write(const char* root, const neuralode_synthetic_options* options) {
  return guarded([&] { data::write_synthetic(not_null(root, "root"), read_synthetic_options(options)); });
}

neuralode_status neuralode_image_read(const char* path, int64_t image_size, neuralode_tensor* out_image) {
  return guarded([&] {
    not_null(path, "path");
    not_null(out_image, "out_image");
    require_in<std::int64_t>(image_size, 1, kMostImageSize, "image_size");
    data::SampleOptions options;  // its normalisation is pixel / 255
    options.image_size = static_cast<int>(image_size);
    const at::Tensor image = at::empty({3, image_size, image_size}, at::kFloat);
    data::SampleReader().read(path, options, data::Random(0), image.data_ptr<float>());
    *out_image = handle_of(image);
  });
}
