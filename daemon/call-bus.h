/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What every method handler does with a call before it acts: read the options, see who sent it,
 * turn a failure of the core into a D-Bus error.
 *
 * Needs nothing. Blocks on the bus driver. Logs nothing. */

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "failure.h"
#include "macro.h"

/* An option that the method knows: a string, or, with @ret_truth, a boolean. */
typedef struct CallOption {
        const char *key;
        const char *value; /* out: borrowed from the message; NULL if it was not given */
        bool *ret_truth;   /* set only if it was given */
        bool is_given;     /* out */
} CallOption;

/* Reads an a{sv}. Unknown keys are refused, so that a typing error is not silently ignored; so are
 * repeated keys and values of another type. Returns 0, or the errno of InvalidOption in @error. */
int call_read_options(sd_bus_message *call, CallOption *options, size_t n_options,
                      sd_bus_error *error);

/* The uid of the sender, as the bus driver knows it. -ENXIO if it has left; LimitExceeded in @error, without asking,
 * if CALLS_WAITING_MAX calls wait already: nothing is read from the bus then until they have had their turn. */
int call_get_uid(sd_bus_message *call, uid_t *ret, sd_bus_error *error);

/* Returns @r, the errno of the core call that failed, with @failure's name and text in @error. */
int call_set_failure(sd_bus_error *error, int r, const Failure *failure);
