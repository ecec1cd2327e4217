/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Being allowed to recover: polkit's agent on the terminal if a password is needed, and what to say to who is refused.
 *
 * Blocks on snagd's answer. */

#include "password-agent.h"
#include "recover-request.h"

/* Starts @agent if a password will be asked for: to be stopped when a session is there. Most need none,
 * and need not wait for one. */
void recover_access_prepare(const RecoverRequest *q, sd_bus *bus, PasswordAgent *agent,
                            Progress *progress);

/* Reports that snagd refused a session. Returns EXIT_STATUS_DENIED or _FAILED. */
ExitStatus recover_access_report(const ProxyError *error, Progress *progress);
