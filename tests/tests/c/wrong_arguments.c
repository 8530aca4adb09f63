/* Everything that C can pass wrong, as far as it can be found. Each array is an allocation of its own, so that the
 * address sanitizer sees what goes beyond it. */

#include "test.h"

int main(void) {
    tt_model *model = memory(sizeof *model);
    tt_gallery *gallery = memory(sizeof *gallery);
    tt_preparer *preparer = memory(sizeof *preparer);
    uint8_t *pixels = memory(MODEL_INPUT_LEN);
    uint8_t *embedding = memory(MODEL_EMBEDDING_LEN);
    size_t scratch_len = MODEL_PREPARE_LEN > MODEL_SCRATCH_LEN ? MODEL_PREPARE_LEN : MODEL_SCRATCH_LEN;
    uint32_t *scratch = memory(4 * scratch_len);
    uint8_t *entries = memory(2 * MODEL_ENTRY_LEN);
    tt_recognition seen;
    tt_sizes sizes;
    tt_entry entry;
    tt_frame frame = {.format = TT_GREY8, .width = 4, .height = 2};

    /* Nothing was initialised. */
    EXPECT(tt_model_sizes(model, &sizes), TT_NOT_INITIALISED);
    EXPECT(tt_gallery_init(gallery, model, 0, entries, 2 * MODEL_ENTRY_LEN), TT_NOT_INITIALISED);
    EXPECT(tt_gallery_enrol(gallery, "a", embedding, MODEL_EMBEDDING_LEN), TT_NOT_INITIALISED);
    EXPECT(tt_prepare_row(preparer, pixels, 4), TT_NOT_INITIALISED);
    EXPECT(tt_prepare_finish(preparer), TT_NOT_INITIALISED);
    EXPECT(tt_gallery_count(gallery), 0);
    EXPECT(tt_gallery_capacity(NULL), 0);

    /* Model files. */
    size_t len = sizeof MODEL_FILE;
    uint8_t *file = memory(len + 16);
    memcpy(file, MODEL_FILE, len);
    EXPECT(tt_model_decode(NULL, file, len), TT_NULL);
    EXPECT(tt_model_decode(model, NULL, len), TT_NULL);
    EXPECT(tt_model_decode((tt_model *)((char *)model + 4), file, len), TT_UNALIGNED);
    EXPECT(tt_model_decode(model, file, SIZE_MAX), TT_ARGUMENT);
    EXPECT(tt_model_decode(model, (uint8_t *)model, 64), TT_OVERLAP);
    EXPECT(tt_model_decode(model, file, 0), TT_MODEL_LENGTH);
    EXPECT(tt_model_decode(model, file, len - 1), TT_MODEL_LENGTH);
    memmove(file + 1, file, len);
    EXPECT(tt_model_decode(model, file + 1, len), TT_UNALIGNED);
    memmove(file, file + 1, len);
    file[len / 2] ^= 1;
    EXPECT(tt_model_decode(model, file, len), TT_MODEL_CRC);
    EXPECT(tt_model_sizes(model, &sizes), TT_NOT_INITIALISED);
    file[len / 2] ^= 1;
    file[0] ^= 1;
    EXPECT(tt_model_decode(model, file, len), TT_MODEL_MAGIC);
    file[0] ^= 1;
    file[8] ^= 1;
    EXPECT(tt_model_decode(model, file, len), TT_MODEL_VERSION);
    file[8] ^= 1;
    EXPECT(tt_model_decode(model, file, len), TT_OK);

    EXPECT(tt_model_sizes(model, NULL), TT_NULL);
    EXPECT(tt_model_sizes(NULL, &sizes), TT_NULL);
    EXPECT(tt_model_sizes(model, &sizes), TT_OK);
    EXPECT(sizes.input_len, MODEL_INPUT_LEN);
    EXPECT(sizes.scratch_len, MODEL_SCRATCH_LEN);
    EXPECT(sizes.prepare_len, MODEL_PREPARE_LEN);
    EXPECT(sizes.embedding_len, MODEL_EMBEDDING_LEN);
    EXPECT(sizes.entry_len, MODEL_ENTRY_LEN);

    /* A copy of a struct is not the struct. */
    tt_model *copy = memory(sizeof *copy);
    memcpy(copy, model, sizeof *copy);
    EXPECT(tt_model_sizes(copy, &sizes), TT_NOT_INITIALISED);

    /* Embedding. */
    const size_t in = MODEL_INPUT_LEN, out = MODEL_EMBEDDING_LEN;
    EXPECT(tt_embed(NULL, pixels, in, scratch, scratch_len, embedding, out), TT_NULL);
    EXPECT(tt_embed(model, NULL, in, scratch, scratch_len, embedding, out), TT_NULL);
    EXPECT(tt_embed(model, pixels, in, NULL, scratch_len, embedding, out), TT_NULL);
    EXPECT(tt_embed(model, pixels, in, scratch, scratch_len, NULL, out), TT_NULL);
    EXPECT(tt_embed(model, pixels, in - 1, scratch, scratch_len, embedding, out), TT_INPUT_LENGTH);
    EXPECT(tt_embed(model, pixels, in, scratch, MODEL_SCRATCH_LEN - 1, embedding, out), TT_SCRATCH_LENGTH);
    EXPECT(tt_embed(model, pixels, in, scratch, scratch_len, embedding, out - 1), TT_EMBEDDING_LENGTH);
    EXPECT(tt_embed(model, pixels, in, (uint32_t *)((char *)scratch + 2), scratch_len - 1, embedding, out), TT_UNALIGNED);
    EXPECT(tt_embed(model, pixels, in, scratch, SIZE_MAX / 2, embedding, out), TT_ARGUMENT);
    EXPECT(tt_embed(model, (uint8_t *)scratch, in, scratch, scratch_len, embedding, out), TT_OVERLAP);
    EXPECT(tt_embed(model, pixels, in, scratch, scratch_len, (uint8_t *)scratch, out), TT_OVERLAP);
    EXPECT(tt_embed(model, pixels, in, scratch, scratch_len, file + 32, out), TT_OVERLAP);
    EXPECT(tt_embed(model, pixels, in, scratch, scratch_len, (uint8_t *)model, out), TT_OVERLAP);
    EXPECT(tt_embed(model, file, in, scratch, scratch_len, embedding, out), TT_OK);
    EXPECT(tt_embed(model, pixels, in, scratch, MODEL_SCRATCH_LEN, embedding, out), TT_OK);
    EXPECT(tt_model_self_test(model, pixels, in, scratch, scratch_len, embedding, out), TT_OK);
    EXPECT(tt_model_self_test(model, pixels, in - 1, scratch, scratch_len, embedding, out), TT_INPUT_LENGTH);

    /* Frames. */
    EXPECT(tt_prepare_begin(NULL, model, &frame, scratch, scratch_len, pixels, in), TT_NULL);
    EXPECT(tt_prepare_begin(preparer, model, NULL, scratch, scratch_len, pixels, in), TT_NULL);
    EXPECT(tt_prepare_begin(preparer, model, &frame, scratch, MODEL_PREPARE_LEN - 1, pixels, in), TT_SCRATCH_LENGTH);
    EXPECT(tt_prepare_begin(preparer, model, &frame, scratch, scratch_len, pixels, in - 1), TT_INPUT_LENGTH);
    EXPECT(tt_prepare_begin(preparer, model, &frame, scratch, scratch_len, (uint8_t *)scratch, in), TT_OVERLAP);
    tt_frame wrong = frame;
    wrong.format = 6;
    EXPECT(tt_prepare_begin(preparer, model, &wrong, scratch, scratch_len, pixels, in), TT_ARGUMENT);
    wrong = frame;
    wrong.width = 0;
    EXPECT(tt_prepare_begin(preparer, model, &wrong, scratch, scratch_len, pixels, in), TT_FRAME);
    wrong = frame;
    wrong.stride = 3;
    EXPECT(tt_prepare_begin(preparer, model, &wrong, scratch, scratch_len, pixels, in), TT_FRAME);
    wrong = frame;
    wrong.crop_width = 5, wrong.crop_height = 1;
    EXPECT(tt_prepare_begin(preparer, model, &wrong, scratch, scratch_len, pixels, in), TT_FRAME);
    EXPECT(tt_prepare_row(preparer, pixels, 4), TT_NOT_INITIALISED);
    uint8_t row[4] = {0, 99, 99, 0};
    EXPECT(tt_prepare_begin(preparer, model, &frame, scratch, scratch_len, pixels, in), TT_OK);
    EXPECT(tt_prepare_row(preparer, NULL, 4), TT_NULL);
    EXPECT(tt_prepare_row(preparer, pixels, 4), TT_OVERLAP);
    EXPECT(tt_prepare_row(preparer, row, 3), TT_ROW_LENGTH);
    EXPECT(tt_prepare_row(preparer, row, 4), TT_OK);
    EXPECT(tt_prepare_finish(preparer), TT_MISSING_ROWS);
    EXPECT(tt_prepare_row(preparer, row, 4), TT_NOT_INITIALISED);
    EXPECT(tt_prepare_begin(preparer, model, &frame, scratch, scratch_len, pixels, in), TT_OK);
    EXPECT(tt_prepare_row(preparer, row, 4), TT_OK);
    EXPECT(tt_prepare_row(preparer, row, 4), TT_OK);
    EXPECT(tt_prepare_row(preparer, row, 4), TT_TOO_MANY_ROWS);
    EXPECT(tt_prepare_finish(preparer), TT_OK);

    /* Galleries. */
    EXPECT(tt_gallery_init(gallery, model, 0, NULL, 2 * MODEL_ENTRY_LEN), TT_NULL);
    EXPECT(tt_gallery_init(gallery, model, 0, (uint8_t *)gallery, 8), TT_OVERLAP);
    EXPECT(tt_gallery_init(gallery, model, 0, entries, 2 * MODEL_ENTRY_LEN), TT_OK);
    EXPECT(tt_gallery_capacity(gallery), 2);
    EXPECT(tt_gallery_recognise(gallery, model, embedding, out, 0, TT_EQUAL_ERROR, &seen), TT_OK);
    EXPECT(seen.known, false);
    EXPECT(seen.label[0], 0);
    EXPECT(tt_gallery_enrol(gallery, NULL, embedding, out), TT_NULL);
    EXPECT(tt_gallery_enrol(gallery, "", embedding, out), TT_LABEL);
    EXPECT(tt_gallery_enrol(gallery, "a\nb", embedding, out), TT_LABEL);
    EXPECT(tt_gallery_enrol(gallery, "\xff", embedding, out), TT_LABEL);
    EXPECT(tt_gallery_enrol(gallery, "12345678901234567890123456789012", embedding, out), TT_LABEL);
    EXPECT(tt_gallery_enrol(gallery, "a", NULL, out), TT_NULL);
    EXPECT(tt_gallery_enrol(gallery, "a", embedding, out - 1), TT_EMBEDDING_LENGTH);
    EXPECT(tt_gallery_enrol(gallery, "a", entries, out), TT_OVERLAP);
    EXPECT(tt_gallery_count(gallery), 0);
    EXPECT(tt_gallery_enrol(gallery, "1234567890123456789012345678901", embedding, out), TT_OK);
    EXPECT(tt_gallery_enrol(gallery, "b", embedding, out), TT_OK);
    EXPECT(tt_gallery_enrol(gallery, "c", embedding, out), TT_FULL);
    EXPECT(tt_gallery_forget(gallery, "c"), TT_NO_ENTRY);
    EXPECT(tt_gallery_recognise(gallery, model, embedding, out, 1, TT_EQUAL_ERROR, &seen), TT_NO_EXEMPLARS);
    EXPECT(tt_gallery_recognise(gallery, model, embedding, out, 0, 4, &seen), TT_ARGUMENT);
    EXPECT(tt_gallery_recognise(gallery, model, embedding, out, 0, TT_NO_LIMIT, NULL), TT_NULL);
    EXPECT(tt_gallery_recognise(gallery, model, embedding, out, 0, TT_NO_LIMIT, &seen), TT_OK);
    EXPECT(seen.known, true);
    EXPECT(seen.distance, 0);

    /* Entries go elsewhere and come back. */
    EXPECT(tt_gallery_entry(gallery, 2, &entry), TT_NO_ENTRY);
    EXPECT(tt_gallery_entry(gallery, 1, &entry), TT_OK);
    EXPECT(strcmp(entry.label, "b"), 0);
    EXPECT(entry.count, 1);
    uint8_t *kept = memory(entry.value_len);
    memcpy(kept, entry.value, entry.value_len);
    EXPECT(tt_gallery_insert(gallery, "b", entry.value, entry.value_len), TT_OVERLAP);
    EXPECT(tt_gallery_insert(gallery, "b", kept, entry.value_len - 1), TT_VALUE);
    EXPECT(tt_gallery_forget(gallery, "b"), TT_OK);
    EXPECT(tt_gallery_insert(gallery, "b", kept, entry.value_len), TT_OK);
    EXPECT(tt_gallery_entry(gallery, 1, &entry), TT_OK);
    EXPECT(memcmp(kept, entry.value, entry.value_len), 0);
    memset(kept, 0, 4);
    EXPECT(tt_gallery_insert(gallery, "b", kept, entry.value_len), TT_VALUE);
    EXPECT(tt_gallery_count(gallery), 2);
    EXPECT(tt_gallery_clear(gallery), TT_OK);
    EXPECT(tt_gallery_count(gallery), 0);

    puts(tt_status_text(-1));
    void *all[] = {model, gallery, preparer, pixels, embedding, scratch, entries, file, copy, kept};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]);
    }
    return 0;
}
