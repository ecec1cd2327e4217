/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Reads records back (record.h): of a file that may be torn, damaged, of another program or of an enemy's,
 * every line that is whole and makes sense, and counts the others. Needs no more memory for a file of any
 * size than a line may have. Pure but for record_reader_read(), which blocks on reading. Does not log. */

#include "json-build.h"
#include "macro.h"
#include "record-format.h"
#include "soc.h"
#include "usb-port.h"

#define RECORD_DIAGNOSIS_LEN_MAX 63u

/* Why a line is left out. */
typedef enum RecordFlaw {
        RECORD_FLAW_NONE,
        RECORD_FLAW_NOT_JSON, /* no JSON object, or something behind it */
        RECORD_FLAW_TORN, /* so, and the end of the file without a newline: a cut, or being written */
        RECORD_FLAW_TOO_LONG, /* RECORD_LINE_MAX */
        RECORD_FLAW_FOREIGN,  /* a JSON object without our schema */
        RECORD_FLAW_INVALID, /* with it, but a member is missing, of a wrong type, or out of range */
        _RECORD_FLAW_MAX,
} RecordFlaw;

typedef struct RecordEntryStage {
        Stage stage;
        int64_t times_ms[_RECORD_TIME_MAX]; /* since the attempt began; -1: did not happen */
        uint32_t n_requests;
        uint32_t n_blocks;
        uint32_t n_retransmissions;
        uint64_t n_bytes;
} RecordEntryStage;

#define RECORD_ENTRY_MS_MAX INT64_C(10000000000) /* 115 days */

/* What a report needs of an attempt. Strings may be empty: not known. */
typedef struct RecordEntry {
        uint64_t realtime_usec;
        char id_path[USB_ID_PATH_LEN_MAX + 1]; /* valid (usb-port.h), or empty */
        char port[USB_PORT_LEN_MAX + 1];       /* so */
        RecordResult result;
        char diagnosis[RECORD_DIAGNOSIS_LEN_MAX + 1]; /* `[a-z0-9-]` */
        char diagnosis_text[JSON_STRING_LEN_MAX + 1]; /* printable */
        int64_t ms;                                   /* in all */
        bool has_then_failed;
        RecordEntryStage stages[RECORD_STAGES_MAX];
        size_t n_stages;
} RecordEntry;

typedef struct RecordCounts {
        uint64_t n_entries;
        uint64_t n_flaws[_RECORD_FLAW_MAX];
        uint64_t first_flaw_line; /* from 1; 0: none */
} RecordCounts;

typedef struct RecordReader RecordReader;

/* Called for each good line. A negative errno ends the reading, and is what it returns. */
typedef int (*RecordEntryFunction)(const RecordEntry *entry, void *userdata);

/* For one file. Returns 0 or -ENOMEM. */
int record_reader_new(RecordEntryFunction on_entry, void *userdata, RecordReader **ret);
RecordReader *record_reader_free(RecordReader *r);
DEFINE_CLEANUP_FUNC(RecordReader, record_reader_free);

/* Takes the next bytes of a file, as many as there happen to be. Returns 0, -ENOMEM, or what on_entry()
 * did. */
int record_reader_feed(RecordReader *r, const void *bytes, size_t size);

/* The file has ended. Returns so. */
int record_reader_finish(RecordReader *r);

/* Both, for all that can be read. Borrows @fd. Returns so, or the negative errno of reading. */
int record_reader_read(RecordReader *r, int fd);

const RecordCounts *record_reader_get_counts(const RecordReader *r);
