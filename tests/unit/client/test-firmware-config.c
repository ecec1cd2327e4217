/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware-config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check-main.h"
#include "fd-util.h"

/* Each test in a working directory of its own. */
static char folder[64];

static void write_text(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        fd_close(fd);
}

static void begin(void) {
        (void) stpcpy(folder, "/tmp/test-firmware-config-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        ck_assert_int_eq(chdir(folder), 0);
        ck_assert_int_eq(mkdir("sub", 0700), 0);
}

static void end(void) {
        char command[128];

        ck_assert_int_eq(chdir("/"), 0);
        (void) snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
        ck_assert_int_eq(system(command), 0);
}

static void check_added(FirmwareConfig *c, const char *value) {
        char *reason = NULL;
        int r = firmware_config_add(c, value, &reason);

        ck_assert_msg(r == 0, "%s", reason);
}

static void check_refused(const char *value, const char *sentence) {
        FirmwareConfig c = {};
        char *reason = NULL;

        ck_assert_int_lt(firmware_config_add(&c, value, &reason), 0);
        ck_assert_str_eq(reason, sentence);
        free(reason);
        ck_assert_ptr_null(c.paths[FIRMWARE_SPL]);
        firmware_config_done(&c);
}

static void check_spl(const char *value, const char *path, const char *note) {
        FirmwareConfig c = {};

        check_added(&c, value);
        ck_assert_str_eq(c.paths[FIRMWARE_SPL], path);
        ck_assert_pstr_eq(c.notes[FIRMWARE_SPL], note);
        ck_assert_ptr_null(c.paths[FIRMWARE_U_BOOT]);
        firmware_config_done(&c);
}

START_TEST(test_beside_the_file) {
        begin();
        write_text("board.yaml", "spl: {path: a}");
        write_text("sub/board.yaml", "spl: {path: a}");
        check_spl("board.yaml", "a", NULL); /* to be missed when it is opened */
        check_refused("sub/board.yaml",
                      "sub/board.yaml:1:13: there is no file 'a', neither beside this file nor in "
                      "the working directory");

        write_text("a", "here");
        check_spl("board.yaml", "a", NULL);
        check_spl("sub/board.yaml", "a",
                  "'a' is the one in the working directory: there is none beside "
                  "'sub/board.yaml'");
        write_text("sub/a", "there");
        check_spl("sub/board.yaml", "sub/a",
                  "'a' is the one beside 'sub/board.yaml', not the one in the working directory "
                  "(which Snagboot would take)");
        ck_assert_int_eq(unlink("a"), 0);
        check_spl("sub/board.yaml", "sub/a", NULL);
        ck_assert_int_eq(link("sub/a", "a"), 0); /* the same file: no matter */
        check_spl("sub/board.yaml", "sub/a", NULL);

        write_text("sub/board.yaml", "spl: {path: /no/where}");
        check_spl("sub/board.yaml", "/no/where", NULL);
        end();
}
END_TEST

START_TEST(test_paths_relative_to) {
        begin();
        write_text("sub/cwd.yaml", "spl: {path: a}\npaths-relative-to: CWD");
        check_spl("sub/cwd.yaml", "a", NULL);
        write_text("sub/this.yaml", "paths-relative-to: THIS_FILE\nspl: {path: a}");
        check_spl("sub/this.yaml", "sub/a", NULL);
        write_text("this.yaml", "paths-relative-to: THIS_FILE\nspl: {path: a}");
        check_spl("this.yaml", "a", NULL);
        write_text("sub/folder.yaml", "paths-relative-to: /srv/images\nspl: {path: a}");
        check_spl("sub/folder.yaml", "/srv/images/a", NULL);
        write_text("sub/folder.yaml", "paths-relative-to: /srv/images\nspl: {path: /a}");
        check_spl("sub/folder.yaml", "/a", NULL);

        check_spl("{'spl': {'path': 'a'}, 'paths-relative-to': 'x'}", "x/a", NULL);
        check_refused("{'spl': {'path': 'a'}, 'paths-relative-to': 'THIS_FILE'}",
                      "--firmware:1:45: THIS_FILE, but this is no file; expected CWD or a folder");
        end();
}
END_TEST

START_TEST(test_later_ones_override) {
        FirmwareConfig c = {};

        begin();
        write_text("board.yaml", "\nspl: {path: a}\nu-boot: {path: b}");
        check_added(&c, "board.yaml");
        ck_assert_str_eq(c.place, "board.yaml:2:1");
        check_added(&c, " {'spl': {'path': 'c'}}");
        ck_assert_str_eq(c.paths[FIRMWARE_SPL], "c");
        ck_assert_str_eq(c.paths[FIRMWARE_U_BOOT], "b");
        ck_assert_str_eq(c.place, "--firmware:1:2");
        firmware_config_done(&c);
        end();
}
END_TEST

START_TEST(test_files_that_cannot_be_read) {
        int fd;

        begin();
        check_refused("none.yaml", "cannot open 'none.yaml': No such file or directory");
        check_refused("sub", "'sub' is a directory; name the file in it");
        check_refused("-", "'-': standard input is not read; save it to a file first, and name "
                           "that");
        write_text("empty.yaml", "");
        check_refused("empty.yaml", "'empty.yaml' is empty");
        fd = open("huge.yaml", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_eq(ftruncate(fd, FIRMWARE_YAML_SIZE_MAX + 1), 0);
        fd_close(fd);
        check_refused("huge.yaml",
                      "'huge.yaml' has 65537 bytes, far more than a firmware configuration");
        check_refused("{", "--firmware:2:1: not YAML: did not find expected node content while "
                           "parsing a flow node");
        end();
}
END_TEST

TEST_MAIN("firmware-config", test_beside_the_file, test_paths_relative_to, test_later_ones_override,
          test_files_that_cannot_be_read)
