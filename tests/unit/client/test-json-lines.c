/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "json-lines.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <sys/mman.h>

#include "check-main.h"
#include "fd-util.h"

typedef struct Output {
        int fd;
        char text[4096];
} Output;

static void output_init(Output *o) {
        *o = (Output){.fd = memfd_create("out", MFD_CLOEXEC)};
        ck_assert_int_ge(o->fd, 0);
}

static const char *read_all(Output *o) {
        ssize_t n = pread(o->fd, o->text, sizeof(o->text) - 1, 0);

        ck_assert_int_ge(n, 0);
        o->text[n] = '\0';
        return o->text;
}

/* The one line that was written, without its time. */
static const char *write_one(const char *name, const EventField *fields) {
        static char line[4096];
        Output o;
        char *at;

        output_init(&o);
        ck_assert_int_eq(json_lines_write(o.fd, name, fields), 0);
        (void) snprintf(line, sizeof(line), "%s", read_all(&o));
        fd_close(o.fd);

        at = strstr(line, "\"time\":\"");
        ck_assert_ptr_nonnull(at);
        memmove(at, at + STRLEN("\"time\":\"2026-11-25T04:31:05.123456Z\","),
                strlen(at) + 1 - STRLEN("\"time\":\"2026-11-25T04:31:05.123456Z\","));
        return line;
}

/* What is borrowed is still there. */
START_TEST(test_object) {
        json_object *o = json_tokener_parse("{\"a\":[1,{\"b\":null}]}");

        for (unsigned i = 0; i < 2; i++)
                ck_assert_str_eq(write_one("x", EVENT_FIELDS(EVENT_OBJECT("o", o))),
                                 "{\"schema\":\"snagctl/1\",\"event\":\"x\","
                                 "\"o\":{\"a\":[1,{\"b\":null}]}}\n");
        ck_assert_int_eq(json_object_put(o), 1);
}
END_TEST

START_TEST(test_time) {
        static const struct {
                struct timespec time;
                const char *text;
        } cases[] = {
                {{0, 0}, "1970-01-01T00:00:00.000000Z"},
                {{951782399, 999999999}, "2000-02-28T23:59:59.999999Z"},
                {{951782400, 1000}, "2000-02-29T00:00:00.000001Z"},
                {{951868800, 999}, "2000-03-01T00:00:00.000000Z"},
                {{1704067199, 0}, "2023-12-31T23:59:59.000000Z"},
                {{1735603200, 0}, "2024-12-31T00:00:00.000000Z"},
                {{4107542400, 0}, "2100-03-01T00:00:00.000000Z"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char buffer[JSON_LINES_TIME_SIZE];

                ck_assert_str_eq(json_lines_format_time(buffer, &cases[i].time), cases[i].text);
        }
}
END_TEST

/* Against the C library's, a day at a time, over the leap years of a century. */
START_TEST(test_time_of_each_day) {
        for (time_t t = 12 * 3600; t < 140 * 365 * 86400L; t += 86400) {
                char buffer[JSON_LINES_TIME_SIZE], expected[JSON_LINES_TIME_SIZE];
                struct tm tm;

                ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
                ck_assert_uint_gt(
                        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000Z", &tm), 0);
                ck_assert_str_eq(json_lines_format_time(buffer, &(struct timespec){t, 0}),
                                 expected);
        }
}
END_TEST

START_TEST(test_fields) {
        static const char *const advice[] = {"one", "two", NULL}, *const nothing[] = {NULL};

        ck_assert_str_eq(write_one("nothing", EVENT_NO_FIELDS),
                         "{\"schema\":\"snagctl/1\",\"event\":\"nothing\"}\n");
        ck_assert_str_eq(
                write_one("all",
                          EVENT_FIELDS(EVENT_TEXT("a", "x/y"), EVENT_TEXT("b", NULL),
                                       EVENT_TEXTS("c", advice), EVENT_TEXTS("d", nothing),
                                       EVENT_NUMBER("e", UINT64_MAX), EVENT_SECONDS("f", 1234567),
                                       EVENT_TRUTH("g", true), EVENT_TEXT_OR_NULL("h", ""))),
                "{\"schema\":\"snagctl/1\",\"event\":\"all\",\"a\":\"x/y\",\"b\":null,"
                "\"c\":[\"one\",\"two\"],\"d\":[],\"e\":18446744073709551615,\"f\":1.235,"
                "\"g\":true,\"h\":null}\n");
}
END_TEST

/* What a board or a file name says stays one line, and JSON. */
START_TEST(test_hostile_text) {
        ck_assert_str_eq(
                write_one("x", EVENT_FIELDS(EVENT_TEXT("a", "\"\n\\\x1b[31m\xff\xc3[\xc3\xa4"))),
                "{\"schema\":\"snagctl/1\",\"event\":\"x\","
                "\"a\":\"\\\"\\n\\\\\\u001b[31m??[ä\"}\n");
}
END_TEST

START_TEST(test_interrupted) {
        struct json_object *object, *member;
        Output o;

        output_init(&o);
        json_lines_write_interrupted(o.fd, 15, 143);
        object = json_tokener_parse(read_all(&o));
        fd_close(o.fd);
        ck_assert_ptr_nonnull(object);
        ck_assert(json_object_object_get_ex(object, "event", &member));
        ck_assert_str_eq(json_object_get_string(member), "result");
        ck_assert(json_object_object_get_ex(object, "exit_status", &member));
        ck_assert_int_eq(json_object_get_int(member), 143);
        ck_assert(json_object_object_get_ex(object, "error", &member));
        ck_assert_str_eq(json_object_get_string(member), "ended by signal 15");
        (void) json_object_put(object);
        ck_assert_uint_eq(o.text[strlen(o.text) - 1], '\n');
}
END_TEST

START_TEST(test_full_disk) {
        _cleanup_fd_ int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(json_lines_write(fd, "x", EVENT_NO_FIELDS), -ENOSPC);
}
END_TEST

TEST_MAIN("json-lines", test_object, test_time, test_time_of_each_day, test_fields,
          test_hostile_text, test_interrupted, test_full_disk)
