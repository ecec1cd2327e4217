/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of events: arguments and files are checked before the bus is touched, so that a mistake
 * costs no password. */

#include <assert.h>
#include <inttypes.h>
#include <signal.h>

#include "fd-util.h"
#include "follow-up.h"
#include "preflight.h"
#include "recover-access.h"
#include "recover-all.h"
#include "verb.h"
#include "watch-proxy.h"

static const char help[] =
        "Usage: snagctl recover SOC --spl FILE --u-boot FILE [OPTION…]\n"
        "       snagctl recover SOC -f BOARD.yaml [OPTION…]\n"
        "       snagctl recover SOC --all … [--port PORT]… [--retry N] [--max N] [--once]\n"
        "       snagctl recover --station NAME\n"
        "\n"
        "Brings a board back over USB: waits for one that is in its boot ROM, sends it the SPL,\n"
        "and sends the SPL U-Boot. SOC is 'am335x' or 'am437x'; the names of TI's chips are\n"
        "understood too: am3351, am3352, am3354, am3356, am3357, am3358, am3359; am4372, am4376,\n"
        "am4377, am4378, am4379.\n"
        "\n"
        "      --spl FILE         what the ROM loads: spl/u-boot-spl.bin or MLO of a build with\n"
        "                         CONFIG_SPL_NET and CONFIG_SPL_USB_ETHER\n"
        "      --u-boot FILE      what the SPL loads: u-boot.img of the same build\n"
        "  -f, --firmware-file FILE\n"
        "                         Snagboot's configuration, which names both ('spl:' and\n"
        "                         'u-boot:', each with 'path:'); --spl and --u-boot override it\n"
        "  -F, --firmware DICT    the same as an argument: \"{'spl': {'path': 'FILE'}}\"; both may\n"
        "                         be given several times, the later one counts\n"
        "      --port PORT        only a board on this USB port ('1-1.4', or the port's ID_PATH:\n"
        "                         see 'snagctl list'); else the next board on any port\n"
        "      --stage rom|spl    where the board is: 'rom' (default), or 'spl', if its SPL runs\n"
        "                         already, from a card for instance, and waits for U-Boot;\n"
        "                         --spl is not needed then\n"
        "      --dry-run          check the files and this computer, and recover nothing (as 'check')\n"
        "      --timeout SECONDS  give up if no board has come by then; else wait for ever\n"
        "      --capture FILE     write all that the board sends and is sent to FILE: a capture for\n"
        "                         Wireshark, to look at or for a bug report\n"
        "      --record FILE      append a line to FILE that tells how it went, for 'snagctl report'\n"
        "      --then COMMAND     run a command for the board afterwards, without a shell; it has\n"
        "                         SNAGD_PORT, SNAGD_RESULT ('recovered', 'failed') and others in its\n"
        "                         environment, and its success counts\n"
        "      --then-timeout SECONDS\n"
        "                         end it, and all that it started, after so long (600)\n"
        "      --help             show this; 'snagctl --help' has the options of all commands\n"
        "\n"
        "Many boards, side by side and one after the other, until it is told to end (Ctrl-C; the\n"
        "boards that are being served have ten seconds then, or until it is pressed again):\n"
        "\n"
        "      --all              every board of that SoC that is plugged in\n"
        "      --port PORT        only on this port; may be given several times; also a pattern:\n"
        "                         '1-1.*'\n"
        "      --retry N          try a board that failed N times more (2), then leave its port alone\n"
        "                         until something is plugged in there again\n"
        "      --max N            at most N at a time (64)\n"
        "      --once             one board on each port, then end when nothing more appears for\n"
        "                         30 seconds, or --timeout\n"
        "      --station NAME     all that is said above and more by the file of a flashing station,\n"
        "                         /etc/snagd/stations/NAME.yaml, or any file that is named with a\n"
        "                         '/'; SIGHUP reads it again: see snagctl-station(7)\n"
        "\n"
        "The result goes to standard output, progress and messages to standard error.\n"
        "\n"
        "Exit status:\n"
        "    0  U-Boot was delivered; with --all: it was told to end; with --once: to all boards\n"
        "    1  failed\n"
        "    2  usage, an unknown SoC, a malformed port, a file that cannot be used\n"
        "    3  not allowed\n"
        "    4  no board came within --timeout\n"
        "  128  plus the number of the signal that ended it\n";

static ExitStatus open_file(RecoverRequest *q, FirmwareKind kind, Progress *progress) {
        _cleanup_free_ char *reason = NULL;
        const Firmware *f;

        if (recover_request_open_file(q, kind, &reason) < 0) {
                if (!reason)
                        return verb_out_of_memory(progress);
                progress_error(progress, "%s", reason);
                return EXIT_STATUS_USAGE;
        }

        f = q->images[kind];
        if (f->note)
                progress_note(progress, "%s", f->note);
        if (f->warning)
                progress_warning(progress, "%s", f->warning);
        return EXIT_STATUS_SUCCESS;
}

/* With --stage spl an SPL is not needed. One that is given is checked all the same: a board that asks before
 * snagd has told of it, and calls itself a ROM, is sent it. */
static ExitStatus open_files(RecoverRequest *q, Progress *progress) {
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++) {
                ExitStatus status;

                if (!q->paths[kind])
                        continue;
                status = open_file(q, kind, progress);
                if (status != EXIT_STATUS_SUCCESS)
                        return status;
        }
        return EXIT_STATUS_SUCCESS;
}

/* What cannot be written costs no password either. */
static ExitStatus open_capture(RecoverRequest *q, Progress *progress) {
        _cleanup_free_ char *reason = NULL;

        if (recover_request_open_capture(q, progress, &reason) >= 0)
                return EXIT_STATUS_SUCCESS;
        if (!reason)
                return verb_out_of_memory(progress);
        progress_error(progress, "%s", reason);
        return EXIT_STATUS_USAGE;
}

/* Nor does a record that cannot be one. A disk that is full, or that the kernel made read-only for an error, may be
 * put right meanwhile, and is no reason to recover no boards. */
static ExitStatus prepare_record(const RecoverRequest *q, Progress *progress) {
        _cleanup_free_ char *reason = NULL;
        int r;

        r = q->record_path ? record_prepare(q->record_path, &reason) : 0;
        if (r >= 0)
                return EXIT_STATUS_SUCCESS;
        if (!reason)
                return verb_out_of_memory(progress);
        if (q->is_all && (r == -ENOSPC || r == -EDQUOT || r == -EROFS || r == -EIO)) {
                progress_warning(progress, "%s", reason);
                return EXIT_STATUS_SUCCESS;
        }
        progress_error(progress, "%s", reason);
        return EXIT_STATUS_USAGE;
}

/* A program that is not there would be missed only when the first board is through. */
static ExitStatus prepare_then(const RecoverRequest *q, Progress *progress) {
        _cleanup_free_ char *reason = NULL;

        if (recover_request_check_then(q, &reason) >= 0)
                return EXIT_STATUS_SUCCESS;
        if (!reason)
                return verb_out_of_memory(progress);
        progress_error(progress, "%s", reason);
        return EXIT_STATUS_USAGE;
}

/* On failure it is what somebody else will want to see. */
static void finish_capture(const RecoverRequest *q, ExitStatus status, Progress *progress) {
        uint64_t n = q->capture ? capture_finish(q->capture) : 0;

        if (n == 0) {
                if (q->capture && capture_is_older(q->capture))
                        progress_note(progress, "nothing was captured: '%s' is still the older one",
                                      q->capture_path);
                return;
        }
        if (status == EXIT_STATUS_SUCCESS)
                progress_note(progress, "%" PRIu64 " packets captured in '%s'", n, q->capture_path);
        else
                progress_hint(progress, "  %" PRIu64 " packets captured in '%s', for a bug report",
                              n, q->capture_path);
}

/* --- the run --------------------------------------------------------------------------------- */

/* The order of the members is the reverse of that in which they go. */
typedef struct Run {
        sd_event *event;
        sd_bus *bus;
        WatchProxy *watch; /* of boards that are there, but cannot be taken */
        Attempt *attempt;
        FollowUp *follow_up;           /* when the attempt is over */
        PasswordAgent agent;           /* while the session is opened */
        const RecoverRequest *request; /* borrowed */
        Progress *progress;            /* borrowed */
        bool has_then_failed;
} Run;

static void run_done(Run *run) {
        password_agent_stop(&run->agent);
        follow_up_free(run->follow_up);
        attempt_free(run->attempt);
        watch_proxy_free(run->watch);
        sd_bus_flush_close_unref(run->bus);
        sd_event_unref(run->event);
}

static void on_board(const BoardInfo *b, bool is_gone, void *userdata) {
        int stage = stage_from_string(b->stage);
        const Run *run = userdata;
        const RecoverRequest *q = run->request;

        if (is_gone || !*b->problem || stage < 0 || !streq(b->soc, q->soc->name))
                return;
        if (!q->port || streq(q->port, b->port) || streq(q->port, b->id_path))
                attempt_on_board_problem(run->attempt, b->port, (Stage) stage, b->problem);
}

/* Those are seen by the attempt, too. */
static void on_daemon(bool is_there, void *userdata) {
}

static void on_bus_lost(void *userdata) {
}

static void on_session(const SessionInfo *session, bool is_gone, void *userdata) {
}

static const WatchProxyCallbacks watch_callbacks = {
        .on_board = on_board,
        .on_session = on_session,
        .on_daemon = on_daemon,
        .on_bus_lost = on_bus_lost,
};

/* It can only help to explain why no board comes: without it the recovery goes on. */
static void watch_boards(Run *run) {
        ProxyError error = {};

        if (watch_proxy_new(run->bus, &watch_callbacks, run, &run->watch) >= 0)
                (void) watch_proxy_begin(run->watch, false, &error);
        proxy_error_done(&error);
}

static void tell_waiting(const Run *run) {
        const RecoverRequest *q = run->request;

        if (q->port)
                progress_print(run->progress, PROGRESS_KIND_NOTE, "waiting for a board on port %s",
                               q->port);
        else
                progress_print(run->progress, PROGRESS_KIND_NOTE,
                               "waiting for a board on any port");
}

static void on_state(Attempt *a, void *userdata) {
        Run *run = userdata;

        if (attempt_get_state(a) != ATTEMPT_STATE_WAITING)
                return;
        password_agent_stop(&run->agent);
        tell_waiting(run);
        watch_boards(run);
}

static void on_followed_up(FollowUp *follow_up, void *userdata) {
        Run *run = userdata;

        run->has_then_failed = !follow_up_has_succeeded(follow_up);
        (void) sd_event_exit(run->event, 0);
}

static void on_over(Attempt *a, void *userdata) {
        Run *run = userdata;
        const RecoverRequest *q = run->request;
        int r;

        /* So that the port is free for what follows, and when we are gone. */
        attempt_close(a, true);
        r = follow_up_new(
                &(FollowUpSpec){
                        .event = run->event,
                        .progress = run->progress,
                        .then = q->then,
                        .then_timeout_usec = q->then_timeout_usec,
                        .record_path = q->record_path,
                },
                a, true, on_followed_up, run, &run->follow_up);
        if (r < 0)
                progress_error(run->progress, "the command was not run: %s", strerror(-r));
        run->has_then_failed = r < 0;
        if (r < 0 || !run->follow_up)
                (void) sd_event_exit(run->event, 0);
}

static const AttemptCallbacks attempt_callbacks = {
        .on_state = on_state,
        .on_over = on_over,
};

static int set_up(Run *run, ProxyError *error) {
        const RecoverRequest *q = run->request;
        int r;

        r = sd_event_new(&run->event);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = bus_proxy_connect(progress_may_ask(run->progress), error, &run->bus);
        if (r < 0)
                return r;
        recover_access_prepare(q, run->bus, &run->agent, run->progress);
        r = sd_bus_attach_event(run->bus, run->event, SD_EVENT_PRIORITY_IMPORTANT);
        if (r >= 0)
                r = attempt_new(
                        &(AttemptSpec){
                                .event = run->event,
                                .bus = run->bus,
                                .progress = run->progress,
                                .soc = q->soc,
                                .spl = q->images[FIRMWARE_SPL],
                                .u_boot = q->images[FIRMWARE_U_BOOT],
                                .port = q->port,
                                .stage = q->stage,
                                .first_stage = q->first_stage,
                                .no_board_timeout_usec = q->timeout_usec,
                                .capture = q->capture,
                                .callbacks = &attempt_callbacks,
                                .userdata = run,
                        },
                        &run->attempt);
        return r < 0 ? bus_proxy_fail(error, r, NULL) : 0;
}

/* Returns when the attempt is over. */
static int run_loop(Run *run) {
        int r;

        r = verb_follow_terminal(run->event, run->progress);
        if (r < 0)
                return r;
        return sd_event_loop(run->event);
}

static ExitStatus recover(const RecoverRequest *q, Progress *progress) {
        static const ExitStatus statuses[] = {
                [RECOVERY_RESULT_NONE] = EXIT_STATUS_FAILED,
                [RECOVERY_RESULT_DELIVERED] = EXIT_STATUS_SUCCESS,
                [RECOVERY_RESULT_FAILED] = EXIT_STATUS_FAILED,
                [RECOVERY_RESULT_NO_BOARD] = EXIT_STATUS_NO_BOARD,
        };
        _cleanup_(run_done) Run run = {.request = q, .progress = progress};
        ProxyError error = {};
        int r;

        r = set_up(&run, &error);
        if (r < 0)
                return verb_call_failed(progress, &error);

        r = run_loop(&run);
        if (r < 0) {
                attempt_close(run.attempt, true);
                progress_error(progress, "the event loop failed: %s", strerror(-r));
                return EXIT_STATUS_FAILED;
        }
        if (attempt_get_refusal(run.attempt))
                return recover_access_report(attempt_get_refusal(run.attempt), progress);
        if (run.has_then_failed && attempt_get_result(run.attempt) == RECOVERY_RESULT_DELIVERED)
                return EXIT_STATUS_FAILED;
        return statuses[attempt_get_result(run.attempt)];
}

ExitStatus verb_recover(char *const *argv, Progress *progress) {
        _cleanup_(recover_request_done) RecoverRequest request = {
                .verb = "recover",
                .needs_files = true,
        };
        ExitStatus status;

        status = recover_request_parse(&request, argv, progress);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        if (request.want_help) {
                progress_result_text(progress, help);
                return EXIT_STATUS_SUCCESS;
        }
        if (request.is_dry_run)
                return preflight_run(&request, progress);
        status = open_files(&request, progress);
        if (status != EXIT_STATUS_SUCCESS)
                return status;

        status = prepare_then(&request, progress);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        status = prepare_record(&request, progress);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        if (request.is_all)
                return recover_all(&request, progress);

        status = open_capture(&request, progress);
        if (status != EXIT_STATUS_SUCCESS)
                return status;

        status = recover(&request, progress);
        finish_capture(&request, status, progress);
        return status;
}
