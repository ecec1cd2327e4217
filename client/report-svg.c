/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * Everything has its place by arithmetic: no text can be measured here, so where it might run into
 * something it has a font of fixed width, or so much room that it fits with any. From top to bottom:
 *
 *     title and totals
 *     yield by day            a line of dots, 0 to 100 %
 *     attempts by day         bars: recovered, failed, interrupted; below them the dates
 *     ports, a row each       name │ yield │ the medians of its steps, one behind the other
 *
 * Colours are told apart by people who cannot tell red from green, and in grey. */

#include "report-svg.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "report-words.h"

#define WIDTH  1000.0
#define MARGIN 24.0
#define RIGHT  (WIDTH - MARGIN)

#define HEADER_HEIGHT 92.0
#define LINE_HEIGHT   18.0

#define DAYS_LEFT     (MARGIN + 56)
#define DAYS_RIGHT    (RIGHT - 20) /* half a date of the last bar may be beyond it */
#define YIELD_HEIGHT  90.0
#define BARS_HEIGHT   120.0
#define PANEL_GAP     46.0 /* a heading is in it */
#define AXIS_HEIGHT   24.0
#define DATE_WIDTH    84.0 /* "2026-11-23", and room */
#define BAR_WIDTH_MAX 48.0

#define ROW_HEIGHT        20.0
#define NAME_LEN_MAX      34u /* of 6.7 pixels */
#define PORT_YIELD_LEFT   (MARGIN + 246)
#define PORT_YIELD_RIGHT  (PORT_YIELD_LEFT + 120)
#define PORT_STEPS_LEFT   (PORT_YIELD_RIGHT + 150) /* between them: "97.5 % of 1234" */
#define PORT_STEPS_RIGHT  (RIGHT - 52)             /* behind it: "125 s" */
#define LEGEND_WIDTH      100.0
#define LEGEND_LEFT       (PORT_STEPS_LEFT + 36) /* before it: "ROM" */
#define PORTS_HEAD_HEIGHT 74.0                   /* headings, legend, numbers of the axes */
#define SUSPECTS_MAX      4u

#define SEC_PER_DAY 86400

#define COLOUR_RECOVERED   "#1b9e77"
#define COLOUR_FAILED      "#b2182b"
#define COLOUR_INTERRUPTED "#b8b8b8"
#define COLOUR_TEXT        "#222222"
#define COLOUR_FAINT       "#666666"
#define COLOUR_PAPER       "#ffffff"
#define COLOUR_GRID        "#dddddd"

/* Steps that one colour stands for, from @first to @last of a stage. */
typedef struct Segment {
        Stage stage;
        RecordTime first, last;
        const char *colour;
        const char *title;
} Segment;

static const Segment segments[] = {
        {STAGE_ROM, RECORD_TIME_LINK, RECORD_TIME_LINK, "#c6dbef", "link up"},
        {STAGE_ROM, RECORD_TIME_REQUEST, RECORD_TIME_FIRST_BLOCK, "#6baed6", "asks"},
        {STAGE_ROM, RECORD_TIME_LAST_BLOCK, RECORD_TIME_LAST_BLOCK, "#2171b5", "loads SPL"},
        {STAGE_SPL, RECORD_TIME_PLUG, RECORD_TIME_PLUG, "#bdbdbd", "starts"},
        {STAGE_SPL, RECORD_TIME_LINK, RECORD_TIME_LINK, "#fdd0a2", "link up"},
        {STAGE_SPL, RECORD_TIME_REQUEST, RECORD_TIME_FIRST_BLOCK, "#fd8d3c", "asks"},
        {STAGE_SPL, RECORD_TIME_LAST_BLOCK, RECORD_TIME_LAST_BLOCK, "#a63603", "loads U-Boot"},
};

static const char *const stage_titles[_STAGE_MAX] = {
        [STAGE_ROM] = "ROM",
        [STAGE_SPL] = "SPL",
};

typedef enum Anchor {
        ANCHOR_START,
        ANCHOR_MIDDLE,
        ANCHOR_END,
} Anchor;

/* --- elements --------------------------------------------------------------------------------- */

static void put_escaped(FILE *f, const char *text) {
        for (; *text; text++)
                switch (*text) {
                case '&':
                        (void) fputs("&amp;", f);
                        break;
                case '<':
                        (void) fputs("&lt;", f);
                        break;
                case '>':
                        (void) fputs("&gt;", f);
                        break;
                default:
                        (void) fputc(*text, f);
                }
}

/* @class: one of those in put_header(). */
static void put_text(FILE *f, double x, double y, Anchor anchor, const char *class,
                     const char *format, ...) _printf_(6, 7);

static void put_text(FILE *f, double x, double y, Anchor anchor, const char *class,
                     const char *format, ...) {
        static const char *const anchors[] = {
                [ANCHOR_START] = "start",
                [ANCHOR_MIDDLE] = "middle",
                [ANCHOR_END] = "end",
        };
        char text[512];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        (void) fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y,
                       anchors[anchor], class);
        put_escaped(f, text);
        (void) fputs("</text>\n", f);
}

static void put_rect(FILE *f, double x, double y, double width, double height, const char *colour) {
        if (width <= 0 || height <= 0)
                return;
        (void) fprintf(f,
                       "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n",
                       x, y, width, height, colour);
}

static void put_line(FILE *f, double x1, double y1, double x2, double y2, const char *colour) {
        (void) fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
                       x1, y1, x2, y2, colour);
}

/* What follows, up to put_group_end(), shows @format when somebody points at it. */
static void put_group(FILE *f, const char *format, ...) _printf_(2, 3);

static void put_group(FILE *f, const char *format, ...) {
        char text[512];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        (void) fputs("<g><title>", f);
        put_escaped(f, text);
        (void) fputs("</title>\n", f);
}

static void put_group_end(FILE *f) {
        (void) fputs("</g>\n", f);
}

static double put_legend(FILE *f, double x, double y, const char *colour, const char *title) {
        put_rect(f, x, y - 9, 10, 10, colour);
        put_text(f, x + 15, y, ANCHOR_START, "small", "%s", title);
        return x + LEGEND_WIDTH;
}

/* A step of an axis that has @n_max of them at most up to @max: 1, 2 or 5 times a power of ten. */
static double find_tick(double max, unsigned n_max, double smallest) {
        static const double factors[] = {1, 2, 5};

        for (double power = smallest;; power *= 10)
                for (size_t i = 0; i < ELEMENTSOF(factors); i++)
                        if (power * factors[i] * n_max >= max)
                                return power * factors[i];
}

static const char *format_counts(char text[static 160], const ReportCount *c) {
        char yield[REPORT_WORD_LEN_MAX];

        (void) snprintf(text, 160,
                        "%" PRIu64 " recovered, %" PRIu64 " failed (yield %s), %" PRIu64
                        " interrupted",
                        c->n_recovered, c->n_failed,
                        report_format_percent(yield, report_count_get_yield(c)), c->n_interrupted);
        return text;
}

/* --- header ----------------------------------------------------------------------------------- */

static void put_header(FILE *f, double height) {
        (void) fprintf(f,
                       REPORT_SVG_MAGIC
                       "xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                       "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n"
                       "<title>Recoveries</title>\n"
                       "<style>\n"
                       "text { font-family: 'DejaVu Sans', Verdana, sans-serif; font-size: 12px; "
                       "fill: " COLOUR_TEXT "; }\n"
                       ".title { font-size: 20px; font-weight: bold; }\n"
                       ".head { font-size: 14px; font-weight: bold; }\n"
                       ".small { font-size: 11px; fill: " COLOUR_FAINT "; }\n"
                       ".name { font-family: 'DejaVu Sans Mono', monospace; font-size: 11px; }\n"
                       ".bad { fill: " COLOUR_FAILED "; font-weight: bold; }\n"
                       "</style>\n",
                       WIDTH, height, WIDTH, height);
        put_rect(f, 0, 0, WIDTH, height, COLOUR_PAPER);
}

static void put_totals(FILE *f, const ReportSummary *s) {
        char from[REPORT_WORD_LEN_MAX], to[REPORT_WORD_LEN_MAX], times[3][REPORT_WORD_LEN_MAX];
        char counts[160];

        put_text(f, MARGIN, 36, ANCHOR_START, "title", "Recoveries");
        if (s->count.n_attempts == 0) {
                put_text(f, MARGIN, 60, ANCHOR_START, "plain", "No attempts.");
                return;
        }

        put_text(f, MARGIN, 60, ANCHOR_START, "plain", "%" PRIu64 " attempt%s from %s to %s: %s",
                 s->count.n_attempts, s->count.n_attempts == 1 ? "" : "s",
                 report_format_clock(from, s->first_realtime_usec),
                 report_format_clock(to, s->last_realtime_usec), format_counts(counts, &s->count));
        if (s->whole.n > 0)
                put_text(f, MARGIN, 60 + LINE_HEIGHT, ANCHOR_START, "plain",
                         "A recovery takes %s (median; 95 %% of them up to %s, the longest %s)",
                         report_format_ms(times[0], s->whole.median_ms),
                         report_format_ms(times[1], s->whole.p95_ms),
                         report_format_ms(times[2], s->whole.max_ms));
}

/* The middle of a name that is too long is what tells least. */
static const char *shorten(char name[static NAME_LEN_MAX + 3], const char *full) {
        size_t len = strlen(full);

        if (len <= NAME_LEN_MAX)
                (void) snprintf(name, NAME_LEN_MAX + 3, "%s", *full ? full : "unknown port");
        else
                (void) snprintf(name, NAME_LEN_MAX + 3, "%.*s\u2026%s", (int) NAME_LEN_MAX / 2,
                                full, full + len - (NAME_LEN_MAX - NAME_LEN_MAX / 2 - 1));
        return name;
}

static double get_suspects_height(const ReportSummary *s) {
        return (double) (MIN_OF(s->n_suspects, (size_t) SUSPECTS_MAX) +
                         (s->n_suspects > SUSPECTS_MAX)) *
               LINE_HEIGHT;
}

static void put_suspects(FILE *f, const ReportSummary *s) {
        char name[NAME_LEN_MAX + 3];
        double y = HEADER_HEIGHT + 4;
        size_t n = 0;

        for (size_t i = 0; i < s->n_ports && n < SUSPECTS_MAX; i++) {
                const ReportPort *p = report_get_port(s, i);

                if (!p->is_suspect)
                        continue;
                n++;
                put_text(f, MARGIN, y, ANCHOR_START, "bad",
                         "Cable likely bad: %s (link trouble in %" PRIu64 " of %" PRIu64
                         " attempts, elsewhere in %" PRIu64 " of %" PRIu64 ")",
                         shorten(name, p->name), p->n_troubled,
                         p->count.n_recovered + p->count.n_failed, p->n_troubled_elsewhere,
                         p->n_elsewhere);
                y += LINE_HEIGHT;
        }
        if (s->n_suspects > n)
                put_text(f, MARGIN, y, ANCHOR_START, "bad", "and on %zu more ports",
                         s->n_suspects - n);
}

/* --- days ------------------------------------------------------------------------------------- */

/* A bar stands for some days in succession. */
typedef struct Bars {
        ReportCount counts[REPORT_SVG_BARS_MAX];
        size_t n;
        int64_t first; /* number of the first day of the first bar */
        int64_t n_days_each;
        uint64_t most; /* attempts in one */
} Bars;

static void add_counts(ReportCount *to, const ReportCount *c) {
        to->n_attempts += c->n_attempts;
        to->n_recovered += c->n_recovered;
        to->n_failed += c->n_failed;
        to->n_interrupted += c->n_interrupted;
}

/* Days without attempts have a place, too. */
static void make_bars(const ReportSummary *s, Bars *b) {
        int64_t n_days;

        *b = (Bars){.first = report_get_day(s, 0)->number};
        n_days = report_get_day(s, s->n_days - 1)->number - b->first + 1;
        b->n_days_each = (n_days + REPORT_SVG_BARS_MAX - 1) / REPORT_SVG_BARS_MAX;
        b->n = (size_t) ((n_days + b->n_days_each - 1) / b->n_days_each);
        for (size_t i = 0; i < s->n_days; i++) {
                const ReportDay *d = report_get_day(s, i);
                ReportCount *bar = &b->counts[(d->number - b->first) / b->n_days_each];

                add_counts(bar, &d->count);
                b->most = MAX_OF(b->most, bar->n_attempts);
        }
}

static int64_t get_first_day(const Bars *b, size_t i) {
        return b->first + (int64_t) i * b->n_days_each;
}

static const char *format_date(char date[static REPORT_DATE_LEN + 1], int64_t day_number) {
        time_t seconds = (time_t) day_number * SEC_PER_DAY;
        struct tm day = {};

        if (!gmtime_r(&seconds, &day) || strftime(date, REPORT_DATE_LEN + 1, "%Y-%m-%d", &day) == 0)
                date[0] = '\0'; /* in the year 10000 */
        return date;
}

static double get_bar_pitch(const Bars *b) {
        return (DAYS_RIGHT - DAYS_LEFT) / (double) b->n;
}

static double get_bar_middle(const Bars *b, size_t i) {
        return DAYS_LEFT + ((double) i + 0.5) * get_bar_pitch(b);
}

/* What is drawn for one bar, and says which days those are and what they had. */
static void put_bar_group(FILE *f, const Bars *b, size_t i) {
        char dates[2][REPORT_DATE_LEN + 1], counts[160];
        int64_t first = get_first_day(b, i);

        if (b->n_days_each == 1)
                put_group(f, "%s: %s", format_date(dates[0], first),
                          format_counts(counts, &b->counts[i]));
        else
                put_group(f, "%s to %s: %s", format_date(dates[0], first),
                          format_date(dates[1], first + b->n_days_each - 1),
                          format_counts(counts, &b->counts[i]));
}

/* Yields of a station are between 90 and 100 percent, and its differences are to be seen; of one that is
 * worse the axis begins lower. */
typedef struct YieldAxis {
        double top;
        unsigned min, tick; /* percent */
} YieldAxis;

static YieldAxis make_yield_axis(const Bars *b, double top) {
        static const YieldAxis axes[] = {{0, 90, 2}, {0, 80, 5}, {0, 50, 10}, {0, 0, 25}};
        double lowest = 100;
        size_t i = 0;

        for (size_t k = 0; k < b->n; k++)
                lowest = fmin(lowest, report_count_get_yield(&b->counts[k])); /* which skips NaN */
        while (lowest < axes[i].min)
                i++;
        return (YieldAxis){top, axes[i].min, axes[i].tick};
}

static double get_yield_y(const YieldAxis *axis, double yield) {
        return axis->top + YIELD_HEIGHT * (100 - yield) / (100 - axis->min);
}

static void put_yield_axis(FILE *f, const YieldAxis *axis, const Bars *b) {
        if (b->n_days_each == 1)
                put_text(f, MARGIN, axis->top - 14, ANCHOR_START, "head", "Yield by day");
        else
                put_text(f, MARGIN, axis->top - 14, ANCHOR_START, "head",
                         "Yield, %" PRId64 " days to a dot", b->n_days_each);
        for (unsigned percent = axis->min; percent <= 100; percent += axis->tick) {
                double y = get_yield_y(axis, percent);

                put_line(f, DAYS_LEFT, y, DAYS_RIGHT, y, COLOUR_GRID);
                put_text(f, DAYS_LEFT - 8, y + 4, ANCHOR_END, "small", "%u %%", percent);
        }
}

/* Dots, and a line from each to the next; days without a yield are passed over. */
static void put_yields(FILE *f, const Bars *b, double top) {
        YieldAxis axis = make_yield_axis(b, top);
        double last_x = NAN, last_y = NAN;

        put_yield_axis(f, &axis, b);
        for (size_t i = 0; i < b->n; i++) {
                double x = get_bar_middle(b, i);
                double y = get_yield_y(&axis, report_count_get_yield(&b->counts[i]));

                if (!isfinite(y))
                        continue;
                if (isfinite(last_x))
                        put_line(f, last_x, last_y, x, y, COLOUR_RECOVERED);
                put_bar_group(f, b, i);
                (void) fprintf(f,
                               "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"" COLOUR_RECOVERED
                               "\"/>\n",
                               x, y);
                put_group_end(f);
                last_x = x;
                last_y = y;
        }
}

/* Returns how many pixels an attempt is high. */
static double put_bars_axis(FILE *f, const Bars *b, double top) {
        double tick = find_tick((double) b->most, 4, 1);
        double max = ceil((double) b->most / tick) * tick, x = DAYS_LEFT;
        char title[64] = "Attempts by day";

        if (b->n_days_each > 1)
                (void) snprintf(title, sizeof(title), "Attempts, %" PRId64 " days to a bar",
                                b->n_days_each);
        put_text(f, MARGIN, top - 14, ANCHOR_START, "head", "%s", title);
        x = put_legend(f, DAYS_RIGHT - 3 * LEGEND_WIDTH, top - 14, COLOUR_RECOVERED, "recovered");
        x = put_legend(f, x, top - 14, COLOUR_FAILED, "failed");
        (void) put_legend(f, x, top - 14, COLOUR_INTERRUPTED, "interrupted");
        for (double value = 0; value <= max; value += tick) {
                double y = top + BARS_HEIGHT * (1 - value / max);

                put_line(f, DAYS_LEFT, y, DAYS_RIGHT, y, COLOUR_GRID);
                put_text(f, DAYS_LEFT - 8, y + 4, ANCHOR_END, "small", "%.0f", value);
        }
        return BARS_HEIGHT / max;
}

static void put_bar(FILE *f, const Bars *b, size_t i, double bottom, double scale) {
        const ReportCount *c = &b->counts[i];
        const struct {
                uint64_t n;
                const char *colour;
        } parts[] = {
                {c->n_recovered, COLOUR_RECOVERED},
                {c->n_failed, COLOUR_FAILED},
                {c->n_interrupted, COLOUR_INTERRUPTED},
        };
        double width = fmin(get_bar_pitch(b) * 0.8, BAR_WIDTH_MAX), y = bottom;

        if (c->n_attempts == 0)
                return;
        put_bar_group(f, b, i);
        for (size_t k = 0; k < ELEMENTSOF(parts); k++) {
                double height = (double) parts[k].n * scale;

                y -= height;
                put_rect(f, get_bar_middle(b, i) - width / 2, y, width, height, parts[k].colour);
        }
        put_group_end(f);
}

static void put_bars(FILE *f, const Bars *b, double top) {
        double scale = put_bars_axis(f, b, top), bottom = top + BARS_HEIGHT;
        size_t every = (size_t) ceil(DATE_WIDTH / get_bar_pitch(b));
        char date[REPORT_DATE_LEN + 1];

        for (size_t i = 0; i < b->n; i++)
                put_bar(f, b, i, bottom, scale);
        put_line(f, DAYS_LEFT, bottom, DAYS_RIGHT, bottom, COLOUR_FAINT);
        /* At as many bars as there is room for. */
        for (size_t i = 0; i < b->n; i += every) {
                double x = get_bar_middle(b, i);

                put_line(f, x, bottom, x, bottom + 4, COLOUR_FAINT);
                put_text(f, x, bottom + 17, ANCHOR_MIDDLE, "small", "%s",
                         format_date(date, get_first_day(b, i)));
        }
}

/* --- ports ------------------------------------------------------------------------------------ */

/* The sum of the medians of its steps. */
static double get_segment_ms(const ReportPort *p, const Segment *segment) {
        double ms = 0;

        for (RecordTime time = segment->first; time <= segment->last; time++)
                ms += (double) p->steps.times[segment->stage][time].median_ms;
        return ms;
}

static double get_row_ms(const ReportPort *p) {
        double ms = 0;

        for (size_t i = 0; i < ELEMENTSOF(segments); i++)
                ms += get_segment_ms(p, &segments[i]);
        return ms;
}

static double get_longest_ms(const ReportSummary *s, size_t n) {
        double ms = 0;

        for (size_t i = 0; i < n; i++)
                ms = fmax(ms, get_row_ms(report_get_port(s, i)));
        return ms;
}

static void put_port_yield(FILE *f, const ReportPort *p, double y) {
        double yield = report_count_get_yield(&p->count);
        double width = PORT_YIELD_RIGHT - PORT_YIELD_LEFT, good = width * yield / 100;
        char word[REPORT_WORD_LEN_MAX], counts[160];

        put_group(f, "%s: %s", p->name, format_counts(counts, &p->count));
        if (isfinite(yield)) {
                put_rect(f, PORT_YIELD_LEFT, y + 4, good, ROW_HEIGHT - 8, COLOUR_RECOVERED);
                put_rect(f, PORT_YIELD_LEFT + good, y + 4, width - good, ROW_HEIGHT - 8,
                         COLOUR_FAILED);
        } else
                put_rect(f, PORT_YIELD_LEFT, y + 4, width, ROW_HEIGHT - 8, COLOUR_INTERRUPTED);
        put_group_end(f);
        put_text(f, PORT_YIELD_RIGHT + 8, y + 14, ANCHOR_START, "small", "%s of %" PRIu64,
                 report_format_percent(word, yield), p->count.n_recovered + p->count.n_failed);
}

static void put_port_steps(FILE *f, const ReportPort *p, double y, double scale) {
        char word[REPORT_WORD_LEN_MAX];
        double x = PORT_STEPS_LEFT;

        for (size_t i = 0; i < ELEMENTSOF(segments); i++) {
                double ms = get_segment_ms(p, &segments[i]);

                if (ms <= 0)
                        continue;
                put_group(f, "%s %s: %s", stage_titles[segments[i].stage], segments[i].title,
                          report_format_ms(word, (int64_t) ms));
                put_rect(f, x, y + 4, ms * scale, ROW_HEIGHT - 8, segments[i].colour);
                put_group_end(f);
                x += ms * scale;
        }
        if (p->whole.n == 0)
                return;
        (void) report_format_ms(word, p->whole.median_ms);
        put_rect(f, x + 3, y + 4, (double) strlen(word) * 7, ROW_HEIGHT - 8, COLOUR_PAPER);
        put_text(f, x + 6, y + 14, ANCHOR_START, "small", "%s", word);
}

/* Returns how many pixels a millisecond is long. */
static double put_steps_axis(FILE *f, double longest_ms, double top, double bottom) {
        double tick = find_tick(longest_ms, 8, 1), max = fmax(ceil(longest_ms / tick), 1) * tick;
        double scale = (PORT_STEPS_RIGHT - PORT_STEPS_LEFT) / max;
        char word[REPORT_WORD_LEN_MAX];

        for (double ms = 0; ms <= max; ms += tick) {
                double x = PORT_STEPS_LEFT + ms * scale;

                put_line(f, x, top, x, bottom, COLOUR_GRID);
                (void) snprintf(word, sizeof(word), tick < 1000 ? "%.1f s" : "%.0f s", ms / 1000);
                put_text(f, x, top - 6, ANCHOR_MIDDLE, "small", "%s",
                         longest_ms < 1000 ? report_format_ms(word, (int64_t) ms) : word);
        }
        return scale;
}

static void put_yield_grid(FILE *f, double top, double bottom) {
        for (unsigned percent = 0; percent <= 100; percent += 50) {
                double x = PORT_YIELD_LEFT + (PORT_YIELD_RIGHT - PORT_YIELD_LEFT) * percent / 100;

                put_line(f, x, top, x, bottom, COLOUR_GRID);
                put_text(f, x, top - 6, ANCHOR_MIDDLE, "small", "%u %%", percent);
        }
}

/* A row for each stage. */
static void put_steps_legend(FILE *f, double top) {
        double x[_STAGE_MAX];

        for (Stage stage = 0; stage < _STAGE_MAX; stage++) {
                x[stage] = LEGEND_LEFT;
                put_text(f, PORT_STEPS_LEFT, top + stage * LINE_HEIGHT, ANCHOR_START, "small", "%s",
                         stage_titles[stage]);
        }
        for (size_t i = 0; i < ELEMENTSOF(segments); i++) {
                const Segment *segment = &segments[i];

                x[segment->stage] =
                        put_legend(f, x[segment->stage], top + segment->stage * LINE_HEIGHT,
                                   segment->colour, segment->title);
        }
}

/* Two headings, a legend, the axes, and a row for each port. */
static void put_ports(FILE *f, const ReportSummary *s, double top) {
        size_t n = MIN_OF(s->n_ports, (size_t) REPORT_SVG_PORTS_MAX);
        double rows = top + PORTS_HEAD_HEIGHT, bottom = rows + (double) n * ROW_HEIGHT, scale;

        put_text(f, MARGIN, top, ANCHOR_START, "head", "Yield by port");
        put_text(f, PORT_STEPS_LEFT, top, ANCHOR_START, "head",
                 "Medians of each step, and of whole recoveries");
        put_steps_legend(f, top + 24);
        put_yield_grid(f, rows, bottom);
        scale = put_steps_axis(f, get_longest_ms(s, n), rows, bottom);

        for (size_t i = 0; i < n; i++) {
                const ReportPort *p = report_get_port(s, i);
                double y = rows + (double) i * ROW_HEIGHT;
                char name[NAME_LEN_MAX + 3];

                put_text(f, MARGIN, y + 14, ANCHOR_START, p->is_suspect ? "name bad" : "name", "%s",
                         shorten(name, p->name));
                put_port_yield(f, p, y);
                put_port_steps(f, p, y, scale);
        }
        if (s->n_ports > n)
                put_text(f, MARGIN, bottom + 18, ANCHOR_START, "small", "and %zu more ports",
                         s->n_ports - n);
}

/* --- the picture ------------------------------------------------------------------------------ */

static double get_ports_height(const ReportSummary *s) {
        return PORTS_HEAD_HEIGHT +
               (double) MIN_OF(s->n_ports, (size_t) REPORT_SVG_PORTS_MAX) * ROW_HEIGHT +
               (s->n_ports > REPORT_SVG_PORTS_MAX ? LINE_HEIGHT : 0);
}

static void put_picture(FILE *f, const ReportSummary *s) {
        double yields = HEADER_HEIGHT + get_suspects_height(s) + PANEL_GAP / 2 + 10;
        double bars = yields + YIELD_HEIGHT + PANEL_GAP;
        double ports = bars + BARS_HEIGHT + AXIS_HEIGHT + PANEL_GAP;
        Bars b;

        put_header(f, s->n_days > 0 ? ports + get_ports_height(s) + MARGIN : HEADER_HEIGHT);
        put_totals(f, s);
        put_suspects(f, s);
        if (s->n_days > 0) {
                make_bars(s, &b);
                put_yields(f, &b, yields);
                put_bars(f, &b, bars);
                put_ports(f, s, ports);
        }
        (void) fputs("</svg>\n", f);
}

int report_svg_format(const ReportSummary *summary, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *f;
        bool is_bad;

        assert(summary);
        assert(ret);

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        put_picture(f, summary);
        is_bad = ferror(f);
        if (fclose(f) != 0 || is_bad)
                return -ENOMEM;

        *ret = TAKE_PTR(text);
        return 0;
}
