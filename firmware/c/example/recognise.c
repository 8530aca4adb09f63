/* Enrols a drawn cross and a drawn bar in a gallery in flash. As after a restart, it then loads the gallery again,
 * recognises other drawings, from a camera and from a pen, and prints the embeddings. It is the same on a PC and on
 * a board: pc.c and mps2.c have what differs. */

#include "recognise.h"

#include "model.h" /* written by "pack" */
#include "tinytriplet.h"

#if MODEL_PREPARE_LEN > MODEL_SCRATCH_LEN
#define SCRATCH_LEN MODEL_PREPARE_LEN
#else
#define SCRATCH_LEN MODEL_SCRATCH_LEN
#endif

/* All the memory: the library allocates nothing. */
static tt_model model;
static tt_preparer preparer;
static tt_gallery gallery;
static uint32_t scratch[SCRATCH_LEN];
static uint8_t pixels[MODEL_INPUT_LEN];
static uint8_t embedding[MODEL_EMBEDDING_LEN];
static uint8_t entries[(3 + 1) * MODEL_ENTRY_LEN]; /* three, and room to change one */

/* RAM that stands for flash. A firmware calls its chip's functions here. */
enum { UNIT = 2048 };
static uint8_t region[2 * UNIT];

static int flash_read(void *context, uint32_t offset, uint8_t *bytes, size_t len) {
    (void)context;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = region[offset + i];
    }
    return 0;
}

static int flash_write(void *context, uint32_t offset, const uint8_t *bytes, size_t len) {
    (void)context;
    for (size_t i = 0; i < len; i++) {
        region[offset + i] &= bytes[i];
    }
    return 0;
}

static int flash_erase(void *context, uint32_t offset) {
    (void)context;
    for (size_t i = 0; i < UNIT; i++) {
        region[offset + i] = 0xff;
    }
    return 0;
}

static const tt_flash flash = {.read = flash_read, .write = flash_write, .erase = flash_erase,
                               .len = sizeof region, .unit_len = UNIT, .word_len = 4};

/* A camera's frame: grey, dark ink on light paper. Only one row of it is ever in memory. */
enum { SIDE = 60 };

static void camera_row(uint8_t row[SIDE], int y, enum drawing drawing, int thick) {
    for (int x = 0; x < SIDE; x++) {
        int upright = x >= 30 - thick && x < 30 + thick && y >= 10 && y < 50;
        int level = y >= 30 - thick && y < 30 + thick && x >= 12 && x < 48;
        row[x] = upright || (drawing == CROSS && level) ? 20 : 230;
    }
}

/* Leaves the embedding of the pixels in `embedding`. */
static tt_status embed(void) {
    return tt_embed(&model, pixels, sizeof pixels, scratch, SCRATCH_LEN, embedding, sizeof embedding);
}

/* Leaves the embedding of a drawing before the camera in `embedding`. */
static tt_status look(enum drawing drawing, int thick) {
    tt_frame frame = {.format = TT_GREY8, .width = SIDE, .height = SIDE};
    tt_status status = tt_prepare_begin(&preparer, &model, &frame, scratch, SCRATCH_LEN, pixels, sizeof pixels);
    for (int y = 0; y < SIDE && status == TT_OK; y++) {
        uint8_t row[SIDE];
        camera_row(row, y, drawing, thick);
        status = tt_prepare_row(&preparer, row, sizeof row);
    }
    if (status == TT_OK) {
        status = tt_prepare_finish(&preparer);
    }
    return status == TT_OK ? embed() : status;
}

/* Leaves the embedding of what a pen has drawn in `embedding`: a line down, and for a cross another one across. */
static tt_status draw(enum drawing drawing) {
    static const tt_point points[] = {{300, 100, 1}, {300, 500, 0}, {120, 300, 1}, {480, 300, 0}};
    tt_status status = tt_prepare_strokes(&model, points, drawing == CROSS ? 4 : 2, scratch, SCRATCH_LEN, pixels,
                                          sizeof pixels);
    return status == TT_OK ? embed() : status;
}

static void put_hex(const uint8_t *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        char pair[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], 0};
        put(pair);
    }
}

static void put_number(uint32_t number) {
    char text[11] = {0};
    int at = sizeof text - 1;
    do {
        text[--at] = '0' + number % 10;
        number /= 10;
    } while (number);
    put(text + at);
}

static const char *const names[] = {[BAR] = "bar", [CROSS] = "cross"};

/* Tells what the embedding is of. */
static tt_status answer(const char *source, enum drawing drawing) {
    tt_recognition seen;
    tt_status status = tt_gallery_recognise(&gallery, &model, embedding, sizeof embedding, 0, TT_OWN, &seen);
    if (status == TT_OK) {
        put(names[drawing]);
        put(source);
        put_hex(embedding, sizeof embedding);
        put(" is ");
        put(seen.known ? seen.label : "unknown");
        put(", ");
        put_number(seen.distance);
        put(" of ");
        put_number(seen.threshold);
        put("\n");
    }
    return status;
}

static tt_status run(void) {
    tt_status status = tt_model_decode(&model, MODEL_FILE, sizeof MODEL_FILE);
    if (status == TT_OK) {
        status = tt_model_self_test(&model, pixels, sizeof pixels, scratch, SCRATCH_LEN, embedding,
                                    sizeof embedding);
    }
    if (status == TT_OK) {
        status = tt_gallery_load(&gallery, &model, 0, entries, sizeof entries, &flash);
    }
    for (int drawing = BAR; drawing <= CROSS && status == TT_OK; drawing++) {
        status = look(drawing, 3);
        if (status == TT_OK) {
            status = tt_gallery_enrol(&gallery, names[drawing], embedding, sizeof embedding);
        }
    }
    /* As after a restart: all is gone but the flash. */
    gallery = (tt_gallery){0};
    for (size_t i = 0; i < sizeof entries; i++) {
        entries[i] = 0;
    }
    if (status == TT_OK) {
        status = tt_gallery_load(&gallery, &model, 0, entries, sizeof entries, &flash);
    }
    for (int drawing = BAR; drawing <= CROSS && status == TT_OK; drawing++) {
        status = look(drawing, 4);
        if (status == TT_OK) {
            status = answer(" before the camera: ", drawing);
        }
        if (status == TT_OK) {
            status = draw(drawing);
        }
        if (status == TT_OK) {
            status = answer(" by a pen: ", drawing);
        }
    }
    return status;
}

int recognise(void) {
    tt_status status = run();
    if (status != TT_OK) {
        put(tt_status_text(status));
        put("\n");
    }
    return status != TT_OK;
}
