/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* SHA-256 of what is in memory, as sha256sum(1) writes it. Pure. */

#include "macro.h"

#define SHA256_HEX_LEN 64u

/* Writes the digest in lower-case hexadecimal. Returns @hex. */
const char *sha256_format(const void *data, size_t size, char hex[static SHA256_HEX_LEN + 1]);
