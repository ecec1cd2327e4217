/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "progress-line.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "terminal.h"
#include "text.h"

#define GAP          2u
#define BAR_MIN      8u /* anything less tells nothing */
#define BAR_MAX      40u
#define PART_MAX     64u
#define BYTES_COLUMN 3u /* of UTF-8, at most, in what we draw */

enum {
        PART_AMOUNT,
        PART_TIME,
        PART_RATE,
        _PART_MAX,
};

_Static_assert(PROGRESS_LINE_SIZE_MAX > TERMINAL_WIDTH_MAX * BYTES_COLUMN, "every line fits");

static uint64_t to_kib(uint64_t bytes) {
        return bytes / 1024 + (bytes % 1024 != 0);
}

static void format_parts(char parts[static _PART_MAX][PART_MAX], const ProgressLine *line) {
        uint64_t seconds = line->elapsed_usec / USEC_PER_SEC;
        char total[24];

        (void) snprintf(parts[PART_TIME], PART_MAX, "%" PRIu64 ":%02" PRIu64, seconds / 60,
                        seconds % 60);
        parts[PART_AMOUNT][0] = parts[PART_RATE][0] = '\0';
        if (!line->has_amount)
                return;

        (void) snprintf(total, sizeof(total), "%" PRIu64, to_kib(line->total));
        (void) snprintf(parts[PART_AMOUNT], PART_MAX, "%*" PRIu64 " of %s KiB", (int) strlen(total),
                        to_kib(line->done), total);
        if (line->elapsed_usec > 0)
                (void) snprintf(parts[PART_RATE], PART_MAX, "%5.0f KiB/s",
                                (double) line->done / 1024 * USEC_PER_SEC /
                                        (double) line->elapsed_usec);
        else
                (void) snprintf(parts[PART_RATE], PART_MAX, "    - KiB/s");
}

static char *append_bar(char *at, const ProgressLine *line, size_t width, bool has_utf8) {
        size_t n_full = width;

        if (line->total > 0)
                n_full = (size_t) ((double) line->done / (double) line->total * (double) width);
        for (size_t i = 0; i < width; i++)
                at = stpcpy(at, i < n_full ? (has_utf8 ? "█" : "#") : (has_utf8 ? "░" : "."));
        return at;
}

static char *append_gap(char *at) {
        return stpcpy(at, "  ");
}

/* As much of it as @width columns hold. */
static char *append_cut(char *at, const char *text, size_t width) {
        for (size_t column = 0; *text; text++) {
                bool begins = ((uint8_t) *text & 0xC0) != 0x80;

                if (begins && column++ == width)
                        break;
                *at++ = *text;
        }
        *at = '\0';
        return at;
}

const char *progress_line_format(char buffer[static PROGRESS_LINE_SIZE_MAX],
                                 const ProgressLine *line, size_t width, bool has_utf8) {
        static const int shown_order[] = {PART_AMOUNT, PART_RATE, PART_TIME};
        char parts[_PART_MAX][PART_MAX];
        bool is_shown[_PART_MAX] = {};
        size_t used, bar = 0;
        char *at = buffer;

        assert(line);
        assert(line->what);

        /* One column stays free. */
        width = width > 0 ? MIN_OF(width, TERMINAL_WIDTH_MAX) - 1 : 0;
        format_parts(parts, line);

        /* In the order of importance, as long as there is room. */
        used = MIN_OF(text_width(line->what), MIN_OF(width, PROGRESS_LINE_WHAT_MAX - 1));
        for (size_t i = 0; i < _PART_MAX; i++) {
                if (!*parts[i])
                        continue;
                if (used + GAP + strlen(parts[i]) > width)
                        break;
                is_shown[i] = true;
                used += GAP + strlen(parts[i]);
        }
        if (line->has_amount && used + GAP + BAR_MIN <= width && is_shown[PART_RATE])
                bar = MIN_OF(width - used - GAP, BAR_MAX);

        at = append_cut(at, line->what, MIN_OF(width, PROGRESS_LINE_WHAT_MAX - 1));
        if (bar > 0)
                at = append_bar(append_gap(at), line, bar, has_utf8);
        for (size_t i = 0; i < ELEMENTSOF(shown_order); i++)
                if (is_shown[shown_order[i]])
                        at = stpcpy(append_gap(at), parts[shown_order[i]]);
        return buffer;
}
