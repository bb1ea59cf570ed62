/* Readable XML out of WBXML: the common parts of a document fast. Everything unusual is left to the general decoder by
 * returning WBXML_E_OTHER, so that there is one place that knows what is right. */

#include <string.h>

#include "wbxml_chars.h"
#include "wbxml_walk.h"

enum { METINF_PAGE = 1, PAGES = 2, DEVINF_PAGE = 2, MAX_OPEN = 65, T_TYPE = 0x13, T_DEVINF = 0x0A, T_DEVINF_SIZE = 0x1C,
       T_DEVINF_VERDTD = 0x25 };
enum { NO_SPACE, METINF, DEVINF };                 /* namespace in force, other than that of the root */
enum { EMPTY, ELEMENTS, PIECE };                   /* what an element was seen to hold */

static const char METINF_SPACE[] = " xmlns=\"syncml:metinf\"";

enum { NAME = 24 };                                /* room for a name in the tables */
extern const char wbxml_names[3][64][NAME];
extern const unsigned char wbxml_lengths[3][64];

typedef struct {
    const char *name;
    uint8_t length, token, space, holds;
} open_element;

typedef struct {
    char *out;
    size_t capacity, used;
} sink;

typedef struct {
    walk w;
    sink *to;
    int devinf;                                    /* 0 for SyncML, else version of the DevInf document */
    uint32_t indent;                               /* levels outside of this document */
    uint32_t open;
    int verdtd;                                    /* was VerDTD, which outranks the public identifier, seen? */
    open_element stack[MAX_OPEN];
} printer;

static void emit(sink *to, const void *bytes, size_t length) {
    if (to->used <= to->capacity && length <= to->capacity - to->used) memcpy(to->out + to->used, bytes, length);
    to->used += length;
}

static void emit_string(sink *to, const char *string) {
    emit(to, string, strlen(string));
}

/* The same where at least `room` bytes may be read from `bytes`: a copy of constant length is much faster. */
static inline void emit_fixed(sink *to, const void *bytes, size_t length, size_t room) {
    if (to->capacity < room || to->used > to->capacity - room) {
        emit(to, bytes, length);
        return;
    }
    memcpy(to->out + to->used, bytes, room);
    to->used += length;
}

static inline void emit_char(sink *to, char c) {
    if (to->used < to->capacity) to->out[to->used] = c;
    to->used++;
}

/* `mark`, of `width` bytes, and the name of an element. */
static void emit_tag(sink *to, const char mark[2], size_t width, const open_element *e) {
    if (to->capacity < NAME + 2 || to->used > to->capacity - NAME - 2) {
        emit(to, mark, width);
        emit(to, e->name, e->length);
        return;
    }
    char *out = to->out + to->used;
    memcpy(out, mark, 2);
    memcpy(out + width, e->name, NAME);
    to->used += width + e->length;
}

static const char blanks[1 + 64] = "\n                                                                ";

/* A line break and blanks, where there is room for so many in any case. */
static inline char *put_line(char *out, uint32_t levels) {
    memcpy(out, blanks, sizeof blanks - 1);
    return out + 1 + 2 * levels;
}

static void emit_line(sink *to, uint32_t levels) {
    uint32_t width = 2 * levels, first = width < 64 ? width : 64;
    if (first < 64) emit_fixed(to, blanks, first + 1, 64);
    else emit(to, blanks, sizeof blanks);
    for (width -= first; width; width -= first) {
        first = width < 64 ? width : 64;
        emit(to, blanks + 1, first);
    }
}

static void emit_escaped(sink *to, const uint8_t *text, uint32_t length) {
    uint32_t from = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint8_t c = text[i];
        if (c != '&' && c != '<' && c != '>' && c != '\r') continue;
        emit(to, text + from, i - from);
        emit_string(to, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&#13;");
        from = i + 1;
    }
    emit(to, text + from, length - from);
}

static int is_blank(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The content types that change between the encodings: number of one, or -1. */
static int type_of(const uint8_t *text, uint32_t length, const char *const types[2]) {
    if (length < 30) return -1;                    /* as nearly all texts are; both are longer */
    for (int i = 0; i < 2; i++)
        if (strlen(types[i]) == length && !memcmp(types[i], text, length)) return i;
    return -1;
}

static int print_text(printer *p, const uint8_t *text, uint32_t length) {
    static const char *const wbxml[] = {"application/vnd.syncml-devinf+wbxml", "application/vnd.syncml.dmtnds+wbxml"};
    static const char *const xml[] = {"application/vnd.syncml-devinf+xml", "application/vnd.syncml.dmtnds+xml"};
    int found = chars_look(text, length);
    if (found < 0) return WBXML_E_OTHER;
    if (p->stack[p->open - 1].name == wbxml_names[METINF_PAGE][T_TYPE]) {
        int type = type_of(text, length, wbxml);
        if (type >= 0) {
            emit_string(p->to, xml[type]);
            return 0;
        }
    }
    if (found & HAS_LF || (length && (is_blank(text[0]) || is_blank(text[length - 1]))) || type_of(text, length, xml) >= 0)
        emit_string(p->to, "<?wbxml text?>");
    if (found & (HAS_MARKUP | HAS_CR)) emit_escaped(p->to, text, length);
    else emit(p->to, text, length);
    return 0;
}

/* The inside of a CDATA section that has CR or ]]> in it. With `crlf` each CR goes, its LF stays. */
static void emit_cdata(sink *to, const uint8_t *text, uint32_t length, int crlf) {
    uint32_t from = 0;
    for (uint32_t i = 0; i < length; i++) {
        int close = text[i] == ']' && length - i > 2 && text[i + 1] == ']' && text[i + 2] == '>';
        if (text[i] != '\r' && !close) continue;
        emit(to, text + from, i - from + (close ? 2 : 0));
        if (close) emit_string(to, "]]><![CDATA[");
        else if (!crlf) emit_string(to, "]]>&#13;<![CDATA[");
        i += close ? 1 : 0;
        from = i + 1;
    }
    emit(to, text + from, length - from);
}

/* The same where each line ends with CR LF and nothing else needs care. */
static void emit_lines(sink *to, const uint8_t *text, uint32_t length) {
    enum { STEP = 64 };                            /* longer than most lines; copied whole, whatever of it counts */
    uint32_t i = 0;
    while (length - i >= STEP) {
        const uint8_t *end = memchr(text + i, '\r', STEP);
        uint32_t width = end ? (uint32_t)(end - text) - i : STEP;
        emit_fixed(to, text + i, width, STEP);
        i += width + (end != NULL);
    }
    for (; i < length; i++)
        if (text[i] != '\r') emit_char(to, (char)text[i]);
}

static int print_opaque(printer *p, const uint8_t *data, uint32_t length) {
    int found = chars_look(data, length);
    if (found < 0) return WBXML_E_OTHER;
    int crlf = (found & (HAS_LF | HAS_CR)) == (HAS_LF | HAS_CR) && chars_are_crlf(data, length);
    if (crlf) emit_string(p->to, "<?wbxml crlf?>");
    else if (found & (HAS_LF | HAS_CR) || !length) emit_string(p->to, "<?wbxml lf?>");
    emit_string(p->to, "<![CDATA[");
    if (crlf && !(found & HAS_BRACKET)) emit_lines(p->to, data, length);
    else if (found & (HAS_CR | HAS_BRACKET)) emit_cdata(p->to, data, length, crlf);
    else emit(p->to, data, length);
    emit_string(p->to, "]]>");
    return 0;
}

/* Opens an element: everything but the > that depends on what follows. */
static int print_start(printer *p, uint8_t token, const char *space) {
    int table = p->devinf ? DEVINF_PAGE : (int)p->w.page;
    if (p->w.page >= (p->devinf ? 1 : PAGES) || token & ATTRIBUTES || (token & IDENTITY) <= LITERAL)
        return WBXML_E_OTHER;
    open_element *e = &p->stack[p->open];
    e->name = wbxml_names[table][token & IDENTITY];
    e->length = wbxml_lengths[table][token & IDENTITY];
    e->token = token;
    e->holds = EMPTY;
    e->space = p->devinf ? DEVINF : NO_SPACE;
    if (!e->length) return WBXML_E_OTHER;
    if (p->devinf && (token & IDENTITY) == T_DEVINF_SIZE) {
        if (!p->verdtd) return WBXML_E_OTHER;
        if (p->devinf < 12) {
            e->name = "Size\0                   ";           /* NAME bytes */
            e->length = 4;
        }
    }
    emit_tag(p->to, "<", 1, e);
    if (*space) emit_string(p->to, space);
    return 0;
}

static int print_child(printer *p, uint8_t token) {
    open_element *outer = &p->stack[p->open - 1];
    if (outer->holds == PIECE) return WBXML_E_OTHER;
    if (outer->holds == EMPTY) emit_char(p->to, '>');
    outer->holds = ELEMENTS;
    emit_line(p->to, p->indent + p->open);
    int metinf = !p->devinf && p->w.page == 1 && outer->space == NO_SPACE;
    int code = print_start(p, token, metinf ? METINF_SPACE : "");
    p->stack[p->open].space = metinf ? METINF : outer->space;
    if (code) return code;
    if (!(token & CONTENT)) {
        emit(p->to, "/>", 2);
        return 0;
    }
    if (p->open >= p->w.max_depth) return fail(&p->w, p->w.pos - 1, WBXML_E_DEPTH);
    p->open++;
    return 0;
}

static void print_end(printer *p) {
    open_element *e = &p->stack[--p->open];
    if (e->holds == EMPTY) {
        emit(p->to, "/>", 2);
        return;
    }
    if (e->holds == ELEMENTS) emit_line(p->to, p->indent + p->open);
    emit_tag(p->to, "</", 2, e);
    emit_char(p->to, '>');
}

/* The same as print_child(), print_text() and print_end() do for most elements: a name and a short, plain text, written
 * behind one look at the room. Returns 0, having done nothing, when it is not so plain. */
static int print_leaf(printer *p, uint8_t token) {
    enum { ROOM = 256, LONGEST = 29, LEVELS = 31 };         /* room for all of it; no longer text is a media type */
    walk *w = &p->w;
    open_element *outer = &p->stack[p->open - 1];
    uint8_t identity = token & IDENTITY;
    sink *to = p->to;
    if (token & ATTRIBUTES || identity <= LITERAL || w->page >= PAGES || p->devinf || outer->holds == PIECE ||
        p->open >= w->max_depth || p->open > LEVELS || p->indent || to->used > to->capacity ||
        to->capacity - to->used < ROOM || w->length - w->pos < LONGEST + 4) return 0;
    const uint8_t *text = w->doc + w->pos + 2;
    const char *name = wbxml_names[w->page][identity];
    uint8_t length = wbxml_lengths[w->page][identity];
    char *out = to->out + to->used;
    if (!length || is_blank(text[0])) return 0;
    if (outer->holds == EMPTY) *out++ = '>';
    out = put_line(out, p->open);
    *out++ = '<';
    memcpy(out, name, NAME);
    out += length;
    if (w->page == 1 && outer->space == NO_SPACE) {
        memcpy(out, METINF_SPACE, sizeof METINF_SPACE);
        out += sizeof METINF_SPACE - 1;
    }
    *out++ = '>';
    uint32_t i = 0;
    while (i <= LONGEST && char_is_plain(text[i])) *out++ = (char)text[i++];
    if (!i || i > LONGEST || text[i] || text[i + 1] != END || text[i - 1] == ' ') return 0;
    *out++ = '<';
    *out++ = '/';
    memcpy(out, name, NAME);
    out += length;
    *out++ = '>';
    to->used = (size_t)(out - to->out);
    outer->holds = ELEMENTS;
    w->pos += i + 4;
    return 1;
}

static int print_document(printer *p, const char *space);

/* A DevInf document as opaque data: 1 when it is none, 0 when it was printed, or an error. */
static int print_nested(printer *p, const uint8_t *data, uint32_t length) {
    printer inner;
    uint32_t public_id, charset, table;
    if (p->devinf || length < 6 || data[0] < 1 || data[0] > 3) return 1;
    inner.w = (walk){data, length, 1, 0, 0, p->w.max_depth, 0};
    if (walk_integer(&inner.w, &public_id) || !public_id) return WBXML_E_OTHER;
    inner.devinf = public_id == 0x0FD2 ? 10 : public_id == 0x0FD4 ? 11 : public_id == 0x1203 ? 12 : 0;
    if (!inner.devinf) return 1;
    if (walk_integer(&inner.w, &charset) || (charset != 106 && charset != 3 && charset) ||
        walk_integer(&inner.w, &table) || table || inner.w.pos >= length ||
        (data[inner.w.pos] & ~CONTENT) != T_DEVINF) return WBXML_E_OTHER;
    inner.to = p->to;
    inner.indent = p->indent + p->open;
    emit_line(p->to, inner.indent);
    p->stack[p->open - 1].holds = ELEMENTS;
    return print_document(&inner, " xmlns=\"syncml:devinf\"") ? WBXML_E_OTHER : 0;
}

static int print_piece(printer *p, const uint8_t *data, uint32_t length, int opaque) {
    open_element *e = &p->stack[p->open - 1];
    if (!length && !opaque) return 0;
    if (e->holds != EMPTY || p->w.pos >= p->w.length || p->w.doc[p->w.pos] != END) return WBXML_E_OTHER;
    e->holds = PIECE;
    emit_char(p->to, '>');
    if (p->devinf && p->open == 2 && !p->verdtd && (e->token & IDENTITY) == T_DEVINF_VERDTD) {
        if (length != 3 || memcmp(data, "1.", 2) || data[2] < '0' || data[2] > '2') return WBXML_E_OTHER;
        p->devinf = 10 + data[2] - '0';
        p->verdtd = 1;
    }
    if (!opaque) return print_text(p, data, length);
    int code = print_nested(p, data, length);
    return code == 1 ? print_opaque(p, data, length) : code;
}

/* One token inside the root. */
static int print_token(printer *p) {
    walk *w = &p->w;
    uint32_t start = w->pos;
    uint8_t token = start < w->length ? w->doc[start] : 0;
    if (is_tag(token)) {
        if (token & CONTENT && w->length - start > 1 && w->doc[start + 1] == STR_I && print_leaf(p, token)) return 0;
        w->pos++;
        return print_child(p, token);
    }
    if (token == ENTITY || token == STR_T || token == PI) return WBXML_E_OTHER;
    int change = walk_token(w, 0);
    if (change < -1) return change + 1;
    if (change == -1) print_end(p);
    if (token == STR_I) return print_piece(p, w->doc + start + 1, w->pos - start - 2, 0);
    if (token != OPAQUE) return 0;
    walk head = *w;
    uint32_t length = 0;
    head.pos = start + 1;
    walk_integer(&head, &length);
    return print_piece(p, w->doc + head.pos, length, 1);
}

/* The root and all it holds. */
static int print_document(printer *p, const char *space) {
    walk *w = &p->w;
    p->open = 0;
    p->verdtd = 0;
    if (w->pos >= w->length) return fail(w, w->length, WBXML_E_SHORT);
    uint8_t token = w->doc[w->pos++];
    int code = is_tag(token) ? print_start(p, token, space) : WBXML_E_OTHER;
    if (code) return code;
    if (!(token & CONTENT)) {
        emit(p->to, "/>", 2);
        return 0;
    }
    p->open = 1;
    while (p->open && !code) code = print_token(p);
    return code;
}

int64_t wbxml_to_xml(const uint8_t *doc, size_t length, uint32_t pos, int devinf, const char *space, uint32_t max_depth,
                     char *out, size_t capacity) {
    sink to = {out, capacity, 0};
    printer p;
    if (length > INT32_MAX || pos > length || max_depth > MAX_OPEN - 1) return WBXML_E_OTHER;
    p.w = (walk){doc, (uint32_t)length, pos, 0, 0, max_depth, 0};
    p.to = &to;
    p.devinf = devinf;
    p.indent = 0;
    int code = print_document(&p, space);
    return code ? code : (int64_t)to.used;
}
