/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recovery-log.h"

#include "check-main.h"

static RecoveryLog story;

static RecordAttempt fill(void) {
        RecordAttempt a = {.soc = "am335x"};

        recovery_log_fill(&story, &a);
        ck_assert_str_eq(a.soc, "am335x"); /* what it does not know is left alone */
        return a;
}

START_TEST(test_nothing_has_happened) {
        RecordAttempt a = fill();

        ck_assert_uint_eq(a.n_stages, 0);
        ck_assert_uint_eq(a.begin_usec, 0);
        ck_assert_ptr_null(a.asic_id);
        ck_assert_ptr_null(a.diagnosis);
        ck_assert_ptr_null(a.diagnosis_text);
}
END_TEST

/* A request of nobody's, a note that no board has come: they are of no attempt. */
START_TEST(test_before_a_board_nothing_counts) {
        RecordAttempt a;

        recovery_log_time(&story, RECORD_TIME_LINK, 5);
        recovery_log_request(&story, 6);
        recovery_log_asic_id(&story, "x", 1);
        recovery_log_begin_transfer(&story);
        recovery_log_transfer(&story, &(TftpProgress){.block = 7});
        recovery_log_diagnosis(&story, "no-board", PROGRESS_KIND_NOTE, "no board so far");
        a = fill();
        ck_assert_uint_eq(a.n_stages, 0);
        ck_assert_uint_eq(a.begin_usec, 0);
        ck_assert_ptr_null(a.asic_id);
        ck_assert_ptr_null(a.diagnosis);
}
END_TEST

START_TEST(test_first_of_each_time_counts) {
        RecordAttempt a;

        recovery_log_begin_stage(&story, STAGE_ROM, 10);
        recovery_log_time(&story, RECORD_TIME_PLUG, 11);
        recovery_log_time(&story, RECORD_TIME_LINK, 0); /* not yet */
        recovery_log_time(&story, RECORD_TIME_LINK, 12);
        recovery_log_time(&story, RECORD_TIME_LINK, 13);
        recovery_log_request(&story, 14);
        recovery_log_request(&story, 15);
        a = fill();
        ck_assert_uint_eq(a.begin_usec, 10);
        ck_assert_uint_eq(a.n_stages, 1);
        ck_assert_uint_eq(a.stages[0].times_usec[RECORD_TIME_PLUG], 10);
        ck_assert_uint_eq(a.stages[0].times_usec[RECORD_TIME_LINK], 12);
        ck_assert_uint_eq(a.stages[0].times_usec[RECORD_TIME_REQUEST], 14);
        ck_assert_uint_eq(a.stages[0].times_usec[RECORD_TIME_ANSWER], 0);
        ck_assert_uint_eq(a.stages[0].n_requests, 2);
}
END_TEST

START_TEST(test_begins_with_what_is_known) {
        recovery_log_begin_stage(&story, STAGE_ROM, 0);
        ck_assert_uint_eq(fill().begin_usec, 0);
        recovery_log_request(&story, 14);
        ck_assert_uint_eq(fill().begin_usec, 14);
        recovery_log_time(&story, RECORD_TIME_PLUG, 11);
        ck_assert_uint_eq(fill().begin_usec, 11);
        recovery_log_begin_stage(&story, STAGE_SPL, 20);
        ck_assert_uint_eq(fill().begin_usec, 11);
}
END_TEST

/* Transfers of one stage are added up; each tells only of itself. */
START_TEST(test_counts_of_all_transfers) {
        const TftpProgress first = {.block = 7, .bytes_acked = 7 * 512, .n_retransmissions = 2};
        const TftpProgress second = {.block = 9, .bytes_acked = 4400, .n_retransmissions = 1};
        RecordAttempt a;

        recovery_log_begin_stage(&story, STAGE_ROM, 10);
        recovery_log_begin_transfer(&story);
        recovery_log_transfer(&story, &(TftpProgress){.block = 3, .bytes_acked = 3 * 512});
        recovery_log_transfer(&story, &first);
        recovery_log_transfer(&story, &first);
        recovery_log_begin_transfer(&story);
        recovery_log_transfer(&story, &second);
        recovery_log_begin_stage(&story, STAGE_SPL, 20);
        recovery_log_begin_transfer(&story);
        recovery_log_transfer(&story, &second);
        a = fill();
        ck_assert_uint_eq(a.n_stages, 2);
        ck_assert_uint_eq(a.stages[0].n_blocks, 16);
        ck_assert_uint_eq(a.stages[0].n_bytes, 7 * 512 + 4400);
        ck_assert_uint_eq(a.stages[0].n_retransmissions, 3);
        ck_assert_uint_eq(a.stages[1].n_blocks, 9);
        ck_assert_uint_eq(a.stages[1].n_bytes, 4400);
        ck_assert_uint_eq(a.stages[1].n_retransmissions, 1);
}
END_TEST

START_TEST(test_full_log_has_the_newest) {
        RecordAttempt a;

        for (unsigned i = 1; i <= RECORD_STAGES_MAX + 3; i++) {
                recovery_log_begin_stage(&story, STAGE_ROM, i);
                recovery_log_request(&story, 1000 + i);
        }
        a = fill();
        ck_assert_uint_eq(a.n_stages, RECORD_STAGES_MAX);
        ck_assert_uint_eq(a.begin_usec, 1);
        ck_assert_uint_eq(a.stages[RECORD_STAGES_MAX - 2].times_usec[RECORD_TIME_PLUG],
                          RECORD_STAGES_MAX - 1);
        ck_assert_uint_eq(a.stages[RECORD_STAGES_MAX - 1].times_usec[RECORD_TIME_PLUG],
                          RECORD_STAGES_MAX + 3);
        ck_assert_uint_eq(a.stages[RECORD_STAGES_MAX - 1].n_requests, 1);
}
END_TEST

START_TEST(test_gravest_diagnosis_counts) {
        recovery_log_begin_stage(&story, STAGE_ROM, 10);
        recovery_log_diagnosis(&story, "slow", PROGRESS_KIND_WARNING, "slow 1");
        recovery_log_diagnosis(&story, "stalled", PROGRESS_KIND_NOTE, "stalled");
        ck_assert_str_eq(fill().diagnosis, "slow");
        recovery_log_diagnosis(&story, "slow", PROGRESS_KIND_WARNING, "slow 2");
        ck_assert_str_eq(fill().diagnosis_text, "slow 2");
        recovery_log_diagnosis(&story, "left-end", PROGRESS_KIND_ERROR, "left");
        recovery_log_diagnosis(&story, "left", PROGRESS_KIND_WARNING, "left");
        ck_assert_str_eq(fill().diagnosis, "left-end");
}
END_TEST

START_TEST(test_what_is_too_long_is_cut) {
        static char text[2 * RECOVERY_LOG_TEXT_LEN_MAX];
        uint8_t id[BOOTP_CLIENT_ID_MAX + 1] = {0, 1, 2};
        RecordAttempt a;

        memset(text, 'x', sizeof(text) - 1);
        recovery_log_begin_stage(&story, STAGE_ROM, 10);
        recovery_log_diagnosis(&story, "slow", PROGRESS_KIND_WARNING, text);
        recovery_log_asic_id(&story, id, sizeof(id));
        a = fill();
        ck_assert_uint_eq(strlen(a.diagnosis_text), RECOVERY_LOG_TEXT_LEN_MAX - 1);
        ck_assert_uint_eq(a.asic_id_size, BOOTP_CLIENT_ID_MAX);
        recovery_log_asic_id(&story, id, 3);
        a = fill();
        ck_assert_uint_eq(a.asic_id_size, 3);
        ck_assert_mem_eq(a.asic_id, id, 3);
}
END_TEST

TEST_MAIN("recovery-log", test_nothing_has_happened, test_before_a_board_nothing_counts,
          test_first_of_each_time_counts, test_begins_with_what_is_known,
          test_counts_of_all_transfers, test_full_log_has_the_newest, test_gravest_diagnosis_counts,
          test_what_is_too_long_is_cut)
