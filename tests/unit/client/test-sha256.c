/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "sha256.h"

#include "check-main.h"

/* NIST's examples for FIPS 180-4, and what sha256sum(1) says of nothing. */
START_TEST(test_known_digests) {
        char hex[SHA256_HEX_LEN + 1];
        static uint8_t million[1000000];

        ck_assert_str_eq(sha256_format(NULL, 0, hex),
                         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        ck_assert_str_eq(sha256_format("abc", 3, hex),
                         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        memset(million, 'a', sizeof(million));
        ck_assert_str_eq(sha256_format(million, sizeof(million), hex),
                         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

TEST_MAIN("sha256", test_known_digests)
