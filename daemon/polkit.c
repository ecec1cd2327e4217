/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * A question is one call of CheckAuthorization on org.freedesktop.PolicyKit1, about the *bus name*
 * of the sender (subject kind "system-bus-name"): polkit itself finds out who that is, and no pid
 * can be reused in between. The bus name of the call is unique and the bus driver's own word.
 *
 * The handler cannot wait for the answer, so the message is kept. Each question is a Query:
 *
 *     waiting    holds the message and the question: its user has AUTHORIZATIONS_PER_USER_MAX
 *                others asked, and this one's turn comes when one of them ends
 *     asked      holds the message, the pending call, and a watch on the sender
 *     answered   the message is in sd-bus's queue again; the handler will run from its top, come
 *                here once more, and be given the answer by polkit_take_answer(), which ends it
 *
 * A handler that does not come here again (the session that it was about has gone meanwhile) leaves
 * an answered query behind. `reaper` ends those: its priority is below everything else, so it runs
 * only when the message has been dispatched.
 *
 * An answer holds for one run of one handler on one message for one action. Nothing is cached:
 * what may be kept, polkit keeps.
 *
 * The sender leaves: the query ends and polkit is told, so that no password dialogue stays behind.
 * No answer within five minutes: the same, and it is a "no". So is any error, and a polkit that is
 * not there.
 *
 * Limits: AUTHORIZATIONS_PER_USER_MAX questions a user at the same time, so that nobody fills
 * another's screen; AUTHORIZATIONS_MAX in all, for what the bus allows us. Those that are more have to
 * wait and are not refused: a station that starts a recovery on each port of a hub in one moment does
 * nothing wrong, and is answered in a moment as well. AUTHORIZATIONS_WAITING_PER_USER_MAX of them, for
 * our memory; while they wait they are not watched, which would cost a match rule each: whether the
 * sender is still there is seen when their turn comes.
 *
 * References: polkit's D-Bus reference, org.freedesktop.PolicyKit1.Authority; polkit(8). */

#include "polkit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "bus-contract.h"
#include "fd-util.h"
#include "log.h"

#define AUTHORITY_NAME      "org.freedesktop.PolicyKit1"
#define AUTHORITY_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define AUTHORITY_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define CHECK_FLAG_ALLOW_USER_INTERACTION 1u /* CheckAuthorizationFlags of the Authority */

typedef struct Query Query;

struct Query {
        Query *next;
        Polkit *polkit; /* not owned */

        sd_bus_message *call;
        char *action;
        uid_t uid;
        uint64_t serial;

        uint64_t deadline_usec;
        sd_bus_message *question; /* CheckAuthorization, until it is sent */
        sd_bus_slot *slot;        /* the same, until it is answered */
        sd_bus_track *sender;
        PolkitAnswer answer;
};

struct Polkit {
        sd_bus *bus;
        sd_event_source *reaper;
        void (*on_changed)(void *userdata);
        void *userdata;

        Query *queries;
        uint64_t last_serial;
        bool is_stopped;
};

static bool query_is_waiting(const Query *q) {
        return q->question;
}

static bool query_is_asked(const Query *q) {
        return q->slot;
}

static bool query_is_answered(const Query *q) {
        return !query_is_waiting(q) && !query_is_asked(q);
}

static Query *query_free(Query *q) {
        if (!q)
                return NULL;

        sd_bus_slot_unref(q->slot);
        sd_bus_message_unref(q->question);
        sd_bus_track_unref(q->sender);
        sd_bus_message_unref(q->call);
        free(q->action);
        free(q);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Query, query_free);

static void polkit_ask_next(Polkit *polkit, uid_t uid);

/* Takes @q off the list and frees it. */
static void query_remove(Query *q) {
        Query **p = &q->polkit->queries;

        while (*p != q)
                p = &(*p)->next;
        *p = q->next;
        query_free(q);
}

/* The same when it is over: the user's next one has its turn. */
static void query_end(Query *q) {
        Polkit *polkit = q->polkit;
        uid_t uid = q->uid;

        query_remove(q);
        polkit_ask_next(polkit, uid);
        if (polkit->on_changed)
                polkit->on_changed(polkit->userdata);
}

static void format_cancellation_id(uint64_t serial, char *buffer, size_t size) {
        snprintf(buffer, size, "snagd-%" PRIu64, serial);
}

/* Tells polkit that nobody waits for the answer any more: it takes its dialogue away. Whether it
 * listens is its own affair, so no reply is asked for; and one that is not there has no dialogue. */
static void query_cancel(const Query *q) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        char id[32];

        format_cancellation_id(q->serial, id, sizeof(id));
        if (sd_bus_message_new_method_call(q->polkit->bus, &m, AUTHORITY_NAME, AUTHORITY_PATH,
                                           AUTHORITY_INTERFACE, "CancelCheckAuthorization") < 0 ||
            sd_bus_message_append(m, "s", id) < 0 || sd_bus_message_set_auto_start(m, false) < 0)
                return;
        (void) sd_bus_send(q->polkit->bus, m, NULL); /* which says that no reply is expected */
}

static int on_sender_left(sd_bus_track *track, void *userdata) {
        Query *q = userdata;

        if (query_is_asked(q))
                query_cancel(q);
        query_end(q); /* sd-bus holds a reference of @track while we are here */
        return 1;
}

static PolkitAnswer read_answer(sd_bus_message *reply) {
        int is_authorized, is_challenge;
        int r;

        if (sd_bus_message_is_method_error(reply, NULL))
                return POLKIT_ANSWER_UNAVAILABLE;

        /* The details that come with it are none of our business. */
        r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
        if (r > 0)
                r = sd_bus_message_read(reply, "bb", &is_authorized, &is_challenge);
        if (r <= 0)
                return POLKIT_ANSWER_UNAVAILABLE;

        if (is_authorized)
                return POLKIT_ANSWER_YES;
        return is_challenge ? POLKIT_ANSWER_CHALLENGE : POLKIT_ANSWER_NO;
}

/* The handler is to run again, and finds @answer. */
static void query_answer(Query *q, PolkitAnswer answer) {
        Polkit *polkit = q->polkit;
        int r;

        q->answer = answer;
        q->question = sd_bus_message_unref(q->question);
        q->slot = sd_bus_slot_unref(q->slot);

        r = sd_bus_message_rewind(q->call, true);
        if (r >= 0)
                r = sd_bus_enqueue_for_read(polkit->bus, q->call);
        if (r < 0)
                (void) sd_bus_reply_method_errno(q->call, r, NULL);

        (void) sd_event_source_set_enabled(polkit->reaper, SD_EVENT_ONESHOT);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Query *q = userdata;

        /* The timeout is sd-bus's own error: polkit knows nothing of it. */
        if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) ||
            sd_bus_message_is_method_error(reply, SD_BUS_ERROR_TIMEOUT))
                query_cancel(q);

        query_answer(q, read_answer(reply));
        return 1;
}

/* Every message that was put back has been dispatched: see the priority. */
static int on_reap(sd_event_source *source, void *userdata) {
        Polkit *polkit = userdata;

        for (Query *q = polkit->queries, *next; q; q = next) {
                next = q->next;
                if (query_is_answered(q))
                        query_end(q);
        }
        return 0;
}

int polkit_new(sd_bus *bus, void (*on_changed)(void *userdata), void *userdata, Polkit **ret) {
        _cleanup_(polkit_freep) Polkit *polkit = NULL;
        int r;

        assert(bus);
        assert(sd_bus_get_event(bus));
        assert(ret);

        polkit = calloc(1, sizeof(*polkit));
        if (!polkit)
                return -ENOMEM;
        polkit->bus = sd_bus_ref(bus);
        polkit->on_changed = on_changed;
        polkit->userdata = userdata;

        r = sd_event_add_defer(sd_bus_get_event(bus), &polkit->reaper, on_reap, polkit);
        if (r < 0)
                return r;
        r = sd_event_source_set_priority(polkit->reaper, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(polkit->reaper, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(polkit);
        return 0;
}

Polkit *polkit_free(Polkit *polkit) {
        if (!polkit)
                return NULL;

        polkit->on_changed = NULL;
        polkit_stop(polkit);
        sd_event_source_disable_unref(polkit->reaper);
        sd_bus_unref(polkit->bus);
        free(polkit);
        return NULL;
}

static int set_stopped(sd_bus_error *error) {
        return sd_bus_error_set(error, BUS_ERROR_SHUTTING_DOWN,
                                "snagd is just about to exit and has done nothing; call again.");
}

void polkit_stop(Polkit *polkit) {
        assert(polkit);

        polkit->is_stopped = true;
        while (polkit->queries) {
                Query *q = polkit->queries;
                _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

                if (query_is_asked(q))
                        query_cancel(q);
                (void) set_stopped(&error);
                (void) sd_bus_reply_method_error(q->call, &error);
                query_end(q);
        }
}

unsigned polkit_n_pending(const Polkit *polkit) {
        unsigned n = 0;

        assert(polkit);

        for (const Query *q = polkit->queries; q; q = q->next)
                n++;
        return n;
}

/* Those that wait for their turn, or the others; of one user or, without @uid, of all. */
static unsigned count_queries(const Polkit *polkit, const uid_t *uid, bool is_waiting) {
        unsigned n = 0;

        for (const Query *q = polkit->queries; q; q = q->next)
                if ((!uid || q->uid == *uid) && query_is_waiting(q) == is_waiting)
                        n++;
        return n;
}

/* Ends the query that @call has brought an answer for. Returns 1 and the answer, or 0. */
static int polkit_take_answer(Polkit *polkit, sd_bus_message *call, const char *action,
                              PolkitAnswer *ret) {
        for (Query *q = polkit->queries; q; q = q->next) {
                if (q->call != call || !query_is_answered(q) || !streq(q->action, action))
                        continue;
                *ret = q->answer;
                query_end(q);
                return 1;
        }
        return 0;
}

static int append_details(sd_bus_message *m, const PolkitRequest *request) {
        const struct {
                const char *key;
                const char *value;
        } details[] = {
                {"soc", request->soc},
                {"port", request->port},
                {"stage", request->stage},
        };
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(details); i++) {
                if (!details[i].value || !*details[i].value)
                        continue;
                r = sd_bus_message_append(m, "{ss}", details[i].key, details[i].value);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int query_make_question(Query *q, const PolkitRequest *request, bool is_interactive) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *sender = sd_bus_message_get_sender(q->call);
        char id[32];
        int r;

        if (!sender) /* no bus between us: polkit could not say who it is */
                return -EACCES;
        r = sd_bus_message_new_method_call(q->polkit->bus, &m, AUTHORITY_NAME, AUTHORITY_PATH,
                                           AUTHORITY_INTERFACE, "CheckAuthorization");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "(sa{sv})s", "system-bus-name", 1, "name", "s", sender,
                                  q->action);
        if (r < 0)
                return r;
        r = append_details(m, request);
        if (r < 0)
                return r;
        format_cancellation_id(q->serial, id, sizeof(id));
        r = sd_bus_message_append(m, "us", is_interactive ? CHECK_FLAG_ALLOW_USER_INTERACTION : 0u,
                                  id);
        if (r < 0)
                return r;

        q->question = TAKE_PTR(m);
        return 0;
}

/* Watches the sender and sends the question. -ENXIO: it has left, and nobody waits for a reply. */
static int query_ask(Query *q) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *question = TAKE_PTR(q->question);
        uint64_t now = now_usec();
        int r;

        r = sd_bus_track_new(q->polkit->bus, &q->sender, on_sender_left, q);
        if (r < 0)
                return r;
        r = sd_bus_track_add_name(q->sender, sd_bus_message_get_sender(q->call));
        if (r < 0)
                return r;

        if (now >= q->deadline_usec) { /* no turn in time is no answer in time */
                query_answer(q, POLKIT_ANSWER_UNAVAILABLE);
                return 0;
        }
        return sd_bus_call_async(q->polkit->bus, &q->slot, question, on_answer, q,
                                 q->deadline_usec - now);
}

static Query *find_longest_waiting(Polkit *polkit, uid_t uid) {
        Query *found = NULL;

        for (Query *q = polkit->queries; q; q = q->next)
                if (q->uid == uid && query_is_waiting(q) && (!found || q->serial < found->serial))
                        found = q;
        return found;
}

/* No more are asked by this than have ended: where one waits, its user had as many as may be. */
static void polkit_ask_next(Polkit *polkit, uid_t uid) {
        while (!polkit->is_stopped &&
               count_queries(polkit, &uid, false) < AUTHORIZATIONS_PER_USER_MAX) {
                Query *q = find_longest_waiting(polkit, uid);
                int r;

                if (!q)
                        return;
                r = query_ask(q);
                if (r >= 0)
                        continue;
                if (r != -ENXIO)
                        (void) sd_bus_reply_method_errno(q->call, r, NULL);
                query_remove(q);
        }
}

/* Returns 0: asked, or it will be. */
static int polkit_send(Polkit *polkit, sd_bus_message *call, const PolkitRequest *request,
                       bool is_interactive, bool has_to_wait) {
        _cleanup_(query_freep) Query *q = NULL;
        int r;

        q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        q->polkit = polkit;
        q->call = sd_bus_message_ref(call);
        q->uid = request->uid;
        q->serial = ++polkit->last_serial;
        q->deadline_usec = now_usec() + BUS_AUTHORIZATION_TIMEOUT_USEC;
        q->action = strdup(request->action);
        if (!q->action)
                return -ENOMEM;

        r = query_make_question(q, request, is_interactive);
        if (r < 0)
                return r;
        if (!has_to_wait) {
                r = query_ask(q);
                if (r < 0)
                        return r;
        }

        q->next = polkit->queries;
        polkit->queries = TAKE_PTR(q);
        return 0;
}

static int polkit_question(Polkit *polkit, sd_bus_message *call, const PolkitRequest *request,
                           bool is_interactive, PolkitAnswer *ret, sd_bus_error *error) {
        bool has_to_wait;

        assert(polkit);
        assert(call);
        assert(request);
        assert(request->action);

        if (polkit_take_answer(polkit, call, request->action, ret))
                return 1;
        if (polkit->is_stopped)
                return set_stopped(error);
        has_to_wait = count_queries(polkit, &request->uid, false) >= AUTHORIZATIONS_PER_USER_MAX;
        if (has_to_wait &&
            count_queries(polkit, &request->uid, true) >= AUTHORIZATIONS_WAITING_PER_USER_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                                         "%u calls of yours wait for a password already: answer or "
                                         "end those first.",
                                         AUTHORIZATIONS_PER_USER_MAX +
                                                 AUTHORIZATIONS_WAITING_PER_USER_MAX);
        if (!has_to_wait && count_queries(polkit, NULL, false) >= AUTHORIZATIONS_MAX)
                return sd_bus_error_set(error, BUS_ERROR_LIMIT_EXCEEDED,
                                        "Too many calls of all users together wait for a password: "
                                        "retry in a while.");
        return polkit_send(polkit, call, request, is_interactive, has_to_wait);
}

/* What helps a person who was refused; and a program, which may try again when polkit is back. */
static int set_refused(const PolkitRequest *request, PolkitAnswer answer, sd_bus_error *error) {
        const char *why = "You are not allowed to do this", *what = "an administrator can do it";
        const char *name = BUS_ERROR_NOT_AUTHORIZED;

        switch (answer) {
        case POLKIT_ANSWER_CHALLENGE:
                why = "An administrator's password is needed, and nobody could be asked for it";
                break;
        case POLKIT_ANSWER_UNAVAILABLE:
                name = BUS_ERROR_NO_AUTHORITY;
                why = "polkit, which decides who may do this, did not answer";
                what = "see whether polkit.service is running";
                break;
        case POLKIT_ANSWER_NO:
        case POLKIT_ANSWER_YES:
                break;
        }
        if (answer != POLKIT_ANSWER_UNAVAILABLE &&
            streq(request->action, POLKIT_ACTION_OPEN_SESSION))
                what = "members of the group \"snagd\" and users who sit at the computer need no "
                       "password";

        return sd_bus_error_setf(error, name, "%s (%s): %s.", why, request->action, what);
}

int polkit_authorize(Polkit *polkit, sd_bus_message *call, const PolkitRequest *request,
                     sd_bus_error *error) {
        PolkitAnswer answer;
        int r;

        r = polkit_question(polkit, call, request,
                            sd_bus_message_get_allow_interactive_authorization(call) > 0, &answer,
                            error);
        if (r <= 0)
                return r;
        if (answer == POLKIT_ANSWER_YES)
                return 1;

        log_line(LOG_NOTICE,
                 &(LogContext){.message_id = LOG_ID_ACCESS_DENIED, .port = request->port},
                 "User %u was refused %s%s.", (unsigned) request->uid, request->action,
                 answer == POLKIT_ANSWER_UNAVAILABLE ? ": polkit did not answer" : "");
        return set_refused(request, answer, error);
}

int polkit_ask(Polkit *polkit, sd_bus_message *call, const PolkitRequest *request,
               PolkitAnswer *ret, sd_bus_error *error) {
        assert(ret);

        return polkit_question(polkit, call, request, false, ret, error);
}
