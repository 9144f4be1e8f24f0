#include "data/loader.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "core/error.h"

namespace neuralode::data {

namespace {

constexpr std::size_t kMostBrokenKept = 1000;

std::vector<std::int64_t> order_of(std::int64_t images, const LoaderOptions& options, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(images));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (options.shuffle) {
    Random random(options.seed, static_cast<std::uint64_t>(epoch));
    shuffle(order, random);
  }
  return order;
}

/// Keeps the samples that have no reason, in order.
void drop_broken(Batch& batch, const std::vector<std::string>& reasons) {
  std::vector<std::int64_t> kept;
  for (std::size_t i = 0; i < reasons.size(); ++i)
    if (reasons[i].empty()) kept.push_back(static_cast<std::int64_t>(i));
  const auto indices = at::tensor(kept, at::kLong);
  for (at::Tensor* tensor : {&batch.images, &batch.labels, &batch.flips})
    if (tensor->defined()) *tensor = tensor->index_select(0, indices);
}

}  // namespace

Loader::Loader(std::shared_ptr<const ImageFolder> folder, const LoaderOptions& options) : folder_(std::move(folder)), options_(options) {
  const std::int64_t images = folder_->images();
  batches_ = options_.drop_last ? images / options_.batch_size : (images + options_.batch_size - 1) / options_.batch_size;
  require(batches_ > 0, "options.batch_size: ", options_.batch_size, " is more than the ", images,
          " images there are, and drop_last leaves nothing; lower it or clear drop_last");
  next_batch_ = batches_;  // nothing to do before start
  try {
    for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    const std::size_t made = workers_.size();
    stop();
    fail(Status::runtime_error, "options.workers: thread ", made + 1, " of ", options_.workers, " cannot be started (", error.what(),
         "); use fewer");
  }
}

Loader::~Loader() { stop(); }

void Loader::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  work_ready_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void Loader::read_as(Pixels pixels, bool pinned) {
  const std::lock_guard<std::mutex> lock(mutex_);
  slots_.clear();
  next_batch_ = batches_;
  started_ = false;
  pixels_ = pixels;
  pinned_ = pinned;
}

void Loader::start(std::int64_t epoch, std::int64_t first_batch) {
  require(epoch >= 0, "epoch: ", epoch, " is negative");
  require(first_batch >= 0 && first_batch <= batches_, "first_batch: ", first_batch, " is not in [0, ", batches_, "]");
  std::vector<std::int64_t> order = order_of(folder_->images(), options_, epoch);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    slots_.clear();  // workers still at one of them finish their image and find it unused
    order_ = std::move(order);
    epoch_ = epoch;
    next_batch_ = first_batch;
    started_ = true;
  }
  position_ = first_batch;
  work_ready_.notify_all();
}

bool Loader::can_open() const { return static_cast<int>(slots_.size()) < options_.prefetch && next_batch_ < batches_; }

Batch Loader::empty_batch(std::int64_t count) const {
  const std::int64_t size = options_.sample.image_size;
  const auto of = [&](at::IntArrayRef sizes, at::ScalarType dtype) { return at::empty(sizes, at::dtype(dtype).pinned_memory(pinned_)); };
  Batch batch{of({count, 3, size, size}, pixels_ == Pixels::uint8 ? at::kByte : at::kFloat), of({count}, at::kLong), {}};
  if (pixels_ == Pixels::uint8) batch.flips = of({count}, at::kBool);
  return batch;
}

void Loader::open_slot() {
  const auto first = static_cast<std::size_t>(next_batch_ * options_.batch_size);
  const std::size_t last = std::min(order_.size(), first + static_cast<std::size_t>(options_.batch_size));
  auto slot = std::make_shared<Slot>();
  slot->epoch = epoch_;
  slot->number = next_batch_;
  slot->members.assign(order_.begin() + static_cast<std::ptrdiff_t>(first), order_.begin() + static_cast<std::ptrdiff_t>(last));
  slot->reasons.resize(slot->members.size());
  try {
    slot->batch = empty_batch(static_cast<std::int64_t>(slot->members.size()));
  } catch (...) {
    slot->failure = std::current_exception();
    slot->claimed = slot->finished = slot->members.size();
    batch_ready_.notify_all();
  }
  slots_.push_back(std::move(slot));
  ++next_batch_;
}

std::shared_ptr<Loader::Slot> Loader::slot_to_claim() {
  // Batches are opened one by one and claimed in order, so that only the last can have unclaimed images.
  while (slots_.empty() || slots_.back()->claimed == slots_.back()->members.size()) {
    if (!can_open()) return nullptr;
    open_slot();
  }
  return slots_.back();
}

void Loader::work() {
  std::unique_ptr<SampleReader> reader;
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    std::shared_ptr<Slot> slot;
    work_ready_.wait(lock, [&] { return stopping_ || (slot = slot_to_claim()) != nullptr; });
    if (stopping_) return;
    const std::size_t position = slot->claimed++;
    lock.unlock();
    std::string reason;
    std::exception_ptr failure;
    try {
      if (!reader) reader = std::make_unique<SampleReader>();
      reason = fill(*reader, *slot, position);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    slot->reasons[position] = std::move(reason);
    if (failure) slot->failure = failure;
    if (++slot->finished == slot->members.size()) batch_ready_.notify_all();
  }
}

std::string Loader::fill(SampleReader& reader, Slot& slot, std::size_t position) const {
  const std::int64_t image = slot.members[position];
  const std::int64_t size = options_.sample.image_size;
  slot.batch.labels.data_ptr<std::int64_t>()[position] = folder_->label(image);
  const std::int64_t offset = static_cast<std::int64_t>(position) * 3 * size * size;
  // Another stream than the one that shuffles, which has the epoch alone in its key.
  const Random random(~options_.seed, static_cast<std::uint64_t>(slot.epoch), static_cast<std::uint64_t>(image));
  try {
    if (slot.batch.flips.defined())
      slot.batch.flips.data_ptr<bool>()[position] =
          reader.read_bytes(folder_->path(image), options_.sample, random, slot.batch.images.data_ptr<std::uint8_t>() + offset);
    else
      reader.read(folder_->path(image), options_.sample, random, slot.batch.images.data_ptr<float>() + offset);
    return {};
  } catch (const Error& error) {
    if (error.status() != Status::io_error) throw;
    return error.what();
  }
}

bool Loader::front_is_finished() const { return !slots_.empty() && slots_.front()->finished == slots_.front()->members.size(); }

bool Loader::is_ready() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return front_is_finished() || (slots_.empty() && next_batch_ == batches_);
}

std::shared_ptr<Loader::Slot> Loader::wait_for_slot() {
  const auto begin = std::chrono::steady_clock::now();
  std::shared_ptr<Slot> slot;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    require(started_, "the loader has not been started; call neuralode_loader_start first");
    batch_ready_.wait(lock, [&] {
      const bool ended = slots_.empty() && next_batch_ == batches_;
      return ended || front_is_finished();
    });
    if (!slots_.empty()) {
      slot = std::move(slots_.front());
      slots_.pop_front();
    }
    statistics_.seconds_waiting += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  work_ready_.notify_all();
  return slot;
}

void Loader::end_epoch() {
  const std::lock_guard<std::mutex> lock(mutex_);
  slots_.clear();
  next_batch_ = batches_;
}

std::int64_t Loader::note_broken(const Slot& slot) {
  const std::int64_t before = statistics_.broken;
  for (const std::string& reason : slot.reasons) {
    if (reason.empty()) continue;
    ++statistics_.broken;
    if (broken_.size() < kMostBrokenKept) broken_.push_back(reason);
  }
  return statistics_.broken - before;
}

bool Loader::next(Batch& out) {
  while (const std::shared_ptr<Slot> slot = wait_for_slot()) {
    position_ = slot->number + 1;
    if (slot->failure) {
      end_epoch();
      std::rethrow_exception(slot->failure);
    }
    const std::int64_t broken = note_broken(*slot);
    if (broken > 0 && options_.fail_on_error) {
      end_epoch();
      fail(Status::io_error, *std::find_if(slot->reasons.begin(), slot->reasons.end(), [](const auto& reason) { return !reason.empty(); }));
    }
    if (broken > 0) drop_broken(slot->batch, slot->reasons);
    if (slot->batch.images.size(0) == 0) continue;
    statistics_.images += slot->batch.images.size(0);
    out = std::move(slot->batch);
    return true;
  }
  return false;
}

}  // namespace neuralode::data
