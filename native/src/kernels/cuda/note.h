// Where kernels of a sweep write down that they met a number that must not be, for the host to read when the sweep is over.
#pragma once

#include <cstdint>

namespace neuralode::kernels::cuda {

using NoteWord = unsigned long long;

/// What a word in memory of the device holds until something was noted; noting takes the smallest code.
constexpr NoteWord nothing_noted = ~NoteWord{0};

/// The kinds of what is noted about one step: the lowest bit of a code.
enum NoteKind : NoteWord { noted_non_finite = 0, noted_overflow = 1 };

/// Handed to a kernel by value. word: null where nobody asks. code: even; of what the kernel works on.
struct Note {
  NoteWord* word = nullptr;
  NoteWord code = 0;
};

}  // namespace neuralode::kernels::cuda
