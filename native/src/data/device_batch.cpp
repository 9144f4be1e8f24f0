#include "data/device_batch.h"

#include <ATen/ATen.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>

#include "tensors/compat.h"

namespace neuralode::data {

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

c10::Stream current_stream(at::Device device) { return c10::impl::VirtualGuardImpl(device.type()).getStream(device); }

at::Tensor per_channel(const std::array<float, 3>& values, at::Device device) {
  return at::tensor(at::ArrayRef<float>(values)).view({1, 3, 1, 1}).to(device);
}

at::Tensor laid_out(const at::Tensor& images, bool channels_last) {
  return images.contiguous(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

}  // namespace

DeviceNormalization::DeviceNormalization(const Normalization& normalization, at::Device device)
    : scale(per_channel(normalization.scale, device)), bias(per_channel(normalization.bias, device)) {}

at::Tensor images_of_bytes(const at::Tensor& bytes, const at::Tensor& flips, const DeviceNormalization& normalization, bool channels_last) {
  const at::NoGradGuard not_recording;
  const auto mirrored = at::where(flips.view({-1, 1, 1, 1}), bytes.flip({3}), bytes);
  const auto images = laid_out(mirrored, channels_last).to(at::kFloat);
  return images.mul_(normalization.scale).add_(normalization.bias);
}

Courier::Courier(const Destination& destination, const Normalization& normalization)
    : destination_(destination), normalization_(normalization, destination.device) {
  if (!destination.device.is_cuda()) return;
  stream_ = c10::impl::VirtualGuardImpl(destination.device.type()).getStreamFromGlobalPool(destination.device);
  for (const auto& tensor : {normalization_.scale, normalization_.bias}) tensor.record_stream(*stream_);
}

Batch Courier::converted(const Batch& batch) const {
  const auto there = [&](const at::Tensor& tensor) { return tensor.to(destination_.device, /*non_blocking=*/true); };
  const auto images = there(batch.images);
  Batch result;
  result.labels = there(batch.labels);
  result.images = batch.flips.defined() ? images_of_bytes(images, there(batch.flips), normalization_, destination_.channels_last)
                                        : laid_out(images, destination_.channels_last);
  return result;
}

Shipment Courier::send(const Batch& batch) const {
  Shipment result;
  if (!stream_) {
    result.batch = converted(batch);
    return result;
  }
  const c10::StreamGuard on_its_own(*stream_);
  result.batch = converted(batch);
  result.arrived.emplace(stream_->device_type());
  result.arrived->record(*stream_);
  return result;
}

Batch Courier::receive(Shipment shipment) const {
  if (shipment.arrived) {
    const auto stream = current_stream(destination_.device);
    shipment.arrived->block(stream);
    // The memory is of the courier's stream: it is free again when the caller's has done with it, too.
    for (const auto& tensor : {shipment.batch.images, shipment.batch.labels}) tensor.record_stream(stream);
  }
  return std::move(shipment.batch);
}

bool StallMeter::by_events() const { return compat::events_have_time && device_.is_cuda(); }

void StallMeter::begin() {
  began_ = now();
  if (!by_events()) return;
  begin_event_.emplace(device_.type(), compat::timing_event);
  begin_event_->record(current_stream(device_));
}

void StallMeter::end() {
  if (!by_events()) {
    seconds_ += now() - began_;
    return;
  }
  c10::Event event(device_.type(), compat::timing_event);
  event.record(current_stream(device_));
  passing_.push_back({std::move(*begin_event_), std::move(event)});
  begin_event_.reset();
  seconds();  // so that few wait
}

double StallMeter::seconds() {
  for (; !passing_.empty() && passing_.front().end.query(); passing_.pop_front())
    seconds_ += compat::milliseconds_between(passing_.front().begin, passing_.front().end) / 1000;
  return seconds_;
}

}  // namespace neuralode::data
