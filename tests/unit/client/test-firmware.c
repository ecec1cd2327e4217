/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "check-main.h"
#include "fd-util.h"
#include "firmware-check.h"
#include "test-images.h"

static char folder[64], path[256];

static const char *in_folder(const char *name) {
        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        return path;
}

/* Between two reads of a file, somebody does something to it: read() itself is a fake, put in by
 * the linker. */
static void (*on_read)(int fd);

ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);

ssize_t __wrap_read(int fd, void *buffer, size_t size) {
        ssize_t n = __real_read(fd, buffer, on_read ? MIN_OF(size, (size_t) 50) : size);

        if (on_read)
                on_read(fd);
        return n;
}

static void grow(int fd) {
        ck_assert_int_eq(truncate(path, 200), 0);
}

static void shrink(int fd) {
        ck_assert_int_eq(truncate(path, 60), 0);
}

static void touch(int fd) {
        ck_assert_int_eq(utimensat(AT_FDCWD, path, (struct timespec[]){{1, 0}, {2, 0}}, 0), 0);
}

static void make_folder(void) {
        (void) stpcpy(folder, "/tmp/test-firmware-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void) {
        char command[128];

        (void) snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
        ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const void *head, size_t head_size, size_t size) {
        int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, head, head_size), (ssize_t) head_size);
        ck_assert_int_eq(ftruncate(fd, (off_t) size), 0);
        fd_close(fd);
}

static void check_refused(FirmwareKind kind, const char *name, const char *reason_part) {
        Firmware *f = (Firmware *) folder; /* untouched */
        char *reason = NULL;

        ck_assert_int_lt(firmware_open(kind, in_folder(name), soc_find("am335x"), &reason, &f), 0);
        ck_assert_ptr_eq(f, folder);
        ck_assert_ptr_nonnull(reason);
        ck_assert_msg(strstr(reason, reason_part) && strstr(reason, in_folder(name)),
                      "'%s' is not in: %s", reason_part, reason);
        free(reason);
}

static Firmware *check_accepted(FirmwareKind kind, const char *name, size_t size) {
        char *reason = NULL;
        Firmware *f = NULL;
        int r = firmware_open(kind, in_folder(name), soc_find("am335x"), &reason, &f);

        ck_assert_msg(r == 0, "%s", reason);
        ck_assert_uint_eq(f->size, size);
        return f;
}

/* A raw SPL's vectors. */
static const uint8_t raw_spl[] = {0x0e, 0x00, 0x00, 0xea, 0x18, 0xf0, 0x9f, 0xe5};

START_TEST(test_accepts_a_raw_spl) {
        Firmware *f;

        write_file("u-boot-spl.bin", raw_spl, sizeof(raw_spl), 111616);
        f = check_accepted(FIRMWARE_SPL, "u-boot-spl.bin", 111616);
        ck_assert_str_eq(f->name, "u-boot-spl.bin");
        ck_assert_mem_eq(f->data, raw_spl, sizeof(raw_spl));

        /* What happens to the file now is of no concern. */
        ck_assert_int_eq(truncate(in_folder("u-boot-spl.bin"), 0), 0);
        ck_assert_mem_eq(f->data, raw_spl, sizeof(raw_spl));
        ck_assert_uint_eq(f->data[111615], 0);
        firmware_free(f);
        firmware_free(NULL);
}
END_TEST

START_TEST(test_refuses_what_is_no_file) {
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        check_refused(FIRMWARE_SPL, "none", "No such file");
        ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
        check_refused(FIRMWARE_SPL, "fifo", "not a regular file");
        ck_assert_int_eq(mkdir(in_folder("dir"), 0700), 0);
        check_refused(FIRMWARE_U_BOOT, "dir", "is a directory");
        ck_assert_int_eq(symlink("/dev/zero", in_folder("zero")), 0);
        check_refused(FIRMWARE_SPL, "zero", "not a regular file");
        ck_assert_int_eq(symlink("loop", in_folder("loop")), 0);
        check_refused(FIRMWARE_SPL, "loop", "Too many levels");
        (void) stpcpy(a.sun_path, in_folder("socket"));
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &a, sizeof(a)), 0);
        check_refused(FIRMWARE_SPL, "socket", "cannot open");
        fd_close(fd);
        write_file("empty", "", 0, 0);
        check_refused(FIRMWARE_SPL, "empty", "is empty");
        check_refused(FIRMWARE_U_BOOT, "empty", "is empty");
}
END_TEST

START_TEST(test_refuses_what_is_too_large) {
        write_file("spl.bin", raw_spl, sizeof(raw_spl), 111617);
        check_refused(FIRMWARE_SPL, "spl.bin", "at most 111616");
        write_file("huge", "\x27\x05\x19\x56", 4, FIRMWARE_U_BOOT_SIZE_MAX + 1);
        check_refused(FIRMWARE_U_BOOT, "huge", "far more");
        check_refused(FIRMWARE_SPL, "huge", "far more");
}
END_TEST

/* Of @size, filled with something. */
static uint8_t *new_image(size_t size) {
        uint8_t *image = malloc(size);

        ck_assert_ptr_nonnull(image);
        for (size_t i = 0; i < size; i++)
                image[i] = (uint8_t) (i * 7 + 1);
        return image;
}

START_TEST(test_takes_the_header_off_an_mlo) {
        const size_t size = TEST_IMAGE_MLO_HEAD + 109728;
        uint8_t *mlo = new_image(size + 100);
        char hex[SHA256_HEX_LEN + 1];
        Firmware *f;

        test_image_begin_mlo(mlo, size);
        test_image_begin_spl(mlo + TEST_IMAGE_MLO_HEAD);
        write_file("MLO", mlo, size, size);
        f = check_accepted(FIRMWARE_SPL, "MLO", 109728);
        ck_assert_mem_eq(f->data, mlo + TEST_IMAGE_MLO_HEAD, 109728);
        ck_assert_str_eq(f->name, "MLO");
        ck_assert_str_eq(f->sha256, sha256_format(mlo + TEST_IMAGE_MLO_HEAD, 109728, hex));
        ck_assert_ptr_nonnull(strstr(f->note, "520 bytes"));
        ck_assert_ptr_null(f->warning);
        firmware_free(f);

        /* Behind the GP header alone, and padded: with the bytes that its size counts as well. */
        write_file("GP", mlo + 512, size - 512 + 100, size - 512 + 100);
        f = check_accepted(FIRMWARE_SPL, "GP", 109728 + 8);
        ck_assert_mem_eq(f->data, mlo + TEST_IMAGE_MLO_HEAD, 109728);
        ck_assert_ptr_nonnull(strstr(f->note, "8 bytes"));
        firmware_free(f);

        check_refused(FIRMWARE_U_BOOT, "MLO", "is an MLO and not U-Boot");
        check_refused(FIRMWARE_U_BOOT, "GP", "is an MLO and not U-Boot");
        free(mlo);
}
END_TEST

/* mkimage counted the GP header once, not at all and twice. */
START_TEST(test_takes_all_of_the_spl_of_an_older_mlo) {
        static const uint8_t size_low_bytes[] = {0xa8, 0xa0, 0xb0};
        const size_t size = TEST_IMAGE_MLO_HEAD + 109728;
        uint8_t *mlo = new_image(size);

        test_image_begin_mlo(mlo, size);
        test_image_begin_spl(mlo + TEST_IMAGE_MLO_HEAD);
        for (size_t i = 0; i < ELEMENTSOF(size_low_bytes); i++) {
                Firmware *f;

                mlo[512] = size_low_bytes[i];
                ck_assert_mem_eq(mlo + 513, "\xac\x01\x00", 3); /* 109728 is 0x1aca0 */
                write_file("MLO", mlo, size, size);
                f = check_accepted(FIRMWARE_SPL, "MLO", 109728);
                ck_assert_mem_eq(f->data, mlo + TEST_IMAGE_MLO_HEAD, 109728);
                firmware_free(f);
        }
        free(mlo);
}
END_TEST

START_TEST(test_refuses_a_wrong_mlo) {
        const size_t size = TEST_IMAGE_MLO_HEAD + 120000;
        uint8_t swapped[32] = {0, 0, 0, 0x40, 0, 0, 0, 0x0c};
        uint8_t *mlo = new_image(size);

        test_image_begin_mlo(mlo, 10000);
        write_file("MLO", mlo, 9999, 9999);
        check_refused(FIRMWARE_SPL, "MLO", "shorter than its header says");
        write_file("MLO", mlo, 515, 515);
        check_refused(FIRMWARE_SPL, "MLO", "ends inside its header");
        test_image_begin_mlo(mlo, 520);
        write_file("MLO", mlo, 10000, 10000);
        check_refused(FIRMWARE_SPL, "MLO", "nothing behind it");

        /* 111616 bytes fit, one more does not. */
        test_image_begin_mlo(mlo, 520 + 111616);
        write_file("MLO", mlo, 520 + 111616, 520 + 111616);
        firmware_free(check_accepted(FIRMWARE_SPL, "MLO", 111616));
        test_image_begin_mlo(mlo, 520 + 111617);
        write_file("MLO", mlo, 520 + 111617, 520 + 111617);
        check_refused(FIRMWARE_SPL, "MLO", "at most 111616");

        test_image_begin_mlo(mlo, 50000);
        mlo[518] = 0x20; /* an OMAP3's */
        write_file("MLO", mlo, 50000, 50000);
        check_refused(FIRMWARE_SPL, "MLO", "another SoC (loaded to 0x40200400");

        memcpy(swapped + 20, "ESHCNITT", 8);
        write_file("MLO.byteswap", swapped, sizeof(swapped), 110248);
        check_refused(FIRMWARE_SPL, "MLO.byteswap", "SPI");
        check_refused(FIRMWARE_U_BOOT, "MLO.byteswap", "is an MLO and not U-Boot");
        free(mlo);
}
END_TEST

START_TEST(test_warns_of_an_spl_without_usb) {
        uint8_t head[TEST_IMAGE_SPL_HEAD];
        Firmware *f;

        write_file("u-boot-spl.bin", raw_spl, sizeof(raw_spl), 1000);
        f = check_accepted(FIRMWARE_SPL, "u-boot-spl.bin", 1000);
        ck_assert_ptr_nonnull(strstr(f->warning, "CONFIG_SPL_USB_ETHER"));
        ck_assert_ptr_null(f->note);
        firmware_free(f);

        test_image_begin_spl(head);
        write_file("u-boot-spl.bin", head, sizeof(head), 1000);
        f = check_accepted(FIRMWARE_SPL, "u-boot-spl.bin", 1000);
        ck_assert_ptr_null(f->warning);
        firmware_free(f);
}
END_TEST

START_TEST(test_refuses_swapped_and_foreign_files) {
        static const char page[] = "\n <!doctype html>\n<title>404</title>\xc3\xa4";
        static const char script[] = "#!/bin/sh\n\techo these are not the bytes\n";
        uint8_t legacy[100] = {}, elf[20] = "\177ELF\001\001\001", banner[200] = {0x0f, 0, 0, 0xea};

        test_image_begin_legacy(legacy, sizeof(legacy));
        write_file("u-boot.img", legacy, sizeof(legacy), sizeof(legacy));
        check_refused(FIRMWARE_SPL, "u-boot.img", "swapped?");
        write_file("u-boot-spl.bin", raw_spl, sizeof(raw_spl), 1000);
        check_refused(FIRMWARE_U_BOOT, "u-boot-spl.bin", "--u-boot wants u-boot.img");
        memcpy(banner + 100, "\nU-Boot SPL 2023.01", 20);
        write_file("u-boot-spl.bin", banner, sizeof(banner), 1000);
        check_refused(FIRMWARE_U_BOOT, "u-boot-spl.bin", "swapped?");
        write_file("u-boot.bin", banner, sizeof(banner), 200000);
        check_refused(FIRMWARE_U_BOOT, "u-boot.bin", "not u-boot.bin");

        elf[18] = 40;
        write_file("u-boot-spl", elf, sizeof(elf), 1000);
        check_refused(FIRMWARE_SPL, "u-boot-spl", "is an ELF file, which");
        check_refused(FIRMWARE_U_BOOT, "u-boot-spl", "is an ELF file, which");
        elf[18] = 183;
        write_file("u-boot-spl", elf, sizeof(elf), 1000);
        check_refused(FIRMWARE_SPL, "u-boot-spl", "another processor (64-bit ARM)");
        elf[5] = 2;
        elf[18] = 0;
        elf[19] = 20;
        write_file("u-boot-spl", elf, sizeof(elf), 1000);
        check_refused(FIRMWARE_U_BOOT, "u-boot-spl", "another processor (PowerPC)");
        write_file("u-boot-spl", elf, 19, 19);
        check_refused(FIRMWARE_U_BOOT, "u-boot-spl", "is an ELF file, which");

        write_file("page", page, sizeof(page) - 1, sizeof(page) - 1);
        check_refused(FIRMWARE_SPL, "page", "web page");
        check_refused(FIRMWARE_U_BOOT, "page", "web page");
        write_file("script", script, sizeof(script) - 1, sizeof(script) - 1);
        check_refused(FIRMWARE_SPL, "script", "text file");
        check_refused(FIRMWARE_U_BOOT, "script", "text file");

        write_file("short", "\x27\x05", 2, 2);
        check_refused(FIRMWARE_U_BOOT, "short", "no image");
        firmware_free(check_accepted(FIRMWARE_SPL, "short", 2));
}
END_TEST

START_TEST(test_refuses_what_is_packed) {
        static const struct {
                const char *magic;
                size_t size;
                const char *name, *command;
        } packed[] = {
                {"\x1f\x8b\x08", 3, "gzip", "gunzip"},
                {"\xfd\x37zXZ\0", 6, "xz", "unxz"},
                {"\x28\xb5\x2f\xfd", 4, "zstd", "unzstd"},
                {"BZh9\x31", 5, "bzip2", "bunzip2"},
                {"\x04\x22\x4d\x18", 4, "lz4", "unlz4"},
                {"PK\x03\x04", 4, "zip", "unzip"},
                {"!<arch>\ndebian-binary", 21, "Debian package", "dpkg-deb"},
        };

        for (size_t i = 0; i < ELEMENTSOF(packed); i++) {
                write_file("packed", packed[i].magic, packed[i].size, 300000);
                check_refused(FIRMWARE_SPL, "packed", packed[i].name);
                check_refused(FIRMWARE_SPL, "packed", packed[i].command);
                check_refused(FIRMWARE_U_BOOT, "packed", packed[i].name);
        }
}
END_TEST

START_TEST(test_refuses_what_may_not_be_read) {
        write_file("secret", raw_spl, sizeof(raw_spl), 100);
        ck_assert_int_eq(chmod(in_folder("secret"), 0), 0);
        ck_assert_int_eq(chmod(folder, 0755), 0);
        if (geteuid() == 0)
                ck_assert_int_eq(seteuid(65534), 0);
        check_refused(FIRMWARE_SPL, "secret", "Permission denied; copy it");
        if (getuid() == 0)
                ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(test_refuses_what_changes) {
        write_file("growing", raw_spl, sizeof(raw_spl), 100);
        on_read = grow;
        check_refused(FIRMWARE_SPL, "growing", "changed while it was read");
        write_file("shrinking", raw_spl, sizeof(raw_spl), 100);
        on_read = shrink;
        check_refused(FIRMWARE_SPL, "shrinking", "changed while it was read");
        write_file("rewritten", raw_spl, sizeof(raw_spl), 100);
        on_read = touch;
        check_refused(FIRMWARE_SPL, "rewritten", "changed while it was read");
        on_read = NULL;
        firmware_free(check_accepted(FIRMWARE_SPL, "rewritten", 100));
}
END_TEST

START_TEST(test_refuses_standard_input) {
        char *reason = NULL;
        Firmware *f;

        ck_assert_int_lt(firmware_open(FIRMWARE_SPL, "-", soc_find("am335x"), &reason, &f), 0);
        ck_assert_ptr_nonnull(strstr(reason, "standard input"));
        free(reason);
}
END_TEST

START_TEST(test_legacy_image) {
        uint8_t *image = new_image(2000);

        test_image_begin_legacy(image, 1064);
        write_file("u-boot.img", image, 1064, 1064);
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", 1064));
        write_file("u-boot.img", image, 2000, 2000); /* padded */
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", 2000));
        write_file("u-boot.img", image, 1063, 1063);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "shorter than its header says");
        write_file("u-boot.img", image, 20, 20);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "ends inside its header");

        image[1063] ^= 1;
        write_file("u-boot.img", image, 1064, 1064);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "checksum of its data is wrong");
        image[1063] ^= 1;
        image[40] ^= 1;
        write_file("u-boot.img", image, 1064, 1064);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "header's checksum is wrong");
        test_image_begin_legacy(image, TEST_IMAGE_LEGACY_HEAD);
        write_file("u-boot.img", image, 1064, 1064);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "nothing behind it");
        free(image);
}
END_TEST

START_TEST(test_legacy_image_of_something_else) {
        static const struct {
                size_t at;
                uint8_t value;
                const char *part;
        } wrong[] = {
                {29, 22, "another processor (64-bit ARM)"},
                {29, 7, "another processor (PowerPC)"},
                {29, 0, "another processor (another"},
                {29, 255, "another processor (another"},
                {30, 6, "holds a script and not U-Boot"},
                {30, 3, "holds a RAM disk and not U-Boot"},
        };
        uint8_t image[1000] = {};

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                test_image_begin_legacy(image, sizeof(image));
                image[wrong[i].at] = wrong[i].value;
                test_image_seal_legacy(image);
                write_file("u-boot.img", image, sizeof(image), sizeof(image));
                check_refused(FIRMWARE_U_BOOT, "u-boot.img", wrong[i].part);
        }
}
END_TEST

#define DATA_SIZE 100

/* A FIT of @spec in @image, its data behind the tree where it says. */
static size_t make_fit(uint8_t image[static 1000], const TestFit *spec) {
        size_t total;

        memset(image, 0, 1000);
        total = test_image_make_fit(image, 1000, spec);
        if (spec->where && streq(spec->where, "data-position"))
                memcpy(image + spec->at, spec->data, spec->size);
        else if (spec->where)
                memcpy(image + ((total + 3) & ~(size_t) 3) + spec->at, spec->data, spec->size);
        return total;
}

static uint8_t fit_data[DATA_SIZE];
static const TestFit good_fit = {
        .arch = "arm", .where = "data-offset", .data = fit_data, .size = DATA_SIZE};

START_TEST(test_fit) {
        uint8_t image[1000];
        TestFit spec = good_fit;
        size_t total, start;

        memset(fit_data, 0x5a, sizeof(fit_data));
        spec.at = 8;
        total = make_fit(image, &spec);
        start = (total + 3) & ~(size_t) 3;
        write_file("u-boot.img", image, start + 8 + DATA_SIZE, start + 8 + DATA_SIZE);
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", start + 8 + DATA_SIZE));
        write_file("u-boot.img", image, start + 7 + DATA_SIZE, start + 7 + DATA_SIZE);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "shorter than its image tree says");
        image[start + 8] ^= 1;
        write_file("u-boot.img", image, 1000, 1000);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "checksum of an image in it is wrong");

        spec.where = "data-position";
        spec.at = 800;
        make_fit(image, &spec);
        write_file("u-boot.img", image, 900, 900);
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", 900));
        write_file("u-boot.img", image, 899, 899);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "shorter than its image tree says");

        /* In the tree. */
        spec.where = NULL;
        spec.arch = NULL;
        total = make_fit(image, &spec);
        write_file("u-boot.img", image, total, total);
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", total));
        spec.is_crc_wrong = true;
        total = make_fit(image, &spec);
        write_file("u-boot.img", image, total, total);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "checksum of an image in it is wrong");
}
END_TEST

START_TEST(test_fit_of_something_else) {
        uint8_t image[1000];
        TestFit spec = good_fit;
        size_t total;

        spec.arch = "arm64";
        make_fit(image, &spec);
        write_file("u-boot.img", image, 1000, 1000);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "another processor (arm64)");
        check_refused(FIRMWARE_SPL, "u-boot.img", "swapped?");

        spec = (TestFit){.is_device_tree = true};
        total = test_image_make_fit(image, sizeof(image), &spec);
        write_file("board.dtb", image, total, total);
        check_refused(FIRMWARE_U_BOOT, "board.dtb", "is a device tree and not U-Boot");

        spec = good_fit;
        spec.data = NULL;
        spec.size = 0;
        spec.where = NULL;
        total = test_image_make_fit(image, sizeof(image), &spec);
        write_file("u-boot.img", image, total, total);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "an image in it has no data");
}
END_TEST

/* Without a file, since there are many. The caller frees the reason: NULL, if it is accepted. */
static char *check_fit(const uint8_t *image, size_t size) {
        Firmware f = {.kind = FIRMWARE_U_BOOT, .path = path, .size = size};
        char *reason = NULL;
        int r;

        f.data = malloc(size); /* so that a sanitizer sees what lies behind */
        ck_assert_ptr_nonnull(f.data);
        memcpy(f.data, image, size);
        r = firmware_check(&f, soc_find("am335x"), &reason);
        ck_assert_int_eq(r < 0, reason != NULL);
        free(f.data);
        return reason;
}

START_TEST(test_fit_cut_anywhere) {
        uint8_t image[1000];
        size_t total = make_fit(image, &good_fit);

        for (size_t size = 4; size < total + DATA_SIZE; size++) {
                char *reason = check_fit(image, size);

                ck_assert_ptr_nonnull(strstr(reason, "damaged or incomplete"));
                free(reason);
        }
}
END_TEST

/* Each byte of a tree in turn is every kind of wrong: no crash, no endless loop, a verdict. */
START_TEST(test_fit_with_wrong_bytes) {
        static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
        uint8_t image[1000];
        size_t total = make_fit(image, &good_fit);

        for (size_t i = 4; i < total; i++)
                for (size_t j = 0; j < ELEMENTSOF(values); j++) {
                        uint8_t saved = image[i];

                        image[i] = values[j];
                        free(check_fit(image, sizeof(image)));
                        image[i] = saved;
                }
        /* A property so long that what follows it is that property again, or lies before it. */
        for (size_t i = 4; i + 4 <= total; i += 4)
                for (unsigned back = 0; back <= 64; back += 4) {
                        uint8_t saved[4];

                        memcpy(saved, image + i, 4);
                        memset(image + i, 0xff, 4);
                        image[i + 3] = (uint8_t) (0xf4 - back);
                        free(check_fit(image, sizeof(image)));
                        memcpy(image + i, saved, 4);
                }
}
END_TEST

START_TEST(test_names) {
        char long_name[FIRMWARE_NAME_LEN_MAX + 2] = "";
        Firmware *a, *b;

        write_file("spl image", raw_spl, sizeof(raw_spl), 100);
        a = check_accepted(FIRMWARE_SPL, "spl image", 100);
        ck_assert_str_eq(a->name, "spl.bin");
        firmware_free(a);

        memset(long_name, 'x', sizeof(long_name) - 1);
        write_file(long_name, raw_spl, sizeof(raw_spl), 100);
        a = check_accepted(FIRMWARE_SPL, long_name, 100);
        ck_assert_str_eq(a->name, "spl.bin");
        firmware_free(a);

        long_name[FIRMWARE_NAME_LEN_MAX] = '\0';
        write_file(long_name, raw_spl, sizeof(raw_spl), 100);
        a = check_accepted(FIRMWARE_SPL, long_name, 100);
        ck_assert_str_eq(a->name, long_name);

        /* Two of the same name, from two folders. */
        b = check_accepted(FIRMWARE_SPL, long_name, 100);
        b->kind = FIRMWARE_U_BOOT;
        firmware_make_names_distinct(a, b);
        ck_assert_str_eq(a->name, "spl.bin");
        ck_assert_str_eq(b->name, "u-boot.img");
        firmware_make_names_distinct(NULL, b);
        firmware_make_names_distinct(a, NULL);
        ck_assert_str_eq(b->name, "u-boot.img");
        firmware_free(a);
        firmware_free(b);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                test_accepts_a_raw_spl,
                test_refuses_what_is_no_file,
                test_refuses_what_is_too_large,
                test_takes_the_header_off_an_mlo,
                test_takes_all_of_the_spl_of_an_older_mlo,
                test_refuses_a_wrong_mlo,
                test_warns_of_an_spl_without_usb,
                test_refuses_swapped_and_foreign_files,
                test_refuses_what_is_packed,
                test_refuses_what_may_not_be_read,
                test_refuses_what_changes,
                test_refuses_standard_input,
                test_legacy_image,
                test_legacy_image_of_something_else,
                test_fit,
                test_fit_of_something_else,
                test_fit_cut_anywhere,
                test_fit_with_wrong_bytes,
                test_names,
        };
        Suite *suite = suite_create("firmware");
        TCase *tcase = tcase_create("firmware");
        SRunner *runner;
        int n_failed;

        /* Each test in a folder of its own. */
        tcase_add_checked_fixture(tcase, make_folder, remove_folder);
        for (size_t i = 0; i < ELEMENTSOF(tests); i++)
                tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        n_failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
