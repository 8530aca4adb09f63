/* What the tests in C have in common. */

#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "tinytriplet.h"

#define EXPECT(call, wanted) expect((int)(call), (int)(wanted), #call, __LINE__)

static void expect(int found, int wanted, const char *call, int line) {
    if (found != wanted) {
        printf("line %d: %s\n  gives %d (%s), not %d (%s)\n", line, call, found, tt_status_text(found), wanted,
               tt_status_text(wanted));
        exit(1);
    }
}

static void *memory(size_t len) {
    void *made = malloc(len);
    if (!made) {
        exit(2);
    }
    memset(made, 0xa5, len);
    return made;
}
