/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "report.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "check-main.h"

static Report *report;
static const ReportSummary *summary;

static void set_up(void) {
        (void) setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        tzset();
        ck_assert_int_eq(report_new(&report), 0);
}

static void tear_down(void) {
        report = report_free(report);
}

/* One that was recovered by the port "pci-0:<port>" in <seconds>, on <time>, UTC. */
static RecordEntry make_entry(unsigned port, const char *time, int64_t ms) {
        RecordEntry e = {.result = RECORD_RESULT_RECOVERED, .ms = ms, .n_stages = 2};

        ck_assert_int_eq(record_clock_parse(time, &e.realtime_usec), 0);
        (void) snprintf(e.id_path, sizeof(e.id_path), "pci-0:%u", port);
        (void) snprintf(e.port, sizeof(e.port), "1-%u", port);
        e.stages[0] =
                (RecordEntryStage){STAGE_ROM, {0, 700, 690, 710, 720, 1200}, 1, 200, 0, 100000};
        e.stages[1] = (RecordEntryStage){STAGE_SPL, {2200, 2500, 2600, 2610, 2700, 3700}, 2, 400, 0,
                                         500000};
        return e;
}

static void add(const RecordEntry *e) {
        ck_assert_int_eq(report_add(report, e), 0);
}

static void add_many(unsigned n, RecordEntry e) {
        for (unsigned i = 0; i < n; i++)
                add(&e);
}

static void finish(void) {
        ck_assert_int_eq(report_finish(report, &summary), 0);
}

static const ReportPort *find_port(const char *name) {
        for (size_t i = 0; i < summary->n_ports; i++)
                if (streq(report_get_port(summary, i)->name, name))
                        return report_get_port(summary, i);
        ck_abort_msg("no port %s", name);
        return NULL;
}

#define NOON "2026-11-23T12:00:00.000000Z"

START_TEST(test_nothing) {
        finish();
        ck_assert_uint_eq(summary->count.n_attempts, 0);
        ck_assert(isnan(report_count_get_yield(&summary->count)));
        ck_assert_uint_eq(summary->whole.n, 0);
        ck_assert_uint_eq(summary->n_ports + summary->n_days + summary->n_diagnoses, 0);
        ck_assert_uint_eq(summary->first_realtime_usec, 0);
}
END_TEST

START_TEST(test_totals_and_ports) {
        RecordEntry e = make_entry(10, NOON, 4000);

        add(&e);
        e = make_entry(2, "2026-11-24T12:00:00.000000Z", 5000);
        e.has_then_failed = true;
        add(&e);
        e.result = RECORD_RESULT_FAILED;
        e.ms = 99000;
        (void) stpcpy(e.port, "3-2");
        e.realtime_usec++;
        add(&e);
        e.result = RECORD_RESULT_INTERRUPTED;
        (void) stpcpy(e.port, "2-2"); /* an older line of a second file */
        e.realtime_usec -= 2;
        add(&e);
        /* A host whose udev tells no ID_PATH. */
        e.id_path[0] = '\0';
        add(&e);
        e.port[0] = '\0';
        add(&e);
        finish();

        ck_assert_uint_eq(summary->count.n_attempts, 6);
        ck_assert_uint_eq(summary->count.n_recovered, 2);
        ck_assert_uint_eq(summary->count.n_failed, 1);
        ck_assert_uint_eq(summary->count.n_interrupted, 3);
        ck_assert_uint_eq(summary->count.n_then_failed, 5);
        ck_assert_double_eq_tol(report_count_get_yield(&summary->count), 66.667, 0.001);
        ck_assert_uint_eq(summary->first_realtime_usec, UINT64_C(1795435200000000));
        ck_assert_uint_eq(summary->last_realtime_usec, UINT64_C(1795521600000001));
        ck_assert_uint_eq(summary->whole.n, 2);
        ck_assert_int_eq(summary->whole.max_ms, 5000);

        ck_assert_uint_eq(summary->n_ports, 4);
        ck_assert_str_eq(report_get_port(summary, 0)->name, "");
        ck_assert_str_eq(report_get_port(summary, 1)->name, "2-2");
        ck_assert_str_eq(report_get_port(summary, 2)->name, "pci-0:2");
        ck_assert_str_eq(report_get_port(summary, 2)->port, "3-2");
        ck_assert_str_eq(report_get_port(summary, 3)->name, "pci-0:10");
        ck_assert_uint_eq(find_port("pci-0:2")->count.n_attempts, 3);
        ck_assert_uint_eq(find_port("pci-0:2")->n_blocks, 1800);
        ck_assert_double_eq(report_count_get_yield(&find_port("pci-0:2")->count), 50);
        ck_assert_int_eq(find_port("pci-0:10")->whole.median_ms, 4000);
}
END_TEST

/* Days begin at the midnight of this place, and have 23 hours at the end of March. */
START_TEST(test_days_are_local) {
        static const char *const times[] = {
                "2026-12-31T22:59:59.999000Z", "2026-03-28T22:59:59.000000Z",
                "2026-03-28T23:00:00.000000Z", "2026-03-29T21:59:59.000000Z",
                "2026-03-29T22:00:00.000000Z", "2026-12-31T23:00:00.000000Z",
                "9999-12-31T23:00:00.000000Z"};
        static const char *const dates[] = {"2026-03-28", "2026-03-29", "2026-03-30", "2026-12-31",
                                            "2027-01-01"};

        for (size_t i = 0; i < ELEMENTSOF(times); i++)
                add_many(1, make_entry(1, times[i], 1));
        finish();
        ck_assert_uint_eq(summary->n_days, ELEMENTSOF(dates)); /* and not the year 10000 */
        for (size_t i = 0; i < ELEMENTSOF(dates); i++)
                ck_assert_str_eq(report_get_day(summary, i)->date, dates[i]);
        ck_assert_uint_eq(report_get_day(summary, 1)->count.n_attempts, 2);
        ck_assert_int_eq(report_get_day(summary, 1)->number,
                         report_get_day(summary, 0)->number + 1);
        ck_assert_int_eq(report_get_day(summary, 4)->number,
                         report_get_day(summary, 3)->number + 1);
        ck_assert_int_eq(report_get_day(summary, 3)->number,
                         report_get_day(summary, 0)->number + 278);
}
END_TEST

START_TEST(test_percentiles_of_few) {
        for (unsigned n = 1; n <= 3; n++) {
                tear_down();
                set_up();
                for (unsigned i = n; i > 0; i--)
                        add_many(1, make_entry(1, NOON, i * 100));
                finish();
                ck_assert_int_eq(summary->whole.median_ms, n < 3 ? 100 : 200);
                ck_assert_int_eq(summary->whole.p95_ms, n * 100);
                ck_assert_int_eq(summary->whole.max_ms, n * 100);
        }
}
END_TEST

START_TEST(test_steps) {
        const ReportSteps *steps;
        RecordEntry e;

        for (int64_t i = 1; i <= 100; i++) {
                e = make_entry((unsigned) (i % 2), NOON, 10 * (101 - i));
                e.stages[0].times_ms[RECORD_TIME_LAST_BLOCK] = 720 + i;
                add(&e);
        }
        /* What did not happen is no step; what is between two others counts with the later one. */
        e = make_entry(3, NOON, 1);
        e.n_stages = 1;
        e.result = RECORD_RESULT_FAILED;
        e.stages[0] = (RecordEntryStage){STAGE_ROM, {-1, 5, -1, 9, -1, -1}, 0, 0, 0, 0};
        add(&e);
        finish();

        ck_assert_uint_eq(summary->whole.n, 100);
        ck_assert_int_eq(summary->whole.median_ms, 500);
        ck_assert_int_eq(summary->whole.p95_ms, 950);
        ck_assert_int_eq(summary->whole.max_ms, 1000);
        steps = &summary->steps;
        ck_assert_uint_eq(steps->times[STAGE_ROM][RECORD_TIME_PLUG].n, 0);
        ck_assert_int_eq(steps->times[STAGE_ROM][RECORD_TIME_LINK].median_ms, 700);
        ck_assert_int_eq(steps->times[STAGE_ROM][RECORD_TIME_REQUEST].max_ms, 0);
        ck_assert_int_eq(steps->times[STAGE_ROM][RECORD_TIME_ANSWER].max_ms, 10);
        ck_assert_uint_eq(steps->times[STAGE_ROM][RECORD_TIME_ANSWER].n, 101);
        ck_assert_int_eq(steps->times[STAGE_ROM][RECORD_TIME_LAST_BLOCK].median_ms, 50);
        ck_assert_int_eq(steps->times[STAGE_ROM][RECORD_TIME_LAST_BLOCK].p95_ms, 95);
        ck_assert_int_eq(steps->times[STAGE_SPL][RECORD_TIME_PLUG].max_ms, 2200 - 721);
        ck_assert_int_eq(steps->times[STAGE_SPL][RECORD_TIME_LAST_BLOCK].median_ms, 1000);
        steps = &find_port("pci-0:3")->steps;
        ck_assert_int_eq(steps->times[STAGE_ROM][RECORD_TIME_ANSWER].max_ms, 4);
        ck_assert_uint_eq(steps->times[STAGE_ROM][RECORD_TIME_LINK].n, 0);
        ck_assert_uint_eq(find_port("pci-0:1")->whole.n, 50);
}
END_TEST

/* A ROM that comes back begins anew, and is not one that its SPL took long to come up. */
START_TEST(test_steps_of_a_return) {
        RecordEntry e = make_entry(1, NOON, 9000);

        e.stages[2] = e.stages[1];
        e.stages[1] = e.stages[0];
        for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                e.stages[1].times_ms[time] += 5000;
        e.n_stages = 3;
        add(&e);
        finish();
        ck_assert_uint_eq(summary->steps.times[STAGE_ROM][RECORD_TIME_PLUG].n, 0);
        ck_assert_uint_eq(summary->steps.times[STAGE_ROM][RECORD_TIME_LAST_BLOCK].n, 2);
        ck_assert_int_eq(summary->steps.times[STAGE_SPL][RECORD_TIME_PLUG].max_ms, 0);
}
END_TEST

START_TEST(test_diagnoses) {
        RecordEntry e = make_entry(1, NOON, 1);

        (void) stpcpy(e.diagnosis, "slow");
        (void) stpcpy(e.diagnosis_text, "old");
        add(&e);
        e.realtime_usec += 2;
        (void) stpcpy(e.diagnosis_text, "new");
        add(&e);
        e.realtime_usec--;
        (void) stpcpy(e.diagnosis_text, "between");
        add(&e);
        (void) stpcpy(e.diagnosis, "rom-back");
        e.result = RECORD_RESULT_FAILED;
        add_many(4, e);
        (void) stpcpy(e.diagnosis, "left");
        add_many(3, e);
        finish();
        ck_assert_uint_eq(summary->n_diagnoses, 3);
        ck_assert_str_eq(report_get_diagnosis(summary, 0)->name, "rom-back");
        ck_assert_uint_eq(report_get_diagnosis(summary, 0)->n_failed, 4);
        ck_assert_str_eq(report_get_diagnosis(summary, 1)->name, "left");
        ck_assert_str_eq(report_get_diagnosis(summary, 2)->name, "slow");
        ck_assert_str_eq(report_get_diagnosis(summary, 2)->text, "new");
        ck_assert_uint_eq(report_get_diagnosis(summary, 2)->n_attempts, 3);
        ck_assert_uint_eq(report_get_diagnosis(summary, 2)->n_failed, 0);
}
END_TEST

/* --- bad cables ------------------------------------------------------------------------------- */

static RecordEntry make_trouble(unsigned port, unsigned kind) {
        RecordEntry e = make_entry(port, NOON, 4000);

        switch (kind) {
        case 0: /* stood still */
                e.result = RECORD_RESULT_FAILED;
                (void) stpcpy(e.diagnosis, "stalled-end");
                break;
        case 1: /* left, came back, and was recovered */
                e.stages[2] = e.stages[1];
                e.stages[1] = e.stages[0];
                e.stages[0] = (RecordEntryStage){STAGE_ROM, {0, 700, 690, 710, -1, -1}, 1, 0, 0, 0};
                e.n_stages = 3;
                break;
        case 2: /* left in mid-transfer */
                e.result = RECORD_RESULT_FAILED;
                e.stages[1].times_ms[RECORD_TIME_LAST_BLOCK] = -1;
                break;
        case 3: /* frames got lost */
                e.stages[1].n_retransmissions = 7;
                break;
        case 4:
                (void) stpcpy(e.diagnosis, "slow");
                break;
        case 5: /* left before its first block */
                e.result = RECORD_RESULT_FAILED;
                (void) stpcpy(e.diagnosis, "spl-left-end");
                break;
        default:
                ck_abort();
        }
        return e;
}

START_TEST(test_what_is_trouble) {
        RecordEntry e;

        for (unsigned kind = 0; kind < 6; kind++)
                add_many(kind + 1, make_trouble(kind, kind));
        /* And what is not: other failures, a few frames, what somebody interrupted. */
        e = make_entry(7, NOON, 1);
        e.stages[1].n_retransmissions = 6;
        add(&e);
        e.n_stages = 1;
        e.stages[0] = (RecordEntryStage){STAGE_ROM, {0, 700, -1, -1, -1, -1}, 0, 100, 2, 0};
        e.result = RECORD_RESULT_FAILED;
        (void) stpcpy(e.diagnosis, "rom-silent-end");
        add(&e);
        (void) stpcpy(e.diagnosis, "left-handed");
        add(&e);
        (void) stpcpy(e.diagnosis, "-end");
        add(&e);
        e = make_trouble(7, 0);
        e.result = RECORD_RESULT_INTERRUPTED;
        add(&e);
        finish();
        for (unsigned kind = 0; kind < 6; kind++)
                ck_assert_uint_eq(report_get_port(summary, kind)->n_troubled, kind + 1);
        ck_assert_uint_eq(find_port("pci-0:7")->n_troubled, 0);
        ck_assert_uint_eq(find_port("pci-0:7")->count.n_attempts, 5);
}
END_TEST

/* A rack of ten ports with @n good attempts each. */
static void add_rack(unsigned n) {
        for (unsigned port = 1; port <= 10; port++)
                add_many(n, make_entry(port, NOON, 4000));
}

START_TEST(test_bad_cable) {
        add_rack(20);
        for (unsigned kind = 0; kind < 5; kind++)
                add_many(1, make_trouble(4, kind));
        add_many(1, make_trouble(5, 0));
        add_many(1, make_trouble(6, 3));
        finish();
        ck_assert_uint_eq(summary->n_suspects, 1);
        ck_assert(find_port("pci-0:4")->is_suspect);
        ck_assert_uint_eq(find_port("pci-0:4")->n_troubled, 5);
        ck_assert_uint_eq(find_port("pci-0:4")->n_elsewhere, 182);
        ck_assert_uint_eq(find_port("pci-0:4")->n_troubled_elsewhere, 2);
}
END_TEST

/* Also if they make most of all trouble, and one is much worse than the other. */
START_TEST(test_bad_cables_do_not_hide_each_other) {
        add_rack(10);
        add_many(200, make_trouble(3, 2));
        add_many(6, make_trouble(8, 1));
        add_many(1, make_trouble(9, 1));
        finish();
        ck_assert_uint_eq(summary->n_suspects, 2);
        ck_assert(find_port("pci-0:3")->is_suspect);
        ck_assert(find_port("pci-0:8")->is_suspect);
        ck_assert_uint_eq(find_port("pci-0:3")->n_elsewhere, 81);
        ck_assert_uint_eq(find_port("pci-0:8")->n_elsewhere, 81);
        ck_assert_uint_eq(find_port("pci-0:8")->n_troubled_elsewhere, 1);
}
END_TEST

START_TEST(test_too_little_to_accuse) {
        add_rack(20);
        add_many(2, make_trouble(3, 0));  /* too few troubles */
        add_many(4, make_trouble(11, 0)); /* too few attempts */
        finish();
        ck_assert_uint_eq(summary->n_suspects, 0);
}
END_TEST

/* Two of twenty-two are nothing to accuse with, although none of two thousand had it elsewhere; nor is a
 * difference that is certain but small. */
START_TEST(test_certain_but_small) {
        add_rack(200);
        add_many(20, make_entry(11, NOON, 1));
        add_many(2, make_trouble(11, 0));
        finish();
        ck_assert_uint_eq(summary->n_suspects, 0);
        tear_down();

        set_up();
        for (unsigned port = 1; port <= 10; port++) {
                add_many(80, make_entry(port, NOON, 1));
                add_many(port == 1 ? 65 : 35, make_trouble(port, 0));
        }
        finish();
        ck_assert_uint_eq(summary->n_suspects, 0);
}
END_TEST

START_TEST(test_all_alike) {
        for (unsigned port = 1; port <= 10; port++) {
                add_many(10, make_trouble(port, 2));
                add_many(10 + port % 3, make_entry(port, NOON, 4000));
        }
        add_many(5, make_trouble(1, 2)); /* worse, but not twice as bad */
        finish();
        ck_assert_uint_eq(summary->n_suspects, 0);
}
END_TEST

START_TEST(test_only_port) {
        add_many(50, make_trouble(1, 0));
        finish();
        ck_assert_uint_eq(summary->n_suspects, 0);
        ck_assert_uint_eq(find_port("pci-0:1")->n_troubled, 50);
}
END_TEST

/* Good racks with the same share of trouble everywhere: the promise is that one of a hundred accuses a
 * port. */
START_TEST(test_rarely_accuses_the_innocent) {
        unsigned n_accused = 0, seed = 1;

        for (unsigned rack = 0; rack < 100; rack++) {
                for (unsigned i = 0; i < 200; i++) {
                        seed = seed * 1103515245 + 12345;
                        add_many(1, (seed >> 16) % 20 == 0 ? make_trouble(i % 10, 0)
                                                           : make_entry(i % 10, NOON, 1));
                }
                finish();
                n_accused += summary->n_suspects > 0;
                tear_down();
                set_up();
        }
        ck_assert_uint_le(n_accused, 3);
}
END_TEST

/* Ports, days and names that an enemy made up, in an order that is bad for lists. */
START_TEST(test_many_of_everything) {
        RecordEntry e = make_entry(1, "1970-01-01T00:00:00.000000Z", 1);

        e.n_stages = 1;
        for (unsigned i = 0; i < 3000; i++) {
                (void) snprintf(e.id_path, sizeof(e.id_path), "x%u", 3000 - i);
                (void) snprintf(e.diagnosis, sizeof(e.diagnosis), "d%u", i * 7919 % 3000);
                e.realtime_usec = RECORD_CLOCK_MAX_USEC - i * 86400 * USEC_PER_SEC;
                add(&e);
        }
        finish();
        ck_assert_uint_eq(summary->n_ports, 3000);
        ck_assert_uint_ge(summary->n_days, 2999);
        ck_assert_uint_eq(summary->n_diagnoses, 3000);
        ck_assert_str_eq(report_get_port(summary, 9)->name, "x10");
}
END_TEST

TEST_MAIN_AROUND("report", set_up, tear_down, test_nothing, test_totals_and_ports,
                 test_days_are_local, test_percentiles_of_few, test_steps, test_steps_of_a_return,
                 test_diagnoses, test_what_is_trouble, test_bad_cable,
                 test_bad_cables_do_not_hide_each_other, test_too_little_to_accuse,
                 test_certain_but_small, test_all_alike, test_only_port,
                 test_rarely_accuses_the_innocent, test_many_of_everything)
