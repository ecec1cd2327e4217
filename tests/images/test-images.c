/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "test-images.h"

#include <assert.h>
#include <libfdt.h>
#include <zlib.h>

static void put_be32(uint8_t *p, uint32_t v) {
        p[0] = (uint8_t) (v >> 24);
        p[1] = (uint8_t) (v >> 16);
        p[2] = (uint8_t) (v >> 8);
        p[3] = (uint8_t) v;
}

static void put_le32(uint8_t *p, uint32_t v) {
        p[0] = (uint8_t) v;
        p[1] = (uint8_t) (v >> 8);
        p[2] = (uint8_t) (v >> 16);
        p[3] = (uint8_t) (v >> 24);
}

void test_image_begin_spl(uint8_t *image) {
        put_le32(image, 0xea00000f); /* b reset */
        put_le32(image + 4, 0xe59ff014);
        put_le32(image + 8, 0xe59ff014);
        memcpy(image + 12, "RNDIS/%s\0\0\0", TEST_IMAGE_SPL_HEAD - 12);
}

void test_image_begin_mlo(uint8_t *image, size_t size) {
        memset(image, 0, 512);
        put_le32(image, 0x40);
        put_le32(image + 4, 0x0c);
        memcpy(image + 20, "CHSETTINGS", STRLEN("CHSETTINGS"));
        memset(image + 32, 0xff, 32); /* the end of the TOC */
        put_le32(image + 512, (uint32_t) (size - 512));
        put_le32(image + 516, 0x402f0400);
}

void test_image_begin_legacy(uint8_t *image, size_t size) {
        memset(image, 0, TEST_IMAGE_LEGACY_HEAD);
        put_be32(image, 0x27051956);
        put_be32(image + 12, (uint32_t) (size - TEST_IMAGE_LEGACY_HEAD));
        put_be32(image + 16, 0x80800000);
        put_be32(image + 20, 0x80800000);
        put_be32(image + 24, (uint32_t) crc32_z(0, image + TEST_IMAGE_LEGACY_HEAD,
                                                size - TEST_IMAGE_LEGACY_HEAD));
        image[28] = 17; /* IH_OS_U_BOOT */
        image[29] = 2;  /* IH_ARCH_ARM */
        image[30] = 5;  /* IH_TYPE_FIRMWARE */
        memcpy(image + 32, "U-Boot for a test", STRLEN("U-Boot for a test"));
        test_image_seal_legacy(image);
}

void test_image_seal_legacy(uint8_t *image) {
        put_be32(image + 4, 0);
        put_be32(image + 4, (uint32_t) crc32_z(0, image, TEST_IMAGE_LEGACY_HEAD));
}

static int add_image(void *fdt, const TestFit *spec) {
        uint32_t crc = (uint32_t) crc32_z(0, spec->data, spec->size) ^ (spec->is_crc_wrong ? 1 : 0);
        int r = fdt_begin_node(fdt, "images");

        r |= fdt_begin_node(fdt, "firmware-1");
        r |= fdt_property_string(fdt, "type", "firmware");
        if (spec->arch)
                r |= fdt_property_string(fdt, "arch", spec->arch);
        if (spec->where) {
                r |= fdt_property_u32(fdt, spec->where, spec->at);
                r |= fdt_property_u32(fdt, "data-size", (uint32_t) spec->size);
        } else
                r |= fdt_property(fdt, "data", spec->data, (int) spec->size);
        r |= fdt_begin_node(fdt, "hash-1");
        r |= fdt_property_string(fdt, "algo", "crc32");
        r |= fdt_property_u32(fdt, "value", crc);
        r |= fdt_end_node(fdt);
        r |= fdt_end_node(fdt);
        return r | fdt_end_node(fdt);
}

size_t test_image_make_fit(uint8_t *buffer, size_t room, const TestFit *spec) {
        int r = fdt_create(buffer, (int) room);

        r |= fdt_finish_reservemap(buffer);
        r |= fdt_begin_node(buffer, "");
        r |= fdt_property_string(buffer, "description", "a test's");
        if (!spec->is_device_tree)
                r |= add_image(buffer, spec);
        r |= fdt_end_node(buffer);
        r |= fdt_finish(buffer);
        if (r != 0)
                abort();
        return fdt_totalsize(buffer);
}
