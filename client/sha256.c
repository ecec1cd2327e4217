/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Why nettle: its SHA-256 is three functions that cannot fail, with nothing to be initialised and no
 * state of the whole process; it needs libc alone, and may be used under GPL-2.0 or later. libgcrypt
 * must be initialised by whoever comes first and may abort; libcrypto is ten times the size. */

#include "sha256.h"

#include <assert.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>

_Static_assert(BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE) == SHA256_HEX_LEN, "two digits a byte");

const char *sha256_format(const void *data, size_t size, char hex[static SHA256_HEX_LEN + 1]) {
        uint8_t digest[SHA256_DIGEST_SIZE];
        struct sha256_ctx context;

        assert(data || size == 0);

        sha256_init(&context);
        sha256_update(&context, size, data);
        sha256_digest(&context, sizeof(digest), digest);
        base16_encode_update(hex, sizeof(digest), digest);
        hex[SHA256_HEX_LEN] = '\0';
        return hex;
}
