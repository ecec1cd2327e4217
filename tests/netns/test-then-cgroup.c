/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Commands in control groups of their own: what a unit with Delegate=yes gets from systemd is made here by hand,
 * below the root of a cgroup2 that is mounted for the test alone. Most run as nobody, with root as the saved
 * user to come back to: a command that is root's (a set-user-ID program) cannot be killed by them.
 *
 * The test is a subreaper: "nothing is left" is that it has no child. */

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "command-cgroup.h"
#include "netns-test.h"
#include "supervisor.h"
#include "then-command.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define SHELF       "/mnt" /* where a file system of the test's own lies */
#define HELPER      SHELF "/helper"
#define NOBODY      65534

typedef struct World {
        char group[64];      /* the name of ours */
        char group_path[96]; /* and where it is */
        sd_event *event;
        ThenCommand *command;
        ThenOutcome outcome;
        char text[1024]; /* its lines, with '|' behind each, as far as there is room */
        bool ends_at_line;
} World;

static World world;

static void copy_file(const char *from, const char *to, mode_t mode) {
        _cleanup_fd_ int in = -EBADF, out = -EBADF;
        char piece[65536];
        ssize_t n;

        ck_assert_sys(in = open(from, O_RDONLY | O_CLOEXEC));
        ck_assert_sys(out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        while ((n = read(in, piece, sizeof(piece))) > 0)
                ck_assert_ok(fd_write_all(out, piece, (size_t) n));
        ck_assert_int_eq(n, 0);
        ck_assert_sys(fchmod(out, mode));
}

static void enter_group(const char *path) {
        _cleanup_fd_ int fd = -EBADF;
        char file[128];

        (void) snprintf(file, sizeof(file), "%s/cgroup.procs", path);
        ck_assert_sys(fd = open(file, O_WRONLY | O_CLOEXEC));
        ck_assert_ok(fd_write_all(fd, "0", 1));
}

static void give_away(const char *file) {
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/%s", world.group_path, file);
        ck_assert_sys(chown(path, NOBODY, NOBODY));
}

static void set_up(void) {
        world = (World){};
        ck_assert_sys(unshare(CLONE_NEWNS));
        ck_assert_sys(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
        ck_assert_sys(mount("cgroup2", CGROUP_ROOT, "cgroup2", 0, NULL));
        ck_assert_sys(mount("tmpfs", SHELF, "tmpfs", 0, "mode=1777"));
        copy_file(getenv("THEN_HELPER"), HELPER, 04755);

        (void) snprintf(world.group, sizeof(world.group), "/snagd-test-%d", (int) getpid());
        (void) snprintf(world.group_path, sizeof(world.group_path), CGROUP_ROOT "%s", world.group);
        ck_assert_sys(mkdir(world.group_path, 0755));
        enter_group(world.group_path);
        ck_assert_sys(prctl(PR_SET_CHILD_SUBREAPER, 1));
}

/* As systemd does it. */
static void delegate(void) {
        give_away(".");
        give_away("cgroup.procs");
        give_away("cgroup.subtree_control");
        ck_assert_sys(setxattr(world.group_path, "user.delegate", "1", 1, 0));
}

static void become_nobody(void) {
        ck_assert_sys(setresgid(NOBODY, NOBODY, NOBODY));
        ck_assert_sys(setresuid(NOBODY, NOBODY, 0));
}

static void tear_down(void) {
        world.command = then_command_free(world.command);
        world.event = sd_event_unref(world.event);
        ck_assert_sys(setresuid(0, 0, 0));
        enter_group(CGROUP_ROOT);
        ck_assert_sys(rmdir(world.group_path));
}

static void on_line(const char *bytes, size_t size, bool is_cut, void *userdata) {
        size_t len = strlen(world.text);

        if (len + size + 2 <= sizeof(world.text)) {
                memcpy(world.text + len, bytes, size);
                memcpy(world.text + len + size, "|", 2);
        }
        if (world.ends_at_line)
                ck_assert_ok(sd_event_exit(world.event, 0));
}

static void on_over(ThenCommand *c, void *userdata) {
        world.outcome = then_command_get_outcome(c);
        world.command = then_command_free(c);
        ck_assert_ok(sd_event_exit(world.event, 0));
}

/* To its end, or to its first line if that is wanted. */
static void run_for(uint64_t kill_usec, const char *const *argv) {
        static const ThenCommandCallbacks callbacks = {.on_line = on_line, .on_over = on_over};

        world.event = sd_event_unref(world.event);
        ck_assert_ok(sd_event_new(&world.event));
        ck_assert_ok(then_command_new(
                &(ThenCommandSpec){
                        .event = world.event,
                        .argv = argv,
                        .timeout_usec = USEC_INFINITY,
                        .kill_usec = kill_usec,
                        .callbacks = &callbacks,
                },
                &world.command));
        ck_assert_ok(sd_event_loop(world.event));
}

#define run(...) run_for(PATIENCE_USEC, (const char *const[]){__VA_ARGS__, NULL})

static void assert_exited(int status) {
        ck_assert_int_eq(world.outcome.end, THEN_END_EXITED);
        ck_assert_int_eq(world.outcome.value, status);
        ck_assert(!world.outcome.may_have_left);
}

static void assert_nothing_left(void) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);

        ck_assert_msg(pid < 0 && errno == ECHILD, pid == 0 ? "something runs" : "a zombie is left");
}

static void wait_for_nothing_left(void) {
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
                ;
        ck_assert_int_eq(errno, ECHILD);
}

static unsigned count_groups(void) {
        struct dirent *entry;
        unsigned n = 0;
        DIR *dir;

        dir = opendir(world.group_path);
        ck_assert_ptr_nonnull(dir);
        while ((entry = readdir(dir)))
                n += entry->d_type == DT_DIR && entry->d_name[0] != '.';
        (void) closedir(dir);
        return n;
}

/* --- with a group ---------------------------------------------------------------------------- */

START_TEST(test_has_a_group_of_its_own) {
        char expected[128];

        delegate();
        become_nobody();
        run("grep", "^0::", "/proc/self/cgroup");
        assert_exited(0);
        (void) snprintf(expected, sizeof(expected), "0::%s/snagctl-then-", world.group);
        ck_assert_msg(strncmp(world.text, expected, strlen(expected)) == 0, "in %s", world.text);
        ck_assert_uint_eq(count_groups(), 0);
        assert_nothing_left();
}
END_TEST

START_TEST(test_ends_all_that_was_started) {
        delegate();
        become_nobody();
        run("sh", "-c", HELPER " daemon; " HELPER " chains; " HELPER " tree; exit 4");
        assert_exited(4);
        ck_assert_uint_eq(count_groups(), 0);
        assert_nothing_left();
}
END_TEST

START_TEST(test_ends_what_is_root) {
        delegate();
        become_nobody();
        world.ends_at_line = true;
        run(HELPER, "stay");
        world.command = then_command_free(world.command);
        ck_assert_uint_eq(count_groups(), 0);
        assert_nothing_left();
}
END_TEST

/* What the kernel kills with it is the command alone. */
START_TEST(test_ends_what_a_killed_supervisor_leaves) {
        delegate();
        become_nobody();
        run("sh", "-c", "setsid sleep 1000 & kill -KILL $PPID; exec sleep 1000");
        ck_assert_int_eq(world.outcome.end, THEN_END_LOST);
        wait_for_nothing_left();
        /* The next one takes that group away. */
        run("true");
        assert_exited(0);
        ck_assert_uint_eq(count_groups(), 0);
}
END_TEST

static void make_group_of(pid_t pid) {
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/snagctl-then-%d", world.group_path, (int) pid);
        ck_assert_sys(mkdir(path, 0755));
}

static void remove_group_of(pid_t pid) {
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/snagctl-then-%d", world.group_path, (int) pid);
        ck_assert_sys(rmdir(path));
}

START_TEST(test_removes_groups_of_the_dead_only) {
        pid_t pid = fork();

        if (pid == 0)
                _exit(EXIT_SUCCESS);
        delegate();
        become_nobody();
        make_group_of(getpid());
        make_group_of(pid);
        /* A zombie still has its number. */
        ck_assert_sys(waitid(P_PID, (id_t) pid, NULL, WEXITED | WNOWAIT));
        run("true");
        ck_assert_uint_eq(count_groups(), 2);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        run("true");
        ck_assert_uint_eq(count_groups(), 1);
        remove_group_of(getpid());
}
END_TEST

/* --- without --------------------------------------------------------------------------------- */

/* The tree is systemd's, whatever root may do in it. */
START_TEST(test_has_none_where_none_is_delegated) {
        CommandCgroup *cgroup;
        char expected[128];

        ck_assert_int_eq(command_cgroup_new(&cgroup), -EOPNOTSUPP);
        run("grep", "^0::", "/proc/self/cgroup");
        assert_exited(0);
        (void) snprintf(expected, sizeof(expected), "0::%s|", world.group);
        ck_assert_str_eq(world.text, expected);
}
END_TEST

START_TEST(test_has_none_where_it_may_not_write) {
        ck_assert_sys(setxattr(world.group_path, "user.delegate", "1", 1, 0));
        become_nobody();
        run("true");
        assert_exited(0);
        assert_nothing_left();
}
END_TEST

/* Root's, which has told its number. It is ours now, and runs. */
static void end_what_is_left(const char *number) {
        int pid;

        ck_assert_sys(setresuid(0, 0, 0));
        ck_assert_int_eq(sscanf(number, "%d", &pid), 1);
        ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
        ck_assert_sys(kill(pid, SIGKILL));
        wait_for_nothing_left();
}

START_TEST(test_says_what_it_could_not_end) {
        become_nobody();
        run_for(200 * USEC_PER_MSEC, (const char *const[]){
                                             "sh",
                                             "-c",
                                             "mkfifo " SHELF "/f; " HELPER " stay >" SHELF "/f & "
                                             "read pid <" SHELF "/f; echo $pid; exit 7",
                                             NULL,
                                     });
        ck_assert_int_eq(world.outcome.end, THEN_END_EXITED);
        ck_assert_int_eq(world.outcome.value, 7);
        ck_assert(world.outcome.may_have_left);
        end_what_is_left(world.text);
}
END_TEST

/* Not even to what goes on writing. */
START_TEST(test_does_not_listen_to_it_for_ever) {
        become_nobody();
        run_for(200 * USEC_PER_MSEC, (const char *const[]){
                                             "sh",
                                             "-c",
                                             "mkfifo " SHELF "/f; " HELPER " flood 2>" SHELF "/f & "
                                             "read pid <" SHELF "/f; exit 7",
                                             NULL,
                                     });
        ck_assert_int_eq(world.outcome.end, THEN_END_EXITED);
        ck_assert(world.outcome.may_have_left);
        end_what_is_left(world.text);
}
END_TEST

/* The supervisor itself does, long before snagctl would lose patience with it. */
START_TEST(test_gives_up) {
        _cleanup_fd_ int out = -EBADF, in = -EBADF;
        Supervisor supervisor = SUPERVISOR_EMPTY;
        SupervisorReport report = {};
        char line[16] = "";
        int fds[2];

        become_nobody();
        ck_assert_sys(pipe2(fds, O_CLOEXEC));
        out = fds[0];
        in = fds[1];
        ck_assert_ok(supervisor_start(&supervisor,
                                      &(SupervisorSpec){
                                              .argv = (const char *const[]){HELPER, "stay", NULL},
                                              .environment = (const char *const *) environ,
                                              .output_fd = in,
                                              .kill_usec = 200 * USEC_PER_MSEC,
                                      }));
        ck_assert_int_gt(read(out, line, sizeof(line) - 1), 0);
        supervisor_kill(&supervisor);
        ck_assert_int_eq(wait_readable(supervisor.socket_fd, now_usec() + PATIENCE_USEC), 1);
        ck_assert_ok(supervisor_receive(&supervisor, &report));
        ck_assert_int_eq(report.kind, SUPERVISOR_REPORT_GONE);
        ck_assert_int_eq(report.value, 1);
        supervisor_stop(&supervisor);

        end_what_is_left(line);
}
END_TEST

static int skip(const char *reason) {
        if (streq_ptr(getenv("CI"), "true")) {
                printf("Bail out! %s\n", reason);
                return EXIT_FAILURE;
        }
        printf("1..0 # SKIP %s\n", reason);
        return EXIT_SUCCESS;
}

int main(void) {
        const TTest *const tests[] = {
                test_has_a_group_of_its_own,
                test_ends_all_that_was_started,
                test_ends_what_is_root,
                test_ends_what_a_killed_supervisor_leaves,
                test_removes_groups_of_the_dead_only,
                test_has_none_where_none_is_delegated,
                test_has_none_where_it_may_not_write,
                test_says_what_it_could_not_end,
                test_does_not_listen_to_it_for_ever,
                test_gives_up,
        };

        if (geteuid() != 0)
                return skip("control groups are for root");
        return netns_test_run("then-cgroup", set_up, tear_down, tests, ELEMENTSOF(tests));
}
