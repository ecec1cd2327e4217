/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The BOOTP and DHCP server for one board on a link of its own: request -> reply, or silence.
 * Pure, without state: every request is judged alone.
 *
 * There is one address to give, so there are no leases to remember. The caller receives on port 67
 * (as the board sees it) and always sends the reply to 255.255.255.255 port 68, through the
 * interface that the request came in on: all three clients accept that, and it needs neither route
 * nor neighbour entry. Which file the board is told to fetch follows from its USB stage, which the
 * caller knows; the vendor class is only compared with it.
 *
 *     request                           reply
 *     no option 53 (ROM)                BOOTREPLY without 53, 51, 54; subnet mask; >= 300 bytes
 *     DISCOVER                          OFFER with 51, 53, 54, 1
 *     REQUEST, 54 is another server's   silence
 *     REQUEST of our address            ACK with 51, 53, 54, 1
 *     REQUEST of another address        NAK with 53, 54
 *     INFORM                            ACK with 53, 54, 1; yiaddr 0
 *     DECLINE, RELEASE, others          silence
 *     giaddr != 0, U-Boot proper        silence */

#include <netinet/in.h>

#include "bootp-message.h"

typedef struct BootpServer {
        struct in_addr server_address; /* siaddr, option 54 */
        struct in_addr client_address; /* yiaddr */
        struct in_addr netmask;
        uint32_t lease_sec;
        const char *file; /* borrowed; at most BOOTP_FILE_MAX bytes, without ':' (U-Boot splits) */

        /* Vendor classes (option 60), borrowed, NULL-terminated, or NULL. A class matches an entry if
         * it begins with it. */
        const char *const *expected_classes; /* of the stage that the board is in */
        const char *const *other_classes;    /* of the stages that it is not in */
} BootpServer;

/* What the vendor class says about the one who asks. */
typedef enum BootpClientClass {
        BOOTP_CLIENT_UNKNOWN,    /* none, or not in a list: normal for own builds and old ones */
        BOOTP_CLIENT_EXPECTED,   /* in expected_classes */
        BOOTP_CLIENT_MISMATCHED, /* in other_classes: answered all the same, worth a warning */
        BOOTP_CLIENT_UBOOT,      /* "U-Boot.…", U-Boot proper: not answered */
} BootpClientClass;

typedef enum BootpReply {
        BOOTP_REPLY_NONE,
        BOOTP_REPLY_PLAIN,
        BOOTP_REPLY_OFFER,
        BOOTP_REPLY_ACK, /* to a REQUEST: the board is going to ask by TFTP now */
        BOOTP_REPLY_NAK,
        BOOTP_REPLY_INFORMED, /* ACK to an INFORM */
} BootpReply;

/* What happened, for counting, progress and messages. */
typedef struct BootpAnswer {
        BootpReply reply;
        uint8_t request_type; /* DhcpType; DHCP_TYPE_NONE: plain BOOTP */
        BootpClientClass client_class;
        uint32_t xid;
        uint8_t chaddr[6];
        char vendor_class[64]; /* printable, cut; empty: none */
        uint8_t client_id[BOOTP_CLIENT_ID_MAX];
        size_t client_id_len; /* 0: none */
} BootpAnswer;

/* Judges @request and writes the reply, if there is one, into @buffer (BOOTP_SIZE_MAX is enough).
 * Returns 0 with a reply of *ret_len bytes, BOOTP_E_IGNORED if silence is the answer, or what
 * bootp_message_parse() returns, BOOTP_E_NO_REQUEST or BOOTP_E_NO_SPACE. *ret_answer, which may be
 * NULL, is set as far as it is known in every case, *ret_len (0) too. */
int bootp_server_answer(const BootpServer *server, const void *request, size_t request_len,
                        uint8_t buffer[static BOOTP_SIZE_MAX], size_t *ret_len,
                        BootpAnswer *ret_answer);

BootpClientClass bootp_server_classify(const BootpServer *server, const void *vendor_class,
                                       size_t len);
