/* What a text holds, as far as XML cares: the loops over its bytes, written so that compilers make vectors of them. */

#ifndef MINISYNCML_WBXML_CHARS_H
#define MINISYNCML_WBXML_CHARS_H

#include <stdint.h>

enum { HAS_LF = 1, HAS_CR = 2, HAS_BRACKET = 4, HAS_MARKUP = 8 };

/* What of these is in a text; -1 when XML cannot hold it: other control characters, no UTF-8, U+FFFE, U+FFFF. */
int chars_look(const uint8_t *text, uint32_t length);

/* Is each CR before an LF, and each LF behind a CR? */
int chars_are_crlf(const uint8_t *text, uint32_t length);

/* An ASCII character, blank or visible, that stands in XML for itself? */
static inline int char_is_plain(uint8_t c) {
    return c >= ' ' && c < 0x7F && c != '&' && c != '<' && c != '>';
}

#endif
