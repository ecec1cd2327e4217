/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What one recovery has to tell a record: the board's stages with their times and counts, what its ROM said
 * of its chip, and what was wrong. The recovery writes it as it goes; it is complete at every moment, and
 * of a fixed size whatever a board does. Pure; allocates nothing. Times: CLOCK_MONOTONIC. */

#include "bootp-message.h"
#include "progress.h"
#include "record.h"
#include "tftp-transfer.h"

#define RECOVERY_LOG_TEXT_LEN_MAX 512u

/* All zero: nothing has happened. Members are for reading only. */
typedef struct RecoveryLog {
        RecordStage stages[RECORD_STAGES_MAX];
        size_t n_stages;
        RecordStage ended; /* counts of the present stage's transfers but the one that began last */

        uint8_t asic_id[BOOTP_CLIENT_ID_MAX];
        size_t asic_id_size; /* 0: none was sent */

        const char *diagnosis; /* NULL: nothing was wrong */
        ProgressKind diagnosis_kind;
        char diagnosis_text[RECOVERY_LOG_TEXT_LEN_MAX];
} RecoveryLog;

/* A board is there in @stage since @plug_usec; 0: since when is not known yet. A board that comes and goes
 * for ever fills the log: then the newest stage takes the last one's place. */
void recovery_log_begin_stage(RecoveryLog *log, Stage stage, uint64_t plug_usec);

/* Of the present stage, the first of each counts. Before any stage nothing does, here and below. */
void recovery_log_time(RecoveryLog *log, RecordTime time, uint64_t usec);

/* A BOOTP or DHCP request that was read at @usec. */
void recovery_log_request(RecoveryLog *log, uint64_t usec);

/* Option 61 of the ROM's request; of several the last one counts: the board may be another one. */
void recovery_log_asic_id(RecoveryLog *log, const void *id, size_t size);

/* A transfer began, and how far it is; what the ones before it did stays counted. */
void recovery_log_begin_transfer(RecoveryLog *log);
void recovery_log_transfer(RecoveryLog *log, const TftpProgress *progress);

/* @name stays borrowed. The gravest one counts, of several such the last: what made it fail, or else came
 * nearest to that. */
void recovery_log_diagnosis(RecoveryLog *log, const char *name, ProgressKind kind,
                            const char *text);

/* Sets in *@ret what the log knows: begin, stages, ASIC id, diagnosis; borrowed from @log. */
void recovery_log_fill(const RecoveryLog *log, RecordAttempt *ret);
