/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the user sees. Messages and progress go to standard error, each line with "snagctl: " before
 * it; results go to standard output, without. Every line is made printable (text.h), whatever came
 * from the bus or a board, and leaves in one write(2), so that lines of several clients that share a
 * log never mix.
 *
 * Whoever reports says only what happened. That this is plain lines, and not one line that moves, is
 * known here alone. */

#include "macro.h"

typedef struct Progress Progress;

/* Borrows both fds, which must outlive the object. Returns 0 or -ENOMEM. */
int progress_new(int out_fd, int err_fd, Progress **ret);
Progress *progress_free(Progress *p);
DEFINE_CLEANUP_FUNC(Progress, progress_free);

/* A step that was reached, or something that the user should know. */
void progress_note(Progress *p, const char *format, ...) _printf_(2, 3);

/* Something is odd, but work goes on. */
void progress_warning(Progress *p, const char *format, ...) _printf_(2, 3);

/* Why the command fails: the last line but hints. */
void progress_error(Progress *p, const char *format, ...) _printf_(2, 3);

/* How far the transfer called @what is. To be called as often as it changes: how much of it is shown,
 * and how, is decided here. @now_usec is CLOCK_MONOTONIC. */
void progress_transfer(Progress *p, const char *what, uint64_t done, uint64_t total,
                       uint64_t now_usec);

/* The transfer is over; a note or an error that says how follows. */
void progress_transfer_end(Progress *p);

/* A line of the command's result. */
void progress_result(Progress *p, const char *format, ...) _printf_(2, 3);

/* A text of our own, of many lines, as a result: help. */
void progress_result_text(Progress *p, const char *text);

/* The first negative errno of writing a result (a full disk, a closed pipe), or 0: a command whose
 * result got lost has failed. */
int progress_get_result_error(const Progress *p);
