// Lists root/<split>/<class>/<image>.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace neuralode::data {

/// The images of one split. Immutable, so any number of threads may read it. Texts live as long as the object.
class ImageFolder {
 public:
  /// What is listed and what is an error is said at neuralode_image_folder_open. Throws Error.
  ImageFolder(const std::string& root, const std::string& split);

  std::int64_t images() const { return static_cast<std::int64_t>(starts_.size()); }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names_.size()); }
  const std::string& class_name(std::int64_t index) const { return class_names_[static_cast<std::size_t>(index)]; }
  const char* path(std::int64_t image) const { return paths_.data() + starts_[static_cast<std::size_t>(image)]; }
  std::int64_t label(std::int64_t image) const { return labels_[static_cast<std::size_t>(image)]; }

 private:
  void add_class(const std::string& folder, const std::string& name);

  std::vector<std::string> class_names_;
  std::vector<char> paths_;  // all of them, each ended by a zero: a million strings of their own would take twice the memory
  std::vector<std::size_t> starts_;
  std::vector<std::int32_t> labels_;
};

}  // namespace neuralode::data
