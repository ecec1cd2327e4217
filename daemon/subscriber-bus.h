/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The connections that have subscribed: who they are, how many, and that they leave.
 *
 * Needs nothing. Blocks on the bus driver. Logs nothing. */

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "macro.h"

typedef struct Subscribers Subscribers;

/* @on_none is called when the last one has gone. */
int subscribers_new(sd_bus *bus, void (*on_none)(void *userdata), void *userdata,
                    Subscribers **ret);
Subscribers *subscribers_free(Subscribers *subscribers);
DEFINE_CLEANUP_FUNC(Subscribers, subscribers_free);

/* Adds the connection @name of @uid, if it is not there already. Returns 0; the errno of LimitExceeded
 * in @error; -ENXIO if it has left; or another negative errno. */
int subscribers_add(Subscribers *subscribers, const char *name, uid_t uid, sd_bus_error *error);

/* Forgets it, if it is there. */
void subscribers_remove(Subscribers *subscribers, const char *name);

bool subscribers_is_empty(const Subscribers *subscribers);
