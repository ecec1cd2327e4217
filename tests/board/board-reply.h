/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A BOOTP or DHCP reply as the simulated board reads it, and as a pedant reads it: the board takes
 * what real boards take; the audit lists everything that is odd (RFC 951, 1497, 1542, 2131, 2132).
 * Pure, but for the report. */

#include "board-frame.h"
#include "macro.h"
#include "report.h"

enum {
        BOOTP_HEADER_LEN = 236, /* up to the vendor area */
        BOOTP_LEN_MIN = 300,

        DHCP_OFFER = 2,
        DHCP_ACK = 5,
        DHCP_NAK = 6,
};

typedef enum ReplyContext {
        REPLY_TO_BOOTP,
        REPLY_TO_DISCOVER,
        REPLY_TO_REQUEST,
} ReplyContext;

typedef struct BootpReply {
        uint8_t op, htype, hlen;
        uint32_t xid;
        uint32_t yiaddr, siaddr, giaddr;
        uint8_t chaddr[16];
        char file[129]; /* option 67 if there is one */
        bool has_options;
        bool has_end;
        bool is_overrun;  /* an option runs past the end */
        int message_type; /* option 53; -1: none */
        uint32_t netmask; /* options 1, 3, 54; 0: none */
        uint32_t router;
        uint32_t server_id;
        bool has_lease_time;
} BootpReply;

/* What the request said, for the audit to compare. */
typedef struct ReplyExpectation {
        const char *stage;
        ReplyContext context;
        uint32_t xid;
        const uint8_t *mac;
} ReplyExpectation;

/* Reads a payload of at least BOOTP_HEADER_LEN bytes; returns 0, or -EBADMSG for a shorter one. */
int bootp_reply_parse(const uint8_t *payload, size_t len, BootpReply *ret);

/* Lists what is odd in @packet, which came to port 68, and in @reply, its content. */
void bootp_reply_audit(Report *report, const ReplyExpectation *expected, const Packet *packet,
                       const BootpReply *reply);
