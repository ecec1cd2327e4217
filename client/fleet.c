/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * Each board has an attempt of its own, and each attempt a session. What happens to one is told by its callbacks,
 * which only note it and ask for a turn; the turn (on_turn()) compares what there is with what there should be,
 * and opens or closes sessions. So nothing is freed in its own callback, and it does not matter in which order
 * things happen.
 *
 * What there should be:
 *     - for each port that wants one (fleet-ports.h), a session that names it
 *     - one that waits for any board, if all that come are wanted. It takes only boards that nobody had before: one
 *       that fails is tried again by name, or left alone.
 *     - never more than n_max of them
 *
 * A board that failed is tried again, and its entry kept until it is recovered or given up: if it does not come back,
 * the last attempt that had it is what follows is about.
 *
 * A session that is asked for, but not there yet, cannot be closed; if it is not wanted any more, it is closed
 * as soon as it is there.
 *
 * snagd may end, and limits be reached: nothing is opened then for PAUSE_USEC. A refusal of any other kind is
 * taken REFUSALS_MAX times in a row; one for want of permission is the end, but not for the boards that have a session
 * already. */

#include "fleet.h"

#include <assert.h>

#include "fd-util.h"
#include "fleet-entry.h"
#include "watch-proxy.h"

/* A session that was opened for one port waits that long for the board that it was opened for. */
#define PORT_TIMEOUT_USEC (60 * USEC_PER_SEC)

#define PAUSE_USEC   (2 * USEC_PER_SEC)
#define REFUSALS_MAX 5u

struct Fleet {
        FleetSpec spec;
        FirmwareSet *files;
        FleetPorts *ports;
        WatchProxy *watch;
        sd_event_source *turn_source;
        sd_event_source *timer_source;

        FleetEntryList entries;
        FleetEntryList failed; /* that are tried again: at most one a port */

        bool is_beginning; /* what is told now was there before */
        bool is_daemon_gone;
        bool is_stopping;
        bool is_ready;
        uint64_t pause_usec;  /* nothing is opened before */
        uint64_t end_usec;    /* is_stopping: at the latest; USEC_INFINITY: when they are through */
        uint64_t active_usec; /* when something happened last */
        char *pause_reason;   /* that was told; NULL: none since */
        unsigned n_refusals;
        ProxyError refusal;
        FleetCounts counts;
        FleetEnd end;
};

static void ask_for_turn(Fleet *f) {
        /* Only fails without a valid source, or after the loop. */
        (void) sd_event_source_set_enabled(f->turn_source, SD_EVENT_ONESHOT);
}

static void finish(Fleet *f, FleetEnd end) {
        if (f->end != FLEET_END_NONE)
                return;
        f->end = end;
        f->spec.callbacks->on_end(f->spec.userdata);
}

static void fail_errno(Fleet *f, int r) {
        if (f->end != FLEET_END_NONE)
                return;
        progress_error(f->spec.progress, "%s", r == -ENOMEM ? "out of memory" : strerror(-r));
        finish(f, FLEET_END_FAILED);
}

/* --- entries --------------------------------------------------------------------------------- */

static void remove_entry(Fleet *f, FleetEntry *e) {
        fleet_entry_free(fleet_entry_list_take(&f->entries, e));
}

/* That of the board at @port that is tried again; NULL: none. The caller's. */
static FleetEntry *take_failed(Fleet *f, const char *port) {
        FleetEntry *e = fleet_entry_list_find(&f->failed, port);

        return e ? fleet_entry_list_take(&f->failed, e) : NULL;
}

/* Keeps it instead of removing it, if it had a board: there is something to tell of then. */
static void keep_failed(Fleet *f, FleetEntry *e) {
        if (!attempt_has_begun(e->attempt)) {
                remove_entry(f, e);
                return;
        }
        fleet_entry_free(take_failed(f, e->port));
        if (fleet_entry_list_reserve(&f->failed) < 0) {
                remove_entry(f, e);
                return;
        }
        fleet_entry_list_add(&f->failed, fleet_entry_list_take(&f->entries, e));
}

static unsigned count_serving(const Fleet *f) {
        unsigned n = 0;

        for (size_t i = 0; i < f->entries.n; i++)
                n += fleet_entry_is_serving(f->entries.items[i]);
        return n;
}

/* With a session, or soon. */
static unsigned count_open(const Fleet *f) {
        unsigned n = 0;

        for (size_t i = 0; i < f->entries.n; i++)
                n += !f->entries.items[i]->follow_up;
        return n;
}

/* Boards that had better not be unplugged: one that is served, or whose command runs. */
static unsigned count_busy(const Fleet *f) {
        return count_serving(f) + (unsigned) (f->entries.n - count_open(f));
}

static void update_counts(Fleet *f) {
        f->counts.n_now = count_busy(f);
        f->spec.callbacks->on_counts(f->spec.userdata);
}

static void tell_ready(Fleet *f) {
        if (f->is_ready)
                return;
        f->is_ready = true;
        if (f->spec.rules.patterns)
                progress_print(f->spec.progress, PROGRESS_KIND_NOTE,
                               "waiting for boards on the ports that were named");
        else
                progress_print(f->spec.progress, PROGRESS_KIND_NOTE,
                               "waiting for boards on any port");
        f->spec.callbacks->on_ready(f->spec.userdata);
}

/* The session that waited for any board has got one. */
static void take_port(FleetEntry *e) {
        const char *port = attempt_get_port(e->attempt);
        Fleet *f = e->fleet;
        int r = -ENOMEM;

        if (e->port || !port)
                return;
        e->port = strdup(port);
        if (e->port)
                r = fleet_ports_begin(f->ports, e->port);
        if (r < 0) {
                free(TAKE_PTR(e->port));
                fail_errno(f, r);
        }
}

static void on_state(Attempt *a, void *userdata) {
        FleetEntry *e = userdata;
        Fleet *f = e->fleet;

        f->n_refusals = 0;
        free(TAKE_PTR(f->pause_reason));
        if (attempt_get_state(a) == ATTEMPT_STATE_WAITING)
                tell_ready(f);
        else {
                f->active_usec = now_usec();
                take_port(e);
                update_counts(f);
        }
        ask_for_turn(f);
}

static void tell_verdict(Fleet *f, const FleetEntry *e, unsigned n_failures) {
        Progress *p = f->spec.progress;

        switch (e->verdict) {
        case FLEET_VERDICT_RETRY:
                progress_event(p, "retry",
                               EVENT_FIELDS(EVENT_TEXT("port", e->port),
                                            EVENT_NUMBER("failures", n_failures)));
                progress_print(p, PROGRESS_KIND_NOTE, "%s: trying again, %u of %u", e->port,
                               n_failures, f->spec.rules.n_retries);
                break;
        case FLEET_VERDICT_GIVEN_UP:
                progress_event(p, "given-up",
                               EVENT_FIELDS(EVENT_TEXT("port", e->port),
                                            EVENT_NUMBER("failures", n_failures)));
                progress_print(p, PROGRESS_KIND_WARNING, "%s: given up%s", e->port,
                               e->outcome == FLEET_OUTCOME_NO_BOARD &&
                                               !attempt_get_refusal(e->attempt)
                                       ? ": the board did not come back"
                                       : ", until the board, or another, is plugged in again");
                break;
        case FLEET_VERDICT_DONE:
        case FLEET_VERDICT_NONE:
                break;
        }
}

/* A board has its result. */
static void count(Fleet *f, bool is_success) {
        if (is_success)
                f->counts.n_recovered++;
        else
                f->counts.n_failed++;
        f->active_usec = now_usec();
        update_counts(f);
}

static void on_followed_up(FollowUp *follow_up, void *userdata) {
        bool has_succeeded = follow_up_has_succeeded(follow_up);
        FleetEntry *e = userdata;
        Fleet *f = e->fleet;

        has_succeeded &= e->verdict == FLEET_VERDICT_DONE;
        fleet_ports_end_command(f->ports, e->port);
        remove_entry(f, e);
        count(f, has_succeeded);
        ask_for_turn(f);
}

/* Takes stock of one that is over, or, with @is_last, is not to go on. */
static void conclude(FleetEntry *e, bool is_last) {
        bool is_cut = is_last && !attempt_has_begun(e->attempt);
        Fleet *f = e->fleet;
        unsigned n_failures;

        e->outcome = is_cut ? FLEET_OUTCOME_DISMISSED : fleet_entry_get_outcome(e);
        e->verdict = FLEET_VERDICT_NONE;
        if (!e->port)
                return;
        if (attempt_has_served_rom(e->attempt))
                fleet_ports_on_spl_sent(f->ports, e->port);
        e->verdict = fleet_ports_end(f->ports, e->port, e->outcome, &n_failures);
        if (!f->is_stopping)
                tell_verdict(f, e, n_failures);
}

/* Begins what follows. If that is nothing, or nothing to wait for, the entry is gone then. */
static void begin_follow_up(FleetEntry *e, bool is_last) {
        Fleet *f = e->fleet;
        FollowUpSpec spec = f->spec.follow_up;
        bool is_counted = fleet_entry_has_result(e), is_success;
        int r;

        if (e->is_on_record)
                spec.record_path = NULL;
        r = follow_up_new(&spec, e->attempt, is_counted && !is_last, on_followed_up, e,
                          &e->follow_up);
        e->is_on_record = true;
        if (r < 0)
                progress_warning(f->spec.progress, "%s: the command was not run: %s",
                                 e->port ? e->port : "?", strerror(-r));
        if (r >= 0 && e->follow_up) {
                fleet_ports_begin_command(f->ports, e->port);
                return;
        }
        if (e->verdict == FLEET_VERDICT_RETRY) {
                keep_failed(f, e);
                return;
        }
        is_success = r >= 0 && e->verdict == FLEET_VERDICT_DONE;
        remove_entry(f, e);
        if (is_counted)
                count(f, is_success);
}

/* The board that failed before did not come to @e any more. */
static void give_up_failed(FleetEntry *e) {
        Fleet *f = e->fleet;
        FleetEntry *failed = take_failed(f, e->port);

        remove_entry(f, e);
        if (!failed) {
                count(f, false);
                return;
        }
        failed->verdict = FLEET_VERDICT_GIVEN_UP;
        fleet_entry_list_add(&f->entries, failed); /* in the other one's place */
        begin_follow_up(failed, false);
}

/* With @is_last, nothing follows but the line in the record, and it returns when snagd has closed the session. */
static void close_entry(FleetEntry *e, bool is_last) {
        conclude(e, is_last);
        attempt_close(e->attempt, is_last);
        if (e->verdict == FLEET_VERDICT_GIVEN_UP && !attempt_has_begun(e->attempt)) {
                give_up_failed(e);
                return;
        }
        if (fleet_entry_has_result(e))
                fleet_entry_free(take_failed(e->fleet, e->port));
        begin_follow_up(e, is_last);
}

/* Nothing is opened for a while; why, is said once. */
static void pause_opening(Fleet *f, const char *why) {
        f->pause_usec = now_usec() + PAUSE_USEC;
        if (streq_ptr(f->pause_reason, why))
                return;
        free(f->pause_reason);
        f->pause_reason = strdup(why);
        progress_warning(f->spec.progress, "%s", why);
}

/* All that have no board yet. */
static void dismiss_waiting(Fleet *f, bool with_named) {
        for (size_t i = 0; i < f->entries.n; i++) {
                FleetEntry *e = f->entries.items[i];

                if (with_named || !e->is_named)
                        e->is_unwanted |= fleet_entry_is_waiting(e);
        }
}

/* Takes no more boards. */
static void stop(Fleet *f) {
        f->is_stopping = true;
        dismiss_waiting(f, true);
        ask_for_turn(f);
}

static void on_refused(Fleet *f, const FleetEntry *e, const ProxyError *refusal) {
        const char *text = proxy_error_get_text(refusal);

        /* That one stage is not allowed is no reason to end the other. */
        if (refusal->is_busy || (refusal->is_denied && e->begins_late))
                progress_warning(f->spec.progress, "%s", text);
        else if (refusal->is_passing || (!refusal->is_denied && ++f->n_refusals < REFUSALS_MAX))
                pause_opening(f, text);
        else if (!f->refusal.text) {
                f->refusal.is_denied = refusal->is_denied;
                f->refusal.text = strdup(text);
                if (!f->refusal.text) {
                        fail_errno(f, -ENOMEM);
                        return;
                }
                if (count_busy(f) > 0)
                        progress_warning(f->spec.progress, "%s; no more boards are taken", text);
                stop(f);
        }
}

static void on_over(Attempt *a, void *userdata) {
        FleetEntry *e = userdata;
        Fleet *f = e->fleet;

        take_port(e); /* of a board that was there too short for anything to begin */
        if (attempt_get_refusal(a))
                on_refused(f, e, attempt_get_refusal(a));
        else if (attempt_has_begun(a)) {
                f->active_usec = now_usec();
                f->pause_usec = 0; /* there may be room now */
        } else if (attempt_get_result(a) == RECOVERY_RESULT_FAILED)
                f->pause_usec = now_usec() + PAUSE_USEC; /* or it might go on like this */
        close_entry(e, false);
        update_counts(f);
        ask_for_turn(f);
}

static const AttemptCallbacks attempt_callbacks = {
        .on_state = on_state,
        .on_over = on_over,
};

/* @port NULL: any. */
static int open_entry(Fleet *f, const char *port, Stage stage) {
        bool is_first_stage = stage == f->spec.rules.first_stage;
        _cleanup_(fleet_entry_freep) FleetEntry *e = NULL;
        int r;

        e = fleet_entry_new(f, f->files, port, stage);
        if (!e || fleet_entry_list_reserve(&f->entries) < 0)
                return -ENOMEM;
        e->begins_late = !is_first_stage;
        r = attempt_new(
                &(AttemptSpec){
                        .event = f->spec.event,
                        .bus = f->spec.bus,
                        .progress = f->spec.progress,
                        .soc = f->spec.rules.soc,
                        .spl = e->files->files[FIRMWARE_SPL],
                        .u_boot = e->files->files[FIRMWARE_U_BOOT],
                        .port = e->port,
                        .stage = is_first_stage ? f->spec.stage : stage_to_string(stage),
                        .first_stage = stage,
                        .is_untried = !port,
                        .is_one_of_many = true,
                        .no_board_timeout_usec = port ? PORT_TIMEOUT_USEC : USEC_INFINITY,
                        .callbacks = &attempt_callbacks,
                        .userdata = e,
                },
                &e->attempt);
        if (r < 0)
                return r;
        if (port) {
                r = fleet_ports_begin(f->ports, port);
                if (r < 0)
                        return r;
        }
        fleet_entry_list_add(&f->entries, TAKE_PTR(e));
        return 0;
}

/* --- turns ----------------------------------------------------------------------------------- */

/* The one that waits for any board. */
static FleetEntry *find_waiting(const Fleet *f) {
        for (size_t i = 0; i < f->entries.n; i++) {
                FleetEntry *e = f->entries.items[i];

                if (!e->is_named && !e->is_unwanted && fleet_entry_is_waiting(e))
                        return e;
        }
        return NULL;
}

static void close_unwanted(Fleet *f) {
        for (size_t i = f->entries.n; i > 0; i--)
                if (f->entries.items[i - 1]->is_unwanted &&
                    fleet_entry_can_be_closed(f->entries.items[i - 1])) {
                        close_entry(f->entries.items[i - 1], false);
                        update_counts(f);
                }
}

/* That wait for a ROM where its SPL has come up at last, and that have an SPL, or wait for it, where the ROM is back: a
 * session that begins with an SPL takes no ROM, nor does any other one at its port. */
static void dismiss_late(Fleet *f) {
        for (size_t i = 0; i < f->entries.n; i++) {
                FleetEntry *e = f->entries.items[i];

                if (!e->is_named || attempt_get_state(e->attempt) == ATTEMPT_STATE_OVER)
                        continue;
                if (e->begins_late)
                        e->is_unwanted |= fleet_ports_has_board(f->ports, e->port);
                else if (fleet_entry_is_waiting(e))
                        e->is_unwanted |= fleet_ports_has_late_spl(f->ports, e->port);
        }
}

static int open_wanted(Fleet *f) {
        Stage stage = f->spec.rules.first_stage;
        const char *port;
        int r = 0;

        while (r >= 0 && count_open(f) < f->spec.n_max &&
               (port = fleet_ports_find_wanted(f->ports, &stage)))
                r = open_entry(f, port, stage);
        if (r >= 0 && count_open(f) < f->spec.n_max && !fleet_ports_are_named(f->ports) &&
            !find_waiting(f))
                r = open_entry(f, NULL, f->spec.rules.first_stage);
        return r;
}

/* Whether it is over for want of anything to do; a session waits where a board is, or is to come back. Else *@deadline
 * is when to look again. */
static bool is_quiet(const Fleet *f, uint64_t now, uint64_t *deadline) {
        uint64_t usec =
                MAX_OF(f->active_usec, fleet_ports_get_change_usec(f->ports)) + f->spec.quiet_usec;

        if (!f->spec.rules.is_once || f->entries.n > 0)
                return false;
        if (now >= usec)
                return true;
        *deadline = MIN_OF(*deadline, usec);
        return false;
}

/* If nothing could be opened for all that time, that is why nothing happened. */
static void finish_quiet(Fleet *f) {
        f->refusal.text = TAKE_PTR(f->pause_reason);
        finish(f, f->refusal.text ? FLEET_END_REFUSED : FLEET_END_QUIET);
}

static int begin_watch(Fleet *f, ProxyError *error) {
        int r;

        f->is_beginning = true;
        r = watch_proxy_begin(f->watch, true, error);
        f->is_beginning = false;
        return r;
}

/* snagd was gone. */
static void watch_again(Fleet *f) {
        ProxyError error = {};

        f->is_daemon_gone = false;
        if (begin_watch(f, &error) >= 0) {
                fleet_ports_on_daemon_back(f->ports, now_usec());
                free(TAKE_PTR(f->pause_reason));
        } else {
                f->is_daemon_gone = true;
                pause_opening(f, proxy_error_get_text(&error));
        }
        proxy_error_done(&error);
}

/* Whether on_over() of some attempt is yet to come, which asks for a turn. Until then its board would pass for one that
 * has been tried when the next snagd tells of it. */
static bool has_unheard_end(const Fleet *f) {
        for (size_t i = 0; i < f->entries.n; i++)
                if (!f->entries.items[i]->follow_up &&
                    attempt_get_state(f->entries.items[i]->attempt) == ATTEMPT_STATE_OVER)
                        return true;
        return false;
}

/* Returns when it is to be called again. */
static uint64_t take_turn(Fleet *f, uint64_t now) {
        uint64_t deadline = fleet_ports_expire(f->ports, now);
        int r;

        close_unwanted(f);
        if (f->is_stopping) {
                if (count_busy(f) == 0 || now >= f->end_usec)
                        finish(f, f->refusal.text ? FLEET_END_REFUSED : FLEET_END_STOPPED);
                return f->end_usec;
        }
        if (is_quiet(f, now, &deadline)) {
                finish_quiet(f);
                return USEC_INFINITY;
        }
        if (now < f->pause_usec)
                return MIN_OF(deadline, f->pause_usec);

        if (f->is_daemon_gone && has_unheard_end(f))
                return deadline;
        if (f->is_daemon_gone)
                watch_again(f);
        if (f->is_daemon_gone)
                return MIN_OF(deadline, f->pause_usec);

        if (fleet_ports_are_named(f->ports))
                dismiss_waiting(f, false);
        dismiss_late(f);
        close_unwanted(f);
        r = open_wanted(f);
        if (r < 0)
                fail_errno(f, r);
        return deadline;
}

static int on_turn(sd_event_source *source, void *userdata) {
        Fleet *f = userdata;
        uint64_t deadline;

        if (f->end != FLEET_END_NONE)
                return 0;
        deadline = take_turn(f, now_usec());
        (void) sd_event_source_set_time(f->timer_source, deadline);
        (void) sd_event_source_set_enabled(
                f->timer_source, deadline == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        ask_for_turn(userdata);
        return 0;
}

/* --- what snagd tells ------------------------------------------------------------------------ */

static bool is_ours(const Fleet *f, const BoardInfo *b) {
        return streq(b->soc, f->spec.rules.soc->name);
}

static void on_board(const BoardInfo *b, bool is_gone, void *userdata) {
        int stage = stage_from_string(b->stage), r;
        Fleet *f = userdata;

        r = fleet_ports_on_board(f->ports, b, is_gone, f->is_beginning, now_usec());
        if (r < 0) {
                fail_errno(f, r);
                return;
        }
        if (!is_gone && *b->problem && stage >= 0 && is_ours(f, b))
                for (size_t i = 0; i < f->entries.n; i++)
                        if (streq_ptr(f->entries.items[i]->port, b->port))
                                attempt_on_board_problem(f->entries.items[i]->attempt, b->port,
                                                         (Stage) stage, b->problem);
        ask_for_turn(f);
}

static void on_session(const SessionInfo *session, bool is_gone, void *userdata) {
        Fleet *f = userdata;

        if (!is_gone && !streq(session->state, "failed"))
                return;
        /* Of somebody else, perhaps; a limit may have been the reason to pause. */
        fleet_ports_on_session_gone(f->ports, session->port, session->id_path);
        ask_for_turn(f);
}

static void on_daemon(bool is_there, void *userdata) {
        Fleet *f = userdata;

        f->is_daemon_gone = true;
        f->active_usec = now_usec();
        f->pause_usec = is_there ? 0 : now_usec() + PAUSE_USEC;
        fleet_ports_on_daemon_gone(f->ports);
        ask_for_turn(f);
}

static void on_bus_lost(void *userdata) {
        Fleet *f = userdata;

        progress_error(f->spec.progress, "the connection to the system bus is lost");
        finish(f, FLEET_END_FAILED);
}

static const WatchProxyCallbacks watch_callbacks = {
        .on_board = on_board,
        .on_session = on_session,
        .on_daemon = on_daemon,
        .on_bus_lost = on_bus_lost,
};

/* --- life ------------------------------------------------------------------------------------ */

static int add_sources(Fleet *f) {
        int r;

        r = sd_event_add_defer(f->spec.event, &f->turn_source, on_turn, f);
        if (r < 0)
                return r;
        r = sd_event_add_time(f->spec.event, &f->timer_source, CLOCK_MONOTONIC, 0, 0, on_timer, f);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(f->timer_source, SD_EVENT_OFF);
}

int fleet_new(const FleetSpec *spec, ProxyError *error, Fleet **ret) {
        _cleanup_(fleet_freep) Fleet *f = NULL;
        int r;

        assert(spec);
        assert(spec->event);
        assert(spec->bus);
        assert(spec->files);
        assert(spec->n_max > 0);
        assert(spec->callbacks);
        assert(error);
        assert(ret);

        f = calloc(1, sizeof(Fleet));
        if (!f)
                return bus_proxy_fail(error, -ENOMEM, NULL);
        f->spec = *spec;
        f->files = firmware_set_ref(spec->files);
        f->active_usec = now_usec();
        f->end_usec = USEC_INFINITY;
        r = fleet_ports_new(&f->spec.rules, &f->ports);
        if (r >= 0)
                r = add_sources(f);
        if (r >= 0)
                r = watch_proxy_new(spec->bus, &watch_callbacks, f, &f->watch);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);

        r = begin_watch(f, error);
        if (r < 0)
                return r;
        if (fleet_ports_are_named(f->ports))
                tell_ready(f);
        *ret = TAKE_PTR(f);
        return 0;
}

Fleet *fleet_free(Fleet *f) {
        if (!f)
                return NULL;

        fleet_entry_list_done(&f->entries);
        fleet_entry_list_done(&f->failed);
        watch_proxy_free(f->watch);
        sd_event_source_disable_unref(f->turn_source);
        sd_event_source_disable_unref(f->timer_source);
        fleet_ports_free(f->ports);
        firmware_set_unref(f->files);
        free(f->pause_reason);
        proxy_error_done(&f->refusal);
        free(f);
        return NULL;
}

void fleet_stop(Fleet *f) {
        assert(f);

        if (f->end_usec == USEC_INFINITY)
                f->end_usec = now_usec() + FLEET_STOP_USEC;
        stop(f);
}

void fleet_close(Fleet *f) {
        assert(f);

        while (f->entries.n > 0) {
                FleetEntry *e = f->entries.items[f->entries.n - 1];

                if (e->follow_up)
                        remove_entry(f, e);
                else
                        close_entry(e, true);
        }
}

void fleet_set_files(Fleet *f, FirmwareSet *files) {
        assert(f);
        assert(files);

        firmware_set_unref(f->files);
        f->files = firmware_set_ref(files);
        dismiss_waiting(f, true);
        ask_for_turn(f);
}

FleetEnd fleet_get_end(const Fleet *f) {
        assert(f);

        return f->end;
}

FleetCounts fleet_get_counts(const Fleet *f) {
        assert(f);

        return f->counts;
}

const ProxyError *fleet_get_refusal(const Fleet *f) {
        assert(f);

        return f->refusal.text ? &f->refusal : NULL;
}
