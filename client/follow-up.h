/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What follows an attempt that had a board: the command that is to be run then, and the line in the
 * record that tells of both.
 *
 * Needs what the command needs. Blocks on the disk, for the record. Reports through Progress. */

#include "attempt.h"
#include "then-command.h"

typedef struct FollowUp FollowUp;

/* All borrowed for life. */
typedef struct FollowUpSpec {
        sd_event *event;
        Progress *progress;
        const char *const *then;    /* the command and its arguments, NULL-terminated; NULL: none */
        uint64_t then_timeout_usec; /* USEC_INFINITY: none */
        const char *record_path;    /* NULL: none */
} FollowUpSpec;

/* Called from the event loop when it is over. May free it. */
typedef void (*FollowUpCallback)(FollowUp *f, void *userdata);

/* @attempt is over, or was closed, and is borrowed until the end; @runs_then: the command is to be run, if there
 * is one. Without one it is over at once, and on_over() is not called: *@ret is NULL then. Returns 0 or a
 * negative errno. */
int follow_up_new(const FollowUpSpec *spec, const Attempt *attempt, bool runs_then,
                  FollowUpCallback on_over, void *userdata, FollowUp **ret);

/* A command that still runs is ended, which the record tells. */
FollowUp *follow_up_free(FollowUp *f);
DEFINE_CLEANUP_FUNC(FollowUp, follow_up_free);

/* Whether the command did what it should. */
bool follow_up_has_succeeded(const FollowUp *f);
