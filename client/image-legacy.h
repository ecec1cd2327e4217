/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* U-Boot's legacy image: a header of 64 bytes and its data, each with a CRC. Pure. */

#include "macro.h"

/* Returns NULL if everything that the header promises is there and both checksums are right;
 * else the static sentence that says what is wrong. More bytes behind it are no fault: files get
 * padded. */
const char *image_legacy_find_damage(const uint8_t *data, size_t size);

/* For an image that is whole: NULL if it is for 32-bit ARM, else the name of what it is for.
 * Static. */
const char *image_legacy_get_foreign_arch(const uint8_t *data, size_t size);

/* For an image that is whole: NULL if it holds what an SPL may start, else what it holds.
 * Static. */
const char *image_legacy_get_foreign_type(const uint8_t *data, size_t size);
