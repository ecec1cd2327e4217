/* SPDX-License-Identifier: GPL-2.0-or-later */

/* make-image spl|mlo|u-boot FILE BYTES: writes a file of that size, random in its content, that
 * snagctl takes for one. */

#include <stdio.h>
#include <sys/random.h>

#include "test-images.h"

static int fill(uint8_t *data, size_t size) {
        for (size_t n = 0; n < size;) {
                ssize_t r = getrandom(data + n, size - n, 0);

                if (r < 0 && errno != EINTR)
                        return -errno;
                n += (size_t) MAX_OF(r, (ssize_t) 0);
        }
        return 0;
}

static int write_file(const char *path, const uint8_t *data, size_t size) {
        FILE *file = fopen(path, "we");
        int r = 0;

        if (!file)
                return -errno;
        if (fwrite(data, 1, size, file) != size)
                r = -EIO;
        if (fclose(file) != 0)
                r = -EIO;
        return r;
}

static void begin_spl(uint8_t *image, size_t size) {
        test_image_begin_spl(image);
}

static void begin_mlo(uint8_t *image, size_t size) {
        test_image_begin_mlo(image, size);
        test_image_begin_spl(image + TEST_IMAGE_MLO_HEAD);
}

static const struct {
        const char *name;
        size_t size_min;
        void (*begin)(uint8_t *image, size_t size);
} kinds[] = {
        {"mlo", TEST_IMAGE_MLO_HEAD + TEST_IMAGE_SPL_HEAD, begin_mlo},
        {"spl", 1, begin_spl},
        {"u-boot", TEST_IMAGE_LEGACY_HEAD + 1, test_image_begin_legacy},
};

static int make(const char *kind, const char *path, size_t size) {
        _cleanup_free_ uint8_t *data = NULL;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                if (!streq(kinds[i].name, kind))
                        continue;
                if (size < kinds[i].size_min)
                        return -ERANGE;
                /* A short SPL has the beginning of its head. */
                data = malloc(MAX_OF(size, (size_t) TEST_IMAGE_SPL_HEAD));
                if (!data)
                        return -ENOMEM;
                r = fill(data, size);
                if (r < 0)
                        return r;
                kinds[i].begin(data, size);
                return write_file(path, data, size);
        }
        return -EINVAL;
}

int main(int argc, char **argv) {
        int r;

        if (argc != 4) {
                fprintf(stderr, "usage: %s spl|mlo|u-boot FILE BYTES\n", argv[0]);
                return 2;
        }
        r = make(argv[1], argv[2], strtoul(argv[3], NULL, 10));
        if (r < 0) {
                fprintf(stderr, "%s: %s: %s\n", argv[0], argv[2], strerror(-r));
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
