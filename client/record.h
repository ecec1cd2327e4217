/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The record of a flashing station: one attempt to recover a board, as one line of JSON, appended to a
 * file. Theory of operation: record-file.c.
 *
 * Needs write access to the file and, to create it, to its folder. Blocks on the disk, which is asked to
 * keep the line before the call returns, and up to RECORD_FILE_LOCK_USEC on another process that
 * appends. Does not log. */

#include "macro.h"
#include "record-format.h"
#include "soc.h"

/* What a board was to get. */
typedef struct RecordImage {
        const char *role;   /* "spl", "u-boot" */
        const char *name;   /* of the file */
        uint64_t size;      /* of what is sent: without the header of an MLO */
        const char *sha256; /* of the same, in hexadecimal (sha256.h) */
} RecordImage;

/* A board in one stage, from when it came up on USB until it left it. One that comes again has another. */
typedef struct RecordStage {
        Stage stage;
        uint64_t times_usec[_RECORD_TIME_MAX]; /* CLOCK_MONOTONIC; 0: did not happen */
        uint64_t n_requests;                   /* BOOTP and DHCP requests that were read */
        uint64_t n_blocks;                     /* acknowledged */
        uint64_t n_bytes;                      /* so */
        uint64_t n_retransmissions;            /* datagrams that were sent again */
} RecordStage;

/* How the command that is run after a recovery ended. */
typedef struct RecordThen {
        int signal_number; /* 0: it exited */
        int exit_status;
} RecordThen;

/* All borrowed; a string that is NULL is not known. */
typedef struct RecordAttempt {
        uint64_t realtime_usec; /* CLOCK_REALTIME at begin_usec */
        uint64_t begin_usec;    /* CLOCK_MONOTONIC: its first time; the others are told from here */
        uint64_t end_usec;
        const char *id_path;
        const char *port;
        const char *soc;
        const void *asic_id; /* option 61 of the ROM's request; NULL: it sent none */
        size_t asic_id_size;
        const RecordImage *images;
        size_t n_images;
        const RecordStage
                *stages; /* in their order; beyond RECORD_STAGES_MAX the last are left out */
        size_t n_stages;
        RecordResult result;
        const char *diagnosis; /* a short name, `[a-z0-9-]`, that stays; NULL: nothing was wrong */
        const char *diagnosis_text; /* what it means, for people */
        const RecordThen *then;     /* NULL: no command was run */
} RecordAttempt;

/* Writes it as JSON with a newline behind, at most RECORD_LINE_MAX bytes. Returns 0 with *@ret_line,
 * which the caller frees, or -ENOMEM. */
int record_format(const RecordAttempt *attempt, char **ret_line, size_t *ret_len);

/* Appends it to the file. Returns 0; -ENOMEM; or another negative errno (-ENOSPC: the disk is full) and
 * in *@ret_reason the sentence that says why, which the caller frees. Then this attempt is not in the
 * record, which is as it was (after -EIO it may be); the next one may succeed again. */
int record_append(const char *path, const RecordAttempt *attempt, char **ret_reason);

/* To be asked before the first board: whether @path can be a record. Creates it; a file of another kind is
 * refused, so that a name that was mistaken costs no image. Returns as record_append(). */
int record_prepare(const char *path, char **ret_reason);

/* The same, but creates nothing. */
int record_check(const char *path, char **ret_reason);
