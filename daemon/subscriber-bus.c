/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "subscriber-bus.h"

#include <assert.h>

#include "bus-contract.h"

typedef struct Subscriber Subscriber;

struct Subscriber {
        Subscriber *next;
        Subscribers *subscribers; /* not owned */
        char *name;               /* ":1.42" */
        uid_t uid;
        sd_bus_track *track;
};

struct Subscribers {
        sd_bus *bus;
        void (*on_none)(void *userdata);
        void *userdata;
        Subscriber *first;
};

static Subscriber *subscriber_free(Subscriber *s) {
        if (!s)
                return NULL;

        sd_bus_track_unref(s->track);
        free(s->name);
        free(s);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Subscriber, subscriber_free);

int subscribers_new(sd_bus *bus, void (*on_none)(void *userdata), void *userdata,
                    Subscribers **ret) {
        Subscribers *subscribers;

        assert(bus);
        assert(on_none);
        assert(ret);

        subscribers = calloc(1, sizeof(*subscribers));
        if (!subscribers)
                return -ENOMEM;
        subscribers->bus = sd_bus_ref(bus);
        subscribers->on_none = on_none;
        subscribers->userdata = userdata;

        *ret = subscribers;
        return 0;
}

Subscribers *subscribers_free(Subscribers *subscribers) {
        if (!subscribers)
                return NULL;

        while (subscribers->first) {
                Subscriber *s = subscribers->first;

                subscribers->first = s->next;
                subscriber_free(s);
        }
        sd_bus_unref(subscribers->bus);
        free(subscribers);
        return NULL;
}

static Subscriber **find(Subscribers *subscribers, const char *name) {
        Subscriber **p = &subscribers->first;

        while (*p && !streq((*p)->name, name))
                p = &(*p)->next;
        return p;
}

void subscribers_remove(Subscribers *subscribers, const char *name) {
        Subscriber **p, *gone;

        assert(subscribers);
        assert(name);

        p = find(subscribers, name);
        gone = *p;
        if (!gone)
                return;

        *p = gone->next;
        subscriber_free(gone);
        if (!subscribers->first)
                subscribers->on_none(subscribers->userdata);
}

static int on_left(sd_bus_track *track, void *userdata) {
        Subscriber *s = userdata;

        subscribers_remove(s->subscribers, s->name); /* sd-bus holds @track meanwhile */
        return 1;
}

/* Each of them is a match rule of ours, of which the bus allows a connection only so many, and ends
 * one that wants more: see bus-contract.h. */
static int check_limits(const Subscribers *subscribers, uid_t uid, sd_bus_error *error) {
        unsigned n = 0, n_of_user = 0;

        for (const Subscriber *s = subscribers->first; s; s = s->next) {
                n++;
                if (s->uid == uid)
                        n_of_user++;
        }

        if (n_of_user >= SUBSCRIBERS_PER_USER_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                                         "%u programs of yours have subscribed already: end some.",
                                         n_of_user);
        if (n >= SUBSCRIBERS_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                                         "%u programs have subscribed, which is the limit for all "
                                         "users together: retry when some have ended.",
                                         n);
        return 0;
}

int subscribers_add(Subscribers *subscribers, const char *name, uid_t uid, sd_bus_error *error) {
        _cleanup_(subscriber_freep) Subscriber *s = NULL;
        int r;

        assert(subscribers);
        assert(name);

        if (*find(subscribers, name))
                return 0;
        r = check_limits(subscribers, uid, error);
        if (r < 0)
                return r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->subscribers = subscribers;
        s->uid = uid;
        s->name = strdup(name);
        if (!s->name)
                return -ENOMEM;
        r = sd_bus_track_new(subscribers->bus, &s->track, on_left, s);
        if (r < 0)
                return r;
        r = sd_bus_track_add_name(s->track, name);
        if (r < 0)
                return r;

        s->next = subscribers->first;
        subscribers->first = TAKE_PTR(s);
        return 0;
}

bool subscribers_is_empty(const Subscribers *subscribers) {
        assert(subscribers);

        return !subscribers->first;
}
