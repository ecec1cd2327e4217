/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "manager-bus.h"

#include <assert.h>

#include "bus-contract.h"
#include "call-bus.h"
#include "session-bus.h"
#include "soc.h"

static int property_get_version(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", SNAGD_VERSION);
}

/* What was added to the contract since its first version: nothing. */
static int property_get_features(sd_bus *bus, const char *path, const char *interface,
                                 const char *property, sd_bus_message *reply, void *userdata,
                                 sd_bus_error *error) {
        return sd_bus_message_append(reply, "as", 0);
}

static int property_get_supported_socs(sd_bus *bus, const char *path, const char *interface,
                                       const char *property, sd_bus_message *reply, void *userdata,
                                       sd_bus_error *error) {
        const Soc *soc;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        if (r < 0)
                return r;
        for (size_t i = 0; (soc = soc_at(i)); i++) {
                r = sd_bus_message_append(reply, "s", soc->name);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(reply);
}

/* One getter for the three limits, which differ by name only. */
static int property_get_limit(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error) {
        static const struct {
                const char *property;
                unsigned limit;
        } table[] = {
                {"SessionsMax", SESSIONS_MAX},
                {"SessionsPerUserMax", SESSIONS_PER_USER_MAX},
                {"SocketsPerSessionMax", SOCKETS_PER_SESSION_MAX},
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (streq(table[i].property, property))
                        return sd_bus_message_append(reply, "u", table[i].limit);
        return -EINVAL;
}

/* Reads what OpenSession and CanOpenSession are both about, and what polkit is to be asked for it. What
 * @ret_spec and @ret_request point to is borrowed from the message. */
static int read_request(sd_bus_message *call, SessionSpec *ret_spec, PolkitRequest *ret_request,
                        sd_bus_error *error) {
        _cleanup_failure_ Failure failure = {};
        bool is_untried = false;
        CallOption options[] = {
                {.key = BUS_OPTION_PORT},
                {.key = BUS_OPTION_STAGE},
                {.key = BUS_OPTION_UNTRIED, .ret_truth = &is_untried},
        };
        const char *soc;
        uid_t uid;
        int r;

        r = sd_bus_message_read(call, "s", &soc);
        if (r < 0)
                return r;
        r = call_read_options(call, options, ELEMENTSOF(options), error);
        if (r < 0)
                return r;
        r = call_get_uid(call, &uid, error);
        if (r < 0)
                return r;
        r = session_spec_parse(soc, options[0].value, options[1].value, uid, ret_spec, &failure);
        if (r < 0)
                return call_set_failure(error, r, &failure);
        ret_spec->is_untried = is_untried;

        *ret_request = (PolkitRequest){
                .action = POLKIT_ACTION_OPEN_SESSION,
                .uid = uid,
                .soc = ret_spec->soc->name,
                .port = ret_spec->port,
                .stage = stage_to_string(ret_spec->first_stage),
        };
        return 0;
}

static int method_open_session(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        BusEdge *edge = userdata;
        PolkitRequest request;
        SessionSpec spec;
        int r;

        r = read_request(call, &spec, &request, error);
        if (r < 0)
                return r;
        r = polkit_authorize(edge->polkit, call, &request, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1; /* asked; runs again */

        return session_bus_open(edge, call, &spec, error);
}

static int method_can_open_session(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        BusEdge *edge = userdata;
        const char *result = "no";
        PolkitRequest request;
        PolkitAnswer answer;
        SessionSpec spec;
        int r;

        r = read_request(call, &spec, &request, error);
        if (r < 0)
                return r;
        r = polkit_ask(edge->polkit, call, &request, &answer, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1; /* asked; runs again */

        switch (answer) {
        case POLKIT_ANSWER_YES:
                result = "yes";
                break;
        case POLKIT_ANSWER_CHALLENGE:
                result = "challenge";
                break;
        case POLKIT_ANSWER_NO:
        case POLKIT_ANSWER_UNAVAILABLE:
                break;
        }
        return sd_bus_reply_method_return(call, "s", result);
}

static int method_subscribe(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const char *sender = sd_bus_message_get_sender(call);
        BusEdge *edge = userdata;
        uid_t uid;
        int r;

        if (!sender) /* no bus between us */
                return -EACCES;
        if (lifetime_is_leaving(edge->lifetime))
                return sd_bus_error_set(error, BUS_ERROR_SHUTTING_DOWN,
                                        "snagd is just about to exit; call again.");

        r = call_get_uid(call, &uid, error);
        if (r < 0)
                return r;
        r = subscribers_add(edge->subscribers, sender, uid, error);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(call, NULL);
}

static int method_unsubscribe(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const char *sender = sd_bus_message_get_sender(call);
        BusEdge *edge = userdata;

        if (!sender)
                return -EACCES;
        subscribers_remove(edge->subscribers, sender);
        return sd_bus_reply_method_return(call, NULL);
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("OpenSession", SD_BUS_ARGS("s", soc, "a{sv}", options),
                                SD_BUS_RESULT("o", session), method_open_session,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CanOpenSession", SD_BUS_ARGS("s", soc, "a{sv}", options),
                                SD_BUS_RESULT("s", result), method_can_open_session,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Subscribe", NULL, NULL, method_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Unsubscribe", NULL, NULL, method_unsubscribe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", property_get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Features", "as", property_get_features, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SupportedSocs", "as", property_get_supported_socs, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SessionsMax", "u", property_get_limit, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SessionsPerUserMax", "u", property_get_limit, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SocketsPerSessionMax", "u", property_get_limit, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

/* Whether @message is a signal of some peer. We listen to the bus driver alone; but a bus lets
 * everyone send any signal to anyone, and sd-bus, which does not know who owns a well-known name,
 * hands a peer's "NameOwnerChanged" to whoever waits for the driver's: to sd_bus_track, which is to
 * say when a session's owner has left. Peers have unique names; the driver and sd-bus have not. */
static bool is_signal_of_peer(sd_bus_message *message) {
        const char *sender = sd_bus_message_get_sender(message);

        return sd_bus_message_is_signal(message, NULL, NULL) > 0 && sender && sender[0] == ':';
}

/* Sees every message before its handler does. */
static int on_any_message(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        BusEdge *edge = userdata;

        if (is_signal_of_peer(message))
                return 1; /* dropped */
        if (sd_bus_message_is_method_call(message, NULL, NULL) > 0)
                lifetime_touch(edge->lifetime);
        return 0;
}

int manager_bus_register(BusEdge *edge) {
        int r;

        assert(edge);

        r = subscribers_new(edge->bus, manager_bus_on_idle_changed, edge, &edge->subscribers);
        if (r < 0)
                return r;
        r = sd_bus_add_filter(edge->bus, &edge->call_filter, on_any_message, edge);
        if (r < 0)
                return r;
        r = sd_bus_add_object_manager(edge->bus, &edge->object_manager, BUS_PATH_ROOT);
        if (r < 0)
                return r;
        return sd_bus_add_object_vtable(edge->bus, &edge->manager_vtable, BUS_PATH_ROOT,
                                        BUS_INTERFACE_MANAGER, manager_vtable, edge);
}

bool manager_bus_is_idle(void *userdata) {
        BusEdge *edge = userdata;

        return manager_is_idle(edge->manager) && polkit_n_pending(edge->polkit) == 0 &&
               subscribers_is_empty(edge->subscribers);
}

void manager_bus_on_leaving(void *userdata) {
        BusEdge *edge = userdata;

        /* Who waited for polkit calls again as soon as he is told, and is to find the name released: so
         * he is told last. */
        manager_stop(edge->manager);
        polkit_stop(edge->polkit);
}

void manager_bus_on_idle_changed(void *userdata) {
        BusEdge *edge = userdata;

        lifetime_touch(edge->lifetime);
}
