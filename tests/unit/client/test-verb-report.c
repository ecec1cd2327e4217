/* SPDX-License-Identifier: GPL-2.0-or-later */

/* 'snagctl report', from files to text, JSON and picture. */

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "check-main.h"
#include "fd-util.h"
#include "record.h"
#include "station-config.h"
#include "verb.h"

static char folder[64], path[96], svg_path[96];
static char out[65536], err[65536];
static Progress *progress;
static int out_fd, err_fd;

static void set_up(void) {
        (void) setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        tzset();
        (void) stpcpy(folder, "/tmp/test-report-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) snprintf(path, sizeof(path), "%s/record.jsonl", folder);
        (void) snprintf(svg_path, sizeof(svg_path), "%s/picture.svg", folder);
        out_fd = memfd_create("out", MFD_CLOEXEC);
        err_fd = memfd_create("err", MFD_CLOEXEC);
        ck_assert_int_eq(progress_new(out_fd, err_fd, &progress), 0);
}

static void tear_down(void) {
        char command[128];

        progress = progress_free(progress);
        out_fd = fd_close(out_fd);
        err_fd = fd_close(err_fd);
        (void) snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
        ck_assert_int_eq(system(command), 0);
}

static void read_back(int fd, char *buffer, size_t size) {
        ssize_t n = pread(fd, buffer, size - 1, 0);

        ck_assert_int_ge(n, 0);
        buffer[n] = '\0';
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
}

static void run(ExitStatus wanted, const char *const *args) {
        ExitStatus status = verb_report((char *const *) args, progress);

        read_back(out_fd, out, sizeof(out));
        read_back(err_fd, err, sizeof(err));
        ck_assert_msg(status == wanted, "status %d: %s", (int) status, err);
}

#define RUN(status, ...) \
        run(EXIT_STATUS_##status, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void append_bytes(const char *bytes, size_t size) {
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, bytes, size), (ssize_t) size);
        fd_close(fd);
}

static void append_text(const char *text) {
        append_bytes(text, strlen(text));
}

static const RecordStage stages[] = {
        {STAGE_ROM, {1000000, 1744000, 1743000, 1746000, 1760000, 2209000}, 1, 215, 109736, 0},
        {STAGE_SPL, {3909000, 4409000, 4468000, 4470000, 4510000, 5464000}, 2, 515, 755576, 0},
};

static const RecordStage broken_stages[] = {
        {STAGE_ROM, {1000000, 1744000, 1743000, 1746000, 1760000, 0}, 1, 70, 35840, 5},
};

/* An attempt on 1-1.<port>, on that day of November 2026, at noon in Greenwich. */
static void add(unsigned port, unsigned day, bool is_good) {
        char id_path[64], name[16], clock[RECORD_CLOCK_LEN + 1];
        _cleanup_free_ char *reason = NULL;
        RecordAttempt a = {
                .begin_usec = 1000000,
                .end_usec = is_good ? 5464000 : 65000000,
                .id_path = id_path,
                .port = name,
                .soc = "am335x",
                .stages = is_good ? stages : broken_stages,
                .n_stages = is_good ? ELEMENTSOF(stages) : ELEMENTSOF(broken_stages),
                .result = is_good ? RECORD_RESULT_RECOVERED : RECORD_RESULT_FAILED,
                .diagnosis = is_good ? NULL : "stalled-end",
                .diagnosis_text = "the board stopped fetching its file",
        };

        (void) snprintf(id_path, sizeof(id_path), "pci-0000:00:14.0-usb-0:1.%u", port);
        (void) snprintf(name, sizeof(name), "1-1.%u", port);
        (void) snprintf(clock, sizeof(clock), "2026-11-%02uT12:00:00.000000Z", day);
        ck_assert_int_eq(record_clock_parse(clock, &a.realtime_usec), 0);
        ck_assert_int_eq(record_append(path, &a, &reason), 0);
}

/* Six days, three ports, of which the second is bad. */
static void add_station(void) {
        for (unsigned day = 18; day <= 23; day++)
                for (unsigned port = 1; port <= 3; port++) {
                        add(port, day, true);
                        add(port, day, port != 2);
                }
}

static const char station_table[] =
        "36 attempts from 2026-11-18 13:00 to 2026-11-23 13:00:\n"
        "30 recovered, 6 failed (yield 83.3 %), 0 interrupted\n"
        "A recovery takes 4.46 s (median; 95 % of them up to 4.46 s, the longest 4.46 s).\n"
        "\n"
        "Cable, plug or hub port that is likely bad:\n"
        "  pci-0000:00:14.0-usb-0:1.2 (1-1.2): the link gave trouble in 6 of 12 attempts, on the "
        "other ports in 0 of 24\n"
        "\n"
        "PATH                        PORT   ATTEMPTS  RECOVERED  FAILED   YIELD  MEDIAN  TROUBLED  "
        "REPEATED\n"
        "pci-0000:00:14.0-usb-0:1.1  1-1.1        12         12       0   100 %  4.46 s         0  "
        "  0.00 %\n"
        "pci-0000:00:14.0-usb-0:1.2  1-1.2        12          6       6  50.0 %  4.46 s         6  "
        "  0.62 %\n"
        "pci-0000:00:14.0-usb-0:1.3  1-1.3        12         12       0   100 %  4.46 s         0  "
        "  0.00 %\n"
        "\n"
        "DAY         ATTEMPTS  RECOVERED  FAILED   YIELD\n"
        "2026-11-18         6          5       1  83.3 %\n"
        "2026-11-19         6          5       1  83.3 %\n"
        "2026-11-20         6          5       1  83.3 %\n"
        "2026-11-21         6          5       1  83.3 %\n"
        "2026-11-22         6          5       1  83.3 %\n"
        "2026-11-23         6          5       1  83.3 %\n"
        "\n"
        "STAGE  UNTIL          MEDIAN    95 %     MAX  TIMES\n"
        "spl    on USB         1.70 s  1.70 s  1.70 s     30\n"
        "spl    last block     954 ms  954 ms  954 ms     30\n"
        "rom    link up        744 ms  744 ms  744 ms     36\n"
        "spl    link up        500 ms  500 ms  500 ms     30\n"
        "rom    last block     449 ms  449 ms  449 ms     30\n"
        "spl    first request   59 ms   59 ms   59 ms     30\n"
        "spl    first block     40 ms   40 ms   40 ms     30\n"
        "rom    first block     14 ms   14 ms   14 ms     36\n"
        "rom    answered         2 ms    2 ms    2 ms     36\n"
        "spl    answered         2 ms    2 ms    2 ms     30\n"
        "rom    first request    0 ms    0 ms    0 ms     36\n"
        "\n"
        "ATTEMPTS  FAILED  DIAGNOSIS    LAST SEEN AS\n"
        "       6       6  stalled-end  the board stopped fetching its file\n";

START_TEST(test_table) {
        add_station();
        RUN(SUCCESS, path);
        ck_assert_str_eq(out, station_table);
        ck_assert_str_eq(err, "");
}
END_TEST

/* What is whole counts; the rest is counted. */
START_TEST(test_damaged_record) {
        add_station();
        append_text("{\"schema\":\"snagctl-record/1\",\"time\":\"2026-11-2\n");
        append_bytes("\0\0\0\0\0\0\n", 7);
        append_text("{\"schema\":\"snagctl-record/1\",\"time\":\"2026-11-23T12:00:00.000000Z\"}\n");
        append_text("{\"schema\":\"snagctl-record/2\"}\n");
        append_text("{\"schema\":\"snagctl-record/1\",\"time\":\"2026-11-2");
        RUN(SUCCESS, path);
        ck_assert_str_eq(out, station_table);
        ck_assert_ptr_nonnull(strstr(
                err,
                "record.jsonl': 3 damaged lines skipped (no JSON: 2, too long: 0, no sense: 1)\n"));
        ck_assert_ptr_nonnull(strstr(err, ": 1 line of another program or version skipped\n"));
        ck_assert_ptr_nonnull(strstr(err, ": its last line is not whole"));
        ck_assert_ptr_null(strstr(err, "is line 37"));

        /* The next attempt leaves the torn line alone, and is found. */
        add(1, 24, true);
        RUN(SUCCESS, "--verbose", path);
        ck_assert_ptr_nonnull(strstr(out, "37 attempts from 2026-11-18 13:00 to 2026-11-24 13:00"));
        ck_assert_ptr_nonnull(strstr(err, ": 4 damaged lines skipped"));
        ck_assert_ptr_nonnull(strstr(err, ": the first one is line 37\n"));
        ck_assert_ptr_null(strstr(err, ": its last line is not whole"));
}
END_TEST

START_TEST(test_nothing_to_tell) {
        append_text("");
        RUN(SUCCESS, path);
        ck_assert_str_eq(out, "No attempts.\n");
        ck_assert_str_eq(err, "");
        append_text("no record at all\n");
        RUN(SUCCESS, path, "--svg", svg_path);
        ck_assert_str_eq(out, "No attempts.\n");
        ck_assert_ptr_nonnull(strstr(err, ": 1 damaged line skipped"));
        ck_assert_int_eq(access(svg_path, R_OK), 0);
}
END_TEST

START_TEST(test_several_files_are_one) {
        char other[sizeof(path)];

        add(1, 20, true);
        (void) stpcpy(other, path);
        (void) snprintf(path, sizeof(path), "%s/another", folder);
        add(2, 21, false);
        RUN(SUCCESS, path, "--", other);
        ck_assert_ptr_nonnull(strstr(out, "2 attempts from 2026-11-20 13:00 to 2026-11-21 13:00"));
        RUN(SUCCESS, other, other);
        ck_assert_ptr_nonnull(strstr(out, "2 attempts from 2026-11-20 13:00 to 2026-11-20 13:00"));
}
END_TEST

START_TEST(test_days) {
        static const struct {
                const char *since, *until, *begin;
        } cases[] = {
                {"2026-11-21", "2026-11-22",
                 "12 attempts from 2026-11-21 13:00 to 2026-11-22 13:00:\n"},
                {"2026-11-23", "2026-11-23",
                 "6 attempts from 2026-11-23 13:00 to 2026-11-23 13:00:\n"},
                {"2026-11-24", "2026-12-31", "No attempts.\n"},
                {"1970-01-01", "9999-12-31", "36 attempts "},
                {"2026-11-22", "2026-11-21", "No attempts.\n"},
        };

        add_station();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                RUN(SUCCESS, path, "--since", cases[i].since, "--until", cases[i].until);
                ck_assert_msg(strstr(out, cases[i].begin) == out, "%s", out);
        }
}
END_TEST

/* The midnight of this place, to the microsecond. */
START_TEST(test_days_begin_at_midnight) {
        append_text("{\"schema\":\"snagctl-record/1\",\"time\":\"2026-11-19T22:59:59.999999Z\","
                    "\"stages\":[],\"result\":\"failed\",\"seconds\":1}\n"
                    "{\"schema\":\"snagctl-record/1\",\"time\":\"2026-11-19T23:00:00.000000Z\","
                    "\"stages\":[],\"result\":\"recovered\",\"seconds\":1}\n");
        RUN(SUCCESS, path, "--since=2026-11-20");
        ck_assert_ptr_nonnull(strstr(out, "1 recovered, 0 failed (yield 100 %)"));
        RUN(SUCCESS, path, "--until=2026-11-19");
        ck_assert_ptr_nonnull(strstr(out, "0 recovered, 1 failed (yield 0.0 %)"));
}
END_TEST

START_TEST(test_only_the_last_days) {
        for (unsigned day = 1; day <= 20; day++)
                add(1, day, true);
        RUN(SUCCESS, path);
        ck_assert_ptr_null(strstr(out, "\n2026-11-06 "));
        ck_assert_ptr_nonnull(strstr(out, "\n2026-11-07 "));
        ck_assert_ptr_nonnull(
                strstr(out, "(the last 14 of 20 days; --svg and --json have them all)"));
}
END_TEST

/* --- JSON ------------------------------------------------------------------------------------- */

static json_object *get(json_object *o, const char *key) {
        json_object *value = NULL;

        ck_assert_msg(json_object_object_get_ex(o, key, &value), "no '%s'", key);
        return value;
}

static void check_number(json_object *o, const char *key, double wanted) {
        ck_assert_double_eq_tol(json_object_get_double(get(o, key)), wanted, 0.005);
}

static void check_string(json_object *o, const char *key, const char *wanted) {
        ck_assert_str_eq(json_object_get_string(get(o, key)), wanted);
}

/* The one event that is on standard output; the caller puts it. */
static json_object *parse_event(void) {
        json_object *o;

        ck_assert_uint_eq(strcspn(out, "\n"), strlen(out) - 1);
        o = json_tokener_parse(out);
        ck_assert_ptr_nonnull(o);
        check_string(o, "schema", "snagctl/1");
        check_string(o, "event", "report");
        return o;
}

static void check_json_port(json_object *port) {
        check_string(port, "path", "pci-0000:00:14.0-usb-0:1.2");
        check_string(port, "port", "1-1.2");
        check_string(port, "suspect", "true");
        check_number(port, "troubled", 6);
        check_number(port, "attempts_elsewhere", 24);
        check_number(port, "troubled_elsewhere", 0);
        check_number(port, "retransmissions", 30);
        check_number(port, "yield_percent", 50);
}

START_TEST(test_json) {
        json_object *event, *o, *step;

        add_station();
        progress_set_json(progress, true);
        RUN(SUCCESS, "--json", path);
        event = parse_event();
        o = get(event, "report");
        check_string(o, "schema", "snagctl-report/1");
        check_string(o, "first_time", "2026-11-18T12:00:00.000000Z");
        check_string(o, "last_time", "2026-11-23T12:00:00.000000Z");
        check_number(o, "attempts", 36);
        check_number(o, "recovered", 30);
        check_number(o, "failed", 6);
        check_number(o, "interrupted", 0);
        check_number(o, "yield_percent", 83.33);
        check_number(get(o, "recovery"), "median_ms", 4464);

        ck_assert_uint_eq(json_object_array_length(get(o, "ports")), 3);
        check_json_port(json_object_array_get_idx(get(o, "ports"), 1));
        step = json_object_array_get_idx(get(o, "steps"), 0);
        check_string(step, "stage", "rom");
        check_string(step, "step", "link_ready");
        check_number(step, "n", 36);
        check_number(step, "p95_ms", 744);
        ck_assert_uint_eq(json_object_array_length(get(o, "days")), 6);
        check_string(json_object_array_get_idx(get(o, "days"), 5), "date", "2026-11-23");
        check_number(json_object_array_get_idx(get(o, "days"), 5), "failed", 1);
        check_string(json_object_array_get_idx(get(o, "diagnoses"), 0), "name", "stalled-end");
        check_number(json_object_array_get_idx(get(o, "diagnoses"), 0), "attempts", 6);
        json_object_put(event);
}
END_TEST

START_TEST(test_json_of_nothing) {
        json_object *event, *o;

        append_text("");
        progress_set_json(progress, true);
        RUN(SUCCESS, "--json", path);
        event = parse_event();
        o = get(event, "report");
        check_number(o, "attempts", 0);
        ck_assert_ptr_null(get(o, "first_time"));
        ck_assert_ptr_null(get(o, "yield_percent"));
        ck_assert_ptr_null(get(o, "recovery"));
        ck_assert_uint_eq(json_object_array_length(get(o, "ports")), 0);
        json_object_put(event);
}
END_TEST

START_TEST(test_json_of_damage) {
        const char *line;
        json_object *o;

        append_text("torn\n{}\n7\n");
        append_text("torn");
        progress_set_json(progress, true);
        RUN(SUCCESS, "--json", path);
        line = strstr(out, "{\"schema\":\"snagctl-report/1\"");
        ck_assert_ptr_nonnull(line);
        ck_assert_ptr_nonnull(strstr(out, "\"event\":\"message\",\"level\":\"warning\""));
        o = json_tokener_parse(line);
        check_number(get(o, "skipped_lines"), "torn", 1);
        check_number(get(o, "skipped_lines"), "not_json", 2);
        check_number(get(o, "skipped_lines"), "foreign", 1);
        check_number(get(o, "skipped_lines"), "invalid", 0);
        json_object_put(o);
}
END_TEST

/* --- the picture ------------------------------------------------------------------------------ */

START_TEST(test_picture) {
        static char picture[65536];
        int fd;

        add_station();
        for (unsigned i = 0; i < 2; i++) { /* ours may be drawn anew */
                RUN(SUCCESS, path, "--svg", svg_path);
                ck_assert_str_eq(out, station_table);
                fd = open(svg_path, O_RDONLY | O_CLOEXEC);
                ck_assert_int_ge(fd, 0);
                ck_assert_int_ge(read(fd, picture, sizeof(picture) - 1), 100);
                fd_close(fd);
                ck_assert(strstr(picture, "<svg ") == picture);
                ck_assert_ptr_nonnull(
                        strstr(picture, "Cable likely bad: pci-0000:00:14.0-usb-0:1.2"));
                ck_assert_ptr_nonnull(strstr(picture, "</svg>\n"));
        }
}
END_TEST

START_TEST(test_picture_replaces_nothing_else) {
        struct stat before, after;

        add_station();
        ck_assert_int_eq(stat(path, &before), 0);
        RUN(USAGE, "--svg", path);
        ck_assert_ptr_nonnull(strstr(err, "is no picture of ours"));
        ck_assert_int_eq(stat(path, &after), 0);
        ck_assert_int_eq(before.st_size, after.st_size);
        RUN(USAGE, path, "--svg=-");
        RUN(FAILED, path, "--svg", "/nonexistent/picture.svg");
        ck_assert_ptr_nonnull(strstr(err, "cannot open '/nonexistent/picture.svg': No such file"));
        RUN(FAILED, path, "--svg", "/dev/full");
        ck_assert_ptr_nonnull(strstr(err, "cannot write '/dev/full': No space left"));
}
END_TEST

/* --- usage ------------------------------------------------------------------------------------ */

START_TEST(test_usage) {
        RUN(SUCCESS, "--help");
        ck_assert(strstr(out, "Usage: snagctl report ") == out);
        RUN(USAGE, path);
        ck_assert_ptr_nonnull(strstr(err, "No such file"));
        RUN(USAGE, folder);
        ck_assert_ptr_nonnull(strstr(err, "Is a directory"));
        RUN(USAGE, "-");
        ck_assert_ptr_nonnull(strstr(err, "/dev/stdin"));
        RUN(USAGE, "--sgv");
        ck_assert_ptr_nonnull(strstr(err, "did you mean '--svg'?"));
        RUN(USAGE, "--svg");
        ck_assert_ptr_nonnull(strstr(err, "see 'snagctl report --help'"));
        RUN(USAGE, "--since", "yesterday");
        ck_assert_ptr_nonnull(strstr(err, "'yesterday' is no date; give one as 2026-11-23"));
        RUN(USAGE, "--until", "2026-02-30");
        RUN(USAGE, "--until", "2026-2-3");
        RUN(USAGE, "--until", "2026-11-23T");
        RUN(USAGE, "--since", "");
}
END_TEST

/* On a machine that is no station. */
START_TEST(test_without_files) {
        if (access(STATION_RECORD_DIR, F_OK) == 0)
                return;
        RUN(USAGE);
        ck_assert_ptr_nonnull(strstr(err, "there is no record in " STATION_RECORD_DIR));
}
END_TEST

TEST_MAIN_AROUND("verb-report", set_up, tear_down, test_table, test_damaged_record,
                 test_nothing_to_tell, test_several_files_are_one, test_days,
                 test_days_begin_at_midnight, test_only_the_last_days, test_json,
                 test_json_of_nothing, test_json_of_damage, test_picture,
                 test_picture_replaces_nothing_else, test_usage, test_without_files)
