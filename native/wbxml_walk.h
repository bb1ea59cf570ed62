/* What the parts of the C codec share: a position in a document and the checked walk over whole tokens. */

#ifndef MINISYNCML_WBXML_WALK_H
#define MINISYNCML_WBXML_WALK_H

#include "wbxml.h"

enum { SWITCH_PAGE = 0x00, END = 0x01, ENTITY = 0x02, STR_I = 0x03, LITERAL = 0x04, EXT_I_0 = 0x40, EXT_I_2 = 0x42,
       PI = 0x43, EXT_T_0 = 0x80, EXT_T_2 = 0x82, STR_T = 0x83, OPAQUE = 0xC3 };
enum { CONTENT = 0x40, ATTRIBUTES = 0x80, IDENTITY = 0x3F };

typedef struct {
    const uint8_t *doc;
    uint32_t length;
    uint32_t pos;
    uint32_t page;
    uint32_t table;
    uint32_t max_depth;
    uint32_t error;            /* offset of the last error */
} walk;

/* A multi-byte integer: 0, WBXML_E_SHORT or WBXML_E_INTEGER. */
int walk_integer(walk *w, uint32_t *value);

/* Passes an attribute list: 0 or an error. */
int walk_attributes(walk *w);

/* Passes one token and its operands, `open` elements being open. Returns by how many it changes that, or an error
 * minus 1 (so that -1 means END). */
int walk_token(walk *w, uint32_t open);

/* Passes one element or one piece of content: 0 or an error. */
int walk_skip(walk *w, uint32_t open);

/* Is this byte a start tag, literal ones included? */
static inline int is_tag(uint8_t token) {
    return (token & IDENTITY) >= LITERAL;
}

static inline int fail(walk *w, uint32_t at, int code) {
    w->error = at;
    return code;
}

#endif
