/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A snagd that needs no privilege and no board: it speaks the contract on a private bus and plays one
 * story. Its sockets are in a namespace of its own where the system allows that, and its boards
 * are processes there. Written against dbus/org.snagd1.xml, not against the daemon. */

#include "macro.h"

typedef struct FakeStory {
        const char *open_error, *open_error_text; /* OpenSession fails with it */
        unsigned n_shutting_down;                 /* so many calls of it fail with ShuttingDown */
        const char *answer_file; /* OpenSession is a matter of a password: of "secret" in it */
        bool open_hangs;         /* OpenSession is never answered; each call is a byte more */
        const char *start_error; /* Start fails with it */
        const char *close_error; /* Close fails with it */
        bool has_board;          /* one is listed */

        /* What happens after Start; nothing of it: no board ever comes. */
        bool fails;           /* the session fails with InterfaceBusy */
        bool leaves;          /* snagd leaves the bus */
        bool removes_session; /* somebody closes it */
        bool plugs_board;     /* a board is plugged in, and behaves: both stages */
        bool starts_at_spl;   /* only the second */
        bool pulls_board;     /* it leaves after it was found, and never comes back */
        bool is_forged;       /* before that, somebody else says snagd's and the bus's words */
} FakeStory;

/* Runs until killed, or until the story ends it. Writes a byte to @ready_fd when it is on the bus, and
 * where the story says so. */
_Noreturn void fake_snagd_run(const FakeStory *story, const char *address, int ready_fd);
