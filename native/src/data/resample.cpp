#include "data/resample.h"

#include <algorithm>
#include <cmath>

namespace neuralode::data {

void Resampler::Axis::fit(int source_size, double start, double length, int target_size) {
  const double step = length / target_size;  // source pixels a target pixel
  const double reach = std::max(step, 1.0);  // half the width of the triangle
  windows.clear();
  weights.clear();
  for (int target = 0; target < target_size; ++target) {
    const double center = start + (target + 0.5) * step;
    const int first = std::clamp(static_cast<int>(std::floor(center - reach + 0.5)), 0, source_size - 1);
    const int last = std::clamp(static_cast<int>(std::floor(center + reach + 0.5)), first + 1, source_size);
    windows.push_back({first, last - first, weights.size()});
    double sum = 0;
    for (int source = first; source < last; ++source) {
      const double weight = std::max(0.0, 1.0 - std::abs(source + 0.5 - center) / reach);
      weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    float* own = weights.data() + windows.back().weights;
    if (sum <= 0) std::fill_n(own, last - first, 1.0F / static_cast<float>(last - first));
    if (sum > 0) std::for_each(own, own + (last - first), [sum](float& weight) { weight = static_cast<float>(weight / sum); });
  }
}

void Resampler::blend_rows(const PixelView& image, const Window& window, int first_column, int columns) {
  const std::size_t count = static_cast<std::size_t>(columns) * 3;
  row_.resize(count);
  float* __restrict__ row = row_.data();
  for (int k = 0; k < window.count; ++k) {
    const std::uint8_t* __restrict__ source =
        image.rgb +
        (static_cast<std::size_t>(window.first + k) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(first_column)) * 3;
    const float weight = down_.weights[window.weights + static_cast<std::size_t>(k)];
    if (k == 0) {
      for (std::size_t i = 0; i < count; ++i) row[i] = weight * static_cast<float>(source[i]);
    } else if (weight != 0.0F) {
      for (std::size_t i = 0; i < count; ++i) row[i] += weight * static_cast<float>(source[i]);
    }
  }
}

void Resampler::write_row(const Placement& placement, int y, int first_column, const Normalization& normalization, float* out) const {
  const std::size_t plane = static_cast<std::size_t>(placement.size) * static_cast<std::size_t>(placement.size);
  for (int x = 0; x < placement.size; ++x) {
    float* target = out + static_cast<std::size_t>(y) * static_cast<std::size_t>(placement.size) +
                    static_cast<std::size_t>(placement.flip ? placement.size - 1 - x : x);
    float red = 0;
    float green = 0;
    float blue = 0;
    const int column = x + placement.shift_x;
    if (column >= 0 && column < placement.size) {
      const Window& window = across_.windows[static_cast<std::size_t>(column)];
      const float* weight = across_.weights.data() + window.weights;
      const float* source = row_.data() + static_cast<std::size_t>(window.first - first_column) * 3;
      for (int k = 0; k < window.count; ++k, source += 3) {
        red += weight[k] * source[0];
        green += weight[k] * source[1];
        blue += weight[k] * source[2];
      }
    }
    target[0] = red * normalization.scale[0] + normalization.bias[0];
    target[plane] = green * normalization.scale[1] + normalization.bias[1];
    target[2 * plane] = blue * normalization.scale[2] + normalization.bias[2];
  }
}

void Resampler::run(const PixelView& image, const Box& box, const Placement& placement, const Normalization& normalization, float* out) {
  across_.fit(image.width, box.x, box.width, placement.size);
  down_.fit(image.height, box.y, box.height, placement.size);
  const int first_column = across_.windows.front().first;
  const int columns = across_.windows.back().first + across_.windows.back().count - first_column;
  const std::size_t plane = static_cast<std::size_t>(placement.size) * static_cast<std::size_t>(placement.size);
  for (int y = 0; y < placement.size; ++y) {
    const int row = y + placement.shift_y;
    if (row >= 0 && row < placement.size) {
      blend_rows(image, down_.windows[static_cast<std::size_t>(row)], first_column, columns);
      write_row(placement, y, first_column, normalization, out);
    } else {
      for (std::size_t c = 0; c < 3; ++c) {
        std::fill_n(out + c * plane + static_cast<std::size_t>(y) * static_cast<std::size_t>(placement.size), placement.size,
                    normalization.bias[c]);
      }
    }
  }
}

}  // namespace neuralode::data
