/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Everything that can be said of a board that does not do as it should, in one table: what was seen, what
 * it means, what to try. Whoever sees it decides when to say so. snagctl(1) has all of them, and a
 * test that compares. */

#include "macro.h"
#include "progress.h"

/* The first line tells what was seen, and has the details; the others what to make of it. */
#define DIAGNOSIS_LINES_MAX 4u

typedef enum Diagnosis {
        /* While waiting, and at the end of hope. */
        DIAGNOSIS_NO_BOARD,
        DIAGNOSIS_NO_BOARD_END,
        DIAGNOSIS_ROM_SILENT,
        DIAGNOSIS_ROM_SILENT_END,
        DIAGNOSIS_ROM_GAVE_UP,
        DIAGNOSIS_ROM_GAVE_UP_END,
        DIAGNOSIS_SPL_SILENT,
        DIAGNOSIS_SPL_SILENT_END,
        DIAGNOSIS_NO_TFTP,
        DIAGNOSIS_NO_TFTP_END,
        DIAGNOSIS_STALLED,
        DIAGNOSIS_STALLED_END,
        DIAGNOSIS_LEFT,
        DIAGNOSIS_LEFT_END,
        DIAGNOSIS_SPL_LEFT,
        DIAGNOSIS_SPL_LEFT_END,
        DIAGNOSIS_NO_SECOND_DEVICE,
        DIAGNOSIS_NO_SECOND_DEVICE_END,

        /* When it happens. */
        DIAGNOSIS_KEEPS_LEAVING,
        DIAGNOSIS_KEEPS_LEAVING_END,
        DIAGNOSIS_ROM_BACK,
        DIAGNOSIS_ROM_BACK_END,
        DIAGNOSIS_WRONG_CLASS,
        DIAGNOSIS_U_BOOT_ASKS,
        DIAGNOSIS_U_BOOT_ASKS_END,
        DIAGNOSIS_HEX_NAME,
        DIAGNOSIS_OTHER_NAME,
        DIAGNOSIS_BOARD_ERROR,
        DIAGNOSIS_BEGINS_ANEW_END,
        DIAGNOSIS_SLOW,
        DIAGNOSIS_SLOW_END,
        DIAGNOSIS_FLOOD,
        DIAGNOSIS_HELD,
        _DIAGNOSIS_MAX,
} Diagnosis;

/* Of which board it is said. */
typedef struct DiagnosisContext {
        const char *port, *session; /* NULL: none, or not known yet */
        const char *detail;         /* what makes the first line concrete, or "" */
} DiagnosisContext;

/* Says it, as a note, a warning or an error: the port and ": " before the first line, ": " and the detail behind it. */
void diagnosis_say(Diagnosis diagnosis, Progress *progress, const DiagnosisContext *context);

/* Its name in events and records: "no-board-end". */
const char *diagnosis_to_string(Diagnosis diagnosis);

ProgressKind diagnosis_get_kind(Diagnosis diagnosis);

/* What was seen, without details. */
const char *diagnosis_get_sentence(Diagnosis diagnosis);
