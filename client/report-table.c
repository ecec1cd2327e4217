/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "report-table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "report-words.h"
#include "table.h"

typedef char Word[REPORT_WORD_LEN_MAX];

static void print_totals(const ReportSummary *s, Progress *progress) {
        Word from, to, percent, times[3];

        progress_result(progress, "%" PRIu64 " attempt%s from %s to %s:", s->count.n_attempts,
                        s->count.n_attempts == 1 ? "" : "s",
                        report_format_clock(from, s->first_realtime_usec),
                        report_format_clock(to, s->last_realtime_usec));
        progress_result(progress,
                        "%" PRIu64 " recovered, %" PRIu64 " failed (yield %s), %" PRIu64
                        " interrupted",
                        s->count.n_recovered, s->count.n_failed,
                        report_format_percent(percent, report_count_get_yield(&s->count)),
                        s->count.n_interrupted);
        if (s->count.n_then_failed > 0)
                progress_result(progress,
                                "The command that follows failed behind %" PRIu64 " of them.",
                                s->count.n_then_failed);
        if (s->whole.n > 0)
                progress_result(
                        progress,
                        "A recovery takes %s (median; 95 %% of them up to %s, the longest %s).",
                        report_format_ms(times[0], s->whole.median_ms),
                        report_format_ms(times[1], s->whole.p95_ms),
                        report_format_ms(times[2], s->whole.max_ms));
}

static void print_suspects(const ReportSummary *s, Progress *progress) {
        if (s->n_suspects == 0)
                return;

        progress_result(progress, "%s", "");
        progress_result(progress, "Cable, plug or hub port that is likely bad:");
        for (size_t i = 0; i < s->n_ports; i++) {
                const ReportPort *p = report_get_port(s, i);

                if (p->is_suspect)
                        progress_result(progress,
                                        "  %s (%s): the link gave trouble in %" PRIu64
                                        " of %" PRIu64 " attempts, on the other ports in %" PRIu64
                                        " of %" PRIu64,
                                        p->name, *p->port ? p->port : "-", p->n_troubled,
                                        p->count.n_recovered + p->count.n_failed,
                                        p->n_troubled_elsewhere, p->n_elsewhere);
        }
}

/* An empty line, and a table whose first @n_left columns are words and the others numbers. */
static int begin_table(Progress *progress, const char *const *titles, size_t n_columns,
                       size_t n_left, Table **ret) {
        int r;

        progress_result(progress, "%s", "");
        r = table_new(titles, n_columns, ret);
        if (r < 0)
                return r;
        for (size_t i = n_left; i < n_columns; i++)
                table_align_right(*ret, i);
        return 0;
}

static int add_port(Table *table, const ReportPort *p) {
        double repeated =
                p->n_blocks > 0 ? 100.0 * (double) p->n_retransmissions / (double) p->n_blocks : 0;
        Word counts[4], yield, median, percent;

        (void) snprintf(percent, sizeof(percent), "%.2f %%", repeated);
        return table_add_row(
                table,
                (const char *[]){
                        p->name, p->port, report_format_count(counts[0], p->count.n_attempts),
                        report_format_count(counts[1], p->count.n_recovered),
                        report_format_count(counts[2], p->count.n_failed),
                        report_format_percent(yield, report_count_get_yield(&p->count)),
                        p->whole.n > 0 ? report_format_ms(median, p->whole.median_ms) : NULL,
                        report_format_count(counts[3], p->n_troubled), percent});
}

static int print_ports(const ReportSummary *s, Progress *progress) {
        static const char *const titles[] = {"PATH",  "PORT",   "ATTEMPTS", "RECOVERED", "FAILED",
                                             "YIELD", "MEDIAN", "TROUBLED", "REPEATED"};
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        r = begin_table(progress, titles, ELEMENTSOF(titles), 2, &table);
        for (size_t i = 0; i < s->n_ports && r >= 0; i++)
                r = add_port(table, report_get_port(s, i));
        return r < 0 ? r : table_print(table, progress);
}

static int add_day(Table *table, const ReportDay *d) {
        Word counts[3], yield;

        return table_add_row(
                table,
                (const char *[]){d->date, report_format_count(counts[0], d->count.n_attempts),
                                 report_format_count(counts[1], d->count.n_recovered),
                                 report_format_count(counts[2], d->count.n_failed),
                                 report_format_percent(yield, report_count_get_yield(&d->count))});
}

static int print_days(const ReportSummary *s, Progress *progress) {
        static const char *const titles[] = {"DAY", "ATTEMPTS", "RECOVERED", "FAILED", "YIELD"};
        size_t first = s->n_days > REPORT_TABLE_DAYS_MAX ? s->n_days - REPORT_TABLE_DAYS_MAX : 0;
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        r = begin_table(progress, titles, ELEMENTSOF(titles), 1, &table);
        for (size_t i = first; i < s->n_days && r >= 0; i++)
                r = add_day(table, report_get_day(s, i));
        if (r >= 0)
                r = table_print(table, progress);
        if (r >= 0 && first > 0)
                progress_result(progress,
                                "(the last %zu of %zu days; --svg and --json have them all)",
                                s->n_days - first, s->n_days);
        return r;
}

typedef struct Step {
        Stage stage;
        RecordTime time;
        const ReportTimes *times;
} Step;

static int compare_steps(const void *a, const void *b) {
        const Step *x = a, *y = b;

        if (x->times->median_ms != y->times->median_ms)
                return x->times->median_ms < y->times->median_ms ? 1 : -1;
        if (x->stage != y->stage)
                return x->stage > y->stage ? 1 : -1;
        return (x->time > y->time) - (x->time < y->time);
}

/* Those that were timed, the slowest one first. */
static size_t collect_steps(const ReportSummary *s,
                            Step steps[static _STAGE_MAX * _RECORD_TIME_MAX]) {
        size_t n = 0;

        for (Stage stage = 0; stage < _STAGE_MAX; stage++)
                for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                        if (s->steps.times[stage][time].n > 0)
                                steps[n++] = (Step){stage, time, &s->steps.times[stage][time]};
        qsort(steps, n, sizeof(Step), compare_steps);
        return n;
}

static int add_step(Table *table, const Step *step) {
        Word count, times[3];

        return table_add_row(table,
                             (const char *[]){stage_to_string(step->stage),
                                              report_get_step_title(step->time),
                                              report_format_ms(times[0], step->times->median_ms),
                                              report_format_ms(times[1], step->times->p95_ms),
                                              report_format_ms(times[2], step->times->max_ms),
                                              report_format_count(count, step->times->n)});
}

static int print_steps(const ReportSummary *s, Progress *progress) {
        static const char *const titles[] = {"STAGE", "UNTIL", "MEDIAN", "95 %", "MAX", "TIMES"};
        Step steps[_STAGE_MAX * _RECORD_TIME_MAX];
        _cleanup_(table_freep) Table *table = NULL;
        size_t n = collect_steps(s, steps);
        int r;

        if (n == 0)
                return 0;
        r = begin_table(progress, titles, ELEMENTSOF(titles), 2, &table);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = add_step(table, &steps[i]);
        return r < 0 ? r : table_print(table, progress);
}

static int add_diagnosis(Table *table, const ReportDiagnosis *d) {
        Word counts[2];

        return table_add_row(table, (const char *[]){report_format_count(counts[0], d->n_attempts),
                                                     report_format_count(counts[1], d->n_failed),
                                                     d->name, d->text});
}

static int print_diagnoses(const ReportSummary *s, Progress *progress) {
        static const char *const titles[] = {"ATTEMPTS", "FAILED", "DIAGNOSIS", "LAST SEEN AS"};
        size_t n = MIN_OF(s->n_diagnoses, (size_t) REPORT_TABLE_DIAGNOSES_MAX);
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (n == 0)
                return 0;
        r = begin_table(progress, titles, ELEMENTSOF(titles), ELEMENTSOF(titles), &table);
        if (r < 0)
                return r;
        table_align_right(table, 0);
        table_align_right(table, 1);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = add_diagnosis(table, report_get_diagnosis(s, i));
        return r < 0 ? r : table_print(table, progress);
}

int report_table_print(const ReportSummary *summary, Progress *progress) {
        int r;

        assert(summary);
        assert(progress);

        if (summary->count.n_attempts == 0) {
                progress_result(progress, "No attempts.");
                return 0;
        }

        print_totals(summary, progress);
        print_suspects(summary, progress);
        r = print_ports(summary, progress);
        if (r < 0)
                return r;
        r = print_days(summary, progress);
        if (r < 0)
                return r;
        r = print_steps(summary, progress);
        if (r < 0)
                return r;
        return print_diagnoses(summary, progress);
}
