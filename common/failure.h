/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A failure that a person will read: a name of the bus contract and a sentence that says what to
 * do. Core code fills it where it fails; the D-Bus edge sends it; Session.Failure keeps it. */

#include "macro.h"

typedef struct Failure {
        const char *name; /* one of BUS_ERROR_*, static; NULL: no failure */
        char *text;       /* owned; NULL only when name is, or when memory ran out */
} Failure;

/* Sets @f, which may be NULL, unless it is set already: the first cause is the one that counts.
 * Returns the negative errno that belongs to @name (bus_error_to_errno()), for
 * `return failure_set(…);`. */
int failure_set(Failure *f, const char *name, const char *format, ...) _printf_(3, 4);

void failure_done(Failure *f);

#define _cleanup_failure_ _cleanup_(failure_done)
