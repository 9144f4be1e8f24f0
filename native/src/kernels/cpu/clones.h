// NEURALODE_CLONES: before a kernel, makes clones of it for newer instruction sets, chosen once at load time. A macro because an attribute
// list cannot be shared otherwise; not under a sanitizer, whose runtime is not yet up when the loader chooses.
// NEURALODE_INLINE: before what a kernel is made of, so that it is compiled with the instruction set of each clone.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define NEURALODE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define NEURALODE_CLONES
#endif
#define NEURALODE_INLINE inline __attribute__((always_inline))
