/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "capture-frame.h"

#include "check-main.h"

static uint8_t headers[CAPTURE_FRAME_HEADERS_LEN];

/* RFC 1071: with its checksum in it, a header adds up to all ones. */
static void check_checksum(void) {
        uint32_t sum = 0;

        for (size_t i = 14; i < 34; i += 2)
                sum += (uint32_t) (headers[i] << 8 | headers[i + 1]);
        ck_assert_uint_eq((sum & 0xffff) + (sum >> 16), 0xffff);
}

static struct sockaddr_in at(uint32_t address, uint16_t port) {
        return (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(address),
                .sin_port = htons(port),
        };
}

START_TEST(test_a_request_of_the_rom) {
        static const uint8_t wanted[CAPTURE_FRAME_HEADERS_LEN] = {
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 8, 0, /* */
                0x45, 0,    0x01, 0x88, 0,    0,    0x40, 0,    64,   17,   0x39, 0x66,       /* */
                0,    0,    0,    0,    255,  255,  255,  255,                                /* */
                0,    68,   0,    67,   0x01, 0x74, 0,    0};

        memset(headers, 0xaa, sizeof(headers));
        capture_frame_format(
                &(CaptureFrame){
                        .source_mac = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66},
                        .destination_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                        .source = at(INADDR_ANY, 68),
                        .destination = at(INADDR_BROADCAST, 67),
                        .payload_len = 364,
                },
                headers);
        check_checksum();
        ck_assert_mem_eq(headers, wanted, sizeof(wanted));
}
END_TEST

START_TEST(test_data_to_the_rom) {
        static const uint8_t wanted[CAPTURE_FRAME_HEADERS_LEN] = {
                0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 2,    0,   0,  0,  0,    0x64, 8, 0, /* */
                0x45, 0,    0x02, 0x20, 0,    0,    0x40, 0,   64, 17, 0xb6, 0xb3,       /* */
                192,  168,  0,    100,  192,  168,  0,    101,                           /* */
                0xca, 0xe9, 0x04, 0xd2, 0x02, 0x0c, 0,    0};

        capture_frame_format(
                &(CaptureFrame){
                        .source_mac = {2, 0, 0, 0, 0, 0x64},
                        .destination_mac = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66},
                        .source = at(0xc0a80064, 51945),
                        .destination = at(0xc0a80065, 1234),
                        .payload_len = 516,
                },
                headers);
        check_checksum();
        ck_assert_mem_eq(headers, wanted, sizeof(wanted));
}
END_TEST

static void check_lengths(size_t payload_len, unsigned ip_len, unsigned udp_len) {
        capture_frame_format(&(CaptureFrame){.source = at(0xffffffff, 0xffff),
                                             .destination = at(0xffffffff, 0xffff),
                                             .payload_len = payload_len},
                             headers);
        check_checksum();
        ck_assert_uint_eq((unsigned) headers[16] << 8 | headers[17], ip_len);
        ck_assert_uint_eq((unsigned) headers[38] << 8 | headers[39], udp_len);
}

START_TEST(test_lengths) {
        check_lengths(0, 28, 8);
        check_lengths(1, 29, 9);
        check_lengths(65507, 65535, 65515);
        /* There is no such datagram, so any number is as good; but it is one. */
        check_lengths(SIZE_MAX, 65535, 65515);
}
END_TEST

TEST_MAIN("capture-frame", test_a_request_of_the_rom, test_data_to_the_rom, test_lengths)
