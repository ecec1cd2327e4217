/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* MLO: an SPL with a header for cards and flash, which the ROM does not want over USB.
 * Distributions ship nothing else. Pure. */

#include "image-format.h"

typedef struct MloImage {
        size_t spl_at; /* where the raw SPL begins: 520, or 8 */
        size_t spl_size;
        uint32_t load_addr;
} MloImage;

/* One of IMAGE_FORMAT_MLO_…, or IMAGE_FORMAT_UNKNOWN. */
ImageFormat image_mlo_detect(const uint8_t *data, size_t size);

/* Finds the SPL in an IMAGE_FORMAT_MLO_TOC or _GP; all of it lies inside @size. Returns NULL, or
 * the static sentence that says what is wrong. */
const char *image_mlo_find_spl(ImageFormat format, const uint8_t *data, size_t size, MloImage *ret);
