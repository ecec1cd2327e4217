/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>

#include "board-faults.h"
#include "board-reply.h"
#include "check-main.h"

static const uint8_t mac[MAC_LEN] = {1, 2, 3, 4, 5, 6};

/* A reply that nobody can object to; its options end at *end. */
static void make_good(uint8_t reply[static 300], ReplyContext context) {
        uint8_t *p = reply + 240;

        memset(reply, 0, 300);
        reply[0] = 2;
        reply[1] = 1;
        reply[2] = 6;
        put_be32(reply + 4, 1);
        put_be32(reply + 16, 0xc0a80065);
        put_be32(reply + 20, 0xc0a80064);
        memcpy(reply + 28, mac, MAC_LEN);
        memcpy(reply + 108, "spl.bin", 7);
        put_be32(reply + 236, 0x63825363);
        if (context != REPLY_TO_BOOTP) {
                memcpy(p,
                       (uint8_t[]){53, 1, context == REPLY_TO_DISCOVER ? 2 : 5, 51, 4, 0, 0, 14, 16,
                                   54, 4, 192, 168, 0, 100},
                       15);
                p += 15;
        }
        memcpy(p, (uint8_t[]){1, 4, 255, 255, 255, 0, 255}, 7);
}

/* How many oddities the audit finds, and of @kind if that is not NULL. */
static unsigned audit(const uint8_t *payload, size_t len, uint16_t src_port, ReplyContext context,
                      const char *kind, unsigned *ret_of_kind) {
        _cleanup_(report_freep) Report *report = NULL;
        FILE *nowhere = fopen("/dev/null", "we");
        static const char *const kinds[] = {
                "source-port",      "short-reply", "header",       "xid",
                "chaddr",           "siaddr",      "file",         "no-magic",
                "no-end",           "overrun",     "netmask",      "message-type",
                "server-id",        "lease-time",  "hops-or-secs", "flags",
                "giaddr-or-ciaddr",
        };
        const ReplyExpectation expected = {
                .stage = "rom", .context = context, .xid = 1, .mac = mac};
        Packet packet = {
                .kind = PACKET_UDP,
                .eth_dst = {255, 255, 255, 255, 255, 255},
                .ip_src = 0xc0a80064,
                .ip_dst = IP_BROADCAST,
                .src_port = src_port,
                .dst_port = 68,
                .payload = payload,
                .payload_len = len,
        };
        BootpReply reply;
        unsigned n = 0;

        ck_assert_ptr_nonnull(nowhere);
        ck_assert_int_eq(report_new(nowhere, &report), 0);
        (void) bootp_reply_parse(payload, len, &reply);
        bootp_reply_audit(report, &expected, &packet, &reply);
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                n += report_count_oddity(report, kinds[i]);
        if (kind)
                *ret_of_kind = report_count_oddity(report, kind);
        fclose(nowhere);
        return n;
}

static void expect_one(const uint8_t *payload, size_t len, uint16_t port, ReplyContext context,
                       const char *kind) {
        unsigned n = 0;

        ck_assert_uint_eq(audit(payload, len, port, context, kind, &n), 1);
        ck_assert_uint_eq(n, 1);
}

START_TEST(test_good_replies_are_not_odd) {
        uint8_t reply[300];

        for (unsigned context = REPLY_TO_BOOTP; context <= REPLY_TO_REQUEST; context++) {
                make_good(reply, (ReplyContext) context);
                ck_assert_uint_eq(
                        audit(reply, sizeof(reply), 67, (ReplyContext) context, NULL, NULL), 0);
        }
}
END_TEST

START_TEST(test_each_fault_is_named) {
        uint8_t reply[300];

        make_good(reply, REPLY_TO_BOOTP);
        expect_one(reply, sizeof(reply), 9067, REPLY_TO_BOOTP, "source-port");
        expect_one(reply, 299, 67, REPLY_TO_BOOTP, "short-reply");
        reply[7] = 9;
        expect_one(reply, sizeof(reply), 67, REPLY_TO_BOOTP, "xid");
        make_good(reply, REPLY_TO_BOOTP);
        reply[28 + 15] = 1;
        expect_one(reply, sizeof(reply), 67, REPLY_TO_BOOTP, "chaddr");
        make_good(reply, REPLY_TO_BOOTP);
        reply[246] = 0; /* END */
        expect_one(reply, sizeof(reply), 67, REPLY_TO_BOOTP, "no-end");
        make_good(reply, REPLY_TO_REQUEST);
        expect_one(reply, sizeof(reply), 67, REPLY_TO_DISCOVER, "message-type");
        make_good(reply, REPLY_TO_BOOTP);
        reply[108] = 0;
        expect_one(reply, sizeof(reply), 67, REPLY_TO_BOOTP, "file");
}
END_TEST

START_TEST(test_options_past_the_end) {
        uint8_t *reply;

        for (size_t len = 0; len < 300; len++) {
                BootpReply parsed;
                uint8_t whole[300];

                make_good(whole, REPLY_TO_REQUEST);
                reply = malloc(len + 1);
                ck_assert_ptr_nonnull(reply);
                memcpy(reply, whole, len);
                ck_assert_int_eq(bootp_reply_parse(reply, len, &parsed),
                                 len < BOOTP_HEADER_LEN ? -EBADMSG : 0);
                if (len >= 262) /* magic, 15 + 7 bytes of options */
                        ck_assert(parsed.has_end && !parsed.is_overrun);
                free(reply);
        }
}
END_TEST

START_TEST(test_steps_are_parsed) {
        StepRule rule;

        ck_assert_int_eq(step_rule_parse("rrq-sent", &rule), 0);
        ck_assert(step_rule_matches(&rule, STEP_RRQ_SENT, 0));
        ck_assert_int_eq(step_rule_parse("block=17", &rule), 0);
        ck_assert(step_rule_matches(&rule, STEP_BLOCK, 17));
        ck_assert(!step_rule_matches(&rule, STEP_BLOCK, 16));
        ck_assert_int_lt(step_rule_parse("block", &rule), 0);
        ck_assert_int_lt(step_rule_parse("none", &rule), 0);
        ck_assert_int_lt(step_rule_parse("", &rule), 0);
}
END_TEST

/* As many of each as asked for, and the same again with the same seed. */
START_TEST(test_dice) {
        const FrameFaults faults = {.loss = 5, .duplicate = 10, .reorder = 20, .delay = 40};
        FaultDice dice = {.state = 1}, again = {.state = 1};
        unsigned n[FATE_DELAY + 1] = {};

        for (unsigned i = 0; i < 100000; i++) {
                FrameFate fate = fault_dice_throw(&dice, &faults);

                ck_assert_int_eq(fate, fault_dice_throw(&again, &faults));
                n[fate]++;
        }
        ck_assert_uint_lt(n[FATE_LOSE] - 4500, 1000);
        ck_assert_uint_lt(n[FATE_REPEAT] - 9500, 1000);
        ck_assert_uint_lt(n[FATE_REORDER] - 19500, 1000);
        ck_assert_uint_lt(n[FATE_DELAY] - 39500, 1000);
}
END_TEST

START_TEST(test_escape) {
        char buffer[16];

        ck_assert_str_eq(json_escape("a\"\\b", 4, buffer, sizeof(buffer)), "a\\\"\\\\b");
        ck_assert_str_eq(json_escape("\n\xff", 2, buffer, sizeof(buffer)), "\\u000a\\u00ff");
        ck_assert_uint_lt(strlen(json_escape("\n\n\n\n\n", 5, buffer, sizeof(buffer))),
                          sizeof(buffer));
}
END_TEST

TEST_MAIN("board-reply", test_good_replies_are_not_odd, test_each_fault_is_named,
          test_options_past_the_end, test_steps_are_parsed, test_dice, test_escape)
