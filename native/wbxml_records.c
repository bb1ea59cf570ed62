/* Command records. A command is matched against the strict grammar of wbxml.h by functions that return 1 for a match;
 * they check bounds and nothing else, for whatever does not match is walked over again by walk_skip(), which alone
 * reports errors. A command is looked at no more than three times: matched to its end, given out again when its items
 * did not fit into one call, or skipped. */

#include <string.h>

#include "wbxml_walk.h"

enum { T_ARCHIVE = 0x07, T_CMD = 0x0A, T_CMDID = 0x0B, T_CMDREF = 0x0C, T_DATA = 0x0F, T_ITEM = 0x14, T_LOCURI = 0x17,
       T_MAPITEM = 0x19, T_META = 0x1A, T_MSGREF = 0x1C, T_NORESP = 0x1D, T_SFTDEL = 0x26, T_SOURCE = 0x27,
       T_SOURCEREF = 0x28, T_SYNCBODY = 0x2B, T_TARGET = 0x2E, T_TARGETREF = 0x2F, T_NUMBEROFCHANGES = 0x33,
       T_MOREDATA = 0x34 };

/* what a child element is: a text, a LocURI in a Target or Source, a Meta range, a flag, the data of an item */
enum { NONE, LEAF, URI, RANGE, FLAG, BODY };

typedef struct {
    uint8_t token, how;
    uint16_t where;            /* number of a span, or a flag */
} rule;

static const rule COMMAND[] = {{T_CMDID, LEAF, 0}, {T_META, RANGE, 1}, {T_NORESP, FLAG, WBXML_NORESP}, {0, NONE, 0}};
static const rule DELETION[] = {{T_CMDID, LEAF, 0}, {T_META, RANGE, 1}, {T_NORESP, FLAG, WBXML_NORESP},
                                {T_ARCHIVE, FLAG, WBXML_ARCHIVE}, {T_SFTDEL, FLAG, WBXML_SFTDEL}, {0, NONE, 0}};
static const rule MAPPING[] = {{T_CMDID, LEAF, 0}, {T_META, RANGE, 1}, {T_TARGET, URI, 2}, {T_SOURCE, URI, 3},
                               {0, NONE, 0}};
static const rule SYNC[] = {{T_CMDID, LEAF, 0}, {T_META, RANGE, 1}, {T_NORESP, FLAG, WBXML_NORESP}, {T_TARGET, URI, 2},
                            {T_SOURCE, URI, 3}, {T_NUMBEROFCHANGES, LEAF, 4}, {0, NONE, 0}};
static const rule ITEM[] = {{T_SOURCE, URI, 3}, {T_TARGET, URI, 2}, {T_DATA, BODY, 5}, {T_META, RANGE, 4},
                            {T_MOREDATA, FLAG, WBXML_MORE}, {0, NONE, 0}};
static const rule MAPITEM[] = {{T_TARGET, URI, 4}, {T_SOURCE, URI, 5}, {0, NONE, 0}};
static const rule STATUS[] = {{T_CMDID, LEAF, 0}, {T_MSGREF, LEAF, 1}, {T_CMDREF, LEAF, 2}, {T_CMD, LEAF, 3},
                              {T_TARGETREF, LEAF, 4}, {T_SOURCEREF, LEAF, 5}, {T_DATA, LEAF, 6}, {0, NONE, 0}};

static void blank(int32_t *record, int kind) {
    record[0] = kind;
    record[1] = 0;
    for (int i = 2; i < WBXML_INTS; i += 2) {
        record[i] = -1;
        record[i + 1] = 0;
    }
}

static void put(int32_t *record, uint32_t span, uint32_t offset, uint32_t length) {
    record[2 + 2 * span] = (int32_t)offset;
    record[3 + 2 * span] = (int32_t)length;
}

/* The one place where the strict grammar reads a byte. Past the end it reads a byte that matches nothing. */
static uint8_t next(walk *w) {
    return w->pos < w->length ? w->doc[w->pos++] : 0xFF;
}

static int match_end(walk *w) {
    return next(w) == END;
}

/* The rest of a STR_I or OPAQUE whose token was read. */
static int match_text(walk *w, uint8_t token, uint32_t *start, uint32_t *length) {
    if (token == STR_I) {
        const uint8_t *from = w->doc + w->pos;
        const uint8_t *end = w->pos < w->length ? memchr(from, 0, w->length - w->pos) : NULL;
        if (!end) return 0;
        *start = w->pos;
        *length = (uint32_t)(end - from);
        w->pos += *length + 1;
        return 1;
    }
    if (token != OPAQUE || walk_integer(w, length) || *length > w->length - w->pos) return 0;
    *start = w->pos;
    w->pos += *length;
    return 1;
}

/* One text, or nothing, after a tag. */
static int match_leaf(walk *w, uint8_t tag, int32_t *record, uint32_t span, int *opaque) {
    uint32_t start = w->pos, length = 0;
    if (tag & CONTENT) {
        uint8_t token = next(w);
        start = w->pos;
        if (token != END && !(match_text(w, token, &start, &length) && match_end(w))) return 0;
        if (opaque) *opaque = token == OPAQUE;
    }
    put(record, span, start, length);
    return 1;
}

/* The next tag of page 0 or END, after page switches; 0 for anything else. */
static uint8_t match_tag(walk *w) {
    uint8_t token = next(w);
    while (token == SWITCH_PAGE && w->pos < w->length) {
        w->page = w->doc[w->pos++];
        token = next(w);
    }
    if (token == END) return token;
    return w->page || token & ATTRIBUTES || (token & IDENTITY) <= LITERAL ? 0 : token;
}

static int match_uri(walk *w, uint8_t tag, int32_t *record, uint32_t span) {
    if (!(tag & CONTENT)) return 0;
    uint8_t inner = match_tag(w);
    return (inner & ~CONTENT) == T_LOCURI && match_leaf(w, inner, record, span, NULL) && match_end(w);
}

/* One token inside a Meta. Returns the change of depth, or -2 for no match. */
static int match_meta_token(walk *w, uint32_t depth) {
    uint32_t ignored, length;
    uint8_t token = next(w);
    if (token == END) return -1;
    if (token == SWITCH_PAGE) {
        w->page = next(w);
        return w->page > 1 ? -2 : 0;
    }
    if (token == STR_I || token == OPAQUE) return match_text(w, token, &ignored, &length) ? 0 : -2;
    if (token & ATTRIBUTES || (token & IDENTITY) <= LITERAL) return -2;
    if (!(token & CONTENT)) return 0;
    return depth + 9 > w->max_depth ? -2 : 1;      /* SyncML/SyncBody/Sync/Add/Item and some room */
}

/* A Meta that stands for itself: pages 0 and 1, neither string table nor literal tags. */
static int match_range(walk *w, uint8_t tag, int32_t *record, uint32_t span) {
    uint32_t start = w->pos - 1, depth = tag & CONTENT ? 1 : 0;
    while (depth) {
        int change = match_meta_token(w, depth);
        if (change == -2) return 0;
        depth += (uint32_t)change;
    }
    put(record, span, start, w->pos - start);
    return 1;
}

static int match_child(walk *w, const rule *r, uint8_t tag, int32_t *record) {
    int opaque = 0;
    switch (r->how) {
    case LEAF: return match_leaf(w, tag, record, r->where, NULL);
    case URI: return match_uri(w, tag, record, r->where);
    case RANGE: return match_range(w, tag, record, r->where);
    case BODY:
        if (!match_leaf(w, tag, record, r->where, &opaque)) return 0;
        if (opaque) record[1] |= WBXML_OPAQUE;
        return 1;
    default:
        record[1] |= r->where;
        return !(tag & CONTENT) || match_end(w);
    }
}

/* A child after one of the rules, each of which may be used once (`seen` has a bit for each token). */
static int match_rule(walk *w, const rule *rules, uint8_t tag, int32_t *record, uint64_t *seen) {
    uint64_t bit = UINT64_C(1) << (tag & IDENTITY);
    while (rules->how != NONE && rules->token != (tag & IDENTITY)) rules++;
    if (rules->how == NONE || *seen & bit) return 0;
    *seen |= bit;
    return match_child(w, rules, tag, record);
}

/* Children up to END or a tag `until`, which is returned; 0 for no match. */
static uint8_t match_children(walk *w, const rule *rules, int32_t *record, uint8_t until) {
    uint64_t seen = 0;
    for (;;) {
        uint8_t tag = match_tag(w);
        if (tag == END || (tag && (tag & IDENTITY) == until)) return tag;
        if (!tag || !match_rule(w, rules, tag, record, &seen)) return 0;
    }
}

typedef struct {
    uint8_t item;              /* the element that is repeated */
    const rule *head, *body;
} grammar;

static grammar grammar_of(int kind) {
    grammar g = {T_ITEM, COMMAND, ITEM};
    if (kind == WBXML_DELETE) g.head = DELETION;
    if (kind == WBXML_MAP) g = (grammar){T_MAPITEM, MAPPING, MAPITEM};
    return g;
}

/* One record for each item of a command, at most `room`. `tag` is that of the first item, 0 when a call goes on in the
 * middle of a command. When they do not fit, the rest of the command is checked all the same before a record is given
 * out; the state says where to go on. Returns the number of records, 0 for no match. */
static int match_items(walk *w, const grammar *g, wbxml_state *s, int32_t *records, int room, uint8_t tag) {
    int32_t scratch[WBXML_INTS];
    int count = 0, overflow = 0;
    walk resume = *w;
    for (;;) {
        walk before = *w;
        if (!tag) tag = match_tag(w);
        if (tag == END) break;
        if (!tag || (tag & IDENTITY) != g->item) return 0;
        if (count == room) {
            if (!overflow) resume = before;
            overflow = 1;
            if (s->inside) break;
        }
        int32_t *record = overflow ? scratch : records + WBXML_INTS * count++;
        memcpy(record, s->head, sizeof scratch);
        if (s->inside || count > 1) record[1] |= WBXML_FURTHER;
        if (tag & CONTENT && !match_children(w, g->body, record, END)) return 0;
        tag = 0;
    }
    if (overflow) *w = resume;
    s->inside = (uint32_t)overflow;
    return count;
}

static int match_command(walk *w, wbxml_state *s, int kind, int32_t *records, int room) {
    if (kind == WBXML_STATUS) {
        blank(records, kind);
        return match_children(w, STATUS, records, END) == END;
    }
    grammar g = grammar_of(kind);
    blank(s->head, kind);
    uint8_t tag = match_children(w, g.head, s->head, g.item);
    return tag && tag != END ? match_items(w, &g, s, records, room, tag) : 0;
}

static int is_fast(uint8_t tag) {
    switch (tag & ~CONTENT) {
    case WBXML_ADD: case WBXML_REPLACE: case WBXML_DELETE: case WBXML_MAP: case WBXML_STATUS: return tag & CONTENT;
    default: return 0;
    }
}

/* A whole element as one record. Returns 1 or an error. */
static int take_range(walk *w, uint32_t open, int kind, int flags, int32_t *record) {
    uint32_t start = w->pos;
    blank(record, kind);
    record[1] = flags | (int)w->page;
    int code = walk_skip(w, open);
    put(record, 0, start, w->pos - start);
    return code ? code : 1;
}

static int take_command(walk *w, wbxml_state *s, uint8_t tag, int32_t *records, int room) {
    walk start = *w;
    if (!w->page && is_fast(tag)) {
        w->pos++;
        int count = match_command(w, s, tag & ~CONTENT, records, room);
        if (count) return count;
        *w = start;
    }
    if (!w->page && tag == WBXML_FINAL) {
        w->pos++;
        blank(records, WBXML_FINAL);
        return 1;
    }
    return take_range(w, s->depth, WBXML_GENERIC, 0, records);
}

static int is_command(uint8_t tag) {
    static const uint8_t commands[] = {0x05, 0x06, 0x08, 0x0D, 0x10, 0x11, 0x12, 0x13, 0x18, 0x1F, 0x20, 0x22, 0x23,
                                       0x24, 0x29, 0x2A, 0x3B};
    return memchr(commands, tag & IDENTITY, sizeof commands) != NULL;
}

/* The head of a Sync up to its first command or END. */
static int match_sync(walk *w, int32_t *record) {
    uint64_t seen = 0;
    blank(record, WBXML_SYNC);
    for (;;) {
        walk before = *w;
        uint8_t tag = next(w);
        if (tag != SWITCH_PAGE && tag != END && !is_tag(tag)) {     /* text, passed over */
            *w = before;
            if (walk_token(w, 3) < 0) return 0;
            continue;
        }
        w->pos = before.pos;
        tag = match_tag(w);
        if (tag == END || (tag && is_command(tag))) {
            *w = before;
            return 1;
        }
        if (!tag || !match_rule(w, SYNC, tag, record, &seen)) return 0;
    }
}

static int take_sync(walk *w, wbxml_state *s, int32_t *record) {
    walk start = *w;
    w->pos++;
    if (match_sync(w, record)) {
        s->depth = 3;
        return 1;
    }
    *w = start;
    return take_range(w, s->depth, WBXML_GENERIC, 0, record);
}

static int take_outside(walk *w, wbxml_state *s, uint8_t tag, int32_t *record) {
    if (w->page || (tag & IDENTITY) != T_SYNCBODY) {
        int header = !w->page && (tag & IDENTITY) == WBXML_SYNCHDR;
        return take_range(w, s->depth, header ? WBXML_SYNCHDR : WBXML_GENERIC, header ? 0 : WBXML_OUTSIDE, record);
    }
    w->pos++;
    int code = tag & ATTRIBUTES ? walk_attributes(w) : 0;
    if (!code && tag & CONTENT) s->depth = 2;
    return code;
}

static int take_end(walk *w, wbxml_state *s, int32_t *record) {
    w->pos++;
    if (s->depth-- != 3) return 0;
    blank(record, WBXML_END);
    return 1;
}

/* Whatever comes next. Returns the number of records, or an error. */
static int take(walk *w, wbxml_state *s, int32_t *records, int room) {
    if (s->inside) {
        grammar g = grammar_of(s->head[0]);
        int count = match_items(w, &g, s, records, room, 0);
        return count ? count : WBXML_E_OTHER;      /* never: it matched before */
    }
    if (w->pos >= w->length) return fail(w, w->length, WBXML_E_SHORT);
    uint8_t tag = w->doc[w->pos];
    if (tag == END) return take_end(w, s, records);
    if (!is_tag(tag)) return walk_skip(w, s->depth);
    if (s->depth == 1) return take_outside(w, s, tag, records);
    if (s->depth == 2 && !w->page && tag == (WBXML_SYNC | CONTENT)) return take_sync(w, s, records);
    return take_command(w, s, tag, records, room);
}

int wbxml_records(const uint8_t *doc, size_t length, wbxml_state *s, int32_t *records, int capacity) {
    if (length > INT32_MAX || capacity < 1 || s->pos > length) return WBXML_E_OTHER;
    walk w = {doc, (uint32_t)length, s->pos, s->page, s->table, s->max_depth, 0};
    int count = 0;
    while (count < capacity && s->depth) {
        int made = take(&w, s, records + WBXML_INTS * count, capacity - count);
        if (made < 0) {
            s->error = w.error;
            return count ? count : made;
        }
        count += made;
        s->pos = w.pos;
        s->page = w.page;
    }
    return count;
}
