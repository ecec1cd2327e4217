/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "report-json.h"

#include <assert.h>
#include <stdio.h>

/* Each function adds what it is named after to @o and returns false when memory ran out. */

static bool put_counts(json_object *o, const ReportCount *c) {
        return json_put_u64(o, "attempts", c->n_attempts) &&
               json_put_u64(o, "recovered", c->n_recovered) &&
               json_put_u64(o, "failed", c->n_failed) &&
               json_put_u64(o, "interrupted", c->n_interrupted) &&
               json_put_u64(o, "then_failed", c->n_then_failed) &&
               json_put_number(o, "yield_percent", report_count_get_yield(c), 2);
}

static bool put_times(json_object *o, const ReportTimes *t) {
        return json_put_u64(o, "n", t->n) &&
               json_put_u64(o, "median_ms", (uint64_t) t->median_ms) &&
               json_put_u64(o, "p95_ms", (uint64_t) t->p95_ms) &&
               json_put_u64(o, "max_ms", (uint64_t) t->max_ms);
}

/* Null if nothing was timed. */
static bool put_recovery(json_object *o, const ReportTimes *t) {
        json_object *times;

        if (t->n == 0)
                return json_put_null(o, "recovery");
        times = json_object_new_object();
        return json_put(o, "recovery", times) && put_times(times, t);
}

static bool put_step(json_object *array, Stage stage, RecordTime time, const ReportTimes *t) {
        const char *key = record_time_to_string(time);
        json_object *o = json_object_new_object();
        char step[32];

        (void) snprintf(step, sizeof(step), "%.*s", (int) (strlen(key) - STRLEN("_ms")), key);
        return json_append(array, o) && json_put_string(o, "stage", stage_to_string(stage)) &&
               json_put_string(o, "step", step) && put_times(o, t);
}

static bool put_steps(json_object *o, const ReportSteps *steps) {
        json_object *array = json_object_new_array();

        if (!json_put(o, "steps", array))
                return false;
        for (Stage stage = 0; stage < _STAGE_MAX; stage++)
                for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                        if (steps->times[stage][time].n > 0 &&
                            !put_step(array, stage, time, &steps->times[stage][time]))
                                return false;
        return true;
}

static bool put_suspicion(json_object *o, const ReportPort *p) {
        if (!p->is_suspect)
                return json_put_bool(o, "suspect", false);
        return json_put_bool(o, "suspect", true) &&
               json_put_u64(o, "attempts_elsewhere", p->n_elsewhere) &&
               json_put_u64(o, "troubled_elsewhere", p->n_troubled_elsewhere);
}

static bool put_port(json_object *array, const ReportPort *p) {
        json_object *o = json_object_new_object();

        return json_append(array, o) && json_put_string(o, "path", *p->name ? p->name : NULL) &&
               json_put_string(o, "port", *p->port ? p->port : NULL) && put_counts(o, &p->count) &&
               json_put_u64(o, "blocks", p->n_blocks) &&
               json_put_u64(o, "retransmissions", p->n_retransmissions) &&
               json_put_u64(o, "troubled", p->n_troubled) && put_suspicion(o, p) &&
               put_recovery(o, &p->whole) && put_steps(o, &p->steps);
}

static bool put_ports(json_object *o, const ReportSummary *s) {
        json_object *array = json_object_new_array();

        if (!json_put(o, "ports", array))
                return false;
        for (size_t i = 0; i < s->n_ports; i++)
                if (!put_port(array, report_get_port(s, i)))
                        return false;
        return true;
}

static bool put_day(json_object *array, const ReportDay *d) {
        json_object *o = json_object_new_object();

        return json_append(array, o) && json_put_string(o, "date", d->date) &&
               put_counts(o, &d->count);
}

static bool put_days(json_object *o, const ReportSummary *s) {
        json_object *array = json_object_new_array();

        if (!json_put(o, "days", array))
                return false;
        for (size_t i = 0; i < s->n_days; i++)
                if (!put_day(array, report_get_day(s, i)))
                        return false;
        return true;
}

static bool put_diagnosis(json_object *array, const ReportDiagnosis *d) {
        json_object *o = json_object_new_object();

        return json_append(array, o) && json_put_string(o, "name", d->name) &&
               json_put_string(o, "text", *d->text ? d->text : NULL) &&
               json_put_u64(o, "attempts", d->n_attempts) && json_put_u64(o, "failed", d->n_failed);
}

static bool put_diagnoses(json_object *o, const ReportSummary *s) {
        json_object *array = json_object_new_array();

        if (!json_put(o, "diagnoses", array))
                return false;
        for (size_t i = 0; i < s->n_diagnoses; i++)
                if (!put_diagnosis(array, report_get_diagnosis(s, i)))
                        return false;
        return true;
}

static bool put_skipped(json_object *o, const RecordCounts *c) {
        json_object *skipped = json_object_new_object();

        return json_put(o, "skipped_lines", skipped) &&
               json_put_u64(skipped, "not_json", c->n_flaws[RECORD_FLAW_NOT_JSON]) &&
               json_put_u64(skipped, "torn", c->n_flaws[RECORD_FLAW_TORN]) &&
               json_put_u64(skipped, "too_long", c->n_flaws[RECORD_FLAW_TOO_LONG]) &&
               json_put_u64(skipped, "foreign", c->n_flaws[RECORD_FLAW_FOREIGN]) &&
               json_put_u64(skipped, "invalid", c->n_flaws[RECORD_FLAW_INVALID]);
}

static bool put_clock(json_object *o, const char *key, const ReportSummary *s, uint64_t usec) {
        char clock[RECORD_CLOCK_LEN + 1];

        return json_put_string(o, key,
                               s->count.n_attempts > 0 ? record_clock_format(clock, usec) : NULL);
}

int report_json_make(const ReportSummary *summary, const RecordCounts *counts, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();

        assert(summary);
        assert(counts);
        assert(ret);

        if (!o || !json_put_string(o, "schema", REPORT_SCHEMA) ||
            !put_clock(o, "first_time", summary, summary->first_realtime_usec) ||
            !put_clock(o, "last_time", summary, summary->last_realtime_usec) ||
            !put_counts(o, &summary->count) || !put_recovery(o, &summary->whole) ||
            !put_steps(o, &summary->steps) || !put_ports(o, summary) || !put_days(o, summary) ||
            !put_diagnoses(o, summary) || !put_skipped(o, counts))
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}
