/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recover-all.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>

#include "fd-util.h"
#include "fleet.h"
#include "recover-access.h"
#include "station.h"

/* The order of the members is the reverse of that in which they go. */
typedef struct Run {
        sd_event *event;
        sd_bus *bus;
        FirmwareSet *files;
        Fleet *fleet;
        Station *station; /* with --station */
        PasswordAgent
                agent; /* until the first session is there; where a board has to come for that, until it is in it */
        const RecoverRequest *q; /* borrowed */
        Progress *progress;      /* borrowed */
        int signal_number;       /* that ended it at once */
} Run;

static void run_done(Run *run) {
        password_agent_stop(&run->agent);
        station_free(run->station);
        fleet_free(run->fleet);
        firmware_set_unref(run->files);
        sd_bus_flush_close_unref(run->bus);
        sd_event_unref(run->event);
}

static void on_ready(void *userdata) {
        Run *run = userdata;

        if (run->q->n_ports == 0 && !run->q->is_once)
                password_agent_stop(&run->agent);
        if (run->station)
                station_set_ready(run->station);
}

static void on_counts(void *userdata) {
        Run *run = userdata;
        FleetCounts counts = fleet_get_counts(run->fleet);

        if (counts.n_now > 0)
                password_agent_stop(&run->agent);
        if (run->station)
                station_set_counts(run->station, (NotifyCounts){
                                                         .n_now = counts.n_now,
                                                         .n_done = counts.n_recovered,
                                                         .n_failed = counts.n_failed,
                                                 });
}

static void on_end(void *userdata) {
        Run *run = userdata;

        (void) sd_event_exit(run->event, 0);
}

static const FleetCallbacks callbacks = {
        .on_ready = on_ready,
        .on_counts = on_counts,
        .on_end = on_end,
};

/* The file of a station was read again. */
static int on_files(Firmware *files[static _FIRMWARE_KIND_MAX], void *userdata) {
        _cleanup_(firmware_set_unrefp) FirmwareSet *set = NULL;
        Run *run = userdata;
        int r;

        r = firmware_set_new(files, &set);
        if (r >= 0)
                fleet_set_files(run->fleet, set);
        return r;
}

static int add_station(Run *run) {
        const RecoverRequest *q = run->q;

        if (!q->station)
                return 0;
        return station_new(
                &(StationSpec){
                        .event = run->event,
                        .progress = run->progress,
                        .station = q->station,
                        .config = &q->station_config,
                        .on_files = on_files,
                        .userdata = run,
                },
                &run->station);
}

/* The first one lets the boards that are being served finish. */
static int on_end_signal(sd_event_source *source, const struct signalfd_siginfo *info,
                         void *userdata) {
        Run *run = userdata;

        if (sd_event_source_set_enabled(source, SD_EVENT_ON) < 0)
                return 0;
        if (run->signal_number == 0) {
                run->signal_number = (int) info->ssi_signo;
                if (fleet_get_counts(run->fleet).n_now > 0)
                        progress_note(run->progress,
                                      "no more boards are taken; those that are being served have "
                                      "%u s; again: end now",
                                      (unsigned) (FLEET_STOP_USEC / USEC_PER_SEC));
                if (run->station)
                        station_set_stopping(run->station);
                fleet_stop(run->fleet);
                return 0;
        }
        return sd_event_exit(run->event, EXIT_STATUS_SIGNAL + (int) info->ssi_signo);
}

static int add_signals(Run *run) {
        static const int end_signals[] = {SIGHUP, SIGINT, SIGTERM};
        int r;

        for (size_t i = 0; i < ELEMENTSOF(end_signals); i++) {
                struct sigaction action = {};

                if (end_signals[i] == SIGHUP && run->station)
                        continue; /* is that one's */
                (void) sigaction(end_signals[i], NULL, &action);
                if (action.sa_handler == SIG_IGN) /* nohup; see main.c */
                        continue;
                r = sd_event_add_signal(run->event, NULL, end_signals[i] | SD_EVENT_SIGNAL_PROCMASK,
                                        on_end_signal, run);
                if (r < 0)
                        return r;
        }
        return verb_follow_terminal(run->event, run->progress);
}

static int set_up(Run *run, RecoverRequest *q, ProxyError *error) {
        int r;

        r = sd_event_new(&run->event);
        if (r >= 0)
                r = firmware_set_new(q->images, &run->files);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = bus_proxy_connect(progress_may_ask(run->progress), error, &run->bus);
        if (r < 0)
                return r;
        r = add_station(run);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        recover_access_prepare(q, run->bus, &run->agent, run->progress);
        r = sd_bus_attach_event(run->bus, run->event, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        return fleet_new(
                &(FleetSpec){
                        .event = run->event,
                        .bus = run->bus,
                        .progress = run->progress,
                        .rules =
                                {
                                        .soc = q->soc,
                                        .first_stage = q->first_stage,
                                        .patterns = q->n_ports > 0 ? q->ports : NULL,
                                        .n_retries = q->n_retries,
                                        .is_once = q->is_once,
                                },
                        .stage = q->stage,
                        .n_max = q->n_max,
                        .quiet_usec = q->timeout_usec,
                        .files = run->files,
                        .follow_up =
                                {
                                        .event = run->event,
                                        .progress = run->progress,
                                        .then = q->then,
                                        .then_timeout_usec = q->then_timeout_usec,
                                        .record_path = q->record_path,
                                },
                        .callbacks = &callbacks,
                        .userdata = run,
                },
                error, &run->fleet);
}

static ExitStatus sum_up(const Run *run) {
        FleetCounts counts = fleet_get_counts(run->fleet);

        progress_event(run->progress, "summary",
                       EVENT_FIELDS(EVENT_TEXT("soc", run->q->soc->name),
                                    EVENT_NUMBER("recovered_boards", counts.n_recovered),
                                    EVENT_NUMBER("failed_boards", counts.n_failed)));
        progress_print(run->progress, PROGRESS_KIND_NOTE,
                       "%" PRIu64 " boards recovered, %" PRIu64 " failed", counts.n_recovered,
                       counts.n_failed);
        if (!run->q->is_once)
                return EXIT_STATUS_SUCCESS;
        if (counts.n_failed > 0)
                return EXIT_STATUS_FAILED;
        return counts.n_recovered > 0 ? EXIT_STATUS_SUCCESS : EXIT_STATUS_NO_BOARD;
}

/* @r: what the loop returned: a negative errno, or the status of a second signal. */
static ExitStatus get_status(const Run *run, int r) {
        if (r < 0) {
                progress_error(run->progress, "the event loop failed: %s", strerror(-r));
                return EXIT_STATUS_FAILED;
        }
        switch (fleet_get_end(run->fleet)) {
        case FLEET_END_REFUSED:
                return recover_access_report(fleet_get_refusal(run->fleet), run->progress);
        case FLEET_END_FAILED:
                return EXIT_STATUS_FAILED;
        case FLEET_END_NONE:
        case FLEET_END_STOPPED:
        case FLEET_END_QUIET:
                break;
        }
        return r > 0 ? (ExitStatus) r : sum_up(run);
}

ExitStatus recover_all(RecoverRequest *q, Progress *progress) {
        _cleanup_(run_done) Run run = {.q = q, .progress = progress};
        ProxyError error = {};
        int r;

        assert(q);
        assert(q->is_all);

        r = set_up(&run, q, &error);
        if (r < 0)
                return verb_call_failed(progress, &error);
        r = add_signals(&run);
        if (r >= 0)
                r = sd_event_loop(run.event);
        /* So that the ports are free when we are gone, and not some time later. */
        fleet_close(run.fleet);
        return get_status(&run, r);
}
