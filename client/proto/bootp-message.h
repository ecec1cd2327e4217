/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* BOOTP and DHCP messages: wire <-> struct. Pure: no fd, clock, log or allocation.
 *
 * RFC 951 and 1542 (the fixed part), RFC 2131 and 2132 (DHCP and its options). Field names are
 * those of RFC 951. A parsed message borrows nothing but `vendor_class`, `client_id`. */

#include "macro.h"

#define BOOTP_FIXED_SIZE    236u /* all up to `vend` */
#define BOOTP_SIZE_MIN      300u /* with the 64 bytes of `vend`: RFC 1542 2.1 */
#define BOOTP_SIZE_MAX      576u /* what every client takes: RFC 2131 2, option 57's minimum */
#define BOOTP_FILE_MAX      127u /* `file` without its NUL */
#define BOOTP_CLIENT_ID_MAX 255u /* what an option can have */

#define BOOTP_OP_REQUEST     1u
#define BOOTP_OP_REPLY       2u
#define BOOTP_HTYPE_ETHERNET 1u
#define BOOTP_FLAG_BROADCAST 0x8000u

typedef enum BootpError {
        BOOTP_E_SHORT = 1,  /* not even the fixed part */
        BOOTP_E_NO_REQUEST, /* op, htype or hlen are not an Ethernet client's request */
        BOOTP_E_MALFORMED, /* an option that is used here runs past the end or has a wrong length */
        BOOTP_E_NO_SPACE,  /* format: does not fit into the buffer */
        BOOTP_E_IGNORED,   /* well-formed, and not to be answered by this server */
} BootpError;

/* Option 53. Zero means a plain BOOTP message, as the ROM sends and expects it: RFC 1534 2. */
typedef enum DhcpType {
        DHCP_TYPE_NONE = 0,
        DHCP_TYPE_DISCOVER = 1,
        DHCP_TYPE_OFFER = 2,
        DHCP_TYPE_REQUEST = 3,
        DHCP_TYPE_DECLINE = 4,
        DHCP_TYPE_ACK = 5,
        DHCP_TYPE_NAK = 6,
        DHCP_TYPE_RELEASE = 7,
        DHCP_TYPE_INFORM = 8,
} DhcpType;

typedef struct BootpMessage {
        uint8_t op;
        uint8_t htype;
        uint8_t hlen;
        uint8_t hops;
        uint32_t xid;
        uint16_t secs;
        uint16_t flags;
        uint32_t ciaddr_be;
        uint32_t yiaddr_be;
        uint32_t siaddr_be;
        uint32_t giaddr_be;
        uint8_t chaddr[16];
        char file[BOOTP_FILE_MAX + 1]; /* always terminated */

        bool has_cookie;               /* RFC 2132 2; without it there are no options */
        uint8_t dhcp_type;             /* 53: DhcpType, or what else the peer wrote; 0: absent */
        uint32_t subnet_mask_be;       /* 1; 0: absent, as in the following */
        uint32_t requested_address_be; /* 50 */
        uint32_t lease_sec;            /* 51 */
        uint32_t server_id_be;         /* 54 */
        uint16_t max_size;             /* 57 */
        bool has_server_id;            /* 54 was there, even if it was 0.0.0.0 */
        const uint8_t *vendor_class;   /* 60: borrowed from the datagram, not terminated; or NULL */
        size_t vendor_class_len;
        const uint8_t *client_id; /* 61: so; the ROM tells there what chip it is. Never written */
        size_t client_id_len;
} BootpMessage;

/* Parses a datagram of either direction. Options are read to END, to the end of the datagram, or to
 * one that runs past it: what follows that one does not exist. Returns 0, BOOTP_E_SHORT, or
 * BOOTP_E_MALFORMED if an option that is used here has an impossible length. */
int bootp_message_parse(const void *datagram, size_t len, BootpMessage *ret);

/* Writes @m into a buffer that is zeroed first: the fixed part, and (if has_cookie) the options that
 * are not 0 (`vendor_class` too), then END; at least BOOTP_SIZE_MIN bytes in all. Returns 0 or
 * BOOTP_E_NO_SPACE. */
int bootp_message_format(const BootpMessage *m, void *buffer, size_t size, size_t *ret_len);
