/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "password-agent.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fd-util.h"

#define AGENT "pkttyagent"

/* It tells of its readiness by closing @ready_fd. It registers itself for its parent. */
static void exec_agent(pid_t parent, int ready_fd) {
        char ready[16];
        sigset_t none;

        /* It goes when we go, also if that was before this line. */
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(EXIT_FAILURE);

        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        /* Our results are ours. */
        (void) dup2(STDERR_FILENO, STDOUT_FILENO);
        (void) fcntl(ready_fd, F_SETFD, 0);
        (void) snprintf(ready, sizeof(ready), "%d", ready_fd);
        (void) execlp(AGENT, AGENT, "--notify-fd", ready, "--fallback", NULL);
        _exit(EXIT_FAILURE);
}

void password_agent_start(PasswordAgent *agent) {
        pid_t parent = getpid(), pid;
        ssize_t n;
        int fds[2];
        char byte;

        assert(agent);

        agent->pid = 0;
        /* What counts is that somebody can type: results and messages may go elsewhere. */
        if (!isatty(STDIN_FILENO))
                return;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return;

        pid = fork();
        if (pid == 0)
                exec_agent(parent, fds[1]);
        (void) fd_close(fds[1]);
        if (pid > 0) {
                agent->pid = pid;
                do
                        n = read(fds[0], &byte, 1);
                while (n > 0 || (n < 0 && errno == EINTR));
        }
        (void) fd_close(fds[0]);
}

void password_agent_stop(PasswordAgent *agent) {
        assert(agent);

        if (agent->pid <= 0)
                return;
        /* One that was stopped for touching the terminal from the background is to hear it too. */
        (void) kill(agent->pid, SIGTERM);
        (void) kill(agent->pid, SIGCONT);
        while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        agent->pid = 0;
}
