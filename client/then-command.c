/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * A supervisor (supervisor.h) runs the command and reports; it alone kills. This end keeps the time, reads the
 * output and makes an outcome of the reports. It is over when the supervisor has ended, not when the output does:
 * what the command leaves running may hold the pipe, and is killed first. What is in the pipe then is still
 * told, up to what a pipe holds, lest something that could not be killed talks for ever.
 *
 * The event sources are of the loop's ordinary priority, and each does a bounded piece of work: a command that
 * floods its output is slowed down by the pipe and takes its turn with everything else. */

#include "then-command.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "output-lines.h"
#include "supervisor.h"
#include "text.h"

/* At most so much of the output in one turn. */
#define OUTPUT_PIECE_SIZE 4096

/* pipe(7): what one holds that nobody changed. */
#define PIPE_SIZE (64 * 1024)

typedef enum ThenCommandState {
        THEN_COMMAND_STATE_RUNNING, /* the timer: its time limit → TERMINATING; it ends → CLEARING */
        THEN_COMMAND_STATE_TERMINATING, /* SIGTERM was asked for; the timer → KILLING; it ends → CLEARING */
        THEN_COMMAND_STATE_KILLING, /* SIGKILL was asked for; the timer → ABANDONED; it ends → CLEARING */
        THEN_COMMAND_STATE_CLEARING, /* it has ended, what it left is killed; the timer → ABANDONED */
        THEN_COMMAND_STATE_ABANDONED, /* the supervisor did not answer and was killed; no timer */
        THEN_COMMAND_STATE_DRAINING, /* from all of these: the supervisor has ended; the rest of the output */
        THEN_COMMAND_STATE_OVER, /* nothing happens any more */
} ThenCommandState;

struct ThenCommand {
        ThenCommandState state;
        uint64_t grace_usec, kill_usec;
        const ThenCommandCallbacks *callbacks; /* borrowed */
        void *userdata;
        Supervisor supervisor;
        int output_fd;
        OutputLines lines;
        size_t n_left_to_drain;
        ThenOutcome outcome; /* what is known of it so far */
        sd_event_source *report_source, *output_source, *drain_source, *time_source;
};

/* --- environment ----------------------------------------------------------------------------- */

static size_t get_name_len(const char *variable) {
        return strcspn(variable, "=");
}

static bool has_name_of(const char *const *variables, const char *variable) {
        size_t len = get_name_len(variable);

        for (; *variables; variables++)
                if (get_name_len(*variables) == len && memcmp(*variables, variable, len) == 0)
                        return true;
        return false;
}

/* Returns a vector that borrows its strings, or NULL when memory ran out; the caller frees it. */
static const char **make_environment(const char *const *added) {
        /* systemd addresses these to one process: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3). */
        static const char *const ours[] = {
                "NOTIFY_SOCKET",  "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS",
                "LISTEN_FDNAMES", NULL,
        };
        size_t n_max = 0, n = 0;
        const char **variables;

        for (char **v = environ; *v; v++)
                n_max++;
        for (const char *const *v = added; *v; v++)
                n_max++;
        variables = calloc(n_max + 1, sizeof(char *));
        if (!variables)
                return NULL;

        for (char **v = environ; *v; v++)
                if (!has_name_of(ours, *v) && !has_name_of(added, *v))
                        variables[n++] = *v;
        for (const char *const *v = added; *v; v++)
                variables[n++] = *v;
        return variables;
}

/* --- time ------------------------------------------------------------------------------------ */

static void stop_timer(ThenCommand *c) {
        (void) sd_event_source_set_enabled(c->time_source, SD_EVENT_OFF);
}

static void start_timer(ThenCommand *c, uint64_t usec) {
        int r;

        r = sd_event_source_set_time_relative(c->time_source, usec);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->time_source, SD_EVENT_ONESHOT);
        /* Only fails for a source that is not one, and for a time that is beyond the clock's. */
        if (r < 0)
                stop_timer(c);
}

/* A supervisor that is to kill gives up by itself long before. */
static uint64_t get_patience_usec(const ThenCommand *c) {
        return 2 * c->kill_usec;
}

static void abandon(ThenCommand *c) {
        c->state = THEN_COMMAND_STATE_ABANDONED;
        supervisor_abandon(&c->supervisor);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        ThenCommand *c = userdata;

        switch (c->state) {
        case THEN_COMMAND_STATE_RUNNING:
                c->state = THEN_COMMAND_STATE_TERMINATING;
                c->outcome.end = THEN_END_TIMED_OUT;
                supervisor_terminate(&c->supervisor);
                start_timer(c, c->grace_usec);
                break;
        case THEN_COMMAND_STATE_TERMINATING:
                c->state = THEN_COMMAND_STATE_KILLING;
                supervisor_kill(&c->supervisor);
                start_timer(c, get_patience_usec(c));
                break;
        case THEN_COMMAND_STATE_KILLING:
        case THEN_COMMAND_STATE_CLEARING:
                abandon(c);
                break;
        case THEN_COMMAND_STATE_ABANDONED:
        case THEN_COMMAND_STATE_DRAINING:
        case THEN_COMMAND_STATE_OVER:
                break;
        }
        return 0;
}

/* --- reports --------------------------------------------------------------------------------- */

/* Of several things that are true the first one counts: that it ran out of time, that it could not be executed. */
static void set_end(ThenCommand *c, ThenEnd end, int value) {
        if (c->outcome.end != THEN_END_NONE)
                return;
        c->outcome.end = end;
        c->outcome.value = value;
}

static void on_command_end(ThenCommand *c, ThenEnd end, int value) {
        set_end(c, end, value);
        if (c->state >= THEN_COMMAND_STATE_CLEARING)
                return;
        c->state = THEN_COMMAND_STATE_CLEARING;
        start_timer(c, get_patience_usec(c));
}

static void handle_report(ThenCommand *c, const SupervisorReport *report) {
        switch (report->kind) {
        case SUPERVISOR_REPORT_NOT_EXECUTED:
        case SUPERVISOR_REPORT_FAILED:
                set_end(c, THEN_END_NOT_EXECUTED, report->value);
                break;
        case SUPERVISOR_REPORT_EXITED:
                on_command_end(c, THEN_END_EXITED, report->value);
                break;
        case SUPERVISOR_REPORT_KILLED:
                on_command_end(c, THEN_END_KILLED, report->value);
                break;
        case SUPERVISOR_REPORT_GONE:
                c->outcome.may_have_left = report->value != 0;
                break;
        }
}

/* --- output ---------------------------------------------------------------------------------- */

/* Reads one piece. Returns how much there was; 0 if there is nothing more, for now or for ever. */
static size_t read_output(ThenCommand *c) {
        char piece[OUTPUT_PIECE_SIZE];
        ssize_t n;

        n = read(c->output_fd, piece, sizeof(piece));
        if (n < 0 && errno != EAGAIN && errno != EINTR)
                n = 0;
        /* Closed by all that it had been given to: the loop is not to hear of that again and again. */
        if (n == 0)
                (void) sd_event_source_set_enabled(c->output_source, SD_EVENT_OFF);
        if (n <= 0)
                return 0;
        output_lines_add(&c->lines, piece, (size_t) n);
        return (size_t) n;
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) read_output(userdata);
        return 0;
}

static int on_drain(sd_event_source *source, void *userdata) {
        ThenCommand *c = userdata;
        size_t n;

        n = read_output(c);
        if (n > 0 && n < c->n_left_to_drain) {
                c->n_left_to_drain -= n;
                return 0;
        }
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        output_lines_end(&c->lines);
        c->state = THEN_COMMAND_STATE_OVER;
        c->callbacks->on_over(c, c->userdata);
        return 0;
}

/* --- the end --------------------------------------------------------------------------------- */

static void on_supervisor_end(ThenCommand *c) {
        if (!c->supervisor.is_done)
                c->outcome.may_have_left = true;
        set_end(c, THEN_END_LOST, 0);
        c->state = THEN_COMMAND_STATE_DRAINING;
        c->n_left_to_drain = PIPE_SIZE;
        stop_timer(c);
        c->report_source = sd_event_source_disable_unref(c->report_source);
        (void) sd_event_source_set_enabled(c->output_source, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(c->drain_source, SD_EVENT_ON);
        /* It has ended: nothing is waited for. */
        supervisor_stop(&c->supervisor);
}

static int on_report(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        ThenCommand *c = userdata;
        SupervisorReport report;
        int r;

        while ((r = supervisor_receive(&c->supervisor, &report)) == 0)
                handle_report(c, &report);
        if (r != -EAGAIN)
                on_supervisor_end(c);
        return 0;
}

/* --- life cycle ------------------------------------------------------------------------------ */

static int start(ThenCommand *c, const ThenCommandSpec *spec) {
        static const char *const nothing[] = {NULL};
        _cleanup_free_ const char **environment = NULL;
        int r, fds[2];

        environment = make_environment(spec->environment ? spec->environment : nothing);
        if (!environment)
                return -ENOMEM;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        c->output_fd = fds[0];
        /* Ours alone: the command's end is to block. */
        r = fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
        if (r == 0)
                r = supervisor_start(&c->supervisor, &(SupervisorSpec){
                                                             .argv = spec->argv,
                                                             .environment = environment,
                                                             .output_fd = fds[1],
                                                             .kill_usec = c->kill_usec,
                                                     });
        (void) fd_close(fds[1]);
        return r;
}

static int add_sources(ThenCommand *c, const ThenCommandSpec *spec) {
        int r;

        r = sd_event_add_io(spec->event, &c->report_source, c->supervisor.socket_fd, EPOLLIN,
                            on_report, c);
        if (r >= 0)
                r = sd_event_add_io(spec->event, &c->output_source, c->output_fd, EPOLLIN,
                                    on_output, c);
        if (r >= 0)
                r = sd_event_add_defer(spec->event, &c->drain_source, on_drain, c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->drain_source, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(spec->event, &c->time_source, CLOCK_MONOTONIC, USEC_INFINITY,
                                      0, on_time, c);
        if (r >= 0 && spec->timeout_usec != USEC_INFINITY)
                r = sd_event_source_set_time_relative(c->time_source, spec->timeout_usec);
        return r < 0 ? r : 0;
}

/* --- before it is started -------------------------------------------------------------------- */

/* Returns 0, or why not. */
static int check_executable(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EACCES;
        return access(path, X_OK) < 0 ? -errno : 0;
}

/* As execvp(3) does it: an empty folder is the current one. */
static int find_executable(const char *name, const char *folders) {
        char path[PATH_MAX];
        int r = -ENOENT;

        for (const char *p = folders; r < 0; p += strcspn(p, ":") + 1) {
                int len = (int) strcspn(p, ":");

                if (snprintf(path, sizeof(path), "%.*s%s%s", len, p, len > 0 ? "/" : "", name) <
                    (int) sizeof(path))
                        r = check_executable(path);
                if (p[len] == '\0')
                        break;
        }
        return r;
}

int then_command_check(const char *program, const char *path, char **ret_reason) {
        int r;

        assert(program);
        assert(ret_reason);

        *ret_reason = NULL;
        if (strchr(program, '/')) {
                r = check_executable(program);
                return r < 0 ? text_refuse(r, ret_reason, "'%s' cannot be run: %s", program,
                                           strerror(-r))
                             : 0;
        }
        r = find_executable(program, path ? path : "/bin:/usr/bin");
        return r < 0 ? text_refuse(r, ret_reason,
                                   "there is no program '%s' to be run after a recovery", program)
                     : 0;
}

int then_command_new(const ThenCommandSpec *spec, ThenCommand **ret) {
        _cleanup_(then_command_freep) ThenCommand *c = NULL;
        int r;

        assert(spec);
        assert(spec->event);
        assert(spec->argv && spec->argv[0]);
        assert(spec->callbacks);
        assert(spec->callbacks->on_line);
        assert(spec->callbacks->on_over);
        assert(ret);

        c = calloc(1, sizeof(ThenCommand));
        if (!c)
                return -ENOMEM;
        c->grace_usec = spec->grace_usec > 0 ? spec->grace_usec : THEN_COMMAND_GRACE_USEC;
        c->kill_usec = spec->kill_usec > 0 ? spec->kill_usec : SUPERVISOR_KILL_USEC;
        c->callbacks = spec->callbacks;
        c->userdata = spec->userdata;
        c->supervisor = SUPERVISOR_EMPTY;
        c->output_fd = -EBADF;
        c->lines.on_line = spec->callbacks->on_line;
        c->lines.userdata = spec->userdata;

        r = start(c, spec);
        if (r < 0)
                return r;
        r = add_sources(c, spec);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}

ThenCommand *then_command_free(ThenCommand *c) {
        if (!c)
                return NULL;

        sd_event_source_disable_unref(c->report_source);
        sd_event_source_disable_unref(c->output_source);
        sd_event_source_disable_unref(c->drain_source);
        sd_event_source_disable_unref(c->time_source);
        supervisor_stop(&c->supervisor);
        fd_close(c->output_fd);
        free(c);
        return NULL;
}

ThenOutcome then_command_get_outcome(const ThenCommand *c) {
        assert(c);

        return c->state == THEN_COMMAND_STATE_OVER ? c->outcome : (ThenOutcome){};
}

const char *then_outcome_format(const ThenOutcome *outcome,
                                char buffer[static THEN_OUTCOME_LEN_MAX]) {
        const char *left =
                outcome->may_have_left ? "; something that it started may still run" : "";

        switch (outcome->end) {
        case THEN_END_NONE:
                (void) snprintf(buffer, THEN_OUTCOME_LEN_MAX, "has not ended");
                break;
        case THEN_END_EXITED:
                (void) snprintf(buffer, THEN_OUTCOME_LEN_MAX, "exited with status %d%s",
                                outcome->value, left);
                break;
        case THEN_END_KILLED:
                (void) snprintf(buffer, THEN_OUTCOME_LEN_MAX, "was killed by signal %d (%s)%s",
                                outcome->value, strsignal(outcome->value), left);
                break;
        case THEN_END_TIMED_OUT:
                (void) snprintf(buffer, THEN_OUTCOME_LEN_MAX, "took too long and was ended%s",
                                left);
                break;
        case THEN_END_NOT_EXECUTED:
                (void) snprintf(buffer, THEN_OUTCOME_LEN_MAX, "could not be executed: %s%s",
                                strerror(outcome->value), left);
                break;
        case THEN_END_LOST:
                (void) snprintf(buffer, THEN_OUTCOME_LEN_MAX,
                                "was lost: what looked after it was killed%s", left);
                break;
        }
        return buffer;
}
