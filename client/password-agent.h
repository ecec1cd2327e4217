/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* polkit's agent for terminals, for the time of one command: who is logged in over ssh, where no graphical
 * agent is, is asked for a password instead of refused. A graphical one keeps the first say.
 *
 * Blocks until the agent is registered or gone. Does not log. */

#include <sys/types.h>

#include "macro.h"

typedef struct PasswordAgent {
        pid_t pid; /* 0: none runs */
} PasswordAgent;

/* Starts it if there is a terminal that somebody can answer on; polkit takes it for this process. Without
 * pkttyagent, or with anything else amiss, there is none, and polkit refuses as it would have. */
void password_agent_start(PasswordAgent *agent);

/* Ends it. */
void password_agent_stop(PasswordAgent *agent);

/* For a signal that ends us: ends the agent that runs, if there is one, and waits until it has switched the
 * terminal's echo on again, before a shell reads there. Safe in a signal handler. */
void password_agent_interrupt(void);
