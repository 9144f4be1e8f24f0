// The memory bandwidth of every CUDA kernel of native/src/kernels/cuda, as a share of what a device-to-device copy reaches on this GPU.
// Usage: kernel_bandwidth [--quick] [--rows FILE]     Rows are appended to FILE, a JSON object a line.
//
// Bytes are those read and written, each array once. Past the L2 a kernel should reach 85 % of the copy; of small arrays the time tells.
#include <cstring>
#include <type_traits>

#include "bandwidth.cuh"
#include "kernels/cuda/alf.h"
#include "kernels/cuda/combine.h"
#include "kernels/cuda/lattice.h"

namespace {

using namespace neuralode::benchmarks;
namespace k = neuralode::kernels::cuda;

constexpr double goal = 0.85;

struct Setting {
  Arena arena;
  std::size_t large, small;  ///< bytes of an array
  int repeats;
  std::FILE* rows = nullptr;
  double copy = 0;  ///< bytes a second
  k::NoteWord* note = nullptr;
  double* sums = nullptr;  ///< 2 results and sum_work doubles of work space
};

void print(const Setting& setting, const std::string& name, const char* dtype, std::int64_t elements, double passes, double bytes,
           double time, bool large) {
  const double rate = bytes / time * 1e6, share = setting.copy > 0 ? rate / setting.copy : 1;
  std::printf("%-26s %-9s %12lld %8.2f %10.1f %9.1f %7.3f%s\n", name.c_str(), dtype, static_cast<long long>(elements), passes, time,
              rate / 1e9, share, large && share < goal ? "  below 0.85" : "");
  std::fflush(stdout);
  if (setting.rows == nullptr) return;
  std::fprintf(setting.rows,
               "{\"kind\": \"kernel\", \"name\": \"%s\", \"dtype\": \"%s\", \"size\": \"%s\", \"elements\": %lld, \"passes\": %.2f, "
               "\"bytes\": %.0f, \"microseconds\": %.3f, \"gigabytes_per_second\": %.2f, \"share_of_copy\": %.4f}\n",
               name.c_str(), dtype, large ? "large" : "small", static_cast<long long>(elements), passes, bytes, time, rate / 1e9, share);
  std::fflush(setting.rows);
}

void measure_copies(Setting& setting) {
  const auto bytes = setting.large;
  const auto& arena = setting.arena;
  const double by_driver = microseconds(arena, bytes, setting.repeats, [&](std::size_t, cudaStream_t stream) {
    NEURALODE_CUDA_CHECK(cudaMemcpyAsync(arena.at<char>(1, 0), arena.at<char>(0, 0), bytes, cudaMemcpyDeviceToDevice, stream));
  });
  const double by_kernel = microseconds(arena, bytes, setting.repeats, [&](std::size_t, cudaStream_t stream) {
    const auto count = static_cast<std::int64_t>(bytes / 16);
    copy_kernel<<<static_cast<unsigned>(std::min<std::int64_t>((count + 255) / 256, 65536)), 256, 0, stream>>>(arena.at<int4>(0, 0),
                                                                                                               arena.at<int4>(1, 0), count);
    NEURALODE_CUDA_CHECK(cudaGetLastError());
  });
  setting.copy = 2.0 * double(bytes) / std::min(by_driver, by_kernel) * 1e6;
  print(setting, "cudaMemcpyAsync", "bytes", static_cast<std::int64_t>(bytes), 2, 2.0 * double(bytes), by_driver, true);
  print(setting, "copy, 16 bytes a thread", "bytes", static_cast<std::int64_t>(bytes), 2, 2.0 * double(bytes), by_kernel, true);
}

/// One dtype. The first slots are Scalars for ALF; for the lattice slots 0 to 3 are integers and the others Scalars.
template <class S>
class Kernels {
 public:
  Kernels(const Setting& setting, const char* dtype) : setting_(setting), dtype_(dtype) {}

  void alf() {
    setting_.arena.fill(0, Arena::slots, false);
    const k::Note note{setting_.note, 2};
    double *const sum = setting_.sums, *const work = setting_.sums + 2;
    run("alf_head", 3, 0, [&] { k::alf_head(a(0), a(1), a(2), h, n_, stream_); });
    run("alf_tail", 5, 0, [&] { k::alf_tail(a(0), a(1), a(2), a(3), a(4), h, 1.0, n_, note, stream_); });
    run("alf_advance", 5, 0, [&] { k::alf_advance(a(0), a(1), a(2), a(3), a(4), h, h, 1.0, n_, note, stream_); });
    run("alf_reverse_head", 6, 0, [&] { k::alf_reverse_head(a(0), a(1), a(2), a(3), a(4), a(5), h, 1.0, n_, stream_); });
    run(
        "alf_reverse_tail", 10, 0, [&] { k::alf_reverse_tail(a(0), a(1), a(2), a(3), a(4), a(5), a(6), a(7), a(8), h, 1.0, n_, stream_); },
        7);
    run(
        "alf_reverse_advance", 10, 0,
        [&] { k::alf_reverse_advance(a(0), a(1), a(2), a(3), a(4), a(5), a(6), a(7), a(8), h, h, 1.0, n_, stream_); }, 7);
    run("alf_error", 4, 0, [&] { k::alf_error(a(0), a(1), a(2), a(3), h, 1e-3, 1e-6, n_, sum, work, stream_); });
    run("dot", 2, 0, [&] { k::dot(a(0), a(1), n_, sum, work, stream_); });
    run("note_non_finite", 1, 0, [&] { k::note_non_finite(a(0), n_, note, stream_); });
    run("difference", 2, 0, [&] { k::difference(a(0), a(1), n_, sum, stream_); });
    const double weights[6] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
    for (const std::int32_t terms : {1, 6})
      run(terms == 1 ? "combine, 1 term" : "combine, 6 terms", terms + 2, 0, [&] {
        const S* const arrays[6] = {a(1), a(2), a(3), a(4), a(5), a(6)};
        k::combine<S>(a(0), arrays, weights, terms, a(7), n_, note, stream_);
      });
    run("scaled_error", 3, 0, [&] { k::scaled_error(a(0), a(1), a(2), 1e-3, 1e-6, n_, sum, work, stream_); });
  }

  void lattice() {
    setting_.arena.fill(0, 4, true);
    setting_.arena.fill(4, Arena::slots, false);
    const k::Note note{setting_.note, 2};
    run("lattice_start", 1, 1, [&] { k::lattice_start(a(4), Z(3), q, n_, note, stream_); });
    run("lattice_state", 2, 1, [&] { k::lattice_state(a(4), Z(0), a(5), q, n_, stream_); });
    run("lattice_velocity", 1, 1, [&] { k::lattice_velocity(Z(0), a(4), q, n_, stream_); });
    setting_.arena.fill(4, Arena::slots, false);
    run("lattice_head", 2, 2, [&] { k::lattice_head(a(4), Z(0), Z(1), a(5), c, q, n_, stream_); });
    run("lattice_tail", 1, 4, [&] { k::lattice_tail(Z(0), Z(1), a(4), Z(2), Z(3), c, q, n_, note, stream_); });
    run("lattice_advance", 3, 4, [&] { k::lattice_advance(a(4), Z(0), Z(1), a(6), Z(2), Z(3), a(5), c, c, q, q, n_, note, stream_); });
    run("lattice_reverse_head", 5, 2, [&] { k::lattice_reverse_head(a(4), Z(0), Z(1), a(6), a(7), a(8), a(9), h, c, q, n_, stream_); });
    run("lattice_reverse_tail", 6, 4,
        [&] { k::lattice_reverse_tail(Z(0), Z(1), a(4), a(6), Z(2), Z(3), a(7), a(8), h, c, q, n_, note, stream_); });
    run("lattice_reverse_advance", 9, 4, [&] {
      k::lattice_reverse_advance(a(4), Z(0), Z(1), a(5), a(6), Z(2), Z(3), a(7), a(8), a(9), a(10), h, c, h, c, q, q, n_, note, stream_);
    });
    if constexpr (std::is_same_v<S, double>)  // it has no other type
      run("lattice_difference", 0, 2,
          [&] { k::lattice_difference(Z(0), Z(1), n_, reinterpret_cast<unsigned long long*>(setting_.sums), stream_); });
  }

 private:
  static constexpr double h = 0.125, c = 0.5, q = 0x1p-20;  // step, and quanta that keep integers small

  S* a(int slot) const { return setting_.arena.at<S>(slot, offset_); }
  std::int64_t* Z(int slot) const { return setting_.arena.at<std::int64_t>(slot, offset_); }

  /// scalars, integers: accesses to arrays of either, an element each. refill: first slot that repeats of it change for good.
  void run(const char* name, int scalars, int integers, const std::function<void()>& launch, int refill = Arena::slots) {
    const double bytes_each = scalars * double(sizeof(S)) + 8.0 * integers;
    for (const bool large : {true, false}) {
      const auto span = large ? setting_.large : setting_.small;
      n_ = static_cast<std::int64_t>(span / (integers > 0 ? 8 : sizeof(S)));
      const double time = microseconds(setting_.arena, span, setting_.repeats, [&](std::size_t offset, cudaStream_t stream) {
        offset_ = offset;
        stream_ = stream;
        launch();
      });
      print(setting_, name, dtype_, n_, bytes_each / double(sizeof(S)), bytes_each * double(n_), time, large);
    }
    if (refill < Arena::slots) setting_.arena.fill(refill, Arena::slots, false);
  }

  const Setting& setting_;
  const char* dtype_;
  std::int64_t n_ = 0;
  std::size_t offset_ = 0;
  cudaStream_t stream_ = nullptr;
};

template <class S>
void measure(const Setting& setting, const char* dtype) {
  Kernels<S> kernels(setting, dtype);
  kernels.alf();
  kernels.lattice();
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  const char* rows = nullptr;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) {
      quick = true;
    } else if (std::strcmp(argv[i], "--rows") == 0 && i + 1 < argc) {
      rows = argv[++i];
    } else {
      std::fprintf(stderr, "usage: %s [--quick] [--rows FILE]\n", argv[0]);
      return 2;
    }
  }
  cudaDeviceProp device{};
  NEURALODE_CUDA_CHECK(cudaGetDeviceProperties(&device, 0));
  Setting setting{Arena(std::size_t{quick ? 64u : 256u} << 20), 0, std::size_t{1} << 20, quick ? 5 : 20};
  setting.large = setting.arena.bytes();
  if (rows != nullptr && (setting.rows = std::fopen(rows, "a")) == nullptr) {
    std::fprintf(stderr, "%s: cannot be written\n", rows);
    return 1;
  }
  NEURALODE_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&setting.note), sizeof(k::NoteWord)));
  NEURALODE_CUDA_CHECK(cudaMemset(setting.note, 0xff, sizeof(k::NoteWord)));  // nothing_noted
  NEURALODE_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&setting.sums), (2 + k::sum_work) * sizeof(double)));
  NEURALODE_CUDA_CHECK(cudaMemset(setting.sums, 0, (2 + k::sum_work) * sizeof(double)));
  std::printf("%s, sm_%d%d, %.1f MiB of L2, arrays of %.0f MiB and %.0f MiB, medians of %d\n", device.name, device.major, device.minor,
              device.l2CacheSize / 1048576.0, double(setting.large) / 1048576, double(setting.small) / 1048576, setting.repeats);
  std::printf("%-26s %-9s %12s %8s %10s %9s %7s\n", "kernel", "dtype", "elements", "passes", "us", "GB/s", "of copy");
  measure_copies(setting);
  measure<float>(setting, "float32");
  measure<double>(setting, "float64");
  measure<neuralode::kernels::BFloat16>(setting, "bfloat16");
  measure<neuralode::kernels::Float16>(setting, "float16");
  if (setting.rows != nullptr) std::fclose(setting.rows);
  return 0;
}
