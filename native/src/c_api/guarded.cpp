#include "c_api/guarded.h"

#include <c10/util/Exception.h>

#include <new>

namespace neuralode::c_api {

namespace {

neuralode_status remember(Status status, const char* text) noexcept {
  try {
    last_error() = text;
  } catch (...) {
    last_error().clear();  // out of memory for the text itself: the status still tells
  }
  return static_cast<neuralode_status>(status);
}

constexpr const char* out_of_memory_text = "out of memory: use a smaller batch, image or model";

/// libtorch's CPU allocator reports with a plain c10::Error.
bool is_out_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr || error.msg().find("DefaultCPUAllocator") != std::string::npos;
}

}  // namespace

std::string& last_error() {
  thread_local std::string text;
  return text;
}

neuralode_status guarded_call(const std::function<void()>& body) noexcept {
  try {
    body();
    return NEURALODE_OK;
  } catch (const Error& error) {
    return remember(error.status(), error.what());
  } catch (const c10::Error& error) {
    return remember(is_out_of_memory(error) ? Status::out_of_memory : Status::runtime_error,
                    is_out_of_memory(error) ? out_of_memory_text : error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return remember(Status::out_of_memory, out_of_memory_text);
  } catch (const std::exception& error) {
    return remember(Status::runtime_error, error.what());
  } catch (...) {
    return remember(Status::unknown_error, "an object that is no std::exception was thrown");
  }
}

}  // namespace neuralode::c_api
