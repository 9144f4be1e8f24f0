// The one place where exceptions become statuses.
#pragma once

#include <functional>
#include <string>

#include "core/error.h"
#include "neuralode/status.h"

namespace neuralode::c_api {

/// The calling thread's last error text, shared with neuralode_last_error.
std::string& last_error();

/// Runs `body`; turns Error, c10::Error, std::bad_alloc, std::exception and anything else thrown into a status and a text.
neuralode_status guarded_call(const std::function<void()>& body) noexcept;

/// Every extern "C" body is one call of this.
template <class Body>
neuralode_status guarded(Body&& body) noexcept {
  return guarded_call(std::ref(body));
}

}  // namespace neuralode::c_api
