/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "follow-up.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>

#include "text.h"

#define ENVIRONMENT_MAX 8u

/* What a shell says of a command that it cannot run. */
#define STATUS_NOT_FOUND      127
#define STATUS_NOT_EXECUTABLE 126

struct FollowUp {
        FollowUpSpec spec;
        const Attempt *attempt; /* not owned */
        ThenCommand *command;   /* NULL: it is over */
        ThenOutcome outcome;
        FollowUpCallback on_over;
        void *userdata;
};

/* --- the record ------------------------------------------------------------------------------ */

static RecordThen make_record_then(const ThenOutcome *outcome) {
        switch (outcome->end) {
        case THEN_END_EXITED:
                return (RecordThen){.exit_status = outcome->value};
        case THEN_END_KILLED:
                return (RecordThen){.signal_number = outcome->value};
        case THEN_END_NOT_EXECUTED:
                return (RecordThen){.exit_status = outcome->value == ENOENT
                                                           ? STATUS_NOT_FOUND
                                                           : STATUS_NOT_EXECUTABLE};
        case THEN_END_TIMED_OUT:
        case THEN_END_NONE:
                return (RecordThen){.signal_number = SIGTERM};
        case THEN_END_LOST:
                break;
        }
        return (RecordThen){.signal_number = SIGKILL};
}

/* A board that was recovered is so, recorded or not. */
static void append_record(const FollowUpSpec *spec, const Attempt *attempt,
                          const ThenOutcome *outcome) {
        _cleanup_free_ char *reason = NULL;
        RecordImage images[_FIRMWARE_KIND_MAX];
        RecordAttempt record;
        RecordThen then;

        if (!spec->record_path || !attempt_get_record(attempt, images, &record))
                return;
        if (outcome) {
                then = make_record_then(outcome);
                record.then = &then;
        }
        if (record_append(spec->record_path, &record, &reason) < 0)
                progress_warning(spec->progress, "%s", reason ? reason : "out of memory");
}

/* --- the command ----------------------------------------------------------------------------- */

static void on_line(const char *bytes, size_t size, bool is_cut, void *userdata) {
        const FollowUp *f = userdata;
        _cleanup_free_ char *line = strndup(bytes, size);
        const char *port = attempt_get_port(f->attempt);

        if (!line)
                return;
        progress_event(f->spec.progress, "then-output",
                       EVENT_FIELDS(EVENT_TEXT("port", port),
                                    EVENT_TEXT("session", attempt_get_session(f->attempt)),
                                    EVENT_TEXT("text", line)));
        progress_print(f->spec.progress, PROGRESS_KIND_NOTE, "%s: then: %s%s", port ? port : "?",
                       line, is_cut ? "…" : "");
}

static void tell_outcome(const FollowUp *f) {
        char phrase[THEN_OUTCOME_LEN_MAX];
        const char *port = attempt_get_port(f->attempt);

        (void) then_outcome_format(&f->outcome, phrase);
        progress_event(f->spec.progress, "then-ended",
                       EVENT_FIELDS(EVENT_TEXT("port", port),
                                    EVENT_TEXT("session", attempt_get_session(f->attempt)),
                                    EVENT_TRUTH("success", follow_up_has_succeeded(f)),
                                    EVENT_TEXT("text", phrase)));
        progress_print(f->spec.progress,
                       follow_up_has_succeeded(f) ? PROGRESS_KIND_DETAIL : PROGRESS_KIND_WARNING,
                       "%s: the command %s", port ? port : "?", phrase);
}

static void on_over(ThenCommand *c, void *userdata) {
        FollowUp *f = userdata;

        f->outcome = then_command_get_outcome(c);
        f->command = then_command_free(c);
        tell_outcome(f);
        append_record(&f->spec, f->attempt, &f->outcome);
        f->on_over(f, f->userdata);
}

static const ThenCommandCallbacks command_callbacks = {
        .on_line = on_line,
        .on_over = on_over,
};

typedef struct Environment {
        char *entries[ENVIRONMENT_MAX + 1];
        size_t n;
} Environment;

static void environment_done(Environment *e) {
        for (size_t i = 0; i < e->n; i++)
                free(e->entries[i]);
}

static int add(Environment *e, const char *name, const char *value) {
        assert(e->n < ENVIRONMENT_MAX);

        if (asprintf(&e->entries[e->n], "%s=%s", name, value ? value : "") < 0) {
                e->entries[e->n] = NULL;
                return -ENOMEM;
        }
        e->n++;
        return 0;
}

static int fill_environment(Environment *e, const Attempt *attempt, const RecordAttempt *record) {
        uint64_t msec = (record->end_usec - record->begin_usec) / USEC_PER_MSEC;
        char seconds[32];
        const struct {
                const char *name, *value;
        } entries[] = {
                {"SNAGD_PORT", record->port},
                {"SNAGD_PATH", record->id_path},
                {"SNAGD_SOC", record->soc},
                {"SNAGD_SESSION", attempt_get_session(attempt)},
                {"SNAGD_RESULT", record_result_to_string(record->result)},
                {"SNAGD_SECONDS", seconds},
                {"SNAGD_DIAGNOSIS", record->diagnosis},
        };

        (void) snprintf(seconds, sizeof(seconds), "%" PRIu64 ".%03" PRIu64, msec / 1000,
                        msec % 1000);
        for (size_t i = 0; i < ELEMENTSOF(entries); i++) {
                int r = add(e, entries[i].name, entries[i].value);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int start(FollowUp *f, const RecordAttempt *record) {
        _cleanup_(environment_done) Environment environment = {};
        int r;

        r = fill_environment(&environment, f->attempt, record);
        if (r < 0)
                return r;
        return then_command_new(
                &(ThenCommandSpec){
                        .event = f->spec.event,
                        .argv = f->spec.then,
                        .environment = (const char *const *) environment.entries,
                        .timeout_usec = f->spec.then_timeout_usec,
                        .callbacks = &command_callbacks,
                        .userdata = f,
                },
                &f->command);
}

int follow_up_new(const FollowUpSpec *spec, const Attempt *attempt, bool runs_then,
                  FollowUpCallback on_over_callback, void *userdata, FollowUp **ret) {
        _cleanup_free_ FollowUp *f = NULL;
        RecordImage images[_FIRMWARE_KIND_MAX];
        RecordAttempt record;
        int r;

        assert(spec);
        assert(attempt);
        assert(on_over_callback);
        assert(ret);

        if (!spec->then || !runs_then || !attempt_get_record(attempt, images, &record)) {
                append_record(spec, attempt, NULL);
                *ret = NULL;
                return 0;
        }

        f = calloc(1, sizeof(FollowUp));
        if (!f)
                return -ENOMEM;
        f->spec = *spec;
        f->attempt = attempt;
        f->on_over = on_over_callback;
        f->userdata = userdata;
        r = start(f, &record);
        if (r < 0) {
                append_record(spec, attempt,
                              &(ThenOutcome){.end = THEN_END_NOT_EXECUTED, .value = -r});
                return r;
        }
        *ret = TAKE_PTR(f);
        return 0;
}

FollowUp *follow_up_free(FollowUp *f) {
        if (!f)
                return NULL;

        if (f->command) {
                f->command = then_command_free(f->command);
                f->outcome = (ThenOutcome){.end = THEN_END_KILLED, .value = SIGKILL};
                tell_outcome(f);
                append_record(&f->spec, f->attempt, &f->outcome);
        }
        free(f);
        return NULL;
}

bool follow_up_has_succeeded(const FollowUp *f) {
        assert(f);

        return then_outcome_is_success(&f->outcome);
}
