/* Image folders (root/<split>/<class>/<image>), read as batches of normalised float tensors.
 *
 * A file is JPEG or PNG by its content, whatever its name. Greyscale, palettes and 16 bits become 8-bit RGB; CMYK is read as Adobe
 * writes it; what is transparent lies over white; orientation tags are not applied. More than 2^27 pixels are refused.
 */
#ifndef NEURALODE_DATA_H
#define NEURALODE_DATA_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neuralode_image_folder_t* neuralode_image_folder;
typedef struct neuralode_loader_t* neuralode_loader;

/** Lists root/split/<class>/ *.jpg|jpeg|png (any case), classes and files in byte order of their names; class i is label i.
 *  Names that begin with a dot are passed over.
 *  Errors (NEURALODE_IO_ERROR or NEURALODE_INVALID_ARGUMENT): missing folder, a class without images, fewer than two classes. */
NEURALODE_API neuralode_status neuralode_image_folder_open(const char* root, const char* split, neuralode_image_folder* out_folder);
NEURALODE_API neuralode_status neuralode_image_folder_destroy(neuralode_image_folder folder);
NEURALODE_API neuralode_status neuralode_image_folder_count(neuralode_image_folder folder, int64_t* out_images, int64_t* out_classes);
NEURALODE_API neuralode_status neuralode_image_folder_class_name(neuralode_image_folder folder, int64_t index, const char** out_name);
/** Path and label of image `index`. */
NEURALODE_API neuralode_status neuralode_image_folder_image(neuralode_image_folder folder, int64_t index, const char** out_path,
                                                            int64_t* out_label);

enum neuralode_augmentation {
  NEURALODE_AUGMENT_NONE = 0,         /**< resize the short side to image_size * 8 / 7 (image_size if it is the size), centre crop */
  NEURALODE_AUGMENT_RESIZED_CROP = 1, /**< random area and aspect, resized, random flip. Szegedy et al. 2015 */
  NEURALODE_AUGMENT_PADDED_CROP = 2   /**< centre square resized to image_size, black padding of an eighth, random crop and flip: CIFAR's */
};

/** How pixels travel from the threads that decode them to the device that computes with them. */
enum neuralode_transfer {
  NEURALODE_TRANSFER_AUTO = 0,    /**< as bytes to a GPU, as floats on the CPU */
  NEURALODE_TRANSFER_FLOAT32 = 1, /**< normalised by the threads */
  NEURALODE_TRANSFER_UINT8 = 2    /**< rounded to bytes, a quarter of the floats; mirrored and normalised where they arrive */
};

typedef struct neuralode_loader_options {
  uint32_t struct_size;
  int32_t augmentation;  /**< neuralode_augmentation */
  int64_t batch_size;    /**< 1 or more */
  int64_t image_size;    /**< height and width of the output in pixels, 1 to 8192 */
  int32_t shuffle;       /**< a new order each epoch, from seed and epoch */
  int32_t drop_last;     /**< leave out an incomplete last batch */
  int32_t workers;       /**< decoding threads, 1 to 1024 */
  int32_t prefetch;      /**< batches ready or in the making, 1 or more */
  int32_t fail_on_error; /**< 1: a broken image ends the epoch with NEURALODE_IO_ERROR; 0: it is skipped and counted */
  int32_t transfer;      /**< neuralode_transfer */
  uint64_t seed;
  double min_scale; /**< resized crop: least share of the area, in (0, 1] */
  double mean_red;  /**< of pixels in [0, 1]; out = (pixel - mean) / std */
  double mean_green;
  double mean_blue;
  double std_red;
  double std_green;
  double std_blue;
} neuralode_loader_options;

/** Defaults: no augmentation, batch 128, 224 px, 1 worker, prefetch 4, skip broken, min_scale 0.08, ImageNet's mean and std. */
NEURALODE_API neuralode_status neuralode_loader_options_init(uint32_t struct_size, neuralode_loader_options* out_options);
/** The loader keeps the folder alive. Given options and seed, batches are the same for any number of workers. */
NEURALODE_API neuralode_status neuralode_loader_create(neuralode_image_folder folder, const neuralode_loader_options* options,
                                                       neuralode_loader* out_loader);
/** Batches come on "cpu" or "cuda:0" from the next start on, channels_last (1) or row-major (0); what was started is dropped. To a GPU they
 *  are copied from pinned memory on a stream of their own, each while the one before is computed with. */
NEURALODE_API neuralode_status neuralode_loader_to(neuralode_loader loader, const char* device, int32_t channels_last);
/** Stops the workers. */
NEURALODE_API neuralode_status neuralode_loader_destroy(neuralode_loader loader);
NEURALODE_API neuralode_status neuralode_loader_batches(neuralode_loader loader, int64_t* out_batches);
/** Begins epoch `epoch` at batch `first_batch` (0 is the first); what an earlier epoch had left is dropped. */
NEURALODE_API neuralode_status neuralode_loader_start(neuralode_loader loader, int64_t epoch, int64_t first_batch);
/** Waits for the next batch; neuralode_loader_start comes first.
 *  out_images: (batch, 3, image_size, image_size) float32; out_labels: (batch,) int64; on the loader's device, for the caller's stream.
 *  Both NULL when the epoch has ended. A batch from which broken images were skipped is smaller; one that lost all is passed over. */
NEURALODE_API neuralode_status neuralode_loader_next(neuralode_loader loader, neuralode_tensor* out_images, neuralode_tensor* out_labels);
/** The batch after the one last handed out, batches passed over included: the first_batch with which to go on from here. */
NEURALODE_API neuralode_status neuralode_loader_position(neuralode_loader loader, int64_t* out_batch);

typedef struct neuralode_loader_statistics {
  int64_t images;         /**< handed out since creation */
  int64_t broken;         /**< met in the batches up to the last handed out, since creation */
  double seconds_waiting; /**< that a batch was waited for since creation */
  double seconds_stalled; /**< that the device had nothing to do because a batch was not there: in neuralode_loader_next on the CPU; on a
                             GPU by events on the caller's stream, as far as they have passed (by the clock with libtorch before 2.4) */
} neuralode_loader_statistics;

NEURALODE_API neuralode_status neuralode_loader_get_statistics(neuralode_loader loader, uint32_t struct_size,
                                                               neuralode_loader_statistics* out_statistics);
/** Path and reason of broken image `index` (0 .. broken - 1), "path: reason", in the order of the epoch. Static until the loader
 *  is destroyed. At most 1000 are kept. */
NEURALODE_API neuralode_status neuralode_loader_broken(neuralode_loader loader, int64_t index, const char** out_text);

typedef struct neuralode_synthetic_options {
  uint32_t struct_size;
  int32_t image_size;      /**< height and width in pixels, 16 to 8192 */
  int64_t train_per_class; /**< 1 to 100000 */
  int64_t test_per_class;  /**< 1 to 100000 */
  int32_t quality;         /**< JPEG quality, 1 to 100 */
  int32_t threads;         /**< 1 to 1024 */
  uint64_t seed;
} neuralode_synthetic_options;

/** Defaults: 32 px, 500 and 100 a class, quality 90, 1 thread. */
NEURALODE_API neuralode_status neuralode_synthetic_options_init(uint32_t struct_size, neuralode_synthetic_options* out_options);
/** Renders ten classes of shapes with jitter and noise and writes them as JPEG files root/{train,test}/<class>/NNNNN.jpg.
 *  The same files for any number of threads; root/synthetic.txt tells the options. Does nothing when root already holds what the
 *  same options wrote; refuses a root that holds anything else (NEURALODE_IO_ERROR). Written to "<root>.partial" and renamed at the
 *  end, so that root is complete or not there. */
NEURALODE_API neuralode_status neuralode_synthetic_write(const char* root, const neuralode_synthetic_options* options);

/** Decodes one image file and centre-crops it (augmentation none): (3, image_size, image_size) float32 in [0, 1]. */
NEURALODE_API neuralode_status neuralode_image_read(const char* path, int64_t image_size, neuralode_tensor* out_image);

#ifdef __cplusplus
}
#endif
#endif
