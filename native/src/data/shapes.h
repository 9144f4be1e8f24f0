// Small pictures of ten kinds of shapes, rendered from random numbers.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/random.h"

namespace neuralode::data {

/// The class names, in byte order, which is the order of the labels.
constexpr std::array<const char*, 10> kShapeNames{"checkerboard",       "circle", "crescent", "cross", "diagonal_stripes",
                                                  "horizontal_stripes", "ring",   "square",   "star",  "triangle"};

/// One picture of shape `shape` (index into kShapeNames), size x size RGB pixels. Place, size, angle, two colours (of a contrast that
/// can be seen, otherwise independent of the shape), a gradient behind, three specks and noise come from `random`; edges are antialiased.
std::vector<std::uint8_t> render_shape(int shape, int size, Random& random);

}  // namespace neuralode::data
