/* See wbxml_chars.h. */

#include "wbxml_chars.h"

#include <string.h>

enum { HAS_CONTROL = 16, HAS_HIGH = 32, BLOCK = 256 };

/* Length of the sequence of high bytes at `text` when it is a character that XML can hold, else 0. */
static uint32_t sequence(const uint8_t *text, uint32_t left) {
    uint8_t c = text[0];
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

/* Are the bytes beyond ASCII characters that XML can hold? */
static int is_utf8(const uint8_t *text, uint32_t length) {
    uint32_t i = 0;
    for (;;) {
        for (; length - i >= sizeof(uint64_t); i += (uint32_t)sizeof(uint64_t)) {
            uint64_t eight;
            memcpy(&eight, text + i, sizeof eight);
            if (eight & UINT64_C(0x8080808080808080)) break;
        }
        while (i < length && text[i] < 0x80) i++;
        if (i == length) return 1;
        uint32_t width = sequence(text + i, length - i);
        if (!width) return 0;
        i += width;
    }
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
    if (found & HAS_CONTROL || (found & HAS_HIGH && !is_utf8(text, length))) return -1;
    return found & ~HAS_HIGH;
}

int chars_are_crlf(const uint8_t *text, uint32_t length) {
    uint8_t alone = !length || text[0] == '\n' || text[length - 1] == '\r';
    for (uint32_t i = 1; i < length; i++) alone |= (text[i - 1] == '\r') ^ (text[i] == '\n');
    return !alone;
}
