/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the one who writes a record and the one who reads it agree on: schema, words, limits, the form of
 * a time. A record is a file of lines, each of which is a JSON object that tells of one attempt to
 * recover a board; snagctl(1) describes it. Pure. */

#include "macro.h"
#include "string-table.h"

/* In every line. Members may be added; whoever changes the meaning of one changes the number. */
#define RECORD_SCHEMA "snagctl-record/1"

/* A line is never longer than this, with its newline. */
#define RECORD_LINE_MAX 65536u

/* A board that keeps coming and going has as many at most; see recovery.c. */
#define RECORD_STAGES_MAX 64u

typedef enum RecordResult {
        RECORD_RESULT_RECOVERED,
        RECORD_RESULT_FAILED,
        RECORD_RESULT_INTERRUPTED, /* by somebody, not by the board: nothing can be said of it */
        _RECORD_RESULT_MAX,
} RecordResult;

DECLARE_STRING_TABLE(record_result, RecordResult);

/* What can be timed in a stage, in the order in which it happens. As a string: the member of a line. */
typedef enum RecordTime {
        RECORD_TIME_PLUG,    /* the board came up on USB, or, if it was there before, was wanted */
        RECORD_TIME_LINK,    /* its link can carry an answer */
        RECORD_TIME_REQUEST, /* its first BOOTP or DHCP request was read */
        RECORD_TIME_ANSWER,  /* the first answer to one was sent */
        RECORD_TIME_FIRST_BLOCK, /* its first block was sent */
        RECORD_TIME_LAST_BLOCK,  /* its last block was acknowledged: the stage is done */
        _RECORD_TIME_MAX,
} RecordTime;

DECLARE_STRING_TABLE(record_time, RecordTime);

#define RECORD_CLOCK_LEN STRLEN("2026-11-23T14:05:06.789123Z")

/* CLOCK_REALTIME in µs, with years up to 9999, as events have it: "2026-11-23T14:05:06.789123Z". Returns @buffer. */
#define RECORD_CLOCK_MAX_USEC (UINT64_C(253402300800) * USEC_PER_SEC - 1)
const char *record_clock_format(char buffer[static RECORD_CLOCK_LEN + 1], uint64_t realtime_usec);

/* The reverse, for that form alone. Returns 0 or -EINVAL. */
int record_clock_parse(const char *string, uint64_t *ret_realtime_usec);
