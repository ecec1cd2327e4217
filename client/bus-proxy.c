/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "bus-proxy.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "bus-contract.h"
#include "bus-error.h"
#include "session-info.h"

const PropertySlot session_property_slots[] = {
        {"State", "s", offsetof(SessionInfo, state)},
        {"Stage", "s", offsetof(SessionInfo, stage)},
        {"Port", "s", offsetof(SessionInfo, port)},
        {"IdPath", "s", offsetof(SessionInfo, id_path)},
        {"Soc", "s", offsetof(SessionInfo, soc)},
        {"Failure", "(ss)", offsetof(SessionInfo, failure_name)},
        {"Owner", "u", offsetof(SessionInfo, owner)},
        {"PlugTimestampMonotonic", "t", offsetof(SessionInfo, plug_usec)},
        {"AttachTimestampMonotonic", "t", offsetof(SessionInfo, attach_usec)},
        {"ReadyTimestampMonotonic", "t", offsetof(SessionInfo, ready_usec)},
        {},
};

_Static_assert(offsetof(SessionInfo, failure_text) ==
                       offsetof(SessionInfo, failure_name) + sizeof(char *),
               "\"(ss)\" fills two members in a row");

void proxy_error_done(ProxyError *e) {
        assert(e);

        free(e->text);
        *e = (ProxyError){};
}

const char *proxy_error_get_text(const ProxyError *e) {
        assert(e);

        return e->text ? e->text : "out of memory";
}

void bus_proxy_set_text(ProxyError *e, const char *format, ...) {
        va_list args;

        assert(e);

        free(e->text);
        va_start(args, format);
        if (vasprintf(&e->text, format, args) < 0)
                e->text = NULL;
        va_end(args);
}

static bool has_prefix(const char *string, const char *prefix) {
        return strncmp(string, prefix, strlen(prefix)) == 0;
}

static bool is_among(const char *const *names, const char *name) {
        for (; *names; names++)
                if (streq(*names, name))
                        return true;
        return false;
}

static const char *const denials[] = {
        BUS_ERROR_NOT_AUTHORIZED,
        BUS_ERROR_NOT_OWNER,
        SD_BUS_ERROR_ACCESS_DENIED,
        SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
        NULL,
};

/* Not a port that somebody has: that may last for days (is_busy). */
static const char *const passing[] = {
        BUS_ERROR_LIMIT_EXCEEDED,
        BUS_ERROR_NO_AUTHORITY,
        BUS_ERROR_NO_MEMORY,
        BUS_ERROR_SHUTTING_DOWN,
        SD_BUS_ERROR_LIMITS_EXCEEDED,
        SD_BUS_ERROR_NO_REPLY,
        NULL,
};

/* What the bus, and not snagd, says when snagd cannot be had. Returns false for any other error. */
static bool describe_absence(ProxyError *e, const sd_bus_error *bus_error) {
        const char *name = bus_error->name, *text = bus_error->message ? bus_error->message : name;

        if (streq(name, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
            streq(name, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                bus_proxy_set_text(e,
                                   "snagd is not installed: the system bus does not know " BUS_NAME
                                   "; if it has just been installed: sudo systemctl reload dbus");
        else if (has_prefix(name, "org.freedesktop.DBus.Error.Spawn.") ||
                 has_prefix(name, "org.freedesktop.systemd1."))
                bus_proxy_set_text(e, "snagd could not be started: %s; see: systemctl status snagd",
                                   text);
        else if (streq(name, "org.freedesktop.DBus.Error.TimedOut") ||
                 streq(name, SD_BUS_ERROR_TIMEOUT))
                bus_proxy_set_text(
                        e, "snagd did not start, or did not answer, in time; see: journalctl -u "
                           "snagd");
        else if (streq(name, SD_BUS_ERROR_NO_REPLY))
                bus_proxy_set_text(e, "no answer from snagd: %s; see: journalctl -u snagd", text);
        else if (streq(name, SD_BUS_ERROR_DISCONNECTED))
                bus_proxy_set_text(e, "the system bus closed the connection");
        else if (has_prefix(name, "System.Error."))
                bus_proxy_set_text(e, "cannot talk to the system bus: %s", text);
        else
                return false;

        return true;
}

int bus_proxy_fail(ProxyError *error, int r, const sd_bus_error *bus_error) {
        assert(r < 0);

        if (!error)
                return r;
        proxy_error_done(error);

        if (!bus_error || !sd_bus_error_is_set(bus_error)) {
                bus_proxy_set_text(error, "the system bus: %s", strerror(-r));
                return r;
        }
        error->is_busy = streq(bus_error->name, BUS_ERROR_PORT_BUSY);
        error->is_passing = is_among(passing, bus_error->name);
        if (describe_absence(error, bus_error))
                return r;

        error->is_denied = is_among(denials, bus_error->name);
        /* Sentences of snagd's are for people already; of others the name is worth having. */
        if (!bus_error->message || !*bus_error->message)
                bus_proxy_set_text(error, "%s", bus_error->name);
        else if (has_prefix(bus_error->name, BUS_ERROR_PREFIX))
                bus_proxy_set_text(error, "%s", bus_error->message);
        else
                bus_proxy_set_text(error, "%s (%s)", bus_error->message, bus_error->name);
        return r;
}

int bus_proxy_set_up(sd_bus *bus, bool may_ask) {
        int r;

        assert(bus);

        r = bus_error_register();
        if (r < 0)
                return r;
        return sd_bus_set_allow_interactive_authorization(bus, may_ask);
}

int bus_proxy_connect(bool may_ask, ProxyError *error, sd_bus **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        assert(error);
        assert(ret);

        r = sd_bus_open_system_with_description(&bus, "snagctl");
        if (r < 0) {
                bus_proxy_set_text(error,
                                   "cannot connect to the system bus: %s; is dbus running here?",
                                   strerror(-r));
                return r;
        }
        r = bus_proxy_set_up(bus, may_ask);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);

        *ret = TAKE_PTR(bus);
        return 0;
}

static int replace_string(char **at, const char *value) {
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        free(*at);
        *at = copy;
        return 0;
}

static int read_strings(sd_bus_message *m, char **at) {
        const char *first, *second;
        int r;

        r = sd_bus_message_read(m, "(ss)", &first, &second);
        if (r < 0)
                return r;
        r = replace_string(&at[0], first);
        if (r < 0)
                return r;
        return replace_string(&at[1], second);
}

static int read_value(sd_bus_message *m, const PropertySlot *slot, void *object) {
        void *at = (char *) object + slot->offset;
        const char *string;
        int r;

        if (streq(slot->signature, "(ss)"))
                return read_strings(m, at);
        if (streq(slot->signature, "s") || streq(slot->signature, "o")) {
                r = sd_bus_message_read_basic(m, slot->signature[0], &string);
                return r < 0 ? r : replace_string(at, string);
        }
        return sd_bus_message_read_basic(m, slot->signature[0], at);
}

static const PropertySlot *find_slot(const PropertySlot *slots, const char *name) {
        for (; slots->name; slots++)
                if (streq(slots->name, name))
                        return slots;
        return NULL;
}

/* Reads the variant behind one name. */
static int read_property(sd_bus_message *m, const PropertySlot *slot, void *object) {
        int r;

        if (!slot)
                return sd_bus_message_skip(m, "v");

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, slot->signature);
        if (r < 0)
                return r == -ENXIO ? -EBADMSG : r;
        r = read_value(m, slot, object);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

int bus_proxy_read_properties(sd_bus_message *m, const PropertySlot *slots, void *object) {
        int r;

        assert(m);
        assert(slots);
        assert(object);

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                const char *name;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;
                r = read_property(m, find_slot(slots, name), object);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}
