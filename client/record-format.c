/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "record-format.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

static const char *const record_result_table[_RECORD_RESULT_MAX] = {
        [RECORD_RESULT_RECOVERED] = "recovered",
        [RECORD_RESULT_FAILED] = "failed",
        [RECORD_RESULT_INTERRUPTED] = "interrupted",
};
DEFINE_STRING_TABLE(record_result, RecordResult);

static const char *const record_time_table[_RECORD_TIME_MAX] = {
        [RECORD_TIME_PLUG] = "plug_ms",
        [RECORD_TIME_LINK] = "link_ready_ms",
        [RECORD_TIME_REQUEST] = "first_request_ms",
        [RECORD_TIME_ANSWER] = "first_answer_ms",
        [RECORD_TIME_FIRST_BLOCK] = "first_block_ms",
        [RECORD_TIME_LAST_BLOCK] = "last_block_ms",
};
DEFINE_STRING_TABLE(record_time, RecordTime);

const char *record_clock_format(char buffer[static RECORD_CLOCK_LEN + 1], uint64_t realtime_usec) {
        time_t seconds = (time_t) (MIN_OF(realtime_usec, RECORD_CLOCK_MAX_USEC) / USEC_PER_SEC);
        unsigned usec = (unsigned) (realtime_usec % USEC_PER_SEC);
        char date[32] = "";
        struct tm utc = {};

        if (gmtime_r(&seconds, &utc))
                (void) strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
        (void) snprintf(buffer, RECORD_CLOCK_LEN + 1, "%.19s.%06uZ", date, usec);
        return buffer;
}

/* Takes @n_digits digits at *at and @separator behind them. */
static bool take(const char **at, unsigned n_digits, char separator, int *ret) {
        int value = 0;

        for (; n_digits > 0; n_digits--, (*at)++) {
                if (**at < '0' || **at > '9')
                        return false;
                value = value * 10 + (**at - '0');
        }
        *ret = value;
        return *(*at)++ == separator;
}

int record_clock_parse(const char *string, uint64_t *ret_realtime_usec) {
        char again[RECORD_CLOCK_LEN + 1];
        const char *at = string;
        struct tm utc = {};
        uint64_t usec;
        int fraction = 0;

        assert(string);
        assert(ret_realtime_usec);

        if (strlen(string) != RECORD_CLOCK_LEN || !take(&at, 4, '-', &utc.tm_year) ||
            !take(&at, 2, '-', &utc.tm_mon) || !take(&at, 2, 'T', &utc.tm_mday) ||
            !take(&at, 2, ':', &utc.tm_hour) || !take(&at, 2, ':', &utc.tm_min) ||
            !take(&at, 2, '.', &utc.tm_sec) || !take(&at, 6, 'Z', &fraction) || utc.tm_year < 1970)
                return -EINVAL;

        utc.tm_year -= 1900;
        utc.tm_mon -= 1;
        usec = (uint64_t) timegm(&utc) * USEC_PER_SEC + (uint64_t) fraction;

        /* timegm() takes the 31st of February for the 3rd of March. */
        if (usec > RECORD_CLOCK_MAX_USEC || !streq(record_clock_format(again, usec), string))
                return -EINVAL;

        *ret_realtime_usec = usec;
        return 0;
}
