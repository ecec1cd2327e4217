/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a record of many attempts tells: how many boards were recovered, on which port, on which day, how
 * long each step takes, what goes wrong most, and which port's cable is likely bad. Attempts go in, a
 * summary comes out. Pure, but for the local time zone, in which days are counted; allocates some dozen
 * bytes an attempt.
 *
 * How a bad cable is told from boards that do not work: report.c. */

#include "macro.h"
#include "record-reader.h"

typedef struct ReportCount {
        uint64_t n_attempts; /* recovered, failed and interrupted ones */
        uint64_t n_recovered;
        uint64_t n_failed;
        uint64_t n_interrupted;
        uint64_t n_then_failed; /* the command behind the recovery ended badly */
} ReportCount;

/* Recovered ones, of those that nobody interrupted, in percent; NaN if there are none. */
double report_count_get_yield(const ReportCount *c);

typedef struct ReportTimes {
        uint64_t n; /* 0: nothing was timed, and the others are 0 */
        int64_t median_ms;
        int64_t p95_ms; /* 95 % of them took that long at most */
        int64_t max_ms;
} ReportTimes;

/* A step is named after what it ends with, and lasts from what came before that: "rom, answer" from the
 * ROM's request, or from when its link was up if that was later. "spl, plug" begins with the ROM's last
 * block; there is no "rom, plug". */
typedef struct ReportSteps {
        ReportTimes times[_STAGE_MAX][_RECORD_TIME_MAX];
} ReportSteps;

typedef struct ReportPort {
        const char *name; /* ID_PATH, or the port where the record has none; empty: neither */
        const char *port; /* by which it went last; empty: the record has none */
        ReportCount count;
        ReportTimes whole; /* recoveries from plug to U-Boot */
        ReportSteps steps;
        uint64_t n_blocks;
        uint64_t n_retransmissions;
        uint64_t
                n_troubled; /* attempts with trouble that a cable makes; without interrupted ones */

        /* Its cable, plug or hub is likely bad; and the numbers of those ports that are not. */
        bool is_suspect;
        uint64_t n_elsewhere;
        uint64_t n_troubled_elsewhere;
} ReportPort;

#define REPORT_DATE_LEN STRLEN("2026-11-23")

typedef struct ReportDay {
        char date[REPORT_DATE_LEN + 1]; /* of the local time zone */
        int64_t number;                 /* consecutive days have consecutive numbers */
        ReportCount count;
} ReportDay;

typedef struct ReportDiagnosis {
        const char *name;
        const char *text;    /* of the last attempt that had it, or empty */
        uint64_t n_attempts; /* that had it */
        uint64_t n_failed;   /* of these */
} ReportDiagnosis;

/* All borrowed from the report. */
typedef struct ReportSummary {
        ReportCount count;
        uint64_t
                first_realtime_usec; /* when the earliest attempt began, and the latest; 0 without any */
        uint64_t last_realtime_usec;
        ReportTimes whole;
        ReportSteps steps;
        void *const *ports; /* for the functions below */
        size_t n_ports;
        void *const *days;
        size_t n_days;
        void *const *diagnoses;
        size_t n_diagnoses;
        size_t n_suspects;
} ReportSummary;

/* By name, as people count: 2 before 10. */
static inline const ReportPort *report_get_port(const ReportSummary *s, size_t i) {
        return s->ports[i];
}

/* Those with attempts, from the first on. */
static inline const ReportDay *report_get_day(const ReportSummary *s, size_t i) {
        return s->days[i];
}

/* The most frequent one first. */
static inline const ReportDiagnosis *report_get_diagnosis(const ReportSummary *s, size_t i) {
        return s->diagnoses[i];
}

typedef struct Report Report;

int report_new(Report **ret);
Report *report_free(Report *r);
DEFINE_CLEANUP_FUNC(Report, report_free);

/* Attempts may come in any order. Returns 0, or -ENOMEM, after which the report is only to be freed. */
int report_add(Report *r, const RecordEntry *entry);

/* To be called once, behind the last one. Returns 0 or -ENOMEM. */
int report_finish(Report *r, const ReportSummary **ret);
