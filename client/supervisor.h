/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A command that ends with everything that it started, even if this program is killed: a process between the
 * two sees to that. What that process does is in supervisor-process.c; this is the end that the program holds.
 *
 * Needs no privilege. Blocks only in supervisor_stop(). Does not log. */

#include <sys/types.h>

#include "macro.h"

/* How long killing is tried at most: who has another user's rights (sudo) cannot be killed without a control
 * group, and who waits in the kernel for a device dies late. */
#define SUPERVISOR_KILL_USEC (10 * USEC_PER_SEC)

typedef enum SupervisorReportKind {
        SUPERVISOR_REPORT_NOT_EXECUTED, /* value: the errno; EXITED follows */
        SUPERVISOR_REPORT_EXITED,       /* value: the exit status */
        SUPERVISOR_REPORT_KILLED,       /* value: the signal */
        SUPERVISOR_REPORT_FAILED, /* value: the errno; there was no process to be had for it */
        SUPERVISOR_REPORT_GONE,   /* the last; value: 0, or 1 if something could not be ended */
} SupervisorReportKind;

typedef struct SupervisorReport {
        SupervisorReportKind kind;
        int value;
} SupervisorReport;

/* A member of whoever uses it. */
typedef struct Supervisor {
        pid_t pid;
        int socket_fd; /* readable when there is a report, and when it has ended, with all that it looks after */
        bool is_done; /* GONE was the last report */
} Supervisor;

#define SUPERVISOR_EMPTY ((Supervisor){.socket_fd = -EBADF})

typedef struct SupervisorSpec {
        const char *const *argv;        /* the first is looked for in $PATH */
        const char *const *environment; /* all of it */
        int output_fd;                  /* its standard output and error; duplicated */
        uint64_t kill_usec;
} SupervisorSpec;

/* Starts the command. Returns 0, or a negative errno: then nothing was started. That the command itself cannot
 * be executed is reported. */
int supervisor_start(Supervisor *s, const SupervisorSpec *spec);

/* Returns 0 and the next report, -EAGAIN if there is none yet, -EPIPE if none will come: it has ended. */
int supervisor_receive(Supervisor *s, SupervisorReport *ret);

/* Asks the command's process group to end (SIGTERM). */
void supervisor_terminate(Supervisor *s);

/* Has everything killed; what becomes of it is reported. */
void supervisor_kill(Supervisor *s);

/* Kills the supervisor itself, which should not be needed: one that was stopped by its command. */
void supervisor_abandon(Supervisor *s);

/* Has everything killed, waits for that (two seconds at most, then it goes on by itself), and leaves @s empty.
 * An empty one is fine. */
void supervisor_stop(Supervisor *s);
