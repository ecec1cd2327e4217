/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "parse-util.h"

#include <assert.h>
#include <errno.h>

/* Takes the digits at *at into *value, which must stay <= max; at least one digit is required. */
static int take_digits(const char **at, uint64_t max, uint64_t *value) {
        const char *p = *at;
        uint64_t v = 0;

        if (*p < '0' || *p > '9')
                return -EINVAL;

        for (; *p >= '0' && *p <= '9'; p++) {
                uint64_t digit = (uint64_t) (*p - '0');

                if (v > (max - digit) / 10 || digit > max)
                        return -ERANGE;
                v = v * 10 + digit;
        }

        *at = p;
        *value = v;
        return 0;
}

int parse_u64(const char *string, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;
        int r;

        assert(string);
        assert(ret);

        if (string[0] == '0' && string[1] != '\0')
                return -EINVAL;

        r = take_digits(&string, max, &value);
        if (r < 0)
                return r;
        if (*string != '\0')
                return -EINVAL;

        *ret = value;
        return 0;
}

int parse_seconds(const char *string, uint64_t max_usec, uint64_t *ret_usec) {
        uint64_t seconds = 0, usec = 0;
        int r;

        assert(string);
        assert(ret_usec);

        r = take_digits(&string, max_usec / USEC_PER_SEC, &seconds);
        if (r < 0)
                return r;

        if (*string == '.') {
                uint64_t unit = USEC_PER_SEC / 10;

                string++;
                if (*string == '\0')
                        return -EINVAL;
                for (; *string >= '0' && *string <= '9' && unit > 0; string++, unit /= 10)
                        usec += (uint64_t) (*string - '0') * unit;
        }
        if (*string != '\0')
                return -EINVAL;
        if (usec > max_usec - seconds * USEC_PER_SEC)
                return -ERANGE;

        *ret_usec = seconds * USEC_PER_SEC + usec;
        return 0;
}
