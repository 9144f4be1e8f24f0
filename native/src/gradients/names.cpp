#include "gradients/names.h"

#include <algorithm>
#include <vector>

namespace neuralode {

namespace {

/// The position of `name` in `names`.
template <class Kind>
Kind named(const char* option, const std::string& name, const std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Kind>(found - names.begin());
  std::string all;
  for (const auto& one : names) all += (all.empty() ? "" : ", ") + one;
  fail(Status::unsupported, option, ": '", name, "' is not supported by this build; supported: ", all);
}

}  // namespace

SolverKind solver_named(const std::string& name) {
  std::vector<std::string> names;
  for (int i = 0; i < solver_count; ++i) names.emplace_back(traits_of(static_cast<SolverKind>(i)).name);
  return named<SolverKind>("solver", name, names);
}

GradientKind gradient_named(const std::string& name) {
  return named<GradientKind>("gradient", name, {"mali", "backprop", "none", "adjoint", "aca", "anode", "pnode", "reversible"});
}

ControllerKind controller_named(const std::string& name) { return named<ControllerKind>("controller", name, {"pi", "i", "pid"}); }
ReversalKind reversal_named(const std::string& name) { return named<ReversalKind>("reversal", name, {"float", "exact"}); }
FailureKind failure_named(const std::string& name) { return named<FailureKind>("failure", name, {"error", "value"}); }
GraphKind graphs_named(const std::string& name) { return named<GraphKind>("graphs", name, {"auto", "off", "required"}); }

void set_snapshot_interval(SolveOptions& options, const std::string& text) {
  options.snapshots = text == "auto" ? SnapshotKind::automatic : text == "none" ? SnapshotKind::none : SnapshotKind::every;
  options.snapshot_interval = 0;
  if (options.snapshots != SnapshotKind::every) return;
  constexpr std::size_t most_digits = 18;
  if (text.empty() || text.size() > most_digits || text.find_first_not_of("0123456789") != std::string::npos || std::stoll(text) < 1)
    fail(Status::unsupported, "snapshot_interval: '", text,
         "' is not supported by this build; supported: none, auto, a number of steps from 1");
  options.snapshot_interval = std::stoll(text);
}

GradientKind usual_gradient(SolverKind solver) { return solver == SolverKind::alf ? GradientKind::mali : GradientKind::pnode; }

}  // namespace neuralode
