/* Runs of records that are alike, and their texts in one piece: a caller for whom each string is dear decodes and splits
 * once, and makes the values of a run column by column. */

#include <string.h>

#include "wbxml_walk.h"

enum { SPANS = (WBXML_INTS - 2) / 2 };

/* which spans of a record are texts, and which are Meta ranges: a bit for each */
typedef struct {
    unsigned texts, ranges;
} roles;

static roles roles_of(int kind) {
    switch (kind) {
    case WBXML_ADD: case WBXML_REPLACE: case WBXML_DELETE: return (roles){0x0D, 0x12};
    case WBXML_STATUS: return (roles){0x7F, 0x00};
    default: return (roles){0x00, 0x00};
    }
}

static int is_printable(uint8_t c) {
    return c > 0x20 && c < 0x7F;
}

/* One text and a NUL. A STR_I has no NUL in it and one behind it; white space at an end would have to go. */
static int put_text(const uint8_t *text, uint32_t length, uint32_t max, char *texts, size_t room, size_t *used) {
    if (length) {
        if (text[length] || length > max || !is_printable(text[0]) || !is_printable(text[length - 1])) return 0;
    }
    if (room - *used <= length) return 0;
    memcpy(texts + *used, text, length);
    texts[*used + length] = 0;
    *used += length + 1;
    return 1;
}

/* The texts of a record, one after the other, empty where there is none. Returns 0, having used nothing, when the record is not plain. */
static int put_texts(const uint8_t *doc, const int32_t *record, unsigned which, uint32_t max, char *texts, size_t room,
                     size_t *used) {
    size_t before = *used;
    if (!which || record[1] & ~WBXML_OPAQUE) return 0;
    for (int span = 0; span < SPANS; span++) {
        int32_t start = record[2 + 2 * span];
        if (!(which >> span & 1)) continue;
        if (!put_text(start < 0 ? doc : doc + start, (uint32_t)record[3 + 2 * span], max, texts, room, used)) {
            *used = before;
            return 0;
        }
    }
    return 1;
}

/* Have two records the same spans, and the same bytes in each Meta? */
static int are_alike(const uint8_t *doc, const int32_t *one, const int32_t *other, unsigned ranges) {
    if (one[0] != other[0]) return 0;
    for (int span = 0; span < SPANS; span++) {
        int32_t start = one[2 + 2 * span], length = one[3 + 2 * span], second = other[2 + 2 * span];
        if ((start < 0) != (second < 0)) return 0;
        if (start < 0 || !(ranges >> span & 1)) continue;
        if (length != other[3 + 2 * span] || memcmp(doc + start, doc + second, (size_t)length)) return 0;
    }
    return 1;
}

int wbxml_runs(const uint8_t *doc, const int32_t *records, int count, uint32_t max_text, int32_t *runs, char *texts,
               size_t capacity, size_t *used) {
    int made = 0, plain = 0;
    *used = 0;
    for (int i = 0; i < count; i++) {
        const int32_t *record = records + WBXML_INTS * i;
        roles r = roles_of(record[0]);
        int before = plain;
        plain = put_texts(doc, record, r.texts, max_text, texts, capacity, used);
        if (plain && before && are_alike(doc, record, record - WBXML_INTS, r.ranges)) runs[made - 1]++;
        else runs[made++] = plain;
    }
    return made;
}
