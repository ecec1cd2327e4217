/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tftp-transfer.h"

#include <stdio.h>

#include "check-main.h"

#define START_USEC (1000 * USEC_PER_SEC)
#define MSEC       USEC_PER_MSEC

/* check's own assertions write a message each, also when they hold: too slow for 200,000 blocks. */
#define assert_that(condition)                                                     \
        do                                                                         \
                if (!(condition))                                                  \
                        ck_abort_msg("%s:%d: %s", __func__, __LINE__, #condition); \
        while (0)

static const TftpLimits default_limits = {};

static uint8_t image[1 << 20];

/* One transfer, its clock, and what came out of it last. */
typedef struct Bench {
        TftpTransfer t;
        uint64_t now;
        uint8_t packet[2048];
        size_t len;
        bool is_retransmission;
} Bench;

static TftpRequest request_of(const char *bytes, size_t len) {
        TftpRequest request;

        ck_assert_int_eq(tftp_packet_parse_request(bytes, len, &request), 0);
        return request;
}

#define REQUEST(options) request_of("\0\1f\0octet\0" options, sizeof("\0\1f\0octet\0" options) - 1)

static void fill_image(void) {
        for (size_t i = 0; i < sizeof image; i++)
                image[i] = (uint8_t) (i * 7 + i / 251);
}

static Bench begin(TftpRequest request, const void *data, uint64_t size) {
        Bench b = {.now = START_USEC};

        fill_image();
        tftp_transfer_begin(&b.t, b.now, &request, data, size, &default_limits);
        return b;
}

static bool next(Bench *b) {
        TftpDatagram d;

        if (!tftp_transfer_next(&b->t, b->now, &d))
                return false;
        b->len = tftp_packet_flatten(&d, b->packet, sizeof b->packet);
        b->is_retransmission = d.is_retransmission;
        assert_that(b->len >= 2);
        return true;
}

static int ack(Bench *b, uint64_t block) {
        uint8_t packet[4] = {0, 4, (uint8_t) (block >> 8), (uint8_t) block};

        return tftp_transfer_handle_packet(&b->t, b->now, packet, sizeof packet);
}

/* The next datagram is DATA of that block (counted without wrapping) with the right bytes. */
static void assert_data(Bench *b, uint64_t block) {
        uint64_t offset = (block - 1) * b->t.progress.blksize;
        size_t len = (size_t) MIN_OF(b->t.progress.size - offset, b->t.progress.blksize);

        assert_that(next(b));
        assert_that(b->packet[0] == 0 && b->packet[1] == 3);
        assert_that(((unsigned) b->packet[2] << 8 | b->packet[3]) == (block & 0xffff));
        assert_that(b->len == len + 4);
        assert_that(len == 0 || memcmp(b->packet + 4, b->t.data + offset, len) == 0);
}

/* Jumps to the deadline and lets it pass. */
static void time_out(Bench *b) {
        b->now = tftp_transfer_get_deadline(&b->t);
        ck_assert_uint_ne(b->now, USEC_INFINITY);
        tftp_transfer_handle_timeout(&b->t, b->now);
}

START_TEST(test_serves_512_byte_lock_step_without_options) {
        Bench b = begin(REQUEST(""), image, 1000);

        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_DATA);
        assert_data(&b, 1);
        ck_assert(!next(&b));
        b.now += 2 * MSEC;
        ck_assert_int_eq(ack(&b, 1), 0);
        assert_data(&b, 2);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_FINAL);
        ck_assert(!next(&b));
        b.now += 2 * MSEC;
        ck_assert_int_eq(ack(&b, 2), 0);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_DONE);
        ck_assert(!next(&b));
        ck_assert_uint_eq(tftp_transfer_get_deadline(&b.t), USEC_INFINITY);

        ck_assert_uint_eq(b.t.progress.bytes_acked, 1000);
        ck_assert_uint_eq(b.t.progress.block, 2);
        ck_assert_uint_eq(b.t.progress.n_blocks, 2);
        ck_assert_uint_eq(b.t.progress.n_retransmissions, 0);
        ck_assert_uint_eq(b.t.progress.rtt_usec, 2 * MSEC);
        ck_assert_uint_eq(b.t.progress.end_usec, b.now);
        ck_assert_uint_eq(b.t.progress.last_ack_usec, b.now);
        ck_assert(!b.t.progress.has_options);
}
END_TEST

START_TEST(test_ends_by_a_short_block_of_every_size) {
        static const size_t sizes[] = {0, 1, 511, 512, 513, 1023, 1024, 1025, 5120};

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                Bench b = begin(REQUEST(""), sizes[i] > 0 ? image : NULL, sizes[i]);
                size_t n_bytes = 0, len;
                uint64_t block = 0;

                do {
                        assert_data(&b, ++block);
                        len = b.len - 4;
                        n_bytes += len;
                        ck_assert_int_eq(ack(&b, block), 0);
                } while (len == 512);
                ck_assert_int_eq(b.t.progress.state, TFTP_STATE_DONE);
                ck_assert_uint_eq(n_bytes, sizes[i]);
                ck_assert_uint_eq(block, sizes[i] / 512 + 1);
        }
}
END_TEST

START_TEST(test_acknowledges_options_as_they_were_named) {
        Bench b = begin(REQUEST("TimeOut\0005\0TSIZE\0000\0unknown\0x\0blksize\0001468\0"), image,
                        100000);

        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_OACK);
        ck_assert(next(&b));
        ck_assert(memcmp(b.packet, "\0\6TimeOut\0005\0TSIZE\000100000\0blksize\0001468\0", b.len) ==
                  0);
        ck_assert_uint_eq(b.len, 2 + 10 + 13 + 13);
        ck_assert(!next(&b));
        ck_assert_int_eq(ack(&b, 0), 0);
        assert_data(&b, 1);
        ck_assert_uint_eq(b.len, 1472);
        ck_assert(b.t.progress.has_options);
        ck_assert_uint_eq(b.t.progress.blksize, 1468);
}
END_TEST

START_TEST(test_grants_no_more_than_its_limits) {
        Bench b = begin(REQUEST("blksize\00065464\0windowsize\00065535\0"), image, sizeof image);

        ck_assert(next(&b));
        ck_assert(memcmp(b.packet, "\0\6blksize\0001468\0windowsize\00064\0", b.len) == 0);

        b = begin(REQUEST("blksize\0008\0windowsize\0001\0"), image, sizeof image);
        ck_assert(next(&b));
        ck_assert(memcmp(b.packet, "\0\6blksize\0008\0windowsize\0001\0", b.len) == 0);
}
END_TEST

START_TEST(test_starts_with_data_if_no_option_is_known) {
        Bench b = begin(REQUEST("unknown\0001\0blksize\0007\0"), image, 100);

        assert_data(&b, 1);
        ck_assert(!b.t.progress.has_options);
}
END_TEST

START_TEST(test_never_repeats_oack_after_its_ack) {
        Bench b = begin(REQUEST("blksize\000512\0"), image, 5000);

        ck_assert(next(&b));
        time_out(&b);
        ck_assert(next(&b)); /* the OACK once more */
        ck_assert_uint_eq(b.packet[1], 6);
        ck_assert(b.is_retransmission);
        time_out(&b);
        ck_assert_int_eq(ack(&b, 0), 0); /* comes before the third OACK is out */
        assert_data(&b, 1);
        ck_assert_int_eq(ack(&b, 0), TFTP_E_STALE);
        ck_assert(!next(&b));
        time_out(&b);
        assert_data(&b, 1);
}
END_TEST

START_TEST(test_takes_no_other_ack_for_that_of_oack) {
        Bench b = begin(REQUEST("blksize\000512\0"), image, 5000);

        ck_assert_int_eq(ack(&b, 0), TFTP_E_STALE); /* OACK is not even out */
        ck_assert(next(&b));
        ck_assert_int_eq(ack(&b, 1), TFTP_E_STALE);
        ck_assert_int_eq(ack(&b, 65535), TFTP_E_STALE);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_OACK);
        ck_assert(!next(&b));
}
END_TEST

START_TEST(test_is_no_sorcerers_apprentice) {
        Bench b = begin(REQUEST(""), image, 5000);

        assert_data(&b, 1);
        ck_assert_int_eq(ack(&b, 1), 0);
        assert_data(&b, 2);
        for (size_t i = 0; i < 10; i++) {
                ck_assert_int_eq(ack(&b, 1), TFTP_E_STALE);
                ck_assert(!next(&b));
        }
        ck_assert_int_eq(ack(&b, 2), 0);
        assert_data(&b, 3);
        ck_assert_int_eq(ack(&b, 2), TFTP_E_STALE);
        ck_assert_int_eq(ack(&b, 1), TFTP_E_STALE);
        ck_assert_int_eq(ack(&b, 4), TFTP_E_STALE); /* never sent */
        ck_assert(!next(&b));
        ck_assert_uint_eq(b.t.progress.n_retransmissions, 0);
}
END_TEST

START_TEST(test_resends_by_timer_and_backs_off_within_bounds) {
        Bench b = begin(REQUEST(""), image, 5000);
        uint64_t last_wait = 0, sent;

        assert_data(&b, 1);
        ck_assert_uint_le(tftp_transfer_get_deadline(&b.t) - b.now, USEC_PER_SEC);
        for (unsigned i = 1; b.now < START_USEC + 30 * USEC_PER_SEC; i++) {
                uint64_t wait;

                sent = b.now;
                tftp_transfer_handle_timeout(&b.t, tftp_transfer_get_deadline(&b.t) - 1);
                ck_assert(!next(&b)); /* not yet */
                time_out(&b);
                wait = b.now - sent;
                ck_assert_uint_ge(wait, last_wait);
                ck_assert_uint_le(wait, TFTP_RTO_MAX_USEC);
                last_wait = wait;
                assert_data(&b, 1);
                ck_assert(b.is_retransmission);
                ck_assert(!next(&b));
                ck_assert_uint_eq(b.t.progress.n_retransmissions, i);
        }
        ck_assert_int_eq(ack(&b, 1), 0);
        assert_data(&b, 2);
}
END_TEST

START_TEST(test_adapts_its_timer_to_the_round_trip) {
        Bench b = begin(REQUEST(""), image, sizeof image);
        uint64_t wait;

        for (uint64_t block = 1; block <= 20; block++) {
                assert_data(&b, block);
                b.now += 2 * MSEC;
                ck_assert_int_eq(ack(&b, block), 0);
        }
        assert_data(&b, 21);
        wait = tftp_transfer_get_deadline(&b.t) - b.now;
        ck_assert_uint_eq(wait, TFTP_RTO_MIN_USEC);
        ck_assert_uint_eq(b.t.progress.rtt_usec, 2 * MSEC);

        /* A link that became slow: after the samples, its blocks are not sent twice for ever. */
        for (uint64_t block = 21; block <= 60; block++) {
                uint64_t arrives = b.now + 400 * MSEC;

                if (block > 21)
                        assert_data(&b, block);
                while (tftp_transfer_get_deadline(&b.t) < arrives) {
                        time_out(&b);
                        assert_data(&b, block);
                }
                b.now = arrives;
                ck_assert_int_eq(ack(&b, block), 0);
        }
        assert_data(&b, 61);
        ck_assert_uint_gt(tftp_transfer_get_deadline(&b.t) - b.now, 400 * MSEC);
        ck_assert_uint_lt(b.t.progress.n_retransmissions, 20);
}
END_TEST

START_TEST(test_takes_no_round_trip_of_repeated_blocks) {
        Bench b = begin(REQUEST(""), image, 5000);

        assert_data(&b, 1);
        time_out(&b);
        assert_data(&b, 1);
        b.now += 1;
        ck_assert_int_eq(ack(&b, 1), 0);
        ck_assert_uint_eq(b.t.progress.rtt_usec, 0);
        /* Karn: the back-off stays until a round trip counts. */
        assert_data(&b, 2);
        ck_assert_uint_eq(tftp_transfer_get_deadline(&b.t) - b.now, 2 * TFTP_RTO_FIRST_USEC);
        b.now += 3 * MSEC;
        ck_assert_int_eq(ack(&b, 2), 0);
        ck_assert_uint_eq(b.t.progress.rtt_usec, 3 * MSEC);
        assert_data(&b, 3);
        ck_assert_uint_eq(tftp_transfer_get_deadline(&b.t) - b.now, TFTP_RTO_MIN_USEC);
}
END_TEST

START_TEST(test_does_not_follow_the_timeout_it_agreed_to) {
        Bench b = begin(REQUEST("timeout\000255\0"), image, 5000);

        ck_assert(next(&b));
        ck_assert_uint_le(tftp_transfer_get_deadline(&b.t) - b.now, USEC_PER_SEC);
        ck_assert_int_eq(ack(&b, 0), 0);
        assert_data(&b, 1);
        ck_assert_uint_le(tftp_transfer_get_deadline(&b.t) - b.now, USEC_PER_SEC);
}
END_TEST

START_TEST(test_is_patient_with_uboots_own_timer) {
        Bench b = begin(REQUEST(""), image, 5000);

        assert_data(&b, 1);
        ck_assert_int_eq(ack(&b, 1), 0);
        /* ACK 2 was lost; U-Boot ignores repeated DATA and repeats its ACK every 5 s. All but the
         * fifth are lost too. */
        assert_data(&b, 2);
        while (b.now < START_USEC + 25 * USEC_PER_SEC) {
                time_out(&b);
                assert_data(&b, 2);
        }
        ck_assert_int_eq(ack(&b, 2), 0);
        assert_data(&b, 3);
}
END_TEST

START_TEST(test_gives_up_after_its_patience) {
        Bench b = begin(REQUEST(""), image, 5000);

        assert_data(&b, 1);
        ck_assert_int_eq(ack(&b, 1), 0);
        while (tftp_transfer_is_live(&b.t)) {
                (void) next(&b);
                time_out(&b);
        }
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_TIMED_OUT);
        ck_assert_uint_eq(b.now, START_USEC + TFTP_PATIENCE_USEC);
        ck_assert_int_eq(ack(&b, 2), TFTP_E_STALE);
}
END_TEST

START_TEST(test_tells_a_missing_last_ack_from_failure) {
        Bench b = begin(REQUEST(""), image, 512);

        assert_data(&b, 1);
        tftp_transfer_handle_unreachable(&b.t, b.now);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_DATA); /* goes on */
        ck_assert_int_eq(ack(&b, 1), 0);
        assert_data(&b, 2);
        ck_assert_uint_eq(b.len, 4);
        time_out(&b);
        assert_data(&b, 2);
        tftp_transfer_end(&b.t, b.now, TFTP_STATE_ABANDONED);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_UNCONFIRMED);

        b = begin(REQUEST(""), image, 512);
        tftp_transfer_end(&b.t, b.now, TFTP_STATE_ABANDONED);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_ABANDONED);
        tftp_transfer_end(&b.t, b.now, TFTP_STATE_REPLACED);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_ABANDONED);

        b = begin(REQUEST(""), image, 1);
        assert_data(&b, 1);
        tftp_transfer_end(&b.t, b.now, TFTP_STATE_REPLACED);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_REPLACED);

        b = begin(REQUEST(""), image, 1);
        assert_data(&b, 1);
        tftp_transfer_handle_unreachable(&b.t, b.now);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_UNCONFIRMED);

        b = begin(REQUEST(""), image, 1);
        assert_data(&b, 1);
        while (tftp_transfer_is_live(&b.t)) {
                time_out(&b);
                (void) next(&b);
        }
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_UNCONFIRMED);
}
END_TEST

START_TEST(test_keeps_the_peers_error) {
        Bench b = begin(REQUEST("blksize\000512\0"), image, 5000);

        ck_assert(next(&b));
        ck_assert_int_eq(tftp_transfer_handle_packet(&b.t, b.now, "\0\5\0", 3), TFTP_E_SHORT);
        ck_assert_int_eq(tftp_transfer_handle_packet(&b.t, b.now, "\0\5\0\10bad \033option", 15),
                         0);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_PEER_ERROR);
        ck_assert_uint_eq(b.t.progress.error_code, 8);
        ck_assert_str_eq(b.t.progress.error_text, "bad ?option");
        ck_assert(!next(&b)); /* ERROR is never answered */
        ck_assert_uint_eq(tftp_transfer_get_deadline(&b.t), USEC_INFINITY);
}
END_TEST

START_TEST(test_ignores_other_packets) {
        static const uint8_t packets[][6] = {
                {0, 1, 'f', 0}, {0, 2, 'f', 0}, {0, 3, 0, 1}, {0, 6, 0},
                {0, 0},         {1, 4, 0, 1},   {0, 7},
        };
        Bench b = begin(REQUEST(""), image, 5000);

        assert_data(&b, 1);
        for (size_t i = 0; i < ELEMENTSOF(packets); i++)
                ck_assert_int_eq(tftp_transfer_handle_packet(&b.t, b.now, packets[i], 6),
                                 TFTP_E_UNEXPECTED);
        ck_assert_int_eq(tftp_transfer_handle_packet(&b.t, b.now, "\0\4\0", 3), TFTP_E_SHORT);
        ck_assert_int_eq(tftp_transfer_handle_packet(&b.t, b.now, NULL, 0), TFTP_E_SHORT);
        ck_assert(!next(&b));
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_DATA);
}
END_TEST

START_TEST(test_sends_windows) {
        Bench b = begin(REQUEST("windowsize\0004\0"), image, 10 * 512 + 1);

        ck_assert(next(&b));
        ck_assert_int_eq(ack(&b, 0), 0);
        for (uint64_t block = 1; block <= 4; block++)
                assert_data(&b, block);
        ck_assert(!next(&b));
        b.now += 5 * MSEC;
        ck_assert_int_eq(ack(&b, 4), 0);
        ck_assert_uint_gt(b.t.progress.rtt_usec, 0);
        for (uint64_t block = 5; block <= 8; block++)
                assert_data(&b, block);
        ck_assert(!next(&b));
        ck_assert_int_eq(ack(&b, 8), 0);
        for (uint64_t block = 9; block <= 11; block++)
                assert_data(&b, block);
        ck_assert(!next(&b));
        ck_assert_int_eq(ack(&b, 11), 0);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_DONE);
        ck_assert_uint_eq(b.t.progress.n_retransmissions, 0);
}
END_TEST

/* The last block is on its way, and others before it. */
START_TEST(test_leaving_within_the_last_window_is_no_success) {
        Bench b = begin(REQUEST("windowsize\0004\0"), image, 2 * 512 + 1);

        ck_assert(next(&b));
        ck_assert_int_eq(ack(&b, 0), 0);
        for (uint64_t block = 1; block <= 3; block++)
                assert_data(&b, block);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_FINAL);
        tftp_transfer_handle_unreachable(&b.t, b.now);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_FINAL); /* goes on */
        tftp_transfer_end(&b.t, b.now, TFTP_STATE_ABANDONED);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_ABANDONED);

        b = begin(REQUEST("windowsize\0004\0"), image, 2 * 512 + 1);
        ck_assert(next(&b));
        ck_assert_int_eq(ack(&b, 0), 0);
        for (uint64_t block = 1; block <= 3; block++)
                assert_data(&b, block);
        ck_assert_int_eq(ack(&b, 2), 0);
        tftp_transfer_end(&b.t, b.now, TFTP_STATE_ABANDONED);
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_UNCONFIRMED);
}
END_TEST

START_TEST(test_moves_the_window_on_a_partial_ack) {
        Bench b = begin(REQUEST("windowsize\0004\0"), image, 20 * 512);

        ck_assert(next(&b));
        ck_assert_int_eq(ack(&b, 0), 0);
        for (uint64_t block = 1; block <= 4; block++)
                assert_data(&b, block);

        /* Block 3 was lost: RFC 7440 4, the window begins behind what was acknowledged. */
        ck_assert_int_eq(ack(&b, 2), 0);
        for (uint64_t block = 3; block <= 6; block++)
                assert_data(&b, block);
        ck_assert(!next(&b));
        ck_assert_uint_eq(b.t.progress.n_retransmissions, 2);

        /* An ACK equal to the last one sends nothing, nor does one out of the past. */
        ck_assert_int_eq(ack(&b, 2), TFTP_E_STALE);
        ck_assert_int_eq(ack(&b, 1), TFTP_E_STALE);
        ck_assert_int_eq(ack(&b, 7), TFTP_E_STALE);
        ck_assert(!next(&b));

        time_out(&b);
        for (uint64_t block = 3; block <= 6; block++)
                assert_data(&b, block);
        ck_assert(!next(&b));

        /* A late ACK while the window is being repeated moves forward, not back. */
        time_out(&b);
        assert_data(&b, 3);
        ck_assert_int_eq(ack(&b, 6), 0);
        assert_data(&b, 7);
}
END_TEST

START_TEST(test_repeats_its_first_packet) {
        Bench b = begin(REQUEST(""), image, 5000);

        assert_data(&b, 1);
        tftp_transfer_repeat_first(&b.t);
        assert_data(&b, 1);
        ck_assert(!next(&b));

        b = begin(REQUEST("blksize\000512\0"), image, 5000);
        ck_assert(next(&b));
        tftp_transfer_repeat_first(&b.t);
        ck_assert(next(&b));
        ck_assert_uint_eq(b.packet[1], 6);
        ck_assert(!next(&b));
}
END_TEST

START_TEST(test_knows_a_repeated_request) {
        TftpRequest same = REQUEST("blksize\000600\0"), other = REQUEST("blksize\000700\0");
        TftpRequest plain = REQUEST("");
        Bench b = begin(same, image, 5000);

        ck_assert(tftp_transfer_is_same_request(&b.t, &same, &default_limits));
        ck_assert(!tftp_transfer_is_same_request(&b.t, &other, &default_limits));
        ck_assert(!tftp_transfer_is_same_request(&b.t, &plain, &default_limits));
        b = begin(plain, image, 5000);
        ck_assert(tftp_transfer_is_same_request(&b.t, &plain, &default_limits));
}
END_TEST

/* 70,000 blocks of 8 bytes: the same numbers as 34 MiB in blocks of 512, and quick. With losses on
 * both sides of the rollover. */
static void run_over_the_rollover(TftpRequest request, uint64_t window) {
        uint64_t size = 70000 * 8 + 3, block = 0;
        Bench b = begin(request, image, size);

        ck_assert(next(&b));
        ck_assert_int_eq(ack(&b, 0), 0);
        while (block < 70001) {
                uint64_t last = MIN_OF(block + window, UINT64_C(70001));

                for (uint64_t i = block + 1; i <= last; i++)
                        assert_data(&b, i);
                assert_that(!next(&b));
                if (last > 65530 && last < 65545) {
                        time_out(&b);
                        for (uint64_t i = block + 1; i <= last; i++)
                                assert_data(&b, i);
                        ck_assert_int_eq(ack(&b, block), TFTP_E_STALE);
                        ck_assert_int_eq(ack(&b, block - 1), TFTP_E_STALE);
                        ck_assert_int_eq(ack(&b, last + 1), TFTP_E_STALE);
                        ck_assert(!next(&b));
                }
                assert_that(ack(&b, last) == 0);
                block = last;
        }
        ck_assert_int_eq(b.t.progress.state, TFTP_STATE_DONE);
        ck_assert_uint_eq(b.t.progress.block, 70001);
        ck_assert_uint_eq(b.t.progress.bytes_acked, size);
}

START_TEST(test_rolls_over_from_65535_to_0) {
        run_over_the_rollover(REQUEST("blksize\0008\0"), 1);
        run_over_the_rollover(REQUEST("blksize\0008\0windowsize\0007\0"), 7);
}
END_TEST

/* A client and a wire that lose, repeat and reorder, by a fixed series of random numbers. The client
 * acknowledges as U-Boot does: no ACK for old DATA, its own timer of 5 s. */
static uint32_t random_state;

static uint32_t random_below(uint32_t limit) {
        random_state = random_state * 1664525 + 1013904223;
        return (random_state >> 8) % limit;
}

static bool run_lossy(uint32_t seed) {
        Bench b = begin(REQUEST(""), image, 20 * 512 + 100);
        uint64_t received = 0, uboot_timer = b.now + 5 * USEC_PER_SEC;

        random_state = seed;
        while (tftp_transfer_is_live(&b.t) && b.now < START_USEC + 600 * USEC_PER_SEC) {
                uint64_t deadline;

                while (next(&b)) {
                        unsigned block = (unsigned) b.packet[2] << 8 | b.packet[3];

                        if (random_below(100) < 5)
                                continue;
                        b.now += 1 * MSEC;
                        if (block != received + 1)
                                continue;
                        received++;
                        uboot_timer = b.now + 5 * USEC_PER_SEC;
                        for (uint32_t copies = random_below(10) == 0 ? 2 : 1; copies > 0; copies--)
                                if (random_below(100) >= 5) {
                                        b.now += 1 * MSEC;
                                        (void) ack(&b, received);
                                }
                }
                if (!tftp_transfer_is_live(&b.t))
                        break;
                deadline = tftp_transfer_get_deadline(&b.t);
                if (uboot_timer < deadline && received < 21) {
                        b.now = uboot_timer;
                        uboot_timer += 5 * USEC_PER_SEC;
                        if (random_below(100) >= 5)
                                (void) ack(&b, received);
                } else {
                        b.now = deadline;
                        tftp_transfer_handle_timeout(&b.t, b.now);
                }
        }
        return received == 21 && (b.t.progress.state == TFTP_STATE_DONE ||
                                  b.t.progress.state == TFTP_STATE_UNCONFIRMED);
}

START_TEST(test_gets_through_a_lossy_link) {
        for (uint32_t seed = 0; seed < 200; seed++)
                ck_assert_msg(run_lossy(seed), "seed %u", seed);
}
END_TEST

TEST_MAIN("tftp-transfer", test_serves_512_byte_lock_step_without_options,
          test_ends_by_a_short_block_of_every_size, test_acknowledges_options_as_they_were_named,
          test_grants_no_more_than_its_limits, test_starts_with_data_if_no_option_is_known,
          test_never_repeats_oack_after_its_ack, test_takes_no_other_ack_for_that_of_oack,
          test_is_no_sorcerers_apprentice, test_resends_by_timer_and_backs_off_within_bounds,
          test_adapts_its_timer_to_the_round_trip, test_takes_no_round_trip_of_repeated_blocks,
          test_does_not_follow_the_timeout_it_agreed_to, test_is_patient_with_uboots_own_timer,
          test_gives_up_after_its_patience, test_tells_a_missing_last_ack_from_failure,
          test_keeps_the_peers_error, test_ignores_other_packets, test_sends_windows,
          test_leaving_within_the_last_window_is_no_success, test_moves_the_window_on_a_partial_ack,
          test_repeats_its_first_packet, test_knows_a_repeated_request,
          test_rolls_over_from_65535_to_0, test_gets_through_a_lossy_link)
