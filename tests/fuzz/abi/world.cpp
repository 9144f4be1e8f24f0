#include "world.h"

#include <ATen/dlpack.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

namespace neuralode::fuzz {

std::int64_t Source::integer() {
  constexpr std::int64_t edges[] = {INT64_MIN, INT64_MIN + 1, -(std::int64_t{1} << 32), INT32_MIN, -2,        -1,       8192,
                                    65537,     INT32_MAX,     std::int64_t{1} << 32,    1LL << 46, 1LL << 62, INT64_MAX};
  return rarely(8) ? any(edges) : byte() % 6;
}

double Source::real() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double edges[] = {
      std::numeric_limits<double>::quiet_NaN(), infinity, -infinity, 5e-324, -5e-324, 1e-300, 1e300, -1e300, 1e38, -0.0, -1.0, 1e-20};
  constexpr double plain[] = {0, 0.25, 0.5, 1, 1e-3, 0.1, 2, 0.999};
  return rarely(12) ? any(edges) : any(plain);
}

std::uint32_t Source::struct_size(std::size_t size) {
  if (!rarely(16)) return static_cast<std::uint32_t>(size);
  const std::uint32_t sizes[] = {0,         1, 3, 4, 5, 8, 12, static_cast<std::uint32_t>(size) - 1, static_cast<std::uint32_t>(size) + 1,
                                 UINT32_MAX};
  return std::min<std::uint32_t>(any(sizes), UINT32_MAX);
}

const char* Source::text() {
  constexpr const char* texts[] = {"x", "", nullptr, "a", "\xff\xfe", "__metadata__", "%s%n", "\xc3\xa9", "odenet-small", "a/../b"};
  return any(texts);
}

const char* Source::device() {
  constexpr const char* devices[] = {"cpu",    nullptr, "meta", "cuda:0", "", "cpu:-1", "cpu:1000", "mkldnn", "cuda:99999999999",
                                     "vulkan", "cpu "};
  return any(devices);
}

std::int32_t Source::dtype() {
  constexpr std::int32_t dtypes[] = {NEURALODE_FLOAT64,
                                     NEURALODE_FLOAT64,
                                     NEURALODE_FLOAT32,
                                     NEURALODE_FLOAT32,
                                     NEURALODE_FLOAT16,
                                     NEURALODE_BFLOAT16,
                                     NEURALODE_INT64,
                                     NEURALODE_INT32,
                                     NEURALODE_INT16,
                                     NEURALODE_INT8,
                                     NEURALODE_UINT8,
                                     NEURALODE_BOOL,
                                     -1,
                                     8,
                                     9,
                                     12,
                                     16,
                                     1000};
  return any(dtypes);
}

namespace {

/// Files of this process, with an image folder "images" in it. libFuzzer ends without destructors: run.sh clears away after it.
const std::string& scratch() {
  struct Folder {
    std::string path;
    Folder() {
      auto pattern = (std::filesystem::temp_directory_path() / "neuralode-fuzz-XXXXXX").string();
      const char* made = ::mkdtemp(pattern.data());
      expect(made != nullptr, "no folder for files");
      path = made;
      neuralode_synthetic_options options;
      neuralode_synthetic_options_init(sizeof options, &options);
      options.train_per_class = options.test_per_class = 1;
      options.image_size = 16;
      expect(succeeded(neuralode_synthetic_write((path + "/images").c_str(), &options)), "no images");
      const auto classes = std::filesystem::directory_iterator(path + "/images/train");
      std::filesystem::resize_file(classes->path() / "00000.jpg", 40);  // a broken one
    }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}

neuralode_tensor made(std::int32_t dtype, std::vector<std::int64_t> sizes, const void* data, bool requires_grad = false) {
  neuralode_tensor result = nullptr;
  expect(succeeded(neuralode_tensor_create(data, dtype, sizes.data(), static_cast<std::int64_t>(sizes.size()), &result)), "no tensor");
  if (requires_grad) neuralode_tensor_set_requires_grad(result, 1);
  return result;
}

}  // namespace

World::World(const std::uint8_t* data, std::size_t size) : in(data, size) {
  scratch();
  neuralode_manual_seed(0);
  neuralode_threads_set(1);
  neuralode_grad_mode_set(1, nullptr);
  neuralode_autocast_set("cpu", 0, NEURALODE_BFLOAT16, nullptr, nullptr);
  const double values[6] = {0.5, 1, -1, 0.25, 2, 0};
  const float floats[4] = {1, 2, 3, 4};
  tensors_ = {made(NEURALODE_FLOAT64, {}, &values[5]),  made(NEURALODE_FLOAT64, {}, &values[1]),
              made(NEURALODE_FLOAT64, {2}, values),     made(NEURALODE_FLOAT64, {2}, values, true),
              made(NEURALODE_FLOAT64, {2, 3}, values),  made(NEURALODE_FLOAT32, {2, 2}, floats),
              made(NEURALODE_FLOAT64, {3}, &values[3]), made(NEURALODE_INT64, {2}, nullptr),
              made(NEURALODE_FLOAT64, {0, 2}, nullptr), made(NEURALODE_FLOAT32, {1, 3, 8, 8}, nullptr)};
  neuralode_tensor_map map = nullptr;
  keep(kMap, neuralode_tensor_map_create(&map), map);
  neuralode_dynamics dynamics = nullptr;
  auto* given = user();
  given->behaviour = 0;
  keep(kDynamics, neuralode_dynamics_create_callback(eval, nullptr, nullptr, given, nullptr, 0, nullptr, 0, &dynamics), dynamics);
}

World::~World() {
  depth = 100;  // callbacks of what is destroyed do nothing more
  destroy_all();
  for (const auto& user : users_) neuralode_tensor_destroy(user->parameter);
  for (const auto& user : users_) expect(user->releases == (user->counted ? 1 : 0), "release was not called once");
}

void World::destroy_all() {
  for (int kind = 0; kind < kKinds; ++kind)
    for (auto* handle : live_[kind]) destroy(static_cast<Kind>(kind), handle);
  for (auto* tensor : tensors_) expect(succeeded(neuralode_tensor_destroy(tensor)), "a live tensor cannot be destroyed");
  for (auto* given : managed_) {
    auto* managed = static_cast<DLManagedTensor*>(given);
    if (managed->deleter != nullptr) managed->deleter(managed);
  }
}

void* World::drawn(Kind kind) {
  const auto how = in.byte();
  const auto pick = [&](const std::vector<void*>& from) { return from.empty() ? nullptr : from[in.below(from.size())]; };
  if (how < 200 && live_[kind].empty()) make(kind);
  if (how < 216) return pick(live_[kind]);
  if (how < 220) return nullptr;
  if (how < 230) return pick(gone_[kind]);
  if (how < 240) return pick(live_[in.below(kKinds)]);
  if (how < 244) return tensors_.empty() ? nullptr : static_cast<void*>(tensors_[in.below(tensors_.size())]);
  const auto made_up = std::uint64_t{in.byte()} << 56 | std::uint64_t{in.byte()} << 24 | in.byte();
  return reinterpret_cast<void*>(in.rarely(4) ? ~made_up : made_up);
}

void World::make(Kind kind) {
  void* made = nullptr;
  neuralode_solve_options solve{};
  neuralode_solve_options_init(sizeof solve, &solve);
  solve.step_size = 0.5;
  solve.max_steps = 20;
  neuralode_model_options model{};
  neuralode_model_options_init(sizeof model, &model);
  neuralode_loader_options loader{};
  neuralode_loader_options_init(sizeof loader, &loader);
  loader.image_size = 8;
  loader.batch_size = 3;
  switch (kind) {
    case kObserver:
      made = idle_observer();
      break;
    case kModel:
      neuralode_model_create("odenet-small", &model, &solve, reinterpret_cast<neuralode_model*>(&made));
      break;
    case kOptimizer:
      neuralode_optimizer_create(nullptr, &tensors_[std::min<std::size_t>(3, tensors_.size() - 1)], tensors_.empty() ? 0 : 1,
                                 reinterpret_cast<neuralode_optimizer*>(&made));
      break;
    case kScaler:
      neuralode_grad_scaler_create(nullptr, reinterpret_cast<neuralode_grad_scaler*>(&made));
      break;
    case kFolder:
      neuralode_image_folder_open((scratch() + "/images").c_str(), "train", reinterpret_cast<neuralode_image_folder*>(&made));
      break;
    case kLoader:
      if (live_[kFolder].empty()) make(kFolder);
      neuralode_loader_create(static_cast<neuralode_image_folder>(live_[kFolder].back()), &loader,
                              reinterpret_cast<neuralode_loader*>(&made));
      break;
    case kSolution:
      if (!live_[kDynamics].empty() && tensors_.size() > 4)
        neuralode_solve(static_cast<neuralode_dynamics>(live_[kDynamics][0]), &tensors_[3], 1, tensors_[0], tensors_[1], nullptr, &solve,
                        reinterpret_cast<neuralode_solution*>(&made));
      break;
    default:
      break;
  }
  if (made != nullptr) live_[kind].push_back(made);
}

void World::retire(Kind kind, void* handle) {
  auto& live = live_[kind];
  const auto found = std::find(live.begin(), live.end(), handle);
  if (found == live.end()) return;
  live.erase(found);
  gone_[kind].push_back(handle);
}

neuralode_tensor World::tensor() {
  const auto how = in.byte();
  if (how < 6) return nullptr;
  if (how < 12) {
    auto* other = drawn(static_cast<Kind>(in.below(kKinds)));
    // Made-up bits may be an address, which a tensor's handle is.
    return reinterpret_cast<std::uintptr_t>(other) >> 56 == 0 ? nullptr : static_cast<neuralode_tensor>(other);
  }
  if (tensors_.empty()) return nullptr;
  auto* live = tensors_[in.below(tensors_.size())];
  return how < 14 ? reinterpret_cast<neuralode_tensor>(reinterpret_cast<std::uintptr_t>(live) + 1 + how % 7) : live;
}

neuralode_tensor World::tensor_to_destroy() {
  auto* handle = tensor();
  if (!in.rarely(4) && tensors_.size() < 12) return nullptr;  // what it all began with lives long
  const auto found = std::find(tensors_.begin(), tensors_.end(), handle);
  if (found != tensors_.end()) tensors_.erase(found);
  return handle;
}

std::vector<neuralode_tensor> World::tensors() {
  std::vector<neuralode_tensor> result(in.rarely(8) ? in.below(4) : 1);
  for (auto& one : result) one = tensor();
  return result;
}

std::vector<neuralode_tensor> World::states() {
  std::vector<neuralode_tensor> result(in.rarely(8) ? in.below(4) : 1);
  for (auto& one : result) one = state();
  return result;
}

void World::keep_tensor(neuralode_status status, const neuralode_tensor& made) {
  if (!succeeded(status)) {
    expect(made == nullptr, "an output of a failed call was written");
    return;
  }
  if (made == nullptr) return;
  neuralode_tensor_info info{};
  const bool known = neuralode_tensor_get_info(made, sizeof info, &info) == NEURALODE_OK;
  if ((known && info.count > 100000) || tensors_.size() > 60)
    neuralode_tensor_destroy(made);
  else
    tensors_.push_back(made);
}

void* World::managed() { return managed_.empty() || in.rarely(8) ? nullptr : managed_[in.below(managed_.size())]; }

void World::forget_managed(void* managed) { managed_.erase(std::find(managed_.begin(), managed_.end(), managed)); }

User* World::user() {
  users_.push_back(std::make_unique<User>());
  users_.back()->world = this;
  users_.back()->behaviour = in.byte();
  users_.back()->parameter = nullptr;
  return users_.back().get();
}

std::string World::path() {
  constexpr const char* names[] = {"/a", "/b", "/images", "/none/x", "/images/synthetic.txt", "/images/train/star/00000.jpg"};
  return scratch() + in.any(names);
}

std::string World::folder() const { return scratch(); }

}  // namespace neuralode::fuzz
