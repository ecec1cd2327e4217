/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "password-agent.h"

#include <assert.h>
#include <fcntl.h>
#include <paths.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fd-util.h"

#define AGENT "pkttyagent"

/* All that it has to do then is to switch the echo on again. */
#define END_MSEC_MAX 1000

/* For a signal handler: the agent that may have the terminal; 0: none, or it has ended. */
static volatile sig_atomic_t running_pid;

/* Signals are blocked: what one makes us do is not for the child to do as well. What is ignored stays so
 * (nohup), but for what only we ignore. */
static void reset_signals(void) {
        struct sigaction action;
        sigset_t none;

        for (int i = 1; i < NSIG; i++)
                if (sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
                        (void) signal(i, SIG_DFL);
        (void) signal(SIGPIPE, SIG_DFL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* It tells of its readiness by closing @ready_fd. It registers itself for its parent. */
static void exec_agent(pid_t parent, int ready_fd) {
        char ready[16];

        /* It goes when we go, also if that was before this line. */
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(EXIT_FAILURE);

        reset_signals();
        /* Our results are ours. */
        (void) dup2(STDERR_FILENO, STDOUT_FILENO);
        (void) fcntl(ready_fd, F_SETFD, 0);
        (void) snprintf(ready, sizeof(ready), "%d", ready_fd);
        (void) execlp(AGENT, AGENT, "--notify-fd", ready, "--fallback", NULL);
        _exit(EXIT_FAILURE);
}

/* No signal comes between the child and our knowing of it. */
static pid_t fork_agent(int ready_fd) {
        pid_t parent = getpid(), pid;
        sigset_t all, before;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_BLOCK, &all, &before);
        pid = fork();
        if (pid == 0)
                exec_agent(parent, ready_fd);
        running_pid = MAX_OF(pid, 0);
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return pid;
}

void password_agent_start(PasswordAgent *agent) {
        ssize_t n;
        int fds[2];
        pid_t pid;
        char byte;

        assert(agent);

        agent->pid = 0;
        /* What counts is that somebody can type: results and messages may go elsewhere. */
        if (!isatty(STDIN_FILENO))
                return;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return;

        pid = fork_agent(fds[1]);
        (void) fd_close(fds[1]);
        if (pid > 0) {
                agent->pid = pid;
                do
                        n = read(fds[0], &byte, 1);
                while (n > 0 || (n < 0 && errno == EINTR));
        }
        (void) fd_close(fds[0]);
}

/* Safe in a signal handler, and if one interrupts it: then it ends the agent, and us. */
static void end(pid_t pid) {
        struct pollfd process = {.fd = pidfd_open(pid, 0), .events = POLLIN};
        int r = 0;

        /* One that was stopped for touching the terminal from the background is to hear it too. */
        (void) kill(pid, SIGTERM);
        (void) kill(pid, SIGCONT);
        /* Nobody is to wait for one that hangs. */
        if (process.fd >= 0)
                do
                        r = poll(&process, 1, END_MSEC_MAX);
                while (r < 0 && errno == EINTR);
        if (r <= 0)
                (void) kill(pid, SIGKILL);
        (void) fd_close(process.fd);

        /* As soon as it is waited for, its number may be another's. */
        running_pid = 0;
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

void password_agent_stop(PasswordAgent *agent) {
        assert(agent);

        if (agent->pid <= 0)
                return;
        end(agent->pid);
        agent->pid = 0;
}

void password_agent_interrupt(void) {
        static const char newline = '\n';
        int fd;

        if (running_pid <= 0)
                return;
        end(running_pid);

        /* Whoever typed at its question did so without echo: the cursor is still behind it. */
        fd = open(_PATH_TTY, O_WRONLY | O_CLOEXEC);
        if (fd >= 0)
                (void) !write(fd, &newline, 1);
        (void) fd_close(fd);
}
