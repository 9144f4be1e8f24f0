/* Tensors: libtorch's at::Tensor behind a handle, ATen operators by name, autograd, named collections, safetensors, DLPack.
 *
 * A neuralode_tensor is an at::Tensor* made by `new at::Tensor`, the representation that TorchSharp's Tensor.Handle has.
 */
#ifndef NEURALODE_TENSOR_H
#define NEURALODE_TENSOR_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neuralode_tensor_t* neuralode_tensor;
/** An ordered collection of tensors by name. Owns references to its tensors. */
typedef struct neuralode_tensor_map_t* neuralode_tensor_map;

/** Element types; the values are libtorch's. */
enum neuralode_dtype {
  NEURALODE_UINT8 = 0,
  NEURALODE_INT8 = 1,
  NEURALODE_INT16 = 2,
  NEURALODE_INT32 = 3,
  NEURALODE_INT64 = 4,
  NEURALODE_FLOAT16 = 5,
  NEURALODE_FLOAT32 = 6,
  NEURALODE_FLOAT64 = 7,
  NEURALODE_BOOL = 11,
  NEURALODE_BFLOAT16 = 15
};

typedef struct neuralode_tensor_info {
  int64_t dims;          /**< number of dimensions; 0 is a scalar */
  int64_t count;         /**< number of elements */
  int64_t bytes;         /**< count times the size of an element */
  int32_t dtype;         /**< neuralode_dtype */
  int32_t is_cuda;       /**< 1 on a GPU */
  int32_t device_index;  /**< GPU number; -1 on the CPU */
  int32_t is_contiguous; /**< 1 if row-major without gaps */
  int32_t requires_grad;
  int32_t is_leaf; /**< 1 if not the result of a recorded operation */
} neuralode_tensor_info;

/** A new CPU tensor of `dims` sizes with a copy of `data` (row-major; NULL fills with zeros). */
NEURALODE_API neuralode_status neuralode_tensor_create(const void* data, int32_t dtype, const int64_t* sizes, int64_t dims,
                                                       neuralode_tensor* out_tensor);
/** A second handle to the same tensor: same storage, same autograd identity. */
NEURALODE_API neuralode_status neuralode_tensor_share(neuralode_tensor tensor, neuralode_tensor* out_tensor);
NEURALODE_API neuralode_status neuralode_tensor_destroy(neuralode_tensor tensor);
/** Gives the handle up to an owner outside this library, which deletes the at::Tensor that it points to (TorchSharp's Tensor does); neuralode_live_objects
 *  no longer counts it. The pointer is not read. */
NEURALODE_API neuralode_status neuralode_tensor_disown(neuralode_tensor tensor);
/** out_same: 1 where both handles are of one tensor (one autograd identity), not only of equal elements or one memory. */
NEURALODE_API neuralode_status neuralode_tensor_is_same(neuralode_tensor first, neuralode_tensor second, int32_t* out_same);
NEURALODE_API neuralode_status neuralode_tensor_get_info(neuralode_tensor tensor, uint32_t struct_size, neuralode_tensor_info* out_info);
/** Writes the `dims` sizes; capacity: how many out_sizes holds. */
NEURALODE_API neuralode_status neuralode_tensor_get_sizes(neuralode_tensor tensor, int64_t* out_sizes, int64_t capacity);
/** Copies the elements, row-major, from any device into `destination` of exactly `bytes` bytes. */
NEURALODE_API neuralode_status neuralode_tensor_read(neuralode_tensor tensor, void* destination, int64_t bytes);
/** Copies `bytes` bytes, row-major, into the tensor's elements in place; counts as an in-place change for autograd. */
NEURALODE_API neuralode_status neuralode_tensor_write(neuralode_tensor tensor, const void* source, int64_t bytes);
/** A tensor on another device ("cpu", "cuda:0") or of another dtype (-1 keeps it); recorded by autograd. */
NEURALODE_API neuralode_status neuralode_tensor_to(neuralode_tensor tensor, const char* device, int32_t dtype,
                                                   neuralode_tensor* out_tensor);

/** Makes a leaf record (1) or not record (0) operations. Floating point only. */
NEURALODE_API neuralode_status neuralode_tensor_set_requires_grad(neuralode_tensor tensor, int32_t requires_grad);
/** The accumulated gradient of a leaf; NULL is written when there is none. */
NEURALODE_API neuralode_status neuralode_tensor_get_grad(neuralode_tensor tensor, neuralode_tensor* out_grad);
/** Replaces the accumulated gradient by one that shares the memory of `grad`, without its graph; NULL clears it. */
NEURALODE_API neuralode_status neuralode_tensor_set_grad(neuralode_tensor tensor, neuralode_tensor grad);
/** Accumulates gradients into every leaf. gradient: cotangent of `tensor`, or NULL for 1 when it has one element. */
NEURALODE_API neuralode_status neuralode_tensor_backward(neuralode_tensor tensor, neuralode_tensor gradient, int32_t retain_graph,
                                                         int32_t create_graph);
/** d<outputs, cotangents>/d inputs. cotangents: NULL, or one a output (NULL entries are ones for single elements).
 *  out_gradients: input_count handles; NULL where an input was not used. */
NEURALODE_API neuralode_status neuralode_grad(const neuralode_tensor* outputs, const neuralode_tensor* cotangents, int64_t output_count,
                                              const neuralode_tensor* inputs, int64_t input_count, int32_t retain_graph,
                                              int32_t create_graph, neuralode_tensor* out_gradients);
/** Turns the recording of operations on or off for the calling thread; writes what it was (out_previous may be NULL). */
NEURALODE_API neuralode_status neuralode_grad_mode_set(int32_t enabled, int32_t* out_previous);
/** Turns autocast on or off for the calling thread: operations on one type of device compute in `dtype` where libtorch deems it safe.
 *  device: "cpu" or "cuda", of which an index says nothing. dtype: NEURALODE_BFLOAT16 or NEURALODE_FLOAT16, -1 keeps the one that is set
 *  (libtorch begins with bfloat16 on the CPU, float16 on a GPU). Writes what was set (either may be NULL), which set again restores it.
 *  Refused: to turn on float16 on the CPU before libtorch 2.3, which has it not, or a GPU where there is none (NEURALODE_UNSUPPORTED). */
NEURALODE_API neuralode_status neuralode_autocast_set(const char* device, int32_t enabled, int32_t dtype, int32_t* out_previous_enabled,
                                                      int32_t* out_previous_dtype);

/** Where float32 may be rounded to TensorFloat-32 (10 bits of fraction, as float16 has) on GPUs that have it; flags. */
enum neuralode_tf32 {
  NEURALODE_TF32_NONE = 0,
  NEURALODE_TF32_CONVOLUTIONS = 1, /**< cuDNN's; libtorch begins with this alone */
  NEURALODE_TF32_MATRIX_PRODUCTS = 2 /**< cuBLAS's */
};
/** Sets where, neuralode_tf32 flags, for the process; writes what was set (may be NULL). Without effect on a CPU. */
NEURALODE_API neuralode_status neuralode_tf32_set(int32_t flags, int32_t* out_previous);

enum neuralode_value_kind {
  NEURALODE_VALUE_NONE = 0,
  NEURALODE_VALUE_BOOL = 1,        /**< integer: 0 or 1 */
  NEURALODE_VALUE_INT = 2,         /**< integer; also for dtype arguments */
  NEURALODE_VALUE_DOUBLE = 3,      /**< real */
  NEURALODE_VALUE_TENSOR = 4,      /**< tensor; NULL is an undefined tensor */
  NEURALODE_VALUE_STRING = 5,      /**< data: const char*, zero-terminated; also for devices */
  NEURALODE_VALUE_INT_LIST = 6,    /**< data: const int64_t*, count */
  NEURALODE_VALUE_DOUBLE_LIST = 7, /**< data: const double*, count */
  NEURALODE_VALUE_TENSOR_LIST = 8, /**< data: const neuralode_tensor*, count */
  NEURALODE_VALUE_BOOL_LIST = 9    /**< data: const int32_t*, count */
};

/** One argument or result of an operator. As a result, a tensor is owned by the caller; lists of tensors come as
 *  consecutive values of kind tensor. */
typedef struct neuralode_value {
  int32_t kind;     /**< neuralode_value_kind */
  int32_t reserved; /**< 0 */
  int64_t integer;
  double real;
  neuralode_tensor tensor;
  const void* data;
  int64_t count;
} neuralode_value;

/** Calls any ATen operator through libtorch's dispatcher, recorded by autograd: name "aten::add", overload "Tensor" (or "").
 *  Arguments are positional; those left out at the end take the schema's defaults.
 *  capacity: how many values out_results holds; out_count: how many were written. */
NEURALODE_API neuralode_status neuralode_op_call(const char* name, const char* overload, const neuralode_value* arguments,
                                                 int64_t argument_count, neuralode_value* out_results, int64_t capacity,
                                                 int64_t* out_count);

NEURALODE_API neuralode_status neuralode_tensor_map_create(neuralode_tensor_map* out_map);
NEURALODE_API neuralode_status neuralode_tensor_map_destroy(neuralode_tensor_map map);
/** Adds or replaces; the map shares the tensor. */
NEURALODE_API neuralode_status neuralode_tensor_map_set(neuralode_tensor_map map, const char* name, neuralode_tensor tensor);
NEURALODE_API neuralode_status neuralode_tensor_map_count(neuralode_tensor_map map, int64_t* out_count);
NEURALODE_API neuralode_status neuralode_tensor_map_name(neuralode_tensor_map map, int64_t index, const char** out_name);
/** A new handle sharing the tensor at index. */
NEURALODE_API neuralode_status neuralode_tensor_map_get(neuralode_tensor_map map, int64_t index, neuralode_tensor* out_tensor);

/** Reads every tensor of a .safetensors file. */
NEURALODE_API neuralode_status neuralode_safetensors_load(const char* path, neuralode_tensor_map* out_map);
/** Writes atomically (temporary file, fsync, rename). */
NEURALODE_API neuralode_status neuralode_safetensors_save(const char* path, neuralode_tensor_map map);

/** A DLManagedTensor* that shares the memory; whoever receives it calls its deleter. */
NEURALODE_API neuralode_status neuralode_tensor_to_dlpack(neuralode_tensor tensor, void** out_managed_tensor);
/** Takes over a DLManagedTensor* without a copy; after a failure it is still the caller's.
 *  Refused: no deleter, negative strides, a byte_offset. */
NEURALODE_API neuralode_status neuralode_tensor_from_dlpack(void* managed_tensor, neuralode_tensor* out_tensor);

/** Seeds libtorch's default generators. */
NEURALODE_API neuralode_status neuralode_manual_seed(uint64_t seed);
/** Threads of one operation (libtorch's intra-op pool, and OpenBLAS's where that is the BLAS); 1 to 1024. */
NEURALODE_API neuralode_status neuralode_threads_set(int32_t threads);
NEURALODE_API neuralode_status neuralode_threads_get(int32_t* out_threads);

/** Counts the bytes of CPU tensors allocated from this call on, in the whole process; those on GPUs are counted always. Idempotent; cannot be
 *  undone. */
NEURALODE_API neuralode_status neuralode_memory_tracking_enable(void);
/** Bytes of counted tensors alive now, and the most since the last reset (the sum of the devices' peaks). Of the CPU 0 while tracking is off. */
NEURALODE_API neuralode_status neuralode_memory_get(int64_t* out_live_bytes, int64_t* out_peak_bytes);
/** Sets the peak to what is alive now. */
NEURALODE_API neuralode_status neuralode_memory_reset_peak(void);
/** Waits for everything that was queued on GPUs: for taking times. Does nothing where none was used. */
NEURALODE_API neuralode_status neuralode_synchronize(void);
/** Handles of this library alive now: tensors made by it and not destroyed, and all other objects together. For leak tests. */
NEURALODE_API neuralode_status neuralode_live_objects(int64_t* out_tensors, int64_t* out_others);

#ifdef __cplusplus
}
#endif
#endif
