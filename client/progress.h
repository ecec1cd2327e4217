/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the user sees, and what a program sees instead of results. Messages and progress go to standard error, each line with "snagctl: " before
 * it; results go to standard output, without. Every line is made printable (text.h), whatever came
 * from the bus or a board, and leaves in one write(2), so that lines of several clients that share a
 * log never mix.
 *
 * Whoever reports says only what happened. Where lines can be painted over, what is going on now is a
 * line for each task below the messages that is kept up to date; elsewhere everything is plain lines, without control
 * characters. Which of them it is, is known here alone.
 *
 * With --json, standard output has events instead, one JSON object a line (json-lines.h), and everything that
 * is said on standard error is an event too. Where an event has fields that tell more than the sentence, the
 * two are reported one after the other, by progress_event() and progress_print(). */

#include "event.h"
#include "macro.h"

typedef struct Progress Progress;
typedef struct ProgressTask ProgressTask;

typedef enum ProgressLevel {
        PROGRESS_LEVEL_QUIET,   /* results, warnings, errors */
        PROGRESS_LEVEL_NORMAL,  /* and what is going on */
        PROGRESS_LEVEL_VERBOSE, /* and details */
} ProgressLevel;

typedef enum ProgressKind {
        PROGRESS_KIND_DETAIL,  /* something for those who want to know it all */
        PROGRESS_KIND_NOTE,    /* a step that was reached, or something that the user should know */
        PROGRESS_KIND_WARNING, /* something is odd, but work goes on */
        PROGRESS_KIND_ERROR,   /* why the command fails: the last line but hints */
        PROGRESS_KIND_HINT,    /* what can be done about an error */
        _PROGRESS_KIND_MAX,
} ProgressKind;

/* As events have it: "warning". */
const char *progress_kind_to_string(ProgressKind kind);

/* Borrows both fds, which must outlive the object. Returns 0 or -ENOMEM. */
int progress_new(int out_fd, int err_fd, Progress **ret);
Progress *progress_free(Progress *p);
DEFINE_CLEANUP_FUNC(Progress, progress_free);

/* PROGRESS_LEVEL_NORMAL until it is called. */
void progress_set_level(Progress *p, ProgressLevel level);

/* Whether the user may be asked for a password; true until it is called. */
void progress_set_may_ask(Progress *p, bool may_ask);
bool progress_may_ask(const Progress *p);

/* false until it is called. */
void progress_set_json(Progress *p, bool is_json);
bool progress_is_json(const Progress *p);

/* Something happened, for a program; nothing without --json. */
void progress_event(Progress *p, const char *name, const EventField *fields);

/* The last event, "result": @outcome is a word for @exit_status. */
void progress_end(Progress *p, const char *outcome, int exit_status);

/* A message that is no event: one was reported that tells more. */
void progress_print(Progress *p, ProgressKind kind, const char *format, ...) _printf_(3, 4);

/* A message of each kind, which is an event by itself. */
void progress_detail(Progress *p, const char *format, ...) _printf_(2, 3);
void progress_note(Progress *p, const char *format, ...) _printf_(2, 3);
void progress_warning(Progress *p, const char *format, ...) _printf_(2, 3);
void progress_error(Progress *p, const char *format, ...) _printf_(2, 3);
void progress_hint(Progress *p, const char *format, ...) _printf_(2, 3);

/* Something that goes on, shown as a line of its own where lines can be painted over. It must go before the
 * Progress does. Returns 0 or -ENOMEM. */
int progress_task_new(Progress *p, ProgressTask **ret);
ProgressTask *progress_task_free(ProgressTask *t);
DEFINE_CLEANUP_FUNC(ProgressTask, progress_task_free);

/* Written before its line, where there are several: a port. */
void progress_task_set_label(ProgressTask *t, const char *label);

/* From now on, until it is told otherwise, this is what is going on: waiting, for @what. @now_usec is
 * CLOCK_MONOTONIC. */
void progress_task_wait(ProgressTask *t, const char *what, uint64_t now_usec);

/* How far the transfer called @what is. To be called as often as it changes: how much of it is shown,
 * and how, is decided here. */
void progress_task_transfer(ProgressTask *t, const char *what, uint64_t done, uint64_t total,
                            uint64_t now_usec);

/* Nothing is going on any more; a note or an error that says how it ended follows. */
void progress_task_idle(ProgressTask *t);

/* When progress_tick() is due; USEC_INFINITY: never. */
uint64_t progress_get_deadline(const Progress *p);

/* The time goes on. Harmless at any time; also to be called when the terminal was resized. */
void progress_tick(Progress *p, uint64_t now_usec);

/* A line of the command's result. A program is told of it by an event. */
void progress_result(Progress *p, const char *format, ...) _printf_(2, 3);

/* A text of our own, of many lines, as a result: help. An event, too. */
void progress_result_text(Progress *p, const char *text);

/* The first negative errno of writing a result (a full disk, a closed pipe), or 0: a command whose
 * result got lost has failed. */
int progress_get_result_error(const Progress *p);
