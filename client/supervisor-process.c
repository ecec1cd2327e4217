/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 *      snagctl ── socket ── supervisor ── command ── whatever that starts
 *          └──────────── pipe ──────────────┴────────────────┘
 *
 * A process cannot know its grandchildren, and one that forks twice and calls setsid() is nobody's child. But the
 * kernel gives every orphan to the nearest ancestor that is a *subreaper* (prctl(2)). snagctl itself is not to be
 * one, since a child that nobody waits for there would stay for ever; so a small process stands between, which is
 * a fork of snagctl without exec, holds nothing of snagctl's but the two descriptors, and has no other task.
 *
 * When the command has ended, or snagctl asks for it, or snagctl is no more (its end of the socket closes with it,
 * however it died), everything is killed: each child, and its process group, round by round until wait(2) says
 * ECHILD. That this ends, and misses nothing:
 *
 *   - A pid is only signalled while it is our child: it is ours to reap, so it cannot have become another
 *     process's. (Going down the tree at once would be quicker and have that race.)
 *   - A killed process's children become ours. All that becomes ours later does so by the death of a process whose
 *     own death, or whose ancestor's, raises SIGCHLD here afterwards; so looking again after each is enough.
 *   - A signal to a process group and fork(2) exclude each other in the kernel, and so do a pending SIGKILL and
 *     fork(2): of a group nothing is missed, and a chain of processes that fork and exit, each in a group of
 *     its own, has to win a race at each link.
 *   - All groups of our descendants hold descendants only: the command begins a session, and process groups
 *     do not reach beyond one.
 *
 * Where systemd has delegated a control group the command gets one below it, and the kernel kills all that is in
 * there first: that has no race at all, and reaches what has another user's rights. The rest is the same, so
 * there is one way and not two; a process that left that group (it has the right to) is found as above.
 *
 * What cannot be killed in SUPERVISOR_KILL_USEC is reported and left. Should the supervisor itself be killed, the kernel
 * kills the command (PR_SET_PDEATHSIG), and snagctl the control group. All this is against commands that go
 * wrong, not against hostile ones: those have the user's rights anyway, and can have others (cron, the service
 * manager, a container) start something for them, which is nobody's descendant here. */

#include "supervisor-process.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "command-cgroup.h"
#include "fd-util.h"

/* Where descriptors are put, in this order, so that all others can be closed. */
#define SOCKET_FD 3
#define OUTPUT_FD 4
#define NULL_FD   5
#define N_FDS     6

/* No event is known that would be missed; this is how long it would take to be noticed. */
#define LOOK_AGAIN_MSEC 100

/* As of a shell, for a command that could not be executed. */
#define EXIT_NOT_EXECUTED 127

typedef struct SupervisorProcess {
        const SupervisorSpec *spec;
        pid_t pid;             /* its own */
        int request_fd;        /* -EBADF: snagctl asked for the end, or is no more */
        int signal_fd;         /* SIGCHLD */
        pid_t command;         /* 0: it has ended */
        uint64_t give_up_usec; /* 0: nothing is to be killed yet */
        CommandCgroup *cgroup; /* NULL: there is none to be had */
} SupervisorProcess;

static void report(SupervisorReportKind kind, int value) {
        SupervisorReport message = {kind, value};

        /* Whoever does not listen any more need not know. */
        (void) send(SOCKET_FD, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- the command ----------------------------------------------------------------------------- */

static void reset_signals(void) {
        sigset_t none;

        /* Some cannot be set, and need not be. */
        for (int i = 1; i < NSIG; i++)
                (void) signal(i, SIG_DFL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void exec_command(const SupervisorProcess *p) {
        /* The supervisor may have gone before this line. */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != p->pid)
                _exit(EXIT_NOT_EXECUTED);
        /* Without a terminal that it could ask on or be stopped by. */
        (void) setsid();
        /* It is looked after without, too. */
        if (p->cgroup)
                (void) command_cgroup_enter(p->cgroup);
        (void) dup2(OUTPUT_FD, STDOUT_FILENO);
        (void) dup2(OUTPUT_FD, STDERR_FILENO);
        reset_signals();
        (void) execvpe(p->spec->argv[0], (char *const *) p->spec->argv,
                       (char *const *) p->spec->environment);
        report(SUPERVISOR_REPORT_NOT_EXECUTED, errno);
        _exit(EXIT_NOT_EXECUTED);
}

static void start_command(SupervisorProcess *p) {
        pid_t pid = fork();

        if (pid == 0)
                exec_command(p);
        if (pid < 0)
                report(SUPERVISOR_REPORT_FAILED, errno);
        else
                p->command = pid;
        (void) fd_close(OUTPUT_FD);
}

static void terminate_command(const SupervisorProcess *p) {
        if (p->command <= 0)
                return;
        /* It has no group of its own before it is executed. */
        if (kill(-p->command, SIGTERM) < 0)
                (void) kill(p->command, SIGTERM);
}

/* --- the end --------------------------------------------------------------------------------- */

static void begin_end(SupervisorProcess *p) {
        if (p->give_up_usec == 0)
                p->give_up_usec = now_usec() + p->spec->kill_usec;
}

static void on_command_end(SupervisorProcess *p, const siginfo_t *info) {
        report(info->si_code == CLD_EXITED ? SUPERVISOR_REPORT_EXITED : SUPERVISOR_REPORT_KILLED,
               info->si_status);
        p->command = 0;
        begin_end(p);
}

/* Returns whether a child is left. */
static bool reap(SupervisorProcess *p) {
        for (;;) {
                siginfo_t info = {};

                if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0)
                        return errno != ECHILD;
                if (info.si_pid == 0)
                        return true;
                if (info.si_pid == p->command)
                        on_command_end(p, &info);
        }
}

/* Returns the parent of the process that the folder @name in /proc is about; 0: it is none, or no more. */
static pid_t get_parent(int proc_fd, const char *name) {
        char path[NAME_MAX + sizeof("/stat")], text[256];
        _cleanup_fd_ int fd = -EBADF;
        const char *behind_name;
        int parent;
        ssize_t n;

        if (!isdigit((unsigned char) *name))
                return 0;
        (void) snprintf(path, sizeof(path), "%s/stat", name);
        fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        n = read(fd, text, sizeof(text) - 1);
        if (n <= 0)
                return 0;
        text[n] = '\0';
        /* proc_pid_stat(5): "PID (NAME) STATE PARENT …", where the name may contain anything. */
        behind_name = strrchr(text, ')');
        return behind_name && sscanf(behind_name, ") %*c %d", &parent) == 1 ? parent : 0;
}

static void kill_child(pid_t pid) {
        pid_t group = getpgid(pid);

        if (group > 1 && group != getpgrp())
                (void) kill(-group, SIGKILL);
        (void) kill(pid, SIGKILL);
}

/* /proc/PID/task/TID/children would tell them, but is not in every kernel (CONFIG_PROC_CHILDREN). */
static void kill_children(const SupervisorProcess *p) {
        struct dirent *entry;
        DIR *proc;

        if (p->cgroup)
                (void) command_cgroup_kill(p->cgroup);
        /* Even without a descriptor to spare. */
        if (p->command > 0)
                kill_child(p->command);
        proc = opendir("/proc");
        if (!proc)
                return;
        while ((entry = readdir(proc)))
                if (get_parent(dirfd(proc), entry->d_name) == p->pid)
                        kill_child((pid_t) atoi(entry->d_name));
        (void) closedir(proc);
}

/* --- the process ----------------------------------------------------------------------------- */

static void handle_request(SupervisorProcess *p) {
        char request;
        ssize_t n = recv(p->request_fd, &request, 1, MSG_DONTWAIT);

        if (n == 1 && request == SUPERVISOR_REQUEST_TERMINATE) {
                terminate_command(p);
                return;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        p->request_fd = -EBADF; /* not heard any more; reports still go there */
        begin_end(p);
}

static void wait_for_event(SupervisorProcess *p) {
        struct pollfd fds[] = {
                {.fd = p->signal_fd, .events = POLLIN},
                {.fd = p->request_fd, .events = POLLIN},
        };
        struct signalfd_siginfo info;

        if (poll(fds, ELEMENTSOF(fds), p->give_up_usec > 0 ? LOOK_AGAIN_MSEC : -1) <= 0)
                return;
        if (fds[0].revents)
                (void) read(p->signal_fd, &info, sizeof(info));
        if (fds[1].revents)
                handle_request(p);
}

/* Returns whether something is left that could not be ended. */
static bool look_after(SupervisorProcess *p) {
        while (reap(p)) {
                if (p->give_up_usec > 0) {
                        if (now_usec() >= p->give_up_usec)
                                return true;
                        kill_children(p);
                }
                wait_for_event(p);
        }
        return false;
}

/* Leaves nothing of snagctl's open: its sockets would keep a session's namespace alive, and who waits for the
 * end of its output would wait for us. Returns whether that worked. */
static bool settle_fds(int socket_fd, int output_fd) {
        int fds[] = {socket_fd, output_fd, open("/dev/null", O_RDWR | O_CLOEXEC)};

        /* Out of each other's way first. */
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, N_FDS);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                if (dup3(fds[i], SOCKET_FD + (int) i, O_CLOEXEC) < 0)
                        return false;
        closefrom(N_FDS);
        for (int fd = 0; fd < SOCKET_FD; fd++)
                if (dup2(NULL_FD, fd) < 0)
                        return false;
        (void) fd_close(NULL_FD);
        return true;
}

void supervisor_process_run(const SupervisorSpec *spec, int socket_fd) {
        SupervisorProcess p = {.spec = spec, .pid = getpid(), .request_fd = SOCKET_FD};
        bool is_something_left;
        sigset_t child_signal;

        assert(spec);

        /* Not to be ended with snagctl by a signal to its process group: it has work to do then. */
        (void) setsid();
        (void) prctl(PR_SET_NAME, "snagctl-then");
        (void) sigemptyset(&child_signal);
        (void) sigaddset(&child_signal, SIGCHLD);
        if (!settle_fds(socket_fd, spec->output_fd))
                _exit(EXIT_FAILURE);
        /* If we were started with SIGCHLD ignored, children would vanish before they are reaped. */
        if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                _exit(EXIT_FAILURE);
        p.signal_fd = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
        if (p.signal_fd < 0)
                _exit(EXIT_FAILURE);

        if (command_cgroup_new(&p.cgroup) < 0)
                p.cgroup = NULL;
        start_command(&p);
        is_something_left = look_after(&p);
        (void) command_cgroup_free(p.cgroup);
        report(SUPERVISOR_REPORT_GONE, is_something_left);
        _exit(EXIT_SUCCESS);
}
