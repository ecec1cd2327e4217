/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "check-main.h"
#include "output-lines.h"

typedef struct Told {
        char text[4096]; /* each line with '|' behind it, or '+|' if it was cut */
        size_t len;
} Told;

static void on_line(const char *bytes, size_t size, bool is_cut, void *userdata) {
        Told *told = userdata;

        ck_assert_uint_le(size, OUTPUT_LINE_LEN_MAX);
        memcpy(told->text + told->len, bytes, size);
        told->len += size;
        if (is_cut)
                told->text[told->len++] = '+';
        told->text[told->len++] = '|';
}

/* In pieces of each size there is. */
static void assert_lines_n(const char *bytes, size_t size, const char *expected,
                           size_t expected_size) {
        for (size_t piece = 1; piece <= MAX_OF(size, (size_t) 1); piece++) {
                Told told = {};
                OutputLines lines = {.on_line = on_line, .userdata = &told};

                for (size_t at = 0; at < size; at += piece)
                        output_lines_add(&lines, bytes + at, MIN_OF(piece, size - at));
                output_lines_end(&lines);
                ck_assert_uint_eq(told.len, expected_size);
                ck_assert_mem_eq(told.text, expected, expected_size);
        }
}

static void assert_lines(const char *bytes, const char *expected) {
        assert_lines_n(bytes, strlen(bytes), expected, strlen(expected));
}

START_TEST(test_tells_each_line) {
        assert_lines("", "");
        assert_lines("a\n", "a|");
        assert_lines("a\nbc\n\nd\n", "a|bc||d|");
        assert_lines("\n", "|");
}
END_TEST

START_TEST(test_tells_what_has_no_newline) {
        assert_lines("a", "a|");
        assert_lines("a\nb", "a|b|");
}
END_TEST

START_TEST(test_keeps_any_byte) {
        assert_lines_n("a\0b\n\377\033", 6, "a\0b|\377\033|", 7);
}
END_TEST

START_TEST(test_begins_anew_at_a_carriage_return) {
        assert_lines("a\r\nb\r\n", "a|b|");
        assert_lines(" 1 %\r50 %\r100 %\ndone\n", "100 %|done|");
        assert_lines(" 1 %\r50 %\r", "50 %|");
        assert_lines("\r\r\r\n", "|");
}
END_TEST

START_TEST(test_cuts_long_lines) {
        char in[2 * OUTPUT_LINE_LEN_MAX + 8], out[OUTPUT_LINE_LEN_MAX + 8];

        memset(in, 'x', sizeof(in));
        memset(out, 'x', sizeof(out));

        /* Just as long as it may be. */
        memcpy(in + OUTPUT_LINE_LEN_MAX, "\nb\n", 3);
        memcpy(out + OUTPUT_LINE_LEN_MAX, "|b|", 3);
        assert_lines_n(in, OUTPUT_LINE_LEN_MAX + 3, out, OUTPUT_LINE_LEN_MAX + 3);

        /* Too long; the next one is not. */
        memset(in, 'x', sizeof(in));
        memcpy(in + 2 * OUTPUT_LINE_LEN_MAX, "\nb\n", 3);
        memcpy(out + OUTPUT_LINE_LEN_MAX, "+|b|", 4);
        assert_lines_n(in, 2 * OUTPUT_LINE_LEN_MAX + 3, out, OUTPUT_LINE_LEN_MAX + 4);

        /* Too long before a carriage return is forgotten. */
        in[2 * OUTPUT_LINE_LEN_MAX] = '\r';
        assert_lines_n(in, 2 * OUTPUT_LINE_LEN_MAX + 3, "b|", 2);
}
END_TEST

TEST_MAIN("output-lines", test_tells_each_line, test_tells_what_has_no_newline, test_keeps_any_byte,
          test_begins_anew_at_a_carriage_return, test_cuts_long_lines)
