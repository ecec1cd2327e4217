/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Makes boot images that pass for real ones: headers, lengths and checksums are right, the
 * content is the caller's. */

#include "macro.h"

#define TEST_IMAGE_SPL_HEAD    24  /* vectors, and a string that an SPL with USB Ethernet has */
#define TEST_IMAGE_LEGACY_HEAD 64  /* the header of a legacy image */
#define TEST_IMAGE_MLO_HEAD    520 /* TOC and GP header */

/* Writes the beginning of a raw SPL over the first TEST_IMAGE_SPL_HEAD bytes. */
void test_image_begin_spl(uint8_t *image);

/* Writes the TOC and the header over the first TEST_IMAGE_MLO_HEAD bytes of @size. */
void test_image_begin_mlo(uint8_t *image, size_t size);

/* Writes the header of ARM firmware over the first TEST_IMAGE_LEGACY_HEAD bytes of @size; the
 * checksums are those of what stands there now. */
void test_image_begin_legacy(uint8_t *image, size_t size);

/* After a change to the header of a legacy image. */
void test_image_seal_legacy(uint8_t *image);

typedef struct TestFit {
        const char *arch;    /* NULL: it does not say */
        const char *where;   /* "data-offset", "data-position", or NULL: in the tree */
        uint32_t at;         /* what @where says */
        const uint8_t *data; /* of which the tree has the CRC32 */
        size_t size;
        bool is_crc_wrong;
        bool is_device_tree; /* no images */
} TestFit;

/* Writes the tree of a FIT with one image, and returns its size. */
size_t test_image_make_fit(uint8_t *buffer, size_t room, const TestFit *spec);
