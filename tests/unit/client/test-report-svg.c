/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The picture: what is in it, and that no text runs into another one or out of it, however many days and
 * ports there are. A letter is taken to be as wide as in DejaVu Sans, the widest of the fonts that it
 * names. */

#include "report-svg.h"

#include <stdio.h>
#include <time.h>

#include "check-main.h"

static Report *report;
static char *picture;

static void set_up(void) {
        (void) setenv("TZ", "UTC", 1);
        tzset();
        ck_assert_int_eq(report_new(&report), 0);
}

static void tear_down(void) {
        report = report_free(report);
        free(TAKE_PTR(picture));
}

static void draw(void) {
        const ReportSummary *summary = NULL;

        ck_assert_int_eq(report_finish(report, &summary), 0);
        ck_assert_int_eq(report_svg_format(summary, &picture), 0);
}

/* A recovery on day @day, counted from the 25th of September 2026, on port @port. */
static RecordEntry make_entry(unsigned day, unsigned port) {
        RecordEntry e = {.result = RECORD_RESULT_RECOVERED, .ms = 4440, .n_stages = 2};

        e.realtime_usec = (UINT64_C(1790326800) + day * UINT64_C(86400)) * USEC_PER_SEC;
        (void) snprintf(e.id_path, sizeof(e.id_path), "pci-0000:00:14.0-usb-0:%u", port);
        e.stages[0] =
                (RecordEntryStage){STAGE_ROM, {0, 700, 690, 710, 720, 1200}, 1, 200, 0, 100000};
        e.stages[1] = (RecordEntryStage){STAGE_SPL, {2200, 2500, 2600, 2610, 2700, 3700}, 2, 400, 0,
                                         500000};
        return e;
}

static void add(RecordEntry e) {
        ck_assert_int_eq(report_add(report, &e), 0);
}

static unsigned count(const char *what) {
        unsigned n = 0;

        for (const char *at = picture; (at = strstr(at, what)); at += strlen(what))
                n++;
        return n;
}

/* --- where texts are -------------------------------------------------------------------------- */

typedef struct Box {
        double left, right, top, bottom;
        char text[600];
} Box;

static double get_font_size(const char *class) {
        if (streq(class, "title"))
                return 20;
        if (streq(class, "head"))
                return 14;
        return streq(class, "plain") || streq(class, "bad") ? 12 : 11;
}

static double get_width(const char *text, const char *class) {
        bool is_bold = streq(class, "title") || streq(class, "head") || streq(class, "bad");
        double width = 0;

        for (; *text; text++)
                if (((uint8_t) *text & 0xC0) != 0x80)
                        width += strchr(" .,:()il", *text) ? 0.4
                                 : strchr("mwMW%", *text)  ? 0.95
                                                           : 0.62;
        return width * get_font_size(class) * (is_bold ? 1.1 : 1);
}

static Box parse_box(const char *at) {
        char anchor[16], class[16];
        double x = 0, y = 0, width;
        Box box = {};

        ck_assert_int_eq(sscanf(at,
                                "<text x=\"%lf\" y=\"%lf\" text-anchor=\"%15[a-z]\" "
                                "class=\"%15[a-z ]\">%599[^<]</text>",
                                &x, &y, anchor, class, box.text),
                         5);
        width = get_width(box.text, class);
        box.left = streq(anchor, "start") ? x : streq(anchor, "middle") ? x - width / 2 : x - width;
        box.right = box.left + width;
        box.top = y - get_font_size(class) * 0.8;
        box.bottom = y + 2;
        return box;
}

static void check_layout(void) {
        static Box boxes[1000];
        double width = 0, height = 0;
        size_t n = 0;

        ck_assert_int_eq(sscanf(picture,
                                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%lf\" "
                                "height=\"%lf\"",
                                &width, &height),
                         2);
        for (const char *at = picture; (at = strstr(at, "<text ")); at++) {
                ck_assert_uint_lt(n, ELEMENTSOF(boxes));
                boxes[n++] = parse_box(at);
        }
        for (size_t i = 0; i < n; i++) {
                const Box *a = &boxes[i];

                ck_assert_msg(a->left >= 0 && a->right <= width && a->top >= 0 &&
                                      a->bottom <= height,
                              "'%s' leaves the picture: %.0f to %.0f, %.0f to %.0f", a->text,
                              a->left, a->right, a->top, a->bottom);
                for (size_t k = 0; k < i; k++) {
                        const Box *b = &boxes[k];

                        ck_assert_msg(a->left >= b->right || b->left >= a->right ||
                                              a->top >= b->bottom || b->top >= a->bottom,
                                      "'%s' and '%s' overlap", a->text, b->text);
                }
        }
}

/* --- pictures --------------------------------------------------------------------------------- */

START_TEST(test_nothing) {
        draw();
        check_layout();
        ck_assert_ptr_nonnull(strstr(picture, ">No attempts.</text>"));
        ck_assert_uint_eq(count("<circle"), 0);
        ck_assert_str_eq(picture + strlen(picture) - STRLEN("</svg>\n"), "</svg>\n");
}
END_TEST

START_TEST(test_no_text_overlaps) {
        static const unsigned days_and_ports[][2] = {
                {1, 1}, {1, 30}, {2, 2}, {7, 8}, {60, 1}, {60, 30}, {92, 64}, {93, 65}, {400, 200},
        };

        for (size_t i = 0; i < ELEMENTSOF(days_and_ports); i++) {
                for (unsigned day = 0; day < days_and_ports[i][0]; day++)
                        add(make_entry(day, day % days_and_ports[i][1]));
                for (unsigned port = 0; port < days_and_ports[i][1]; port++)
                        add(make_entry(0, port));
                draw();
                check_layout();
                tear_down();
                set_up();
        }
}
END_TEST

/* Long names, large numbers, long times, many bad cables. */
START_TEST(test_no_text_overlaps_at_the_extremes) {
        for (unsigned port = 0; port < 40; port++) {
                RecordEntry e = make_entry(port * 10, port);
                size_t len = strlen(e.id_path);

                memset(e.id_path + len, 'W', sizeof(e.id_path) - 1 - len);
                e.ms = port % 2 ? 99999 : 5;
                e.stages[1].times_ms[RECORD_TIME_LAST_BLOCK] = port % 2 ? 99000 : 2701;
                for (unsigned i = 0; i < 30; i++)
                        add(e);
                (void) stpcpy(e.diagnosis, "left-end");
                for (unsigned i = 0; i < 15 && port < 6; i++)
                        add(e);
        }
        draw();
        check_layout();
        ck_assert_uint_eq(count("Cable likely bad"), 4);
        ck_assert_ptr_nonnull(strstr(picture, ">and on 2 more ports</text>"));
        ck_assert_uint_eq(count("class=\"name bad\""), 6);
}
END_TEST

START_TEST(test_days) {
        RecordEntry e = make_entry(2, 1);

        for (unsigned i = 0; i < 3; i++)
                add(make_entry(0, 1));
        e.result = RECORD_RESULT_FAILED;
        add(e);
        add(make_entry(2, 1));
        e = make_entry(3, 1);
        e.result = RECORD_RESULT_INTERRUPTED;
        add(e);
        draw();
        check_layout();
        /* A day without attempts has its place and its date, but nothing to see; one of interrupted
         * ones has no yield. */
        ck_assert_uint_eq(count("<circle"), 2);
        ck_assert_ptr_nonnull(strstr(picture, ">2026-09-26</text>"));
        ck_assert_uint_eq(count("<title>2026-09-26"), 0);
        ck_assert_uint_eq(count("<title>2026-09-27: 1 recovered, 1 failed (yield 50.0 %), "
                                "0 interrupted</title>"),
                          2);
        ck_assert_uint_eq(count("<title>2026-09-28: 0 recovered, 0 failed (yield -), "
                                "1 interrupted</title>"),
                          1);
        ck_assert_ptr_nonnull(strstr(picture, ">50 %</text>"));
        ck_assert_ptr_nonnull(strstr(picture, ">Attempts by day</text>"));
}
END_TEST

START_TEST(test_many_days_share_bars) {
        RecordEntry e = make_entry(0, 1);

        add(e);
        add(make_entry(REPORT_SVG_BARS_MAX, 1));
        draw();
        ck_assert_ptr_nonnull(strstr(picture, ">Attempts, 2 days to a bar</text>"));
        ck_assert_uint_eq(count("<title>2026-09-25 to 2026-09-26: 1 recovered"), 2);
        tear_down();

        /* All the years that there are, 87 to a bar. */
        set_up();
        add(e);
        e.realtime_usec = RECORD_CLOCK_MAX_USEC;
        add(e);
        e.realtime_usec = 0;
        add(e);
        draw();
        check_layout();
        ck_assert_uint_eq(count("<circle"), 2);
}
END_TEST

START_TEST(test_yield_axis_shows_differences) {
        static const struct {
                unsigned n_good;
                const char *lowest;
        } cases[] = {{20, ">90 %</text>"},
                     {18, ">90 %</text>"},
                     {17, ">80 %</text>"},
                     {12, ">50 %</text>"},
                     {1, ">25 %</text>"}};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                RecordEntry e = make_entry(0, 1);

                for (unsigned k = 0; k < 20; k++) {
                        e.result = k < cases[i].n_good ? RECORD_RESULT_RECOVERED
                                                       : RECORD_RESULT_FAILED;
                        add(e);
                }
                draw();
                ck_assert_ptr_nonnull(strstr(picture, cases[i].lowest));
                ck_assert_ptr_null(strstr(picture, "cy=\"-"));
                tear_down();
                set_up();
        }
}
END_TEST

START_TEST(test_ports_and_steps) {
        RecordEntry e = make_entry(0, 2);

        add(make_entry(0, 10));
        e.stages[1].times_ms[RECORD_TIME_LAST_BLOCK] = 9000;
        e.ms = 9001;
        add(e);
        draw();
        ck_assert(strstr(picture, "-usb-0:2</text>") < strstr(picture, "-usb-0:10</text>"));
        ck_assert_uint_eq(count("<title>SPL loads U-Boot: 1.00 s</title>"), 1);
        ck_assert_uint_eq(count("<title>SPL loads U-Boot: 6.30 s</title>"), 1);
        ck_assert_uint_eq(count("<title>SPL starts: 1.00 s</title>"), 2);
        ck_assert_uint_eq(count("<title>ROM asks: 20 ms</title>"), 2);
        ck_assert_ptr_nonnull(strstr(picture, ">9.00 s</text>"));
        ck_assert_ptr_nonnull(strstr(picture, ">100 % of 1</text>"));
}
END_TEST

/* A record whose stages are empty. */
START_TEST(test_without_times) {
        RecordEntry e = make_entry(0, 1);

        e.n_stages = 0;
        e.id_path[0] = '\0';
        e.ms = 0;
        add(e);
        draw();
        check_layout();
        ck_assert_ptr_nonnull(strstr(picture, ">unknown port</text>"));
        ck_assert_ptr_null(strstr(picture, "nan"));
        ck_assert_ptr_null(strstr(picture, "inf"));
}
END_TEST

TEST_MAIN_AROUND("report-svg", set_up, tear_down, test_nothing, test_no_text_overlaps,
                 test_no_text_overlaps_at_the_extremes, test_days, test_many_days_share_bars,
                 test_yield_axis_shows_differences, test_ports_and_steps, test_without_times)
