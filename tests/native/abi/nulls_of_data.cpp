#include "nulls.h"

namespace neuralode::abi {

NullCalls data_nulls(World& w) {
  static neuralode_image_folder folder = nullptr;
  static neuralode_loader loader = nullptr;
  static neuralode_tensor out = nullptr;
  static const char* text = nullptr;
  static int64_t number = 0;
  return {
      {"neuralode_image_folder_open.root", [] { return neuralode_image_folder_open(nullptr, "train", &folder); }},
      {"neuralode_image_folder_open.split", [] { return neuralode_image_folder_open("x", nullptr, &folder); }},
      {"neuralode_image_folder_open.out_folder", [] { return neuralode_image_folder_open("x", "train", nullptr); }},
      {"neuralode_image_folder_count.folder", [] { return neuralode_image_folder_count(nullptr, &number, &number); }},
      {"neuralode_image_folder_count.out_images", [&] { return neuralode_image_folder_count(w.images.get(), nullptr, &number); }},
      {"neuralode_image_folder_count.out_classes", [&] { return neuralode_image_folder_count(w.images.get(), &number, nullptr); }},
      {"neuralode_image_folder_class_name.folder", [] { return neuralode_image_folder_class_name(nullptr, 0, &text); }},
      {"neuralode_image_folder_class_name.out_name", [&] { return neuralode_image_folder_class_name(w.images.get(), 0, nullptr); }},
      {"neuralode_image_folder_image.folder", [] { return neuralode_image_folder_image(nullptr, 0, &text, &number); }},
      {"neuralode_image_folder_image.out_path", [&] { return neuralode_image_folder_image(w.images.get(), 0, nullptr, &number); }},
      {"neuralode_image_folder_image.out_label", [&] { return neuralode_image_folder_image(w.images.get(), 0, &text, nullptr); }},
      {"neuralode_loader_options_init.out_options",
       [] { return neuralode_loader_options_init(sizeof(neuralode_loader_options), nullptr); }},
      {"neuralode_loader_create.folder", [] { return neuralode_loader_create(nullptr, nullptr, &loader); }},
      {"neuralode_loader_create.out_loader", [&] { return neuralode_loader_create(w.images.get(), nullptr, nullptr); }},
      {"neuralode_loader_to.loader", [] { return neuralode_loader_to(nullptr, "cpu", 0); }},
      {"neuralode_loader_to.device", [&] { return neuralode_loader_to(w.loader.get(), nullptr, 0); }},
      {"neuralode_loader_batches.loader", [] { return neuralode_loader_batches(nullptr, &number); }},
      {"neuralode_loader_batches.out_batches", [&] { return neuralode_loader_batches(w.loader.get(), nullptr); }},
      {"neuralode_loader_start.loader", [] { return neuralode_loader_start(nullptr, 0, 0); }},
      {"neuralode_loader_position.loader", [] { return neuralode_loader_position(nullptr, &number); }},
      {"neuralode_loader_position.out_batch", [&] { return neuralode_loader_position(w.loader.get(), nullptr); }},
      {"neuralode_loader_next.loader", [] { return neuralode_loader_next(nullptr, &out, &out); }},
      {"neuralode_loader_next.out_images", [&] { return neuralode_loader_next(w.loader.get(), nullptr, &out); }},
      {"neuralode_loader_next.out_labels", [&] { return neuralode_loader_next(w.loader.get(), &out, nullptr); }},
      {"neuralode_loader_get_statistics.loader",
       [] {
         neuralode_loader_statistics s;
         return neuralode_loader_get_statistics(nullptr, sizeof s, &s);
       }},
      {"neuralode_loader_get_statistics.out_statistics",
       [&] { return neuralode_loader_get_statistics(w.loader.get(), sizeof(neuralode_loader_statistics), nullptr); }},
      {"neuralode_loader_broken.loader", [] { return neuralode_loader_broken(nullptr, 0, &text); }},
      {"neuralode_loader_broken.out_text", [&] { return neuralode_loader_broken(w.loader.get(), 0, nullptr); }},
      {"neuralode_synthetic_options_init.out_options",
       [] { return neuralode_synthetic_options_init(sizeof(neuralode_synthetic_options), nullptr); }},
      {"neuralode_synthetic_write.root", [] { return neuralode_synthetic_write(nullptr, nullptr); }},
      {"neuralode_image_read.path", [] { return neuralode_image_read(nullptr, 8, &out); }},
      {"neuralode_image_read.out_image", [] { return neuralode_image_read("x", 8, nullptr); }},
  };
}

}  // namespace neuralode::abi
