/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "supervisor.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "command-cgroup.h"
#include "fd-util.h"
#include "supervisor-process.h"

#define STOP_USEC (2 * USEC_PER_SEC)

/* In the child, all signals are blocked: no handler of ours is to run there. */
static pid_t fork_blocked(void) {
        sigset_t all, before;
        pid_t pid;
        int r;

        (void) sigfillset(&all);
        if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
                return -errno;
        pid = fork();
        if (pid == 0)
                return 0;
        r = pid < 0 ? -errno : pid;
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return r;
}

int supervisor_start(Supervisor *s, const SupervisorSpec *spec) {
        _cleanup_fd_ int socket_fd = -EBADF, peer_fd = -EBADF;
        int fds[2];
        pid_t pid;

        assert(s);
        assert(spec);
        assert(spec->argv && spec->argv[0]);
        assert(spec->environment);

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        socket_fd = fds[0];
        peer_fd = fds[1];
        pid = fork_blocked();
        if (pid == 0)
                supervisor_process_run(spec, peer_fd);
        if (pid < 0)
                return pid;

        *s = (Supervisor){.pid = pid, .socket_fd = TAKE_FD(socket_fd)};
        return 0;
}

int supervisor_receive(Supervisor *s, SupervisorReport *ret) {
        SupervisorReport message;
        ssize_t n;

        assert(s);
        assert(ret);

        n = recv(s->socket_fd, &message, sizeof(message), MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
        if (n != sizeof(message))
                return -EPIPE;
        s->is_done = message.kind == SUPERVISOR_REPORT_GONE;
        *ret = message;
        return 0;
}

void supervisor_terminate(Supervisor *s) {
        char request = SUPERVISOR_REQUEST_TERMINATE;

        assert(s);

        (void) send(s->socket_fd, &request, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void supervisor_kill(Supervisor *s) {
        assert(s);

        (void) shutdown(s->socket_fd, SHUT_WR);
}

void supervisor_abandon(Supervisor *s) {
        assert(s);

        /* Not reaped: the number is still its. */
        (void) kill(s->pid, SIGKILL);
}

/* Returns whether it ended in time. Only it holds the other end of the socket. */
static bool wait_for_end(Supervisor *s) {
        uint64_t end_usec = now_usec() + STOP_USEC;
        struct pollfd fd = {.fd = s->socket_fd, .events = POLLIN};
        SupervisorReport report;

        for (;;) {
                uint64_t now = now_usec();
                int r = supervisor_receive(s, &report);

                if (r == -EPIPE)
                        return true;
                if (now >= end_usec)
                        return false;
                if (r == -EAGAIN)
                        (void) poll(&fd, 1, (int) ((end_usec - now) / USEC_PER_MSEC) + 1);
        }
}

void supervisor_stop(Supervisor *s) {
        assert(s);

        if (s->pid <= 0)
                return;
        supervisor_kill(s);
        if (wait_for_end(s)) {
                /* One that left without a word was killed; what its control group holds was left behind. As long
                 * as it is not reaped, nobody else makes a group of that name. */
                if (!s->is_done)
                        command_cgroup_kill_of(s->pid);
                while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        (void) fd_close(s->socket_fd);
        *s = SUPERVISOR_EMPTY;
}
