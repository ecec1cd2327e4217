/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "json-lines.h"

#include <assert.h>
#include <json-c/json.h>
#include <stdio.h>

#include "fd-util.h"
#include "text.h"

#define SECONDS_PER_DAY 86400

/* Writes @value with @n_digits digits, leading zeros included; returns what is behind them. */
static char *put_number(char *at, unsigned value, unsigned n_digits) {
        for (unsigned i = n_digits; i > 0; i--) {
                at[i - 1] = (char) ('0' + value % 10);
                value /= 10;
        }
        return at + n_digits;
}

static bool is_leap_year(unsigned year) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* gmtime_r() and snprintf() are not for signal handlers (signal-safety(7)). */
const char *json_lines_format_time(char buffer[static JSON_LINES_TIME_SIZE],
                                   const struct timespec *now) {
        static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        unsigned day = (unsigned) (now->tv_sec / SECONDS_PER_DAY);
        unsigned second = (unsigned) (now->tv_sec % SECONDS_PER_DAY);
        unsigned year = 1970, month = 0;
        char *at = buffer;

        for (; day >= 365u + is_leap_year(year); year++)
                day -= 365u + is_leap_year(year);
        for (; month < 11; month++) {
                unsigned n_days = month_days[month] + (month == 1 && is_leap_year(year));

                if (day < n_days)
                        break;
                day -= n_days;
        }

        at = put_number(at, year, 4);
        *at++ = '-';
        at = put_number(at, month + 1, 2);
        *at++ = '-';
        at = put_number(at, day + 1, 2);
        *at++ = 'T';
        at = put_number(at, second / 3600, 2);
        *at++ = ':';
        at = put_number(at, second / 60 % 60, 2);
        *at++ = ':';
        at = put_number(at, second % 60, 2);
        *at++ = '.';
        at = put_number(at, (unsigned) (now->tv_nsec / 1000), 6);
        *at++ = 'Z';
        *at = '\0';
        return buffer;
}

/* json-c says by NULL that memory ran out, but also has NULL for JSON's null: so the value comes beside
 * the verdict. */
static int make_text(const char *text, struct json_object **ret) {
        _cleanup_free_ char *utf8 = NULL;

        if (!text) {
                *ret = NULL;
                return 0;
        }
        /* JSON is UTF-8; a file name or a board's word may not be. */
        utf8 = text_utf8(text);
        if (!utf8)
                return -ENOMEM;
        *ret = json_object_new_string(utf8);
        return *ret ? 0 : -ENOMEM;
}

static int make_texts(const char *const *texts, struct json_object **ret) {
        struct json_object *array = json_object_new_array();

        if (!array)
                return -ENOMEM;
        for (; *texts; texts++) {
                struct json_object *text = NULL;

                if (make_text(*texts, &text) < 0 || json_object_array_add(array, text) < 0) {
                        (void) json_object_put(text);
                        (void) json_object_put(array);
                        return -ENOMEM;
                }
        }
        *ret = array;
        return 0;
}

static int make_seconds(uint64_t usec, struct json_object **ret) {
        char text[32];

        (void) snprintf(text, sizeof(text), "%.3f", (double) usec / USEC_PER_SEC);
        *ret = json_object_new_double_s((double) usec / USEC_PER_SEC, text);
        return *ret ? 0 : -ENOMEM;
}

static int make_value(const EventField *field, struct json_object **ret) {
        switch (field->type) {
        case EVENT_FIELD_TEXT:
                return make_text(field->text, ret);
        case EVENT_FIELD_TEXTS:
                return make_texts(field->texts, ret);
        case EVENT_FIELD_NUMBER:
                *ret = json_object_new_uint64(field->number);
                return *ret ? 0 : -ENOMEM;
        case EVENT_FIELD_SECONDS:
                return make_seconds(field->number, ret);
        case EVENT_FIELD_TRUTH:
                *ret = json_object_new_boolean(field->truth);
                return *ret ? 0 : -ENOMEM;
        case EVENT_FIELD_OBJECT:
                *ret = json_object_get(field->object);
                return 0;
        case EVENT_FIELD_END:
                break;
        }

        return -EINVAL;
}

static int add_field(struct json_object *object, const EventField *field) {
        struct json_object *value = NULL;
        int r;

        r = make_value(field, &value);
        if (r < 0)
                return r;
        /* All names are literals, and each comes once. */
        if (json_object_object_add_ex(object, field->name, value,
                                      JSON_C_OBJECT_ADD_CONSTANT_KEY |
                                              JSON_C_OBJECT_ADD_KEY_IS_NEW) < 0) {
                (void) json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

static int fill(struct json_object *object, const char *name, const EventField *fields) {
        char now_text[JSON_LINES_TIME_SIZE];
        struct timespec now = {};
        int r = 0;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        for (const EventField *f =
                     EVENT_FIELDS(EVENT_TEXT("schema", JSON_LINES_SCHEMA),
                                  EVENT_TEXT("time", json_lines_format_time(now_text, &now)),
                                  EVENT_TEXT("event", name));
             r == 0 && f->type != EVENT_FIELD_END; f++)
                r = add_field(object, f);
        for (; r == 0 && fields->type != EVENT_FIELD_END; fields++)
                r = add_field(object, fields);
        return r;
}

static int write_object(int fd, struct json_object *object) {
        _cleanup_free_ char *line = NULL;
        const char *text;
        int n;

        text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!text)
                return -ENOMEM;
        n = asprintf(&line, "%s\n", text);
        if (n < 0) {
                line = NULL;
                return -ENOMEM;
        }
        return fd_write_all(fd, line, (size_t) n);
}

int json_lines_write(int fd, const char *name, const EventField *fields) {
        struct json_object *object;
        int r;

        assert(fd >= 0);
        assert(name);
        assert(fields);

        object = json_object_new_object();
        if (!object)
                return -ENOMEM;
        r = fill(object, name, fields);
        if (r == 0)
                r = write_object(fd, object);
        (void) json_object_put(object);
        return r;
}

void json_lines_write_interrupted(int fd, int signal_number, int exit_status) {
        static const char begin[] = "{\"schema\":\"" JSON_LINES_SCHEMA "\",\"time\":\"";
        static const char middle[] =
                "\",\"event\":\"result\",\"outcome\":\"interrupted\",\"error\":"
                "\"ended by signal ";
        static const char end[] = "\",\"exit_status\":";
        char line[256], now_text[JSON_LINES_TIME_SIZE], *at = line;
        struct timespec now = {};

        (void) clock_gettime(CLOCK_REALTIME, &now);
        at = stpcpy(at, begin);
        at = stpcpy(at, json_lines_format_time(now_text, &now));
        at = stpcpy(at, middle);
        at = put_number(at, (unsigned) signal_number, signal_number > 9 ? 2 : 1);
        at = stpcpy(at, end);
        at = put_number(at, (unsigned) exit_status, 3);
        at = stpcpy(at, "}\n");
        (void) fd_write_all(fd, line, (size_t) (at - line));
}
