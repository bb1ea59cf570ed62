/* See wbxml_chars.h. */

#include "wbxml_chars.h"

#include <string.h>

enum { HAS_CONTROL = 16, HAS_HIGH = 32, BLOCK = 256 };

/* Length of the character at `text` when it is one that XML can hold, else 0. */
static uint32_t character(const uint8_t *text, uint32_t left) {
    uint8_t c = text[0];
    if (c < 0x80) return c >= 0x20 || c == '\t' || c == '\n' || c == '\r' ? 1 : 0;
    uint32_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < 0xC2 || c > 0xF4 || left < length) return 0;
    uint32_t code = c & (0x7Fu >> length);
    for (uint32_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) return 0;
        code = code << 6 | (text[i] & 0x3F);
    }
    int wrong = code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) || code == 0xFFFE ||
                code == 0xFFFF;
    return wrong ? 0 : length;
}

/* Are these characters that XML can hold? */
static int is_text(const uint8_t *text, uint32_t length) {
    uint32_t i = 0;
    while (i < length) {
        uint64_t eight;
        if (length - i >= sizeof eight) {
            memcpy(&eight, text + i, sizeof eight);
            if (!(eight & UINT64_C(0x8080808080808080))) {
                i += (uint32_t)sizeof eight;
                continue;
            }
        }
        uint32_t width = character(text + i, length - i);
        if (!width) return 0;
        i += width;
    }
    return 1;
}

/* Does nothing here need care? Half the work of sort(). */
static int is_clean(const uint8_t *text, uint32_t length) {
    uint8_t found = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint8_t c = text[i];
        found |= ((int8_t)c < ' ') | (c == '&') | ((c & 0xFD) == '<') | (c == ']');     /* high bytes, < and > too */
    }
    return !found;
}

/* What is here; HAS_CONTROL and HAS_HIGH too. */
static int sort(const uint8_t *text, uint32_t length) {
    uint8_t lf = 0, cr = 0, bracket = 0, markup = 0, control = 0, high = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint8_t c = text[i];
        lf |= c == '\n';
        cr |= c == '\r';
        bracket |= c == ']';
        markup |= (c == '&') | ((c & 0xFD) == '<');
        control |= (c < ' ') ^ (c == '\t') ^ (c == '\n') ^ (c == '\r');
        high |= c;
    }
    return lf * HAS_LF | cr * HAS_CR | bracket * HAS_BRACKET | markup * HAS_MARKUP | control * HAS_CONTROL |
           (high & 0x80 ? HAS_HIGH : 0);
}

int chars_look(const uint8_t *text, uint32_t length) {
    int found = 0;
    uint32_t i = 0;
    if (length >= 16 * BLOCK)
        for (; length - i >= BLOCK; i += BLOCK)
            if (!is_clean(text + i, BLOCK)) found |= sort(text + i, BLOCK);
    found |= sort(text + i, length - i);
    if (found & HAS_CONTROL || (found & HAS_HIGH && !is_text(text, length))) return -1;
    return found & ~HAS_HIGH;
}

int chars_are_crlf(const uint8_t *text, uint32_t length) {
    uint8_t alone = !length || text[0] == '\n' || text[length - 1] == '\r';
    for (uint32_t i = 1; i < length; i++) alone |= (text[i - 1] == '\r') ^ (text[i] == '\n');
    return !alone;
}
