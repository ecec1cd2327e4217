/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation: exit without losing a request
 *
 * The bus starts us when a message comes for our name and nobody has it. Between our last look for
 * messages and our end, one may come that nobody would answer. So, in this order:
 *
 *   1. STOPPING=1. From now on systemd queues a start of the unit behind our end, instead of
 *      taking the unit for running and doing nothing.
 *   2. Release the name, asynchronously. What the bus has routed to us before, it has sent before
 *      the reply to this; what comes after starts the next snagd.
 *   3. Go on dispatching until that reply comes, in the order in which things arrived: so every
 *      call that was routed to us is answered.
 *   4. Exit.
 *
 * A call that arrives in 3 is answered if it can be at once. One that would outlive 4 (OpenSession
 * waits for polkit, and then there is a session) is refused with ShuttingDown before it has done
 * anything; the client calls again, which starts the next snagd. To stay instead is not possible:
 * systemd has no way back from STOPPING=1.
 *
 * SIGTERM takes the same way, after all sessions have been closed. */

#include "lifetime.h"

#include <assert.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "bus-contract.h"
#include "driver-bus.h"
#include "fd-util.h"
#include "log.h"

struct Lifetime {
        sd_bus *bus;
        LifetimeCallbacks callbacks;
        void *userdata;

        sd_event_source *idle_timer;
        uint64_t idle_usec;
        uint64_t touched_usec;

        sd_bus_slot *release; /* of the name */
        bool is_leaving;
};

static sd_event *lifetime_get_event(const Lifetime *lifetime) {
        return sd_bus_get_event(lifetime->bus);
}

static int on_idle_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Lifetime *lifetime = userdata;
        uint64_t deadline_usec = lifetime->touched_usec + lifetime->idle_usec;
        int r;

        /* Whatever ends the business calls lifetime_touch(), which starts the timer again. */
        if (lifetime->is_leaving || !lifetime->callbacks.is_idle(lifetime->userdata))
                return 0;

        if (usec >= deadline_usec) {
                log_debug("Idle: leaving.");
                lifetime_leave(lifetime);
                return 0;
        }

        r = sd_event_source_set_time(source, deadline_usec);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int lifetime_new(sd_bus *bus, uint64_t idle_usec, const LifetimeCallbacks *callbacks,
                 void *userdata, Lifetime **ret) {
        _cleanup_(lifetime_freep) Lifetime *lifetime = NULL;
        int r;

        assert(bus);
        assert(sd_bus_get_event(bus));
        assert(callbacks && callbacks->is_idle && callbacks->on_leaving);
        assert(ret);

        lifetime = calloc(1, sizeof(*lifetime));
        if (!lifetime)
                return -ENOMEM;
        lifetime->bus = sd_bus_ref(bus);
        lifetime->idle_usec = idle_usec;
        lifetime->callbacks = *callbacks;
        lifetime->userdata = userdata;
        lifetime->touched_usec = now_usec();

        r = sd_event_add_time(lifetime_get_event(lifetime), &lifetime->idle_timer, CLOCK_MONOTONIC,
                              lifetime->touched_usec + idle_usec, 0, on_idle_timer, lifetime);
        if (r < 0)
                return r;
        /* After the bus: a call that has arrived already is served first. */
        r = sd_event_source_set_priority(lifetime->idle_timer, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(lifetime);
        return 0;
}

Lifetime *lifetime_free(Lifetime *lifetime) {
        if (!lifetime)
                return NULL;

        sd_bus_slot_unref(lifetime->release);
        sd_event_source_disable_unref(lifetime->idle_timer);
        sd_bus_unref(lifetime->bus);
        free(lifetime);
        return NULL;
}

int lifetime_start(Lifetime *lifetime) {
        int r;

        assert(lifetime);

        r = sd_bus_request_name(lifetime->bus, BUS_NAME, 0);
        if (r < 0)
                return r;

        (void) sd_notify(false, "READY=1");
        lifetime_set_n_sessions(lifetime, 0);
        return 0;
}

void lifetime_touch(Lifetime *lifetime) {
        assert(lifetime);

        /* The timer is left as it is while it runs: it looks at this when it elapses. */
        lifetime->touched_usec = now_usec();
        if (sd_event_source_get_enabled(lifetime->idle_timer, NULL) > 0)
                return;

        (void) sd_event_source_set_time(lifetime->idle_timer,
                                        lifetime->touched_usec + lifetime->idle_usec);
        (void) sd_event_source_set_enabled(lifetime->idle_timer, SD_EVENT_ONESHOT);
}

void lifetime_set_n_sessions(Lifetime *lifetime, size_t n_sessions) {
        assert(lifetime);

        if (lifetime->is_leaving)
                return;
        if (n_sessions == 0)
                (void) sd_notify(false, "STATUS=No session.");
        else
                (void) sd_notifyf(false, "STATUS=%zu session%s.", n_sessions,
                                  n_sessions == 1 ? "" : "s");
}

/* Also when it failed, or nothing came in time: there is nothing better to wait for. */
static int on_name_released(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Lifetime *lifetime = userdata;

        return sd_event_exit(lifetime_get_event(lifetime), EXIT_SUCCESS);
}

void lifetime_leave(Lifetime *lifetime) {
        int r;

        assert(lifetime);

        if (lifetime->is_leaving)
                return;
        lifetime->is_leaving = true;

        (void) sd_notify(false, "STOPPING=1\nSTATUS=Leaving.");
        lifetime->callbacks.on_leaving(lifetime->userdata);

        r = driver_release_name(lifetime->bus, BUS_NAME, on_name_released, lifetime,
                                &lifetime->release);
        if (r < 0) {
                log_error_errno(r, "Could not release the bus name: %m");
                (void) sd_event_exit(lifetime_get_event(lifetime), EXIT_FAILURE);
        }
}

bool lifetime_is_leaving(const Lifetime *lifetime) {
        assert(lifetime);

        return lifetime->is_leaving;
}
