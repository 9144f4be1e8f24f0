#include "tensors/random_replay.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

namespace neuralode {

namespace {

/// FNV-1a over a generator's state.
std::uint64_t hash_of(const at::Generator& generator) {
  const auto state = generator.get_state();
  const auto* bytes = static_cast<const std::uint8_t*>(state.data_ptr());
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(state.nbytes()); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

/// Makes `target` stand where `source` does. Not by Generator::clone() on the CPU: libtorch 1.13 never frees what that returns.
void copy_position(at::Generator& target, const at::Generator& source) {
  if (!source.device().is_cpu()) {
    target = source.clone();
    return;
  }
  if (!target.defined()) target = at::detail::createCPUGenerator();
  auto* to = at::check_generator<at::CPUGeneratorImpl>(target);
  auto* from = at::check_generator<at::CPUGeneratorImpl>(source);
  to->set_engine(from->engine());
  to->set_next_float_normal_sample(from->next_float_normal_sample());
  to->set_next_double_normal_sample(from->next_double_normal_sample());
}

/// The finaliser of SplitMix64 (Steele et al. 2014): neighbouring inputs give unrelated outputs.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

}  // namespace

RandomReplay::RandomReplay(c10::Device device) : generator_(at::globalContext().defaultGenerator(device)) {}

RandomReplay RandomReplay::silent(c10::Device device) {
  RandomReplay replay(device);
  replay.silent_ = true;
  return replay;
}

bool RandomReplay::moved_since(const at::Generator& earlier) const {
  if (generator_.device().is_cpu()) {  // whole states are 5 kB; the engine's position tells as much
    auto* generator = at::check_generator<at::CPUGeneratorImpl>(generator_);
    auto* before = at::check_generator<at::CPUGeneratorImpl>(earlier);
    const auto now = generator->engine().data(), then = before->engine().data();
    // A normal draw may use up the second half of an earlier pair and leave the engine where it is.
    if (generator->next_float_normal_sample() != before->next_float_normal_sample() ||
        generator->next_double_normal_sample() != before->next_double_normal_sample())
      return true;
    return now.left_ != then.left_ || now.next_ != then.next_ || now.seed_ != then.seed_ || now.state_[0] != then.state_[0];
  }
  return !generator_.get_state().equal(earlier.get_state());
}

void RandomReplay::seed_for(std::int64_t index) {
  generator_.set_current_seed(mixed(base_ + 0x9e3779b97f4a7c15u * static_cast<std::uint64_t>(index + 1)));
}

void RandomReplay::before(std::int64_t index) {
  if (silent_) return;
  const std::lock_guard<std::mutex> lock(generator_.mutex());
  if (first_random_ < 0)
    copy_position(before_, generator_);
  else
    seed_for(index);
}

void RandomReplay::after(std::int64_t index) {
  if (silent_ || first_random_ >= 0) return;
  const std::lock_guard<std::mutex> lock(generator_.mutex());
  if (!moved_since(before_)) return;
  first_random_ = index;
  base_ = hash_of(before_);
  copy_position(resume_, generator_);
}

void RandomReplay::finish() {
  if (first_random_ < 0) {
    before_ = at::Generator();
    return;
  }
  const std::lock_guard<std::mutex> lock(generator_.mutex());
  generator_.set_state(resume_.get_state());
  resume_ = at::Generator();
}

at::Generator RandomReplay::position() {
  const std::lock_guard<std::mutex> lock(generator_.mutex());
  at::Generator position;
  copy_position(position, generator_);
  return position;
}

void RandomReplay::begin_again(const at::Generator& position) {
  {
    const std::lock_guard<std::mutex> lock(generator_.mutex());
    generator_.set_state(position.get_state());
  }
  first_random_ = -1;
  before_ = resume_ = at::Generator();
}

void RandomReplay::replay(std::int64_t index) {
  if (first_random_ < 0 || index < first_random_) return;
  const std::lock_guard<std::mutex> lock(generator_.mutex());
  if (index == first_random_)
    generator_.set_state(before_.get_state());
  else
    seed_for(index);
}

RandomReplay::Scope::Scope(RandomReplay& replay) : replay_(replay) {
  if (replay_.first_random_ >= 0) outside_ = replay_.generator_.get_state();
}

RandomReplay::Scope::~Scope() {
  if (!outside_.defined()) return;
  const std::lock_guard<std::mutex> lock(replay_.generator_.mutex());
  replay_.generator_.set_state(outside_);
}

}  // namespace neuralode
