/* The checked walk: every error that a document can hold is found here, and only here. */

#include <string.h>

#include "wbxml_walk.h"

int walk_integer(walk *w, uint32_t *value) {
    uint32_t at = w->pos;
    uint64_t sum = 0;
    for (int i = 0; i < 5; i++) {
        if (w->pos >= w->length) return fail(w, w->length, WBXML_E_SHORT);
        uint8_t byte = w->doc[w->pos++];
        sum = sum << 7 | (byte & 0x7F);
        if (byte < 0x80) {
            *value = (uint32_t)sum;
            return sum > UINT32_MAX ? fail(w, at, WBXML_E_INTEGER) : 0;
        }
    }
    return fail(w, at, WBXML_E_INTEGER);
}

static int pass_byte(walk *w, uint8_t *byte) {
    if (w->pos >= w->length) return fail(w, w->length, WBXML_E_SHORT);
    *byte = w->doc[w->pos++];
    return 0;
}

static int pass_string(walk *w, uint32_t at) {
    const uint8_t *end = w->pos < w->length ? memchr(w->doc + w->pos, 0, w->length - w->pos) : NULL;
    if (!end) return fail(w, at, WBXML_E_STRING);
    w->pos = (uint32_t)(end - w->doc) + 1;
    return 0;
}

static int pass_opaque(walk *w, uint32_t at) {
    uint32_t length;
    int code = walk_integer(w, &length);
    if (code) return code;
    if (length > w->length - w->pos) return fail(w, at, WBXML_E_OPAQUE);
    w->pos += length;
    return 0;
}

static int pass_reference(walk *w, uint32_t at) {
    uint32_t index;
    int code = walk_integer(w, &index);
    if (code) return code;
    return index >= w->table ? fail(w, at, WBXML_E_TABLE) : 0;
}

static int pass_entity(walk *w, uint32_t at) {
    uint32_t character;
    int code = walk_integer(w, &character);
    if (code) return code;
    if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) return fail(w, at, WBXML_E_ENTITY);
    return 0;
}

static int pass_attribute(walk *w, uint8_t token, uint32_t at) {
    uint32_t ignored;
    uint8_t page;
    if (token == SWITCH_PAGE) return pass_byte(w, &page);
    if (token == STR_I || (token >= EXT_I_0 && token <= EXT_I_2)) return pass_string(w, at);
    if (token == OPAQUE) return pass_opaque(w, at);
    if (token == ENTITY || token == LITERAL || (token >= EXT_T_0 && token <= STR_T)) return walk_integer(w, &ignored);
    return 0;
}

int walk_attributes(walk *w) {
    for (;;) {
        uint32_t at = w->pos;
        uint8_t token;
        int code = pass_byte(w, &token);
        if (code) return code;
        if (token == END) return 0;
        if ((code = pass_attribute(w, token, at))) return code;
    }
}

static int pass_tag(walk *w, uint8_t token, uint32_t at, uint32_t open) {
    int code = (token & IDENTITY) == LITERAL ? pass_reference(w, at) : 0;
    if (!code && token & ATTRIBUTES) code = walk_attributes(w);
    if (code) return code - 1;
    if (!(token & CONTENT)) return 0;
    return open >= w->max_depth ? fail(w, at, WBXML_E_DEPTH) - 1 : 1;
}

static int pass_page(walk *w) {
    uint8_t page;
    int code = pass_byte(w, &page);
    if (!code) w->page = page;
    return code;
}

int walk_token(walk *w, uint32_t open) {
    uint32_t at = w->pos;
    uint8_t token;
    int code = pass_byte(w, &token);
    if (code) return code - 1;
    if (is_tag(token)) return pass_tag(w, token, at, open);
    switch (token) {
    case END: return -1;
    case SWITCH_PAGE: code = pass_page(w); break;
    case STR_I: code = pass_string(w, at); break;
    case OPAQUE: code = pass_opaque(w, at); break;
    case STR_T: code = pass_reference(w, at); break;
    case ENTITY: code = pass_entity(w, at); break;
    case PI: code = walk_attributes(w); break;
    default: code = fail(w, at, WBXML_E_TOKEN);
    }
    return code ? code - 1 : 0;
}

int walk_skip(walk *w, uint32_t open) {
    uint32_t depth = 0;
    do {
        int change = walk_token(w, open + depth);
        if (change < -1) return change + 1;
        if (change < 0 && !depth) return 0;
        depth += (uint32_t)change;
    } while (depth);
    return 0;
}
