/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "report-words.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

const char *report_format_ms(char word[static REPORT_WORD_LEN_MAX], int64_t ms) {
        double seconds = (double) ms / 1000;

        if (ms < 1000)
                (void) snprintf(word, REPORT_WORD_LEN_MAX, "%" PRId64 " ms", ms);
        else
                (void) snprintf(word, REPORT_WORD_LEN_MAX, "%.*f s",
                                seconds < 9.995 ? 2 : (seconds < 99.95 ? 1 : 0), seconds);
        return word;
}

const char *report_format_percent(char word[static REPORT_WORD_LEN_MAX], double percent) {
        if (!isfinite(percent))
                return strcpy(word, "-");

        /* One failure of ten thousand is one. */
        if (percent > 99.9 && percent < 100)
                percent = 99.9;
        (void) snprintf(word, REPORT_WORD_LEN_MAX, "%.*f %%", percent < 100 ? 1 : 0, percent);
        return word;
}

const char *report_format_count(char word[static REPORT_WORD_LEN_MAX], uint64_t n) {
        (void) snprintf(word, REPORT_WORD_LEN_MAX, "%" PRIu64, n);
        return word;
}

const char *report_format_clock(char word[static REPORT_WORD_LEN_MAX], uint64_t realtime_usec) {
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        struct tm local = {};

        if (!localtime_r(&seconds, &local) ||
            strftime(word, REPORT_WORD_LEN_MAX, "%Y-%m-%d %H:%M", &local) == 0)
                word[0] = '\0';
        return word;
}

const char *report_get_step_title(RecordTime time) {
        static const char *const titles[_RECORD_TIME_MAX] = {
                [RECORD_TIME_PLUG] = "on USB",
                [RECORD_TIME_LINK] = "link up",
                [RECORD_TIME_REQUEST] = "first request",
                [RECORD_TIME_ANSWER] = "answered",
                [RECORD_TIME_FIRST_BLOCK] = "first block",
                [RECORD_TIME_LAST_BLOCK] = "last block",
        };

        assert(time < _RECORD_TIME_MAX);

        return titles[time];
}
