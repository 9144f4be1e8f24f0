/* Status codes, error text and library identity. C99.
 *
 * Laws of this ABI, for every header:
 *  - Every function returns a neuralode_status, except neuralode_last_error and neuralode_abi_version. Nothing throws across it.
 *  - On failure the outputs are untouched and neuralode_last_error() names the argument, the value and the remedy.
 *  - Inputs are borrowed for the call. Outputs are trailing out_* pointers; a handle written there is owned by the caller,
 *    who ends it with its destroy function. destroy(NULL) is a no-op. Strings written there are borrowed from the handle
 *    they were asked of and die with it.
 *  - Options structs begin with uint32_t struct_size; fill them with their _init function, then change fields.
 *  - struct_size before an out_ struct is its sizeof as the caller was compiled: no more is written, and a larger one than this library
 * knows is refused.
 *  - A handle that was destroyed, that is of another kind or that is no handle is NEURALODE_INVALID_ARGUMENT. Tensors are the exception:
 * theirs are addresses, so only NULL, undefined ones and handles of other kinds are told apart.
 *  - A handle may be used by one thread at a time; different handles by different threads.
 */
#ifndef NEURALODE_STATUS_H
#define NEURALODE_STATUS_H

#include <stdint.h>

#if defined(_WIN32)
#define NEURALODE_API __declspec(dllexport)
#else
#define NEURALODE_API __attribute__((visibility("default")))
#endif

/** What neuralode_abi_version() returns in a library that matches this header. */
#define NEURALODE_ABI_VERSION 4u

#ifdef __cplusplus
extern "C" {
#endif

/** The result of every call: one of neuralode_status_code. */
typedef int32_t neuralode_status;

enum neuralode_status_code {
  NEURALODE_OK = 0,
  /** An argument is out of its range; nothing was done. */
  NEURALODE_INVALID_ARGUMENT = 1,
  /** libtorch or the library failed inside the call. */
  NEURALODE_RUNTIME_ERROR = 2,
  NEURALODE_OUT_OF_MEMORY = 3,
  /** A file is missing, unreadable, truncated or not of the expected format. */
  NEURALODE_IO_ERROR = 4,
  /** A user's callback returned a status other than NEURALODE_OK. */
  NEURALODE_CALLBACK_FAILED = 5,
  /** What was asked for is not supported (yet); the text says what is. */
  NEURALODE_UNSUPPORTED = 6,
  /** Adaptive control asked for a step below the smallest that t can resolve. */
  NEURALODE_STEP_SIZE_UNDERFLOW = 7,
  /** More steps than max_steps were needed. */
  NEURALODE_STEP_LIMIT = 8,
  /** The dynamics or the state became infinite or not a number. */
  NEURALODE_NON_FINITE = 9,
  /** Something outside the library's knowledge was thrown. */
  NEURALODE_UNKNOWN_ERROR = 10,
  /** Exact reversal: the state left the range of its fixed-point numbers. */
  NEURALODE_LATTICE_OVERFLOW = 11,
  /** The states that a reverse sweep reconstructed are further from the known ones than drift_tolerance. */
  NEURALODE_DRIFT = 12,
  /** The equations of an implicit step could not be solved. */
  NEURALODE_NO_CONVERGENCE = 13,
  /** A step callback asked to stop. */
  NEURALODE_CANCELLED = 14
};

/** The text of the calling thread's last failed call, UTF-8, never NULL. Valid until the thread's next failing call. */
NEURALODE_API const char* neuralode_last_error(void);

/** Sets the calling thread's error text; for callbacks, before they return a status other than NEURALODE_OK. NULL is "". */
NEURALODE_API neuralode_status neuralode_set_last_error(const char* text);

/** Version of this ABI; raised when a function or a struct layout changes. A caller built for another version must stop. */
NEURALODE_API uint32_t neuralode_abi_version(void);

/** A JSON object: version, abi, libtorch (version of the build), cxx11_abi, cuda (whether there are kernels for GPUs), gpus (that it
 *  can use), mkldnn, openmp, lapack, libtorch_configuration. Static lifetime. */
NEURALODE_API neuralode_status neuralode_build_info(const char** out_json);

/** A JSON object {"struct name": {"size": bytes, "field": offset, ...}, ...} of every public struct, as the library was compiled. */
NEURALODE_API neuralode_status neuralode_struct_layouts(const char** out_json);

#ifdef __cplusplus
}
#endif
#endif
