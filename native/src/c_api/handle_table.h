// What the handles of our own objects are: entries of a table, not addresses, so that a destroyed, mistyped or made-up one is an error, not
// a crash.
#pragma once

#include <cstdint>
#include <memory>

namespace neuralode::c_api {

/// What a handle is of. Part of the handle; 0 is left to addresses (of tensors).
enum class HandleKind : std::uint8_t {
  tensor_map = 1,
  dynamics,
  solution,
  observer,
  model,
  optimizer,
  checkpoint,
  image_folder,
  loader,
  grad_scaler,
};

/// A new entry's handle. Throws out_of_memory when 2^24 are alive.
void* insert_handle(HandleKind kind, std::shared_ptr<void> object);
/// The object behind the argument `name`. Throws invalid_argument for null, another kind's, a destroyed one, or no handle at all.
std::shared_ptr<void> find_handle(const void* handle, HandleKind kind, const char* name);
/// As find_handle; the handle is gone after.
std::shared_ptr<void> remove_handle(const void* handle, HandleKind kind, const char* name);
/// "a neuralode_model" and so on where `handle` has the form of one of the table's; null where it may be an address.
const char* kind_of_handle(const void* handle);
/// Entries alive.
std::int64_t live_handles();

/// T: a neuralode_x_t, whose T::kind says what it is.
template <class T>
T* new_handle(std::shared_ptr<T> object) {
  return static_cast<T*>(insert_handle(T::kind, std::move(object)));
}

/// Keeps the object alive for the call, whatever a callback destroys meanwhile.
template <class T>
std::shared_ptr<T> held(T* handle, const char* name) {
  return std::static_pointer_cast<T>(find_handle(handle, T::kind, name));
}

/// Null does nothing.
template <class T>
void destroy_handle(T* handle, const char* name) {
  if (handle != nullptr) remove_handle(handle, T::kind, name);
}

}  // namespace neuralode::c_api
