// Handles that are stale, of another kind, or made up: a status and a text, whatever is done with them.
#include <functional>
#include <map>
#include <thread>

#include "../support/temporary_folder.h"
#include "nulls.h"

namespace neuralode::abi {
namespace {

using ::testing::HasSubstr;

template <class Handle>
Handle as(void* handle) {
  return reinterpret_cast<Handle>(handle);
}

/// How each kind is destroyed, and a call that uses it.
struct Kind {
  std::string name;
  std::function<neuralode_status(void*)> destroy, use;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"neuralode_tensor_map", [](void* h) { return neuralode_tensor_map_destroy(as<neuralode_tensor_map>(h)); },
       [](void* h) {
         int64_t count;
         return neuralode_tensor_map_count(as<neuralode_tensor_map>(h), &count);
       }},
      {"neuralode_dynamics", [](void* h) { return neuralode_dynamics_destroy(as<neuralode_dynamics>(h)); },
       [](void* h) { return neuralode_dynamics_set_training(as<neuralode_dynamics>(h), 1); }},
      {"neuralode_solution", [](void* h) { return neuralode_solution_destroy(as<neuralode_solution>(h)); },
       [](void* h) {
         neuralode_statistics statistics;
         return neuralode_solution_statistics(as<neuralode_solution>(h), sizeof statistics, &statistics);
       }},
      {"neuralode_observer", [](void* h) { return neuralode_observer_destroy(as<neuralode_observer>(h)); },
       [](void* h) {
         const auto t = scalar_of(0), z = vector_of({1});
         Dynamics f;
         Solution solution;
         neuralode_dynamics_create_callback(identity, nullptr, nullptr, nullptr, nullptr, 0, nullptr, 0, f.out());
         return neuralode_solve_observed(f.get(), z.list(), 1, t.get(), t.get(), nullptr, nullptr, as<neuralode_observer>(h),
                                         solution.out());
       }},
      {"neuralode_model", [](void* h) { return neuralode_model_destroy(as<neuralode_model>(h)); },
       [](void* h) { return neuralode_model_set_training(as<neuralode_model>(h), 1); }},
      {"neuralode_optimizer", [](void* h) { return neuralode_optimizer_destroy(as<neuralode_optimizer>(h)); },
       [](void* h) { return neuralode_optimizer_zero_grad(as<neuralode_optimizer>(h)); }},
      {"neuralode_checkpoint", [](void* h) { return neuralode_checkpoint_destroy(as<neuralode_checkpoint>(h)); },
       [](void* h) {
         const char* text;
         return neuralode_checkpoint_metadata(as<neuralode_checkpoint>(h), &text);
       }},
      {"neuralode_grad_scaler", [](void* h) { return neuralode_grad_scaler_destroy(as<neuralode_grad_scaler>(h)); },
       [](void* h) {
         double scale;
         return neuralode_grad_scaler_get(as<neuralode_grad_scaler>(h), &scale, nullptr);
       }},
      {"neuralode_image_folder", [](void* h) { return neuralode_image_folder_destroy(as<neuralode_image_folder>(h)); },
       [](void* h) {
         int64_t images, classes;
         return neuralode_image_folder_count(as<neuralode_image_folder>(h), &images, &classes);
       }},
      {"neuralode_loader", [](void* h) { return neuralode_loader_destroy(as<neuralode_loader>(h)); },
       [](void* h) {
         int64_t batches;
         return neuralode_loader_batches(as<neuralode_loader>(h), &batches);
       }},
  };
  return all;
}

std::map<std::string, void*> handles_of(const World& world) {
  return {{"neuralode_tensor_map", world.map.get()},        {"neuralode_dynamics", world.dynamics.get()},
          {"neuralode_solution", world.solution.get()},     {"neuralode_observer", world.observer.get()},
          {"neuralode_model", world.model.get()},           {"neuralode_optimizer", world.optimizer.get()},
          {"neuralode_checkpoint", world.checkpoint.get()}, {"neuralode_image_folder", world.images.get()},
          {"neuralode_loader", world.loader.get()},         {"neuralode_grad_scaler", world.scaler.get()}};
}

TEST(AbiHandles, OfAnotherKindAreNamed) {
  const testing::TemporaryFolder folder;
  const World world(folder / "");
  for (const auto& [given, handle] : handles_of(world)) {
    for (const auto& kind : kinds()) {
      if (kind.name == given) {
        EXPECT_OK(kind.use(handle));
        continue;
      }
      for (const auto& call : {kind.use, kind.destroy})
        EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, call(handle)), HasSubstr("is a " + given + "; give a " + kind.name));
    }
    int64_t sizes = 0;
    EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_get_sizes(as<neuralode_tensor>(handle), &sizes, 1)),
                HasSubstr("tensor is a " + given));
    EXPECT_EQ(neuralode_tensor_destroy(as<neuralode_tensor>(handle)), NEURALODE_INVALID_ARGUMENT);
  }
}

TEST(AbiHandles, AreGoneOnceDestroyed) {
  const testing::TemporaryFolder folder;
  const World world(folder / "");
  const auto handles = handles_of(world);
  for (const auto& kind : kinds()) {
    void* handle = handles.at(kind.name);
    EXPECT_OK(kind.destroy(handle));
    for (const auto& call : {kind.destroy, kind.use})
      EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, call(handle)), HasSubstr("this " + kind.name + " was destroyed"));
  }
}

TEST(AbiHandles, StayGoneWhenTheirPlaceIsTakenAgain) {
  std::vector<neuralode_tensor_map> stale(100);
  for (auto& map : stale) ASSERT_OK(neuralode_tensor_map_create(&map));
  for (auto* map : stale) ASSERT_OK(neuralode_tensor_map_destroy(map));
  std::vector<TensorMap> fresh(1000);
  for (auto& map : fresh) ASSERT_OK(neuralode_tensor_map_create(map.out()));
  int64_t count = 0;
  for (auto* map : stale) EXPECT_EQ(neuralode_tensor_map_count(map, &count), NEURALODE_INVALID_ARGUMENT);
  for (auto& map : fresh) EXPECT_OK(neuralode_tensor_map_count(map.get(), &count));
}

TEST(AbiHandles, ThatAreNoneAreRefused) {
  const auto tensor = vector_of({1});
  std::int64_t local = 0;
  std::vector<void*> none = {tensor.get(), &local, as<void*>(reinterpret_cast<void*>(1)), reinterpret_cast<void*>(~std::uintptr_t{0})};
  for (int bit = 0; bit < 64; ++bit) none.push_back(reinterpret_cast<void*>(std::uintptr_t{1} << bit));
  for (const auto& kind : kinds())
    for (auto* handle : none)
      for (const auto& call : {kind.destroy, kind.use}) EXPECT_EQ(call(handle), NEURALODE_INVALID_ARGUMENT) << kind.name << ' ' << handle;
}

neuralode_status destroys_itself(void* user, neuralode_tensor, const neuralode_tensor* z, int64_t, neuralode_tensor* out_u) {
  neuralode_dynamics_destroy(*static_cast<neuralode_dynamics*>(user));
  return neuralode_tensor_share(z[0], &out_u[0]);
}

TEST(AbiHandles, OfDynamicsMayBeDestroyedByTheirOwnCallback) {
  neuralode_dynamics f = nullptr;
  ASSERT_OK(neuralode_dynamics_create_callback(destroys_itself, nullptr, nullptr, &f, nullptr, 0, nullptr, 0, &f));
  const auto z = vector_of({1}), t0 = scalar_of(0), t1 = scalar_of(1);
  neuralode_solve_options options;
  ASSERT_OK(neuralode_solve_options_init(sizeof options, &options));
  options.step_size = 0.25;
  Solution solution;
  ASSERT_OK(neuralode_solve(f, z.list(), 1, t0.get(), t1.get(), nullptr, &options, solution.out()));
  EXPECT_EQ(neuralode_dynamics_set_training(f, 1), NEURALODE_INVALID_ARGUMENT);
}

TEST(AbiHandles, AreMadeAndDestroyedByManyThreads) {
  const auto before = live_objects().second;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      const auto value = vector_of({1});
      for (int round = 0; round < 2000; ++round) {
        TensorMap map;
        EXPECT_OK(neuralode_tensor_map_create(map.out()));
        EXPECT_OK(neuralode_tensor_map_set(map.get(), "x", value.get()));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(live_objects().second, before);
}

TEST(AbiStructs, AnOlderProgramGetsTheBytesItKnows) {
  struct {
    neuralode_solve_options options;
  } room;
  std::memset(&room, 0x5a, sizeof room);
  const std::uint32_t older = offsetof(neuralode_solve_options, coupling);
  ASSERT_OK(neuralode_solve_options_init(older, &room.options));
  EXPECT_EQ(room.options.struct_size, older);
  EXPECT_EQ(room.options.rtol, 1e-3);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&room);
  for (auto i = std::size_t{older}; i < sizeof room; ++i) ASSERT_EQ(bytes[i], 0x5a) << i;
  for (const auto size : {0u, 3u, std::uint32_t(sizeof room) + 1})
    EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_solve_options_init(size, &room.options)), HasSubstr("struct_size"));
}

}  // namespace
}  // namespace neuralode::abi
