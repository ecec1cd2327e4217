/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "station-config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check-main.h"

#define PATH "pci-0000:00:14.0-usb-0:1.4"

/* What every file needs, in three lines. */
#define NEEDED "soc: am335x\nspl: /s\nu-boot: /u\n"

#define EXPECTED_PORT_ITEM                                            \
        "a port's ID_PATH as 'snagctl list' shows it, such as '" PATH \
        "', in which * ? and [] may "                                 \
        "stand for others"
#define EXPECTED_PORT "expected " EXPECTED_PORT_ITEM
#define EXPECTED_KEY                                                                               \
        "xpected one of 'soc', 'spl', 'u-boot', 'ports', 'retry', 'max', 'then', 'then-timeout', " \
        "'record'"
#define EXPECTED_FILE "expected the name of a file, from '/' on"

static StationConfig config;

static void parse(const char *text) {
        YamlMistakes mistakes = {};
        int r;

        station_config_done(&config);
        r = station_config_parse("f", "bench", (const uint8_t *) text, strlen(text), &mistakes,
                                 &config);
        ck_assert_msg(r == 0, "%s", mistakes.n_kept > 0 ? mistakes.sentences[0] : "");
        ck_assert_uint_eq(mistakes.n, 0);
}

/* All the mistakes, a line each. */
static void check_refused(const char *text, size_t size, const char *sentences) {
        StationConfig untouched = {.max = 12345};
        YamlMistakes mistakes = {};
        char all[8192] = "";

        ck_assert_int_eq(station_config_parse("f", "bench", (const uint8_t *) text, size, &mistakes,
                                              &untouched),
                         -EBADMSG);
        ck_assert_uint_eq(untouched.max, 12345);
        ck_assert_uint_eq(mistakes.n, mistakes.n_kept);
        for (size_t i = 0; i < mistakes.n; i++) {
                size_t len = strlen(all);

                (void) snprintf(all + len, sizeof(all) - len, "%s\n", mistakes.sentences[i]);
        }
        ck_assert_str_eq(all, sentences);
        yaml_mistakes_done(&mistakes);
}

#define REFUSED(text, sentences) check_refused(text, STRLEN(text), sentences)

START_TEST(test_least) {
        parse(NEEDED);
        ck_assert_str_eq(config.name, "bench");
        ck_assert_str_eq(config.soc->name, "am335x");
        ck_assert_str_eq(config.paths[FIRMWARE_SPL], "/s");
        ck_assert_str_eq(config.paths[FIRMWARE_U_BOOT], "/u");
        ck_assert_ptr_null(config.ports);
        ck_assert_ptr_null(config.then);
        ck_assert_int_eq(config.n_retries, -1);
        ck_assert_uint_eq(config.max, 0);
        ck_assert_uint_eq(config.then_timeout_usec, 0);
        ck_assert_str_eq(config.record, "/var/lib/snagctl/bench.jsonl");
        station_config_done(&config);
        station_config_done(&config);
}
END_TEST

START_TEST(test_everything) {
        parse("# the rack by the window\n"
              "soc: AM4378\n"
              "spl: {path: /srv/boot/u-boot-spl.bin}\n"
              "u-boot:\n  path: \"/srv/boot/u boot.img\"\n"
              "ports:\n  - " PATH "\n  - 'pci-0000:00:14.0-usb-0:2.*'\n"
              "retry: 2\n"
              "max: 64\n"
              "then: [fastboot, -s, 'usb:$X', '', 5]\n"
              "then-timeout: 1.5\n"
              "record: /srv/log/bench.jsonl\n");
        ck_assert_str_eq(config.soc->name, "am437x");
        ck_assert_str_eq(config.paths[FIRMWARE_SPL], "/srv/boot/u-boot-spl.bin");
        ck_assert_str_eq(config.paths[FIRMWARE_U_BOOT], "/srv/boot/u boot.img");
        ck_assert_str_eq(config.ports[0], PATH);
        ck_assert_str_eq(config.ports[1], "pci-0000:00:14.0-usb-0:2.*");
        ck_assert_ptr_null(config.ports[2]);
        ck_assert_int_eq(config.n_retries, 2);
        ck_assert_uint_eq(config.max, 64);
        ck_assert_str_eq(config.then[0], "fastboot");
        ck_assert_str_eq(config.then[2], "usb:$X");
        ck_assert_str_eq(config.then[3], "");
        ck_assert_str_eq(config.then[4], "5");
        ck_assert_ptr_null(config.then[5]);
        ck_assert_uint_eq(config.then_timeout_usec, 1500 * USEC_PER_MSEC);
        ck_assert_str_eq(config.record, "/srv/log/bench.jsonl");
        station_config_done(&config);
}
END_TEST

/* What the whole is for: somebody corrects a file once, and not once for each mistake. */
START_TEST(test_every_mistake_at_once) {
        REFUSED("soc: am35x\n"
                "spll: /s\n"
                "u-boot: u-boot.img\n"
                "ports: [1-1.4, " PATH ", 'a b']\n"
                "retry: many\n"
                "retry: 3\n"
                "max: 0\n"
                "then: fastboot reboot\n"
                "then-timeout: 0\n"
                "record: []\n",
                "f:1:6: unknown SoC 'am35x'; did you mean 'am335x'?\n"
                "f:2:1: unknown key 'spll'; did you mean 'spl'? E" EXPECTED_KEY "\n"
                "f:3:9: 'u-boot.img' begins nowhere; " EXPECTED_FILE "\n"
                "f:4:9: '1-1.4' goes by the number of a bus, which may be another one after a "
                "boot; " EXPECTED_PORT " (without 'ports': every port)\n"
                "f:4:44: 'a b' is no port; " EXPECTED_PORT "\n"
                "f:5:8: 'many' is none for 'retry'; expected a whole number from 0 to 100\n"
                "f:6:1: 'retry' is there again; expected it once (first in line 5)\n"
                "f:7:6: '0' is none for 'max'; expected a whole number from 1 to 64\n"
                "f:8:7: 'then' has a word; expected a list, the program and each of its arguments "
                "an item, as no shell reads it: [fastboot, reboot]\n"
                "f:9:15: '0' is no time; expected seconds, more than 0 and at most a day (86400)\n"
                "f:10:9: 'record' has a list; " EXPECTED_FILE "\n"
                "f:1:1: there is no 'spl'; expected 'spl: FILE'\n");
}
END_TEST

START_TEST(test_missing_keys) {
        REFUSED("\nretry: 1\n", "f:2:1: there is no 'soc'; expected 'soc: am335x', or another one\n"
                                "f:2:1: there is no 'spl'; expected 'spl: FILE'\n"
                                "f:2:1: there is no 'u-boot'; expected 'u-boot: FILE'\n");
        REFUSED("", "f:1:1: nothing in it; expected 'soc:', 'spl:' and 'u-boot:'\n");
        REFUSED(NEEDED "u-boot: {path: /v}\n",
                "f:4:1: 'u-boot' is there again; expected it once (first in line 3)\n");
        /* A key with a mistake is there. */
        REFUSED("soc:\nspl: ~\nu-boot: {}\n",
                "f:1:5: 'soc' has nothing; expected am335x, am437x\n"
                "f:2:6: 'spl' has nothing; " EXPECTED_FILE "\n"
                "f:3:9: 'u-boot' has no 'path'; expected 'path: FILE'\n");
}
END_TEST

START_TEST(test_images) {
        REFUSED("soc: am335x\nspl: {paht: /s, path: /a, path: /b}\nu-boot: {path: [/u]}\n",
                "f:2:7: unknown key 'paht'; did you mean 'path'? Expected 'path'\n"
                "f:2:27: 'path' is there again; expected it once (first in line 2)\n"
                "f:3:16: 'path' has a list; " EXPECTED_FILE "\n");
        REFUSED("soc: [am335x]\nspl: ''\nu-boot: \"/a\\0b\"\n",
                "f:1:6: 'soc' has a list; expected am335x, am437x\n"
                "f:2:6: 'spl' has nothing; " EXPECTED_FILE "\n"
                "f:3:9: 'u-boot' has a word; " EXPECTED_FILE "\n");
}
END_TEST

START_TEST(test_ports) {
        REFUSED(NEEDED "ports: 1-1.4\n",
                "f:4:8: 'ports' has a word; expected a list, each item of it " EXPECTED_PORT_ITEM
                "\n");
        REFUSED(NEEDED "ports: []\n", "f:4:8: 'ports' has an empty list; expected a list, each "
                                      "item of it " EXPECTED_PORT_ITEM "\n");
        REFUSED(NEEDED "ports:\n  - " PATH ":1.0\n  -\n  - [x]\n  - '*'\n",
                "f:5:5: '" PATH ":1.0' is an interface of a board; expected its port, '" PATH "'\n"
                "f:6:4: a port has nothing; " EXPECTED_PORT "\n"
                "f:7:5: a port has a list; " EXPECTED_PORT "\n"
                "f:8:5: '*' goes by the number of a bus, which may be another one after a "
                "boot; " EXPECTED_PORT " (without 'ports': every port)\n");
}
END_TEST

START_TEST(test_then) {
        parse(NEEDED "then: [/usr/bin/true]\n");
        parse(NEEDED "then:\n- 'null'\n- 'null'\n");
        ck_assert_str_eq(config.then[1], "null");
        station_config_done(&config);

        REFUSED(NEEDED "then: [bin/flash, ~, {}]\n",
                "f:4:8: 'bin/flash' begins nowhere; expected a program: its file from '/' on, or a "
                "name without '/'\n"
                "f:4:19: an argument has nothing; expected a word (quotes make any text one)\n"
                "f:4:22: an argument has a mapping; expected a word (quotes make any text one)\n");
        REFUSED(NEEDED "then: ['', x]\n",
                "f:4:8: 'then' has nothing; expected a program: its file from '/' on, or a name "
                "without '/'\n");
        REFUSED(NEEDED "then: &a [x, *a]\n",
                "f:4:7: an argument has a list; expected a word (quotes make any text one)\n");
}
END_TEST

START_TEST(test_numbers) {
        REFUSED(NEEDED "retry: 101\nmax: 65\nthen-timeout: 86401\n",
                "f:4:8: '101' is none for 'retry'; expected a whole number from 0 to 100\n"
                "f:5:6: '65' is none for 'max'; expected a whole number from 1 to 64\n"
                "f:6:15: '86401' is no time; expected seconds, more than 0 and at most a day "
                "(86400)\n");
        REFUSED(NEEDED "retry: -1\nmax: 1.5\nthen-timeout: 5 min\n",
                "f:4:8: '-1' is none for 'retry'; expected a whole number from 0 to 100\n"
                "f:5:6: '1.5' is none for 'max'; expected a whole number from 1 to 64\n"
                "f:6:15: '5 min' is no time; expected seconds, more than 0 and at most a day "
                "(86400)\n");
}
END_TEST

START_TEST(test_no_yaml) {
        REFUSED("soc: am335x\nspl: [\n", "f:3:1: not YAML: did not find expected node content "
                                         "while parsing a flow node\n");
        REFUSED("- soc\n", "f:1:1: a list; expected 'soc:', 'spl:' and 'u-boot:'\n");
        REFUSED(NEEDED "---\nsoc: am335x\n", "f:5:1: a second document; expected one\n");
}
END_TEST

/* More mistakes than anybody reads are counted, not kept. */
START_TEST(test_many_mistakes) {
        YamlMistakes mistakes = {};
        char text[4096] = "";

        for (unsigned i = 0; i < 2 * YAML_MISTAKES_MAX; i++) {
                size_t len = strlen(text);

                (void) snprintf(text + len, sizeof(text) - len, "key%u: x\n", i);
        }
        ck_assert_int_eq(station_config_parse("f", "bench", (const uint8_t *) text, strlen(text),
                                              &mistakes, &config),
                         -EBADMSG);
        ck_assert_uint_eq(mistakes.n_kept, YAML_MISTAKES_MAX);
        ck_assert_uint_eq(mistakes.n, 2 * YAML_MISTAKES_MAX + 3);
        yaml_mistakes_done(&mistakes);
}
END_TEST

START_TEST(test_names) {
        char longest[STATION_NAME_LEN_MAX + 2];

        ck_assert(station_name_is_valid("bench"));
        ck_assert(station_name_is_valid("0.a_B-c"));
        ck_assert(!station_name_is_valid(""));
        ck_assert(!station_name_is_valid(".."));
        ck_assert(!station_name_is_valid("-h"));
        ck_assert(!station_name_is_valid("a/b"));
        ck_assert(!station_name_is_valid("a\\x2fb"));
        ck_assert(!station_name_is_valid("a b"));
        ck_assert(!station_name_is_valid("b\xc3\xa4nk"));

        memset(longest, 'a', sizeof(longest));
        longest[STATION_NAME_LEN_MAX + 1] = '\0';
        ck_assert(!station_name_is_valid(longest));
        longest[STATION_NAME_LEN_MAX] = '\0';
        ck_assert(station_name_is_valid(longest));
}
END_TEST

static void check_not_loaded(const char *station, int error, const char *sentence) {
        StationConfig untouched = {};
        YamlMistakes mistakes = {};

        ck_assert_int_eq(station_config_load(station, &mistakes, &untouched), error);
        ck_assert_uint_eq(mistakes.n_kept, 1);
        ck_assert_str_eq(mistakes.sentences[0], sentence);
        yaml_mistakes_done(&mistakes);
}

START_TEST(test_load) {
        char folder[] = "/tmp/test-station-config-XXXXXX", path[128], sentence[256];
        YamlMistakes mistakes = {};
        int fd;

        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) snprintf(path, sizeof(path), "%s/rack-2.yaml", folder);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, NEEDED, STRLEN(NEEDED)), STRLEN(NEEDED));
        close(fd);

        ck_assert_int_eq(station_config_load(path, &mistakes, &config), 0);
        ck_assert_str_eq(config.name, "rack-2");
        ck_assert_str_eq(config.record, "/var/lib/snagctl/rack-2.jsonl");
        station_config_done(&config);

        ck_assert_int_eq(truncate(path, STATION_CONFIG_SIZE_MAX + 1), 0);
        (void) snprintf(sentence, sizeof(sentence),
                        "'%s' has 65537 bytes, far more than a station's file", path);
        check_not_loaded(path, -EFBIG, sentence);

        ck_assert_int_eq(unlink(path), 0);
        (void) snprintf(sentence, sizeof(sentence), "cannot open '%s': No such file or directory",
                        path);
        check_not_loaded(path, -ENOENT, sentence);
        ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static void check_changes(const char *text, const char *expected) {
        char list[STATION_CHANGES_LEN_MAX];
        StationConfig before;

        parse(NEEDED "ports: [a*1, a*2]\nthen: [x, y]\n");
        before = config;
        config = (StationConfig){};
        parse(text);
        ck_assert_str_eq(station_config_list_changes(&before, &config, list), expected);
        station_config_done(&before);
        station_config_done(&config);
}

START_TEST(test_changes) {
        check_changes(NEEDED "then: [x, y]\nports:\n- a*1\n- a*2\n", "");
        check_changes("soc: am335x\nspl: /other\nu-boot: /u\nports: [a*1, a*2]\nthen: [x, y]\n", "");
        check_changes(NEEDED "ports: [a*1]\nthen: [x, z]\n", "'ports', 'then'");
        check_changes(NEEDED "ports: [a*1, a*2, a*3]\nthen: [x, y]\nretry: 0\n", "'ports', 'retry'");
        check_changes("soc: am437x\nspl: /s\nu-boot: /u\nretry: 1\nmax: 3\nthen-timeout: 5\n"
                      "record: /r\n",
                      "'soc', 'ports', 'retry', 'max', 'then', 'then-timeout', 'record'");
}
END_TEST

START_TEST(test_hostile_names) {
        check_not_loaded("..", -EINVAL,
                         "'..' is no name of a station; expected at most 64 of A-Z, a-z, 0-9, '_', "
                         "'.' and '-', the first a letter or a digit");
        check_not_loaded("/etc/snagd/stations/", -EINVAL,
                         "'' is no name of a station; expected at most 64 of A-Z, a-z, 0-9, '_', "
                         "'.' and '-', the first a letter or a digit");
        check_not_loaded("no-such-station.yaml", -ENOENT,
                         "there is no station 'no-such-station.yaml': '" STATIONS_DIR
                         "/no-such-station.yaml.yaml' is not there");
}
END_TEST

TEST_MAIN("station-config", test_least, test_everything, test_every_mistake_at_once,
          test_missing_keys, test_images, test_ports, test_then, test_numbers, test_no_yaml,
          test_many_mistakes, test_names, test_load, test_changes, test_hostile_names)
