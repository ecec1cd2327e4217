/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tftp-server.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "check-main.h"

#define N_SLOTS 3

static const uint8_t image[5000] = {1, 2, 3};

static TftpServer server;
static uint64_t now;
static TftpAction action;

static void set_up(void) {
        now = 1000 * USEC_PER_SEC;
        tftp_server_init(&server, N_SLOTS, NULL);
        tftp_server_set_file(&server, now, "u-boot.img", image, sizeof image);
}

static struct sockaddr_in peer(uint16_t port) {
        return (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = inet_addr("192.168.0.101"),
        };
}

static int request(uint16_t port, const void *bytes, size_t len) {
        struct sockaddr_in source = peer(port);

        return tftp_server_handle_request(&server, now, &source, false, bytes, len);
}

#define REQUEST(port, literal) request(port, literal, sizeof(literal) - 1)
#define ROM_RRQ                "\0\1u-boot.img\0octet\0"
#define UBOOT_RRQ              ROM_RRQ "timeout\0005\0tsize\0000\0blksize\0001468\0"

static int ack(unsigned slot, uint16_t port, uint16_t block) {
        uint8_t packet[4] = {0, 4, (uint8_t) (block >> 8), (uint8_t) block};
        struct sockaddr_in source = peer(port);

        return tftp_server_handle_packet(&server, now, slot, &source, packet, sizeof packet);
}

static void expect(TftpActionType type, unsigned slot, uint16_t port) {
        ck_assert(tftp_server_next(&server, now, &action));
        ck_assert_int_eq(action.type, type);
        ck_assert_uint_eq(action.slot, slot);
        ck_assert_uint_eq(ntohs(action.peer.sin_port), port);
}

static void expect_data(unsigned slot, uint16_t port, uint16_t block) {
        expect(TFTP_ACTION_SEND, slot, port);
        ck_assert_uint_eq(action.datagram.header[1], TFTP_OPCODE_DATA);
        ck_assert_uint_eq(action.datagram.header[2] << 8 | action.datagram.header[3], block);
}

static void expect_error(uint16_t port, uint16_t code) {
        expect(TFTP_ACTION_REPLY, 0, port);
        ck_assert_uint_eq(action.datagram.header[1], TFTP_OPCODE_ERROR);
        ck_assert_uint_eq(action.datagram.header[3], code);
        ck_assert_uint_gt(action.datagram.payload_len, 1);
}

static void expect_nothing(void) {
        ck_assert(!tftp_server_next(&server, now, &action));
}

START_TEST(test_serves_one_file_with_a_tid_of_its_own) {
        set_up();
        ck_assert_ptr_null(tftp_server_get_progress(&server));
        ck_assert_uint_eq(tftp_server_get_deadline(&server), USEC_INFINITY);

        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        for (uint16_t block = 1; block <= 10; block++) {
                expect_data(0, 1234, block);
                expect_nothing();
                ck_assert_uint_ne(tftp_server_get_deadline(&server), USEC_INFINITY);
                now += 1000;
                ck_assert_int_eq(ack(0, 1234, block), 0);
        }
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_DONE);
        ck_assert_uint_eq(action.progress.bytes_acked, sizeof image);
        expect_nothing();
        ck_assert_uint_eq(tftp_server_get_deadline(&server), USEC_INFINITY);
        ck_assert_int_eq(tftp_server_get_progress(&server)->state, TFTP_STATE_DONE);
        ck_assert_int_eq(ack(0, 1234, 10), TFTP_E_STALE);
}
END_TEST

START_TEST(test_refuses_every_other_name) {
        static const char *const names[] = {"U-BOOT.IMG",   "u-boot.im",     "u-boot.imgx",
                                            "./u-boot.img", "/u-boot.img",   "../u-boot.img",
                                            "u-boot.img ",  "u-boot.img/",   "/etc/passwd",
                                            "C0A80065.img", "192.168.0.1:u", "..\\u-boot.img"};

        set_up();
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char packet[128] = "\0\1";
                size_t len = 2 + (size_t) sprintf(packet + 2, "%s", names[i]) + 1;

                len += (size_t) sprintf(packet + len, "octet") + 1;
                ck_assert_int_eq(request(1234, packet, len), TFTP_E_REFUSED);
                expect_error(1234, TFTP_ERROR_NOT_FOUND);
                expect_nothing();
                ck_assert_str_eq(tftp_server_get_wrong_name(&server), names[i]);
        }
        ck_assert_ptr_null(tftp_server_get_progress(&server));

        ck_assert_int_eq(REQUEST(1234, "\0\1a\033b\xff\0octet\0"), TFTP_E_REFUSED);
        ck_assert_str_eq(tftp_server_get_wrong_name(&server), "a?b?");
}
END_TEST

START_TEST(test_serves_nothing_without_a_file) {
        set_up();
        tftp_server_set_file(&server, now, NULL, NULL, 0);
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), TFTP_E_REFUSED);
        expect_error(1234, TFTP_ERROR_NOT_FOUND);
        ck_assert_int_eq(REQUEST(1234, "\0\1\0octet\0"), TFTP_E_MALFORMED);
        expect_error(1234, TFTP_ERROR_ILLEGAL);
}
END_TEST

START_TEST(test_refuses_what_it_does_not_do) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, "\0\2u-boot.img\0octet\0"), TFTP_E_REFUSED);
        expect_error(1234, TFTP_ERROR_ACCESS);
        ck_assert_int_eq(REQUEST(1234, "\0\1u-boot.img\0netascii\0"), TFTP_E_REFUSED);
        expect_error(1234, TFTP_ERROR_UNDEFINED);
        ck_assert_str_eq(action.datagram.payload, "Only mode octet is served");
        ck_assert_int_eq(REQUEST(1234, "\0\1u-boot.img\0octet"), TFTP_E_MALFORMED);
        expect_error(1234, TFTP_ERROR_ILLEGAL);
        ck_assert_int_eq(REQUEST(1234, "\0\7x"), TFTP_E_REFUSED);
        expect_error(1234, TFTP_ERROR_ILLEGAL);
        ck_assert_int_eq(REQUEST(1234, "\0\0"), TFTP_E_REFUSED);
        expect_error(1234, TFTP_ERROR_ILLEGAL);
        expect_nothing();
}
END_TEST

START_TEST(test_is_silent_on_what_is_no_request) {
        struct sockaddr_in source = peer(1234);

        set_up();
        ck_assert_int_eq(request(1234, NULL, 0), TFTP_E_SHORT);
        ck_assert_int_eq(REQUEST(1234, "\0"), TFTP_E_SHORT);
        ck_assert_int_eq(REQUEST(1234, "\0\3\0\1data"), TFTP_E_UNEXPECTED);
        ck_assert_int_eq(REQUEST(1234, "\0\4\0\1"), TFTP_E_UNEXPECTED);
        ck_assert_int_eq(REQUEST(1234, "\0\5\0\1text\0"), TFTP_E_UNEXPECTED);
        ck_assert_int_eq(REQUEST(1234, "\0\6"), TFTP_E_UNEXPECTED);
        /* RFC 1123 4.2.3.5: a request to a broadcast address. */
        ck_assert_int_eq(tftp_server_handle_request(&server, now, &source, true, ROM_RRQ,
                                                    sizeof ROM_RRQ - 1),
                         TFTP_E_UNEXPECTED);
        ck_assert_int_eq(REQUEST(0, ROM_RRQ), TFTP_E_UNEXPECTED);
        expect_nothing();
}
END_TEST

START_TEST(test_repeats_the_first_packet_before_the_first_ack) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        now += 300 * USEC_PER_MSEC;
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), TFTP_E_DUPLICATE);
        expect_data(0, 1234, 1); /* same slot, so the same TID */
        ck_assert(action.datagram.is_retransmission);
        expect_nothing();

        /* Even much later: a board that was pulled and plugged in again wants just that. */
        now += 30 * USEC_PER_SEC;
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), TFTP_E_DUPLICATE);
        expect_data(0, 1234, 1);
        expect_nothing();

        /* Two requests before anything was sent. */
        ck_assert_int_eq(REQUEST(2000, ROM_RRQ), 0);
        ck_assert_int_eq(REQUEST(2000, ROM_RRQ), TFTP_E_DUPLICATE);
        expect(TFTP_ACTION_CONNECT, 1, 2000);
        expect_data(1, 2000, 1);
        expect_nothing();
}
END_TEST

START_TEST(test_begins_anew_if_the_options_changed) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, UBOOT_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect(TFTP_ACTION_SEND, 0, 1234);
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_REPLACED);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        expect_nothing();
}
END_TEST

START_TEST(test_drops_a_late_duplicate_request) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, UBOOT_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect(TFTP_ACTION_SEND, 0, 1234);
        ck_assert_uint_eq(action.datagram.header[1], TFTP_OPCODE_OACK);
        ck_assert_int_eq(ack(0, 1234, 0), 0);
        expect_data(0, 1234, 1);
        now += TFTP_SERVER_QUIET_USEC - 1;
        ck_assert_int_eq(REQUEST(1234, UBOOT_RRQ), TFTP_E_DUPLICATE);
        expect_nothing();
        ck_assert_int_eq(ack(0, 1234, 1), 0);
        expect_data(0, 1234, 2);
}
END_TEST

/* The client began anew within the quiet time: a block of the old transfer would confuse it. */
START_TEST(test_holds_its_timer_after_a_doubtful_request) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        ck_assert_int_eq(ack(0, 1234, 1), 0);
        expect_data(0, 1234, 2);
        now += 20 * USEC_PER_MSEC;
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), TFTP_E_DUPLICATE);
        ck_assert_uint_eq(tftp_server_get_deadline(&server), now + TFTP_SERVER_HOLD_USEC);
        now += 5 * USEC_PER_SEC;
        tftp_server_handle_timeout(&server, now);
        expect_nothing();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        ck_assert_int_eq(ack(0, 1234, 1), 0);
        expect_data(0, 1234, 2);

        /* A duplicate after all: the ACK ends the hold. */
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), TFTP_E_DUPLICATE);
        ck_assert_int_eq(ack(0, 1234, 2), 0);
        expect_data(0, 1234, 3);
        ck_assert_uint_lt(tftp_server_get_deadline(&server), now + USEC_PER_SEC);
}
END_TEST

START_TEST(test_takes_a_request_of_one_that_was_gone_for_a_new_transfer) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        ck_assert_int_eq(ack(0, 1234, 1), 0);
        expect_data(0, 1234, 2);
        tftp_server_handle_unreachable(&server, now, 0);
        ck_assert_int_eq(ack(0, 1234, 2), 0); /* it was not gone */
        expect_data(0, 1234, 3);
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), TFTP_E_DUPLICATE);
        tftp_server_handle_unreachable(&server, now, 0);
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_REPLACED);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
}
END_TEST

START_TEST(test_takes_a_request_after_silence_for_a_new_transfer) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        ck_assert_int_eq(ack(0, 1234, 1), 0);
        expect_data(0, 1234, 2);
        now += TFTP_SERVER_QUIET_USEC;
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234); /* the old TID is given up … */
        ck_assert_int_eq(action.progress.state, TFTP_STATE_REPLACED);
        ck_assert_uint_eq(action.progress.block, 1);
        expect(TFTP_ACTION_CONNECT, 0, 1234); /* … and a fresh one taken */
        expect_data(0, 1234, 1);
        expect_nothing();
        ck_assert_uint_eq(tftp_server_get_progress(&server)->block, 0);
}
END_TEST

START_TEST(test_serves_the_same_address_and_port_again_after_a_replug) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        ck_assert_int_eq(ack(0, 1234, 1), 0);
        expect_data(0, 1234, 2);
        tftp_server_handle_peer_gone(&server, now);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_ABANDONED);
        expect_nothing();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
}
END_TEST

START_TEST(test_calls_a_leave_after_the_last_block_unconfirmed) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        for (uint16_t block = 1; block <= 9; block++) {
                expect_data(0, 1234, block);
                ck_assert_int_eq(ack(0, 1234, block), 0);
        }
        tftp_server_handle_unreachable(&server, now, 0); /* not yet: block 10 is not out */
        expect_data(0, 1234, 10);
        tftp_server_handle_peer_gone(&server, now);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_UNCONFIRMED);
        ck_assert_uint_eq(action.progress.block, 9);
}
END_TEST

START_TEST(test_sends_strangers_away) {
        struct sockaddr_in stranger = peer(4321);

        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        ck_assert_int_eq(tftp_server_handle_packet(&server, now, 0, &stranger, "\0\4\0\1", 4),
                         TFTP_E_STRANGER);
        expect_error(4321, TFTP_ERROR_UNKNOWN_TID);
        expect_nothing();
        /* Never an ERROR for an ERROR. */
        ck_assert_int_eq(tftp_server_handle_packet(&server, now, 0, &stranger, "\0\5\0\1x", 5),
                         TFTP_E_STRANGER);
        expect_nothing();
        stranger = peer(1234);
        stranger.sin_addr.s_addr = inet_addr("192.168.0.7");
        ck_assert_int_eq(tftp_server_handle_packet(&server, now, 0, &stranger, "\0\4\0\1", 4),
                         TFTP_E_STRANGER);
        expect_error(1234, TFTP_ERROR_UNKNOWN_TID);
        ck_assert_int_eq(ack(0, 1234, 1), 0);
        expect_data(0, 1234, 2);
}
END_TEST

START_TEST(test_serves_several_at_once_and_makes_room_for_the_living) {
        set_up();
        for (uint16_t i = 0; i < N_SLOTS; i++) {
                ck_assert_int_eq(REQUEST(2000 + i, ROM_RRQ), 0);
                expect(TFTP_ACTION_CONNECT, i, 2000 + i);
                expect_data(i, 2000 + i, 1);
                now += 1000;
        }
        ck_assert_int_eq(REQUEST(3000, ROM_RRQ), TFTP_E_BUSY);
        expect_nothing();

        /* The first goes on, the second becomes the one that is silent for longest. */
        ck_assert_int_eq(ack(0, 2000, 1), 0);
        expect_data(0, 2000, 2);
        now += TFTP_SERVER_QUIET_USEC;
        ck_assert_int_eq(REQUEST(3000, ROM_RRQ), 0);
        expect(TFTP_ACTION_DISCONNECT, 1, 2001);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_REPLACED);
        expect(TFTP_ACTION_CONNECT, 1, 3000);
        expect_data(1, 3000, 1);
        expect_nothing();
}
END_TEST

START_TEST(test_ends_a_transfer_that_could_not_be_connected) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        tftp_server_handle_connect_failed(&server, now, 0);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_ABANDONED);
        expect_nothing();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
}
END_TEST

START_TEST(test_drives_its_timers) {
        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        now += 100 * USEC_PER_MSEC;
        ck_assert_int_eq(REQUEST(2000, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 1, 2000);
        expect_data(1, 2000, 1);

        ck_assert_uint_eq(tftp_server_get_deadline(&server),
                          now - 100 * USEC_PER_MSEC + TFTP_RTO_FIRST_USEC);
        now = tftp_server_get_deadline(&server);
        tftp_server_handle_timeout(&server, now);
        expect_data(0, 1234, 1);
        expect_nothing();
        now = tftp_server_get_deadline(&server);
        tftp_server_handle_timeout(&server, now);
        expect_data(1, 2000, 1);
        expect_nothing();
}
END_TEST

START_TEST(test_forgets_the_old_file_at_once) {
        static const uint8_t other[3] = {7, 8, 9};

        set_up();
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        tftp_server_set_file(&server, now, "spl.bin", other, sizeof other);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_ABANDONED);
        expect_nothing();
        ck_assert_ptr_null(tftp_server_get_progress(&server));
        ck_assert_int_eq(REQUEST(1234, ROM_RRQ), TFTP_E_REFUSED);
        expect_error(1234, TFTP_ERROR_NOT_FOUND);
        ck_assert_int_eq(REQUEST(1234, "\0\1spl.bin\0octet\0"), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect_data(0, 1234, 1);
        ck_assert_uint_eq(action.datagram.payload_len, 3);
        ck_assert_ptr_eq(action.datagram.payload, other);
}
END_TEST

START_TEST(test_reports_the_peers_error) {
        struct sockaddr_in source = peer(1234);

        set_up();
        ck_assert_int_eq(REQUEST(1234, UBOOT_RRQ), 0);
        expect(TFTP_ACTION_CONNECT, 0, 1234);
        expect(TFTP_ACTION_SEND, 0, 1234);
        ck_assert_int_eq(tftp_server_handle_packet(&server, now, 0, &source, "\0\5\0\10no\0", 7),
                         0);
        expect(TFTP_ACTION_DISCONNECT, 0, 1234);
        ck_assert_int_eq(action.progress.state, TFTP_STATE_PEER_ERROR);
        ck_assert_uint_eq(action.progress.error_code, 8);
        ck_assert_str_eq(action.progress.error_text, "no");
        expect_nothing();
}
END_TEST

TEST_MAIN("tftp-server", test_serves_one_file_with_a_tid_of_its_own, test_refuses_every_other_name,
          test_serves_nothing_without_a_file, test_refuses_what_it_does_not_do,
          test_is_silent_on_what_is_no_request, test_repeats_the_first_packet_before_the_first_ack,
          test_begins_anew_if_the_options_changed, test_drops_a_late_duplicate_request,
          test_takes_a_request_of_one_that_was_gone_for_a_new_transfer,
          test_holds_its_timer_after_a_doubtful_request,
          test_takes_a_request_after_silence_for_a_new_transfer,
          test_serves_the_same_address_and_port_again_after_a_replug,
          test_calls_a_leave_after_the_last_block_unconfirmed, test_sends_strangers_away,
          test_serves_several_at_once_and_makes_room_for_the_living,
          test_ends_a_transfer_that_could_not_be_connected, test_drives_its_timers,
          test_forgets_the_old_file_at_once, test_reports_the_peers_error)
