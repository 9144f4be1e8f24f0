// What entries that take callbacks share: the user's pointer, arguments lent out, and handles taken back.
#pragma once

#include <utility>
#include <vector>

#include "c_api/guarded.h"
#include "c_api/handles.h"
#include "neuralode/dynamics.h"
#include "tensors/tensor_list.h"

namespace neuralode::c_api {

/// The user's pointer, released once when the last function that holds it is gone.
class User {
 public:
  User(void* pointer, neuralode_release_callback release) : pointer_(pointer), release_(release) {}
  ~User() {
    if (release_ != nullptr) release_(pointer_);
  }
  User(const User&) = delete;
  User& operator=(const User&) = delete;
  void* pointer() const { return pointer_; }
  /// The caller keeps the pointer: creation failed.
  void disarm() { release_ = nullptr; }

 private:
  void* pointer_;
  neuralode_release_callback release_;
};

/// Borrowed handles for the arguments of a callback.
class Borrowed {
 public:
  explicit Borrowed(const TensorList& tensors) : tensors_(tensors) {
    for (auto& tensor : tensors_) handles_.push_back(tensor.defined() ? reinterpret_cast<neuralode_tensor>(&tensor) : nullptr);
  }
  const neuralode_tensor* data() const { return handles_.data(); }

 private:
  TensorList tensors_;
  std::vector<neuralode_tensor> handles_;
};

/// Slots that a callback fills with handles that the library then owns, whatever the callback returns.
class Slots {
 public:
  explicit Slots(std::size_t count) : handles_(count, nullptr) {}
  ~Slots() { take(); }
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;
  neuralode_tensor* data() { return handles_.data(); }
  TensorList take() {
    TensorList result;
    for (auto& handle : handles_) result.push_back(taken_tensor(std::exchange(handle, nullptr)));
    return result;
  }

 private:
  std::vector<neuralode_tensor> handles_;
};

/// Calls a callback; throws what it says when it fails. After success the thread's error text is what it was.
template <class Call>
void checked_call(const char* name, const Call& call) {
  auto before = std::exchange(last_error(), {});
  const neuralode_status status = call();
  const auto text = std::exchange(last_error(), std::move(before));
  if (status != NEURALODE_OK)
    fail(Status::callback_failed, "the ", name, " callback returned status ", status, text.empty() ? "" : ": ", text);
}

}  // namespace neuralode::c_api
