/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "port-pattern.h"

#include "check-main.h"

#define PATH "pci-0000:00:14.0-usb-0:1.4"

static void check_kind(PortPatternKind kind, const char *pattern) {
        ck_assert_msg(port_pattern_get_kind(pattern) == kind, "%s", pattern);
}

START_TEST(test_kinds) {
        check_kind(PORT_PATTERN_OF_NAMES, "1-1.4");
        check_kind(PORT_PATTERN_OF_NAMES, "1-1.*");
        check_kind(PORT_PATTERN_OF_NAMES, "[12]-1.?");
        check_kind(PORT_PATTERN_OF_NAMES, "*");
        check_kind(PORT_PATTERN_OF_PATHS, PATH);
        check_kind(PORT_PATTERN_OF_PATHS, "pci-0000:00:14.0-usb-0:1.[1-4]");
        check_kind(PORT_PATTERN_OF_PATHS, "platform-fd500000.pcie-pci-*");
        /* A letter in a set need not be in what matches. */
        check_kind(PORT_PATTERN_OF_NAMES, "[1a]-1");
}
END_TEST

START_TEST(test_bad_patterns) {
        char longest[256 + 1];

        check_kind(PORT_PATTERN_BAD, "");
        check_kind(PORT_PATTERN_BAD, "1-1 ");
        check_kind(PORT_PATTERN_BAD, "usb/1-1");
        check_kind(PORT_PATTERN_BAD, "pci-\xc3\xa4");
        check_kind(PORT_PATTERN_BAD, "pci-\\*");
        check_kind(PORT_PATTERN_BAD, "pci-[1");
        check_kind(PORT_PATTERN_BAD, "pci-[]");
        check_kind(PORT_PATTERN_BAD, "pci-[!]");
        check_kind(PORT_PATTERN_BAD, "pci-[1*]");
        check_kind(PORT_PATTERN_BAD, "pci-1]");

        check_kind(PORT_PATTERN_BAD, "ttyUSB0");
        check_kind(PORT_PATTERN_BAD, "l-1.4");
        check_kind(PORT_PATTERN_BAD, "1-1.");

        memset(longest, 'a', sizeof(longest) - 1);
        longest[0] = '*';
        longest[256] = '\0';
        check_kind(PORT_PATTERN_BAD, longest);
        longest[255] = '\0';
        check_kind(PORT_PATTERN_OF_PATHS, longest);
}
END_TEST

START_TEST(test_matches) {
        ck_assert(port_pattern_matches("1-1.4", "1-1.4", PATH));
        ck_assert(port_pattern_matches("1-1.*", "1-1.4", PATH));
        ck_assert(port_pattern_matches(PATH, "1-1.4", PATH));
        ck_assert(port_pattern_matches("pci-*-usb-0:1.[1-4]", "1-1.4", PATH));
        ck_assert(port_pattern_matches("*", "1-1.4", ""));

        ck_assert(!port_pattern_matches("1-1", "1-1.4", PATH));
        ck_assert(!port_pattern_matches("1-1.?", "1-1.14", PATH));
        ck_assert(!port_pattern_matches("pci-*-usb-0:1.[!1-4]", "1-1.4", PATH));
        ck_assert(!port_pattern_matches(PATH, "1-1.4", ""));
        /* Everything in it is as a shell has it, but a dot at the beginning is nothing special. */
        ck_assert(port_pattern_matches("?-1.4", "1-1.4", ".a"));
}
END_TEST

TEST_MAIN("port-pattern", test_kinds, test_bad_patterns, test_matches)
