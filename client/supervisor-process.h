/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the supervisor's process does: see supervisor.h. */

#include "supervisor.h"

/* What snagctl may ask; the end of the stream asks to kill everything. */
#define SUPERVISOR_REQUEST_TERMINATE 'T'

/* In a process that was forked for it, with all signals blocked: runs the command, looks after it and exits.
 * @socket_fd takes requests and is where reports go. */
_Noreturn void supervisor_process_run(const SupervisorSpec *spec, int socket_fd);
