/* SPDX-License-Identifier: GPL-2.0-or-later */

/* snagd: arguments, signals, the bus files wired to the core, the loop. */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "board-bus.h"
#include "bus-contract.h"
#include "bus-edge.h"
#include "bus-error.h"
#include "log-control.h"
#include "log.h"
#include "manager-bus.h"
#include "parse-util.h"
#include "session-bus.h"

#define IDLE_TIMEOUT_USEC_MAX (UINT64_C(3600) * USEC_PER_SEC)

/* The bus driver always answers, but on a machine that has too much to do, or to a snagd that has, not within
 * sd-bus's 25 s. An AddMatch of sd-bus's own that has no answer by then costs the connection, and with it
 * everybody's sessions. What snagd itself waits for has a time of its own. */
#define BUS_TIMEOUT_USEC (UINT64_C(600) * USEC_PER_SEC)

typedef struct Arguments {
        uint64_t idle_usec;
} Arguments;

static void print_help(void) {
        printf("Usage: snagd [OPTION]...\n"
               "\n"
               "Gives programs of ordinary users access to AM335x boards in USB recovery, by D-Bus.\n"
               "Started by D-Bus when somebody asks (snagd.service); see snagctl for the user's side.\n"
               "\n"
               "  --idle-timeout=SECONDS   exit after so long without anything to do (default: %" PRIu64
               ")\n"
               "  --log-level=LEVEL        emerg, alert, crit, err, warning, notice, info, debug\n"
               "  --log-target=TARGET      journal, console, null (default: journal where standard\n"
               "                           error goes there)\n"
               "  -h, --help               show this text\n"
               "  -V, --version            show the version\n",
               IDLE_EXIT_USEC / USEC_PER_SEC);
}

/* Returns 1 to go on, 0 if everything has been said, -EINVAL after a message. */
static int parse_arguments(int argc, char *argv[], Arguments *ret) {
        enum {
                OPTION_IDLE_TIMEOUT = 0x100,
                OPTION_LOG_LEVEL,
                OPTION_LOG_TARGET,
        };
        static const struct option options[] = {
                {"help", no_argument, NULL, 'h'},
                {"idle-timeout", required_argument, NULL, OPTION_IDLE_TIMEOUT},
                {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
                {"log-target", required_argument, NULL, OPTION_LOG_TARGET},
                {"version", no_argument, NULL, 'V'},
                {},
        };
        int c, value;

        while ((c = getopt_long(argc, argv, "hV", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        print_help();
                        return 0;
                case 'V':
                        puts("snagd " SNAGD_VERSION);
                        return 0;
                case OPTION_IDLE_TIMEOUT:
                        if (parse_seconds(optarg, IDLE_TIMEOUT_USEC_MAX, &ret->idle_usec) < 0) {
                                fprintf(stderr, "snagd: not a number of seconds up to 3600: %s\n",
                                        optarg);
                                return -EINVAL;
                        }
                        break;
                case OPTION_LOG_LEVEL:
                        value = log_level_from_string(optarg);
                        if (value < 0) {
                                fprintf(stderr, "snagd: no such log level: %s\n", optarg);
                                return -EINVAL;
                        }
                        log_set_max_level(value);
                        break;
                case OPTION_LOG_TARGET:
                        value = log_target_from_string(optarg);
                        if (value < 0) {
                                fprintf(stderr, "snagd: no such log target: %s\n", optarg);
                                return -EINVAL;
                        }
                        log_set_target((LogTarget) value);
                        break;
                default:
                        return -EINVAL;
                }

        if (optind < argc) {
                fprintf(stderr, "snagd: no arguments are expected: %s\n", argv[optind]);
                return -EINVAL;
        }
        return 1;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Lifetime *lifetime = userdata;

        /* A second one ends us where we are: the bus may be what we wait for. */
        if (lifetime_is_leaving(lifetime))
                return sd_event_exit(sd_event_source_get_event(source), EXIT_SUCCESS);
        lifetime_leave(lifetime);
        return 0;
}

static int add_signals(sd_event *event, Lifetime *lifetime) {
        static const int signals[] = {SIGINT, SIGTERM};
        sigset_t mask;
        int r;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaddset(&mask, signals[i]);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                r = sd_event_add_signal(event, NULL, signals[i], on_signal, lifetime);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int open_bus(sd_event *event, sd_bus **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        const char *name;
        int r;

        r = sd_bus_open_system(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_method_call_timeout(bus, BUS_TIMEOUT_USEC);
        if (r < 0)
                return r;
        /* Nobody wants the name. But sd-bus says who we are when it first waits for something, and a bus closes
         * a connection of which it has not heard that in 30 s (auth_timeout): finding the boards that are there
         * may take longer. */
        r = sd_bus_get_unique_name(bus, &name);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        /* Without the bus there is no owner whose session could go on. */
        r = sd_bus_set_exit_on_disconnect(bus, true);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(bus);
        return 0;
}

static int register_objects(BusEdge *edge) {
        int r;

        r = manager_bus_register(edge);
        if (r < 0)
                return r;
        r = board_bus_register(edge);
        if (r < 0)
                return r;
        r = session_bus_register(edge);
        if (r < 0)
                return r;
        return log_control_register(edge);
}

/* Makes everything that @edge is to hold; what there is of it when this fails, the caller frees. */
static int edge_start(BusEdge *edge, sd_event *event, const Arguments *arguments) {
        const LifetimeCallbacks lifetime_callbacks = {
                .is_idle = manager_bus_is_idle,
                .on_leaving = manager_bus_on_leaving,
        };
        const ManagerObserver observer = {
                .on_board_added = board_bus_on_added,
                .on_board_changed = board_bus_on_changed,
                .on_board_removed = board_bus_on_removed,
                .on_session_added = session_bus_on_added,
                .on_session_changed = session_bus_on_changed,
                .on_session_removed = session_bus_on_removed,
                .on_idle_changed = manager_bus_on_idle_changed,
                .userdata = edge,
        };
        int r;

        r = bus_error_register();
        if (r < 0)
                return r;
        r = open_bus(event, &edge->bus);
        if (r < 0)
                return log_error_errno(r, "Could not connect to the system bus: %m");
        r = lifetime_new(edge->bus, arguments->idle_usec, &lifetime_callbacks, edge,
                         &edge->lifetime);
        if (r < 0)
                return r;
        r = polkit_new(edge->bus, manager_bus_on_idle_changed, edge, &edge->polkit);
        if (r < 0)
                return r;
        r = manager_new(event, &observer, &edge->manager);
        if (r < 0)
                return log_error_errno(r, "Could not open the kernel's and udev's sockets: %m");
        r = register_objects(edge);
        if (r < 0)
                return log_error_errno(r, "Could not register the objects on the bus: %m");
        r = manager_coldplug(edge->manager);
        if (r < 0)
                return log_error_errno(r, "Could not find the boards that are there: %m");
        r = add_signals(event, edge->lifetime);
        if (r < 0)
                return log_error_errno(r, "Could not watch for signals: %m");
        /* Last: who sees the name finds everything there. */
        r = lifetime_start(edge->lifetime);
        if (r < 0)
                return log_error_errno(r, "Could not take the name " BUS_NAME " on the bus: %m");
        return 0;
}

/* Copes with a half-made one. */
static void edge_done(BusEdge *edge) {
        if (edge->polkit)
                polkit_stop(edge->polkit);
        if (edge->manager)
                manager_stop(edge->manager); /* interfaces go home, owners are let go */

        edge->log_control_vtable = sd_bus_slot_unref(edge->log_control_vtable);
        edge->session_paths = sd_bus_slot_unref(edge->session_paths);
        edge->session_vtable = sd_bus_slot_unref(edge->session_vtable);
        edge->board_paths = sd_bus_slot_unref(edge->board_paths);
        edge->board_vtable = sd_bus_slot_unref(edge->board_vtable);
        edge->object_manager = sd_bus_slot_unref(edge->object_manager);
        edge->manager_vtable = sd_bus_slot_unref(edge->manager_vtable);
        edge->call_filter = sd_bus_slot_unref(edge->call_filter);
        edge->subscribers = subscribers_free(edge->subscribers);
        edge->manager = manager_free(edge->manager);
        edge->polkit = polkit_free(edge->polkit);
        edge->lifetime = lifetime_free(edge->lifetime);
        edge->bus = sd_bus_flush_close_unref(edge->bus);
}

static int run(const Arguments *arguments) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(edge_done) BusEdge edge = {};
        int r;

        r = sd_event_default(&event);
        if (r < 0)
                return log_error_errno(r, "Could not make the event loop: %m");
        r = sd_event_set_watchdog(event, true);
        if (r < 0)
                return log_error_errno(r, "Could not serve the watchdog: %m");
        r = edge_start(&edge, event, arguments);
        if (r < 0)
                return r;

        r = sd_event_loop(event);
        if (r < 0)
                return log_error_errno(r, "The event loop failed: %m");
        if (r > 0)
                log_error("The bus is gone: leaving.");
        return r;
}

int main(int argc, char *argv[]) {
        Arguments arguments = {.idle_usec = IDLE_EXIT_USEC};
        int r;

        if (getenv("JOURNAL_STREAM"))
                log_set_target(LOG_TARGET_JOURNAL);

        r = parse_arguments(argc, argv, &arguments);
        if (r == 0)
                return EXIT_SUCCESS;
        if (r > 0)
                r = run(&arguments);
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
