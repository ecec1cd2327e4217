/* SPDX-License-Identifier: GPL-2.0-or-later */

/* make-image spl|u-boot FILE BYTES: writes a file of that size, random in its content, that
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

int main(int argc, char **argv) {
        size_t size = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
        bool is_spl = argc == 4 && streq(argv[1], "spl");
        _cleanup_free_ uint8_t *data = NULL;
        int r;

        if (size == 0 ||
            (!is_spl && (!streq(argv[1], "u-boot") || size <= TEST_IMAGE_LEGACY_HEAD))) {
                fprintf(stderr, "usage: %s spl|u-boot FILE BYTES\n", argv[0]);
                return 2;
        }
        data = malloc(MAX_OF(size, (size_t) TEST_IMAGE_SPL_HEAD));
        r = data ? fill(data, size) : -ENOMEM;
        if (r >= 0) {
                if (is_spl)
                        test_image_begin_spl(data);
                else
                        test_image_begin_legacy(data, size);
                r = write_file(argv[2], data, size);
        }
        if (r < 0) {
                fprintf(stderr, "%s: %s: %s\n", argv[0], argv[2], strerror(-r));
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
