/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What somebody wants recovered, and with what: the command line that 'recover' and 'check' share,
 * and the files that it names. All of it is decided before the bus is touched.
 *
 * Blocks on reading files. */

#include "capture.h"
#include "firmware-config.h"
#include "station-config.h"
#include "verb.h"

/* With --all. */
#define RECOVER_REQUEST_PORTS_MAX 64
#define RECOVER_REQUEST_MAX_MAX   64 /* sessions that a user may have, as snagd has it */

/* Of -f and -F together. */
#define RECOVER_REQUEST_CONFIGS_MAX 32

/* Borrows from the command line, but for what the files hold. */
typedef struct RecoverRequest {
        const char *verb; /* set by the caller, for messages */
        bool needs_files; /* set by the caller: it is a mistake not to name them */
        bool want_help;   /* nothing else was looked at then */
        bool is_dry_run;
        bool is_all;                  /* every board, not one */
        bool is_once;                 /* with is_all */
        const char *station;          /* NULL: none; else the rest is what its file says */
        StationConfig station_config; /* that */
        const Soc *soc;
        const char *capture_path; /* NULL: not wanted */
        const char *record_path;  /* so */
        const char *port;         /* the last of @ports; NULL: none, or is_all */
        const char *stage, *timeout, *retry, *max, *then_text, *then_timeout;
        const char *const *then; /* the command and its arguments, NULL-terminated; NULL: none */
        char **then_words;       /* what @then_text says; owned */
        uint64_t then_timeout_usec;
        const char *ports[RECOVER_REQUEST_PORTS_MAX + 1]; /* each --port; with is_all patterns */
        size_t n_ports;
        Stage first_stage;
        uint64_t timeout_usec; /* with is_once: of quiet, before it ends */
        unsigned n_retries, n_max;
        const char *configs[RECOVER_REQUEST_CONFIGS_MAX]; /* -f and -F, in their order */
        size_t n_configs;
        FirmwareConfig config;                 /* what they say in all */
        const char *paths[_FIRMWARE_KIND_MAX]; /* NULL: not named */
        Firmware *images[_FIRMWARE_KIND_MAX];  /* NULL: not opened yet */
        Capture *capture;                      /* so */
} RecoverRequest;

/* Reports what is wrong, and returns EXIT_STATUS_USAGE then; else EXIT_STATUS_SUCCESS. */
ExitStatus recover_request_parse(RecoverRequest *q, char *const *argv, Progress *progress);

/* Opens one of the files that are named. Returns as firmware_open(). */
int recover_request_open_file(RecoverRequest *q, FirmwareKind kind, char **ret_reason);

/* If a command is to be run, and not by a station, whose may come later: looks whether it could be. Returns as
 * then_command_check(). */
int recover_request_check_then(const RecoverRequest *q, char **ret_reason);

/* If a capture is wanted: looks whether its file could be opened, or opens it; no file that is named for
 * something else is overwritten. Return as capture_check() and capture_open(). */
int recover_request_check_capture(const RecoverRequest *q, char **ret_reason);
int recover_request_open_capture(RecoverRequest *q, Progress *progress, char **ret_reason);

void recover_request_done(RecoverRequest *q);
