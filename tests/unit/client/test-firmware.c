/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "check-main.h"
#include "fd-util.h"

static char folder[64], path[256];

static const char *in_folder(const char *name) {
        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        return path;
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

static void put_be32(uint8_t *p, uint32_t v) {
        p[0] = (uint8_t) (v >> 24);
        p[1] = (uint8_t) (v >> 16);
        p[2] = (uint8_t) (v >> 8);
        p[3] = (uint8_t) v;
}

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

START_TEST(test_refuses_an_mlo) {
        uint8_t toc[520] = {0x40, 0, 0, 0, 0x0c};
        static const uint8_t gp[] = {0xa8, 0xac, 0x01, 0x00, 0x00, 0x04, 0x2f, 0x40};
        uint8_t swapped[32] = {0, 0, 0, 0x40, 0, 0, 0, 0x0c};

        memcpy(toc + 20, "CHSETTINGS", 10);
        write_file("MLO", toc, sizeof(toc), 110248);
        check_refused(FIRMWARE_SPL, "MLO", "tail -c +521");
        check_refused(FIRMWARE_U_BOOT, "MLO", "is an MLO and not U-Boot");
        write_file("GP", gp, sizeof(gp), 109736);
        check_refused(FIRMWARE_SPL, "GP", "tail -c +9");
        memcpy(swapped + 20, "ESHCNITT", 8);
        write_file("MLO.byteswap", swapped, sizeof(swapped), 110248);
        check_refused(FIRMWARE_SPL, "MLO.byteswap", "SPI");
}
END_TEST

START_TEST(test_refuses_swapped_and_foreign_files) {
        uint8_t legacy[64] = {0x27, 0x05, 0x19, 0x56};

        write_file("u-boot.img", legacy, sizeof(legacy), 64);
        check_refused(FIRMWARE_SPL, "u-boot.img", "swapped?");
        write_file("u-boot-spl.bin", raw_spl, sizeof(raw_spl), 1000);
        check_refused(FIRMWARE_U_BOOT, "u-boot-spl.bin", "--u-boot wants u-boot.img");
        write_file("u-boot-spl", "\177ELF\001", 5, 1000);
        check_refused(FIRMWARE_SPL, "u-boot-spl", "ELF");
        check_refused(FIRMWARE_U_BOOT, "u-boot-spl", "ELF");
        write_file("short", "\x27\x05", 2, 2);
        check_refused(FIRMWARE_U_BOOT, "short", "no image");
        firmware_free(check_accepted(FIRMWARE_SPL, "short", 2));
}
END_TEST

START_TEST(test_legacy_image) {
        uint8_t legacy[64] = {0x27, 0x05, 0x19, 0x56};

        put_be32(legacy + 12, 1000);
        write_file("u-boot.img", legacy, sizeof(legacy), 1064);
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", 1064));
        write_file("u-boot.img", legacy, sizeof(legacy), 2000); /* padded */
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", 2000));
        write_file("u-boot.img", legacy, sizeof(legacy), 1063);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "shorter than its header says");
        write_file("u-boot.img", legacy, 20, 20);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "ends inside its header");
}
END_TEST

/* A tree with one image, whose @where property is @at, and 100 bytes long. */
static size_t make_fit(uint8_t fit[static 256], const char *where, uint32_t at) {
        static const char strings[] = "data-size\0data-offset\0data-position";
        uint8_t *p = fit + 40;
        size_t size_struct;

        memset(fit, 0, 256);
        put_be32(p, 1), p += 8; /* the root, without a name */
        put_be32(p, 1), memcpy(p + 4, "fw", 3), p += 8;
        put_be32(p, 4), p += 4; /* NOP */
        put_be32(p, 3), put_be32(p + 4, 4), put_be32(p + 8, 0), put_be32(p + 12, 100), p += 16;
        put_be32(p, 3), put_be32(p + 4, 4), put_be32(p + 8, streq(where, "data-offset") ? 10 : 22);
        put_be32(p + 12, at), p += 16;
        put_be32(p, 2), put_be32(p + 4, 2), put_be32(p + 8, 9), p += 12;
        size_struct = (size_t) (p - fit) - 40;
        memcpy(p, strings, sizeof(strings));
        p += sizeof(strings);

        put_be32(fit, 0xd00dfeed);
        put_be32(fit + 4, (uint32_t) (p - fit));
        put_be32(fit + 8, 40);
        put_be32(fit + 12, 40 + (uint32_t) size_struct);
        put_be32(fit + 20, 17);
        put_be32(fit + 32, sizeof(strings));
        put_be32(fit + 36, (uint32_t) size_struct);
        return (size_t) (p - fit);
}

START_TEST(test_fit_with_external_data) {
        uint8_t fit[256];
        size_t total = make_fit(fit, "data-offset", 8), start = (total + 3) & ~(size_t) 3;

        write_file("u-boot.img", fit, total, start + 8 + 100);
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", start + 108));
        write_file("u-boot.img", fit, total, start + 107);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "shorter than its image tree says");

        make_fit(fit, "data-position", 500);
        write_file("u-boot.img", fit, total, 600);
        firmware_free(check_accepted(FIRMWARE_U_BOOT, "u-boot.img", 600));
        write_file("u-boot.img", fit, total, 599);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "shorter than its image tree says");

        make_fit(fit, "data-offset", UINT32_MAX);
        write_file("u-boot.img", fit, total, 600);
        check_refused(FIRMWARE_U_BOOT, "u-boot.img", "shorter than its image tree says");
}
END_TEST

START_TEST(test_fit_cut_anywhere) {
        uint8_t fit[256];
        size_t total = make_fit(fit, "data-offset", 0);

        for (size_t size = 4; size < total + 100; size++) {
                write_file("u-boot.img", fit, MIN_OF(size, total), size);
                check_refused(FIRMWARE_U_BOOT, "u-boot.img", "damaged or incomplete");
        }
}
END_TEST

/* Each byte of a tree in turn is every kind of wrong: no crash, no endless loop, a verdict. */
START_TEST(test_fit_with_wrong_bytes) {
        static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
        uint8_t fit[256];
        size_t total = make_fit(fit, "data-offset", 0);

        for (size_t i = 4; i < total; i++)
                for (size_t j = 0; j < ELEMENTSOF(values); j++) {
                        Firmware *f = NULL;
                        char *reason = NULL;
                        uint8_t saved = fit[i];

                        fit[i] = values[j];
                        write_file("u-boot.img", fit, total, 600);
                        fit[i] = saved;
                        if (firmware_open(FIRMWARE_U_BOOT, in_folder("u-boot.img"),
                                          soc_find("am335x"), &reason, &f) == 0)
                                firmware_free(f);
                        free(reason);
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
                test_refuses_an_mlo,
                test_refuses_swapped_and_foreign_files,
                test_legacy_image,
                test_fit_with_external_data,
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
