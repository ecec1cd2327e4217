/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "image-format.h"

#include <assert.h>

/* AM335x TRM (SPRUH73) 26.1.11: a TOC entry is offset, size, 12 bytes unused, a name of 12. The first
 * entry of an MLO is CHSETTINGS at 0x40, 0x0c long. */
#define TOC_NAME_AT      20
#define TOC_NAME         "CHSETTINGS"
#define TOC_NAME_SWAPPED "ESHCNITT" /* its first two words with their bytes reversed */
#define GP_HEADER_SIZE   8
#define GP_LOAD_ADDR_MIN 0x40200000u /* on-chip RAM of AM335x, AM43xx and their elders */
#define GP_LOAD_ADDR_MAX 0x40340000u

/* U-Boot include/image.h, struct legacy_img_hdr: big-endian magic at 0, size of the data at 12. */
#define LEGACY_MAGIC       0x27051956u
#define LEGACY_HEADER_SIZE 64
#define LEGACY_SIZE_AT     12

/* Devicetree specification v0.4, chapter 5. */
#define FDT_MAGIC           0xd00dfeedu
#define FDT_HEADER_SIZE     40
#define FDT_TOTALSIZE_AT    4
#define FDT_OFF_STRUCT_AT   8
#define FDT_OFF_STRINGS_AT  12
#define FDT_VERSION_AT      20
#define FDT_SIZE_STRINGS_AT 32
#define FDT_SIZE_STRUCT_AT  36
#define FDT_VERSION_MIN     17 /* the first with size_dt_struct; mkimage writes no other */
#define FDT_BEGIN_NODE      1u
#define FDT_END_NODE        2u
#define FDT_PROP            3u
#define FDT_NOP             4u
#define FDT_END             9u
#define FDT_DEPTH_MAX       16

static uint32_t read_be32(const uint8_t *p) {
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static uint32_t read_le32(const uint8_t *p) {
        return (uint32_t) p[3] << 24 | (uint32_t) p[2] << 16 | (uint32_t) p[1] << 8 | p[0];
}

static bool has_bytes(const uint8_t *data, size_t size, size_t at, const char *bytes) {
        size_t n = strlen(bytes);

        return at <= size && n <= size - at && memcmp(data + at, bytes, n) == 0;
}

/* A raw SPL begins with an ARM branch and its vectors, whose second word is no SRAM address. */
static bool has_gp_header(const uint8_t *data, size_t size) {
        uint32_t load_addr;

        if (size < GP_HEADER_SIZE)
                return false;
        load_addr = read_le32(data + 4);
        return load_addr >= GP_LOAD_ADDR_MIN && load_addr < GP_LOAD_ADDR_MAX;
}

ImageFormat image_format_detect(const uint8_t *data, size_t size) {
        assert(data || size == 0);

        if (has_bytes(data, size, TOC_NAME_AT, TOC_NAME))
                return IMAGE_FORMAT_MLO_TOC;
        if (has_bytes(data, size, TOC_NAME_AT, TOC_NAME_SWAPPED))
                return IMAGE_FORMAT_MLO_SWAPPED;
        if (has_bytes(data, size, 0, "\177ELF"))
                return IMAGE_FORMAT_ELF;
        if (size >= 4 && read_be32(data) == LEGACY_MAGIC)
                return IMAGE_FORMAT_LEGACY;
        if (size >= 4 && read_be32(data) == FDT_MAGIC)
                return IMAGE_FORMAT_FIT;
        if (has_gp_header(data, size))
                return IMAGE_FORMAT_MLO_GP;

        return IMAGE_FORMAT_UNKNOWN;
}

static const char *find_legacy_damage(const uint8_t *data, size_t size) {
        if (size < LEGACY_HEADER_SIZE)
                return "it ends inside its header";
        if (read_be32(data + LEGACY_SIZE_AT) > size - LEGACY_HEADER_SIZE)
                return "it is shorter than its header says";
        return NULL;
}

/* The structure block of a tree: what is left of it, and the strings that its properties name. All
 * pointers lie inside the image. */
typedef struct FdtCursor {
        const uint8_t *at;
        size_t left;
        const uint8_t *strings;
        size_t strings_size;
} FdtCursor;

static bool take(FdtCursor *c, size_t n, const uint8_t **ret) {
        if (n > c->left)
                return false;
        *ret = c->at;
        c->at += n;
        c->left -= n;
        return true;
}

static bool take_u32(FdtCursor *c, uint32_t *ret) {
        const uint8_t *p;

        if (!take(c, 4, &p))
                return false;
        *ret = read_be32(p);
        return true;
}

/* Everything in the block is aligned to four bytes, and so is its start as far as we are concerned:
 * distances count from there. */
static bool take_padded(FdtCursor *c, size_t n, const uint8_t **ret) {
        const uint8_t *padding;

        return take(c, n, ret) && take(c, MIN_OF((4 - n % 4) % 4, c->left), &padding);
}

static bool take_node_name(FdtCursor *c) {
        const uint8_t *end = memchr(c->at, '\0', c->left), *name;

        return end && take_padded(c, (size_t) (end - c->at) + 1, &name);
}

/* Where one node says that its external data are (U-Boot doc/usage/fit/source_file_format.rst). */
typedef struct FitNode {
        bool has_position, has_offset, has_size;
        uint32_t position; /* from the start of the file */
        uint32_t offset;   /* from the end of the tree, rounded up to four bytes */
        uint32_t size;
} FitNode;

static bool take_property(FdtCursor *c, FitNode *node) {
        const uint8_t *value;
        uint32_t len, name_at;
        const char *name;

        if (!take_u32(c, &len) || !take_u32(c, &name_at) || !take_padded(c, len, &value))
                return false;
        if (name_at >= c->strings_size ||
            !memchr(c->strings + name_at, '\0', c->strings_size - name_at))
                return false;
        if (len != 4)
                return true;

        name = (const char *) c->strings + name_at;
        if (streq(name, "data-position")) {
                node->has_position = true;
                node->position = read_be32(value);
        } else if (streq(name, "data-offset")) {
                node->has_offset = true;
                node->offset = read_be32(value);
        } else if (streq(name, "data-size")) {
                node->has_size = true;
                node->size = read_be32(value);
        }
        return true;
}

static bool is_inside(const FitNode *node, uint32_t totalsize, size_t size) {
        uint64_t start;

        if (!node->has_size || !(node->has_position || node->has_offset))
                return true;

        /* data-position wins over data-offset, as in U-Boot's fit_image_get_data(). */
        start = node->has_position ? node->position
                                   : (((uint64_t) totalsize + 3) & ~UINT64_C(3)) + node->offset;
        return start <= size && node->size <= size - start;
}

static const char *const broken_tree = "its image tree is broken";

static const char *walk_tree(FdtCursor *c, uint32_t totalsize, size_t size) {
        FitNode nodes[FDT_DEPTH_MAX] = {};
        size_t depth = 0;
        uint32_t token;

        while (take_u32(c, &token)) {
                switch (token) {

                case FDT_BEGIN_NODE:
                        if (depth >= FDT_DEPTH_MAX || !take_node_name(c))
                                return broken_tree;
                        nodes[depth++] = (FitNode){};
                        break;

                case FDT_PROP:
                        if (depth == 0 || !take_property(c, &nodes[depth - 1]))
                                return broken_tree;
                        break;

                case FDT_END_NODE:
                        if (depth == 0)
                                return broken_tree;
                        if (!is_inside(&nodes[--depth], totalsize, size))
                                return "it is shorter than its image tree says";
                        break;

                case FDT_NOP:
                        break;

                case FDT_END:
                        return depth == 0 ? NULL : broken_tree;

                default:
                        return broken_tree;
                }
        }

        return broken_tree;
}

/* Debian's u-boot.img keeps its data behind the tree: totalsize is less than the file then, so equality
 * is never asked for. */
static const char *find_fit_damage(const uint8_t *data, size_t size) {
        uint32_t totalsize, off_struct, size_struct, off_strings, size_strings;
        FdtCursor c;

        if (size < FDT_HEADER_SIZE)
                return "it ends inside its header";

        totalsize = read_be32(data + FDT_TOTALSIZE_AT);
        if (totalsize > size)
                return "it is shorter than its header says";

        off_struct = read_be32(data + FDT_OFF_STRUCT_AT);
        size_struct = read_be32(data + FDT_SIZE_STRUCT_AT);
        off_strings = read_be32(data + FDT_OFF_STRINGS_AT);
        size_strings = read_be32(data + FDT_SIZE_STRINGS_AT);
        if (read_be32(data + FDT_VERSION_AT) < FDT_VERSION_MIN || off_struct > totalsize ||
            size_struct > totalsize - off_struct || off_strings > totalsize ||
            size_strings > totalsize - off_strings)
                return broken_tree;

        c = (FdtCursor){
                .at = data + off_struct,
                .left = size_struct,
                .strings = data + off_strings,
                .strings_size = size_strings,
        };
        return walk_tree(&c, totalsize, size);
}

const char *image_format_find_damage(ImageFormat format, const uint8_t *data, size_t size) {
        assert(data || size == 0);

        switch (format) {
        case IMAGE_FORMAT_LEGACY:
                return find_legacy_damage(data, size);
        case IMAGE_FORMAT_FIT:
                return find_fit_damage(data, size);
        case IMAGE_FORMAT_UNKNOWN:
        case IMAGE_FORMAT_MLO_TOC:
        case IMAGE_FORMAT_MLO_GP:
        case IMAGE_FORMAT_MLO_SWAPPED:
        case IMAGE_FORMAT_ELF:
        case _IMAGE_FORMAT_MAX:
                return NULL;
        }

        return NULL;
}
