/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Boards and sessions as they come, change and go. What is there at first comes too. The calls block on
 * the bus; changes come from the event loop that the connection is attached to. Does not log. */

#include "bus-proxy.h"
#include "session-info.h"

typedef struct WatchProxy WatchProxy;

/* What is told is borrowed for the call. None may free the proxy. */
typedef struct WatchProxyCallbacks {
        void (*on_board)(const BoardInfo *board, bool is_gone, void *userdata);
        void (*on_session)(const SessionInfo *session, bool is_gone, void *userdata);
        void (*on_daemon)(bool is_there, void *userdata); /* all that was there is gone with it */
        void (*on_bus_lost)(void *userdata);
} WatchProxyCallbacks;

/* @callbacks is borrowed for life. Nothing is watched yet. Returns 0 or a negative errno. */
int watch_proxy_new(sd_bus *bus, const WatchProxyCallbacks *callbacks, void *userdata,
                    WatchProxy **ret);
WatchProxy *watch_proxy_free(WatchProxy *w);
DEFINE_CLEANUP_FUNC(WatchProxy, watch_proxy_free);

/* Begins, or begins anew after snagd had gone: starts it if need be, and, with @subscribes, keeps it there.
 * Returns 0, or a negative errno with *@error filled. */
int watch_proxy_begin(WatchProxy *w, bool subscribes, ProxyError *error);

/* Asks the bus, not snagd, whether it is still there: on_bus_lost() is called if it does not answer in sd-bus's
 * time, 25 s. Returns 0 or a negative errno. */
int watch_proxy_check(WatchProxy *w);
