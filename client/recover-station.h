/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the file of a station (station-config.h) has to say to 'recover' and 'check', in place of their command
 * line.
 *
 * Blocks on reading the file. */

#include "recover-request.h"

/* Reads the file that --station names: SoC and images are those of the request then, which is one for all
 * boards. Reports every mistake in it, and whatever else the command line says of a recovery; returns
 * EXIT_STATUS_USAGE then, else EXIT_STATUS_SUCCESS. */
ExitStatus recover_station_load(RecoverRequest *q, Progress *progress);

/* Takes over what else it says, in place of what is the default. */
void recover_station_fill(RecoverRequest *q);
