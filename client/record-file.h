/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Lines that are appended to a file, each of which is there as a whole or not at all. Theory of
 * operation: record-file.c. Needs, blocks and logs as record.h says. */

#include "macro.h"

/* How long another process may hold the file before it counts as hung. */
#define RECORD_FILE_LOCK_USEC (5 * USEC_PER_SEC)

/* Appends @len bytes, a line with its newline. A process that may meet RLIMIT_FSIZE ignores SIGXFSZ.
 * Returns 0; -ENOMEM; or another negative errno and in *@ret_reason the sentence that says why. */
int record_file_append(const char *path, const char *line, size_t len, char **ret_reason);

/* Opens the file, creates it if it is not there, and changes nothing in it. One that does not begin with
 * @magic is refused, since it is somebody else's; but for what a cut makes of a first line: a part of it, or
 * zeros. Returns so. */
int record_file_prepare(const char *path, const char *magic, char **ret_reason);

/* The same, but does not create it: looks whether that could be done. */
int record_file_check(const char *path, const char *magic, char **ret_reason);
