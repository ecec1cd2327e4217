/* SPDX-License-Identifier: GPL-2.0-or-later */

/* With real processes. The test is a subreaper: whatever a command leaves behind becomes its child, and "nothing
 * is left" is that it has none. */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "check-main.h"
#include "output-lines.h"
#include "then-command.h"

#define N_COMMANDS_MAX 64

typedef struct World {
        sd_event *event;
        ThenCommand *command; /* the one of most tests */
        ThenOutcome outcome;
        size_t n_over;
        char text[4096]; /* its lines, with '|' behind each, as far as there is room */
        size_t n_lines, n_cut, n_bytes;
        bool ends_at_line;
        int line_fd; /* gets a byte at each line; -EBADF: none */
} World;

static World world;

#define assert_ok(expression) ck_assert_int_ge((expression), 0)

static size_t count_fds(void) {
        struct dirent *entry;
        size_t n = 0;
        DIR *dir;

        dir = opendir("/proc/self/fd");
        ck_assert_ptr_nonnull(dir);
        while ((entry = readdir(dir)))
                n += entry->d_name[0] != '.';
        (void) closedir(dir);
        return n;
}

static void on_line(const char *bytes, size_t size, bool is_cut, void *userdata) {
        size_t len = strlen(world.text);

        world.n_lines++;
        world.n_cut += is_cut;
        world.n_bytes += size;
        if (len + size + 2 <= sizeof(world.text)) {
                memcpy(world.text + len, bytes, size);
                memcpy(world.text + len + size, "|", 2);
        }
        if (world.ends_at_line)
                assert_ok(sd_event_exit(world.event, 0));
        if (world.line_fd >= 0)
                ck_assert_int_eq(write(world.line_fd, "", 1), 1);
}

static void on_over(ThenCommand *c, void *userdata) {
        world.outcome = then_command_get_outcome(c);
        world.n_over++;
        world.command = then_command_free(c);
        assert_ok(sd_event_exit(world.event, 0));
}

static const ThenCommandCallbacks callbacks = {.on_line = on_line, .on_over = on_over};

static void begin(void) {
        world = (World){.line_fd = -EBADF};
        assert_ok(prctl(PR_SET_CHILD_SUBREAPER, 1));
        assert_ok(sd_event_new(&world.event));
}

static void finish(void) {
        world.event = sd_event_unref(world.event);
}

static void assert_nothing_left(void) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);

        ck_assert_msg(pid < 0 && errno == ECHILD, pid == 0 ? "something runs" : "a zombie is left");
}

/* The same, where nothing says when. */
static void wait_for_nothing_left(void) {
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
                ;
        ck_assert_int_eq(errno, ECHILD);
}

static void start_spec(ThenCommandSpec spec) {
        spec.event = world.event;
        if (spec.timeout_usec == 0)
                spec.timeout_usec = USEC_INFINITY;
        spec.callbacks = &callbacks;
        assert_ok(then_command_new(&spec, &world.command));
        ck_assert_int_eq(then_command_get_outcome(world.command).end, THEN_END_NONE);
}

#define start(...) start_spec((ThenCommandSpec){.argv = (const char *const[]){__VA_ARGS__, NULL}})

/* Until the loop is asked to end. */
static void loop(void) {
        assert_ok(sd_event_loop(world.event));
        sd_event_unref(world.event);
        assert_ok(sd_event_new(&world.event));
}

static void run_to_end(void) {
        ck_assert_int_ge(sd_event_loop(world.event), 0);
        ck_assert_uint_eq(world.n_over, 1);
        assert_nothing_left();
}

#define run(...)                    \
        do {                        \
                start(__VA_ARGS__); \
                run_to_end();       \
        } while (0)

#define run_shell(script) run("sh", "-c", script)

static void assert_outcome(ThenEnd end, int value) {
        ck_assert_int_eq(world.outcome.end, end);
        ck_assert_int_eq(world.outcome.value, value);
        ck_assert(!world.outcome.may_have_left);
}

static const char *get_helper(void) {
        const char *helper = getenv("THEN_HELPER");

        ck_assert_ptr_nonnull(helper);
        return helper;
}

/* --- how it ends ----------------------------------------------------------------------------- */

START_TEST(test_success) {
        size_t n_fds;

        n_fds = count_fds();
        begin();
        run("true");
        assert_outcome(THEN_END_EXITED, 0);
        ck_assert(then_outcome_is_success(&world.outcome));
        ck_assert_uint_eq(world.n_lines, 0);
        finish();
        ck_assert_uint_eq(count_fds(), n_fds);
}
END_TEST

START_TEST(test_exit_status) {
        begin();
        run_shell("exit 42");
        assert_outcome(THEN_END_EXITED, 42);
        ck_assert(!then_outcome_is_success(&world.outcome));
        finish();
}
END_TEST

START_TEST(test_killed_by_signal) {
        begin();
        run_shell("kill -USR1 $$");
        assert_outcome(THEN_END_KILLED, SIGUSR1);
        finish();
}
END_TEST

START_TEST(test_not_found) {
        begin();
        run("/nonexistent/command");
        assert_outcome(THEN_END_NOT_EXECUTED, ENOENT);
        finish();

        begin();
        run("no-such-command-in-any-path");
        assert_outcome(THEN_END_NOT_EXECUTED, ENOENT);
        finish();
}
END_TEST

START_TEST(test_not_executable) {
        begin();
        run("/");
        assert_outcome(THEN_END_NOT_EXECUTED, EACCES);
        finish();
}
END_TEST

/* What a command exits with is not taken for it. */
START_TEST(test_status_of_not_found_is_a_status) {
        begin();
        run_shell("exit 127");
        assert_outcome(THEN_END_EXITED, 127);
        finish();
}
END_TEST

/* Again with twice the time, until the command came as far as to say so. */
static void time_out(const char *script, const char *said) {
        for (uint64_t usec = 100 * USEC_PER_MSEC; !strstr(world.text, said); usec *= 2) {
                finish();
                begin();
                start_spec((ThenCommandSpec){
                        .argv = (const char *const[]){"sh", "-c", script, NULL},
                        .timeout_usec = usec,
                        .grace_usec = usec,
                });
                run_to_end();
                assert_outcome(THEN_END_TIMED_OUT, 0);
        }
}

START_TEST(test_time_limit) {
        begin();
        time_out("trap 'echo asked; exit 3' TERM; sleep 1000 & wait", "asked|");
        finish();
}
END_TEST

START_TEST(test_time_limit_reaches_the_process_group) {
        begin();
        time_out("(trap 'echo asked; exit 3' TERM; sleep 1000 & wait); exit 4", "asked|");
        finish();
}
END_TEST

START_TEST(test_time_limit_for_one_that_does_not_hear) {
        begin();
        time_out("trap '' TERM; echo deaf; while :; do sleep 1000; done", "deaf|");
        finish();
}
END_TEST

START_TEST(test_is_in_time) {
        begin();
        start_spec((ThenCommandSpec){
                .argv = (const char *const[]){"true", NULL},
                .timeout_usec = 50 * USEC_PER_SEC,
        });
        run_to_end();
        assert_outcome(THEN_END_EXITED, 0);
        finish();
}
END_TEST

/* --- what it gets ---------------------------------------------------------------------------- */

START_TEST(test_arguments_are_not_for_a_shell) {
        begin();
        run("printf", "%s,", "$HOME", "a b", "", ";", "*");
        ck_assert_str_eq(world.text, "$HOME,a b,,;,*,|");
        finish();
}
END_TEST

START_TEST(test_environment) {
        begin();
        assert_ok(setenv("NOTIFY_SOCKET", "/x", 1));
        assert_ok(setenv("WATCHDOG_USEC", "1", 1));
        assert_ok(setenv("SNAGD_PORT", "9-9", 1));
        assert_ok(setenv("OURS", "o", 1));
        start_spec((ThenCommandSpec){
                .argv = (const char *const[]){"sh", "-c",
                                              "echo \"${NOTIFY_SOCKET-none} ${WATCHDOG_USEC-none} "
                                              "$SNAGD_PORT $SNAGD_RESULT $OURS\"",
                                              NULL},
                .environment = (const char *const[]){"SNAGD_PORT=1-1.4", "SNAGD_RESULT=a=b", NULL},
        });
        run_to_end();
        ck_assert_str_eq(world.text, "none none 1-1.4 a=b o|");
        finish();
}
END_TEST

/* What a program that looks itself, unlike a shell, would see twice. */
START_TEST(test_environment_has_each_name_once) {
        begin();
        assert_ok(setenv("SNAGD_PORT", "9-9", 1));
        start_spec((ThenCommandSpec){
                .argv = (const char *const[]){"grep", "-zc", "^SNAGD_PORT=", "/proc/self/environ",
                                              NULL},
                .environment = (const char *const[]){"SNAGD_PORT=1-1.4", NULL},
        });
        run_to_end();
        ck_assert_str_eq(world.text, "1|");
        finish();
}
END_TEST

START_TEST(test_no_fd_of_ours) {
        int fds[8];

        begin();
        /* Whoever opens one without O_CLOEXEC, a library for example. */
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                assert_ok(fds[i] = open("/", O_RDONLY | O_DIRECTORY));
        run(get_helper(), "fds");
        ck_assert_str_eq(world.text, "/dev/null|0|1|2|");
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                close(fds[i]);
        finish();
}
END_TEST

/* While it runs, nothing of it holds what is ours. */
START_TEST(test_no_fd_of_ours_is_held) {
        char byte;
        int fds[2];

        begin();
        assert_ok(pipe(fds));
        world.ends_at_line = true;
        start(get_helper(), "stay");
        loop();
        close(fds[1]);
        ck_assert_int_eq(read(fds[0], &byte, 1), 0);
        close(fds[0]);
        world.command = then_command_free(world.command);
        assert_nothing_left();
        finish();
}
END_TEST

/* With the fds below @to free, so that what is made for the command has those numbers; but check's own. */
static void run_with_free_fds(int to) {
        bool is_free[16] = {};
        int saved[3];

        for (int fd = 0; fd < to; fd++) {
                if (fd < 3)
                        assert_ok(saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100));
                is_free[fd] = fd < 3 || fcntl(fd, F_GETFD) < 0;
                /* The loop is not to take it. */
                if (is_free[fd])
                        assert_ok(dup3(saved[0], fd, O_CLOEXEC));
        }
        begin();
        for (int fd = 0; fd < to; fd++)
                if (is_free[fd])
                        close(fd);
        start(get_helper(), "fds");
        assert_ok(sd_event_loop(world.event));
        finish();
        for (int fd = 0; fd < MIN_OF(to, 3); fd++) {
                assert_ok(dup2(saved[fd], fd));
                close(saved[fd]);
        }
        ck_assert_str_eq(world.text, "/dev/null|0|1|2|");
        assert_outcome(THEN_END_EXITED, 0);
}

/* Even if the standard ones were not open. */
START_TEST(test_any_numbers_of_fds) {
        for (int to = 1; to < 10; to++)
                run_with_free_fds(to);
}
END_TEST

START_TEST(test_signals_are_as_new) {
        unsigned long long blocked, ignored;
        sigset_t all;

        begin();
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGINT, SIG_IGN);
        (void) signal(SIGCHLD, SIG_IGN);
        (void) sigfillset(&all);
        (void) sigprocmask(SIG_BLOCK, &all, NULL);
        run("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status");
        ck_assert_int_eq(sscanf(world.text, "SigBlk:\t%llx|SigIgn:\t%llx|", &blocked, &ignored), 2);
        ck_assert_uint_eq(blocked, 0);
        /* 32 and 33 are the C library's own, and as they were inherited. */
        ck_assert_uint_eq(ignored & ~0x180000000ULL, 0);
        assert_outcome(THEN_END_EXITED, 0);
        finish();
}
END_TEST

START_TEST(test_has_a_session_of_its_own) {
        char expected[64];
        int pid, session, group;

        begin();
        run_shell("read pid name state parent group session rest </proc/self/stat; "
                  "echo $$ $group $session");
        ck_assert_int_eq(sscanf(world.text, "%d %d %d|", &pid, &group, &session), 3);
        ck_assert_int_eq(pid, session);
        ck_assert_int_eq(pid, group);
        (void) snprintf(expected, sizeof(expected), "%d %d %d|", pid, group, session);
        ck_assert_str_eq(world.text, expected);
        finish();
}
END_TEST

/* --- its output ------------------------------------------------------------------------------ */

START_TEST(test_output_and_errors) {
        begin();
        run_shell("echo a; echo b >&2; printf '\\377\\r\\n'; printf c");
        ck_assert_str_eq(world.text, "a|b|\377|c|");
        finish();
}
END_TEST

START_TEST(test_long_line) {
        begin();
        run_shell("head -c 100000 /dev/zero; echo; echo b");
        ck_assert_uint_eq(world.n_lines, 2);
        ck_assert_uint_eq(world.n_cut, 1);
        ck_assert_uint_eq(world.n_bytes, OUTPUT_LINE_LEN_MAX + 1);
        finish();
}
END_TEST

/* All that was written before the end is told, however much there is. */
START_TEST(test_flood_that_ends) {
        begin();
        run_shell("yes 123456789 | head -n 100000");
        ck_assert_uint_eq(world.n_lines, 100000);
        ck_assert_uint_eq(world.n_bytes, 900000);
        finish();
}
END_TEST

/* The loop sleeps until something happens. */
START_TEST(test_output_closed_before_the_end) {
        uint64_t n;

        begin();
        run_shell("echo a; exec >&- 2>&-; sleep 0.2");
        ck_assert_str_eq(world.text, "a|");
        assert_ok(sd_event_get_iteration(world.event, &n));
        ck_assert_uint_lt(n, 20);
        finish();
}
END_TEST

/* All that is in the pipe when the end is heard of. */
START_TEST(test_output_after_the_end) {
        begin();
        start("sh", "-c", "yes 123456789 | head -n 6000");
        assert_ok(waitid(P_ALL, 0, &(siginfo_t){}, WEXITED | WNOWAIT));
        run_to_end();
        ck_assert_uint_eq(world.n_lines, 6000);
        finish();
}
END_TEST

static void on_other_over(ThenCommand *c, void *userdata) {
        (void) then_command_free(c);
        assert_ok(sd_event_exit(world.event, 0));
}

/* Others get their turn. */
START_TEST(test_flood_that_does_not_end) {
        static const ThenCommandCallbacks other_callbacks = {.on_line = on_line,
                                                             .on_over = on_other_over};
        ThenCommand *other;

        begin();
        start("yes");
        assert_ok(then_command_new(
                &(ThenCommandSpec){
                        .event = world.event,
                        .argv = (const char *const[]){"true", NULL},
                        .timeout_usec = USEC_INFINITY,
                        .callbacks = &other_callbacks,
                },
                &other));
        assert_ok(sd_event_loop(world.event));
        ck_assert_uint_eq(world.n_over, 0);
        world.command = then_command_free(world.command);
        assert_nothing_left();
        finish();
}
END_TEST

/* --- what it started ------------------------------------------------------------------------- */

START_TEST(test_background_process) {
        begin();
        run_shell("sleep 1000 & exit 5");
        assert_outcome(THEN_END_EXITED, 5);
        finish();
}
END_TEST

START_TEST(test_daemon) {
        begin();
        run(get_helper(), "daemon");
        assert_outcome(THEN_END_EXITED, 0);
        finish();
}
END_TEST

START_TEST(test_chains_of_processes) {
        begin();
        run(get_helper(), "chains");
        assert_outcome(THEN_END_EXITED, 0);
        finish();
}
END_TEST

START_TEST(test_tree_of_processes) {
        begin();
        run(get_helper(), "tree");
        assert_outcome(THEN_END_EXITED, 0);
        finish();
}
END_TEST

/* --- many; freed; killed --------------------------------------------------------------------- */

typedef struct One {
        ThenCommand *command;
        unsigned number;
        char line[16];
} One;

static void on_line_of_one(const char *bytes, size_t size, bool is_cut, void *userdata) {
        One *one = userdata;

        ck_assert_uint_lt(size, sizeof(one->line));
        memcpy(one->line, bytes, size);
}

static void on_one_over(ThenCommand *c, void *userdata) {
        One *one = userdata;
        ThenOutcome outcome = then_command_get_outcome(c);
        char number[16];

        (void) snprintf(number, sizeof(number), "%u", one->number);
        ck_assert_str_eq(one->line, number);
        ck_assert_int_eq(outcome.end, THEN_END_EXITED);
        ck_assert_int_eq(outcome.value, (int) one->number);
        ck_assert(!outcome.may_have_left);
        one->command = then_command_free(c);
        if (++world.n_over == N_COMMANDS_MAX)
                assert_ok(sd_event_exit(world.event, 0));
}

START_TEST(test_many_at_once) {
        static const ThenCommandCallbacks one_callbacks = {.on_line = on_line_of_one,
                                                           .on_over = on_one_over};
        One ones[N_COMMANDS_MAX] = {};
        size_t n_fds;

        n_fds = count_fds();
        begin();
        for (unsigned i = 0; i < N_COMMANDS_MAX; i++) {
                char script[64];

                ones[i].number = i;
                (void) snprintf(script, sizeof(script), "sleep 1000 & echo %u; exit %u", i, i);
                assert_ok(then_command_new(
                        &(ThenCommandSpec){
                                .event = world.event,
                                .argv = (const char *const[]){"sh", "-c", script, NULL},
                                .timeout_usec = USEC_INFINITY,
                                .callbacks = &one_callbacks,
                                .userdata = &ones[i],
                        },
                        &ones[i].command));
        }
        assert_ok(sd_event_loop(world.event));
        ck_assert_uint_eq(world.n_over, N_COMMANDS_MAX);
        assert_nothing_left();
        finish();
        ck_assert_uint_eq(count_fds(), n_fds);
}
END_TEST

START_TEST(test_freed_at_once) {
        begin();
        start("sleep", "1000");
        world.command = then_command_free(world.command);
        assert_nothing_left();
        finish();
}
END_TEST

START_TEST(test_freed_in_the_middle) {
        char script[256];
        size_t n_fds;

        n_fds = count_fds();
        begin();
        (void) snprintf(script, sizeof(script), "%s daemon; sleep 1000 & sleep 1000", get_helper());
        world.ends_at_line = true;
        start("sh", "-c", script);
        loop();
        world.command = then_command_free(world.command);
        assert_nothing_left();
        ck_assert_uint_eq(world.n_over, 0);
        finish();
        ck_assert_uint_eq(count_fds(), n_fds);
}
END_TEST

START_TEST(test_killed_ourselves) {
        char script[256], byte;
        int fds[2];
        pid_t pid;

        assert_ok(prctl(PR_SET_CHILD_SUBREAPER, 1));
        (void) snprintf(script, sizeof(script), "%s daemon; sleep 1000 & sleep 1000", get_helper());
        assert_ok(pipe2(fds, O_CLOEXEC));
        pid = fork();
        if (pid == 0) {
                begin();
                world.line_fd = fds[1];
                start("sh", "-c", script);
                (void) sd_event_loop(world.event);
                _exit(EXIT_SUCCESS);
        }
        close(fds[1]);
        ck_assert_int_eq(read(fds[0], &byte, 1), 1);
        assert_ok(kill(pid, SIGKILL));
        wait_for_nothing_left();
        close(fds[0]);
}
END_TEST

/* By the command, of all. */
START_TEST(test_supervisor_is_killed) {
        begin();
        start("sh", "-c", "kill -KILL $PPID; exec sleep 1000");
        assert_ok(sd_event_loop(world.event));
        ck_assert_int_eq(world.outcome.end, THEN_END_LOST);
        ck_assert(world.outcome.may_have_left);
        wait_for_nothing_left();
        finish();
}
END_TEST

START_TEST(test_supervisor_is_stopped) {
        begin();
        for (uint64_t usec = 100 * USEC_PER_MSEC; !world.outcome.may_have_left; usec *= 2) {
                world.n_over = 0;
                start_spec((ThenCommandSpec){
                        .argv = (const char *const[]){"sh", "-c",
                                                      "kill -STOP $PPID; exec sleep 1000", NULL},
                        .timeout_usec = usec,
                        .grace_usec = usec,
                        .kill_usec = usec,
                });
                assert_ok(sd_event_loop(world.event));
                sd_event_unref(world.event);
                assert_ok(sd_event_new(&world.event));
        }
        ck_assert_int_eq(world.outcome.end, THEN_END_TIMED_OUT);
        wait_for_nothing_left();
        finish();
}
END_TEST

/* --- words ----------------------------------------------------------------------------------- */

START_TEST(test_words) {
        static const struct {
                ThenOutcome outcome;
                const char *expected;
        } cases[] = {
                {{THEN_END_NONE}, "has not ended"},
                {{THEN_END_EXITED, 3}, "exited with status 3"},
                {{THEN_END_EXITED, 0, true},
                 "exited with status 0; something that it started may still run"},
                {{THEN_END_KILLED, SIGSEGV}, "was killed by signal 11 (Segmentation fault)"},
                {{THEN_END_TIMED_OUT}, "took too long and was ended"},
                {{THEN_END_NOT_EXECUTED, ENOENT},
                 "could not be executed: No such file or directory"},
                {{THEN_END_LOST, 0, true},
                 "was lost: what looked after it was killed; something that it started may still run"},
        };
        char buffer[THEN_OUTCOME_LEN_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_str_eq(then_outcome_format(&cases[i].outcome, buffer), cases[i].expected);
}
END_TEST

TEST_MAIN("then-command", test_success, test_exit_status, test_killed_by_signal, test_not_found,
          test_not_executable, test_status_of_not_found_is_a_status, test_time_limit,
          test_time_limit_reaches_the_process_group, test_time_limit_for_one_that_does_not_hear,
          test_is_in_time, test_arguments_are_not_for_a_shell, test_environment,
          test_environment_has_each_name_once, test_no_fd_of_ours, test_no_fd_of_ours_is_held,
          test_any_numbers_of_fds, test_signals_are_as_new, test_has_a_session_of_its_own,
          test_output_and_errors, test_long_line, test_flood_that_ends,
          test_output_closed_before_the_end, test_output_after_the_end,
          test_flood_that_does_not_end, test_background_process, test_daemon,
          test_chains_of_processes, test_tree_of_processes, test_many_at_once, test_freed_at_once,
          test_freed_in_the_middle, test_killed_ourselves, test_supervisor_is_killed,
          test_supervisor_is_stopped, test_words)
