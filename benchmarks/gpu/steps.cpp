// Training steps by MALI on a GPU beside the bare cost of their evaluations of f, and their peak memory by the number of steps.
// Usage: gpu_steps [--device cuda:0|cpu] [--quick] [--rows FILE] [mlp] [conv] [resnet] [memory]     all of them by default
//
// Rows are appended to FILE, a JSON object a line. --quick: small shapes and few rounds, to see that it works. A step is timed by the clock
// with the GPU waited for at both ends; candidates take turns, and medians are reported. peers/ has the same work for the other packages.
#include "dynamics/mlp_dynamics.h"
#include "measure.h"
#include "optim/optimizer.h"
#include "resnet.h"

namespace {

using namespace neuralode;
using namespace neuralode::benchmarks;

std::string text_of_shape(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const auto size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

/// N + 1 evaluations of f and N + 1 linearised ones, no solver around them.
void bare_step(const Workload& work, const at::Tensor& z, const Precision& precision) {
  const auto cotangent = at::ones_like(z);
  {
    const AutocastWhere autocast(precision, z.device());
    const torch::NoGradGuard not_recording;
    for (int i = 0; i <= work.steps; ++i) work.f(z).to(z.scalar_type());
  }
  const AutocastWhere autocast(precision, z.device());
  for (int i = 0; i <= work.steps; ++i) {
    const auto leaf = z.detach().requires_grad_(true);
    std::vector<at::Tensor> inputs{leaf};
    for (const auto& parameter : work.module->parameters()) inputs.push_back(parameter);
    torch::autograd::grad({work.f(leaf).to(z.scalar_type())}, inputs, {cotangent});
  }
}

/// How CUDA graphs went in one solve and its backward.
std::string remark_of(const std::shared_ptr<Dynamics>& f, const at::Tensor& z, const SolveOptions& options, const Precision& precision) {
  const AutocastWhere autocast(precision, z.device());
  const auto z0 = z.detach().requires_grad_(true);
  const auto solution = solve({f, {z0}, at::scalar_tensor(0.0, at::kDouble), at::scalar_tensor(1.0, at::kDouble), {}, options});
  solution.states[0].backward(at::ones_like(z));
  return graph_remark(*solution.statistics);
}

/// Bare evaluations and MALI with and without graphs; with `built_in` the hand-written dynamics of the same function too.
bool compare(const Setting& setting, const Workload& work, const Precision& precision, const std::shared_ptr<Dynamics>& built_in,
             int rounds) {
  allow_tf32(precision.tf32);
  move_to(*work.module, setting, precision);
  const auto z = laid_out((at::randn(work.shape) * 0.5).to(setting.device), precision);
  const auto dynamics = dynamics_of(work);
  std::vector<Candidate> candidates{{"bare evaluations of f", "", [&] { bare_step(work, z, precision); }}};
  const auto add = [&](const char* name, const std::shared_ptr<Dynamics>& f, const std::string& graphs) {
    candidates.push_back({name, graphs,
                          [&work, &z, &precision, f, options = fixed_steps(work.steps, graphs)] {
                            const AutocastWhere autocast(precision, z.device());
                            training_step(work, f, z, options);
                          },
                          [&z, &precision, f, options = fixed_steps(work.steps, graphs)] { return remark_of(f, z, options, precision); }});
  };
  for (const auto& graphs : graph_settings(setting)) add("mali", dynamics, graphs);
  if (built_in)
    for (const auto& graphs : graph_settings(setting)) add("mali, built-in MLP", built_in, graphs);
  return report(setting, work.name, precision, text_of_shape(work.shape), work.steps, candidates, rounds);
}

bool mlp_part(const Setting& setting) {
  const auto work = setting.quick ? mlp("mlp", 64, 16, 32, 5) : mlp("mlp", 1024, 64, 128, 50);
  bool good = true;
  for (const auto& precision : {fp32, tf32}) {
    move_to(*work.module, setting, precision);
    const auto p = work.module->parameters();
    const auto built_in = std::make_shared<MlpDynamics>(TensorList{p[0], p[2]}, TensorList{p[1], p[3]}, false);
    good = compare(setting, work, precision, built_in, 2 * setting.rounds) && good;
  }
  return good;
}

Workload conv_block(const Setting& setting, std::int64_t batch, int steps) {
  auto work = conv();
  work.name = "conv";
  work.shape = setting.quick ? std::vector<std::int64_t>{2, 64, 8, 8} : std::vector<std::int64_t>{batch, 64, 56, 56};
  work.steps = steps;
  return work;
}

bool conv_part(const Setting& setting) {
  bool good = true;
  for (const auto& precision : {fp32, tf32, bf16_channels_last}) {
    const auto work = conv_block(setting, 128, 4);
    good = compare(setting, work, precision, nullptr, setting.rounds) && good;
  }
  return good;
}

/// Forward, loss, backward and one step of SGD.
template <class Model>
void classifier_step(Model& model, torch::optim::Optimizer& optimizer, const at::Tensor& images, const at::Tensor& labels,
                     const Precision& precision) {
  at::Tensor logits;
  {
    const AutocastWhere autocast(precision, images.device());
    logits = model.forward(images);
  }
  at::cross_entropy_loss(logits.to(at::kFloat), labels).backward();
  optimizer.step();
  optimizer.zero_grad();
}

bool resnet_part(const Setting& setting) {
  constexpr int steps = 2;  // of 0.5, as the model's recipe has them
  const std::int64_t batch = setting.quick ? 2 : 128, size = setting.quick ? 96 : 224, classes = setting.quick ? 10 : 1000;
  OptimizerOptions sgd;
  sgd.lr = 1e-3;
  bool good = true;
  for (const auto& precision : {fp32, tf32, bf16, bf16_channels_last}) {
    allow_tf32(precision.tf32);
    const auto images = laid_out(at::randn({batch, 3, size, size}).to(setting.device), precision);
    const auto labels = at::randint(classes, {batch}, at::kLong).to(setting.device);
    const auto bare = std::make_shared<BareResNet>(classes, steps + 1);
    move_to(*bare, setting, precision);
    const std::shared_ptr<torch::optim::Optimizer> bare_sgd = make_optimizer(sgd, bare->parameters());
    std::vector<Candidate> candidates{{"bare evaluations of f", "", [&] { classifier_step(*bare, *bare_sgd, images, labels, precision); }}};
    for (const auto& graphs : graph_settings(setting)) {
      ImageModelOptions options;
      options.stem = Stem::imagenet;
      options.classes = classes;
      options.image_size = size;
      const auto model = make_image_model("resnet18-ode", options, fixed_steps(steps, graphs));
      move_to(*model, setting, precision);
      const std::shared_ptr<torch::optim::Optimizer> optimizer = make_optimizer(sgd, model->parameters());
      candidates.push_back({"mali", graphs, [&, model, optimizer] { classifier_step(*model, *optimizer, images, labels, precision); },
                            [model] { return graph_remark(model->statistics(false)); }});
    }
    good = report(setting, "resnet18", precision, text_of_shape({batch, 3, size, size}), steps, candidates, setting.rounds, batch) && good;
  }
  return good;
}

/// The most that training steps of a conv block have alive, from 4 to 256 steps.
bool memory_part(const Setting& setting) {
  const auto settings = graph_settings(setting);
  allow_tf32(false);
  const auto measure = [&](const char* method, GradientKind gradient, int steps, const std::string& graphs) {
    const auto work = conv_block(setting, 32, steps);
    move_to(*work.module, setting, fp32);
    const auto z = (at::randn(work.shape) * 0.5).to(setting.device);
    auto options = fixed_steps(steps, graphs);
    options.gradient = gradient;
    const auto bytes = peak_bytes(setting, [&] {
      const auto dynamics = dynamics_of(work);
      for (int i = 0; i < 3; ++i) training_step(work, dynamics, z, options);
    });
    std::printf("memory     %-10s %-5s %4d steps %15.0f bytes, %15.0f reserved\n", method, graphs.c_str(), steps, bytes.allocated,
                bytes.reserved);
    std::fflush(stdout);
    Row row("memory");
    row.text("work", "conv").text("precision", "fp32").text("side", "neuralode").text("method", method).text("graphs", graphs);
    row.text("shape", text_of_shape(work.shape)).number("steps", steps);
    row.number("peak_bytes", bytes.allocated).number("reserved_bytes", bytes.reserved).write(setting);
  };
  for (const auto& graphs : settings)
    for (const int steps : {4, 16, 64, 256}) measure("mali", GradientKind::mali, steps, graphs);
  for (const int steps : {4, 16}) measure("backprop", GradientKind::backprop, steps, "off");
  return true;
}

struct Part {
  const char* name;
  bool (*run)(const Setting&);
};
constexpr Part parts[] = {{"mlp", mlp_part}, {"conv", conv_part}, {"resnet", resnet_part}, {"memory", memory_part}};

/// Whether all that was asked for went well.
bool run(const Setting& setting, const std::vector<std::string>& wanted) {
  bool good = true;
  for (const auto& part : parts) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), part.name) == wanted.end()) continue;
    try {
      good = part.run(setting) && good;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", part.name, error.what());
      good = false;
    }
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  Setting setting;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool is_part = std::any_of(std::begin(parts), std::end(parts), [&](const Part& part) { return argument == part.name; });
    if (is_part) {
      wanted.push_back(argument);
    } else if (argument == "--quick") {
      setting.quick = true;
      setting.rounds = 2;
    } else if (argument == "--device" && i + 1 < argc) {
      setting.device = at::Device(argv[++i]);
    } else if (argument == "--rows" && i + 1 < argc && (setting.rows = std::fopen(argv[++i], "a")) != nullptr) {
      continue;
    } else {
      std::fprintf(stderr, "usage: %s [--device cuda:0|cpu] [--quick] [--rows FILE] [mlp] [conv] [resnet] [memory]\n", argv[0]);
      return 2;
    }
  }
  if (setting.device.is_cuda() && !torch::cuda::is_available()) {
    std::fprintf(stderr, "no GPU: libtorch %s finds none, or libtorch_cuda is not in this program\n", TORCH_VERSION);
    return 1;
  }
  if (setting.device.is_cuda() && !setting.device.has_index()) setting.device.set_index(0);
  if (setting.device.is_cpu()) enable_memory_tracking();
  at::manual_seed(0);
  at::globalContext().setBenchmarkCuDNN(true);
  std::printf("libtorch %s, %s, medians of %d rounds (MLP: twice as many)\n", TORCH_VERSION, setting.device.str().c_str(), setting.rounds);
  const bool good = run(setting, wanted);
  if (setting.rows != nullptr) std::fclose(setting.rows);
  return good ? 0 : 1;
}
