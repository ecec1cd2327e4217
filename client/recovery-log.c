/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recovery-log.h"

#include <assert.h>
#include <stdio.h>

static RecordStage *get_present(RecoveryLog *log) {
        return log->n_stages > 0 ? &log->stages[log->n_stages - 1] : NULL;
}

void recovery_log_begin_stage(RecoveryLog *log, Stage stage, uint64_t plug_usec) {
        assert(log);
        assert(stage < _STAGE_MAX);

        if (log->n_stages < RECORD_STAGES_MAX)
                log->n_stages++;
        *get_present(log) = (RecordStage){
                .stage = stage,
                .times_usec[RECORD_TIME_PLUG] = plug_usec,
        };
        log->ended = (RecordStage){};
}

void recovery_log_time(RecoveryLog *log, RecordTime time, uint64_t usec) {
        RecordStage *stage;

        assert(log);
        assert(time < _RECORD_TIME_MAX);

        stage = get_present(log);
        if (stage && stage->times_usec[time] == 0)
                stage->times_usec[time] = usec;
}

void recovery_log_request(RecoveryLog *log, uint64_t usec) {
        RecordStage *stage;

        assert(log);

        recovery_log_time(log, RECORD_TIME_REQUEST, usec);
        stage = get_present(log);
        if (stage)
                stage->n_requests++;
}

void recovery_log_asic_id(RecoveryLog *log, const void *id, size_t size) {
        assert(log);
        assert(id);

        if (log->n_stages == 0)
                return;
        log->asic_id_size = MIN_OF(size, sizeof(log->asic_id));
        memcpy(log->asic_id, id, log->asic_id_size);
}

void recovery_log_begin_transfer(RecoveryLog *log) {
        const RecordStage *stage;

        assert(log);

        stage = get_present(log);
        if (stage)
                log->ended = *stage;
}

void recovery_log_transfer(RecoveryLog *log, const TftpProgress *progress) {
        RecordStage *stage;

        assert(log);
        assert(progress);

        stage = get_present(log);
        if (!stage)
                return;
        stage->n_blocks = log->ended.n_blocks + progress->block;
        stage->n_bytes = log->ended.n_bytes + progress->bytes_acked;
        stage->n_retransmissions = log->ended.n_retransmissions + progress->n_retransmissions;
}

void recovery_log_diagnosis(RecoveryLog *log, const char *name, ProgressKind kind,
                            const char *text) {
        assert(log);
        assert(name);
        assert(text);

        if (log->n_stages == 0 || (log->diagnosis && kind < log->diagnosis_kind))
                return;
        log->diagnosis = name;
        log->diagnosis_kind = kind;
        (void) snprintf(log->diagnosis_text, sizeof(log->diagnosis_text), "%s", text);
}

/* The first thing that is known of the first stage: its plug, or the request of a board whose plug nobody
 * has told of. */
static uint64_t get_begin(const RecoveryLog *log) {
        for (RecordTime time = 0; log->n_stages > 0 && time < _RECORD_TIME_MAX; time++)
                if (log->stages[0].times_usec[time] > 0)
                        return log->stages[0].times_usec[time];
        return 0;
}

void recovery_log_fill(const RecoveryLog *log, RecordAttempt *ret) {
        assert(log);
        assert(ret);

        ret->begin_usec = get_begin(log);
        ret->stages = log->stages;
        ret->n_stages = log->n_stages;
        ret->asic_id = log->asic_id_size > 0 ? log->asic_id : NULL;
        ret->asic_id_size = log->asic_id_size;
        ret->diagnosis = log->diagnosis;
        ret->diagnosis_text = log->diagnosis ? log->diagnosis_text : NULL;
}
