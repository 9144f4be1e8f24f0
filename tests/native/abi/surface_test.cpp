// What callers were compiled against: every declaration of the public headers and every struct's layout, as native/abi/VERSION.txt has
// them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "neuralode/neuralode.h"

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The declarations of a header, one a line and one line a field: without comments, preprocessor lines and what depends on the language.
std::string declarations_of(const std::string& header) {
  std::string code;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header.compare(i, 2, "/*") == 0) i = header.find("*/", i) + 2;
    code += header[i];
  }
  std::istringstream lines(code);
  std::string line, result;
  bool inside = false;  // braces
  while (std::getline(lines, line)) {
    if (line.rfind("#", 0) == 0 || line == "extern \"C\" {" || (line == "}" && !inside)) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word == "}" || word == "};") inside = false;
      if (word == "{") inside = true;
      const bool ends = word.back() == ';' || (inside && (word.back() == ',' || word == "{"));
      result += word + (ends ? inside ? "\n  " : "\n" : " ");
    }
  }
  return result;
}

std::string surface() {
  std::set<fs::path> headers;  // in the order of their names
  for (const auto& entry : fs::directory_iterator(NEURALODE_HEADERS)) headers.insert(entry.path());
  std::string result;
  for (const auto& header : headers) result += header.filename().string() + "\n\n" + declarations_of(text_of(header)) + '\n';
  const char* layouts = nullptr;
  neuralode_struct_layouts(&layouts);
  return result + nlohmann::ordered_json::parse(layouts).dump(1) + '\n';
}

}  // namespace

TEST(AbiSurface, ChangesWithTheVersionAlone) {
  const auto path = fs::path(NEURALODE_HEADERS).parent_path().parent_path() / "abi" / (std::to_string(neuralode_abi_version()) + ".txt");
  const auto found = surface();
  EXPECT_EQ(neuralode_abi_version(), NEURALODE_ABI_VERSION);
  if (std::getenv("NEURALODE_WRITE_ABI") != nullptr) std::ofstream(path) << found;
  EXPECT_EQ(found, text_of(path)) << "The ABI is not what " << path
                                  << " has. If this version was released, raise NEURALODE_ABI_VERSION (status.h); "
                                  << "then write the file with NEURALODE_WRITE_ABI=1 and look at what changed in it.";
}
