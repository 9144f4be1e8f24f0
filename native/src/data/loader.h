// Batches of an image folder, decoded ahead of their use by threads.
#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "data/image_folder.h"
#include "data/sample_reader.h"

namespace neuralode::data {

struct LoaderOptions {
  SampleOptions sample;
  std::int64_t batch_size = 128;
  bool shuffle = false;
  bool drop_last = false;
  int workers = 1;
  int prefetch = 4;  // batches that are ready or in the making
  bool fail_on_error = false;
  std::uint64_t seed = 0;
};

/// What images are read as: normalised floats, or bytes whose normalisation and mirroring are left to do.
enum class Pixels { float32, uint8 };

struct Batch {
  at::Tensor images;  // (batch, 3, image_size, image_size)
  at::Tensor labels;  // (batch,) int64
  at::Tensor flips;   // (batch,) bool, of images read as bytes: which are to be mirrored. Undefined of floats
};

struct LoaderStatistics {
  std::int64_t images = 0;  // handed out
  std::int64_t broken = 0;  // met in batches handed out or passed over
  double seconds_waiting = 0;
  double seconds_stalled = 0;  // of the device that the batches are for; StallMeter
};

/// Workers take one image at a time of the next `prefetch` batches and decode it in place. What a sample shows depends on the seed,
/// the epoch and the image only, so batches are the same for any number of workers. One thread at a time may call.
class Loader {
 public:
  Loader(std::shared_ptr<const ImageFolder> folder, const LoaderOptions& options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t batches() const { return batches_; }
  /// The batch after the one last handed out, batches passed over included.
  std::int64_t position() const { return position_; }

  /// What images are read as from the next start on; what was started is dropped. pinned: into memory that a GPU can read.
  void read_as(Pixels pixels, bool pinned);
  /// Whether next, once started, would not wait but for a batch of which all images are broken.
  bool is_ready();

  /// Begins `epoch` at batch `first_batch`, in [0, batches()]; batches made for an earlier start are dropped.
  void start(std::int64_t epoch, std::int64_t first_batch);

  /// Waits for the next batch. False when the epoch has ended. With fail_on_error, a broken image ends the epoch with an Error.
  bool next(Batch& out);

  const LoaderStatistics& statistics() const { return statistics_; }
  /// The broken images met, "path: reason", at most 1000; the texts stay where they are.
  const std::deque<std::string>& broken() const { return broken_; }

 private:
  /// A batch in the making. Guarded by mutex_, except that a worker writes the pixels of the positions it has claimed.
  struct Slot {
    std::vector<std::int64_t> members;  // indices into the folder
    Batch batch;
    std::int64_t epoch = 0;
    std::int64_t number = 0;            // of the batch in its epoch
    std::size_t claimed = 0;
    std::size_t finished = 0;
    std::vector<std::string> reasons;  // a member; empty: fine
    std::exception_ptr failure;        // of the library, not of an image
  };

  void stop();
  void work();
  // With mutex_ held:
  bool can_open() const;
  void open_slot();
  Batch empty_batch(std::int64_t count) const;
  bool front_is_finished() const;
  std::shared_ptr<Slot> slot_to_claim();
  // Without:
  std::string fill(SampleReader& reader, Slot& slot, std::size_t position) const;
  std::shared_ptr<Slot> wait_for_slot();
  void end_epoch();
  std::int64_t note_broken(const Slot& slot);

  const std::shared_ptr<const ImageFolder> folder_;
  const LoaderOptions options_;
  std::int64_t batches_ = 0;

  std::mutex mutex_;
  std::condition_variable work_ready_;
  std::condition_variable batch_ready_;
  bool stopping_ = false;
  bool started_ = false;
  Pixels pixels_ = Pixels::float32;
  bool pinned_ = false;
  std::int64_t epoch_ = 0;
  std::int64_t next_batch_ = 0;              // the next to open
  std::vector<std::int64_t> order_;          // of this epoch
  std::deque<std::shared_ptr<Slot>> slots_;  // in the order of the batches; shared with the workers at work on them
  std::int64_t position_ = 0;                // of the calling thread only, as are statistics_ and broken_
  LoaderStatistics statistics_;
  std::deque<std::string> broken_;           // a deque does not move its texts
  std::vector<std::thread> workers_;         // last: they use all of the above
};

}  // namespace neuralode::data
