/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What kind of boot image some bytes are, and whether they are all there. Pure: bytes in, a verdict
 * out, and nothing beyond @size is read, whatever the headers claim. */

#include "macro.h"

typedef enum ImageFormat {
        IMAGE_FORMAT_UNKNOWN,     /* no header that we know: a raw binary has none */
        IMAGE_FORMAT_MLO_TOC,     /* 512 bytes of CHSETTINGS, then a GP header of 8 bytes */
        IMAGE_FORMAT_MLO_GP,      /* the GP header alone: size and load address */
        IMAGE_FORMAT_MLO_SWAPPED, /* MLO.byteswap, for SPI flash */
        IMAGE_FORMAT_LEGACY,      /* U-Boot's legacy image, 0x27051956 */
        IMAGE_FORMAT_FIT,         /* a flattened image tree, 0xd00dfeed */
        IMAGE_FORMAT_ELF,
        _IMAGE_FORMAT_MAX,
} ImageFormat;

ImageFormat image_format_detect(const uint8_t *data, size_t size);

/* Returns the sentence that says what is incomplete or inconsistent in an image of @format, or NULL
 * if everything that its headers promise is inside @size bytes. Static. Formats without a length of
 * their own are always complete. */
const char *image_format_find_damage(ImageFormat format, const uint8_t *data, size_t size);
