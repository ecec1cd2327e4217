/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware-yaml.h"

#include "check-main.h"

static FirmwareYaml y;

static void parse(const char *text) {
        char *reason = NULL;
        int r;

        firmware_yaml_done(&y);
        r = firmware_yaml_parse("board.yaml", (const uint8_t *) text, strlen(text), &reason, &y);
        ck_assert_msg(r == 0, "%s", reason);
        ck_assert_ptr_null(reason);
}

static void check_refused(const char *text, size_t size, const char *sentence) {
        FirmwareYaml untouched = {.line = 12345};
        char *reason = NULL;

        ck_assert_int_eq(
                firmware_yaml_parse("b", (const uint8_t *) text, size, &reason, &untouched),
                -EBADMSG);
        ck_assert_str_eq(reason, sentence);
        ck_assert_uint_eq(untouched.line, 12345);
        free(reason);
}

#define REFUSED(text, sentence) check_refused(text, STRLEN(text), sentence)

#define EXPECTED "expected 'spl', 'u-boot' or 'paths-relative-to'"

START_TEST(test_template) {
        parse("\nspl:\n        path: spl-beagle.bin\nu-boot:\n        path: u-boot.img\n");
        ck_assert_str_eq(y.images[FIRMWARE_SPL].path, "spl-beagle.bin");
        ck_assert_uint_eq(y.images[FIRMWARE_SPL].line, 3);
        ck_assert_uint_eq(y.images[FIRMWARE_SPL].column, 15);
        ck_assert_str_eq(y.images[FIRMWARE_U_BOOT].path, "u-boot.img");
        ck_assert_ptr_null(y.relative_to.path);
        ck_assert_uint_eq(y.line, 2);
        ck_assert_uint_eq(y.column, 1);
        firmware_yaml_done(&y);
        firmware_yaml_done(&y);
}
END_TEST

START_TEST(test_inline_forms) {
        parse("{'spl': {'path': 'x y'}}");
        ck_assert_str_eq(y.images[FIRMWARE_SPL].path, "x y");
        ck_assert_ptr_null(y.images[FIRMWARE_U_BOOT].path);
        parse("{\"u-boot\":{\"path\":\"a\\u00e4\"},}");
        ck_assert_str_eq(y.images[FIRMWARE_U_BOOT].path, "a\xc3\xa4");
        firmware_yaml_done(&y);
}
END_TEST

START_TEST(test_yaml_as_people_write_it) {
        parse("%YAML 1.1\n---\n# mine\npaths-relative-to: THIS_FILE\r\n"
              "spl: &both {path: \"MLO\"} # comment\nu-boot: *both\n...\n");
        ck_assert_str_eq(y.relative_to.path, "THIS_FILE");
        ck_assert_str_eq(y.images[FIRMWARE_SPL].path, "MLO");
        ck_assert_str_eq(y.images[FIRMWARE_U_BOOT].path, "MLO");
        parse("\xef\xbb\xbfspl: {path: 5}");
        ck_assert_str_eq(y.images[FIRMWARE_SPL].path, "5");
        parse("{}"); /* what is missing is for the caller to say: another source may have it */
        ck_assert_ptr_null(y.images[FIRMWARE_SPL].path);
        parse("spl: {path: '~'}");
        ck_assert_str_eq(y.images[FIRMWARE_SPL].path, "~");
        firmware_yaml_done(&y);
}
END_TEST

START_TEST(test_unknown_keys) {
        REFUSED("spl:\n  path: x\nuboot:\n  path: y\n",
                "b:3:1: unknown key 'uboot'; did you mean 'u-boot'? Expected 'spl', 'u-boot' or "
                "'paths-relative-to'");
        REFUSED("tiboot3:\n  path: x\n", "b:1:1: unknown key 'tiboot3'; " EXPECTED);
        REFUSED("spl:\n  path: x\n  address: 0\n", "b:3:3: unknown key 'address'; expected 'path'");
        REFUSED("spl:\n  Path: x\n",
                "b:2:3: unknown key 'Path'; did you mean 'path'? Expected 'path'");
        REFUSED("? [spl]\n: x\n", "b:1:3: a list in place of a key; " EXPECTED);
        REFUSED("\"spl\\0\": x", "b:1:1: an odd word in place of a key; " EXPECTED);
}
END_TEST

START_TEST(test_repeated_keys) {
        REFUSED("spl: {path: x}\nspl: {path: y}\n",
                "b:2:1: 'spl' is there again; expected it once (first in line 1)");
        REFUSED("spl:\n  path: x\n  path: y\n",
                "b:3:9: 'path' is there again; expected it once (first in line 2)");
        REFUSED("paths-relative-to: CWD\npaths-relative-to: CWD\n",
                "b:2:20: 'paths-relative-to' is there again; expected it once (first in line 1)");
}
END_TEST

START_TEST(test_missing_keys) {
        REFUSED("u-boot: {path: y}\nspl: {}\n",
                "b:2:1: 'spl' has no 'path'; expected 'path: FILE'");
        REFUSED("", "b:1:1: nothing in it; expected 'spl:' and 'u-boot:'");
        REFUSED("# only this\n", "b:1:1: nothing in it; expected 'spl:' and 'u-boot:'");
}
END_TEST

START_TEST(test_wrong_types) {
        REFUSED("spl: u-boot-spl.bin\n", "b:1:6: 'spl' has a word; expected 'path: FILE' below it");
        REFUSED("spl:\nu-boot: {path: y}\n",
                "b:1:5: 'spl' has nothing; expected 'path: FILE' below it");
        REFUSED("spl:\n  - path: x\n", "b:2:3: 'spl' has a list; expected 'path: FILE' below it");
        REFUSED("spl:\n  path: [x]\n", "b:2:9: 'path' has a list; expected the name of a file");
        REFUSED("spl: {path: ''}", "b:1:13: 'path' has nothing; expected the name of a file");
        REFUSED("spl:\n  path:\n", "b:2:8: 'path' has nothing; expected the name of a file");
        REFUSED("spl: {path: \"a\\0b\"}", "b:1:13: 'path' has a word; expected the name of a file");
        REFUSED("paths-relative-to: {}\n",
                "b:1:20: 'paths-relative-to' has a mapping; expected CWD, THIS_FILE or a folder");
        REFUSED("- spl\n- u-boot\n", "b:1:1: a list; expected 'spl:' and 'u-boot:'");
        REFUSED("u-boot.img\n", "b:1:1: a word; expected 'spl:' and 'u-boot:'");
        REFUSED("spl: &a {path: *a}", "b:1:6: 'path' has a mapping; expected the name of a file");
}
END_TEST

START_TEST(test_no_yaml) {
        REFUSED("spl: {path: x}\n---\nu-boot: {path: y}\n",
                "b:3:1: a second document; expected one");
        REFUSED("spl:\n\tpath: x\n",
                "b:2:1: not YAML: found character that cannot start any token while scanning for "
                "the next token");
        REFUSED("{'spl': {'path': 'x'}",
                "b:2:1: not YAML: did not find expected ',' or '}' while parsing a flow mapping");
        REFUSED("spl: *nothing\n", "b:1:6: not YAML: found undefined alias");
        REFUSED("spl: {path: \xff}",
                "b: not YAML: invalid leading UTF-8 octet at byte 13; expected a text with 'spl:' "
                "and 'u-boot:'");
}
END_TEST

TEST_MAIN("firmware-yaml", test_template, test_inline_forms, test_yaml_as_people_write_it,
          test_unknown_keys, test_repeated_keys, test_missing_keys, test_wrong_types, test_no_yaml)
