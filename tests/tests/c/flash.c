/* A gallery in flash, by functions that fail, lie, or call the library again. Each array is an allocation of its own, so
 * that the address sanitizer sees what goes beyond it. */

#include "test.h"

enum { UNIT = 4096, LEN = 4 * UNIT, ENTRIES = 4 };
enum how { NOTHING, HALF, ALL };

/* A chip, and what goes wrong with it. */
struct chip {
    uint8_t *bytes;
    uint32_t word;
    long operations; /* so far */
    long fails_at;   /* this operation fails, -1 for none */
    enum how done;   /* as far as this */
    int lies;        /* writes do nothing, and succeed */
    tt_gallery *again; /* is called from the functions */
};

static uint8_t embeddings[3][MODEL_EMBEDDING_LEN];
static const size_t out = MODEL_EMBEDDING_LEN;
static tt_model *model;
static uint8_t *entries;
static size_t entries_len = (ENTRIES + 1) * MODEL_ENTRY_LEN;

/* Calls the gallery that waits for this function. */
static void call_again(struct chip *chip) {
    tt_gallery *gallery = chip->again;
    if (!gallery) {
        return;
    }
    tt_recognition seen;
    tt_entry entry;
    tt_health health;
    tt_flash none = {0};
    EXPECT(tt_gallery_enrol(gallery, "again", embeddings[2], out), TT_BUSY);
    EXPECT(tt_gallery_forget(gallery, "a"), TT_BUSY);
    EXPECT(tt_gallery_clear(gallery), TT_BUSY);
    EXPECT(tt_gallery_insert(gallery, "a", embeddings[2], out), TT_BUSY);
    EXPECT(tt_gallery_recognise(gallery, model, embeddings[2], out, 0, TT_OWN, &seen), TT_BUSY);
    EXPECT(tt_gallery_entry(gallery, 0, &entry), TT_BUSY);
    EXPECT(tt_gallery_health(gallery, &health), TT_BUSY);
    EXPECT(tt_gallery_count(gallery), 0);
    EXPECT(tt_gallery_init(gallery, model, 0, entries, entries_len), TT_BUSY);
    EXPECT(tt_gallery_load(gallery, model, 0, entries, entries_len, &none), TT_BUSY);
}

static int fails(struct chip *chip) {
    call_again(chip);
    return chip->operations++ == chip->fails_at;
}

static size_t as_far(struct chip *chip, int failed, size_t len) {
    return !failed ? len : chip->done == ALL ? len : chip->done == HALF ? len / 2 : 0;
}

static int read_flash(void *context, uint32_t offset, uint8_t *bytes, size_t len) {
    struct chip *chip = context;
    if (offset % chip->word || len % chip->word || offset + len > LEN) {
        puts("a read that is not of whole words of the region");
        exit(1);
    }
    int failed = fails(chip);
    memcpy(bytes, chip->bytes + offset, as_far(chip, failed, len));
    return failed;
}

static int write_flash(void *context, uint32_t offset, const uint8_t *bytes, size_t len) {
    struct chip *chip = context;
    if (offset % chip->word || len % chip->word || offset + len > LEN || len > 256) {
        puts("a write that is not of whole words of the region");
        exit(1);
    }
    int failed = fails(chip);
    for (size_t i = 0; i < as_far(chip, failed, len) && !chip->lies; i++) {
        if (chip->bytes[offset + i] != 0xff) {
            puts("a write to what is not erased");
            exit(1);
        }
        chip->bytes[offset + i] = bytes[i];
    }
    return failed ? -7 : 0;
}

static int erase_flash(void *context, uint32_t offset) {
    struct chip *chip = context;
    if (offset % UNIT || offset + UNIT > LEN) {
        puts("an erase that is not of a unit of the region");
        exit(1);
    }
    int failed = fails(chip);
    memset(chip->bytes + offset, 0xff, as_far(chip, failed, UNIT));
    return failed;
}

static tt_flash flash_of(struct chip *chip) {
    return (tt_flash){.context = chip, .read = read_flash, .write = write_flash, .erase = erase_flash,
                      .len = LEN, .unit_len = UNIT, .word_len = chip->word};
}

static tt_status load(tt_gallery *gallery, struct chip *chip) {
    tt_flash flash = flash_of(chip);
    return tt_gallery_load(gallery, model, 0, entries, entries_len, &flash);
}

/* Returns the images of a label, 0 if it is not enrolled. */
static uint32_t images(const tt_gallery *gallery, const char *label) {
    tt_entry entry;
    for (size_t index = 0; tt_gallery_entry(gallery, index, &entry) == TT_OK; index++) {
        if (strcmp(entry.label, label) == 0) {
            return entry.count;
        }
    }
    return 0;
}

/* A chip with "a" and "b" enrolled. */
static void fill(struct chip *chip, tt_gallery *gallery) {
    memset(chip->bytes, 0x5a, LEN);
    chip->fails_at = -1;
    EXPECT(load(gallery, chip), TT_OK);
    EXPECT(tt_gallery_capacity(gallery), ENTRIES);
    EXPECT(tt_gallery_enrol(gallery, "a", embeddings[0], out), TT_OK);
    EXPECT(tt_gallery_enrol(gallery, "b", embeddings[1], out), TT_OK);
}

static tt_status change(tt_gallery *gallery, int which) {
    return which == 0   ? tt_gallery_enrol(gallery, "b", embeddings[2], out)
           : which == 1 ? tt_gallery_forget(gallery, "b")
                        : tt_gallery_clear(gallery);
}

int main(void) {
    model = memory(sizeof *model);
    tt_gallery *gallery = memory(sizeof *gallery);
    uint8_t *pixels = memory(MODEL_INPUT_LEN);
    uint32_t *scratch = memory(4 * MODEL_SCRATCH_LEN);
    entries = memory(entries_len);
    struct chip chip = {.bytes = memory(LEN), .word = 4, .fails_at = -1};
    EXPECT(tt_model_decode(model, MODEL_FILE, sizeof MODEL_FILE), TT_OK);

    /* A pen's drawings. */
    static const tt_point points[] = {{0, 0, 1}, {0, 9, 0}, {0, 9, 9}, {9, 0, 0}, {9, 9, 7}, {9, 9, 0}};
    const size_t in = MODEL_INPUT_LEN, pen = MODEL_STROKES_LEN;
    EXPECT(tt_prepare_strokes(NULL, points, 6, scratch, pen, pixels, in), TT_NULL);
    EXPECT(tt_prepare_strokes(model, NULL, 6, scratch, pen, pixels, in), TT_NULL);
    EXPECT(tt_prepare_strokes(model, points, 0, scratch, pen, pixels, in), TT_NO_POINTS);
    EXPECT(tt_prepare_strokes(model, points, 6, scratch, pen - 1, pixels, in), TT_SCRATCH_LENGTH);
    EXPECT(tt_prepare_strokes(model, points, 6, scratch, pen, pixels, in - 1), TT_INPUT_LENGTH);
    EXPECT(tt_prepare_strokes(model, (tt_point *)pixels, 6, scratch, pen, pixels, in), TT_OVERLAP);
    EXPECT(tt_prepare_strokes(model, points, SIZE_MAX, scratch, pen, pixels, in), TT_ARGUMENT);
    for (int drawing = 0; drawing < 3; drawing++) {
        EXPECT(tt_prepare_strokes(model, points, 2 * drawing + 2, scratch, pen, pixels, in), TT_OK);
        EXPECT(tt_embed(model, pixels, in, scratch, MODEL_SCRATCH_LEN, embeddings[drawing], out), TT_OK);
    }

    /* Regions that do not do. */
    tt_flash right = flash_of(&chip), wrong = right;
    EXPECT(tt_gallery_load(gallery, model, 0, entries, entries_len, NULL), TT_NULL);
    wrong.erase = NULL;
    EXPECT(tt_gallery_load(gallery, model, 0, entries, entries_len, &wrong), TT_NULL);
    static const uint32_t lens[][3] = {{LEN, 0, 4}, {LEN + 1, UNIT, 4}, {3 * UNIT, UNIT, 4}, {LEN, UNIT, 0},
                                       {LEN, UNIT, 3}, {LEN, UNIT, 512}, {256, 128, 4}, {0, UNIT, 4}};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        wrong = right;
        wrong.len = lens[i][0], wrong.unit_len = lens[i][1], wrong.word_len = lens[i][2];
        EXPECT(tt_gallery_load(gallery, model, 0, entries, entries_len, &wrong), TT_FLASH_REGION);
        EXPECT(tt_gallery_enrol(gallery, "a", embeddings[0], out), TT_NOT_INITIALISED);
    }
    EXPECT(tt_gallery_load(gallery, model, 0, entries, 2 * MODEL_ENTRY_LEN - 1, &right), TT_FULL);
    EXPECT(tt_gallery_load(gallery, model, 0, entries, 0, &right), TT_FULL);
    EXPECT(tt_gallery_load(gallery, model, 0, (uint8_t *)&right, sizeof right, &right), TT_OVERLAP);

    for (uint32_t word = 1; word <= 256; word *= 4) {
        chip.word = word;
        /* What was enrolled is there after a restart, byte by byte. */
        fill(&chip, gallery);
        tt_entry entry;
        EXPECT(tt_gallery_entry(gallery, 1, &entry), TT_OK);
        uint8_t *before = memory(entry.value_len);
        memcpy(before, entry.value, entry.value_len);
        tt_gallery *restarted = memory(sizeof *restarted);
        memset(entries, 0, entries_len);
        EXPECT(load(restarted, &chip), TT_OK);
        EXPECT(tt_gallery_count(restarted), 2);
        EXPECT(tt_gallery_entry(restarted, 1, &entry), TT_OK);
        EXPECT(memcmp(before, entry.value, entry.value_len), 0);
        free(before);
        free(restarted);

        /* Every operation of every change fails once, with nothing done, a half, or all. */
        for (int which = 0; which < 3; which++) {
            for (enum how done = NOTHING; done <= ALL; done++) {
                for (long operation = 0;; operation++) {
                    fill(&chip, gallery);
                    EXPECT(load(gallery, &chip), TT_OK);
                    chip.fails_at = chip.operations + operation;
                    chip.done = done;
                    chip.again = gallery;
                    tt_status status = change(gallery, which);
                    chip.again = NULL;
                    if (status == TT_OK) {
                        break;
                    }
                    EXPECT(status, TT_FLASH);
                    /* The gallery is as it was, and answers. */
                    EXPECT(tt_gallery_count(gallery), 2);
                    EXPECT(images(gallery, "b"), 1);
                    tt_recognition seen;
                    EXPECT(tt_gallery_recognise(gallery, model, embeddings[1], out, 0, TT_NO_LIMIT, &seen), TT_OK);
                    EXPECT(seen.distance, 0);
                    /* After a restart the change is there as a whole or not at all; "a" is not touched. */
                    tt_gallery *after = memory(sizeof *after);
                    EXPECT(load(after, &chip), TT_OK);
                    uint32_t of_b = images(after, "b");
                    EXPECT(of_b == 1 || of_b == (which == 0 ? 2 : 0), 1);
                    EXPECT(images(after, "a") == 1 || (which == 2 && tt_gallery_count(after) == 0), 1);
                    /* And it can be done again. */
                    EXPECT(change(after, which), which == 1 && of_b == 0 ? TT_NO_ENTRY : TT_OK);
                    free(after);
                }
                /* As many as a change takes at least. */
                EXPECT(chip.fails_at > 4, 1);
            }
        }
    }

    /* A load that fails at any operation leaves nothing behind, and can be done again. */
    chip.word = 4;
    fill(&chip, gallery);
    for (long operation = 0;; operation++) {
        chip.fails_at = chip.operations + operation;
        chip.again = gallery;
        tt_status status = load(gallery, &chip);
        chip.again = NULL;
        if (status == TT_OK) {
            break;
        }
        EXPECT(status, TT_FLASH);
        EXPECT(tt_gallery_clear(gallery), TT_NOT_INITIALISED);
    }
    EXPECT(tt_gallery_count(gallery), 2);

    /* A flash that lies. */
    fill(&chip, gallery);
    chip.lies = 1;
    EXPECT(tt_gallery_enrol(gallery, "c", embeddings[2], out), TT_FLASH_READ_BACK);
    EXPECT(tt_gallery_count(gallery), 2);
    chip.lies = 0;
    EXPECT(tt_gallery_enrol(gallery, "c", embeddings[2], out), TT_OK);
    EXPECT(images(gallery, "c"), 1);
    tt_health health;
    EXPECT(tt_gallery_health(gallery, NULL), TT_NULL);
    EXPECT(tt_gallery_health(gallery, &health), TT_OK);
    EXPECT(health.compactions, 2);
    EXPECT(health.damage, 0);

    /* It is full before anything is written. */
    EXPECT(tt_gallery_enrol(gallery, "d", embeddings[2], out), TT_OK);
    long operations = chip.operations;
    EXPECT(tt_gallery_enrol(gallery, "e", embeddings[2], out), TT_FULL);
    EXPECT(chip.operations, operations);

    /* A gallery with exemplars is another one: its own entries stay until they are cleared. */
    EXPECT(tt_gallery_load(gallery, model, 1, entries, entries_len, &right), TT_OTHER_MODEL);
    EXPECT(tt_gallery_count(gallery), 0);
    EXPECT(tt_gallery_enrol(gallery, "a", embeddings[0], out), TT_OTHER_MODEL);
    EXPECT(tt_gallery_forget(gallery, "a"), TT_OTHER_MODEL);
    EXPECT(load(gallery, &chip), TT_OK);
    EXPECT(tt_gallery_count(gallery), 4);
    /* So are more entries than there is room for. */
    EXPECT(tt_gallery_load(gallery, model, 0, entries, 4 * MODEL_ENTRY_LEN, &right), TT_OTHER_MODEL);
    EXPECT(tt_gallery_clear(gallery), TT_OK);
    EXPECT(tt_gallery_enrol(gallery, "a", embeddings[0], out), TT_OK);
    EXPECT(tt_gallery_count(gallery), 1);

    /* In RAM, there is no flash to tell of. */
    EXPECT(tt_gallery_init(gallery, model, 0, entries, entries_len), TT_OK);
    EXPECT(tt_gallery_health(gallery, &health), TT_OK);
    EXPECT(health.compactions, 0);

    void *all[] = {model, gallery, pixels, scratch, entries, chip.bytes};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]);
    }
    return 0;
}
