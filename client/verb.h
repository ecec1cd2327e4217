/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What every verb shares: its signature, exit statuses, and how usage and refusals are reported. */

#include <systemd/sd-event.h>

#include "arguments.h"
#include "bus-proxy.h"
#include "macro.h"
#include "manager-proxy.h"
#include "progress.h"

/* As documented in every --help. */
typedef enum ExitStatus {
        EXIT_STATUS_SUCCESS = 0,
        EXIT_STATUS_FAILED = 1,
        EXIT_STATUS_USAGE = 2,    /* decided before the bus is touched */
        EXIT_STATUS_DENIED = 3,   /* not allowed to this user */
        EXIT_STATUS_NO_BOARD = 4, /* none came in time */
        EXIT_STATUS_SIGNAL = 128, /* plus the signal's number */
} ExitStatus;

/* In one word, for a program. */
const char *verb_outcome(ExitStatus status);

/* @argv: what follows the verb, NULL-terminated. */
typedef ExitStatus (*VerbFunction)(char *const *argv, Progress *progress);

ExitStatus verb_check(char *const *argv, Progress *progress);
ExitStatus verb_close(char *const *argv, Progress *progress);
ExitStatus verb_list(char *const *argv, Progress *progress);
ExitStatus verb_monitor(char *const *argv, Progress *progress);
ExitStatus verb_recover(char *const *argv, Progress *progress);
ExitStatus verb_report(char *const *argv, Progress *progress);
ExitStatus verb_status(char *const *argv, Progress *progress);

/* What every command understands, before and behind its name; to be part of its options. */
enum {
        VERB_OPTION_HOST = 1000,
        VERB_OPTION_JSON,
        VERB_OPTION_NO_ASK_PASSWORD,
        VERB_OPTION_QUIET,
        VERB_OPTION_VERBOSE,
};

#define VERB_OPTIONS                                                                      \
        {VERB_OPTION_HOST, "host", "[USER@]HOST", 'H'}, {VERB_OPTION_JSON, "json", NULL}, \
                {VERB_OPTION_NO_ASK_PASSWORD, "no-ask-password", NULL},                   \
                {VERB_OPTION_QUIET, "quiet", NULL}, {                                     \
                VERB_OPTION_VERBOSE, "verbose", NULL                                      \
        }

/* To be called before a verb that works on this machine alone, and on a --host before it: that makes it a
 * mistake, as does one behind it from then on. Returns true if it has to go on; else *@ret_status is the
 * verb's. */
bool verb_stay_here(Progress *progress, const char *verb, ExitStatus *ret_status);

/* What --host says; NULL: this machine. Borrowed. */
const char *verb_get_host(void);

/* Connects to the system bus, here or there. Returns 0 or a negative errno with *@error filled. */
int verb_connect(Progress *progress, ProxyError *error, sd_bus **ret);

/* What a uid is called; NULL if that is not known, as of another machine's. Valid until the next call. */
const char *verb_get_user(uid_t uid);

/* Lays the lines that move out anew as soon as the terminal has another size, for as long as @event lives. Returns
 * 0 or a negative errno. */
int verb_follow_terminal(sd_event *event, Progress *progress);

/* As arguments_next(), but sees to VERB_OPTIONS itself. */
int verb_next_argument(Arguments *a, Progress *progress, const char **ret_value,
                       char **ret_complaint);

/* Reports @complaint and where help is; @verb NULL: the program's. Returns EXIT_STATUS_USAGE. */
ExitStatus verb_usage_error(Progress *progress, const char *verb, const char *complaint);

ExitStatus verb_out_of_memory(Progress *progress);

/* Parses the arguments of a verb that takes none but --help. Returns true if it has to go on; else
 * *@ret_status is the verb's. */
bool verb_parse_nothing(char *const *argv, Progress *progress, const char *verb, const char *help,
                        ExitStatus *ret_status);

/* Reports why a call failed. Returns EXIT_STATUS_DENIED or _FAILED; who may do it, and how to become one of
 * them, is for the verb to add. */
ExitStatus verb_report_failure(Progress *progress, const ProxyError *error);

/* The same, and releases *@error. */
ExitStatus verb_call_failed(Progress *progress, ProxyError *error);

/* Connects, and asks for all boards and sessions. Returns true, with *@ret_bus and *@ret the caller's; else it has
 * reported why not, and *@ret_status is the verb's. */
bool verb_get_objects(Progress *progress, sd_bus **ret_bus, ManagerObjects *ret,
                      ExitStatus *ret_status);
