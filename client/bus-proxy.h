/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What all proxies need of D-Bus: the connection, errors in words that help, properties into a
 * struct. The last is for *-proxy.c only; the rest of the client sees no sd-bus but the connection that
 * it hands from one proxy to the other, and the errors.
 *
 * Blocks on the bus. Does not log. */

#include <systemd/sd-bus.h>

#include "macro.h"

/* Why a call failed. */
typedef struct ProxyError {
        bool is_denied;  /* refused to this user, not impossible */
        bool is_passing; /* may well succeed some time later: a limit was reached, snagd ended */
        bool is_busy;    /* somebody has a session for that port */
        char *text;      /* a sentence, as it came from snagd where it did; owned; may be NULL */
} ProxyError;

void proxy_error_done(ProxyError *e);

/* The sentence, also when memory ran out. Borrowed. */
const char *proxy_error_get_text(const ProxyError *e);

/* Connects to the system bus; with @may_ask every call on it may ask the user for a password. Returns 0
 * or a negative errno with *@error filled. */
int bus_proxy_connect(bool may_ask, ProxyError *error, sd_bus **ret);

/* For the other way to connect: makes a connection what bus_proxy_connect() returns. Returns 0 or a negative
 * errno. */
int bus_proxy_set_up(sd_bus *bus, bool may_ask);

/* Fills *@error with a sentence. */
void bus_proxy_set_text(ProxyError *error, const char *format, ...) _printf_(2, 3);

/* Fills *@error from what a call returned, in @bus_error and @r. Returns @r. */
int bus_proxy_fail(ProxyError *error, int r, const sd_bus_error *bus_error);

/* Where a property goes: a member of the caller's struct. */
typedef struct PropertySlot {
        const char *name;
        const char *signature; /* "s", "o" (char *), "u", "t", or "(ss)": two char * in a row */
        size_t offset;
} PropertySlot;

/* Reads an a{sv} into @object, whose strings it frees and replaces; names that are not in @slots, up to
 * the one without a name, are skipped. Returns 0, -EBADMSG if a known property has another type, or another negative errno. */
int bus_proxy_read_properties(sd_bus_message *m, const PropertySlot *slots, void *object);

/* The properties of an org.snagd1.Session in a SessionInfo. */
extern const PropertySlot session_property_slots[];
