/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "object-event.h"
#include "verb.h"
#include "watch-proxy.h"

/* snagd does not go while somebody watches, but for a restart or a fault: then it is back soon, or is
 * started again by us. */
#define AGAIN_AFTER_USEC (2 * USEC_PER_SEC)

/* A machine that has lost its power, or its network, says nothing any more, and ssh does not ask unless it is
 * configured to. */
#define CHECK_EVERY_USEC (20 * USEC_PER_SEC)

static const char help[] =
        "Usage: snagctl monitor\n"
        "\n"
        "Shows boards and sessions as they come, change and go, a line each, until it is\n"
        "interrupted; those that are there at first, too.\n"
        "\n"
        "      --help  show this; 'snagctl --help' has the options of all commands\n"
        "\n"
        "Exit status: 1 failed; 2 usage; 3 not allowed; 128 plus the number of the signal\n"
        "that ended it.\n";

typedef struct Monitor {
        sd_event *event;
        sd_bus *bus;
        WatchProxy *watch;
        sd_event_source *again_source;
        sd_event_source *check_source; /* of another machine's bus only */
        Progress *progress;
        ExitStatus status;
        char last[512]; /* the line that was shown last, without its time */
} Monitor;

static void monitor_done(Monitor *m) {
        watch_proxy_free(m->watch);
        sd_event_source_unref(m->again_source);
        sd_event_source_unref(m->check_source);
        sd_bus_flush_close_unref(m->bus);
        sd_event_unref(m->event);
}

static void finish(Monitor *m, ExitStatus status) {
        m->status = status;
        (void) sd_event_exit(m->event, 0);
}

static void show(Monitor *m, const char *format, ...) _printf_(2, 3);

static void show(Monitor *m, const char *format, ...) {
        char line[sizeof(m->last)], clock[16] = "";
        struct tm local = {};
        va_list args;
        time_t now = time(NULL);

        va_start(args, format);
        (void) vsnprintf(line, sizeof(line), format, args);
        va_end(args);

        /* A change that is not shown, of a time for instance. */
        if (streq(line, m->last))
                return;
        (void) strcpy(m->last, line);

        if (localtime_r(&now, &local))
                (void) strftime(clock, sizeof(clock), "%H:%M:%S", &local);
        progress_result(m->progress, "%s  %s", clock, line);
        /* Nobody reads it any more. */
        if (progress_get_result_error(m->progress) < 0)
                finish(m, EXIT_STATUS_SUCCESS); /* main() says what happened */
}

static void on_board(const BoardInfo *b, bool is_gone, void *userdata) {
        const char *id = object_event_get_session(b);
        const char *title = *b->id_path ? ", path " : "";
        Monitor *m = userdata;

        object_event_board(m->progress, b, is_gone);
        if (is_gone)
                show(m, "board %s: gone", b->port);
        else if (*b->problem)
                show(m, "board %s: %s, %s%s%s, cannot be taken: %s", b->port, b->soc, b->stage,
                     title, b->id_path, b->problem);
        else if (*id)
                show(m, "board %s: %s, %s, in session %s%s%s", b->port, b->soc, b->stage, id, title,
                     b->id_path);
        else
                show(m, "board %s: %s, %s%s%s", b->port, b->soc, b->stage, title, b->id_path);
}

static void on_session(const SessionInfo *s, bool is_gone, void *userdata) {
        const char *id = session_info_get_id(s);
        const char *user = verb_get_user(s->owner);
        Monitor *m = userdata;
        char owner[64];

        object_event_session(m->progress, s, user, is_gone);
        if (is_gone) {
                show(m, "session %s: closed", id);
                return;
        }

        if (user)
                (void) snprintf(owner, sizeof(owner), "%s", user);
        else
                (void) snprintf(owner, sizeof(owner), "%u", (unsigned) s->owner);
        show(m, "session %s: %s, %s of %s%s%s%s%s%s%s", id, s->state, s->soc, owner,
             *s->port ? ", port " : "", s->port, *s->stage ? ", " : "", s->stage,
             *s->failure_text ? ": " : "", s->failure_text);
}

static int begin(Monitor *m) {
        ProxyError error = {};
        int r;

        r = watch_proxy_begin(m->watch, true, &error);
        if (r < 0)
                finish(m, verb_call_failed(m->progress, &error));
        return r;
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Monitor *m = userdata;

        m->again_source = sd_event_source_unref(m->again_source);
        (void) begin(m);
        return 0;
}

static void on_daemon(bool is_there, void *userdata) {
        Monitor *m = userdata;

        if (is_there) {
                m->again_source = sd_event_source_unref(m->again_source);
                progress_event(m->progress, "snagd", EVENT_FIELDS(EVENT_TRUTH("running", true)));
                progress_print(m->progress, PROGRESS_KIND_NOTE, "snagd is back");
                (void) begin(m);
                return;
        }

        m->last[0] = '\0';
        progress_event(m->progress, "snagd", EVENT_FIELDS(EVENT_TRUTH("running", false)));
        progress_print(m->progress, PROGRESS_KIND_NOTE,
                       "snagd has ended, and all sessions with it");
        if (!m->again_source &&
            sd_event_add_time_relative(m->event, &m->again_source, CLOCK_MONOTONIC,
                                       AGAIN_AFTER_USEC, 0, on_again, m) < 0)
                finish(m, EXIT_STATUS_FAILED);
}

static void on_bus_lost(void *userdata) {
        Monitor *m = userdata;

        progress_error(m->progress, "the connection to the system bus%s%s is lost",
                       verb_get_host() ? " of " : "", verb_get_host() ? verb_get_host() : "");
        finish(m, EXIT_STATUS_FAILED);
}

static const WatchProxyCallbacks callbacks = {
        .on_board = on_board,
        .on_session = on_session,
        .on_daemon = on_daemon,
        .on_bus_lost = on_bus_lost,
};

static int on_check(sd_event_source *source, uint64_t usec, void *userdata) {
        Monitor *m = userdata;
        int r;

        r = watch_proxy_check(m->watch);
        if (r >= 0)
                r = sd_event_source_set_time_relative(source, CHECK_EVERY_USEC);
        if (r >= 0)
                r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return r;
}

static int set_up(Monitor *m, ProxyError *error) {
        int r;

        r = verb_connect(m->progress, error, &m->bus);
        if (r < 0)
                return r;
        r = sd_event_new(&m->event);
        if (r >= 0)
                r = watch_proxy_new(m->bus, &callbacks, m, &m->watch);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = watch_proxy_begin(m->watch, true, error);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(m->bus, m->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0 && verb_get_host())
                r = sd_event_add_time_relative(m->event, &m->check_source, CLOCK_MONOTONIC,
                                               CHECK_EVERY_USEC, 0, on_check, m);
        return r < 0 ? bus_proxy_fail(error, r, NULL) : 0;
}

ExitStatus verb_monitor(char *const *argv, Progress *progress) {
        _cleanup_(monitor_done) Monitor m = {.progress = progress};
        ExitStatus status = EXIT_STATUS_SUCCESS;
        ProxyError error = {};
        int r;

        if (!verb_parse_nothing(argv, progress, "monitor", help, &status))
                return status;

        r = set_up(&m, &error);
        if (r < 0)
                return verb_call_failed(progress, &error);

        r = sd_event_loop(m.event);
        if (r < 0) {
                progress_error(progress, "the event loop failed: %s", strerror(-r));
                return EXIT_STATUS_FAILED;
        }
        return m.status;
}
