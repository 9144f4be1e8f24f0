// Batches from the CPU to where they are computed with.
#pragma once

#include <c10/core/Event.h>

#include <array>
#include <deque>
#include <optional>

#include "data/loader.h"

namespace neuralode::data {

/// Where batches go, and how their images are laid out there.
struct Destination {
  at::Device device = at::kCPU;
  bool channels_last = false;
};

/// A Normalization on a device: (1, 3, 1, 1) each.
struct DeviceNormalization {
  DeviceNormalization(const Normalization& normalization, at::Device device);
  at::Tensor scale, bias;
};

/// Images as the network takes them of bytes (batch, 3, height, width) and which of them are mirrored, (batch,) bool: float32, on the
/// bytes' device. On a CPU the arithmetic of a batch that was read as float32, element by element; a pixel differs by its rounding to a
/// byte, half a byte times normalization.scale.
at::Tensor images_of_bytes(const at::Tensor& bytes, const at::Tensor& flips, const DeviceNormalization& normalization, bool channels_last);

/// A batch that has been sent and may not have arrived.
struct Shipment {
  Batch batch;                        // at its destination
  std::optional<c10::Event> arrived;  // of a GPU
};

/// Sends batches to one destination: to a GPU on a stream of its own, so that a batch travels while the one before is computed with.
class Courier {
 public:
  Courier(const Destination& destination, const Normalization& normalization);

  /// Copies, mirrors and normalises what was read as bytes; what was read as float32 is copied and laid out. Does not wait for a GPU.
  Shipment send(const Batch& batch) const;
  /// The batch, for use in the caller's stream from now on: what is put there waits until it has arrived.
  Batch receive(Shipment shipment) const;

  const Destination& destination() const { return destination_; }

 private:
  Batch converted(const Batch& batch) const;

  Destination destination_;
  DeviceNormalization normalization_;
  std::optional<c10::Stream> stream_;  // of a GPU
};

/// Adds up how long a device had nothing to do because a batch was not there: on a CPU wall-clock time; on a GPU from the end of what was
/// put into the caller's stream before begin until what end follows could go on, by events, which are read when they have passed and never
/// waited for. libtorch before 2.4 has no such events: there it is the caller's time on a GPU too.
class StallMeter {
 public:
  explicit StallMeter(at::Device device) : device_(device) {}

  void begin();
  void end();
  /// Up to the last end that has passed.
  double seconds();

 private:
  struct Stall {
    c10::Event begin, end;
  };
  bool by_events() const;

  at::Device device_;
  double seconds_ = 0;
  double began_ = 0;                       // by the clock
  std::optional<c10::Event> begin_event_;  // of the stall that is going on
  std::deque<Stall> passing_;
};

}  // namespace neuralode::data
