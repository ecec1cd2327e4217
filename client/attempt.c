/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of events: the session, all its sockets, bound; then Start: a board that is plugged in already
 * sends its first request while Start runs, and must find everything listening.
 *
 * The bus is heard before the sockets (by the priority that the caller gives it in the loop): of a word from snagd
 * and a datagram that came after it, the word is to be heard first. The other order, transport_drain() sees to. */

#include "attempt.h"

#include <assert.h>
#include <time.h>

#include "bus-contract.h"
#include "fd-util.h"
#include "session-proxy.h"
#include "transport.h"

struct Attempt {
        AttemptSpec spec;
        AttemptState state;
        SessionProxy *session;
        Recovery *recovery;
        Transport *transport;
        sd_event_source
                *over_source; /* calls on_over() from the loop, where nothing of ours runs */
        uint64_t end_usec;    /* 0: goes on */
        bool is_session_lost;
        bool is_interrupted; /* it was lost before the recovery had a result */
        ProxyError refusal;
};

static void set_state(Attempt *a, AttemptState state) {
        assert(state > a->state);

        a->state = state;
        if (state == ATTEMPT_STATE_OVER)
                a->end_usec = now_usec();
        else
                a->spec.callbacks->on_state(a, a->spec.userdata);
}

static int on_over_source(sd_event_source *source, void *userdata) {
        Attempt *a = userdata;

        a->spec.callbacks->on_over(a, a->spec.userdata);
        return 0;
}

static void finish(Attempt *a) {
        if (a->state == ATTEMPT_STATE_OVER)
                return;
        set_state(a, ATTEMPT_STATE_OVER);
        /* Only fails without a valid source. */
        (void) sd_event_source_set_enabled(a->over_source, SD_EVENT_ONESHOT);
}

/* A fault of ours: as if snagd had refused, in our words. */
static void fail_errno(Attempt *a, int r) {
        if (!a->refusal.text)
                (void) bus_proxy_fail(&a->refusal, r, NULL);
        finish(a);
}

static void on_transport_over(void *userdata) {
        finish(userdata);
}

static int begin(Attempt *a, const int *fds) {
        int r;

        r = transport_new(a->spec.event, fds, on_transport_over, a, &a->transport);
        if (r < 0)
                return r;
        r = recovery_new(
                &(RecoverySpec){
                        .soc = a->spec.soc,
                        .first_stage = a->spec.first_stage,
                        .spl = a->spec.spl,
                        .u_boot = a->spec.u_boot,
                        .port = a->spec.port,
                        .session = attempt_get_session(a),
                        .no_board_timeout_usec = a->spec.no_board_timeout_usec,
                        .is_one_of_many = a->spec.is_one_of_many,
                        .progress = a->spec.progress,
                        .ops = &transport_ops,
                        .userdata = a->transport,
                },
                &a->recovery);
        if (r < 0)
                return r;
        transport_set_capture(a->transport, a->spec.capture);
        recovery_start(a->recovery, now_usec());
        r = transport_start(a->transport, a->recovery);
        if (r < 0)
                return r;
        return session_proxy_start(a->session);
}

static void tell_waiting(const Attempt *a) {
        progress_event(a->spec.progress, "waiting",
                       EVENT_FIELDS(EVENT_TEXT("port", a->spec.port),
                                    EVENT_TEXT("session", attempt_get_session(a)),
                                    EVENT_TEXT("soc", a->spec.soc->name),
                                    EVENT_TEXT("stage", stage_to_string(a->spec.first_stage))));
}

static void on_opened(const int *fds, void *userdata) {
        Attempt *a = userdata;
        int r;

        r = begin(a, fds);
        if (r < 0) {
                fail_errno(a, r);
                return;
        }
        tell_waiting(a);
        set_state(a, ATTEMPT_STATE_WAITING);
}

static void on_refused(const ProxyError *error, void *userdata) {
        Attempt *a = userdata;

        a->refusal.is_denied = error->is_denied;
        a->refusal.is_passing = error->is_passing;
        a->refusal.is_busy = error->is_busy;
        a->refusal.text = strdup(proxy_error_get_text(error));
        finish(a);
}

/* Not the board's fault, nor ours. What came by the sockets before must have been heard: it may be the result. */
static void lose_session(Attempt *a) {
        a->is_session_lost = true;
        a->is_interrupted |= recovery_get_result(a->recovery) == RECOVERY_RESULT_NONE;
}

static void on_changed(const SessionInfo *info, void *userdata) {
        Attempt *a = userdata;

        /* It may still be fetching its sockets: nothing happens to a session before Start. */
        if (!a->recovery || a->state == ATTEMPT_STATE_OVER)
                return;
        transport_drain(a->transport);
        if (streq_ptr(info->failure_name, BUS_ERROR_SHUTTING_DOWN))
                lose_session(a);
        recovery_on_session(a->recovery, now_usec(), info);
        if (a->state == ATTEMPT_STATE_WAITING && recovery_has_begun(a->recovery))
                set_state(a, ATTEMPT_STATE_SERVING);
        transport_update(a->transport);
}

static void on_end(SessionProxyEnd end, void *userdata) {
        static const char *const sentences[] = {
                [SESSION_PROXY_END_DAEMON_LEFT] =
                        "snagd has left the bus, and the session with it; "
                        "see: journalctl -u snagd",
                [SESSION_PROXY_END_CLOSED] = "somebody has closed the session ('snagctl close', or "
                                             "an administrator)",
                [SESSION_PROXY_END_BUS_LOST] = "the connection to the system bus is lost",
        };
        Attempt *a = userdata;

        if (!a->recovery) {
                a->is_session_lost = true;
                a->refusal.is_passing = end != SESSION_PROXY_END_BUS_LOST;
                a->refusal.text = strdup(sentences[end]);
                finish(a);
                return;
        }
        transport_drain(a->transport);
        lose_session(a);
        recovery_on_session_lost(a->recovery, sentences[end]);
        transport_update(a->transport);
}

static const SessionProxyCallbacks session_callbacks = {
        .on_opened = on_opened,
        .on_refused = on_refused,
        .on_changed = on_changed,
        .on_end = on_end,
};

int attempt_new(const AttemptSpec *spec, Attempt **ret) {
        _cleanup_(attempt_freep) Attempt *a = NULL;
        int r;

        assert(spec);
        assert(spec->event);
        assert(spec->bus);
        assert(spec->soc);
        assert(spec->u_boot);
        assert(spec->callbacks);
        assert(ret);

        a = calloc(1, sizeof(Attempt));
        if (!a)
                return -ENOMEM;
        a->spec = *spec;

        r = sd_event_add_defer(spec->event, &a->over_source, on_over_source, a);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(a->over_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = session_proxy_open(spec->bus,
                               &(SessionProxySpec){
                                       .soc = spec->soc->name,
                                       .port = spec->port,
                                       .stage = spec->stage,
                                       .is_untried = spec->is_untried,
                                       .n_sockets = TRANSPORT_N_SOCKETS,
                               },
                               &session_callbacks, a, &a->session);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(a);
        return 0;
}

Attempt *attempt_free(Attempt *a) {
        if (!a)
                return NULL;

        /* The sockets first: they keep the namespace alive. */
        transport_free(a->transport);
        recovery_free(a->recovery);
        session_proxy_free(a->session);
        sd_event_source_disable_unref(a->over_source);
        proxy_error_done(&a->refusal);
        free(a);
        return NULL;
}

void attempt_close(Attempt *a, bool waits) {
        assert(a);

        a->transport = transport_free(a->transport);
        (void) sd_event_source_set_enabled(a->over_source, SD_EVENT_OFF);
        if (a->state != ATTEMPT_STATE_OVER)
                set_state(a, ATTEMPT_STATE_OVER);
        /* Also of one that is lost: nothing is to be told of it any more. */
        session_proxy_close(a->session, waits && !a->is_session_lost);
}

AttemptState attempt_get_state(const Attempt *a) {
        assert(a);

        return a->state;
}

bool attempt_has_begun(const Attempt *a) {
        assert(a);

        return a->recovery && recovery_has_begun(a->recovery);
}

bool attempt_has_served_rom(const Attempt *a) {
        assert(a);

        return a->recovery && recovery_has_served(a->recovery, STAGE_ROM);
}

RecoveryResult attempt_get_result(const Attempt *a) {
        assert(a);

        if (a->refusal.text)
                return RECOVERY_RESULT_FAILED;
        return a->recovery ? recovery_get_result(a->recovery) : RECOVERY_RESULT_NONE;
}

const char *attempt_get_port(const Attempt *a) {
        assert(a);

        return a->recovery ? recovery_get_port(a->recovery) : a->spec.port;
}

bool attempt_is_session_lost(const Attempt *a) {
        assert(a);

        return a->is_session_lost;
}

const ProxyError *attempt_get_refusal(const Attempt *a) {
        assert(a);

        return a->refusal.text ? &a->refusal : NULL;
}

const char *attempt_get_session(const Attempt *a) {
        const SessionInfo *info;

        assert(a);

        info = session_proxy_get_info(a->session);
        return info->path ? session_info_get_id(info) : NULL;
}

static RecordResult get_record_result(const Attempt *a) {
        switch (recovery_get_result(a->recovery)) {
        case RECOVERY_RESULT_DELIVERED:
                return RECORD_RESULT_RECOVERED;
        case RECOVERY_RESULT_FAILED:
        case RECOVERY_RESULT_NO_BOARD:
                return a->is_interrupted ? RECORD_RESULT_INTERRUPTED : RECORD_RESULT_FAILED;
        case RECOVERY_RESULT_NONE:
                break;
        }
        return RECORD_RESULT_INTERRUPTED;
}

/* What clocks on the wall showed at @usec of CLOCK_MONOTONIC, as far as they have not been set since. */
static uint64_t get_realtime_usec(uint64_t usec) {
        struct timespec ts = {};
        uint64_t ago_usec = now_usec() - usec;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC -
               ago_usec;
}

static RecordImage make_image(const Firmware *f) {
        static const char *const roles[_FIRMWARE_KIND_MAX] = {
                [FIRMWARE_SPL] = "spl",
                [FIRMWARE_U_BOOT] = "u-boot",
        };

        return (RecordImage){
                .role = roles[f->kind],
                .name = firmware_get_base(f),
                .size = f->size,
                .sha256 = f->sha256,
        };
}

bool attempt_get_record(const Attempt *a, RecordImage images[static _FIRMWARE_KIND_MAX],
                        RecordAttempt *ret) {
        const Firmware *files[] = {a->spec.spl, a->spec.u_boot};
        RecordAttempt record = {.soc = a->spec.soc->name, .images = images};

        assert(ret);

        if (!a->recovery || !recovery_has_begun(a->recovery))
                return false;

        recovery_log_fill(recovery_get_log(a->recovery), &record);
        record.realtime_usec = get_realtime_usec(record.begin_usec);
        record.end_usec = a->end_usec > 0 ? a->end_usec : now_usec();
        record.id_path = recovery_get_id_path(a->recovery);
        record.port = recovery_get_port(a->recovery);
        record.result = get_record_result(a);
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (files[i])
                        images[record.n_images++] = make_image(files[i]);
        *ret = record;
        return true;
}

void attempt_on_board_problem(Attempt *a, const char *port, Stage stage, const char *problem) {
        assert(a);

        if (a->recovery)
                recovery_on_board_problem(a->recovery, port, stage, problem);
}
