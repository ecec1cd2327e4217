/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The D-Bus side of one session of ours: open it, receive its sockets, start it, follow what
 * becomes of it, close it. The calls block on the bus (opening also on a password); changes come
 * from the event loop that the connection is attached to. Does not log. */

#include "bus-proxy.h"
#include "session-info.h"

typedef struct SessionProxy SessionProxy;

typedef enum SessionProxyEnd {
        SESSION_PROXY_END_DAEMON_LEFT, /* snagd left the bus */
        SESSION_PROXY_END_CLOSED,      /* somebody closed the session */
        SESSION_PROXY_END_BUS_LOST,    /* the connection broke */
} SessionProxyEnd;

/* Must not free the proxy. */
typedef struct SessionProxyCallbacks {
        void (*on_changed)(const SessionInfo *info, void *userdata);
        void (*on_end)(SessionProxyEnd end, void *userdata); /* at most once, the last one */
} SessionProxyCallbacks;

typedef enum SessionAccess {
        SESSION_ACCESS_NO,
        SESSION_ACCESS_CHALLENGE, /* with an administrator's password */
        SESSION_ACCESS_YES,
} SessionAccess;

/* Whether this user may open it; nobody is asked for anything. Arguments and results as of
 * session_proxy_open(). */
int session_proxy_can_open(sd_bus *bus, const char *soc, const char *port, const char *stage,
                           ProxyError *error, SessionAccess *ret);

/* Opens a session for the SoC called @soc; @port and @stage are options, NULL: not given. From
 * here on the proxy follows the session's changes; nothing is reported before the event loop
 * runs. @callbacks is borrowed for life. Returns 0 or a negative errno with *@error filled. */
int session_proxy_open(sd_bus *bus, const char *soc, const char *port, const char *stage,
                       const SessionProxyCallbacks *callbacks, void *userdata, ProxyError *error,
                       SessionProxy **ret);

/* Forgets the session; the daemon ends it when the connection goes, if it was not closed. */
SessionProxy *session_proxy_free(SessionProxy *s);
DEFINE_CLEANUP_FUNC(SessionProxy, session_proxy_free);

/* The session as it is known at the moment. Borrowed. */
const SessionInfo *session_proxy_get_info(const SessionProxy *s);

/* Fetches one more socket in the session's namespace; the caller owns it. */
int session_proxy_open_socket(SessionProxy *s, ProxyError *error, int *ret_fd);

int session_proxy_start(SessionProxy *s, ProxyError *error);
int session_proxy_close(SessionProxy *s, ProxyError *error);
