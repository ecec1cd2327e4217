/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the simulated board tells its test: one JSON object a line on standard output, flushed, as
 * things happen, and one line with event "result" at the end. Times are ms since the start, with
 * three decimals. Aborts when memory runs out: this is a test tool. */

#include <stdio.h>

#include "macro.h"

typedef struct Report Report;

/* What one stage did, over all its runs (a board that is plugged in again has several). */
typedef struct StageTally {
        unsigned n_runs;
        unsigned n_requests;         /* BOOTP requests or DHCPDISCOVERs, of the last run */
        unsigned answered_request;   /* which of them was answered: 1 is the first; 0: none */
        unsigned n_dhcp_requests;    /* DHCPREQUESTs */
        unsigned n_arp_requests;     /* sent */
        unsigned n_arp_answers_sent; /* to the host's requests */
        unsigned n_rrqs;
        unsigned block_size;
        unsigned window_size;
        uint64_t n_blocks;
        uint64_t n_bytes;
        uint64_t n_repeats; /* DATA seen again that no fault of ours repeated */
        uint64_t n_acks_again;
        uint64_t n_flooded; /* frames that --flood-after made */
        unsigned n_nonsense;
        unsigned n_nonsense_answered;
        uint64_t n_frames_lost, n_frames_repeated, n_frames_reordered, n_frames_late;
        bool is_delivered;  /* all of the image arrived and its last ACK is sent */
        int image_ok;       /* 1: equal to the expected file; 0: not; -1: nothing to compare */
        char failure[96];   /* empty: none */
        char file[4 * 128]; /* the name that was asked for, escaped */
        double plug_ms;     /* on the bus; -1, here and below: did not happen */
        double host_ms;     /* the host's driver has initialised RNDIS */
        double request_ms;  /* first request handed to the link */
        double link_ms;     /* it left the device: the host's link is up */
        double answer_ms;   /* OFFER or BOOTP reply accepted */
        double rrq_ms;      /* first RRQ */
        double first_ms;    /* first DATA */
        double last_ms;     /* last ACK */
} StageTally;

/* @out is borrowed: standard output, but for tests. */
int report_new(FILE *out, Report **ret);
Report *report_free(Report *report);
DEFINE_CLEANUP_FUNC(Report, report_free);

/* Now, in ms since report_new(). */
double report_now_ms(const Report *report);

/* Prints {"event":…,"t_ms":…,"stage":…, then what @format makes: ready JSON members, or NULL. */
void report_event(Report *report, const char *event, const char *stage, const char *format, ...)
        _printf_(4, 5);

/* Something in the host's behaviour that is odd, whether or not the board minds. Kinds are counted;
 * the first few of each are printed with their detail, which is plain text. */
void report_oddity(Report *report, const char *stage, const char *kind, const char *format, ...)
        _printf_(4, 5);

/* How often an oddity of @kind was seen, at any stage. */
unsigned report_count_oddity(const Report *report, const char *kind);

void stage_tally_init(StageTally *tally);

/* The last line. @rom, @spl, @u_boot: as far as they ran. */
void report_result(Report *report, bool is_success, const StageTally *rom, const StageTally *spl,
                   const StageTally *u_boot);

/* Escapes @len bytes for a JSON string, without quotes; cut where @buffer is full. Bytes that are
 * not printable ASCII become \u00xx. Returns @buffer. */
char *json_escape(const void *bytes, size_t len, char *buffer, size_t size);
