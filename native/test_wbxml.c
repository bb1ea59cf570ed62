/* Runs the codec over documents from standard input, each laid against a forbidden page, whole and cut short at every
 * byte; checks that small steps give the same records, and prints what came out. test_native_targets.py compares.
 *
 * Input, repeated: five 32-bit integers, big end first (length, offset of the root's content, length of the string table,
 * offset of the root, version of DevInf or 0), then the document. Output: for each document one line for each record,
 * "error CODE OFFSET" or "end", and for the XML "xml LENGTH", a line break and the text, or "xml CODE". */

#define _DEFAULT_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wbxml.h"

enum { MAX_RECORDS = 4096, MAX_XML = 1 << 20, MAX_CUT = 4096 };

typedef struct {
    uint32_t length, content, table, root, devinf;
} frame;

typedef struct {
    int32_t records[MAX_RECORDS][WBXML_INTS];
    int count, code;
    uint32_t error;
} result;

static result whole, steps;
static char xml[MAX_XML];

static void die(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(2);
}

/* Room for `length` bytes that ends where a forbidden page begins. */
static uint8_t *guarded(size_t length) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (length / page + 1) * page;
    uint8_t *base = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + size, page, PROT_NONE)) die("no memory");
    return base + size - length;
}

static void run(const uint8_t *doc, size_t length, const frame *f, int capacity, result *r) {
    wbxml_state state = {0};
    state.pos = f->content;
    state.table = f->table;
    state.max_depth = 64;
    state.depth = 1;
    r->count = r->code = 0;
    for (;;) {
        int32_t part[256][WBXML_INTS];
        int made = wbxml_records(doc, length, &state, part[0], capacity);
        if (made <= 0) {
            r->code = made;
            r->error = made ? state.error : 0;
            return;
        }
        if (made > capacity || r->count + made > MAX_RECORDS) die("too many records");
        memcpy(r->records[r->count], part, (size_t)made * sizeof part[0]);
        r->count += made;
    }
}

static void check_spans(const result *r, size_t length) {
    for (int i = 0; i < r->count; i++)
        for (int j = 2; j < WBXML_INTS; j += 2) {
            int64_t start = r->records[i][j], size = r->records[i][j + 1];
            if (start < -1 || size < 0 || (start < 0 && size) || start + size > (int64_t)length) die("span outside");
        }
}

/* The groups hold each record once; reading them touches no byte outside. */
static void check_runs(const uint8_t *doc, const result *r) {
    static int32_t runs[MAX_RECORDS];
    static char texts[1 << 16];
    size_t used;
    int sum = 0, groups = wbxml_runs(doc, r->records[0], r->count, 100, runs, texts, sizeof texts, &used);
    for (int i = 0; i < groups; i++) sum += runs[i] ? runs[i] : 1;
    if (sum != r->count || used > sizeof texts) die("runs differ");
}

static void check(const uint8_t *doc, size_t length, const frame *f) {
    static const int capacities[] = {1, 2, 3, 7};
    run(doc, length, f, 256, &whole);
    check_spans(&whole, length);
    check_runs(doc, &whole);
    for (unsigned i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        run(doc, length, f, capacities[i], &steps);
        if (steps.count != whole.count || steps.code != whole.code || steps.error != whole.error ||
            memcmp(steps.records, whole.records, (size_t)whole.count * sizeof whole.records[0])) die("steps differ");
    }
    wbxml_to_xml(doc, length, f->root, (int)f->devinf, "", 64, xml, 10);
}

static void print_result(const result *r) {
    for (int i = 0; i < r->count; i++) {
        for (int j = 0; j < WBXML_INTS; j++) printf("%s%" PRId32, j ? " " : "", r->records[i][j]);
        putchar('\n');
    }
    if (r->code) printf("error %d %" PRIu32 "\n", r->code, r->error);
    else puts("end");
}

static void print_xml(const uint8_t *doc, const frame *f) {
    int64_t length = wbxml_to_xml(doc, f->length, f->root, (int)f->devinf, "", 64, xml, MAX_XML);
    printf("xml %" PRId64 "\n", length);
    if (length < 0) return;
    fwrite(xml, 1, (size_t)length, stdout);
    putchar('\n');
}

static int read_integer(uint32_t *value) {
    uint8_t bytes[4];
    if (fread(bytes, 1, 4, stdin) != 4) return 0;
    *value = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return 1;
}

int main(void) {
    frame f;
    while (read_integer(&f.length)) {
        if (!read_integer(&f.content) || !read_integer(&f.table) || !read_integer(&f.root) || !read_integer(&f.devinf))
            die("bad input");
        uint8_t *doc = guarded(f.length);
        if (fread(doc, 1, f.length, stdin) != f.length) die("bad input");
        for (uint32_t cut = f.content; cut < f.length && cut < MAX_CUT; cut++) {
            uint8_t *part = guarded(cut);
            memcpy(part, doc, cut);
            check(part, cut, &f);
            size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (cut / page + 1) * page;
            munmap(part + cut - size, size + page);
        }
        check(doc, f.length, &f);
        print_result(&whole);
        print_xml(doc, &f);
    }
    return 0;
}
