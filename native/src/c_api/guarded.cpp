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
    return remember(Status::runtime_error, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return remember(Status::out_of_memory, "out of memory: use a smaller batch, image or model");
  } catch (const std::exception& error) {
    return remember(Status::runtime_error, error.what());
  } catch (...) {
    return remember(Status::unknown_error, "an object that is no std::exception was thrown");
  }
}

}  // namespace neuralode::c_api
