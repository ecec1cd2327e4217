/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What kind of file some bytes are, as far as their beginning tells. Pure: bytes in, a verdict out.
 * Whether an image is whole: image-mlo.h, image-legacy.h, image-fit.h. */

#include "macro.h"

typedef enum ImageFormat {
        IMAGE_FORMAT_UNKNOWN,     /* no header that we know: a raw binary has none */
        IMAGE_FORMAT_MLO_TOC,     /* 512 bytes of CHSETTINGS, then a GP header of 8 bytes */
        IMAGE_FORMAT_MLO_GP,      /* the GP header alone: size and load address */
        IMAGE_FORMAT_MLO_SWAPPED, /* MLO.byteswap, for SPI flash */
        IMAGE_FORMAT_LEGACY,      /* U-Boot's legacy image, 0x27051956 */
        IMAGE_FORMAT_FIT, /* a flattened image tree, 0xd00dfeed; a device tree begins so too */
        IMAGE_FORMAT_ELF,
        IMAGE_FORMAT_PACKED, /* compressed, or an archive: image_format_get_packing() */
        IMAGE_FORMAT_HTML,   /* what a web server sent in place of a file */
        IMAGE_FORMAT_TEXT,   /* nothing but ASCII text in its first 512 bytes */
        _IMAGE_FORMAT_MAX,
} ImageFormat;

typedef struct ImagePacking {
        const char *name;    /* "gzip" */
        const char *command; /* what unpacks it: "gunzip" */
} ImagePacking;

ImageFormat image_format_detect(const uint8_t *data, size_t size);

/* How a file is packed, or NULL if it is not in a way that we know. Static. */
const ImagePacking *image_format_get_packing(const uint8_t *data, size_t size);

/* The processor that an ELF file is for ("AArch64"), or NULL if it is one of which we have no
 * name. */
const char *image_format_get_elf_machine(const uint8_t *data, size_t size);

/* Whether @string stands anywhere in the bytes. */
bool image_format_contains(const uint8_t *data, size_t size, const char *string);
