/* Enrols a drawn cross and a drawn bar, recognises other drawings of them, and prints the embeddings.
 * It is the same on a PC and on a board: pc.c and mps2.c have what differs. */

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
static uint8_t entries[4 * MODEL_ENTRY_LEN];

/* A camera's frame: grey, dark ink on light paper. Only one row of it is ever in memory. */
enum { SIDE = 60 };

static void camera_row(uint8_t row[SIDE], int y, enum drawing drawing, int thick) {
    for (int x = 0; x < SIDE; x++) {
        int upright = x >= 30 - thick && x < 30 + thick && y >= 10 && y < 50;
        int level = y >= 30 - thick && y < 30 + thick && x >= 12 && x < 48;
        row[x] = upright || (drawing == CROSS && level) ? 20 : 230;
    }
}

/* Leaves the embedding of a drawing in `embedding`. */
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
    if (status == TT_OK) {
        status = tt_embed(&model, pixels, sizeof pixels, scratch, SCRATCH_LEN, embedding, sizeof embedding);
    }
    return status;
}

static void put_hex(const uint8_t *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        char pair[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], 0};
        put(pair);
    }
}

static tt_status run(void) {
    if (tt_abi_version() != TT_ABI_VERSION) {
        put("the library does not belong to this header\n");
        return TT_ARGUMENT;
    }
    tt_status status = tt_model_decode(&model, MODEL_FILE, sizeof MODEL_FILE);
    if (status == TT_OK) {
        status = tt_model_self_test(&model, pixels, sizeof pixels, scratch, SCRATCH_LEN, embedding,
                                    sizeof embedding);
    }
    if (status == TT_OK) {
        status = tt_gallery_init(&gallery, &model, 0, entries, sizeof entries);
    }
    static const char *const names[] = {[BAR] = "bar", [CROSS] = "cross"};
    for (int drawing = BAR; drawing <= CROSS && status == TT_OK; drawing++) {
        status = look(drawing, 3);
        if (status == TT_OK) {
            status = tt_gallery_enrol(&gallery, names[drawing], embedding, sizeof embedding);
        }
    }
    for (int drawing = BAR; drawing <= CROSS && status == TT_OK; drawing++) {
        status = look(drawing, 4);
        if (status != TT_OK) {
            break;
        }
        tt_recognition seen;
        status = tt_gallery_recognise(&gallery, &model, embedding, sizeof embedding, 0, TT_OWN, &seen);
        if (status == TT_OK) {
            put(names[drawing]);
            put(" ");
            put_hex(embedding, sizeof embedding);
            put(" is ");
            put(seen.known ? seen.label : "unknown");
            put("\n");
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
