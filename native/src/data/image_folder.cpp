#include "data/image_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/error.h"

namespace neuralode::data {

namespace fs = std::filesystem;

namespace {

bool has_image_extension(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  std::string extension = name.substr(dot + 1);
  for (char& letter : extension) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  return extension == "jpg" || extension == "jpeg" || extension == "png";
}

/// Names of the entries of `folder` that `wanted` accepts, in byte order. Hidden ones (".x") are passed over.
template <class Wanted>
std::vector<std::string> names_in(const std::string& folder, Wanted&& wanted) {
  std::vector<std::string> names;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) {
      std::string name = entry.path().filename().string();
      if (name.front() != '.' && wanted(entry, name)) names.push_back(std::move(name));
    }
  } catch (const fs::filesystem_error& error) {
    fail(Status::io_error, folder, ": cannot be listed: ", error.code().message());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_folder(const std::string& path) {
  std::error_code ignored;  // what cannot be looked at is no folder
  return fs::is_directory(path, ignored);
}

}  // namespace

ImageFolder::ImageFolder(const std::string& root, const std::string& split) {
  const std::string folder = (fs::path(root) / split).string();
  if (!is_folder(root)) fail(Status::io_error, root, ": no such folder; give the one that holds train/ and test/");
  if (!is_folder(folder)) fail(Status::io_error, folder, ": no such folder; images are looked for in ", folder, "/<class>/");
  class_names_ = names_in(folder, [](const fs::directory_entry& entry, const std::string&) { return entry.is_directory(); });
  require(class_names_.size() >= 2, folder, ": holds ", class_names_.empty() ? "no class folder" : "one class folder only",
          "; a classifier needs two or more, each with its images");
  for (const std::string& name : class_names_) add_class((fs::path(folder) / name).string(), name);
}

void ImageFolder::add_class(const std::string& folder, const std::string& name) {
  const auto label = static_cast<std::int32_t>(std::lower_bound(class_names_.begin(), class_names_.end(), name) - class_names_.begin());
  const std::vector<std::string> files = names_in(folder, [](const fs::directory_entry& entry, const std::string& file) {
    return has_image_extension(file) && entry.is_regular_file();
  });
  require(!files.empty(), folder, ": class '", name, "' has no .jpg, .jpeg or .png file; add some or remove the folder");
  for (const std::string& file : files) {
    const std::string path = (fs::path(folder) / file).string();
    starts_.push_back(paths_.size());
    labels_.push_back(label);
    paths_.insert(paths_.end(), path.c_str(), path.c_str() + path.size() + 1);
  }
}

}  // namespace neuralode::data
