/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Decodes one UTF-8 sequence of @left bytes at most. Returns its length and the character, or 0
 * if it is none: a stray or missing continuation byte, an overlong form, a surrogate, above
 * U+10FFFF (RFC 3629 section 4). */
static size_t decode(const uint8_t *p, size_t left, uint32_t *ret) {
        static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
        size_t len;
        uint32_t c;

        if (p[0] < 0x80) {
                *ret = p[0];
                return 1;
        }

        if ((p[0] & 0xE0) == 0xC0) {
                len = 2;
                c = p[0] & 0x1F;
        } else if ((p[0] & 0xF0) == 0xE0) {
                len = 3;
                c = p[0] & 0x0F;
        } else if ((p[0] & 0xF8) == 0xF0) {
                len = 4;
                c = p[0] & 0x07;
        } else
                return 0;

        if (len > left)
                return 0;
        for (size_t i = 1; i < len; i++) {
                if ((p[i] & 0xC0) != 0x80)
                        return 0;
                c = (c << 6) | (p[i] & 0x3F);
        }
        if (c < smallest[len] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
                return 0;

        *ret = c;
        return len;
}

static bool is_harmless(uint32_t c) {
        if (c < 0x20 || (c >= 0x7F && c < 0xA0))
                return false;
        /* LINE and PARAGRAPH SEPARATOR, and the embeddings, overrides and isolates (UAX #9), with
         * which a text can be shown in another order than it is stored. */
        return !(c >= 0x2028 && c <= 0x202E) && !(c >= 0x2066 && c <= 0x2069);
}

static bool is_any(uint32_t c) {
        return true;
}

/* A copy in which what is not UTF-8, or not @is_kept, is a '?'. */
static char *copy_text(const void *bytes, size_t size, bool (*is_kept)(uint32_t c)) {
        const uint8_t *p = bytes;
        char *copy, *out;

        assert(bytes || size == 0);

        copy = out = malloc(size + 1);
        if (!copy)
                return NULL;

        while (size > 0) {
                uint32_t c = 0;
                size_t len = decode(p, size, &c);

                if (len == 0) {
                        len = 1;
                        *out++ = '?';
                } else if (!is_kept(c))
                        *out++ = '?';
                else {
                        memcpy(out, p, len);
                        out += len;
                }
                p += len;
                size -= len;
        }

        *out = '\0';
        return copy;
}

char *text_printable_n(const void *bytes, size_t size) {
        return copy_text(bytes, size, is_harmless);
}

char *text_utf8(const char *string) {
        assert(string);

        return copy_text(string, strlen(string), is_any);
}

char *text_printable(const char *string) {
        assert(string);

        return text_printable_n(string, strlen(string));
}

size_t text_width(const char *string) {
        size_t width = 0;

        assert(string);

        for (; *string; string++)
                if (((uint8_t) *string & 0xC0) != 0x80)
                        width++;

        return width;
}

int text_refuse(int error, char **ret_text, const char *format, ...) {
        va_list args;
        int r;

        assert(error < 0);
        assert(ret_text);

        va_start(args, format);
        r = vasprintf(ret_text, format, args);
        va_end(args);
        if (r < 0)
                *ret_text = NULL;

        return error;
}

uint64_t text_get_rate(uint64_t bytes, uint64_t usec) {
        return usec == 0 ? 0 : (uint64_t) ((double) bytes * USEC_PER_SEC / (double) usec);
}

const char *text_format_amount(char buffer[static TEXT_AMOUNT_LEN_MAX], uint64_t bytes,
                               uint64_t usec) {
        const char *unit = bytes == 1 ? "byte" : "bytes";

        if (usec == 0)
                (void) snprintf(buffer, TEXT_AMOUNT_LEN_MAX, "%" PRIu64 " %s", bytes, unit);
        else
                (void) snprintf(buffer, TEXT_AMOUNT_LEN_MAX,
                                "%" PRIu64 " %s in %.2f s (%.0f KiB/s)", bytes, unit,
                                (double) usec / USEC_PER_SEC,
                                (double) bytes / 1024 * USEC_PER_SEC / (double) usec);

        return buffer;
}
