/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The command that runs after a recovery: an argument vector, without a shell; with a time limit; and ended with
 * everything that it started. Any number of them side by side in one event loop.
 *
 * Needs no privilege. Blocks only in then_command_free(). Does not log. */

#include <systemd/sd-event.h>

#include "macro.h"

/* How long a command that was asked to end has for it, if nothing else is said. */
#define THEN_COMMAND_GRACE_USEC (5 * USEC_PER_SEC)

typedef struct ThenCommand ThenCommand;

typedef enum ThenEnd {
        THEN_END_NONE, /* it runs, or what it left does */
        THEN_END_EXITED,
        THEN_END_KILLED,
        THEN_END_TIMED_OUT,
        THEN_END_NOT_EXECUTED,
        THEN_END_LOST, /* what looked after it was killed: its status is not known */
} ThenEnd;

typedef struct ThenOutcome {
        ThenEnd end;
        int value;          /* EXITED: the status; KILLED: the signal; NOT_EXECUTED: the errno */
        bool may_have_left; /* something that it started may still run */
} ThenOutcome;

typedef struct ThenCommandCallbacks {
        /* A line of its output or errors: raw bytes, to be made printable, @is_cut after
         * OUTPUT_LINE_LEN_MAX of them. Must not free the command. */
        void (*on_line)(const char *bytes, size_t size, bool is_cut, void *userdata);
        /* It has ended, with all that it started, and its output has been told. May free it. */
        void (*on_over)(ThenCommand *c, void *userdata);
} ThenCommandCallbacks;

typedef struct ThenCommandSpec {
        sd_event *event;
        const char *const *argv;        /* NULL-terminated; the first is looked for in $PATH */
        const char *const *environment; /* "NAME=value", NULL-terminated, added to ours */
        uint64_t timeout_usec;          /* USEC_INFINITY: none */
        uint64_t grace_usec;            /* between SIGTERM and SIGKILL; 0: the default */
        uint64_t kill_usec;             /* how long killing is tried; 0: the default */
        const ThenCommandCallbacks *callbacks; /* borrowed for life */
        void *userdata;
} ThenCommandSpec;

/* Looks whether @program could be started: what has a slash as it is, other names in the folders of @path, which is as
 * $PATH (NULL: the system's default). Returns 0, or a negative errno with the sentence in *@ret_reason that says what is
 * wrong (the caller frees it; NULL when memory ran out). */
int then_command_check(const char *program, const char *path, char **ret_reason);

/* Starts it: in a session of its own, its input empty, our working directory, no signal blocked or ignored. Our
 * environment without what systemd has put there for us alone ($NOTIFY_SOCKET and so on). Returns 0 or a
 * negative errno; that it cannot be executed is an outcome. */
int then_command_new(const ThenCommandSpec *spec, ThenCommand **ret);

/* Kills it with all that it started, and waits for their end: milliseconds, or two seconds where the kernel holds
 * something back, which then ends by itself. */
ThenCommand *then_command_free(ThenCommand *c);
DEFINE_CLEANUP_FUNC(ThenCommand, then_command_free);

/* How it ended; THEN_END_NONE before on_over(). */
ThenOutcome then_command_get_outcome(const ThenCommand *c);

static inline bool then_outcome_is_success(const ThenOutcome *outcome) {
        return outcome->end == THEN_END_EXITED && outcome->value == 0;
}

#define THEN_OUTCOME_LEN_MAX 160

/* Writes what goes behind "the command ", such as "exited with status 1". Returns @buffer. */
const char *then_outcome_format(const ThenOutcome *outcome,
                                char buffer[static THEN_OUTCOME_LEN_MAX]);
