/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How long the daemon stays: tells the service manager when it is ready, leaves the bus when there
 * has been nothing to do for a while, and leaves it in such an order that no request is lost.
 * Theory of operation in lifetime.c.
 *
 * Needs nothing. Blocks on the bus driver in lifetime_start(). Logs. */

#include <systemd/sd-bus.h>

#include "macro.h"

typedef struct Lifetime Lifetime;

typedef struct LifetimeCallbacks {
        /* Whether nothing would be lost if the daemon went. */
        bool (*is_idle)(void *userdata);

        /* It goes: take nothing new, end what there is. */
        void (*on_leaving)(void *userdata);
} LifetimeCallbacks;

/* @bus must be attached to an event loop. @idle_usec: how long nothing has to happen. @callbacks is
 * copied. */
int lifetime_new(sd_bus *bus, uint64_t idle_usec, const LifetimeCallbacks *callbacks,
                 void *userdata, Lifetime **ret);
Lifetime *lifetime_free(Lifetime *lifetime);
DEFINE_CLEANUP_FUNC(Lifetime, lifetime_free);

/* Takes the bus name and tells the service manager. -EEXIST: another one has it. */
int lifetime_start(Lifetime *lifetime);

/* Something happened: a call, or an end of something. The time of idleness begins anew. */
void lifetime_touch(Lifetime *lifetime);

/* What `systemctl status` shows. */
void lifetime_set_n_sessions(Lifetime *lifetime, size_t n_sessions);

/* Leaves the bus and ends the event loop with success. To call it again changes nothing. */
void lifetime_leave(Lifetime *lifetime);

/* From here on a call that does not end at once is to be refused with ShuttingDown. */
bool lifetime_is_leaving(const Lifetime *lifetime);
