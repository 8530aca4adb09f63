/* A program with as much of the library as PART says: what it does not call is not linked. It is never run. */

#include "model.h"
#include "recognise.h"
#include "tinytriplet.h"

#define EMBED 1
#define GALLERY_IN_RAM 2
#define GALLERY_IN_FLASH 3

static tt_model model;
static uint32_t scratch[MODEL_SCRATCH_LEN];
static uint8_t pixels[MODEL_INPUT_LEN];
static uint8_t embedding[MODEL_EMBEDDING_LEN];

int recognise(void) {
    tt_status status = tt_model_decode(&model, MODEL_FILE, sizeof MODEL_FILE);
    status |= tt_embed(&model, pixels, sizeof pixels, scratch, MODEL_SCRATCH_LEN, embedding, sizeof embedding);
#if PART >= GALLERY_IN_RAM
    static tt_gallery gallery;
    static uint8_t entries[4 * MODEL_ENTRY_LEN];
#if PART == GALLERY_IN_RAM
    status |= tt_gallery_init(&gallery, &model, 0, entries, sizeof entries);
#else
    static tt_flash flash;
    status |= tt_gallery_load(&gallery, &model, 0, entries, sizeof entries, &flash);
#endif
    tt_entry entry;
    tt_recognition seen;
    status |= tt_gallery_enrol(&gallery, "a", embedding, sizeof embedding);
    status |= tt_gallery_entry(&gallery, 0, &entry);
    status |= tt_gallery_insert(&gallery, "b", entry.value, entry.value_len);
    status |= tt_gallery_forget(&gallery, "b");
    status |= tt_gallery_recognise(&gallery, &model, embedding, sizeof embedding, 0, TT_OWN, &seen);
    status |= tt_gallery_clear(&gallery);
#endif
    return status;
}
