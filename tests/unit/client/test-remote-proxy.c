/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "remote-proxy.h"

#include "check-main.h"

START_TEST(test_host_is_valid) {
        static const char *const hosts[] = {
                "lab",
                "lab:22",
                "me@lab",
                "me@lab.example.org:2222",
                "192.0.2.1",
                "[::1]",
                "[::1]:22",
                "me@[fe80::1%eth0]:22",
                "DOMAIN\\me@lab",
                "an_alias",
        };

        for (size_t i = 0; i < ELEMENTSOF(hosts); i++)
                ck_assert_msg(remote_host_is_valid(hosts[i]), "%s", hosts[i]);
}
END_TEST

START_TEST(test_host_is_not_valid) {
        static const char *const hosts[] = {
                "",         "-lab",     "-oProxyCommand=x",
                "a b",      " ",        "lab\n",
                "\033[2J",  "la\x7f",   "lab/c",
                "lab:22/c", "lab:",     "lab:ssh",
                "lab:22x",  "lab:-1",   "@lab",
                "me@",      "me@-lab",  "me@-",
                "a@b@c",    ":22",      "me@:22",
                "::1",      "fe80::1",  "[::1",
                "[]",       "me@[]:22", "me@[::1",
                "[::1]:x",
        };

        for (size_t i = 0; i < ELEMENTSOF(hosts); i++)
                ck_assert_msg(!remote_host_is_valid(hosts[i]), "'%s'", hosts[i]);
}
END_TEST

/* What ssh itself understands. */
START_TEST(test_scheme) {
        ck_assert_str_eq(remote_host_get_scheme("me@lab"), "");
        ck_assert_str_eq(remote_host_get_scheme("me@lab:22"), "ssh://");
        ck_assert_str_eq(remote_host_get_scheme("[::1]"), "ssh://");
}
END_TEST

TEST_MAIN("remote-proxy", test_host_is_valid, test_host_is_not_valid, test_scheme)
