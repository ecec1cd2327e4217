/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "text.h"

#include "check-main.h"

static void check_printable(const char *string, const char *expected) {
        char *printable = text_printable(string);

        ck_assert_str_eq(printable, expected);
        free(printable);
}

START_TEST(test_leaves_text_alone) {
        check_printable("", "");
        check_printable("pci-0000:00:14.0-usb-0:1.4 100 %", "pci-0000:00:14.0-usb-0:1.4 100 %");
        check_printable("Größe 日本 \U0001F600", "Größe 日本 \U0001F600");
}
END_TEST

START_TEST(test_replaces_control_characters) {
        check_printable("a\nb\tc\rd", "a?b?c?d");
        check_printable("\033[2Jx\007\177", "?[2Jx??");
        check_printable("\302\233"
                        "31m",
                        "?31m");                                   /* C1's CSI */
        check_printable("\342\200\256evil\342\200\250", "?evil?"); /* U+202E, U+2028 */
}
END_TEST

START_TEST(test_replaces_what_is_no_utf8) {
        check_printable("\200\377", "??");
        check_printable("\303", "?");
        check_printable("\303x", "?x");
        check_printable("\300\257", "??");           /* overlong '/' */
        check_printable("\340\200\257", "???");      /* the same in three */
        check_printable("\355\240\200", "???");      /* a surrogate */
        check_printable("\364\220\200\200", "????"); /* U+110000 */
        check_printable("\360\237\230", "???");      /* cut */
}
END_TEST

START_TEST(test_bytes_with_nul) {
        char *printable = text_printable_n("a\0b", 3);

        ck_assert_str_eq(printable, "a?b");
        free(printable);
        printable = text_printable_n(NULL, 0);
        ck_assert_str_eq(printable, "");
        free(printable);
}
END_TEST

START_TEST(test_width_counts_characters) {
        ck_assert_uint_eq(text_width(""), 0);
        ck_assert_uint_eq(text_width("größe"), 5);
}
END_TEST

START_TEST(test_amounts) {
        char buffer[TEXT_AMOUNT_LEN_MAX];

        ck_assert_str_eq(text_format_amount(buffer, 0, 0), "0 bytes");
        ck_assert_str_eq(text_format_amount(buffer, 1, 0), "1 byte");
        ck_assert_str_eq(text_format_amount(buffer, 109736, 420000),
                         "109736 bytes in 0.42 s (255 KiB/s)");
        ck_assert_uint_lt(strlen(text_format_amount(buffer, UINT64_MAX, 1)), TEXT_AMOUNT_LEN_MAX);
}
END_TEST

TEST_MAIN("text", test_leaves_text_alone, test_replaces_control_characters,
          test_replaces_what_is_no_utf8, test_bytes_with_nul, test_width_counts_characters,
          test_amounts)
