/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation: bad cables
 *
 * A board that does not work fails on every port; a cable that does not work fails with every board. So
 * ports are compared with each other, by the attempts that had the kind of trouble that a cable, a plug
 * or a hub makes:
 *
 * - the board left in the middle: one of its stages has no last block, and either had begun to fetch its
 *   file or was followed by another one;
 * - it failed, or nearly so, with a diagnosis of this kind (link_diagnoses);
 * - more than one block in a hundred had to be sent again (and at least LOSSES_MIN of them).
 *
 * An attempt counts once, however much of this it had: bursts of lost frames are one event and not a
 * thousand. Attempts that somebody interrupted do not count.
 *
 * A port is suspected if it had TROUBLES_MIN such attempts of at least ATTEMPTS_MIN, at least RATIO times
 * the share that the other ports together have, and if chance alone would hardly do that: Fisher's exact
 * test, one-sided, says less than SIGNIFICANCE, divided by the number of ports that could be suspected
 * (Bonferroni), so that of a hundred reports of good racks one accuses a port. The worst port goes first
 * and does not count as one of the others any more: two bad cables must not hide each other. Where all
 * ports are alike, all good or all bad, none is suspected; nor is the only one. */

#include "report.h"

#include <assert.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <time.h>

#include "fisher.h"

#define LOSSES_MIN   3u
#define ATTEMPTS_MIN 5u
#define TROUBLES_MIN 3u
#define RATIO        2u
#define SIGNIFICANCE 0.01
#define SUSPECTS_MAX 64u /* bounds the work; no rack has more */

#define SEC_PER_DAY 86400

/* As the record has them, without a trailing "-end". */
static const char *const link_diagnoses[] = {"keeps-leaving", "left", "slow", "spl-left",
                                             "stalled"};

typedef struct Samples {
        uint32_t *ms;
        size_t n, n_allocated;
} Samples;

typedef struct Port {
        ReportPort public; /* first: is what it points to */
        char *name;
        char port[USB_PORT_LEN_MAX + 1];
        uint64_t port_usec; /* when it went by that */
        Samples whole;
        Samples steps[_STAGE_MAX][_RECORD_TIME_MAX];
} Port;

typedef struct Diagnosis {
        ReportDiagnosis public;
        char *name;
        char *text;
        uint64_t text_usec;
} Diagnosis;

/* Objects in a tree, by key, and in an array. */
typedef struct Index {
        void *tree;
        void **objects;
        size_t n;
} Index;

struct Report {
        ReportSummary summary;
        Index ports, days, diagnoses;
};

static double percent(uint64_t part, uint64_t whole) {
        return whole > 0 ? 100.0 * (double) part / (double) whole : NAN;
}

double report_count_get_yield(const ReportCount *c) {
        assert(c);

        return percent(c->n_recovered, c->n_recovered + c->n_failed);
}

/* --- objects by key --------------------------------------------------------------------------- */

static int compare_ports(const void *a, const void *b) {
        return strverscmp(((const ReportPort *) a)->name, ((const ReportPort *) b)->name);
}

static int compare_days(const void *a, const void *b) {
        int64_t x = ((const ReportDay *) a)->number, y = ((const ReportDay *) b)->number;

        return (x > y) - (x < y);
}

static int compare_diagnoses(const void *a, const void *b) {
        return strcmp(((const ReportDiagnosis *) a)->name, ((const ReportDiagnosis *) b)->name);
}

static void *index_find(const Index *index, const void *key,
                        int (*compare)(const void *, const void *)) {
        void *node = tfind(key, (void *const *) &index->tree, compare);

        return node ? *(void **) node : NULL;
}

/* Consumes @object only on success. */
static int index_add(Index *index, void *object, int (*compare)(const void *, const void *)) {
        void **grown;

        /* In powers of two. */
        if ((index->n & (index->n - 1)) == 0) {
                grown = reallocarray(index->objects, MAX_OF(2 * index->n, (size_t) 1),
                                     sizeof(void *));
                if (!grown)
                        return -ENOMEM;
                index->objects = grown;
        }
        if (!tsearch(object, &index->tree, compare))
                return -ENOMEM;
        index->objects[index->n++] = object;
        return 0;
}

static void keep_object(void *object) {
}

static void index_done(Index *index) {
        tdestroy(index->tree, keep_object);
        free(index->objects);
}

/* --- life ------------------------------------------------------------------------------------- */

int report_new(Report **ret) {
        assert(ret);

        *ret = calloc(1, sizeof(Report));
        return *ret ? 0 : -ENOMEM;
}

static Port *port_free(Port *p) {
        if (!p)
                return NULL;

        for (Stage stage = 0; stage < _STAGE_MAX; stage++)
                for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                        free(p->steps[stage][time].ms);
        free(p->whole.ms);
        free(p->name);
        free(p);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Port, port_free);

static Diagnosis *diagnosis_free(Diagnosis *d) {
        if (!d)
                return NULL;

        free(d->name);
        free(d->text);
        free(d);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Diagnosis, diagnosis_free);

Report *report_free(Report *r) {
        if (!r)
                return NULL;

        for (size_t i = 0; i < r->ports.n; i++)
                port_free(r->ports.objects[i]);
        for (size_t i = 0; i < r->days.n; i++)
                free(r->days.objects[i]);
        for (size_t i = 0; i < r->diagnoses.n; i++)
                diagnosis_free(r->diagnoses.objects[i]);
        index_done(&r->ports);
        index_done(&r->days);
        index_done(&r->diagnoses);
        free(r);
        return NULL;
}

/* --- attempts --------------------------------------------------------------------------------- */

static void count(ReportCount *c, const RecordEntry *e) {
        c->n_attempts++;
        c->n_then_failed += e->has_then_failed;
        switch (e->result) {
        case RECORD_RESULT_RECOVERED:
                c->n_recovered++;
                break;
        case RECORD_RESULT_FAILED:
                c->n_failed++;
                break;
        case RECORD_RESULT_INTERRUPTED:
        case _RECORD_RESULT_MAX:
                c->n_interrupted++;
                break;
        }
}

static int samples_add(Samples *s, int64_t ms) {
        if (s->n == s->n_allocated) {
                size_t n = MAX_OF(2 * s->n_allocated, (size_t) 8);
                uint32_t *grown = reallocarray(s->ms, n, sizeof(uint32_t));

                if (!grown)
                        return -ENOMEM;
                s->ms = grown;
                s->n_allocated = n;
        }
        s->ms[s->n++] = (uint32_t) MIN_OF(ms, (int64_t) UINT32_MAX);
        return 0;
}

static bool is_of_the_link(const char *diagnosis) {
        size_t len = strlen(diagnosis);

        if (len > STRLEN("-end") && streq(diagnosis + len - STRLEN("-end"), "-end"))
                len -= STRLEN("-end");
        for (size_t i = 0; i < ELEMENTSOF(link_diagnoses); i++)
                if (strlen(link_diagnoses[i]) == len &&
                    strncmp(link_diagnoses[i], diagnosis, len) == 0)
                        return true;
        return false;
}

static bool is_troubled(const RecordEntry *e) {
        uint64_t n_blocks = 0, n_retransmissions = 0;

        if (is_of_the_link(e->diagnosis))
                return true;
        for (size_t i = 0; i < e->n_stages; i++) {
                const RecordEntryStage *s = &e->stages[i];
                bool has_begun = s->times_ms[RECORD_TIME_FIRST_BLOCK] >= 0;

                if (s->times_ms[RECORD_TIME_LAST_BLOCK] < 0 && (has_begun || i + 1 < e->n_stages))
                        return true;
                n_blocks += s->n_blocks;
                n_retransmissions += s->n_retransmissions;
        }
        return n_retransmissions >= LOSSES_MIN && n_retransmissions * 100 > n_blocks;
}

/* From one time that is known to the next. A request that comes before the link is up waits for that: no
 * step lasts less than nothing. */
static int add_steps(Port *p, const RecordEntry *e) {
        for (size_t i = 0; i < e->n_stages; i++) {
                const RecordEntryStage *s = &e->stages[i];
                int64_t last = -1;

                if (i > 0 && s->stage != e->stages[i - 1].stage)
                        last = e->stages[i - 1].times_ms[RECORD_TIME_LAST_BLOCK];
                for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++) {
                        int64_t ms = s->times_ms[time];

                        if (ms < 0)
                                continue;
                        if (last >= 0 &&
                            samples_add(&p->steps[s->stage][time], MAX_OF(ms - last, 0)) < 0)
                                return -ENOMEM;
                        last = MAX_OF(last, ms);
                }
        }
        return 0;
}

static int find_port(Report *r, const char *name, Port **ret) {
        _cleanup_(port_freep) Port *p = NULL;
        const ReportPort key = {.name = name};
        int k;

        *ret = index_find(&r->ports, &key, compare_ports);
        if (*ret)
                return 0;

        p = calloc(1, sizeof(Port));
        if (!p)
                return -ENOMEM;
        p->public.name = p->name = strdup(name);
        p->public.port = p->port;
        if (!p->name)
                return -ENOMEM;
        k = index_add(&r->ports, p, compare_ports);
        if (k < 0)
                return k;

        *ret = TAKE_PTR(p);
        return 0;
}

static int add_to_port(Report *r, const RecordEntry *e) {
        Port *p = NULL;
        int k;

        k = find_port(r, *e->id_path ? e->id_path : e->port, &p);
        if (k < 0)
                return k;

        count(&p->public.count, e);
        if (*e->port && e->realtime_usec >= p->port_usec) {
                (void) strcpy(p->port, e->port);
                p->port_usec = e->realtime_usec;
        }
        for (size_t i = 0; i < e->n_stages; i++) {
                p->public.n_blocks += e->stages[i].n_blocks;
                p->public.n_retransmissions += e->stages[i].n_retransmissions;
        }
        if (e->result != RECORD_RESULT_INTERRUPTED && is_troubled(e))
                p->public.n_troubled++;
        if (e->result == RECORD_RESULT_RECOVERED && samples_add(&p->whole, e->ms) < 0)
                return -ENOMEM;
        return add_steps(p, e);
}

static int add_to_day(Report *r, const RecordEntry *e) {
        time_t seconds = (time_t) (e->realtime_usec / USEC_PER_SEC);
        _cleanup_free_ ReportDay *day = NULL;
        struct tm local = {}, date;
        ReportDay key, *found;
        int k;

        if (!localtime_r(&seconds, &local))
                return 0;
        date = (struct tm){
                .tm_year = local.tm_year, .tm_mon = local.tm_mon, .tm_mday = local.tm_mday};
        key = (ReportDay){.number = timegm(&date) / SEC_PER_DAY};
        found = index_find(&r->days, &key, compare_days);
        if (found) {
                count(&found->count, e);
                return 0;
        }

        day = malloc(sizeof(ReportDay));
        if (!day)
                return -ENOMEM;
        *day = key;
        if (strftime(day->date, sizeof(day->date), "%Y-%m-%d", &date) == 0)
                return 0; /* the year 10000 has come here, but not yet in Greenwich */
        k = index_add(&r->days, day, compare_days);
        if (k < 0)
                return k;
        count(&day->count, e);
        TAKE_PTR(day);
        return 0;
}

static int find_diagnosis(Report *r, const char *name, Diagnosis **ret) {
        _cleanup_(diagnosis_freep) Diagnosis *d = NULL;
        const ReportDiagnosis key = {.name = name};
        int k;

        *ret = index_find(&r->diagnoses, &key, compare_diagnoses);
        if (*ret)
                return 0;

        d = calloc(1, sizeof(Diagnosis));
        if (!d)
                return -ENOMEM;
        d->public.name = d->name = strdup(name);
        d->public.text = "";
        if (!d->name)
                return -ENOMEM;
        k = index_add(&r->diagnoses, d, compare_diagnoses);
        if (k < 0)
                return k;

        *ret = TAKE_PTR(d);
        return 0;
}

static int add_diagnosis(Report *r, const RecordEntry *e) {
        Diagnosis *d = NULL;
        char *text;
        int k;

        if (!*e->diagnosis)
                return 0;
        k = find_diagnosis(r, e->diagnosis, &d);
        if (k < 0)
                return k;

        d->public.n_attempts++;
        d->public.n_failed += e->result == RECORD_RESULT_FAILED;
        if (e->realtime_usec < d->text_usec || streq(e->diagnosis_text, d->public.text))
                return 0;
        text = strdup(e->diagnosis_text);
        if (!text)
                return -ENOMEM;
        free(d->text);
        d->public.text = d->text = text;
        d->text_usec = e->realtime_usec;
        return 0;
}

int report_add(Report *r, const RecordEntry *entry) {
        ReportSummary *s;
        int k;

        assert(r);
        assert(entry);

        s = &r->summary;
        if (s->count.n_attempts == 0 || entry->realtime_usec < s->first_realtime_usec)
                s->first_realtime_usec = entry->realtime_usec;
        s->last_realtime_usec = MAX_OF(s->last_realtime_usec, entry->realtime_usec);
        count(&s->count, entry);

        k = add_to_port(r, entry);
        if (k < 0)
                return k;
        k = add_to_day(r, entry);
        if (k < 0)
                return k;
        return add_diagnosis(r, entry);
}

/* --- times ------------------------------------------------------------------------------------ */

static int compare_ms(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

/* The smallest of @s, which is sorted, that @p percent of them do not exceed. */
static int64_t find_percentile(const Samples *s, unsigned p) {
        size_t rank = (s->n * p + 99) / 100;

        return s->ms[MAX_OF(rank, (size_t) 1) - 1];
}

static ReportTimes summarise(Samples *s) {
        if (s->n == 0)
                return (ReportTimes){};

        qsort(s->ms, s->n, sizeof(uint32_t), compare_ms);
        return (ReportTimes){
                .n = s->n,
                .median_ms = find_percentile(s, 50),
                .p95_ms = find_percentile(s, 95),
                .max_ms = s->ms[s->n - 1],
        };
}

static int append_samples(Samples *to, const Samples *from) {
        uint32_t *grown;

        if (from->n == 0)
                return 0;
        grown = reallocarray(to->ms, to->n + from->n, sizeof(uint32_t));
        if (!grown)
                return -ENOMEM;
        to->ms = grown;
        memcpy(to->ms + to->n, from->ms, from->n * sizeof(uint32_t));
        to->n += from->n;
        return 0;
}

static Samples *get_samples(Port *p, Stage stage, RecordTime time) {
        return stage == _STAGE_MAX ? &p->whole : &p->steps[stage][time];
}

/* Of each port and of all together; @stage _STAGE_MAX: whole recoveries. */
static int finish_times(Report *r, Stage stage, RecordTime time) {
        ReportTimes *ret =
                stage == _STAGE_MAX ? &r->summary.whole : &r->summary.steps.times[stage][time];
        Samples all = {};
        int k = 0;

        for (size_t i = 0; i < r->ports.n && k >= 0; i++) {
                Port *p = r->ports.objects[i];
                Samples *s = get_samples(p, stage, time);
                ReportTimes times = summarise(s);

                if (stage == _STAGE_MAX)
                        p->public.whole = times;
                else
                        p->public.steps.times[stage][time] = times;
                k = append_samples(&all, s);
        }
        if (k >= 0)
                *ret = summarise(&all);
        free(all.ms);
        return k;
}

static int finish_all_times(Report *r) {
        int k = finish_times(r, _STAGE_MAX, 0);

        for (Stage stage = 0; stage < _STAGE_MAX && k >= 0; stage++)
                for (RecordTime time = 0; time < _RECORD_TIME_MAX && k >= 0; time++)
                        k = finish_times(r, stage, time);
        return k;
}

/* --- bad cables ------------------------------------------------------------------------------- */

/* Attempts that nobody interrupted, and those of them that were troubled. */
typedef struct Troubles {
        uint64_t n, n_troubled;
} Troubles;

static Troubles get_troubles(const ReportPort *p) {
        return (Troubles){p->count.n_recovered + p->count.n_failed, p->n_troubled};
}

static bool could_be_suspect(const ReportPort *p) {
        return !p->is_suspect && get_troubles(p).n >= ATTEMPTS_MIN;
}

/* How likely chance alone does what happened at @p; 1 if it is not worth a thought. @all: of all ports
 * that are not suspect. */
static double get_likelihood(const ReportPort *p, const Troubles *all) {
        Troubles here = get_troubles(p);
        Troubles elsewhere = {all->n - here.n, all->n_troubled - here.n_troubled};

        if (here.n_troubled < TROUBLES_MIN || elsewhere.n < ATTEMPTS_MIN ||
            (double) here.n_troubled * (double) elsewhere.n <
                    RATIO * (double) elsewhere.n_troubled * (double) here.n)
                return 1;
        return fisher_test(here.n_troubled, here.n, elsewhere.n_troubled, elsewhere.n);
}

static ReportPort *find_worst(const Report *r, const Troubles *all, double limit) {
        ReportPort *worst = NULL;

        for (size_t i = 0; i < r->ports.n; i++) {
                ReportPort *p = r->ports.objects[i];
                double likelihood;

                if (!could_be_suspect(p))
                        continue;
                likelihood = get_likelihood(p, all);
                if (likelihood < limit) {
                        limit = likelihood;
                        worst = p;
                }
        }
        return worst;
}

static void find_suspects(Report *r) {
        ReportSummary *s = &r->summary;
        size_t n_possible = 0;
        Troubles all = {};

        for (size_t i = 0; i < r->ports.n; i++) {
                Troubles here = get_troubles(r->ports.objects[i]);

                all.n += here.n;
                all.n_troubled += here.n_troubled;
                n_possible += could_be_suspect(r->ports.objects[i]);
        }

        while (n_possible > 0 && s->n_suspects < SUSPECTS_MAX) {
                ReportPort *p = find_worst(r, &all, SIGNIFICANCE / (double) n_possible);

                if (!p)
                        break;
                all.n -= get_troubles(p).n;
                all.n_troubled -= p->n_troubled;
                p->is_suspect = true;
                s->n_suspects++;
        }

        for (size_t i = 0; i < r->ports.n; i++) {
                ReportPort *p = r->ports.objects[i];

                if (!p->is_suspect)
                        continue;
                p->n_elsewhere = all.n;
                p->n_troubled_elsewhere = all.n_troubled;
        }
}

/* --- the summary ------------------------------------------------------------------------------ */

static int sort_ports(const void *a, const void *b) {
        return compare_ports(*(const void *const *) a, *(const void *const *) b);
}

static int sort_days(const void *a, const void *b) {
        return compare_days(*(const void *const *) a, *(const void *const *) b);
}

static int sort_diagnoses(const void *a, const void *b) {
        const ReportDiagnosis *x = *(const void *const *) a, *y = *(const void *const *) b;

        if (x->n_attempts != y->n_attempts)
                return x->n_attempts < y->n_attempts ? 1 : -1;
        return compare_diagnoses(x, y);
}

static void sort(Index *index, int (*compare)(const void *, const void *)) {
        if (index->n > 0)
                qsort(index->objects, index->n, sizeof(void *), compare);
}

int report_finish(Report *r, const ReportSummary **ret) {
        ReportSummary *s;
        int k;

        assert(r);
        assert(ret);

        k = finish_all_times(r);
        if (k < 0)
                return k;
        find_suspects(r);

        sort(&r->ports, sort_ports);
        sort(&r->days, sort_days);
        sort(&r->diagnoses, sort_diagnoses);
        s = &r->summary;
        s->ports = r->ports.objects;
        s->n_ports = r->ports.n;
        s->days = r->days.objects;
        s->n_days = r->days.n;
        s->diagnoses = r->diagnoses.objects;
        s->n_diagnoses = r->diagnoses.n;

        *ret = s;
        return 0;
}
