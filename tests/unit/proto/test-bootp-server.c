/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "bootp-server.h"

#include <arpa/inet.h>

#include "bootp-wire.h"
#include "check-main.h"

#define SERVER "\xc0\xa8\x00\x64" /* 192.168.0.100 */
#define CLIENT "\xc0\xa8\x00\x65" /* 192.168.0.101 */
#define OTHER  "\xc0\xa8\x00\x07"

static const char *const rom_classes[] = {"AM335x ROM", "DM814x ROM v1.0", NULL};
static const char *const spl_classes[] = {"AM335x U-Boot SPL", "AM33xx U-Boot SPL", NULL};

typedef struct Reply {
        int r;
        uint8_t bytes[BOOTP_SIZE_MAX];
        size_t len;
        BootpAnswer answer;
} Reply;

static Reply ask(const Wire *w) {
        BootpServer server = {
                .server_address.s_addr = inet_addr("192.168.0.100"),
                .client_address.s_addr = inet_addr("192.168.0.101"),
                .netmask.s_addr = inet_addr("255.255.255.0"),
                .lease_sec = 3600,
                .file = "u-boot-spl.bin",
                .expected_classes = rom_classes,
                .other_classes = spl_classes,
        };
        Reply reply;

        memset(reply.bytes, 0xaa, sizeof reply.bytes);
        reply.r = bootp_server_answer(&server, w->bytes, w->len, reply.bytes, &reply.len,
                                      &reply.answer);
        return reply;
}

static void assert_option(const Reply *reply, uint8_t code, const void *value, size_t len) {
        size_t found_len = 0;
        const uint8_t *found = wire_find_option(reply->bytes, reply->len, code, &found_len);

        ck_assert_msg(found != NULL, "no option %u", code);
        ck_assert_uint_eq(found_len, len);
        ck_assert_msg(memcmp(found, value, len) == 0, "option %u differs", code);
}

static void assert_no_option(const Reply *reply, uint8_t code) {
        size_t len;

        ck_assert_msg(!wire_find_option(reply->bytes, reply->len, code, &len), "option %u", code);
}

static void assert_ignored(const Reply *reply) {
        ck_assert_int_eq(reply->r, BOOTP_E_IGNORED);
        ck_assert_uint_eq(reply->len, 0);
        ck_assert_int_eq(reply->answer.reply, BOOTP_REPLY_NONE);
}

START_TEST(test_answers_the_rom_by_plain_bootp) {
        Wire w = wire_rom_request();
        Reply reply = ask(&w);

        ck_assert_int_eq(reply.r, 0);
        ck_assert_int_eq(reply.answer.reply, BOOTP_REPLY_PLAIN);
        ck_assert_int_eq(reply.answer.client_class, BOOTP_CLIENT_EXPECTED);
        ck_assert_str_eq(reply.answer.vendor_class, "AM335x ROM");
        ck_assert_uint_eq(reply.answer.xid, 1);
        ck_assert_uint_ge(reply.len, 300);
        ck_assert_uint_eq(reply.len % 2, 0); /* U-Boot's checksum code mishandles odd lengths */
        ck_assert(memcmp(reply.bytes, "\2\1\6\0\0\0\0\1", 8) == 0);
        ck_assert(memcmp(reply.bytes + 16, CLIENT, 4) == 0);
        ck_assert(memcmp(reply.bytes + 20, SERVER, 4) == 0);
        ck_assert(memcmp(reply.bytes + 28, w.bytes + 28, 16) == 0);
        ck_assert_str_eq((char *) reply.bytes + 108, "u-boot-spl.bin");
        assert_option(&reply, 1, "\xff\xff\xff\x00", 4);
        assert_no_option(&reply, 53);
        assert_no_option(&reply, 51);
        assert_no_option(&reply, 54);
        assert_no_option(&reply, 61);
        ck_assert_ptr_nonnull(memchr(reply.bytes + 240, 255, reply.len - 240));
}
END_TEST

START_TEST(test_answers_bootp_without_cookie) {
        Wire w = wire_begin(9);
        Reply reply;

        w.bytes[236] = 0;
        w.len = 300;
        reply = ask(&w);
        ck_assert_int_eq(reply.r, 0);
        ck_assert_int_eq(reply.answer.reply, BOOTP_REPLY_PLAIN);
        ck_assert_int_eq(reply.answer.client_class, BOOTP_CLIENT_UNKNOWN);
}
END_TEST

START_TEST(test_offers_on_discover) {
        Wire w = wire_uboot_request(1, NULL, NULL, "AM335x U-Boot SPL");
        Reply reply = ask(&w);

        ck_assert_int_eq(reply.r, 0);
        ck_assert_int_eq(reply.answer.reply, BOOTP_REPLY_OFFER);
        ck_assert_int_eq(reply.answer.client_class, BOOTP_CLIENT_MISMATCHED);
        assert_option(&reply, 53, "\2", 1);
        assert_option(&reply, 54, SERVER, 4);
        assert_option(&reply, 51, "\x00\x00\x0e\x10", 4);
        assert_option(&reply, 1, "\xff\xff\xff\x00", 4);
        assert_no_option(&reply, 3);
        ck_assert(memcmp(reply.bytes + 12, "\0\0\0\0", 4) == 0);
        ck_assert(memcmp(reply.bytes + 16, CLIENT, 4) == 0);
        ck_assert(memcmp(reply.bytes + 20, SERVER, 4) == 0);
}
END_TEST

START_TEST(test_acknowledges_a_request) {
        Wire w = wire_uboot_request(3, CLIENT, SERVER, "AM335x U-Boot SPL");
        Reply reply = ask(&w);

        ck_assert_int_eq(reply.r, 0);
        ck_assert_int_eq(reply.answer.reply, BOOTP_REPLY_ACK);
        assert_option(&reply, 53, "\5", 1);
        assert_option(&reply, 54, SERVER, 4);
        assert_option(&reply, 51, "\x00\x00\x0e\x10", 4);
        ck_assert_str_eq((char *) reply.bytes + 108, "u-boot-spl.bin");
}
END_TEST

START_TEST(test_refuses_another_address) {
        Wire w = wire_uboot_request(3, OTHER, SERVER, NULL);
        Reply reply = ask(&w);

        ck_assert_int_eq(reply.r, 0);
        ck_assert_int_eq(reply.answer.reply, BOOTP_REPLY_NAK);
        assert_option(&reply, 53, "\6", 1);
        assert_option(&reply, 54, SERVER, 4);
        assert_no_option(&reply, 51);
        assert_no_option(&reply, 1);
        ck_assert(memcmp(reply.bytes + 12, "\0\0\0\0\0\0\0\0\0\0\0\0", 12) == 0);
        ck_assert_uint_eq(reply.bytes[108], 0);

        /* INIT-REBOOT: 50 without 54. */
        w = wire_uboot_request(3, OTHER, NULL, NULL);
        ck_assert_int_eq(ask(&w).answer.reply, BOOTP_REPLY_NAK);
        w = wire_uboot_request(3, CLIENT, NULL, NULL);
        ck_assert_int_eq(ask(&w).answer.reply, BOOTP_REPLY_ACK);

        /* SELECTING without option 50 breaks RFC 2131; what it wants is not ours to guess. */
        w = wire_uboot_request(3, NULL, SERVER, NULL);
        ck_assert_int_eq(ask(&w).answer.reply, BOOTP_REPLY_NAK);
}
END_TEST

START_TEST(test_renews_by_ciaddr) {
        Wire w = wire_uboot_request(3, NULL, NULL, NULL);
        Reply reply;

        reply = ask(&w);
        assert_ignored(&reply); /* neither of 50, 54, ciaddr: no state of a client */

        memcpy(w.bytes + 12, CLIENT, 4);
        reply = ask(&w);
        ck_assert_int_eq(reply.answer.reply, BOOTP_REPLY_ACK);
        ck_assert(memcmp(reply.bytes + 12, CLIENT, 4) == 0);

        memcpy(w.bytes + 12, OTHER, 4);
        ck_assert_int_eq(ask(&w).answer.reply, BOOTP_REPLY_NAK);
}
END_TEST

START_TEST(test_is_silent_when_another_server_was_chosen) {
        Wire w = wire_uboot_request(3, CLIENT, OTHER, NULL);
        Reply reply = ask(&w);

        assert_ignored(&reply);
        w = wire_uboot_request(3, CLIENT, "\0\0\0\0", NULL);
        reply = ask(&w);
        assert_ignored(&reply);
}
END_TEST

START_TEST(test_informs_without_address_and_lease) {
        Wire w = wire_uboot_request(8, NULL, NULL, NULL);
        Reply reply;

        memcpy(w.bytes + 12, OTHER, 4);
        reply = ask(&w);
        ck_assert_int_eq(reply.answer.reply, BOOTP_REPLY_INFORMED);
        assert_option(&reply, 53, "\5", 1);
        assert_option(&reply, 54, SERVER, 4);
        assert_no_option(&reply, 51);
        ck_assert(memcmp(reply.bytes + 12, OTHER, 4) == 0);
        ck_assert(memcmp(reply.bytes + 16, "\0\0\0\0", 4) == 0);
}
END_TEST

START_TEST(test_is_silent_on_other_message_types) {
        for (unsigned type = 0; type < 256; type++) {
                Wire w = wire_uboot_request((uint8_t) type, CLIENT, SERVER, NULL);
                Reply reply = ask(&w);

                if (type == 0 || type == 1 || type == 3 || type == 8)
                        ck_assert_int_eq(reply.r, 0);
                else
                        assert_ignored(&reply);
        }
}
END_TEST

START_TEST(test_drops_what_came_through_a_relay) {
        Wire w = wire_rom_request();
        Reply reply;

        memcpy(w.bytes + 24, OTHER, 4);
        reply = ask(&w);
        assert_ignored(&reply);
}
END_TEST

START_TEST(test_drops_what_is_no_ethernet_request) {
        static const struct {
                size_t at;
                uint8_t right;
        } fields[] = {{0, 1}, {1, 1}, {2, 6}};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                for (unsigned value = 0; value < 256; value++) {
                        Wire w = wire_rom_request();
                        Reply reply;

                        w.bytes[fields[i].at] = (uint8_t) value;
                        reply = ask(&w);
                        ck_assert_int_eq(reply.r,
                                         value == fields[i].right ? 0 : BOOTP_E_NO_REQUEST);
                }
}
END_TEST

START_TEST(test_does_not_answer_uboot_proper) {
        Wire w = wire_uboot_request(1, NULL, NULL, "U-Boot.armv7");
        Reply reply = ask(&w);

        assert_ignored(&reply);
        ck_assert_int_eq(reply.answer.client_class, BOOTP_CLIENT_UBOOT);
        ck_assert_str_eq(reply.answer.vendor_class, "U-Boot.armv7");
}
END_TEST

START_TEST(test_classifies_by_prefix_and_length) {
        static const struct {
                const char *name;
                BootpClientClass class;
        } cases[] = {
                {"AM335x ROM", BOOTP_CLIENT_EXPECTED},
                {"AM335x ROM v2", BOOTP_CLIENT_EXPECTED},
                {"DM814x ROM v1.0", BOOTP_CLIENT_EXPECTED},
                {"AM335x RO", BOOTP_CLIENT_UNKNOWN},
                {"am335x rom", BOOTP_CLIENT_UNKNOWN},
                {"AM33xx U-Boot SPL", BOOTP_CLIENT_MISMATCHED},
                {"Guardian U-Boot SPL", BOOTP_CLIENT_UNKNOWN},
                {"U-Boot", BOOTP_CLIENT_UNKNOWN},
                {"U-Boot.arm", BOOTP_CLIENT_UBOOT},
                {"udhcp 1.35.0", BOOTP_CLIENT_UNKNOWN},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Wire w = wire_uboot_request(1, NULL, NULL, cases[i].name);

                ck_assert_msg(ask(&w).answer.client_class == cases[i].class, "%s", cases[i].name);
        }
}
END_TEST

START_TEST(test_makes_vendor_classes_printable) {
        Wire w = wire_uboot_request(1, NULL, NULL, "a\033[31m\xff\nb");
        char long_class[201];
        Reply reply = ask(&w);

        ck_assert_str_eq(reply.answer.vendor_class, "a?[31m??b");

        memset(long_class, 'x', 200);
        long_class[200] = '\0';
        w = wire_uboot_request(1, NULL, NULL, long_class);
        reply = ask(&w);
        ck_assert_int_eq(reply.r, 0);
        ck_assert_uint_eq(strlen(reply.answer.vendor_class), 63);
}
END_TEST

START_TEST(test_tells_the_client_identifier) {
        Wire w = wire_rom_request();
        uint8_t longest[255];
        Reply reply = ask(&w);
        size_t len = 0;

        /* The ROM's ASIC id, byte by byte. */
        ck_assert_uint_eq(reply.answer.client_id_len, 81);
        ck_assert(memcmp(reply.answer.client_id, wire_find_option(w.bytes, w.len, 61, &len), 81) ==
                  0);
        assert_no_option(&reply, 61);

        memset(longest, 'x', sizeof longest);
        w = wire_begin(1);
        wire_add_option(&w, 61, longest, sizeof longest);
        wire_finish(&w, 300);
        reply = ask(&w);
        ck_assert_uint_eq(reply.answer.client_id_len, 255);
        ck_assert(memcmp(reply.answer.client_id, longest, 255) == 0);

        w = wire_begin(1);
        wire_add_option(&w, 61, longest, 0);
        wire_finish(&w, 300);
        reply = ask(&w);
        ck_assert_int_eq(reply.r, 0);
        ck_assert_uint_eq(reply.answer.client_id_len, 0);
}
END_TEST

START_TEST(test_returns_flags_and_nothing_else_of_the_request) {
        Wire w = wire_rom_request();
        Reply reply;

        w.bytes[3] = 9;                  /* hops */
        w.bytes[8] = 0x12;               /* secs */
        w.bytes[10] = 0x80;              /* broadcast flag */
        memset(w.bytes + 44, 's', 64);   /* sname */
        memset(w.bytes + 108, 'f', 128); /* file */
        memset(w.bytes + 340, 'v', 24);  /* behind END */
        reply = ask(&w);
        ck_assert_int_eq(reply.r, 0);
        ck_assert_uint_eq(reply.bytes[3], 0);
        ck_assert_uint_eq(reply.bytes[8], 0);
        ck_assert_uint_eq(reply.bytes[10], 0x80);
        for (size_t i = 44; i < 108; i++)
                ck_assert_uint_eq(reply.bytes[i], 0);
        for (size_t i = 108 + STRLEN("u-boot-spl.bin"); i < 236; i++)
                ck_assert_uint_eq(reply.bytes[i], 0);
        for (size_t i = 247; i < BOOTP_SIZE_MAX; i++)
                ck_assert_uint_eq(reply.bytes[i], 0);
}
END_TEST

START_TEST(test_reports_malformed_requests) {
        Wire w = wire_rom_request();
        Reply reply;

        w.len = 100;
        reply = ask(&w);
        ck_assert_int_eq(reply.r, BOOTP_E_SHORT);
        ck_assert_uint_eq(reply.len, 0);

        w = wire_begin(1);
        wire_add_option(&w, 53, "\1\1", 2);
        wire_finish(&w, 300);
        ck_assert_int_eq(ask(&w).r, BOOTP_E_MALFORMED);
}
END_TEST

TEST_MAIN("bootp-server", test_answers_the_rom_by_plain_bootp, test_answers_bootp_without_cookie,
          test_offers_on_discover, test_acknowledges_a_request, test_refuses_another_address,
          test_renews_by_ciaddr, test_is_silent_when_another_server_was_chosen,
          test_informs_without_address_and_lease, test_is_silent_on_other_message_types,
          test_drops_what_came_through_a_relay, test_drops_what_is_no_ethernet_request,
          test_does_not_answer_uboot_proper, test_classifies_by_prefix_and_length,
          test_makes_vendor_classes_printable, test_tells_the_client_identifier,
          test_returns_flags_and_nothing_else_of_the_request, test_reports_malformed_requests)
