/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of events: arguments and files are checked before the bus is touched, so that a mistake
 * costs no password. Then the session, all its sockets, bound; then Start: a board that is
 * plugged in already sends its first request while Start runs, and must find everything
 * listening. */

#include <assert.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "fd-util.h"
#include "firmware-config.h"
#include "parse-util.h"
#include "password-agent.h"
#include "recovery.h"
#include "session-proxy.h"
#include "spelling.h"
#include "transport.h"
#include "usb-port.h"
#include "verb.h"

#define TIMEOUT_MAX_USEC (UINT64_C(366) * 24 * 3600 * USEC_PER_SEC)

static const char help[] =
        "Usage: snagctl recover SOC --spl FILE --u-boot FILE [OPTION…]\n"
        "       snagctl recover SOC -f BOARD.yaml [OPTION…]\n"
        "\n"
        "Brings a board back over USB: waits for one that is in its boot ROM, sends it the SPL,\n"
        "and sends the SPL U-Boot. SOC is 'am335x'.\n"
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
        "      --timeout SECONDS  give up if no board has come by then; else wait for ever\n"
        "      --help             show this\n"
        "\n"
        "The result goes to standard output, progress and messages to standard error.\n"
        "\n"
        "Exit status:\n"
        "    0  U-Boot was delivered\n"
        "    1  failed\n"
        "    2  usage, an unknown SoC, a malformed port, a file that cannot be used\n"
        "    3  not allowed\n"
        "    4  no board came within --timeout\n"
        "  128  plus the number of the signal that ended it\n";

/* Of -f and -F together. */
#define CONFIGS_MAX 32

/* What the command line says; borrows from it, but for the images. */
typedef struct Request {
        const Soc *soc;
        const char *spl_path, *u_boot_path, *port, *stage, *timeout;
        const char *configs[CONFIGS_MAX]; /* -f and -F, in their order */
        size_t n_configs;
        FirmwareConfig config; /* what they say in all */
        Stage first_stage;
        uint64_t timeout_usec;
        Firmware *spl, *u_boot;
        bool want_help;
} Request;

static void request_done(Request *q) {
        firmware_free(q->spl);
        firmware_free(q->u_boot);
        firmware_config_done(&q->config);
}

enum {
        OPTION_FIRMWARE,
        OPTION_HELP,
        OPTION_PORT,
        OPTION_SPL,
        OPTION_STAGE,
        OPTION_TIMEOUT,
        OPTION_U_BOOT,
};

static ExitStatus usage_error(Progress *progress, const char *format, ...) _printf_(2, 3);

static ExitStatus usage_error(Progress *progress, const char *format, ...) {
        char *complaint = NULL;
        ExitStatus status;
        va_list args;
        int n;

        va_start(args, format);
        n = vasprintf(&complaint, format, args);
        va_end(args);
        if (n < 0)
                return verb_out_of_memory(progress);

        status = verb_usage_error(progress, "recover", complaint);
        free(complaint);
        return status;
}

static ExitStatus unknown_soc(Progress *progress, const char *name) {
        SpellingGuess guess = {.word = name};
        char known[256] = "";
        const Soc *soc;

        for (size_t i = 0; (soc = soc_at(i)); i++) {
                size_t len = strlen(known);

                (void) snprintf(known + len, sizeof(known) - len, "%s%s", i > 0 ? ", " : "",
                                soc->name);
                spelling_offer(&guess, soc->name);
        }
        /* Two digits make another chip. */
        if (guess.best && guess.distance <= 1)
                return usage_error(progress, "unknown SoC '%.64s'; did you mean '%s'?", name,
                                   guess.best);
        return usage_error(progress, "unknown SoC '%.64s'; known: %s", name, known);
}

static ExitStatus take_soc(Progress *progress, const char *name, Request *q) {
        if (q->soc)
                return usage_error(progress, "too many arguments: '%s'", name);

        q->soc = soc_find(name);
        if (!q->soc)
                return unknown_soc(progress, name);
        return EXIT_STATUS_SUCCESS;
}

static ExitStatus read_arguments(char *const *argv, Progress *progress, Request *q) {
        static const Option options[] = {
                {OPTION_FIRMWARE, "firmware", "DICT", 'F'},
                {OPTION_FIRMWARE, "firmware-file", "FILE", 'f'},
                {OPTION_HELP, "help", NULL},
                {OPTION_PORT, "port", "PORT"},
                {OPTION_SPL, "spl", "FILE"},
                {OPTION_STAGE, "stage", "rom|spl"},
                {OPTION_U_BOOT, "u-boot", "FILE"},
                {OPTION_TIMEOUT, "timeout", "SECONDS"},
                VERB_OPTIONS,
                {},
        };
        Arguments arguments = {.next = argv, .options = options};
        const char **const places[] = {
                [OPTION_PORT] = &q->port,          [OPTION_SPL] = &q->spl_path,
                [OPTION_STAGE] = &q->stage,        [OPTION_TIMEOUT] = &q->timeout,
                [OPTION_U_BOOT] = &q->u_boot_path,
        };
        _cleanup_free_ char *complaint = NULL;
        const char *value = NULL;
        int r;

        while ((r = verb_next_argument(&arguments, progress, &value, &complaint)) != ARGUMENT_END) {
                if (r == OPTION_HELP) {
                        q->want_help = true;
                        return EXIT_STATUS_SUCCESS;
                }
                if (r == ARGUMENT_OPERAND) {
                        ExitStatus status = take_soc(progress, value, q);

                        if (status != EXIT_STATUS_SUCCESS)
                                return status;
                        continue;
                }
                if (r < 0)
                        return complaint ? usage_error(progress, "%s", complaint)
                                         : verb_out_of_memory(progress);
                if (r == OPTION_FIRMWARE) {
                        if (q->n_configs >= CONFIGS_MAX)
                                return usage_error(progress, "too many firmware configurations");
                        q->configs[q->n_configs++] = value;
                        continue;
                }
                *places[r] = value; /* the last one counts, as with most programs */
        }

        return EXIT_STATUS_SUCCESS;
}

static ExitStatus check_arguments(Progress *progress, Request *q) {
        int stage = STAGE_ROM;

        if (!q->soc)
                return usage_error(progress, "which SoC? known: %s", soc_at(0)->name);
        if (q->port && !usb_place_is_valid(q->port))
                return usage_error(progress,
                                   "'%.64s' is no USB port: they look like '1-1.4', or like "
                                   "'pci-0000:00:14.0-usb-0:1.4' (see 'snagctl list')",
                                   q->port);

        if (q->stage)
                stage = stage_from_string(q->stage);
        if (stage < 0)
                return usage_error(progress, "unknown stage '%.64s'; known: rom, spl", q->stage);
        q->first_stage = (Stage) stage;

        q->timeout_usec = USEC_INFINITY;
        if (q->timeout && (parse_seconds(q->timeout, TIMEOUT_MAX_USEC, &q->timeout_usec) < 0 ||
                           q->timeout_usec == 0))
                return usage_error(progress,
                                   "'%.64s' is no time: --timeout wants seconds, more than 0 and "
                                   "at most a year",
                                   q->timeout);

        return EXIT_STATUS_SUCCESS;
}

/* What the configurations say; --spl and --u-boot override it. */
static ExitStatus read_configs(Progress *progress, Request *q) {
        for (size_t i = 0; i < q->n_configs; i++) {
                _cleanup_free_ char *reason = NULL;
                int r;

                r = firmware_config_add(&q->config, q->configs[i], &reason);
                if (r >= 0)
                        continue;
                if (!reason)
                        return verb_out_of_memory(progress);
                progress_error(progress, "%s", reason);
                return EXIT_STATUS_USAGE;
        }
        return EXIT_STATUS_SUCCESS;
}

/* The file of @kind that is to be sent, by what the user said; NULL: nobody has named one. */
static const char *choose_path(Progress *progress, const Request *q, FirmwareKind kind,
                               const char *option) {
        if (option)
                return option;
        if (q->config.notes[kind])
                progress_note(progress, "%s", q->config.notes[kind]);
        return q->config.paths[kind];
}

static ExitStatus missing_file(Progress *progress, const Request *q, FirmwareKind kind) {
        const char *key = firmware_yaml_get_key(kind);

        if (!q->config.place)
                return usage_error(progress,
                                   "--%s FILE is missing (or -f BOARD.yaml, which names it)", key);
        progress_error(progress,
                       "%s: no '%s' here; expected '%s:' with 'path: FILE' below it, or --%s FILE",
                       q->config.place, key, key, key);
        return EXIT_STATUS_USAGE;
}

static ExitStatus choose_files(Progress *progress, Request *q) {
        ExitStatus status;

        status = read_configs(progress, q);
        if (status != EXIT_STATUS_SUCCESS)
                return status;

        q->spl_path = choose_path(progress, q, FIRMWARE_SPL, q->spl_path);
        q->u_boot_path = choose_path(progress, q, FIRMWARE_U_BOOT, q->u_boot_path);
        if (q->first_stage == STAGE_ROM && !q->spl_path)
                return missing_file(progress, q, FIRMWARE_SPL);
        if (!q->u_boot_path)
                return missing_file(progress, q, FIRMWARE_U_BOOT);
        return EXIT_STATUS_SUCCESS;
}

static ExitStatus open_file(Progress *progress, const Soc *soc, FirmwareKind kind, const char *path,
                            Firmware **ret) {
        _cleanup_free_ char *reason = NULL;
        int r;

        r = firmware_open(kind, path, soc, &reason, ret);
        if (r >= 0) {
                if ((*ret)->note)
                        progress_note(progress, "%s", (*ret)->note);
                if ((*ret)->warning)
                        progress_warning(progress, "%s", (*ret)->warning);
                return EXIT_STATUS_SUCCESS;
        }
        if (!reason)
                return verb_out_of_memory(progress);

        progress_error(progress, "%s", reason);
        return EXIT_STATUS_USAGE;
}

/* With --stage spl an SPL is not needed; one that is given is checked all the same, and sent
 * should the board fall back into its ROM. */
static ExitStatus open_files(Progress *progress, Request *q) {
        ExitStatus status;

        if (q->spl_path) {
                status = open_file(progress, q->soc, FIRMWARE_SPL, q->spl_path, &q->spl);
                if (status != EXIT_STATUS_SUCCESS)
                        return status;
        }
        status = open_file(progress, q->soc, FIRMWARE_U_BOOT, q->u_boot_path, &q->u_boot);
        if (status != EXIT_STATUS_SUCCESS)
                return status;

        firmware_make_names_distinct(q->spl, q->u_boot);
        return EXIT_STATUS_SUCCESS;
}

/* --- the run --------------------------------------------------------------------------------- */

/* The order of the members is the reverse of that in which they go. */
typedef struct Run {
        sd_event *event;
        sd_bus *bus;
        SessionProxy *session;
        Recovery *recovery;
        Transport *transport;
        PasswordAgent agent; /* while the session is opened */
        bool is_session_lost;
} Run;

static void run_done(Run *run) {
        password_agent_stop(&run->agent);
        /* The sockets first: they keep the namespace alive. */
        transport_free(run->transport);
        recovery_free(run->recovery);
        session_proxy_free(run->session);
        sd_bus_flush_close_unref(run->bus);
        sd_event_unref(run->event);
}

static void on_session_changed(const SessionInfo *info, void *userdata) {
        Run *run = userdata;

        transport_drain(run->transport);
        recovery_on_session(run->recovery, now_usec(), info);
        transport_update(run->transport);
}

static void on_session_end(SessionProxyEnd end, void *userdata) {
        static const char *const sentences[] = {
                [SESSION_PROXY_END_DAEMON_LEFT] =
                        "snagd has left the bus, and the session with it; "
                        "see: journalctl -u snagd",
                [SESSION_PROXY_END_CLOSED] = "somebody has closed the session ('snagctl close', or "
                                             "an administrator)",
                [SESSION_PROXY_END_BUS_LOST] = "the connection to the system bus is lost",
        };
        Run *run = userdata;

        run->is_session_lost = true;
        transport_drain(run->transport);
        recovery_on_session_lost(run->recovery, sentences[end]);
        transport_update(run->transport);
}

static const SessionProxyCallbacks session_callbacks = {
        .on_changed = on_session_changed,
        .on_end = on_session_end,
};

static int open_sockets(Run *run, ProxyError *error) {
        int fds[TRANSPORT_N_SOCKETS], r;

        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                r = session_proxy_open_socket(run->session, error, &fds[i]);
                if (r < 0) {
                        while (i > 0)
                                (void) fd_close(fds[--i]);
                        return r;
                }
        }

        r = transport_new(run->event, fds, &run->transport);
        return r < 0 ? bus_proxy_fail(error, r, NULL) : 0;
}

/* Everything up to and with Start. */
static int set_up(Run *run, const Request *q, Progress *progress, ProxyError *error) {
        int r;

        r = sd_event_new(&run->event);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = bus_proxy_connect(progress_may_ask(progress), error, &run->bus);
        if (r < 0)
                return r;
        /* Most are not asked for a password, and need not wait for an agent. */
        if (progress_may_ask(progress) &&
            session_proxy_is_challenged(run->bus, q->soc->name, q->port, q->stage))
                password_agent_start(&run->agent);
        r = session_proxy_open(run->bus, q->soc->name, q->port, q->stage, &session_callbacks, run,
                               error, &run->session);
        if (r < 0)
                return r;
        password_agent_stop(&run->agent);
        r = open_sockets(run, error);
        if (r < 0)
                return r;

        r = recovery_new(
                &(RecoverySpec){
                        .soc = q->soc,
                        .spl = q->spl,
                        .u_boot = q->u_boot,
                        .port = q->port,
                        .no_board_timeout_usec = q->timeout_usec,
                        .progress = progress,
                        .ops = &transport_ops,
                        .userdata = run->transport,
                },
                &run->recovery);
        if (r < 0)
                return r;

        r = session_proxy_start(run->session, error);
        if (r < 0)
                return r;
        recovery_start(run->recovery, now_usec());
        return 0;
}

/* The line that moves is laid out for the new width at once. */
static int on_resize(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        progress_tick(userdata, now_usec());
        return 0;
}

/* Returns when the recovery is over. */
static int run_loop(Run *run, Progress *progress) {
        int r;

        r = sd_event_add_signal(run->event, NULL, SIGWINCH | SD_EVENT_SIGNAL_PROCMASK, on_resize,
                                progress);
        if (r < 0)
                return r;

        /* The bus before the sockets: of a word from snagd and a datagram that came after it,
         * the word is to be heard first. The other order, transport_drain() sees to. */
        r = sd_bus_attach_event(run->bus, run->event, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0)
                return r;
        r = transport_start(run->transport, run->recovery);
        if (r < 0)
                return r;
        return sd_event_loop(run->event);
}

/* So that the port is free when we are gone, and not some time later. */
static void close_session(Run *run) {
        ProxyError error = {};

        run->transport = transport_free(run->transport);
        if (run->is_session_lost)
                return;

        /* If it cannot be closed it ends with our connection; there is nobody to be told. */
        (void) session_proxy_close(run->session, &error);
        proxy_error_done(&error);
}

static ExitStatus set_up_failed(Progress *progress, ProxyError *error) {
        ExitStatus status = verb_call_failed(progress, error);
        const struct passwd *user = getpwuid(getuid());

        if (status != EXIT_STATUS_DENIED)
                return status;

        /* Group membership is looked up when it is asked for, so no new login is needed. */
        progress_hint(progress,
                      "  who sits at this computer needs no password, nor do members of the group "
                      "'snagd';");
        progress_hint(progress, "  to be one, effective at once: sudo adduser %s snagd",
                      user ? user->pw_name : "NAME");
        progress_hint(progress, "  or let an administrator give a password on a terminal%s",
                      progress_may_ask(progress) ? "" : ", without --no-ask-password");
        return status;
}

static ExitStatus recover(const Request *q, Progress *progress) {
        static const ExitStatus statuses[] = {
                [RECOVERY_RESULT_NONE] = EXIT_STATUS_FAILED,
                [RECOVERY_RESULT_DELIVERED] = EXIT_STATUS_SUCCESS,
                [RECOVERY_RESULT_FAILED] = EXIT_STATUS_FAILED,
                [RECOVERY_RESULT_NO_BOARD] = EXIT_STATUS_NO_BOARD,
        };
        _cleanup_(run_done) Run run = {};
        ProxyError error = {};
        int r;

        r = set_up(&run, q, progress, &error);
        if (r < 0)
                return set_up_failed(progress, &error);

        if (q->port)
                progress_note(progress, "waiting for a board on port %s", q->port);
        else
                progress_note(progress, "waiting for a board on any port");

        r = run_loop(&run, progress);
        close_session(&run);
        if (r < 0) {
                progress_error(progress, "the event loop failed: %s", strerror(-r));
                return EXIT_STATUS_FAILED;
        }
        return statuses[recovery_get_result(run.recovery)];
}

ExitStatus verb_recover(char *const *argv, Progress *progress) {
        _cleanup_(request_done) Request request = {};
        ExitStatus status;

        status = read_arguments(argv, progress, &request);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        if (request.want_help) {
                progress_result_text(progress, help);
                return EXIT_STATUS_SUCCESS;
        }
        status = check_arguments(progress, &request);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        status = choose_files(progress, &request);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        status = open_files(progress, &request);
        if (status != EXIT_STATUS_SUCCESS)
                return status;

        return recover(&request, progress);
}
