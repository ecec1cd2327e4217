/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "record-reader.h"

#include <assert.h>
#include <stdio.h>

#include "text.h"

/* A line has an object, in which is an array, in which are objects. */
#define JSON_DEPTH_MAX 8

#define READ_SIZE 65536u

struct RecordReader {
        RecordEntryFunction on_entry;
        void *userdata;
        json_tokener *tokener;
        RecordCounts counts;
        uint64_t n_lines;
        bool is_skipping; /* the rest of a line that is too long */
        size_t len;
        RecordEntry entry;
        char line[RECORD_LINE_MAX];
};

int record_reader_new(RecordEntryFunction on_entry, void *userdata, RecordReader **ret) {
        _cleanup_(record_reader_freep) RecordReader *r = NULL;

        assert(on_entry);
        assert(ret);

        r = calloc(1, sizeof(RecordReader));
        if (!r)
                return -ENOMEM;
        r->on_entry = on_entry;
        r->userdata = userdata;
        r->tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
        if (!r->tokener)
                return -ENOMEM;
        json_tokener_set_flags(r->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);

        *ret = TAKE_PTR(r);
        return 0;
}

RecordReader *record_reader_free(RecordReader *r) {
        if (!r)
                return NULL;

        if (r->tokener)
                json_tokener_free(r->tokener);
        free(r);
        return NULL;
}

const RecordCounts *record_reader_get_counts(const RecordReader *r) {
        assert(r);

        return &r->counts;
}

/* --- members ---------------------------------------------------------------------------------- */

/* Each returns false if the member is there, and not what it should be. */

static bool get_integer(json_object *o, const char *key, int64_t max, int64_t *ret) {
        json_object *value = NULL;

        if (!json_object_object_get_ex(o, key, &value) ||
            !json_object_is_type(value, json_type_int))
                return false;
        *ret = json_object_get_int64(value);
        return *ret >= 0 && *ret <= max;
}

static bool get_u32(json_object *o, const char *key, uint32_t *ret) {
        int64_t value = 0;

        if (!get_integer(o, key, UINT32_MAX, &value))
                return false;
        *ret = (uint32_t) value;
        return true;
}

/* Null or absent: an empty string, or -1. */
static bool is_absent(json_object *o, const char *key) {
        json_object *value = NULL;

        return !json_object_object_get_ex(o, key, &value) || !value;
}

static bool get_time(json_object *o, RecordTime time, int64_t *ret) {
        const char *key = record_time_to_string(time);

        *ret = -1;
        return is_absent(o, key) || get_integer(o, key, RECORD_ENTRY_MS_MAX, ret);
}

static const char *get_string(json_object *o, const char *key) {
        json_object *value = NULL;
        const char *string;

        if (!json_object_object_get_ex(o, key, &value) ||
            !json_object_is_type(value, json_type_string))
                return NULL;
        string = json_object_get_string(value);
        /* "\u0000" can be written in JSON. */
        return strlen(string) == (size_t) json_object_get_string_len(value) ? string : NULL;
}

/* Copies a string that is_valid() accepts, and that fits. */
static bool get_name(json_object *o, const char *key, bool (*is_valid)(const char *), char *ret,
                     size_t size) {
        const char *string;

        ret[0] = '\0';
        if (is_absent(o, key))
                return true;
        string = get_string(o, key);
        if (!string || strlen(string) >= size || !is_valid(string))
                return false;
        (void) strcpy(ret, string);
        return true;
}

static bool is_diagnosis(const char *string) {
        return *string && strspn(string, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(string);
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool get_diagnosis(json_object *line, RecordEntry *e) {
        _cleanup_free_ char *printable = NULL;
        json_object *o = NULL;
        const char *text;

        if (is_absent(line, "diagnosis"))
                return true;
        if (!json_object_object_get_ex(line, "diagnosis", &o) ||
            !json_object_is_type(o, json_type_object) || is_absent(o, "name") ||
            !get_name(o, "name", is_diagnosis, e->diagnosis, sizeof(e->diagnosis)))
                return false;

        text = get_string(o, "text");
        /* Cut before: what is left of a character that was cut is no text. */
        printable =
                text ? text_printable_n(text, strnlen(text, sizeof(e->diagnosis_text) - 1)) : NULL;
        if (printable)
                (void) snprintf(e->diagnosis_text, sizeof(e->diagnosis_text), "%s", printable);
        return true;
}

static bool get_then(json_object *line, RecordEntry *e) {
        json_object *o = NULL;
        int64_t status = 0;

        if (is_absent(line, "then"))
                return true;
        if (!json_object_object_get_ex(line, "then", &o) ||
            !json_object_is_type(o, json_type_object) ||
            (!get_integer(o, "exit_status", 255, &status) &&
             !get_integer(o, "signal", 255, &status)))
                return false;
        e->has_then_failed = status > 0;
        return true;
}

static bool get_stage(json_object *o, RecordEntryStage *s) {
        int64_t n_bytes = 0;
        int stage;

        if (!json_object_is_type(o, json_type_object))
                return false;
        stage = stage_from_string(get_string(o, "stage"));
        if (stage < 0)
                return false;
        s->stage = (Stage) stage;
        for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                if (!get_time(o, time, &s->times_ms[time]))
                        return false;
        if (!get_u32(o, "requests", &s->n_requests) || !get_u32(o, "blocks", &s->n_blocks) ||
            !get_integer(o, "bytes", INT64_MAX, &n_bytes) ||
            !get_u32(o, "retransmissions", &s->n_retransmissions))
                return false;
        s->n_bytes = (uint64_t) n_bytes;
        return true;
}

static bool get_stages(json_object *line, RecordEntry *e) {
        json_object *array = NULL;
        size_t n;

        if (!json_object_object_get_ex(line, "stages", &array) ||
            !json_object_is_type(array, json_type_array))
                return false;
        n = json_object_array_length(array);
        if (n > RECORD_STAGES_MAX)
                return false;
        for (; e->n_stages < n; e->n_stages++)
                if (!get_stage(json_object_array_get_idx(array, e->n_stages),
                               &e->stages[e->n_stages]))
                        return false;
        return true;
}

static bool get_seconds(json_object *line, RecordEntry *e) {
        json_object *value = NULL;
        double seconds;

        if (!json_object_object_get_ex(line, "seconds", &value) ||
            !(json_object_is_type(value, json_type_double) ||
              json_object_is_type(value, json_type_int)))
                return false;
        seconds = json_object_get_double(value);
        if (!(seconds >= 0 && seconds <= (double) RECORD_ENTRY_MS_MAX / 1000))
                return false;
        e->ms = (int64_t) (seconds * 1000 + 0.5);
        return true;
}

static RecordFlaw read_object(json_object *line, RecordEntry *e) {
        const char *schema, *time;
        int result;

        if (!json_object_is_type(line, json_type_object))
                return RECORD_FLAW_NOT_JSON;
        schema = get_string(line, "schema");
        if (!schema || !streq(schema, RECORD_SCHEMA))
                return RECORD_FLAW_FOREIGN;

        *e = (RecordEntry){};
        time = get_string(line, "time");
        result = record_result_from_string(get_string(line, "result"));
        if (!time || record_clock_parse(time, &e->realtime_usec) < 0 || result < 0 ||
            !get_name(line, "path", usb_id_path_is_valid, e->id_path, sizeof(e->id_path)) ||
            !get_name(line, "port", usb_port_is_valid, e->port, sizeof(e->port)) ||
            !get_seconds(line, e) || !get_stages(line, e) || !get_diagnosis(line, e) ||
            !get_then(line, e))
                return RECORD_FLAW_INVALID;
        e->result = (RecordResult) result;
        return RECORD_FLAW_NONE;
}

static RecordFlaw read_line(RecordReader *r, size_t len) {
        _cleanup_json_ json_object *line = NULL;

        json_tokener_reset(r->tokener);
        line = json_tokener_parse_ex(r->tokener, r->line, (int) len);
        if (!line || json_tokener_get_parse_end(r->tokener) != len)
                return RECORD_FLAW_NOT_JSON;
        return read_object(line, &r->entry);
}

/* A line is complete; @has_newline: and not only because the file ended. */
static int take_line(RecordReader *r, bool has_newline) {
        RecordFlaw flaw = RECORD_FLAW_TOO_LONG;
        size_t len = r->len;

        r->n_lines++;
        if (!r->is_skipping) {
                while (len > 0 && strchr(" \t\r", r->line[len - 1]) && r->line[len - 1] != '\0')
                        len--;
                /* The newline that kept a torn line alone, or an editor. */
                if (len == 0) {
                        r->len = 0;
                        return 0;
                }
                flaw = read_line(r, len);
                if (flaw == RECORD_FLAW_NOT_JSON && !has_newline)
                        flaw = RECORD_FLAW_TORN;
        }
        r->len = 0;
        r->is_skipping = false;

        if (flaw == RECORD_FLAW_NONE) {
                r->counts.n_entries++;
                return r->on_entry(&r->entry, r->userdata);
        }
        r->counts.n_flaws[flaw]++;
        if (r->counts.first_flaw_line == 0)
                r->counts.first_flaw_line = r->n_lines;
        return 0;
}

/* What is before the newline, or all there is. */
static void keep(RecordReader *r, const char *bytes, size_t size) {
        if (r->is_skipping || size > sizeof(r->line) - r->len) {
                r->is_skipping = true;
                return;
        }
        memcpy(r->line + r->len, bytes, size);
        r->len += size;
}

int record_reader_feed(RecordReader *r, const void *bytes, size_t size) {
        const char *at = bytes;
        int k;

        assert(r);
        assert(bytes || size == 0);

        while (size > 0) {
                const char *newline = memchr(at, '\n', size);
                size_t n = newline ? (size_t) (newline - at) : size;

                keep(r, at, n);
                if (!newline)
                        break;
                k = take_line(r, true);
                if (k < 0)
                        return k;
                at += n + 1;
                size -= n + 1;
        }
        return 0;
}

int record_reader_finish(RecordReader *r) {
        assert(r);

        return r->len > 0 || r->is_skipping ? take_line(r, false) : 0;
}

int record_reader_read(RecordReader *r, int fd) {
        _cleanup_free_ char *buffer = malloc(READ_SIZE);
        int k;

        assert(r);
        assert(fd >= 0);

        if (!buffer)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(fd, buffer, READ_SIZE);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return record_reader_finish(r);
                k = record_reader_feed(r, buffer, (size_t) n);
                if (k < 0)
                        return k;
        }
}
