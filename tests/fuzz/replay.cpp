// Runs a fuzz target without libFuzzer: on every file of a folder, then on as many seeded mutations of them. The same in every run.
// Usage: fuzz_TARGET FOLDER MUTATIONS, or fuzz_TARGET FILE.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
__attribute__((weak)) std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned int seed);
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
}

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t room = 64;  // that a mutation may add

std::mt19937_64& generator() {
  static std::mt19937_64 instance(1);
  return instance;
}

std::size_t below(std::size_t count) { return static_cast<std::size_t>(generator()() % count); }

std::vector<Bytes> files_of(const fs::path& path) {
  std::vector<fs::path> paths;
  if (fs::is_directory(path))
    std::copy(fs::directory_iterator(path), fs::directory_iterator(), std::back_inserter(paths));
  else
    paths.push_back(path);
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> files;
  for (const auto& one : paths) {
    std::ifstream stream(one, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return files;
}

/// On a copy of its own, so that a read past the end is one past an allocation.
void run(const Bytes& input) {
  const Bytes exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

Bytes mutated(Bytes input) {
  const auto size = input.size();
  input.resize(size + room);
  const auto seed = static_cast<unsigned int>(generator()());
  const auto changed = LLVMFuzzerCustomMutator != nullptr ? LLVMFuzzerCustomMutator(input.data(), size, input.size(), seed)
                                                          : LLVMFuzzerMutate(input.data(), size, input.size());
  input.resize(changed);
  return input;
}

}  // namespace

/// One to four changes: a bit, a byte, an edge value of 4 bytes, bytes left out, bytes repeated, the rest cut off.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most) {
  for (std::size_t count = 1 + below(4); count > 0; --count) {
    const auto at = size == 0 ? 0 : below(size);
    const auto length = size == 0 ? 0 : 1 + below(std::min<std::size_t>(16, size - at));
    switch (below(6)) {
      case 0:
        if (size > 0) data[at] = static_cast<std::uint8_t>(data[at] ^ (1U << below(8)));
        break;
      case 1:
        if (size > 0) data[at] = static_cast<std::uint8_t>(below(256));
        break;
      case 2: {
        const std::uint32_t edges[] = {0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 1, 0x00000080};
        if (at + 4 <= size) std::memcpy(data + at, &edges[below(6)], 4);
        break;
      }
      case 3:
        std::memmove(data + at, data + at + length, size - at - length);
        size -= length;
        break;
      case 4:
        if (size + length > most) break;
        std::memmove(data + at + length, data + at, size - at);
        size += length;
        break;
      default:
        if (below(8) == 0) size = at;
    }
  }
  return size;
}

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: fuzz_TARGET FOLDER MUTATIONS | fuzz_TARGET FILE\n", stderr);
    return 2;
  }
  const auto files = files_of(arguments[1]);
  if (files.empty()) {
    std::fprintf(stderr, "%s: holds no file\n", arguments[1]);
    return 1;
  }
  for (const auto& file : files) run(file);
  const long mutations = count > 2 ? std::strtol(arguments[2], nullptr, 10) : 0;
  for (long i = 0; i < mutations; ++i) run(mutated(files[below(files.size())]));
  std::printf("%zu files and %ld mutations, no finding\n", files.size(), mutations);
  return 0;
}
