/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "bootp-message.h"

#include <arpa/inet.h>

#include "bootp-wire.h"
#include "check-main.h"

START_TEST(test_refuses_short_datagrams) {
        Wire w = wire_rom_request();
        BootpMessage m;

        for (size_t len = 0; len < 236; len++) {
                _cleanup_free_ uint8_t *exact = malloc(len + 1); /* so that ASan sees the end */

                memcpy(exact, w.bytes, len);
                ck_assert_int_eq(bootp_message_parse(exact, len, &m), BOOTP_E_SHORT);
        }
        ck_assert_int_eq(bootp_message_parse(NULL, 0, &m), BOOTP_E_SHORT);
        ck_assert_int_eq(bootp_message_parse(w.bytes, 236, &m), 0);
        ck_assert(!m.has_cookie);
}
END_TEST

START_TEST(test_parses_the_rom_request) {
        Wire w = wire_rom_request();
        BootpMessage m;

        ck_assert_int_eq(bootp_message_parse(w.bytes, w.len, &m), 0);
        ck_assert_uint_eq(m.op, 1);
        ck_assert_uint_eq(m.htype, 1);
        ck_assert_uint_eq(m.hlen, 6);
        ck_assert_uint_eq(m.xid, 1);
        ck_assert_uint_eq(m.chaddr[0], 0x1c);
        ck_assert(m.has_cookie);
        ck_assert_uint_eq(m.dhcp_type, DHCP_TYPE_NONE);
        ck_assert_uint_eq(m.vendor_class_len, 10);
        ck_assert(memcmp(m.vendor_class, "AM335x ROM", 10) == 0);
        ck_assert_uint_eq(m.client_id_len, 81);
        ck_assert_ptr_eq(m.client_id, w.bytes + 240 + 12 + 2);
}
END_TEST

START_TEST(test_parses_the_uboot_request) {
        Wire w = wire_uboot_request(3, "\xc0\xa8\x00\x65", "\xc0\xa8\x00\x64", "AM335x U-Boot SPL");
        BootpMessage m;

        ck_assert_int_eq(bootp_message_parse(w.bytes, w.len, &m), 0);
        ck_assert_uint_eq(m.dhcp_type, DHCP_TYPE_REQUEST);
        ck_assert_uint_eq(m.xid, 0xdeadbeef);
        ck_assert_uint_eq(m.max_size, 576);
        ck_assert(m.has_server_id);
        ck_assert_uint_eq(m.server_id_be, inet_addr("192.168.0.100"));
        ck_assert_uint_eq(m.requested_address_be, inet_addr("192.168.0.101"));
        ck_assert_ptr_null(m.client_id);
}
END_TEST

START_TEST(test_ignores_options_without_a_cookie) {
        Wire w = wire_uboot_request(1, NULL, NULL, NULL);
        BootpMessage m;

        w.bytes[236] = 0;
        ck_assert_int_eq(bootp_message_parse(w.bytes, w.len, &m), 0);
        ck_assert(!m.has_cookie);
        ck_assert_uint_eq(m.dhcp_type, 0);
}
END_TEST

START_TEST(test_survives_options_cut_anywhere) {
        Wire w = wire_uboot_request(1, NULL, NULL, "AM335x U-Boot SPL");

        for (size_t len = 236; len <= w.len; len++) {
                _cleanup_free_ uint8_t *exact = malloc(len);
                BootpMessage m;

                memcpy(exact, w.bytes, len);
                ck_assert_int_eq(bootp_message_parse(exact, len, &m), 0);
                if (len >= 243)
                        ck_assert_uint_eq(m.dhcp_type, 1);
        }
}
END_TEST

START_TEST(test_survives_options_that_run_past_the_end) {
        for (unsigned code = 1; code < 255; code++) {
                Wire w = wire_begin(7);
                _cleanup_free_ uint8_t *exact = NULL;
                uint8_t head[] = {(uint8_t) code, 200, 1, 2, 3};
                BootpMessage m;

                wire_add_option(&w, 60, "x", 1);
                wire_add(&w, head, sizeof head);
                exact = malloc(w.len);
                memcpy(exact, w.bytes, w.len);
                ck_assert_int_eq(bootp_message_parse(exact, w.len, &m), 0);
                /* What came before it counts, it does not. */
                ck_assert_uint_eq(m.vendor_class_len, 1);
                ck_assert_uint_eq(m.dhcp_type, 0);
        }
}
END_TEST

START_TEST(test_needs_no_end_option) {
        Wire w = wire_begin(7);
        BootpMessage m;

        wire_add_u8(&w, 53, 1);
        ck_assert_int_eq(bootp_message_parse(w.bytes, w.len, &m), 0);
        ck_assert_uint_eq(m.dhcp_type, 1);
}
END_TEST

START_TEST(test_stops_at_end_and_skips_padding) {
        Wire w = wire_begin(7);
        BootpMessage m;

        wire_add(&w, "\0\0\0", 3);
        wire_add_u8(&w, 53, 1);
        wire_finish(&w, 0);
        wire_add_option(&w, 60, "late", 4);
        ck_assert_int_eq(bootp_message_parse(w.bytes, w.len, &m), 0);
        ck_assert_uint_eq(m.dhcp_type, 1);
        ck_assert_ptr_null(m.vendor_class);
}
END_TEST

START_TEST(test_refuses_wrong_lengths_of_options_in_use) {
        static const uint8_t codes[] = {1, 50, 51, 53, 54, 57};

        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                for (size_t len = 0; len < 8; len++) {
                        Wire w = wire_begin(7);
                        size_t right = codes[i] == 53 ? 1 : codes[i] == 57 ? 2 : 4;
                        BootpMessage m;

                        wire_add_option(&w, codes[i], "\1\2\3\4\5\6\7", len);
                        wire_finish(&w, 300);
                        ck_assert_int_eq(bootp_message_parse(w.bytes, w.len, &m),
                                         len == right ? 0 : BOOTP_E_MALFORMED);
                }
}
END_TEST

START_TEST(test_takes_an_empty_vendor_class_as_none) {
        Wire w = wire_begin(7);
        BootpMessage m;

        wire_add_option(&w, 60, "", 0);
        wire_finish(&w, 300);
        ck_assert_int_eq(bootp_message_parse(w.bytes, w.len, &m), 0);
        ck_assert_ptr_null(m.vendor_class);
}
END_TEST

START_TEST(test_terminates_a_file_without_nul) {
        Wire w = wire_rom_request();
        BootpMessage m;

        memset(w.bytes + 108, 'x', 128);
        ck_assert_int_eq(bootp_message_parse(w.bytes, w.len, &m), 0);
        ck_assert_uint_eq(strlen(m.file), BOOTP_FILE_MAX);
}
END_TEST

START_TEST(test_formats_at_least_300_bytes_with_end) {
        BootpMessage m = {.op = 2, .htype = 1, .hlen = 6, .xid = 0x01020304, .has_cookie = true};
        uint8_t buffer[600];
        size_t len = 0;

        memset(buffer, 0xaa, sizeof buffer);
        strcpy(m.file, "spl.bin");
        ck_assert_int_eq(bootp_message_format(&m, buffer, sizeof buffer, &len), 0);
        ck_assert_uint_eq(len, 300);
        ck_assert(memcmp(buffer, "\2\1\6\0\1\2\3\4", 8) == 0);
        ck_assert_str_eq((char *) buffer + 108, "spl.bin");
        ck_assert(memcmp(buffer + 236, "\x63\x82\x53\x63\xff", 5) == 0);
        for (size_t i = 241; i < sizeof buffer; i++)
                ck_assert_uint_eq(buffer[i], 0);
}
END_TEST

START_TEST(test_reads_back_what_it_wrote) {
        BootpMessage m = {
                .op = 1,
                .htype = 1,
                .hlen = 6,
                .hops = 3,
                .xid = 42,
                .secs = 5,
                .flags = BOOTP_FLAG_BROADCAST,
                .ciaddr_be = 1,
                .yiaddr_be = 2,
                .siaddr_be = 3,
                .giaddr_be = 4,
                .chaddr = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
                .has_cookie = true,
                .dhcp_type = 3,
                .subnet_mask_be = 5,
                .requested_address_be = 6,
                .lease_sec = 7,
                .server_id_be = 8,
                .has_server_id = true,
                .max_size = 9,
                .vendor_class = (const uint8_t *) "class",
                .vendor_class_len = 5,
        };
        BootpMessage back;
        uint8_t buffer[576];
        size_t len = 0;

        ck_assert_int_eq(bootp_message_format(&m, buffer, sizeof buffer, &len), 0);
        ck_assert_int_eq(bootp_message_parse(buffer, len, &back), 0);
        ck_assert_uint_eq(back.vendor_class_len, 5);
        ck_assert(memcmp(back.vendor_class, "class", 5) == 0);
        back.vendor_class = m.vendor_class;
        ck_assert(back.op == m.op && back.hops == m.hops && back.xid == m.xid);
        ck_assert(back.secs == m.secs && back.flags == m.flags);
        ck_assert(back.ciaddr_be == 1 && back.yiaddr_be == 2);
        ck_assert(back.siaddr_be == 3 && back.giaddr_be == 4);
        ck_assert(memcmp(back.chaddr, m.chaddr, 16) == 0);
        ck_assert(back.subnet_mask_be == 5 && back.requested_address_be == 6);
        ck_assert(back.lease_sec == 7 && back.server_id_be == 8 && back.max_size == 9);
}
END_TEST

START_TEST(test_grows_beyond_300_bytes_and_keeps_room_for_end) {
        uint8_t long_class[255];
        BootpMessage m = {
                .has_cookie = true,
                .vendor_class = memset(long_class, 'c', sizeof long_class),
                .vendor_class_len = sizeof long_class,
        };
        uint8_t buffer[576];
        size_t len = 0;

        ck_assert_int_eq(bootp_message_format(&m, buffer, 240 + 257 + 1, &len), 0);
        ck_assert_uint_eq(len, 240 + 257 + 1);
        ck_assert_uint_eq(buffer[len - 1], 255);
        len = 7;
        ck_assert_int_eq(bootp_message_format(&m, buffer, 240 + 257, &len), BOOTP_E_NO_SPACE);
        ck_assert_int_eq(bootp_message_format(&m, buffer, 299, &len), BOOTP_E_NO_SPACE);
        ck_assert_uint_eq(len, 7);
}
END_TEST

TEST_MAIN("bootp-message", test_refuses_short_datagrams, test_parses_the_rom_request,
          test_parses_the_uboot_request, test_ignores_options_without_a_cookie,
          test_survives_options_cut_anywhere, test_survives_options_that_run_past_the_end,
          test_needs_no_end_option, test_stops_at_end_and_skips_padding,
          test_refuses_wrong_lengths_of_options_in_use, test_takes_an_empty_vendor_class_as_none,
          test_terminates_a_file_without_nul, test_formats_at_least_300_bytes_with_end,
          test_reads_back_what_it_wrote, test_grows_beyond_300_bytes_and_keeps_room_for_end)
