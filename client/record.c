/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "record.h"

#include <assert.h>

#include "json-build.h"
#include "record-file.h"

/* An ASIC id is 81 bytes. */
#define ASIC_ID_SIZE_MAX 255u
#define IMAGES_MAX       8u

/* How each line begins, whatever its version. */
#define LINE_MAGIC "{\"schema\":\"snagctl-record/"

/* Half a dozen strings, and two for each image, each byte of which may become two ('"'); and the stages,
 * of six times and four numbers, each with its name. */
_Static_assert((6 + 2 * IMAGES_MAX) * 2 * JSON_STRING_LEN_MAX + 2 * ASIC_ID_SIZE_MAX +
                               RECORD_STAGES_MAX * 450u + 1024u <=
                       RECORD_LINE_MAX,
               "every line fits");

static bool put_image(json_object *array, const RecordImage *image) {
        json_object *o = json_object_new_object();

        return json_append(array, o) && json_put_string(o, "role", image->role) &&
               json_put_string(o, "name", image->name) && json_put_u64(o, "bytes", image->size) &&
               json_put_string(o, "sha256", image->sha256);
}

static bool put_images(json_object *line, const RecordAttempt *a) {
        json_object *array = json_object_new_array();

        if (!json_put(line, "images", array))
                return false;
        for (size_t i = 0; i < MIN_OF(a->n_images, IMAGES_MAX); i++)
                if (!put_image(array, &a->images[i]))
                        return false;
        return true;
}

/* Milliseconds since the attempt began. */
static bool put_time(json_object *o, const RecordAttempt *a, RecordTime time, uint64_t usec) {
        const char *key = record_time_to_string(time);

        if (usec == 0)
                return json_put_null(o, key);
        return json_put_u64(o, key,
                            usec > a->begin_usec ? (usec - a->begin_usec) / USEC_PER_MSEC : 0);
}

static bool put_stage(json_object *array, const RecordAttempt *a, const RecordStage *stage) {
        json_object *o = json_object_new_object();

        if (!json_append(array, o) || !json_put_string(o, "stage", stage_to_string(stage->stage)))
                return false;
        for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                if (!put_time(o, a, time, stage->times_usec[time]))
                        return false;
        return json_put_u64(o, "requests", stage->n_requests) &&
               json_put_u64(o, "blocks", stage->n_blocks) &&
               json_put_u64(o, "bytes", stage->n_bytes) &&
               json_put_u64(o, "retransmissions", stage->n_retransmissions);
}

static bool put_stages(json_object *line, const RecordAttempt *a) {
        json_object *array = json_object_new_array();

        if (!json_put(line, "stages", array))
                return false;
        for (size_t i = 0; i < MIN_OF(a->n_stages, RECORD_STAGES_MAX); i++)
                if (!put_stage(array, a, &a->stages[i]))
                        return false;
        return true;
}

static bool put_diagnosis(json_object *line, const RecordAttempt *a) {
        json_object *o;

        if (!a->diagnosis)
                return json_put_null(line, "diagnosis");
        o = json_object_new_object();
        return json_put(line, "diagnosis", o) && json_put_string(o, "name", a->diagnosis) &&
               json_put_string(o, "text", a->diagnosis_text);
}

static bool put_then(json_object *line, const RecordThen *then) {
        json_object *o;

        if (!then)
                return json_put_null(line, "then");
        o = json_object_new_object();
        if (!json_put(line, "then", o))
                return false;
        return then->signal_number > 0
                       ? json_put_u64(o, "signal", (uint64_t) then->signal_number)
                       : json_put_u64(o, "exit_status", (uint64_t) then->exit_status);
}

static bool put_attempt(json_object *line, const RecordAttempt *a) {
        char clock[RECORD_CLOCK_LEN + 1];
        uint64_t usec = a->end_usec > a->begin_usec ? a->end_usec - a->begin_usec : 0;

        return json_put_string(line, "schema", RECORD_SCHEMA) &&
               json_put_string(line, "time", record_clock_format(clock, a->realtime_usec)) &&
               json_put_string(line, "path", a->id_path) &&
               json_put_string(line, "port", a->port) && json_put_string(line, "soc", a->soc) &&
               json_put_hex(line, "asic_id", a->asic_id,
                            MIN_OF(a->asic_id_size, ASIC_ID_SIZE_MAX)) &&
               put_images(line, a) && put_stages(line, a) &&
               json_put_string(line, "result", record_result_to_string(a->result)) &&
               put_diagnosis(line, a) &&
               json_put_number(line, "seconds", (double) usec / USEC_PER_SEC, 3) &&
               put_then(line, a->then);
}

int record_format(const RecordAttempt *attempt, char **ret_line, size_t *ret_len) {
        _cleanup_json_ json_object *o = json_object_new_object();
        const char *text;
        size_t len = 0;
        char *line;

        assert(attempt);
        assert(attempt->result < _RECORD_RESULT_MAX);
        assert(attempt->images || attempt->n_images == 0);
        assert(attempt->stages || attempt->n_stages == 0);
        assert(ret_line);
        assert(ret_len);

        if (!o || !put_attempt(o, attempt))
                return -ENOMEM;
        text = json_format(o, &len);
        line = text ? malloc(len + 2) : NULL;
        if (!line)
                return -ENOMEM;
        (void) stpcpy(stpcpy(line, text), "\n");
        assert(len + 1 <= RECORD_LINE_MAX);

        *ret_line = line;
        *ret_len = len + 1;
        return 0;
}

int record_append(const char *path, const RecordAttempt *attempt, char **ret_reason) {
        _cleanup_free_ char *line = NULL;
        size_t len = 0;
        int r;

        assert(path);
        assert(ret_reason);

        *ret_reason = NULL;
        r = record_format(attempt, &line, &len);
        if (r < 0)
                return r;
        return record_file_append(path, line, len, ret_reason);
}

int record_prepare(const char *path, char **ret_reason) {
        return record_file_prepare(path, LINE_MAGIC, ret_reason);
}

int record_check(const char *path, char **ret_reason) {
        return record_file_check(path, LINE_MAGIC, ret_reason);
}
