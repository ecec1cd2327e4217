/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a record: what comes out is in range and harmless, every line is counted once, and it
 * does not matter in which portions the file was read. */

#include "record-reader.h"

#include "fuzz.h"
#include "text.h"

static void check_text(const char *text) {
        _cleanup_free_ char *printable = text_printable(text);

        fuzz_assert(printable && streq(printable, text));
}

static int on_entry(const RecordEntry *e, void *userdata) {
        uint64_t *n = userdata;

        (*n)++;
        fuzz_assert(e->realtime_usec <= RECORD_CLOCK_MAX_USEC);
        fuzz_assert(!*e->id_path || usb_id_path_is_valid(e->id_path));
        fuzz_assert(!*e->port || usb_port_is_valid(e->port));
        fuzz_assert(e->result < _RECORD_RESULT_MAX);
        fuzz_assert(e->ms >= 0 && e->ms <= RECORD_ENTRY_MS_MAX);
        fuzz_assert(strlen(e->diagnosis) <= RECORD_DIAGNOSIS_LEN_MAX);
        check_text(e->diagnosis);
        check_text(e->diagnosis_text);
        fuzz_assert(e->n_stages <= RECORD_STAGES_MAX);
        for (size_t i = 0; i < e->n_stages; i++) {
                fuzz_assert(e->stages[i].stage < _STAGE_MAX);
                for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                        fuzz_assert(e->stages[i].times_ms[time] >= -1 &&
                                    e->stages[i].times_ms[time] <= RECORD_ENTRY_MS_MAX);
        }
        return 0;
}

/* Reads it in portions of @portion bytes. */
static RecordCounts read_all(const uint8_t *data, size_t size, size_t portion) {
        _cleanup_(record_reader_freep) RecordReader *r = NULL;
        RecordCounts counts;
        uint64_t n = 0;

        fuzz_assert(record_reader_new(on_entry, &n, &r) == 0);
        for (size_t at = 0; at < size; at += portion)
                fuzz_assert(record_reader_feed(r, data + at, MIN_OF(portion, size - at)) == 0);
        fuzz_assert(record_reader_finish(r) == 0);
        counts = *record_reader_get_counts(r);
        fuzz_assert(counts.n_entries == n);
        return counts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        RecordCounts whole = read_all(data, size, MAX_OF(size, (size_t) 1));
        RecordCounts parts = read_all(data, size, 7);
        uint64_t n_lines = 1, n_counted = whole.n_entries;

        for (size_t i = 0; i < size; i++)
                n_lines += data[i] == '\n';
        for (RecordFlaw flaw = 0; flaw < _RECORD_FLAW_MAX; flaw++)
                n_counted += whole.n_flaws[flaw];
        fuzz_assert(n_counted <= n_lines);
        fuzz_assert(whole.n_flaws[RECORD_FLAW_TORN] <= 1);
        fuzz_assert((whole.first_flaw_line > 0) == (n_counted > whole.n_entries));
        fuzz_assert(memcmp(&whole, &parts, sizeof(whole)) == 0);
        return 0;
}
