/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* 'snagctl recover --all': a fleet (fleet.h) with its bus, its signals and its end.
 *
 * Blocks until it is over. */

#include "recover-request.h"

/* With the files of @q open; they are taken over. Returns EXIT_STATUS_SUCCESS if it was ended by one SIGINT or
 * SIGTERM, or, with --once, if all boards were recovered; EXIT_STATUS_NO_BOARD if none came then; EXIT_STATUS_SIGNAL
 * and the number of a second signal; else as recovering one board. */
ExitStatus recover_all(RecoverRequest *q, Progress *progress);
