/* Invariant: whatever the bytes are, the codec ends, stays inside them, gives spans inside them, gives the same records in
 * small steps as in large ones, and no more of them than there are bytes.
 *
 * python native/build_wbxml.py >tables.c
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -Inative native/fuzz_wbxml.c native/wbxml_walk.c \
 *     native/wbxml_records.c native/wbxml_runs.c native/wbxml_chars.c native/wbxml_xml.c tables.c -o fuzz_wbxml */

#include <stdlib.h>
#include <string.h>

#include "wbxml.h"

/* The groups hold each record once, and no text is longer than it may be. */
static void group(const uint8_t *data, const int32_t *records, int made) {
    int32_t runs[64];
    static char texts[512];
    size_t used;
    int sum = 0, groups = wbxml_runs(data, records, made, 20, runs, texts, sizeof texts, &used);
    for (int i = 0; i < groups; i++) sum += runs[i] ? runs[i] : 1;
    if (sum != made || used > sizeof texts || (used && texts[used - 1])) abort();
    for (size_t i = 0; i < used; i += strlen(texts + i) + 1)
        if (strlen(texts + i) > 20) abort();
}

static int walk_all(const uint8_t *data, size_t size, uint32_t table, int capacity, uint64_t *sum) {
    wbxml_state state = {0};
    int32_t records[64][WBXML_INTS];
    size_t count = 0;
    int made;
    state.table = table;
    state.max_depth = 64;
    state.depth = 1;
    while ((made = wbxml_records(data, size, &state, records[0], capacity)) > 0) {
        group(data, records[0], made);
        count += (size_t)made;
        if (made > capacity || count > size + 1) abort();
        for (int i = 0; i < made; i++)
            for (int j = 2; j < WBXML_INTS; j += 2) {
                int64_t start = records[i][j], length = records[i][j + 1];
                if (start < -1 || length < 0 || start + length > (int64_t)size) abort();
                *sum = *sum * 31 + (uint64_t)(start * 7 + length) + (uint32_t)records[i][1];
            }
    }
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char out[1 << 16];
    uint64_t large = 0, small = 0;
    if (size < 2) return 0;
    uint32_t table = data[0] & 0x0F;
    int devinf = data[0] & 0x80 ? 10 + (data[0] >> 4 & 1) + (data[0] >> 5 & 1) : 0, capacity = 1 + data[1] % 5;
    const uint8_t *doc = data + 2;
    if (walk_all(doc, size - 2, table, 64, &large) != walk_all(doc, size - 2, table, capacity, &small)) abort();
    if (large != small) abort();
    wbxml_to_xml(doc, size - 2, 0, devinf, " a=\"b\"", 64, out, data[1] & 1 ? sizeof out : data[1]);
    return 0;
}
