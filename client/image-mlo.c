/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "image-mlo.h"

#include <assert.h>

/* AM335x TRM (SPRUH73) 26.1.11: a TOC entry is offset, size, 12 bytes unused, a name of 12. The
 * first entry of an MLO is CHSETTINGS at 0x40, 0x0c long. */
#define TOC_SIZE         512
#define TOC_NAME_AT      20
#define TOC_NAME         "CHSETTINGS"
#define TOC_NAME_SWAPPED "ESHCNITT" /* its first two words with their bytes reversed */

/* Little-endian: the size, and the load address. The size is of what lies behind the header; or eight
 * bytes more, which are the header's (U-Boot's mkimage since v2018.03, 3a0e70f181e); or sixteen (v2017.05 to
 * v2018.01, 35d8265c64d). */
#define GP_HEADER_SIZE   8
#define GP_LOAD_ADDR_MIN 0x40200000u /* on-chip RAM of AM335x, AM43xx and their elders */
#define GP_LOAD_ADDR_MAX 0x40340000u

static uint32_t read_le32(const uint8_t *p) {
        return (uint32_t) p[3] << 24 | (uint32_t) p[2] << 16 | (uint32_t) p[1] << 8 | p[0];
}

static bool has_name(const uint8_t *data, size_t size, const char *name) {
        size_t n = strlen(name);

        return size >= TOC_NAME_AT + n && memcmp(data + TOC_NAME_AT, name, n) == 0;
}

/* A raw SPL begins with an ARM branch and its vectors, whose second word is no SRAM address. */
static bool has_gp_header(const uint8_t *data, size_t size) {
        uint32_t load_addr;

        if (size < GP_HEADER_SIZE)
                return false;
        load_addr = read_le32(data + 4);
        return load_addr >= GP_LOAD_ADDR_MIN && load_addr < GP_LOAD_ADDR_MAX;
}

ImageFormat image_mlo_detect(const uint8_t *data, size_t size) {
        assert(data || size == 0);

        if (has_name(data, size, TOC_NAME))
                return IMAGE_FORMAT_MLO_TOC;
        if (has_name(data, size, TOC_NAME_SWAPPED))
                return IMAGE_FORMAT_MLO_SWAPPED;
        if (has_gp_header(data, size))
                return IMAGE_FORMAT_MLO_GP;
        return IMAGE_FORMAT_UNKNOWN;
}

const char *image_mlo_find_spl(ImageFormat format, const uint8_t *data, size_t size,
                               MloImage *ret) {
        size_t header_at = format == IMAGE_FORMAT_MLO_TOC ? TOC_SIZE : 0, available;
        uint32_t gp_size;

        assert(format == IMAGE_FORMAT_MLO_TOC || format == IMAGE_FORMAT_MLO_GP);
        assert(data || size == 0);
        assert(ret);

        if (size < header_at + GP_HEADER_SIZE)
                return "it ends inside its header";
        gp_size = read_le32(data + header_at);
        available = size - header_at - GP_HEADER_SIZE;
        if (gp_size <= GP_HEADER_SIZE || available == 0)
                return "its header says that there is nothing behind it";
        if (gp_size > available + GP_HEADER_SIZE && gp_size != available + 2 * GP_HEADER_SIZE)
                return "it is shorter than its header says";

        /* All of the SPL by each of the three, and of what a file may be padded with sixteen bytes at most. */
        *ret = (MloImage){
                .spl_at = header_at + GP_HEADER_SIZE,
                .spl_size = MIN_OF((size_t) gp_size, available),
                .load_addr = read_le32(data + header_at + 4),
        };
        return NULL;
}
