// data.h. Two images of sixteen pixels a class, one of them broken.
#include "world.h"

namespace neuralode::fuzz {

namespace {

void open_folder(World& w) {
  constexpr const char* splits[] = {"train", "train", "test", "", nullptr, "none", "..", "train/../.."};
  const auto root = w.in.rarely(4) ? w.path() : w.folder() + "/images";
  neuralode_image_folder made = nullptr;
  w.keep(kFolder, neuralode_image_folder_open(root.c_str(), w.in.any(splits), &made), made);
}

void create_loader(World& w) {
  neuralode_loader_options options{};
  neuralode_loader_options_init(sizeof options, &options);
  constexpr std::int64_t image_sizes[] = {8, 16, 1, 7, 0, -1, 8193, INT64_MAX, INT64_MIN};
  constexpr std::int32_t workers[] = {1, 2, 0, -1, 1025, INT32_MIN, INT32_MAX};
  options.image_size = w.in.any(image_sizes);
  options.batch_size = w.in.integer();
  options.augmentation = w.in.choice(2);
  if (w.in.rarely(4)) options.workers = w.in.any(workers);
  if (w.in.rarely(4)) options.prefetch = static_cast<std::int32_t>(w.in.integer() % INT32_MAX);
  options.shuffle = w.in.flag();
  options.drop_last = w.in.flag();
  options.fail_on_error = w.in.flag();
  if (w.in.rarely(4)) options.transfer = w.in.choice(2);
  options.seed = static_cast<std::uint64_t>(w.in.integer());
  if (w.in.rarely(4)) options.min_scale = w.in.real();
  if (w.in.rarely(4)) options.mean_red = w.in.real();
  if (w.in.rarely(4)) options.std_blue = w.in.real();
  options.struct_size = w.in.struct_size(sizeof options);
  neuralode_loader made = nullptr;
  auto* const folder = w.any<neuralode_image_folder>(kFolder);
  w.keep(kLoader, neuralode_loader_create(folder, w.in.rarely(32) ? nullptr : &options, &made), made);
}

void next(World& w) {
  neuralode_tensor images = nullptr, labels = nullptr;
  const auto status = neuralode_loader_next(w.any<neuralode_loader>(kLoader), &images, w.in.rarely(16) ? nullptr : &labels);
  w.keep_tensor(status, images);
  w.keep_tensor(status, labels);
}

/// Where something lies already, or where nothing can: what is written once would be there for the inputs after.
void write_synthetic(World& w) {
  neuralode_synthetic_options options{};
  neuralode_synthetic_options_init(sizeof options, &options);
  constexpr std::int32_t image_sizes[] = {16, 32, 15, -1, 8193, INT32_MAX};
  constexpr std::int64_t counts[] = {1, 0, -1, 100001, INT64_MAX, INT64_MIN};
  constexpr std::int32_t threads[] = {1, 2, 0, -1, 1025, INT32_MAX};
  options.image_size = w.in.any(image_sizes);
  options.train_per_class = w.in.any(counts);
  options.test_per_class = w.in.any(counts);
  if (w.in.rarely(2)) options.quality = w.in.choice(100);
  options.threads = w.in.any(threads);
  options.struct_size = w.in.struct_size(sizeof options);
  if (options.struct_size < sizeof options) options.struct_size = 0;  // the defaults write six thousand files
  const auto root = w.in.rarely(4) ? w.folder() + "/images/synthetic.txt/x" : w.folder() + "/images";
  succeeded(neuralode_synthetic_write(w.in.rarely(16) ? nullptr : root.c_str(), &options));
}

Calls loader_calls() {
  return {
      {"neuralode_loader_options_init",
       [](World& w) {
         neuralode_loader_options options{};
         succeeded(neuralode_loader_options_init(w.in.struct_size(sizeof options), w.in.rarely(8) ? nullptr : &options));
       }},
      {"neuralode_loader_create", create_loader},
      {"neuralode_loader_to",
       [](World& w) {
         constexpr const char* devices[] = {"cpu", "cpu", "cuda:0", "cuda:99", "", nullptr};
         auto* const loader = w.any<neuralode_loader>(kLoader);
         const auto* const device = w.in.any(devices);
         succeeded(neuralode_loader_to(loader, device, w.in.flag()));
       }},
      {"neuralode_loader_destroy", [](World& w) { succeeded(neuralode_loader_destroy(w.any_to_destroy<neuralode_loader>(kLoader))); }},
      {"neuralode_loader_batches",
       [](World& w) {
         std::int64_t batches = 0;
         succeeded(neuralode_loader_batches(w.any<neuralode_loader>(kLoader), w.in.rarely(8) ? nullptr : &batches));
       }},
      {"neuralode_loader_start",
       [](World& w) {
         auto* const loader = w.any<neuralode_loader>(kLoader);
         const auto epoch = w.in.integer();
         succeeded(neuralode_loader_start(loader, epoch, w.in.integer()));
       }},
      {"neuralode_loader_next", next},
      {"neuralode_loader_position",
       [](World& w) {
         std::int64_t position = 0;
         succeeded(neuralode_loader_position(w.any<neuralode_loader>(kLoader), w.in.rarely(8) ? nullptr : &position));
       }},
      {"neuralode_loader_get_statistics",
       [](World& w) {
         neuralode_loader_statistics statistics{};
         auto* const loader = w.any<neuralode_loader>(kLoader);
         succeeded(neuralode_loader_get_statistics(loader, w.in.struct_size(sizeof statistics), w.in.rarely(8) ? nullptr : &statistics));
       }},
      {"neuralode_loader_broken",
       [](World& w) {
         const char* text = nullptr;
         auto* const loader = w.any<neuralode_loader>(kLoader);
         succeeded(neuralode_loader_broken(loader, w.in.integer(), &text));
       }},
  };
}

}  // namespace

Calls data_calls() {
  Calls all = {
      {"neuralode_image_folder_open", open_folder},
      {"neuralode_image_folder_destroy",
       [](World& w) { succeeded(neuralode_image_folder_destroy(w.any_to_destroy<neuralode_image_folder>(kFolder))); }},
      {"neuralode_image_folder_count",
       [](World& w) {
         std::int64_t images = 0, classes = 0;
         auto* const folder = w.any<neuralode_image_folder>(kFolder);
         succeeded(neuralode_image_folder_count(folder, w.in.rarely(8) ? nullptr : &images, w.in.rarely(8) ? nullptr : &classes));
       }},
      {"neuralode_image_folder_class_name",
       [](World& w) {
         const char* name = nullptr;
         auto* const folder = w.any<neuralode_image_folder>(kFolder);
         succeeded(neuralode_image_folder_class_name(folder, w.in.integer(), w.in.rarely(8) ? nullptr : &name));
       }},
      {"neuralode_image_folder_image",
       [](World& w) {
         const char* path = nullptr;
         std::int64_t label = 0;
         auto* const folder = w.any<neuralode_image_folder>(kFolder);
         succeeded(neuralode_image_folder_image(folder, w.in.integer(), w.in.rarely(8) ? nullptr : &path, &label));
       }},
      {"neuralode_synthetic_options_init",
       [](World& w) {
         neuralode_synthetic_options options{};
         succeeded(neuralode_synthetic_options_init(w.in.struct_size(sizeof options), w.in.rarely(8) ? nullptr : &options));
       }},
      {"neuralode_synthetic_write", write_synthetic},
      {"neuralode_image_read",
       [](World& w) {
         constexpr std::int64_t sizes[] = {8, 16, 0, -1, 8193, INT64_MAX};
         neuralode_tensor made = nullptr;
         const auto path = w.in.rarely(2) ? w.path() : w.folder() + "/images/synthetic.txt";
         w.keep_tensor(neuralode_image_read(path.c_str(), w.in.any(sizes), &made), made);
       }},
  };
  const auto loader = loader_calls();
  all.insert(all.end(), loader.begin(), loader.end());
  return all;
}

}  // namespace neuralode::fuzz
