#include "data/shapes.h"

#include <algorithm>
#include <cmath>

namespace neuralode::data {

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kSamples = 4;            // a pixel side; 16 levels of coverage
constexpr int kSpecks = 3;             // small discs of random colour, so that not every blob is the shape
constexpr double kNoise = 10.0;        // standard deviation of each channel, of 255
constexpr double kLeastContrast = 70;  // of brightness between shape and background, of 255
constexpr double kHalfCheck = 0.5;     // side of a checkerboard's field, in units of the shape's radius
constexpr double kStripe = 0.32;       // width of a stripe, likewise

using Color = std::array<double, 3>;

bool in_disc(double x, double y, double radius) { return x * x + y * y < radius * radius; }

bool in_square(double x, double y, double half) { return std::abs(x) < half && std::abs(y) < half; }

/// Every second of the intervals of `width` into which the line is cut.
bool is_even(double x, double width) { return (static_cast<long>(std::floor(x / width)) & 1) == 0; }

/// Within a polygon of 2 * points corners that alternate between radius 1 and `inner`, the first at the top.
bool in_star(double x, double y, int points, double inner) {
  const double sector = kPi / points;
  double angle = std::fmod(std::atan2(x, -y) + 4 * kPi, 2 * sector);
  if (angle > sector) angle = 2 * sector - angle;  // angle from the nearest point's axis
  const double radius = std::hypot(x, y);
  // The edge runs from (1, 0) at the point to inner * (cos sector, sin sector).
  const double edge_x = inner * std::cos(sector) - 1;
  const double edge_y = inner * std::sin(sector);
  return edge_x * (radius * std::sin(angle)) - edge_y * (radius * std::cos(angle) - 1) > 0;
}

/// Whether (x, y), in units of the shape's radius about its centre and turned upright, belongs to the shape.
bool is_inside(int shape, double x, double y) {
  switch (shape) {
    case 0:
      return in_square(x, y, 1.0) && is_even(x, kHalfCheck) == is_even(y, kHalfCheck);
    case 1:
      return in_disc(x, y, 0.9);
    case 2:
      return in_disc(x, y, 1.0) && !in_disc(x - 0.45, y, 0.8);
    case 3:
      return in_square(x, y, 1.0) && std::min(std::abs(x), std::abs(y)) < 0.28;
    case 4:
      return in_disc(x, y, 1.1) && is_even((x + y) / std::sqrt(2.0), kStripe);
    case 5:
      return in_disc(x, y, 1.1) && is_even(y, kStripe);
    case 6:
      return in_disc(x, y, 1.0) && !in_disc(x, y, 0.58);
    case 7:
      return in_square(x, y, 0.8);
    case 8:
      return in_star(x, y, 5, 0.4);
    default:
      return in_star(x, y, 3, 0.5);  // three points whose inner corners lie on the edges between them
  }
}

/// Largest turn either way in radians; stripes tell their classes apart by their direction, so they turn little.
double turn_of(int shape) {
  if (shape == 4 || shape == 5) return 10 * kPi / 180;
  return shape == 7 ? 20 * kPi / 180 : kPi;
}

double brightness(const Color& color) { return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]; }

Color random_color(Random& random) {
  Color color{};
  for (double& channel : color) channel = random.uniform(0, 256);
  return color;
}

double normal(Random& random) {  // Box-Muller
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * kPi * random.uniform());
}

/// A float canvas on which shapes are laid by coverage.
class Canvas {
 public:
  Canvas(int size, const Color& first, const Color& second, double direction) : size_(size) {
    pixels_.reserve(static_cast<std::size_t>(size) * static_cast<std::size_t>(size));
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        const double along = ((x + 0.5) / size - 0.5) * std::cos(direction) + ((y + 0.5) / size - 0.5) * std::sin(direction);
        pixels_.push_back(mix(first, second, std::clamp(along / std::sqrt(2.0) + 0.5, 0.0, 1.0)));
      }
    }
  }

  template <class Inside>
  void lay(const Color& color, Inside&& inside) {
    for (int i = 0; i < size_ * size_; ++i) {
      int hits = 0;
      for (int sample = 0; sample < kSamples * kSamples; ++sample) {
        hits += inside(i % size_ + (sample % kSamples + 0.5) / kSamples, i / size_ + (sample / kSamples + 0.5) / kSamples) ? 1 : 0;
      }
      Color& pixel = pixels_[static_cast<std::size_t>(i)];
      pixel = mix(pixel, color, static_cast<double>(hits) / (kSamples * kSamples));
    }
  }

  std::vector<std::uint8_t> finish(Random& random) const {
    std::vector<std::uint8_t> rgb;
    rgb.reserve(pixels_.size() * 3);
    for (const Color& pixel : pixels_) {
      for (const double channel : pixel)
        rgb.push_back(static_cast<std::uint8_t>(std::clamp(channel + kNoise * normal(random), 0.0, 255.0)));
    }
    return rgb;
  }

 private:
  static Color mix(const Color& a, const Color& b, double share) {
    return {a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])};
  }

  int size_;
  std::vector<Color> pixels_;
};

/// Background gradient between two colours that differ little, and a colour that stands out from both.
struct Palette {
  Color first;
  Color second;
  Color shape;
};

Palette random_palette(Random& random) {
  Palette palette{random_color(random), {}, random_color(random)};
  for (std::size_t c = 0; c < 3; ++c) palette.second[c] = std::clamp(palette.first[c] + random.uniform(-60, 60), 0.0, 255.0);
  const auto contrast = [&palette](const Color& background) { return std::abs(brightness(palette.shape) - brightness(background)); };
  while (contrast(palette.first) < kLeastContrast || contrast(palette.second) < kLeastContrast) palette.shape = random_color(random);
  return palette;
}

}  // namespace

std::vector<std::uint8_t> render_shape(int shape, int size, Random& random) {
  const Palette palette = random_palette(random);
  Canvas canvas(size, palette.first, palette.second, random.uniform(-kPi, kPi));
  for (int speck = 0; speck < kSpecks; ++speck) {
    const double x = random.uniform(0, size);
    const double y = random.uniform(0, size);
    const double radius = size * random.uniform(0.02, 0.06);
    canvas.lay(random_color(random), [=](double px, double py) { return in_disc(px - x, py - y, radius); });
  }
  const double radius = size * random.uniform(0.26, 0.40);
  const double x = size * 0.5 + size * random.uniform(-0.10, 0.10);
  const double y = size * 0.5 + size * random.uniform(-0.10, 0.10);
  const double turn = random.uniform(-1, 1) * turn_of(shape);
  const double cos = std::cos(turn) / radius;
  const double sin = std::sin(turn) / radius;
  canvas.lay(palette.shape,
             [=](double px, double py) { return is_inside(shape, cos * (px - x) + sin * (py - y), cos * (py - y) - sin * (px - x)); });
  return canvas.finish(random);
}

}  // namespace neuralode::data
