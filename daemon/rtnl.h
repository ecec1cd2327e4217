/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* rtnetlink: moving, naming and configuring a board's link, and the events that say that one went.
 *
 * An Rtnl and an RtnlMonitor belong for ever to the namespace in which they were made (use
 * netns_run()) and keep it alive. Every call is one request, acknowledged by the kernel before it
 * returns; errors are the acknowledgement's errno. -ENODEV is the ordinary event "unplugged".
 *
 * Needs:  CAP_NET_ADMIN, for changes. Nothing, for queries and events.
 * Blocks: on the kernel's rtnl lock, without limit; usually well under a millisecond. The monitor
 *         never blocks.
 * Logs:   nothing. */

#include <net/if.h>
#include <netinet/in.h>

#include "macro.h"

typedef struct Rtnl Rtnl;
typedef struct RtnlMonitor RtnlMonitor;

typedef struct RtnlLink {
        int ifindex;
        int master;         /* ifindex of its bridge or bond; 0: none */
        unsigned int flags; /* IFF_* */
        char name[IF_NAMESIZE];
} RtnlLink;

/* Each may be NULL; which of the first three is set decides which events are asked for. */
typedef struct RtnlMonitorCallbacks {
        /* RTM_DELLINK: a link left this namespace. @is_moved: into another one (by us or by an
         * administrator); otherwise the device is gone: the first sign of an unplug. An event that
         * was under way when the same link came back may still arrive: check @is_moved. */
        void (*link_removed)(int ifindex, const char *name, bool is_moved, void *userdata);

        /* RTM_NEWLINK, RTM_NEWADDR, RTM_DELADDR: something about a link may have changed: its flags, its
         * master, an address of it. */
        void (*link_changed)(int ifindex, void *userdata);

        /* RTM_DELNSID: the namespace that rtnl_nsid_assign() numbered is gone for good: every fd and
         * every socket in it is closed. The number may be given to another one from now on. */
        void (*nsid_removed)(int nsid, void *userdata);

        /* ENOBUFS: events were lost. Ask for the state (rtnl_link_get(), rtnl_nsid_exists()) again;
         * what changes from the call on is told as ever. */
        void (*overflow)(void *userdata);
} RtnlMonitorCallbacks;

/* Life cycle. Returns 0, -ENOMEM, -EMFILE, -ENFILE, or another errno of socket(2) and bind(2). */
int rtnl_new(Rtnl **ret);
Rtnl *rtnl_free(Rtnl *rtnl);
DEFINE_CLEANUP_FUNC(Rtnl, rtnl_free);

/* Queries. -ENODEV: there is no such link in this namespace. */
int rtnl_link_get(Rtnl *rtnl, int ifindex, RtnlLink *ret);
int rtnl_link_find(Rtnl *rtnl, const char *name, RtnlLink *ret);

/* Returns 1 if the link has any IPv4 or IPv6 address, else 0. A link-local one counts too: the
 * kernel gives one only to a link that somebody brought up. */
int rtnl_link_has_address(Rtnl *rtnl, int ifindex);

/* Moves a link from its namespace into a session's, in one request: it arrives down, called @name,
 * with IPv6 address generation off (no frame leaves it before something is sent on purpose). @to is
 * an Rtnl of the namespace that @to_netns_fd (borrowed) is. The index is kept if it is free there;
 * @ret_ifindex says. If @name is taken there, the link is called @name without its final digits and
 * with a free number behind.
 *
 * Returns 0; -ENODEV if it was unplugged; -EPERM; -EEXIST if names are taken beyond remedy, -EBUSY
 * if indices are; or what else the kernel acknowledged. After -ENODEV it is nowhere; after any other
 * failure it is where it was, unless the kernel refused to look or to finish: the undo looks in both
 * places. */
int rtnl_link_move(Rtnl *from, int ifindex, Rtnl *to, int to_netns_fd, const char *name,
                   int *ret_ifindex);

/* Moves a link out of a session's namespace @from. The same, but IPv6 is left as home wants it.
 * @name is what it was called before it left. Arrives down, without addresses. */
int rtnl_link_move_home(Rtnl *from, int ifindex, Rtnl *home, int home_netns_fd, const char *name,
                        int *ret_ifindex);

/* Sets IFF_UP. When this has returned, the transmit queue runs: what is sent now leaves. */
int rtnl_link_set_up(Rtnl *rtnl, int ifindex);

/* Sets IFF_UP on the loopback. */
int rtnl_loopback_up(Rtnl *rtnl);

/* Adds an address with its prefix's route and broadcast address. -EEXIST if the link has it. */
int rtnl_addr_add(Rtnl *rtnl, int ifindex, struct in_addr address, unsigned int prefix_len);

/* Sets for how long (in µs, at least 1 ms, at most a day) a neighbour on this IPv4 link that does
 * not answer is still believed before it is probed. */
int rtnl_neigh_set_delay_probe(Rtnl *rtnl, int ifindex, uint64_t delay_usec);

/* Numbers the namespace @netns_fd (borrowed) in the Rtnl's own, so that RTM_DELNSID will tell of its
 * end. Returns 0, also if it had a number already. */
int rtnl_nsid_assign(Rtnl *rtnl, int netns_fd, int *ret_nsid);

/* Returns 1 if some namespace still has this number here, 0 if none: what to ask after an
 * overflow. */
int rtnl_nsid_exists(Rtnl *rtnl, int nsid);

/* Events. @callbacks is copied; @userdata is borrowed. */
int rtnl_monitor_new(const RtnlMonitorCallbacks *callbacks, void *userdata, RtnlMonitor **ret);
RtnlMonitor *rtnl_monitor_free(RtnlMonitor *monitor);
DEFINE_CLEANUP_FUNC(RtnlMonitor, rtnl_monitor_free);

/* The fd to poll for input: borrowed, non-blocking. */
int rtnl_monitor_get_fd(const RtnlMonitor *monitor);

/* Reads a bounded number of events; poll again for more. The callbacks may not free the monitor.
 * Returns 0, or a negative errno if the socket itself fails. */
int rtnl_monitor_dispatch(RtnlMonitor *monitor);
