// Batches of an image folder on the device that computes with them.
#pragma once

#include "data/device_batch.h"

namespace neuralode::data {

/// How pixels travel. Values are those of neuralode_transfer in neuralode/data.h.
enum class Transfer : std::int32_t { automatic = 0, float32 = 1, uint8 = 2 };

/// A Loader whose batches are sent on. What is read as bytes is sent one batch ahead: while a batch is computed with, the next one is
/// copied, where it has been read by then. One thread at a time may call.
class DeviceLoader {
 public:
  DeviceLoader(std::shared_ptr<const ImageFolder> folder, const LoaderOptions& options, Transfer transfer,
               const Destination& destination = {});

  /// Where batches go from the next start on; what was started is dropped. Pixels that travel as they like are bytes to a GPU, float32 on
  /// the CPU; to a GPU they come from pinned memory.
  void to(const Destination& destination);

  std::int64_t batches() const { return loader_.batches(); }
  /// The batch after the one last handed out, batches passed over included.
  std::int64_t position() const { return position_; }
  void start(std::int64_t epoch, std::int64_t first_batch);
  /// As Loader::next.
  bool next(Batch& out);

  /// Of the batches handed out.
  LoaderStatistics statistics();
  const std::deque<std::string>& broken() const { return loader_.broken(); }

 private:
  /// A batch, or the end of the epoch, or its failure.
  struct Arrival {
    std::optional<Shipment> shipment;
    std::exception_ptr failure;
    std::int64_t position = 0;
    LoaderStatistics statistics;
  };

  Arrival fetch();
  bool ahead() const { return pixels_ == Pixels::uint8; }

  Loader loader_;
  const Normalization normalization_;
  const Transfer transfer_;
  Pixels pixels_;
  Courier courier_;
  StallMeter stalls_;
  double seconds_stalled_before_ = 0;  // before the last move
  std::optional<Arrival> next_;
  std::int64_t position_ = 0;
  LoaderStatistics handed_out_;
};

}  // namespace neuralode::data
