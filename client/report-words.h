/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How numbers of a report are written for people, in its table and in its picture. Pure, but for the
 * local time zone. */

#include "macro.h"
#include "record-format.h"

#define REPORT_WORD_LEN_MAX 32u

/* "744 ms", "1.15 s", "31.2 s", "125 s". Returns @word, as the others do. */
const char *report_format_ms(char word[static REPORT_WORD_LEN_MAX], int64_t ms);

/* "97.1 %"; "-" for NaN. Only what is 100 is called so. */
const char *report_format_percent(char word[static REPORT_WORD_LEN_MAX], double percent);

const char *report_format_count(char word[static REPORT_WORD_LEN_MAX], uint64_t n);

/* "2026-11-23 14:05", local time. */
const char *report_format_clock(char word[static REPORT_WORD_LEN_MAX], uint64_t realtime_usec);

/* What a step ends with, in two or three words. */
const char *report_get_step_title(RecordTime time);
