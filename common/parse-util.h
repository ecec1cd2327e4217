/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Strict parsing of numbers: no sign, no space, no base prefix, nothing behind. */

#include "macro.h"

/* Parses decimal digits. Returns 0, -EINVAL for anything that is not only digits (leading zeros are
 * refused too, "0" itself is not), -ERANGE above @max. */
int parse_u64(const char *string, uint64_t max, uint64_t *ret);

/* Parses a time in whole or decimal seconds ("30", "0.5"; at most six decimals) into µs.
 * Returns 0, -EINVAL, or -ERANGE above @max_usec. */
int parse_seconds(const char *string, uint64_t max_usec, uint64_t *ret_usec);
