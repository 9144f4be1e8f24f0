#include "data/device_loader.h"

namespace neuralode::data {

namespace {

Pixels pixels_for(Transfer transfer, at::Device device) {
  if (transfer == Transfer::automatic) return device.is_cpu() ? Pixels::float32 : Pixels::uint8;
  return transfer == Transfer::uint8 ? Pixels::uint8 : Pixels::float32;
}

}  // namespace

DeviceLoader::DeviceLoader(std::shared_ptr<const ImageFolder> folder, const LoaderOptions& options, Transfer transfer,
                           const Destination& destination)
    : loader_(std::move(folder), options),
      normalization_(options.sample.normalization),
      transfer_(transfer),
      pixels_(pixels_for(transfer, destination.device)),
      courier_(destination, normalization_),
      stalls_(destination.device) {
  loader_.read_as(pixels_, destination.device.is_cuda());
}

void DeviceLoader::to(const Destination& destination) {
  Courier courier(destination, normalization_);
  next_.reset();
  pixels_ = pixels_for(transfer_, destination.device);
  loader_.read_as(pixels_, destination.device.is_cuda());
  courier_ = std::move(courier);
  seconds_stalled_before_ += stalls_.seconds();
  stalls_ = StallMeter(destination.device);
}

void DeviceLoader::start(std::int64_t epoch, std::int64_t first_batch) {
  loader_.start(epoch, first_batch);
  next_.reset();
  position_ = first_batch;
}

DeviceLoader::Arrival DeviceLoader::fetch() {
  Arrival result;
  try {
    Batch batch;
    if (loader_.next(batch)) result.shipment = courier_.send(batch);
  } catch (...) {
    result.failure = std::current_exception();
  }
  result.position = loader_.position();
  result.statistics = loader_.statistics();
  return result;
}

bool DeviceLoader::next(Batch& out) {
  stalls_.begin();
  auto arrival = next_ ? std::move(*next_) : fetch();
  next_.reset();
  position_ = arrival.position;
  handed_out_ = arrival.statistics;
  if (arrival.failure) std::rethrow_exception(arrival.failure);
  if (!arrival.shipment) {
    stalls_.end();
    return false;
  }
  out = courier_.receive(std::move(*arrival.shipment));
  stalls_.end();
  if (ahead() && loader_.is_ready()) next_ = fetch();
  return true;
}

LoaderStatistics DeviceLoader::statistics() {
  auto result = handed_out_;
  result.seconds_waiting = loader_.statistics().seconds_waiting;
  result.seconds_stalled = seconds_stalled_before_ + stalls_.seconds();
  return result;
}

}  // namespace neuralode::data
