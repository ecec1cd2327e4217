/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "record-reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "check-main.h"
#include "fd-util.h"
#include "record.h"

#define LINE                                                                                       \
        "{\"schema\":\"snagctl-record/1\",\"time\":\"2026-11-23T13:25:06.789000Z\",\"path\":null," \
        "\"port\":\"1-1.4\",\"stages\":[],\"result\":\"recovered\",\"seconds\":4.4}\n"

static RecordEntry last;
static unsigned n_entries;
static int answer;

static int on_entry(const RecordEntry *entry, void *userdata) {
        last = *entry;
        n_entries++;
        return answer;
}

/* Reads @size bytes as a file of their own. */
static RecordCounts read_bytes(const void *bytes, size_t size) {
        _cleanup_(record_reader_freep) RecordReader *r = NULL;
        _cleanup_fd_ int fd = memfd_create("record", MFD_CLOEXEC);

        ck_assert_int_eq(write(fd, bytes, size), (ssize_t) size);
        ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
        n_entries = 0;
        ck_assert_int_eq(record_reader_new(on_entry, NULL, &r), 0);
        ck_assert_int_eq(record_reader_read(r, fd), 0);
        ck_assert_uint_eq(record_reader_get_counts(r)->n_entries, n_entries);
        return *record_reader_get_counts(r);
}

static RecordCounts read_text(const char *text) {
        return read_bytes(text, strlen(text));
}

/* The line with @old replaced by @new. */
static RecordCounts read_line_with(const char *old, const char *new) {
        char text[2048];
        const char *at = strstr(LINE, old);

        ck_assert_ptr_nonnull(at);
        (void) snprintf(text, sizeof(text), "%.*s%s%s", (int) (at - LINE), LINE, new,
                        at + strlen(old));
        return read_text(text);
}

static void check_flaw(RecordCounts counts, RecordFlaw wanted, const char *text) {
        ck_assert_msg(counts.n_entries == 0, "%s", text);
        for (RecordFlaw flaw = 0; flaw < _RECORD_FLAW_MAX; flaw++)
                ck_assert_msg(counts.n_flaws[flaw] == (flaw == wanted), "flaw %d of %s", flaw,
                              text);
        ck_assert_uint_eq(counts.first_flaw_line, 1);
}

START_TEST(test_nothing) {
        RecordCounts counts = read_text("");

        ck_assert_uint_eq(counts.n_entries, 0);
        counts = read_text("\n\n \r\n");
        ck_assert_uint_eq(counts.n_entries, 0);
        ck_assert_uint_eq(counts.first_flaw_line, 0);
}
END_TEST

/* What record.h writes. */
START_TEST(test_there_and_back) {
        static const RecordStage stages[] = {
                {STAGE_ROM,
                 {1000000, 1744400, 1743900, 1746000, 1760000, 2909999},
                 2,
                 215,
                 109736,
                 3},
                {STAGE_SPL, {3639000}, 1, 0, 0, 0},
        };
        RecordAttempt attempt = {
                .realtime_usec = UINT64_C(1795440306789123),
                .begin_usec = 1000000,
                .end_usec = 5412000,
                .id_path = "pci-0000:00:14.0-usb-0:1.4",
                .port = "1-1.4",
                .soc = "am335x",
                .stages = stages,
                .n_stages = ELEMENTSOF(stages),
                .result = RECORD_RESULT_FAILED,
                .diagnosis = "spl-silent",
                .diagnosis_text = "the SPL never asked",
                .then = &(const RecordThen){.exit_status = 7},
        };
        _cleanup_free_ char *line = NULL;
        size_t len = 0;

        ck_assert_int_eq(record_format(&attempt, &line, &len), 0);
        ck_assert_uint_eq(read_bytes(line, len).n_entries, 1);
        ck_assert_uint_eq(last.realtime_usec, UINT64_C(1795440306789123));
        ck_assert_str_eq(last.id_path, "pci-0000:00:14.0-usb-0:1.4");
        ck_assert_str_eq(last.port, "1-1.4");
        ck_assert_int_eq(last.result, RECORD_RESULT_FAILED);
        ck_assert_str_eq(last.diagnosis, "spl-silent");
        ck_assert_str_eq(last.diagnosis_text, "the SPL never asked");
        ck_assert_int_eq(last.ms, 4412);
        ck_assert(last.has_then_failed);
        ck_assert_uint_eq(last.n_stages, 2);
        ck_assert_int_eq(last.stages[0].stage, STAGE_ROM);
        ck_assert_int_eq(last.stages[0].times_ms[RECORD_TIME_PLUG], 0);
        ck_assert_int_eq(last.stages[0].times_ms[RECORD_TIME_LAST_BLOCK], 1909);
        ck_assert_uint_eq(last.stages[0].n_requests, 2);
        ck_assert_uint_eq(last.stages[0].n_blocks, 215);
        ck_assert_uint_eq(last.stages[0].n_bytes, 109736);
        ck_assert_uint_eq(last.stages[0].n_retransmissions, 3);
        ck_assert_int_eq(last.stages[1].stage, STAGE_SPL);
        ck_assert_int_eq(last.stages[1].times_ms[RECORD_TIME_PLUG], 2639);
        ck_assert_int_eq(last.stages[1].times_ms[RECORD_TIME_LINK], -1);
}
END_TEST

START_TEST(test_damage_is_skipped_and_counted) {
        RecordCounts counts = read_text(LINE "{\"schema\":\"snagctl-rec\n" LINE "\x01\x02garbage\n"
                                             "{\"schema\":\"other/1\"}\n" LINE "[1,2]\n"
                                             "{\"schema\":\"snagctl-record/1\"}\n" LINE
                                             "{\"schema\":\"snagctl-record/1\",\"ti");

        ck_assert_uint_eq(counts.n_entries, 4);
        ck_assert_uint_eq(counts.n_flaws[RECORD_FLAW_NOT_JSON], 3);
        ck_assert_uint_eq(counts.n_flaws[RECORD_FLAW_FOREIGN], 1);
        ck_assert_uint_eq(counts.n_flaws[RECORD_FLAW_INVALID], 1);
        ck_assert_uint_eq(counts.n_flaws[RECORD_FLAW_TORN], 1);
        ck_assert_uint_eq(counts.n_flaws[RECORD_FLAW_TOO_LONG], 0);
        ck_assert_uint_eq(counts.first_flaw_line, 2);
}
END_TEST

START_TEST(test_last_line_without_newline) {
        ck_assert_uint_eq(read_bytes(LINE, STRLEN(LINE) - 1).n_entries, 1);
        for (size_t len = 1; len < STRLEN(LINE) - 1; len++)
                check_flaw(read_bytes(LINE, len), RECORD_FLAW_TORN, "the end");
}
END_TEST

START_TEST(test_line_that_is_too_long) {
        static char text[3 * RECORD_LINE_MAX + 2 * STRLEN(LINE) + 1];
        RecordCounts counts;

        (void) stpcpy(text, LINE);
        memset(text + STRLEN(LINE), ' ', 3 * RECORD_LINE_MAX);
        (void) stpcpy(text + STRLEN(LINE) + 3 * RECORD_LINE_MAX, LINE);
        text[STRLEN(LINE) + 2 * RECORD_LINE_MAX] = '\n';
        text[STRLEN(LINE) + 3 * RECORD_LINE_MAX - 1] = '\n';
        counts = read_text(text);
        ck_assert_uint_eq(counts.n_entries, 2);
        ck_assert_uint_eq(counts.n_flaws[RECORD_FLAW_TOO_LONG], 1);
        ck_assert_uint_eq(counts.first_flaw_line, 2);

        memset(text, '[', sizeof(text) - 1);
        check_flaw(read_text(text), RECORD_FLAW_TOO_LONG, "no newline at all");
        text[RECORD_LINE_MAX - 1] = '\0';
        check_flaw(read_text(text), RECORD_FLAW_TORN, "deep");
}
END_TEST

START_TEST(test_zeros_and_what_is_behind) {
        static const char behind[] = LINE "\0\0\n" LINE;
        static const char within[] = "{\"schema\":\"snagctl-record/1\0\"}\n";
        RecordCounts counts = read_bytes(behind, sizeof(behind) - 1);

        ck_assert_uint_eq(counts.n_entries, 2);
        ck_assert_uint_eq(counts.n_flaws[RECORD_FLAW_NOT_JSON], 1);
        check_flaw(read_bytes("\0\0\0\0\n", 5), RECORD_FLAW_NOT_JSON, "zeros");
        check_flaw(read_bytes("\0", 1), RECORD_FLAW_TORN, "a zero");
        check_flaw(read_bytes(within, sizeof(within) - 1), RECORD_FLAW_NOT_JSON, "a zero within");
}
END_TEST

START_TEST(test_members_that_make_no_sense) {
        static const char *const wrong[][2] = {
                {"2026-11-23T13:25:06.789000Z", "yesterday"},
                {"\"2026-11-23T13:25:06.789000Z\"", "17"},
                {"\"time\":", "\"mite\":"},
                {"\"path\":null", "\"path\":7"},
                {"\"path\":null", "\"path\":\"a/b\""},
                {"\"path\":null", "\"path\":\"<script>\""},
                {"\"path\":null", "\"path\":\"\""},
                {"\"1-1.4\"", "\"1-1.\""},
                {"\"1-1.4\"", "\"1-1.4\\u0000\""},
                {"\"1-1.4\"", "[]"},
                {"recovered", "RECOVERED"},
                {"\"recovered\"", "true"},
                {"4.4", "-1"},
                {"4.4", "1e300"},
                {"4.4", "NaN"},
                {"4.4", "Infinity"},
                {"4.4", "\"4.4\""},
                {"4.4", "null"},
                {"[]", "{}"},
                {"[]", "[7]"},
                {"[]", "[[]]"},
                {"[]", "[{}]"},
                {"[]", "[null]"},
                {"[]", "[{\"stage\":\"tpl\",\"requests\":1,\"blocks\":1,\"bytes\":1,"
                       "\"retransmissions\":1}]"},
                {"[]", "[{\"stage\":\"rom\",\"requests\":1,\"blocks\":1,\"bytes\":1}]"},
                {"[]", "[{\"stage\":\"rom\",\"requests\":1.5,\"blocks\":1,\"bytes\":1,"
                       "\"retransmissions\":1}]"},
                {"[]", "[{\"stage\":\"rom\",\"requests\":1,\"blocks\":-1,\"bytes\":1,"
                       "\"retransmissions\":1}]"},
                {"[]", "[{\"stage\":\"rom\",\"requests\":1,\"blocks\":4294967296,\"bytes\":1,"
                       "\"retransmissions\":1}]"},
                {"[]",
                 "[{\"stage\":\"rom\",\"plug_ms\":\"0\",\"requests\":1,\"blocks\":1,\"bytes\":1,"
                 "\"retransmissions\":1}]"},
                {"[]", "[{\"stage\":\"rom\",\"plug_ms\":99999999999,\"requests\":1,\"blocks\":1,"
                       "\"bytes\":1,\"retransmissions\":1}]"},
                {"\"seconds\"", "\"diagnosis\":\"left\",\"seconds\""},
                {"\"seconds\"", "\"diagnosis\":{},\"seconds\""},
                {"\"seconds\"", "\"diagnosis\":{\"name\":\"A b\"},\"seconds\""},
                {"\"seconds\"", "\"then\":0,\"seconds\""},
                {"\"seconds\"", "\"then\":{},\"seconds\""},
                {"\"seconds\"", "\"then\":{\"exit_status\":256},\"seconds\""},
        };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                check_flaw(read_line_with(wrong[i][0], wrong[i][1]), RECORD_FLAW_INVALID,
                           wrong[i][1]);
}
END_TEST

START_TEST(test_no_json) {
        static const char *const wrong[][2] = {
                {"}\n", ",}\n"},           {"}\n", "} {}\n"},

                {"\"1-1.4\"", "\"\xff\""}, {"[]", "[[[[[[[[[]]]]]]]]]"},
                {"}\n", "}x\n"},
        };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                check_flaw(read_line_with(wrong[i][0], wrong[i][1]), RECORD_FLAW_NOT_JSON,
                           wrong[i][1]);
}
END_TEST

START_TEST(test_members_that_may_differ) {
        ck_assert_uint_eq(read_line_with("\"path\":null,", "").n_entries, 1);
        ck_assert_str_eq(last.id_path, "");
        ck_assert_uint_eq(
                read_line_with("{\"schema\"", "{\"new\":{\"a\":[1]},\"schema\"").n_entries, 1);
        ck_assert_uint_eq(read_line_with("}\n", "} \t\r\n").n_entries, 1);
        ck_assert_uint_eq(read_line_with("4.4", "4").n_entries, 1);
        ck_assert_int_eq(last.ms, 4000);
        ck_assert_uint_eq(
                read_line_with("\"seconds\"", "\"then\":{\"signal\":9},\"seconds\"").n_entries, 1);
        ck_assert(last.has_then_failed);
        ck_assert_uint_eq(
                read_line_with("\"seconds\"", "\"then\":{\"exit_status\":0},\"seconds\"").n_entries,
                1);
        ck_assert(!last.has_then_failed);
        ck_assert_uint_eq(
                read_line_with("\"seconds\"",
                               "\"diagnosis\":{\"name\":\"left\",\"text\":\"a\\u001b[2Jb\"},"
                               "\"seconds\"")
                        .n_entries,
                1);
        ck_assert_str_eq(last.diagnosis_text, "a?[2Jb");
}
END_TEST

/* A text that is too long is cut, and is still one: found by fuzzing. */
START_TEST(test_long_text_is_cut) {
        static const char e_acute[] = "\xC3\xA9"; /* of which one byte has room */
        char member[JSON_STRING_LEN_MAX + 128];

        (void) snprintf(
                member, sizeof(member),
                "\"result\":\"failed\",\"diagnosis\":{\"name\":\"left\",\"text\":\"%0*d%s\"}",
                (int) JSON_STRING_LEN_MAX - 1, 0, e_acute);
        ck_assert_uint_eq(read_line_with("\"result\":\"recovered\"", member).n_entries, 1);
        ck_assert_uint_eq(strlen(last.diagnosis_text), JSON_STRING_LEN_MAX);
        ck_assert_str_eq(last.diagnosis_text + JSON_STRING_LEN_MAX - 2, "0?");
}
END_TEST

START_TEST(test_answer_and_errors_come_back) {
        _cleanup_(record_reader_freep) RecordReader *r = NULL;
        _cleanup_fd_ int fd = open("/", O_RDONLY | O_CLOEXEC);

        answer = -ENOSPC;
        ck_assert_int_eq(record_reader_new(on_entry, NULL, &r), 0);
        ck_assert_int_eq(record_reader_feed(r, LINE, STRLEN(LINE)), -ENOSPC);
        ck_assert_int_eq(record_reader_read(r, fd), -EISDIR);
}
END_TEST

TEST_MAIN("record-reader", test_nothing, test_there_and_back, test_damage_is_skipped_and_counted,
          test_last_line_without_newline, test_line_that_is_too_long, test_zeros_and_what_is_behind,
          test_members_that_make_no_sense, test_no_json, test_members_that_may_differ,
          test_long_text_is_cut, test_answer_and_errors_come_back)
