/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "image-legacy.h"

#include <assert.h>
#include <zlib.h>

/* U-Boot include/image.h, struct legacy_img_hdr; big-endian. */
#define HEADER_SIZE 64
#define HCRC_AT     4 /* over the header, with zeroes in its own place */
#define SIZE_AT     12
#define DCRC_AT     24
#define ARCH_AT     29
#define TYPE_AT     30

static uint32_t read_be32(const uint8_t *p) {
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static bool is_header_right(const uint8_t *data) {
        uint8_t header[HEADER_SIZE];

        memcpy(header, data, HEADER_SIZE);
        memset(header + HCRC_AT, 0, 4);
        return crc32_z(0, header, HEADER_SIZE) == read_be32(data + HCRC_AT);
}

const char *image_legacy_find_damage(const uint8_t *data, size_t size) {
        uint32_t data_size;

        assert(data || size == 0);

        if (size < HEADER_SIZE)
                return "it ends inside its header";
        if (!is_header_right(data))
                return "its header's checksum is wrong";
        data_size = read_be32(data + SIZE_AT);
        if (data_size == 0)
                return "its header says that there is nothing behind it";
        if (data_size > size - HEADER_SIZE)
                return "it is shorter than its header says";
        if (crc32_z(0, data + HEADER_SIZE, data_size) != read_be32(data + DCRC_AT))
                return "the checksum of its data is wrong";
        return NULL;
}

const char *image_legacy_get_foreign_arch(const uint8_t *data, size_t size) {
        /* IH_ARCH_…; those of which anybody may have a U-Boot lying around. */
        static const char *const names[] = {
                [2] = NULL,      [3] = "x86",         [5] = "MIPS", [6] = "64-bit MIPS",
                [7] = "PowerPC", [22] = "64-bit ARM", [24] = "x86", [26] = "RISC-V",
        };
        enum { ARM = 2 };

        assert(data);
        assert(size >= HEADER_SIZE);

        if (data[ARCH_AT] == ARM)
                return NULL;
        if (data[ARCH_AT] < ELEMENTSOF(names) && names[data[ARCH_AT]])
                return names[data[ARCH_AT]];
        return "another processor";
}

const char *image_legacy_get_foreign_type(const uint8_t *data, size_t size) {
        /* IH_TYPE_…. A kernel is none of them: an SPL can start one directly. */
        enum { RAMDISK = 3, SCRIPT = 6, FILESYSTEM = 7, FLAT_DT = 8 };

        assert(data);
        assert(size >= HEADER_SIZE);

        switch (data[TYPE_AT]) {
        case RAMDISK:
                return "a RAM disk";
        case SCRIPT:
                return "a script";
        case FILESYSTEM:
                return "a file system";
        case FLAT_DT:
                return "a device tree";
        default:
                return NULL;
        }
}
