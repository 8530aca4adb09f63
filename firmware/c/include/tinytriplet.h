/* tinytriplet for C. The crate tinytriplet-c defines this interface, and cbindgen writes this file from it. */

#ifndef TINYTRIPLET_H
#define TINYTRIPLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pointers. All functions check what can be checked: null pointers, lengths, alignment, arrays that overlap, structs that
 * were not initialised or were copied. What cannot be checked is the caller's part:
 *
 *   - a pointer to a struct is to a whole one, and a pointer with a length beside it is good for that many;
 *   - nothing else uses that memory during the call: no other thread, no interrupt, no DMA. What is only read may be
 *     read elsewhere, too;
 *   - a text ends with a 0, and the functions of a "tt_flash" do what it says. */

/**
 * The version of this interface. It is raised when a program has to be compiled again or changed. The
 * symbols end with it: a program whose header has another one does not link.
 */
#define TT_ABI_VERSION 3

/* The functions' symbols. A library of another version does not have them. */
#define tt_embed tt_embed_abi3
#define tt_gallery_capacity tt_gallery_capacity_abi3
#define tt_gallery_clear tt_gallery_clear_abi3
#define tt_gallery_count tt_gallery_count_abi3
#define tt_gallery_enrol tt_gallery_enrol_abi3
#define tt_gallery_entry tt_gallery_entry_abi3
#define tt_gallery_forget tt_gallery_forget_abi3
#define tt_gallery_health tt_gallery_health_abi3
#define tt_gallery_init tt_gallery_init_abi3
#define tt_gallery_insert tt_gallery_insert_abi3
#define tt_gallery_load tt_gallery_load_abi3
#define tt_gallery_recognise tt_gallery_recognise_abi3
#define tt_model_decode tt_model_decode_abi3
#define tt_model_self_test tt_model_self_test_abi3
#define tt_model_sizes tt_model_sizes_abi3
#define tt_prepare_begin tt_prepare_begin_abi3
#define tt_prepare_finish tt_prepare_finish_abi3
#define tt_prepare_row tt_prepare_row_abi3
#define tt_prepare_strokes tt_prepare_strokes_abi3
#define tt_status_text tt_status_text_abi3

/**
 * The size of a `tt_preparer`, in units of 8 bytes.
 */
#define TT_PREPARER_WORDS 32

/**
 * Bytes of a label with the 0 at its end.
 */
#define TT_LABEL_LEN 32

/**
 * The size of a `tt_gallery`, in units of 8 bytes.
 */
#define TT_GALLERY_WORDS 48

/**
 * The most entries of a gallery in flash.
 */
#define TT_STORED_ENTRIES 64

/**
 * The size of a `tt_model`, in units of 8 bytes.
 */
#define TT_MODEL_WORDS 448

/**
 * The result of a call. Numbers keep their meaning.
 */
enum tt_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * It is done.
   */
  TT_OK = 0,
  /**
   * A pointer is null.
   */
  TT_NULL = 1,
  /**
   * A pointer is not aligned: scratch to 4 bytes, a packed model file to 4, a struct as C does it.
   */
  TT_UNALIGNED = 2,
  /**
   * An array that is written to overlaps another one.
   */
  TT_OVERLAP = 3,
  /**
   * A number is not one of the constants, or a length exceeds the address space.
   */
  TT_ARGUMENT = 4,
  /**
   * The struct was not initialised by its function, or it is a copy of one that was.
   */
  TT_NOT_INITIALISED = 5,
  /**
   * The gallery belongs to another model.
   */
  TT_OTHER_MODEL = 6,
  /**
   * The struct is in use: the call comes from a function that a call on the same struct has called.
   */
  TT_BUSY = 7,
  /**
   * The model file is cut short, or has another length than its header says.
   */
  TT_MODEL_LENGTH = 16,
  /**
   * It is not a model file.
   */
  TT_MODEL_MAGIC = 17,
  /**
   * The model file is in a version of the format that this library does not read.
   */
  TT_MODEL_VERSION = 18,
  /**
   * The model file was damaged: its CRC does not match.
   */
  TT_MODEL_CRC = 19,
  /**
   * The model file is not valid.
   */
  TT_MODEL_INVALID = 20,
  /**
   * The model does not compute the right bytes on this processor.
   */
  TT_SELF_TEST = 21,
  /**
   * The image does not have `input_len` bytes.
   */
  TT_INPUT_LENGTH = 32,
  /**
   * The scratch is too short.
   */
  TT_SCRATCH_LENGTH = 33,
  /**
   * The embedding does not have `embedding_len` bytes.
   */
  TT_EMBEDDING_LENGTH = 34,
  /**
   * There can be no such frame: it is empty, its crop reaches beyond it, its stride is shorter
   * than a row, or its width is odd in YUV 4:2:2.
   */
  TT_FRAME = 48,
  /**
   * A row has fewer bytes than its pixels, or more than the stride.
   */
  TT_ROW_LENGTH = 49,
  /**
   * The frame has no further row.
   */
  TT_TOO_MANY_ROWS = 50,
  /**
   * The frame is incomplete.
   */
  TT_MISSING_ROWS = 51,
  /**
   * The net takes pixels that are neither grey nor in colour (red, green and blue), or signs on paper
   * in colour: no frame is made into its image here.
   */
  TT_CHANNELS = 52,
  /**
   * The drawing has no points.
   */
  TT_NO_POINTS = 53,
  /**
   * The label is empty, longer than 31 bytes, not UTF-8, or has control characters.
   */
  TT_LABEL = 64,
  /**
   * The gallery has no room for another label.
   */
  TT_FULL = 65,
  /**
   * The label has as many images as there can be.
   */
  TT_TOO_MANY_IMAGES = 66,
  /**
   * The gallery keeps no exemplars that could vote.
   */
  TT_NO_EXEMPLARS = 67,
  /**
   * The value of the entry is damaged, or one of another gallery.
   */
  TT_VALUE = 68,
  /**
   * The gallery has no such label, or no entry at that index.
   */
  TT_NO_ENTRY = 69,
  /**
   * The model has no such threshold.
   */
  TT_NO_THRESHOLD = 70,
  /**
   * The flash region is unusable: it is not two halves of whole units, its words are not of 1 to
   * 256 bytes, a power of 2, or it is too small for the entries.
   */
  TT_FLASH_REGION = 80,
  /**
   * A function for the flash has failed.
   */
  TT_FLASH = 81,
  /**
   * The flash does not hold what was written to it, or is not erased after an erase.
   */
  TT_FLASH_READ_BACK = 82,
  /**
   * An entry in the flash is no longer as it was written.
   */
  TT_FLASH_DAMAGED = 83,
  /**
   * The flash has been rewritten as often as can be counted.
   */
  TT_FLASH_WORN_OUT = 84,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tt_status tt_status;
#else
typedef int32_t tt_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The meaning of a frame's bytes.
 */
enum tt_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * One byte per pixel, from 0 (black) to 255 (white).
   */
  TT_GREY8 = 0,
  /**
   * Three bytes per pixel: red, green, blue.
   */
  TT_RGB888 = 1,
  /**
   * Two bytes per pixel, `RRRRRGGG GGGBBBBB` as a 16-bit number, its low byte first.
   */
  TT_RGB565_LITTLE_ENDIAN = 2,
  /**
   * The same, its high byte first, as most cameras send it.
   */
  TT_RGB565_BIG_ENDIAN = 3,
  /**
   * YUV 4:2:2, four bytes for two pixels: Y, U, Y, V.
   */
  TT_YUYV = 4,
  /**
   * YUV 4:2:2 in the order U, Y, V, Y.
   */
  TT_UYVY = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tt_format tt_format;
#else
typedef uint32_t tt_format;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The distance beyond which a thing is unknown.
 */
enum tt_threshold
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The model's own, at which false accepts are as frequent as false rejects.
   */
  TT_EQUAL_ERROR = 0,
  /**
   * The model's own, at which one different pair in a hundred is accepted.
   */
  TT_FALSE_ACCEPT_1_PERCENT = 1,
  /**
   * None: the nearest entry is the answer, however far it is.
   */
  TT_NO_LIMIT = 2,
  /**
   * The model's own for as many images as the nearest entry has.
   */
  TT_OWN = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tt_threshold tt_threshold;
#else
typedef uint32_t tt_threshold;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A frame that is being made into pixels, row by row.
 */
typedef struct {
  uint64_t opaque[TT_PREPARER_WORDS];
} tt_preparer;

/**
 * A model that was read. Its file stays where it is, and is read in place.
 */
typedef struct {
  uint64_t opaque[TT_MODEL_WORDS];
} tt_model;

/**
 * The description of a frame.
 */
typedef struct {
  /**
   * A `tt_format`.
   */
  uint32_t format;
  /**
   * Columns.
   */
  uint16_t width;
  /**
   * Rows.
   */
  uint16_t height;
  /**
   * Bytes from the beginning of a row to that of the next one; 0 if nothing is between them.
   */
  size_t stride;
  /**
   * The part that is used: the columns to the left of it, and the rows above it.
   */
  uint16_t crop_left;
  /**
   * As above.
   */
  uint16_t crop_top;
  /**
   * Its columns and rows; both 0 for the whole frame.
   */
  uint16_t crop_width;
  /**
   * As above.
   */
  uint16_t crop_height;
} tt_frame;

/**
 * The things that were enrolled. The entries lie in memory of the caller's.
 */
typedef struct {
  uint64_t opaque[TT_GALLERY_WORDS];
} tt_gallery;

/**
 * A region of NOR flash, and the functions that work on it. Offsets count from its beginning. A
 * function returns 0 if it is done, and anything else if it has failed. While one runs, the gallery
 * that it works for refuses all calls with `TT_BUSY`.
 */
typedef struct {
  /**
   * Is passed to the functions.
   */
  void *context;
  /**
   * Reads `len` bytes.
   */
  int (*read)(void *context, uint32_t offset, uint8_t *bytes, size_t len);
  /**
   * Writes whole words, up to 256 bytes, that are erased. `bytes` may begin at any address.
   */
  int (*write)(void *context, uint32_t offset, const uint8_t *bytes, size_t len);
  /**
   * Erases the unit at an offset: all its bits are 1 then.
   */
  int (*erase)(void *context, uint32_t offset);
  /**
   * Bytes of the region: an even number of units.
   */
  uint32_t len;
  /**
   * Bytes of a unit.
   */
  uint32_t unit_len;
  /**
   * Bytes of a word, a power of 2 up to 256: reads and writes are of whole words.
   */
  uint32_t word_len;
} tt_flash;

/**
 * What was recognised.
 */
typedef struct {
  /**
   * Whether the thing is the one of `label`. If not, it is unknown.
   */
  bool known;
  /**
   * The label of the nearest entry, also of one that is too far; empty if nothing is enrolled.
   */
  char label[TT_LABEL_LEN];
  /**
   * The distance to it, in the integers of the model.
   */
  uint32_t distance;
  /**
   * The largest distance that counts as known.
   */
  uint32_t threshold;
} tt_recognition;

/**
 * An entry, to be stored elsewhere.
 */
typedef struct {
  /**
   * Its label.
   */
  char label[TT_LABEL_LEN];
  /**
   * The images that were enrolled.
   */
  uint32_t count;
  /**
   * Its value, in the gallery's memory: plain bytes, until the gallery changes.
   */
  const uint8_t *value;
  /**
   * Bytes of the value.
   */
  size_t value_len;
} tt_entry;

/**
 * How worn the flash of a gallery is, and how well it keeps.
 */
typedef struct {
  /**
   * The number of times that the entries were rewritten; each half of the region was erased half as often.
   */
  uint32_t compactions;
  /**
   * Faults that were found since the region was new or cleared, and changes that were cut off.
   */
  uint32_t damage;
} tt_health;

/**
 * The lengths that a model asks for.
 */
typedef struct {
  /**
   * Rows of an image.
   */
  size_t height;
  /**
   * Columns of an image.
   */
  size_t width;
  /**
   * Values of a pixel.
   */
  size_t channels;
  /**
   * Bytes of an image: height times width times channels.
   */
  size_t input_len;
  /**
   * Words of 32 bits that `tt_embed` works in.
   */
  size_t scratch_len;
  /**
   * Words of 32 bits that `tt_prepare_begin` wants; 0 if no frame is made into its image.
   */
  size_t prepare_len;
  /**
   * Words of 32 bits that `tt_prepare_strokes` wants; 0 if an image is in colour.
   */
  size_t strokes_len;
  /**
   * Bytes, and values, of an embedding.
   */
  size_t embedding_len;
  /**
   * Bytes of an entry of a gallery without exemplars. Each exemplar adds `embedding_len`.
   */
  size_t entry_len;
  /**
   * The identity of the model, for things that are stored with it.
   */
  uint8_t hash[8];
} tt_sizes;

/**
 * A point that a pen has touched. Coordinates are in any unit: only their proportions count.
 */
typedef struct {
  /**
   * From the left edge to the right.
   */
  uint16_t x;
  /**
   * From the upper edge to the lower.
   */
  uint16_t y;
  /**
   * Not 0 if the pen came down here, so that no line leads here from the point before.
   */
  uint16_t begins;
} tt_point;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Begins a frame for a model. `pixels` has `input_len` bytes, and `scratch` has at least
 * `prepare_len` words. Both belong to the preparer until `tt_prepare_finish`.
 */
tt_status tt_prepare_begin(tt_preparer *preparer,
                           const tt_model *model,
                           const tt_frame *frame,
                           uint32_t *scratch,
                           size_t scratch_len,
                           uint8_t *pixels,
                           size_t pixels_len);

/**
 * Takes the next row of the frame, also of those above and below the crop. The bytes that fill it up
 * to the stride may be missing. A row that is refused counts as not given.
 *
 * The memory that `tt_prepare_begin` was given is in use, too.
 */
tt_status tt_prepare_row(tt_preparer *preparer,
                         const uint8_t *row,
                         size_t row_len);

/**
 * Makes the pixels, when all rows have come. The preparer holds nothing then, and its memory is the
 * caller's again.
 */
tt_status tt_prepare_finish(tt_preparer *preparer);

/**
 * Makes an empty gallery for embeddings of a model, in `memory`, which belongs to it from then on.
 * It holds as many entries as fit: each takes `entry_len` bytes, and `embedding_len` more per
 * exemplar.
 */
tt_status tt_gallery_init(tt_gallery *gallery,
                          const tt_model *model,
                          uint8_t exemplars,
                          uint8_t *memory,
                          size_t memory_len);

/**
 * Makes a gallery that a region of flash keeps, and loads what the region holds. A change that
 * returned `TT_OK` was read back from the flash and outlasts every reset and power cut; one that was
 * cut off is there as a whole or not at all. Each change that cannot be stored is an error, and has
 * not happened.
 *
 * `memory` is as for `tt_gallery_init`, with room for one entry more than are kept, at most
 * `TT_STORED_ENTRIES`. `flash` is copied; its functions and its context are in use as long as the
 * gallery is. What is in the region does not matter: without entries of this library it is empty.
 *
 * `TT_OTHER_MODEL` means that the region has entries of another model, or of another number of
 * exemplars, or more than there is room for. They stay, and all calls give `TT_OTHER_MODEL`, until
 * `tt_gallery_clear` makes the region this model's. After any other error the gallery is not
 * initialised.
 */
tt_status tt_gallery_load(tt_gallery *gallery,
                          const tt_model *model,
                          uint8_t exemplars,
                          uint8_t *memory,
                          size_t memory_len,
                          const tt_flash *flash);

/**
 * Adds an embedding to the entry of a label, which is made if there is none. Nothing has changed if
 * it fails. The label ends with a 0.
 */
tt_status tt_gallery_enrol(tt_gallery *gallery,
                           const char *label,
                           const uint8_t *embedding,
                           size_t embedding_len);

/**
 * Removes the entry of a label: `TT_NO_ENTRY` if there is none.
 */
tt_status tt_gallery_forget(tt_gallery *gallery, const char *label);

/**
 * Removes all entries.
 */
tt_status tt_gallery_clear(tt_gallery *gallery);

/**
 * Returns the number of entries; 0 if the gallery is not initialised, is in use by one of its
 * `tt_flash` functions, or has entries of another model.
 */
size_t tt_gallery_count(const tt_gallery *gallery);

/**
 * Returns the most entries; 0 if the gallery is not initialised, is in use by one of its `tt_flash`
 * functions, or has entries of another model.
 */
size_t tt_gallery_capacity(const tt_gallery *gallery);

/**
 * Recognises the thing that an embedding shows.
 *
 * `neighbours` is the number of exemplars that vote, 0 to compare with the mean of each entry.
 * `threshold` is a `tt_threshold`. A thing that is unknown is `TT_OK`, and `known` is false then.
 */
tt_status tt_gallery_recognise(const tt_gallery *gallery,
                               const tt_model *model,
                               const uint8_t *embedding,
                               size_t embedding_len,
                               uint8_t neighbours,
                               uint32_t threshold,
                               tt_recognition *recognition);

/**
 * Writes the entry at an index below `tt_gallery_count`, to be stored elsewhere. The order changes
 * when an entry is removed.
 */
tt_status tt_gallery_entry(const tt_gallery *gallery, size_t index, tt_entry *entry);

/**
 * Adds an entry that was stored elsewhere, or replaces the one with the same label. The value need
 * not be trusted. It has to belong to the same model: keep the model's `hash` beside it.
 */
tt_status tt_gallery_insert(tt_gallery *gallery,
                            const char *label,
                            const uint8_t *value,
                            size_t value_len);

/**
 * Writes how worn the flash is; zeros if the gallery is in RAM.
 */
tt_status tt_gallery_health(const tt_gallery *gallery, tt_health *health);

/**
 * Checks a model file and reads it. The file must stay as and where it is, as long as the model is
 * in use. Any bytes may be given.
 *
 * A packed file begins at a multiple of 4 bytes. It needs up to 7 KB of stack.
 */
tt_status tt_model_decode(tt_model *model, const uint8_t *file, size_t file_len);

/**
 * Writes the lengths that a model asks for.
 */
tt_status tt_model_sizes(const tt_model *model, tt_sizes *sizes);

/**
 * Computes the embedding of an image.
 *
 * `pixels` has `input_len` bytes, `embedding` has `embedding_len`, and `scratch` has at least
 * `scratch_len` words; the content of the last two does not matter. Nothing is written if a length
 * is wrong.
 */
tt_status tt_embed(const tt_model *model,
                   const uint8_t *pixels,
                   size_t pixels_len,
                   uint32_t *scratch,
                   size_t scratch_len,
                   uint8_t *embedding,
                   size_t embedding_len);

/**
 * Computes the embeddings of the built-in test images, and compares them with those of the PC that
 * exported the model: `TT_SELF_TEST` if one differs. The arrays are those of `tt_embed`, and all are
 * written to.
 */
tt_status tt_model_self_test(const tt_model *model,
                             uint8_t *pixels,
                             size_t pixels_len,
                             uint32_t *scratch,
                             size_t scratch_len,
                             uint8_t *embedding,
                             size_t embedding_len);

/**
 * Returns a sentence for people, in English, or "unknown status".
 */
const char *tt_status_text(int32_t status);

/**
 * Makes the pixels of what a pen has drawn, for a model whose images are grey. `pixels` has
 * `input_len` bytes, and `scratch` has at least `strokes_len` words; their content does not matter.
 */
tt_status tt_prepare_strokes(const tt_model *model,
                             const tt_point *points,
                             size_t points_len,
                             uint32_t *scratch,
                             size_t scratch_len,
                             uint8_t *pixels,
                             size_t pixels_len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TINYTRIPLET_H */
