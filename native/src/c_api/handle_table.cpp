#include "c_api/handle_table.h"

#include <array>
#include <deque>
#include <mutex>
#include <vector>

#include "core/error.h"

namespace neuralode::c_api {

namespace {

// Bits of a handle: 63 zero | 62..56 kind | 55..24 generation of the entry | 23..0 its index. An address has zeros in 62..56.
static_assert(sizeof(void*) == 8, "handles take 64 bits");
constexpr int kGenerationShift = 24;
constexpr int kKindShift = 56;
constexpr std::uint64_t kMostEntries = std::uint64_t{1} << kGenerationShift;

constexpr std::array<const char*, 11> kKindNames = {
    nullptr,
    "neuralode_tensor_map",
    "neuralode_dynamics",
    "neuralode_solution",
    "neuralode_observer",
    "neuralode_model",
    "neuralode_optimizer",
    "neuralode_checkpoint",
    "neuralode_image_folder",
    "neuralode_loader",
    "neuralode_grad_scaler",
};

struct Entry {
  std::shared_ptr<void> object;  // null: free
  std::uint32_t generation = 0;  // raised when the entry becomes free
  HandleKind kind{};
};

struct Table {
  std::mutex mutex;
  std::vector<Entry> entries;
  std::deque<std::uint32_t> free;  // first in, first out: a stale handle stays recognisable for long
};

/// Never destroyed: handles may be destroyed by finalizers that run while the process ends.
Table& table() {
  static auto* instance = new Table;
  return *instance;
}

std::uint64_t bits_of(const void* handle) { return reinterpret_cast<std::uintptr_t>(handle); }

/// The live entry of `handle`. Called with the table's mutex held.
Entry& checked_entry(const void* handle, HandleKind kind, const char* name) {
  const char* wanted = kKindNames[static_cast<std::size_t>(kind)];
  require(handle != nullptr, name, " is null");
  const char* given = kind_of_handle(handle);
  require(given != nullptr, name, ": ", handle, " is no handle of this library's objects; give a ", wanted);
  const auto bits = bits_of(handle);
  const auto index = bits % kMostEntries;
  const auto generation = static_cast<std::uint32_t>(bits >> kGenerationShift);
  auto& entries = table().entries;
  require(index < entries.size() && entries[index].object != nullptr && entries[index].generation == generation, name, ": this ", given,
          " was destroyed, or never made");
  require(entries[index].kind == kind && bits >> kKindShift == static_cast<std::uint64_t>(kind), name, " is a ", given, "; give a ",
          wanted);
  return entries[index];
}

}  // namespace

const char* kind_of_handle(const void* handle) {
  const auto kind = bits_of(handle) >> kKindShift;
  return kind < kKindNames.size() ? kKindNames[kind] : nullptr;
}

void* insert_handle(HandleKind kind, std::shared_ptr<void> object) {
  auto& handles = table();
  const std::lock_guard lock(handles.mutex);
  if (handles.free.empty()) {
    if (handles.entries.size() == kMostEntries)
      fail(Status::out_of_memory, "too many objects are alive: destroy those that are not needed");
    handles.entries.emplace_back();
    handles.free.push_back(static_cast<std::uint32_t>(handles.entries.size() - 1));
  }
  const auto index = handles.free.front();
  handles.free.pop_front();
  auto& entry = handles.entries[index];
  entry.object = std::move(object);
  entry.kind = kind;
  return reinterpret_cast<void*>(static_cast<std::uint64_t>(kind) << kKindShift | std::uint64_t{entry.generation} << kGenerationShift |
                                 index);
}

std::shared_ptr<void> find_handle(const void* handle, HandleKind kind, const char* name) {
  const std::lock_guard lock(table().mutex);
  return checked_entry(handle, kind, name).object;
}

std::shared_ptr<void> remove_handle(const void* handle, HandleKind kind, const char* name) {
  auto& handles = table();
  const std::lock_guard lock(handles.mutex);
  auto& entry = checked_entry(handle, kind, name);
  handles.free.push_back(static_cast<std::uint32_t>(bits_of(handle) % kMostEntries));
  ++entry.generation;
  return std::move(entry.object);  // destroyed by the caller, outside the lock
}

std::int64_t live_handles() {
  auto& handles = table();
  const std::lock_guard lock(handles.mutex);
  return static_cast<std::int64_t>(handles.entries.size() - handles.free.size());
}

}  // namespace neuralode::c_api
