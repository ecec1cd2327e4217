/* SPDX-License-Identifier: GPL-2.0-or-later */

/* U-Boot doc/usage/fit/source_file_format.rst. An image's data is its property `data`, or, in a
 * FIT with external data as Debian's u-boot.img, `data-size` bytes at `data-position` from the
 * start of the file, or at `data-offset` from the tree's end rounded up to four. So the tree's
 * totalsize is less than the file then, and equality is never asked for. */

#include "image-fit.h"

#include <assert.h>
#include <libfdt.h>
#include <zlib.h>

#define VERSION_MIN 17 /* the only one that mkimage writes, or anybody since 2005 */
#define HEADER_SIZE 40 /* of that version */

static bool get_u32(const void *fdt, int node, const char *name, uint32_t *ret) {
        int len = 0;
        const void *value = fdt_getprop(fdt, node, name, &len);

        if (!value || len != 4)
                return false;
        *ret = fdt32_ld(value);
        return true;
}

/* Returns NULL and where the data of the image @node lie, all of them inside @size, or what is
 * wrong. */
static const char *find_data(const uint8_t *fdt, size_t size, int node, const uint8_t **ret_data,
                             size_t *ret_size) {
        uint32_t at, data_size;
        const void *data;
        uint64_t start;
        int len = 0;

        data = fdt_getprop(fdt, node, "data", &len);
        if (data && len > 0) {
                *ret_data = data;
                *ret_size = (size_t) len;
                return NULL;
        }

        if (!get_u32(fdt, node, "data-size", &data_size))
                return "an image in it has no data";
        /* data-position wins over data-offset, as in U-Boot's fit_image_get_data(). */
        if (get_u32(fdt, node, "data-position", &at))
                start = at;
        else if (get_u32(fdt, node, "data-offset", &at))
                start = (((uint64_t) fdt_totalsize(fdt) + 3) & ~UINT64_C(3)) + at;
        else
                return "an image in it has no data";
        if (start > size || data_size > size - start)
                return "it is shorter than its image tree says";

        *ret_data = fdt + start;
        *ret_size = data_size;
        return NULL;
}

static bool is_hash_right(const uint8_t *fdt, int node, const uint8_t *data, size_t size) {
        const char *name = fdt_get_name(fdt, node, NULL), *algo;
        uint32_t value;
        int len = 0;

        if (!name || strncmp(name, "hash", 4) != 0)
                return true;
        algo = fdt_getprop(fdt, node, "algo", &len);
        if (!algo || len != sizeof("crc32") || memcmp(algo, "crc32", sizeof("crc32")) != 0)
                return true;
        return get_u32(fdt, node, "value", &value) && crc32_z(0, data, size) == value;
}

static const char *find_image_damage(const uint8_t *fdt, size_t size, int image) {
        const uint8_t *data;
        const char *damage;
        size_t data_size;
        int node;

        damage = find_data(fdt, size, image, &data, &data_size);
        if (damage)
                return damage;

        fdt_for_each_subnode(node, fdt, image) if (
                !is_hash_right(fdt, node, data,
                               data_size)) return "the checksum of an image in it is wrong";
        return NULL;
}

/* Whether each tag of the tree lies behind the one before. To libfdt before 1.7.0 the length of a property may wrap
 * around, and everything in it that goes from tag to tag goes round for ever then. */
static bool goes_forward(const uint8_t *data) {
        int offset = 0, next = 0;

        while (fdt_next_tag(data, offset, &next) != FDT_END) {
                if (next <= offset)
                        return false;
                offset = next;
        }
        return true;
}

static const char *find_tree_damage(const uint8_t *data, size_t size) {
        if (size < HEADER_SIZE)
                return "it ends inside its header";
        if (fdt_totalsize(data) > size)
                return "it is shorter than its header says";
        /* fdt_check_full() of libfdt 1.6.1 follows a null pointer in trees of version 15 and before. */
        if (fdt_version(data) < VERSION_MIN || fdt_check_header(data) < 0 || !goes_forward(data) ||
            fdt_check_full(data, size) < 0)
                return "its image tree is broken";
        return NULL;
}

const char *image_fit_find_damage(const uint8_t *data, size_t size) {
        const char *damage;
        int images, image, n = 0;

        assert(data || size == 0);

        damage = find_tree_damage(data, size);
        if (damage)
                return damage;

        /* To libfdt a negative parent is the root's own, hence the check. */
        images = fdt_path_offset(data, "/images");
        if (images < 0)
                return "its image tree has no images";
        fdt_for_each_subnode(image, data, images) {
                damage = find_image_damage(data, size, image);
                if (damage)
                        return damage;
                n++;
        }
        return n > 0 ? NULL : "its image tree has no images";
}

bool image_fit_is_device_tree(const uint8_t *data, size_t size) {
        assert(data || size == 0);

        return !find_tree_damage(data, size) && fdt_path_offset(data, "/images") < 0;
}

const char *image_fit_get_foreign_arch(const uint8_t *data, size_t size) {
        int images, image;

        assert(data);
        assert(size >= HEADER_SIZE);

        images = fdt_path_offset(data, "/images");
        assert(images >= 0);
        fdt_for_each_subnode(image, data, images) {
                int len = 0;
                const char *arch = fdt_getprop(data, image, "arch", &len);

                if (arch && len > 1 && arch[len - 1] == '\0' && !streq(arch, "arm"))
                        return arch;
        }
        return NULL;
}
