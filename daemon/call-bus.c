/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "call-bus.h"

#include <assert.h>

#include "bus-contract.h"
#include "driver-bus.h"

/* Keys come from anybody: only what looks like one is repeated in the answer, the rest could be
 * kilobytes long. */
#define KEY_LEN_SHOWN_MAX 32

static const char *printable_key(const char *key) {
        static const char set[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
        size_t len = strspn(key, set);

        return key[len] == '\0' && len > 0 && len <= KEY_LEN_SHOWN_MAX ? key : "(not printable)";
}

static int set_unknown_option(const CallOption *options, size_t n_options, const char *key,
                              sd_bus_error *error) {
        char known[128] = "";
        size_t len = 0;

        for (size_t i = 0; i < n_options && len < sizeof(known); i++)
                len += (size_t) snprintf(known + len, sizeof(known) - len, "%s\"%s\"",
                                         i > 0 ? ", " : "", options[i].key);

        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                 "There is no option \"%s\" here; this version of snagd knows %s.",
                                 printable_key(key), n_options > 0 ? known : "none");
}

static int read_value(sd_bus_message *call, CallOption *option, sd_bus_error *error) {
        const char *contents, *type = option->ret_truth ? "b" : "s";
        int r, truth = 0;

        r = sd_bus_message_peek_type(call, NULL, &contents);
        if (r < 0)
                return r;
        if (!streq(contents, type))
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                         "Option \"%s\" is to be a %s (%s).", option->key,
                                         option->ret_truth ? "boolean" : "string", type);
        if (option->is_given)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                         "Option \"%s\" is given twice.", option->key);

        option->is_given = true;
        if (!option->ret_truth)
                return sd_bus_message_read(call, "v", "s", &option->value);
        r = sd_bus_message_read(call, "v", "b", &truth);
        if (r >= 0)
                *option->ret_truth = truth;
        return r;
}

static int read_option(sd_bus_message *call, CallOption *options, size_t n_options,
                       sd_bus_error *error) {
        const char *key;
        int r;

        r = sd_bus_message_read(call, "s", &key);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n_options; i++)
                if (streq(options[i].key, key))
                        return read_value(call, &options[i], error);

        return set_unknown_option(options, n_options, key, error);
}

int call_read_options(sd_bus_message *call, CallOption *options, size_t n_options,
                      sd_bus_error *error) {
        int r;

        assert(call);
        assert(options || n_options == 0);

        r = sd_bus_message_enter_container(call, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
                r = read_option(call, options, n_options, error);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(call);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(call);
        return r < 0 ? r : 0;
}

int call_get_uid(sd_bus_message *call, uid_t *ret, sd_bus_error *error) {
        uint64_t n_waiting;
        sd_bus *bus;
        int r;

        assert(call);
        assert(ret);

        bus = sd_bus_message_get_bus(call);
        r = sd_bus_get_n_queued_read(bus, &n_waiting);
        if (r < 0)
                return r;
        if (n_waiting >= CALLS_WAITING_MAX)
                return sd_bus_error_set(error, BUS_ERROR_LIMIT_EXCEEDED,
                                        "Too many calls wait for snagd; retry in a moment.");
        return driver_get_uid(bus, sd_bus_message_get_sender(call), ret);
}

int call_set_failure(sd_bus_error *error, int r, const Failure *failure) {
        assert(failure);

        if (!failure->name)
                return r;
        return sd_bus_error_set(error, failure->name, failure->text ?: "Out of memory.");
}
