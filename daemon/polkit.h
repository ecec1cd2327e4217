/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Asks polkit whether the sender of a call may do something: the only file that knows polkit.
 *
 * Needs nothing; polkit answers the owner of the actions (org.snagd1.policy). Never blocks on
 * polkit; on the bus driver it does. Logs refusals. Theory of operation in polkit.c. */

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "macro.h"

typedef struct Polkit Polkit;

/* What is asked. All strings are borrowed for the time of the call. */
typedef struct PolkitRequest {
        const char *action;
        uid_t uid; /* of the sender, for the limit and the log */

        /* Details for an administrator's rules; left out where NULL or empty. */
        const char *soc;
        const char *port;
        const char *stage;
} PolkitRequest;

typedef enum PolkitAnswer {
        POLKIT_ANSWER_YES,
        POLKIT_ANSWER_NO,
        POLKIT_ANSWER_CHALLENGE,   /* yes, after a password */
        POLKIT_ANSWER_UNAVAILABLE, /* no polkit, no answer, or one that is none: "no" */
} PolkitAnswer;

/* @on_changed is called whenever polkit_n_pending() may have become less; may be NULL. */
int polkit_new(sd_bus *bus, void (*on_changed)(void *userdata), void *userdata, Polkit **ret);

/* Answers every call that still waits with ShuttingDown. */
Polkit *polkit_free(Polkit *polkit);
DEFINE_CLEANUP_FUNC(Polkit, polkit_free);

/* The same without freeing: nothing is asked any more (ShuttingDown). */
void polkit_stop(Polkit *polkit);

/* How many calls wait for an answer. */
unsigned polkit_n_pending(const Polkit *polkit);

/* Both are to be called in a method handler as if they were plain calls; where they return 0 the
 * handler returns 1 at once, and runs again from the top with the same message when there is an
 * answer. So nothing before the call may have side effects.
 *
 * polkit_authorize: 1 if the sender may; else the errno of NotAuthorized, LimitExceeded or
 * ShuttingDown in @error. Asks for a password if the message allows it.
 *
 * polkit_ask: 1 and an answer, or the errno of LimitExceeded or ShuttingDown. Asks for nothing. */
int polkit_authorize(Polkit *polkit, sd_bus_message *call, const PolkitRequest *request,
                     sd_bus_error *error);
int polkit_ask(Polkit *polkit, sd_bus_message *call, const PolkitRequest *request,
               PolkitAnswer *ret, sd_bus_error *error);
