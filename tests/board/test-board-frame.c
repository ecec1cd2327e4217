/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "board-frame.h"
#include "check-main.h"

static const UdpSpec spec = {
        .eth_dst = {1, 2, 3, 4, 5, 6},
        .eth_src = {7, 8, 9, 10, 11, 12},
        .ip_src = 0xc0a80064,
        .ip_dst = 0xc0a80065,
        .src_port = 69,
        .dst_port = 1234,
        .want_checksum = true,
};

/* RFC 1071's own example, and a header known from elsewhere. */
START_TEST(test_checksum) {
        static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
        static const uint8_t header[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
                                         0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8,
                                         0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

        ck_assert_uint_eq(internet_checksum(0, example, sizeof(example)), 0xffff - 0xddf2);
        ck_assert_uint_eq(internet_checksum(0, header, sizeof(header)), 0);
        ck_assert_uint_eq(internet_checksum(0, (const uint8_t *) "\x12", 1), 0xffff - 0x1200);
}
END_TEST

START_TEST(test_udp_there_and_back) {
        uint8_t frame[FRAME_LEN_MAX];
        Packet packet;

        for (size_t len = 0; len <= 5; len++) {
                size_t n = frame_build_udp(frame, &spec, "hello", len);

                ck_assert_uint_eq(n, 42 + len);
                packet_parse(frame, n, false, &packet);
                ck_assert_int_eq(packet.kind, PACKET_UDP);
                ck_assert_int_eq(packet.checksum, UDP_CHECKSUM_VALID);
                ck_assert_uint_eq(packet.ip_src, spec.ip_src);
                ck_assert_uint_eq(packet.ip_dst, spec.ip_dst);
                ck_assert_uint_eq(packet.src_port, 69);
                ck_assert_uint_eq(packet.dst_port, 1234);
                ck_assert_uint_eq(packet.payload_len, len);
                ck_assert_mem_eq(packet.payload, "hello", len);
                ck_assert_mem_eq(packet.eth_dst, spec.eth_dst, MAC_LEN);
        }
}
END_TEST

START_TEST(test_udp_checksum_states) {
        uint8_t frame[FRAME_LEN_MAX];
        UdpSpec without = spec;
        Packet packet;
        size_t n = frame_build_udp(frame, &spec, "abc", 3);

        frame[n - 1] ^= 1;
        packet_parse(frame, n, false, &packet);
        ck_assert_int_eq(packet.checksum, UDP_CHECKSUM_WRONG);
        packet_parse(frame, n, true, &packet);
        ck_assert_int_eq(packet.checksum, UDP_CHECKSUM_OFFLOADED);
        without.want_checksum = false;
        n = frame_build_udp(frame, &without, "abc", 3);
        packet_parse(frame, n, false, &packet);
        ck_assert_int_eq(packet.checksum, UDP_CHECKSUM_NONE);
}
END_TEST

/* A computed sum of 0 goes out as 0xffff: 0 would mean "none" (RFC 768). */
START_TEST(test_udp_checksum_never_zero) {
        uint8_t frame[FRAME_LEN_MAX];
        bool is_seen = false;

        for (unsigned i = 0; i < 65536; i++) {
                uint8_t payload[2] = {(uint8_t) (i >> 8), (uint8_t) i};

                frame_build_udp(frame, &spec, payload, sizeof(payload));
                ck_assert_uint_ne(get_be16(frame + 40), 0);
                is_seen |= get_be16(frame + 40) == 0xffff;
        }
        ck_assert(is_seen);
}
END_TEST

START_TEST(test_ethernet_padding_is_not_payload) {
        uint8_t frame[FRAME_LEN_MAX] = {};
        Packet packet;

        frame_build_udp(frame, &spec, "abc", 3);
        packet_parse(frame, 60, false, &packet);
        ck_assert_int_eq(packet.kind, PACKET_UDP);
        ck_assert_uint_eq(packet.payload_len, 3);
}
END_TEST

/* Each prefix of a good frame, and each single changed byte of its headers, is read safely; what is
 * cut is never taken for a good one. */
START_TEST(test_broken_frames) {
        uint8_t good[FRAME_LEN_MAX], *frame;
        size_t n = frame_build_udp(good, &spec, "abcd", 4);
        Packet packet;

        for (size_t len = 0; len < n; len++) {
                frame = malloc(len + 1); /* so that ASan sees a byte too many */
                ck_assert_ptr_nonnull(frame);
                memcpy(frame, good, len);
                packet_parse(frame, len, false, &packet);
                ck_assert_int_eq(packet.kind, PACKET_BROKEN);
                ck_assert_ptr_nonnull(packet.problem);
                free(frame);
        }
        for (size_t i = 14; i < 34; i++) {
                good[i] ^= 0x10;
                packet_parse(good, n, false, &packet);
                ck_assert_int_eq(packet.kind, PACKET_BROKEN); /* the header's checksum at least */
                good[i] ^= 0x10;
        }
}
END_TEST

START_TEST(test_arp_there_and_back) {
        const ArpSpec request = {
                .operation = ARP_REQUEST,
                .eth_dst = {255, 255, 255, 255, 255, 255},
                .sha = {1, 2, 3, 4, 5, 6},
                .spa = 0xc0a80065,
                .tpa = 0xc0a80064,
        };
        uint8_t frame[FRAME_LEN_MAX];
        Packet packet;
        size_t n = frame_build_arp(frame, &request);

        ck_assert_uint_eq(n, 42);
        packet_parse(frame, n, false, &packet);
        ck_assert_int_eq(packet.kind, PACKET_ARP);
        ck_assert_uint_eq(packet.arp_operation, ARP_REQUEST);
        ck_assert_uint_eq(packet.arp_spa, request.spa);
        ck_assert_uint_eq(packet.arp_tpa, request.tpa);
        ck_assert_mem_eq(packet.arp_sha, request.sha, MAC_LEN);
        packet_parse(frame, n - 1, false, &packet);
        ck_assert_int_eq(packet.kind, PACKET_BROKEN);
}
END_TEST

START_TEST(test_other_kinds) {
        uint8_t frame[64] = {[12] = 0x86, [13] = 0xdd};
        Packet packet;

        packet_parse(frame, sizeof(frame), false, &packet);
        ck_assert_str_eq(packet_kind_name(&packet), "ipv6");
        frame[12] = 0x88;
        frame[13] = 0xcc;
        packet_parse(frame, sizeof(frame), false, &packet);
        ck_assert_str_eq(packet_kind_name(&packet), "other");
}
END_TEST

TEST_MAIN("board-frame", test_checksum, test_udp_there_and_back, test_udp_checksum_states,
          test_udp_checksum_never_zero, test_ethernet_padding_is_not_payload, test_broken_frames,
          test_arp_there_and_back, test_other_kinds)
