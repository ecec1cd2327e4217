/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What would keep a recovery from working, found without one: the files, this computer, snagd, the
 * boards that are plugged in. Each finding is one line of the result.
 *
 * Blocks on files and on the bus, never on a password. */

#include "recover-request.h"

/* Returns EXIT_STATUS_USAGE if a file cannot be used, else EXIT_STATUS_FAILED if there is a
 * problem, else EXIT_STATUS_SUCCESS. */
ExitStatus preflight_run(RecoverRequest *q, Progress *progress);
