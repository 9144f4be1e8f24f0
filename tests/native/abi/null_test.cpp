// Every pointer argument of every function, NULL in turn. The calls are held against the headers, so that a new function or argument
// without one fails.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "../support/temporary_folder.h"
#include "nulls.h"

namespace neuralode::abi {

neuralode_status no_stop(void*, int64_t, double, double, const neuralode_tensor*, int64_t, int32_t*) { return NEURALODE_OK; }

neuralode_status identity(void*, neuralode_tensor, const neuralode_tensor* z, int64_t count, neuralode_tensor* out_u) {
  for (int64_t i = 0; i < count; ++i)
    if (const auto status = neuralode_tensor_share(z[i], &out_u[i])) return status;
  return NEURALODE_OK;
}

World::World(const std::string& folder) : z(vector_of({1, 2})), t(scalar_of(0)), w(vector_of({1}, true)) {
  EXPECT_OK(neuralode_tensor_map_create(map.out()));
  EXPECT_OK(neuralode_tensor_map_set(map.get(), "x", z.get()));
  EXPECT_OK(neuralode_dynamics_create_callback(identity, nullptr, nullptr, nullptr, nullptr, 0, nullptr, 0, dynamics.out()));
  EXPECT_OK(neuralode_solve(dynamics.get(), z.list(), 1, t.get(), t.get(), nullptr, nullptr, solution.out()));
  EXPECT_OK(neuralode_observer_create(no_stop, nullptr, 0, nullptr, nullptr, observer.out()));
  EXPECT_OK(neuralode_model_create("odenet-small", nullptr, nullptr, model.out()));
  EXPECT_OK(neuralode_optimizer_create(nullptr, w.list(), 1, optimizer.out()));
  EXPECT_OK(neuralode_checkpoint_save((folder + "/checkpoint").c_str(), model.get(), optimizer.get(), nullptr, "{}"));
  EXPECT_OK(neuralode_grad_scaler_create(nullptr, scaler.out()));
  EXPECT_OK(neuralode_checkpoint_open((folder + "/checkpoint").c_str(), checkpoint.out()));
  neuralode_synthetic_options options;
  EXPECT_OK(neuralode_synthetic_options_init(sizeof options, &options));
  options.train_per_class = options.test_per_class = 1;
  options.image_size = 16;
  EXPECT_OK(neuralode_synthetic_write((folder + "/images").c_str(), &options));
  EXPECT_OK(neuralode_image_folder_open((folder + "/images").c_str(), "train", images.out()));
  EXPECT_OK(neuralode_loader_create(images.get(), nullptr, loader.out()));
}

namespace {

using ::testing::HasSubstr;

/// "function.argument" of what may be NULL: the headers say what it then means.
const std::set<std::string> may_be_null{"neuralode_set_last_error.text",
                                        "neuralode_tensor_create.data",
                                        "neuralode_tensor_create.sizes",
                                        "neuralode_tensor_to.device",
                                        "neuralode_tensor_set_grad.grad",
                                        "neuralode_tensor_backward.gradient",
                                        "neuralode_grad.cotangents",
                                        "neuralode_grad_mode_set.out_previous",
                                        "neuralode_autocast_set.out_previous_enabled",
                                        "neuralode_autocast_set.out_previous_dtype",
                                        "neuralode_tf32_set.out_previous",
                                        "neuralode_op_call.overload",
                                        "neuralode_op_call.arguments",
                                        "neuralode_op_call.out_results",
                                        "neuralode_dynamics_set_preconditioner.precondition",
                                        "neuralode_dynamics_set_preconditioner.release",
                                        "neuralode_dynamics_set_preconditioner.user",
                                        "neuralode_dynamics_create_callback.vjp",
                                        "neuralode_dynamics_create_callback.release",
                                        "neuralode_dynamics_create_callback.user",
                                        "neuralode_solve.t_eval",
                                        "neuralode_solve.options",
                                        "neuralode_observer_create.step",
                                        "neuralode_observer_create.event",
                                        "neuralode_observer_create.release",
                                        "neuralode_observer_create.user",
                                        "neuralode_solve_observed.t_eval",
                                        "neuralode_solve_observed.options",
                                        "neuralode_model_create.options",
                                        "neuralode_model_create.solve",
                                        "neuralode_model_set_solve.solve",
                                        "neuralode_optimizer_create.options",
                                        "neuralode_schedule_rate.options",
                                        "neuralode_grad_scaler_create.options",
                                        "neuralode_grad_scaler_step.out_stepped",
                                        "neuralode_grad_scaler_get.out_growth_tracker",
                                        "neuralode_checkpoint_save.scaler",
                                        "neuralode_checkpoint_restore.optimizer",
                                        "neuralode_checkpoint_restore.scaler",
                                        "neuralode_loader_create.options",
                                        "neuralode_synthetic_write.options"};

NullCalls all_calls(World& world) {
  NullCalls all;
  for (auto& part : {tensor_nulls(world), tensor_map_nulls(world), solve_nulls(world), model_nulls(world), data_nulls(world)})
    all.insert(part.begin(), part.end());
  return all;
}

std::string text_of_headers() {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(NEURALODE_HEADERS)) {
    std::ifstream file(entry.path());
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  return std::regex_replace(all, std::regex(R"(/\*([^*]|\*(?!/))*\*/)"), "");  // without comments
}

/// "function.argument" of every pointer, handle and callback that the headers declare, but the handle of a destroy function.
std::set<std::string> declared_pointers() {
  const auto text = text_of_headers();
  std::set<std::string> pointer_types;
  const std::regex type(R"(typedef struct \w+\* (\w+);|typedef \w+ \(\*(\w+)\))");
  for (std::sregex_iterator match(text.begin(), text.end(), type), end; match != end; ++match)
    pointer_types.insert((*match)[1].matched ? (*match)[1] : (*match)[2]);
  std::set<std::string> result;
  const std::regex declaration(R"(NEURALODE_API neuralode_status (\w+)\(([^)]*)\);)"), parameter(R"((?:const )?(\w+)(\**) (\w+)(?:,|$))");
  for (std::sregex_iterator match(text.begin(), text.end(), declaration), end; match != end; ++match) {
    const std::string function = (*match)[1], parameters = std::regex_replace((*match)[2].str(), std::regex(R"(\s+)"), " ");
    if (std::regex_search(function, std::regex("_destroy$"))) continue;
    for (std::sregex_iterator item(parameters.begin(), parameters.end(), parameter); item != end; ++item)
      if ((*item)[2].length() > 0 || pointer_types.count((*item)[1]) > 0) result.insert(function + "." + (*item)[3].str());
  }
  return result;
}

TEST(NullArguments, AreRefusedByNameAndChangeNothing) {
  const testing::TemporaryFolder folder;
  World world(folder / "");
  const auto before = live_objects();
  for (const auto& [name, call] : all_calls(world)) {
    SCOPED_TRACE(name);
    EXPECT_EQ(call(), NEURALODE_INVALID_ARGUMENT);
    EXPECT_THAT(neuralode_last_error(), HasSubstr(name.substr(name.find('.') + 1)));
    EXPECT_EQ(live_objects(), before);
  }
}

TEST(NullArguments, AreTriedForEveryPointerThatTheHeadersDeclare) {
  const testing::TemporaryFolder folder;
  World world(folder / "");
  std::set<std::string> tried(may_be_null);
  for (const auto& [name, call] : all_calls(world)) tried.insert(name);
  const auto declared = declared_pointers();
  EXPECT_GT(declared.size(), 100u);
  EXPECT_THAT(tried, ::testing::ContainerEq(declared));
}

TEST(NullArguments, DestroyingNullIsFine) {
  EXPECT_OK(neuralode_tensor_destroy(nullptr));
  EXPECT_OK(neuralode_tensor_map_destroy(nullptr));
  EXPECT_OK(neuralode_dynamics_destroy(nullptr));
  EXPECT_OK(neuralode_solution_destroy(nullptr));
  EXPECT_OK(neuralode_observer_destroy(nullptr));
  EXPECT_OK(neuralode_model_destroy(nullptr));
  EXPECT_OK(neuralode_optimizer_destroy(nullptr));
  EXPECT_OK(neuralode_grad_scaler_destroy(nullptr));
  EXPECT_OK(neuralode_checkpoint_destroy(nullptr));
  EXPECT_OK(neuralode_image_folder_destroy(nullptr));
  EXPECT_OK(neuralode_loader_destroy(nullptr));
}

}  // namespace
}  // namespace neuralode::abi
