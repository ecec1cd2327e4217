/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation. Each namespace is given a number (nsid) by which the host's kernel knows it; when
 * the namespace is gone, so is the number, and RTM_DELNSID says so. The number may be somebody else's
 * from then on, before we have read that: so an event is only a reason to ask. */

#include "namespace-count.h"

#include <assert.h>

#include "bus-contract.h"
#include "log.h"
#include "rtnl.h"

typedef struct CountedNamespace {
        int nsid;
        uid_t uid;
} CountedNamespace;

struct NamespaceCount {
        sd_event *event;
        Rtnl *home; /* not owned */
        void (*on_gone)(void *userdata);
        void *userdata;
        RtnlMonitor *monitor;
        sd_event_source *source;
        CountedNamespace namespaces[SESSIONS_MAX];
        size_t n;
};

static void forget(NamespaceCount *count, size_t i) {
        count->namespaces[i] = count->namespaces[--count->n];
}

/* Drops what is gone; if asked about one number, only that one. The kernel's answer counts and not
 * the event, which may be older than the number's new owner; but without an answer the event does:
 * there will not be another one. */
static void check(NamespaceCount *count, const int *only) {
        size_t n = count->n;

        for (size_t i = count->n; i-- > 0;) {
                int nsid = count->namespaces[i].nsid, r;

                if (only && *only != nsid)
                        continue;
                r = rtnl_nsid_exists(count->home, nsid);
                if (r == 0 || (r < 0 && only))
                        forget(count, i);
        }

        if (count->n < n)
                count->on_gone(count->userdata);
}

static void on_nsid_removed(int nsid, void *userdata) {
        check(userdata, &nsid);
}

static void on_overflow(void *userdata) {
        check(userdata, NULL);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        NamespaceCount *count = userdata;
        int r;

        r = rtnl_monitor_dispatch(count->monitor);
        if (r < 0) {
                log_error_errno(r, "Cannot hear from the kernel any more, exiting: %m");
                return sd_event_exit(count->event, r);
        }

        return 0;
}

int namespace_count_new(sd_event *event, Rtnl *home, void (*on_gone)(void *userdata),
                        void *userdata, NamespaceCount **ret) {
        static const RtnlMonitorCallbacks callbacks = {
                .nsid_removed = on_nsid_removed,
                .overflow = on_overflow,
        };
        _cleanup_(namespace_count_freep) NamespaceCount *count = NULL;
        int r;

        assert(event);
        assert(home);
        assert(on_gone);
        assert(ret);

        count = calloc(1, sizeof(*count));
        if (!count)
                return -ENOMEM;
        count->event = sd_event_ref(event);
        count->home = home;
        count->on_gone = on_gone;
        count->userdata = userdata;

        r = rtnl_monitor_new(&callbacks, count, &count->monitor);
        if (r < 0)
                return r;
        r = sd_event_add_io(event, &count->source, rtnl_monitor_get_fd(count->monitor), EPOLLIN,
                            on_io, count);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(count);
        return 0;
}

NamespaceCount *namespace_count_free(NamespaceCount *count) {
        if (!count)
                return NULL;

        sd_event_source_disable_unref(count->source);
        rtnl_monitor_free(count->monitor);
        sd_event_unref(count->event);
        free(count);
        return NULL;
}

int namespace_count_add(NamespaceCount *count, uid_t uid, int netns_fd) {
        int nsid, r;

        assert(count);

        if (count->n >= ELEMENTSOF(count->namespaces))
                return -ENOSPC;

        r = rtnl_nsid_assign(count->home, netns_fd, &nsid);
        if (r < 0)
                return r;

        /* A number that is given again was free: its old owner is gone, though we have not read so
         * yet. */
        for (size_t i = 0; i < count->n; i++)
                if (count->namespaces[i].nsid == nsid) {
                        forget(count, i);
                        break;
                }

        count->namespaces[count->n++] = (CountedNamespace){nsid, uid};
        return 0;
}

size_t namespace_count_all(const NamespaceCount *count) {
        assert(count);
        return count->n;
}

size_t namespace_count_of_user(const NamespaceCount *count, uid_t uid) {
        size_t n = 0;

        assert(count);

        for (size_t i = 0; i < count->n; i++)
                if (count->namespaces[i].uid == uid)
                        n++;

        return n;
}
