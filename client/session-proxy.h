/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The D-Bus side of one session of ours: open it, receive its sockets, start it, follow what
 * becomes of it, close it. Nothing here waits for snagd, but where it says so: answers and changes come from the
 * event loop that the connection is attached to, so that other sessions go on meanwhile. Does not log. */

#include "bus-proxy.h"
#include "session-info.h"

#define SESSION_PROXY_SOCKETS_MAX 8u /* as many as a session may have */

typedef struct SessionProxy SessionProxy;

typedef enum SessionProxyEnd {
        SESSION_PROXY_END_DAEMON_LEFT, /* snagd left the bus */
        SESSION_PROXY_END_CLOSED,      /* somebody closed the session */
        SESSION_PROXY_END_BUS_LOST,    /* the connection broke */
} SessionProxyEnd;

/* None may free the proxy. After on_refused() and on_end() nothing comes any more. */
typedef struct SessionProxyCallbacks {
        /* The session is there, and so are its sockets, which are the callee's from here on. Its changes are
         * followed. */
        void (*on_opened)(const int *fds, void *userdata);
        /* What was asked of snagd was refused, or could not be done. Borrowed. */
        void (*on_refused)(const ProxyError *error, void *userdata);
        void (*on_changed)(const SessionInfo *info, void *userdata);
        void (*on_end)(SessionProxyEnd end, void *userdata);
} SessionProxyCallbacks;

/* All borrowed until on_opened() or on_refused(). */
typedef struct SessionProxySpec {
        const char *soc;
        const char *port, *stage; /* options; NULL: not given */
        bool is_untried;          /* an option, too */
        size_t n_sockets;         /* SESSION_PROXY_SOCKETS_MAX at most */
} SessionProxySpec;

typedef enum SessionAccess {
        SESSION_ACCESS_NO,
        SESSION_ACCESS_CHALLENGE, /* with an administrator's password */
        SESSION_ACCESS_YES,
} SessionAccess;

/* Whether this user may open it; nobody is asked for anything. Waits for the answer. */
int session_proxy_can_open(sd_bus *bus, const SessionProxySpec *spec, ProxyError *error,
                           SessionAccess *ret);

/* Asks for a session; what comes of it is told by @callbacks, which is borrowed for life. Returns 0 or a negative
 * errno. */
int session_proxy_open(sd_bus *bus, const SessionProxySpec *spec,
                       const SessionProxyCallbacks *callbacks, void *userdata, SessionProxy **ret);

/* Forgets the session; the daemon ends it when the connection goes, if it was not closed. */
SessionProxy *session_proxy_free(SessionProxy *s);
DEFINE_CLEANUP_FUNC(SessionProxy, session_proxy_free);

/* The session as it is known at the moment. Borrowed. */
const SessionInfo *session_proxy_get_info(const SessionProxy *s);

/* From now on it takes boards: when everything listens. A refusal is told by on_refused(). Returns 0 or a negative
 * errno. */
int session_proxy_start(SessionProxy *s);

/* Closes it, if it is open, and tells of it no more. With @waits, returns when snagd has done so. */
void session_proxy_close(SessionProxy *s, bool waits);
