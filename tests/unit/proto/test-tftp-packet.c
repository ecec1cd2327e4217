/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tftp-packet.h"

#include "check-main.h"

/* Parses a request from a buffer of exactly its size, so that ASan sees the end. The request borrows
 * from *ret_packet, which the caller frees. */
#define PARSE(literal, request) parse(literal, sizeof(literal) - 1, request)

static uint8_t *held;

static int parse(const void *bytes, size_t len, TftpRequest *request) {
        free(held);
        held = malloc(len + (len == 0));
        memcpy(held, bytes, len);
        return tftp_packet_parse_request(held, len, request);
}

START_TEST(test_parses_the_rom_request) {
        TftpRequest request;

        ck_assert_int_eq(PARSE("\0\1boot.bin\0octet\0", &request), 0);
        ck_assert_str_eq(request.filename, "boot.bin");
        ck_assert_int_eq(request.mode, TFTP_MODE_OCTET);
        ck_assert_uint_eq(request.n_options, 0);
}
END_TEST

START_TEST(test_parses_the_uboot_request) {
        TftpRequest request;

        ck_assert_int_eq(PARSE("\0\1u-boot.img\0octet\0timeout\0005\0tsize\0000\0blksize\0001468\0",
                               &request),
                         0);
        ck_assert_uint_eq(request.n_options, 3);
        ck_assert_uint_eq(request.option_values[TFTP_OPTION_TIMEOUT], 5);
        ck_assert_uint_eq(request.option_values[TFTP_OPTION_TSIZE], 0);
        ck_assert_uint_eq(request.option_values[TFTP_OPTION_BLKSIZE], 1468);
        ck_assert_ptr_null(request.option_names[TFTP_OPTION_WINDOWSIZE]);
        ck_assert_uint_eq(request.option_order[0], TFTP_OPTION_TIMEOUT);
        ck_assert_uint_eq(request.option_order[2], TFTP_OPTION_BLKSIZE);
}
END_TEST

START_TEST(test_ignores_case_of_mode_and_options) {
        TftpRequest request;

        ck_assert_int_eq(PARSE("\0\1f\0OcTeT\0BlkSize\000600\0", &request), 0);
        ck_assert_int_eq(request.mode, TFTP_MODE_OCTET);
        ck_assert_str_eq(request.option_names[TFTP_OPTION_BLKSIZE], "BlkSize");
        ck_assert_int_eq(PARSE("\0\1f\0NETASCII\0", &request), 0);
        ck_assert_int_eq(request.mode, TFTP_MODE_NETASCII);
        ck_assert_int_eq(PARSE("\0\1f\0mail\0", &request), 0);
        ck_assert_int_eq(request.mode, TFTP_MODE_OTHER);
        ck_assert_int_eq(PARSE("\0\1f\0\0", &request), 0);
        ck_assert_int_eq(request.mode, TFTP_MODE_OTHER);
}
END_TEST

START_TEST(test_refuses_malformed_requests) {
        TftpRequest request;
        char long_request[TFTP_REQUEST_MAX + 2];

        ck_assert_int_eq(PARSE("", &request), TFTP_E_SHORT);
        ck_assert_int_eq(PARSE("\0", &request), TFTP_E_SHORT);
        ck_assert_int_eq(PARSE("\0\1", &request), TFTP_E_MALFORMED);
        ck_assert_int_eq(PARSE("\0\1name", &request), TFTP_E_MALFORMED);
        ck_assert_int_eq(PARSE("\0\1name\0", &request), TFTP_E_MALFORMED);
        ck_assert_int_eq(PARSE("\0\1name\0octet", &request), TFTP_E_MALFORMED);
        ck_assert_int_eq(PARSE("\0\1\0octet\0", &request), TFTP_E_MALFORMED);

        memset(long_request, 'x', sizeof long_request);
        memcpy(long_request, "\0\1name\0octet\0", 13);
        ck_assert_int_eq(parse(long_request, 512, &request), 0);
        ck_assert_int_eq(parse(long_request, 513, &request), TFTP_E_MALFORMED);
}
END_TEST

START_TEST(test_tolerates_what_follows_the_options) {
        TftpRequest request;

        ck_assert_int_eq(PARSE("\0\1f\0octet\0garbage", &request), 0);
        ck_assert_int_eq(PARSE("\0\1f\0octet\0\0\0\0\0", &request), 0);
        ck_assert_int_eq(PARSE("\0\1f\0octet\0blksize\000600", &request), 0);
        ck_assert_uint_eq(request.n_options, 0);
        ck_assert_int_eq(PARSE("\0\1f\0octet\0blksize\000600\0tsize", &request), 0);
        ck_assert_uint_eq(request.n_options, 1);
}
END_TEST

START_TEST(test_ignores_unknown_and_impossible_options) {
        static const char *const wrong[][2] = {
                {"blksize", "7"},        {"blksize", "65465"}, {"blksize", "-1"},
                {"blksize", ""},         {"blksize", "512x"},  {"blksize", "99999999999999999999"},
                {"timeout", "0"},        {"timeout", "256"},   {"windowsize", "0"},
                {"windowsize", "65536"}, {"tsize", "-1"},      {"tsize", "9223372036854775808"},
                {"multicast", ""},       {"utimeout", "1000"}, {"blksize ", "512"},
        };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                char packet[512] = "\0\1f\0octet";
                size_t len = 10;
                TftpRequest request;

                strcpy(packet + len, wrong[i][0]);
                len += strlen(wrong[i][0]) + 1;
                strcpy(packet + len, wrong[i][1]);
                len += strlen(wrong[i][1]) + 1;
                ck_assert_int_eq(parse(packet, len, &request), 0);
                ck_assert_msg(request.n_options == 0, "%s=%s", wrong[i][0], wrong[i][1]);
        }
}
END_TEST

START_TEST(test_takes_the_first_of_a_repeated_option) {
        TftpRequest request;

        ck_assert_int_eq(PARSE("\0\1f\0octet\0blksize\000600\0BLKSIZE\000700\0", &request), 0);
        ck_assert_uint_eq(request.n_options, 1);
        ck_assert_uint_eq(request.option_values[TFTP_OPTION_BLKSIZE], 600);
}
END_TEST

START_TEST(test_survives_an_option_storm) {
        char packet[TFTP_REQUEST_MAX] = "\0\1f\0octet";
        TftpRequest request;

        for (size_t at = 10; at + 4 <= sizeof packet; at += 4)
                memcpy(packet + at, "a\0b\0", 4);
        ck_assert_int_eq(parse(packet, sizeof packet, &request), 0);
        ck_assert_uint_eq(request.n_options, 0);

        for (size_t at = 10; at + 10 <= sizeof packet; at += 10)
                memcpy(packet + at, "blksize\0008", 10);
        ck_assert_int_eq(parse(packet, sizeof packet, &request), 0);
        ck_assert_uint_eq(request.n_options, 1);
}
END_TEST

START_TEST(test_parses_ack_and_error) {
        char text[8];
        uint16_t value = 7;

        ck_assert_int_eq(tftp_packet_parse_ack("\0\4\1", 3, &value), TFTP_E_SHORT);
        ck_assert_uint_eq(value, 7);
        ck_assert_int_eq(tftp_packet_parse_ack("\0\4\1\2", 4, &value), 0);
        ck_assert_uint_eq(value, 0x102);
        ck_assert_int_eq(tftp_packet_parse_ack("\0\4\1\2 more", 9, &value), 0);

        ck_assert_int_eq(tftp_packet_parse_error("\0\5\0", 3, &value, text, sizeof text),
                         TFTP_E_SHORT);
        ck_assert_int_eq(tftp_packet_parse_error("\0\5\0\10", 4, &value, text, sizeof text), 0);
        ck_assert_uint_eq(value, 8);
        ck_assert_str_eq(text, "");
        ck_assert_int_eq(tftp_packet_parse_error("\0\5\0\1a\033\n\xff", 8, &value, text, 8), 0);
        ck_assert_str_eq(text, "a???");
        ck_assert_int_eq(tftp_packet_parse_error("\0\5\0\1long text\0", 14, &value, text, 8), 0);
        ck_assert_str_eq(text, "long te");
        ck_assert_int_eq(tftp_packet_parse_error("\0\5\0\1ab\0cd", 9, &value, text, 8), 0);
        ck_assert_str_eq(text, "ab");
}
END_TEST

START_TEST(test_reads_opcodes) {
        ck_assert_uint_eq(tftp_packet_opcode(NULL, 0), 0);
        ck_assert_uint_eq(tftp_packet_opcode("\0", 1), 0);
        ck_assert_uint_eq(tftp_packet_opcode("\0\5", 2), 5);
        ck_assert_uint_eq(tftp_packet_opcode("\1\5", 2), 261);
}
END_TEST

START_TEST(test_builds_packets) {
        uint8_t buffer[64];
        char options[32];
        size_t len = 0;
        TftpDatagram d;

        d = tftp_packet_data(0xfffe, "abc", 3);
        ck_assert_uint_eq(tftp_packet_flatten(&d, buffer, sizeof buffer), 7);
        ck_assert(memcmp(buffer,
                         "\0\3\xff\xfe"
                         "abc",
                         7) == 0);
        ck_assert_uint_eq(tftp_packet_flatten(&d, buffer, 6), 0);
        d = tftp_packet_data(1, NULL, 0);
        ck_assert_uint_eq(tftp_packet_flatten(&d, buffer, sizeof buffer), 4);

        d = tftp_packet_error(TFTP_ERROR_NOT_FOUND, "no");
        ck_assert_uint_eq(tftp_packet_flatten(&d, buffer, sizeof buffer), 7);
        ck_assert(memcmp(buffer, "\0\5\0\1no\0", 7) == 0);

        ck_assert(tftp_packet_add_option(options, sizeof options, &len, "TSize", UINT64_MAX));
        ck_assert_uint_eq(len, 27);
        ck_assert(!tftp_packet_add_option(options, sizeof options, &len, "abc", 10));
        ck_assert_uint_eq(len, 27);
        ck_assert(tftp_packet_add_option(options, sizeof options, &len, "ab", 1));
        ck_assert_uint_eq(len, 32);
        d = tftp_packet_oack(options, len);
        ck_assert_uint_eq(tftp_packet_flatten(&d, buffer, sizeof buffer), 34);
        ck_assert(memcmp(buffer, "\0\6TSize\00018446744073709551615\0ab\0001\0", 34) == 0);
}
END_TEST

TEST_MAIN("tftp-packet", test_parses_the_rom_request, test_parses_the_uboot_request,
          test_ignores_case_of_mode_and_options, test_refuses_malformed_requests,
          test_tolerates_what_follows_the_options, test_ignores_unknown_and_impossible_options,
          test_takes_the_first_of_a_repeated_option, test_survives_an_option_storm,
          test_parses_ack_and_error, test_reads_opcodes, test_builds_packets)
