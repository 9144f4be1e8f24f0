#include "gradients/landings.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"

namespace neuralode {

namespace {

void check_time(const at::Tensor& time, const char* name, std::int64_t dims) {
  require(time.defined() && time.is_floating_point() && time.device().is_cpu() && time.dim() == dims, name, ": must be a ",
          dims == 0 ? "0-dim" : "1-dim", " floating-point tensor on the CPU; float64 keeps times exactly");
  const auto values = time.to(at::kDouble);
  require(values.isfinite().all().item<bool>(), name, ": has an infinite or NaN value");
}

}  // namespace

void Landings::add_end() {
  if (trajectory) outputs.push_back(static_cast<std::int64_t>(times.size()) - 1);
}

void Landings::end_at(double t) {
  const double direction = t < t0 ? -1 : 1;
  const auto is_before = [&](double time) { return direction * (t - time) > 0; };
  const auto reached = static_cast<std::int64_t>(std::find_if_not(times.begin(), times.end(), is_before) - times.begin());
  for (auto& output : outputs)
    if (output >= reached) output = times[static_cast<std::size_t>(output)] == t ? reached : unreached;
  if (trajectory) outputs.back() = reached;
  times.resize(static_cast<std::size_t>(reached));
  sources.resize(static_cast<std::size_t>(reached));
  times.push_back(t);
  sources.push_back(t1_source);
  while (!interpolated.empty() && direction * (interpolated.back().time - t) > 0) {
    outputs[static_cast<std::size_t>(interpolated.back().row)] = unreached;
    interpolated.pop_back();
  }
}

std::pair<std::size_t, std::size_t> Landings::inside_step(std::size_t step) const {
  const auto before = [](const Interpolated& entry, std::size_t number) { return entry.step < number; };
  const auto first = std::lower_bound(interpolated.begin(), interpolated.end(), step, before);
  const auto last = std::lower_bound(first, interpolated.end(), step + 1, before);
  return {static_cast<std::size_t>(first - interpolated.begin()), static_cast<std::size_t>(last - interpolated.begin())};
}

Landings landings_of(const at::Tensor& t0, const at::Tensor& t1, const at::Tensor& t_eval, bool dense) {
  check_time(t0, "t0", 0);
  check_time(t1, "t1", 0);
  Landings result;
  result.t0 = t0.item<double>();
  const double end = t1.item<double>();
  const double direction = end >= result.t0 ? 1 : -1;
  if (t_eval.defined()) {
    check_time(t_eval, "t_eval", 1);
    require(t_eval.numel() > 0, "t_eval: is empty; leave it out to get the state at t1 alone");
    result.trajectory = true;
    const auto values = t_eval.detach().to(at::kDouble).contiguous();
    double previous = result.t0;
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      const double time = values.data_ptr<double>()[i];
      const bool ordered = i == 0 ? direction * (time - previous) >= 0 : direction * (time - previous) > 0;
      require(ordered && direction * (end - time) >= 0, "t_eval[", i, "]: ", time, " is out of order; give times from t0 = ", result.t0,
              " towards t1 = ", end, ", each once");
      previous = time;
      if (time == result.t0) {
        result.outputs.push_back(Landings::at_t0);
        continue;
      }
      if (dense && time != end) {
        result.outputs.push_back(Landings::inside);
        result.interpolated.push_back({time, i});
        continue;
      }
      result.outputs.push_back(static_cast<std::int64_t>(result.times.size()));
      result.times.push_back(time);
      result.sources.push_back(time == end ? Landings::t1_source : i);
    }
  }
  if (result.times.empty() || result.times.back() != end) {
    result.times.push_back(end);
    result.sources.push_back(Landings::t1_source);
  }
  return result;
}

}  // namespace neuralode
