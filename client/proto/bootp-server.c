/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "bootp-server.h"

#include <assert.h>

/* Theory of operation
 *
 * The link holds one board and us. So there is one address to give, it is always free, and a server
 * without memory cannot be wrong about it: every reply follows from the request and the
 * configuration alone. That also makes repeated, late and reordered requests harmless, and a request
 * that was kept until the link is ready (design.md, "Answering too early") is judged when it is
 * answered, with the file of the stage that the board is in then.
 *
 * What decides between BOOTP and DHCP is option 53, nothing else (RFC 1534 2). The ROM's xid is the
 * constant 1 and the SPL's MAC address is the same on all boards, so neither is used for anything
 * but being returned.
 *
 * The reply is built in a fresh buffer, never in the request's: what a stranger wrote beyond the
 * fields that must be returned does not come back to him.
 *
 * The addressee is always 255.255.255.255, whatever RFC 2131 4.1 prefers for the flags and addresses
 * given: the board has no address yet, a unicast would need a raw socket or a neighbour entry, and
 * all clients of this link accept the broadcast (am335x-wire.md 1.2, 4.2). */

/* U-Boot proper, started by what was served here, may ask too. It is not in need of recovery; given
 * u-boot.img again it would only start over. CONFIG_BOOTP_VCI_STRING, "U-Boot.armv7". */
static const char uboot_class[] = "U-Boot.";

static bool has_prefix(const void *data, size_t len, const char *prefix) {
        size_t prefix_len = strlen(prefix);

        return len >= prefix_len && memcmp(data, prefix, prefix_len) == 0;
}

static bool list_matches(const char *const *list, const void *data, size_t len) {
        for (; list && *list; list++)
                if (has_prefix(data, len, *list))
                        return true;
        return false;
}

BootpClientClass bootp_server_classify(const BootpServer *server, const void *vendor_class,
                                       size_t len) {
        assert(server);

        if (!vendor_class)
                return BOOTP_CLIENT_UNKNOWN;
        if (list_matches(server->expected_classes, vendor_class, len))
                return BOOTP_CLIENT_EXPECTED;
        if (list_matches(server->other_classes, vendor_class, len))
                return BOOTP_CLIENT_MISMATCHED;
        if (has_prefix(vendor_class, len, uboot_class))
                return BOOTP_CLIENT_UBOOT;
        return BOOTP_CLIENT_UNKNOWN;
}

static bool is_ethernet_request(const BootpMessage *m) {
        return m->op == BOOTP_OP_REQUEST && m->htype == BOOTP_HTYPE_ETHERNET && m->hlen == 6;
}

/* RFC 2131 4.3.2: which of the client's states it is in shows by what the request carries. */
static BootpReply judge_request(const BootpServer *server, const BootpMessage *m) {
        uint32_t ours_be = server->client_address.s_addr;
        uint32_t wanted_be = m->requested_address_be;

        /* SELECTING: the client has chosen a server. Another one: it is between those two. */
        if (m->has_server_id && m->server_id_be != server->server_address.s_addr)
                return BOOTP_REPLY_NONE;

        /* RENEWING or REBINDING: the address is in ciaddr. */
        if (!m->has_server_id && wanted_be == 0)
                wanted_be = m->ciaddr_be;

        /* Neither: no state that a client can be in. */
        if (!m->has_server_id && wanted_be == 0)
                return BOOTP_REPLY_NONE;

        /* INIT-REBOOT (option 50, no 54) with another address: RFC 2131 wants silence from a server
         * that does not know the client, so that another server can answer. On this link there is
         * no other, and silence would only cost the client its time. */
        return wanted_be == ours_be ? BOOTP_REPLY_ACK : BOOTP_REPLY_NAK;
}

static BootpReply judge(const BootpServer *server, const BootpMessage *m) {
        switch (m->dhcp_type) {
        case DHCP_TYPE_NONE:
                return BOOTP_REPLY_PLAIN;
        case DHCP_TYPE_DISCOVER:
                return BOOTP_REPLY_OFFER;
        case DHCP_TYPE_REQUEST:
                return judge_request(server, m);
        case DHCP_TYPE_INFORM:
                return BOOTP_REPLY_INFORMED;
        case DHCP_TYPE_DECLINE:
        case DHCP_TYPE_RELEASE:
                /* One address and no leases: nothing to note, and no reply exists. */
                return BOOTP_REPLY_NONE;
        default:
                return BOOTP_REPLY_NONE;
        }
}

/* RFC 2131 table 3, RFC 951 7.3. */
static void fill_reply(const BootpServer *server, const BootpMessage *request, BootpReply kind,
                       BootpMessage *reply) {
        *reply = (BootpMessage){
                .op = BOOTP_OP_REPLY,
                .htype = request->htype,
                .hlen = request->hlen,
                .xid = request->xid,
                .flags = request->flags,
                .giaddr_be = request->giaddr_be,
                .has_cookie = true,
        };
        memcpy(reply->chaddr, request->chaddr, sizeof reply->chaddr);

        if (kind != BOOTP_REPLY_PLAIN) {
                reply->has_server_id = true;
                reply->server_id_be = server->server_address.s_addr;
        }
        if (kind == BOOTP_REPLY_NAK) {
                reply->dhcp_type = DHCP_TYPE_NAK;
                return;
        }

        reply->siaddr_be = server->server_address.s_addr;
        reply->subnet_mask_be = server->netmask.s_addr;
        memcpy(reply->file, server->file, strnlen(server->file, BOOTP_FILE_MAX));

        switch (kind) {
        case BOOTP_REPLY_NONE:
        case BOOTP_REPLY_NAK:
                break;
        case BOOTP_REPLY_PLAIN:
                reply->yiaddr_be = server->client_address.s_addr;
                reply->ciaddr_be = request->ciaddr_be;
                break;
        case BOOTP_REPLY_OFFER:
                reply->dhcp_type = DHCP_TYPE_OFFER;
                reply->yiaddr_be = server->client_address.s_addr;
                reply->lease_sec = server->lease_sec;
                break;
        case BOOTP_REPLY_ACK:
                reply->dhcp_type = DHCP_TYPE_ACK;
                reply->yiaddr_be = server->client_address.s_addr;
                reply->ciaddr_be = request->ciaddr_be;
                reply->lease_sec = server->lease_sec;
                break;
        case BOOTP_REPLY_INFORMED:
                /* No address and no lease: RFC 2131 4.3.5. */
                reply->dhcp_type = DHCP_TYPE_ACK;
                reply->ciaddr_be = request->ciaddr_be;
                break;
        }
}

/* For people and logs: nothing that a terminal could take for a command. */
static void copy_printable(char *to, size_t size, const uint8_t *from, size_t len) {
        size_t n = MIN_OF(len, size - 1);

        for (size_t i = 0; i < n; i++)
                to[i] = from[i] >= ' ' && from[i] <= '~' ? (char) from[i] : '?';
        to[n] = '\0';
}

static void describe_request(const BootpServer *server, const BootpMessage *m, BootpAnswer *a) {
        a->request_type = m->dhcp_type;
        a->xid = m->xid;
        memcpy(a->chaddr, m->chaddr, sizeof a->chaddr);
        a->client_class = bootp_server_classify(server, m->vendor_class, m->vendor_class_len);
        if (m->vendor_class)
                copy_printable(a->vendor_class, sizeof a->vendor_class, m->vendor_class,
                               m->vendor_class_len);
        a->client_id_len = MIN_OF(m->client_id_len, sizeof a->client_id);
        if (m->client_id)
                memcpy(a->client_id, m->client_id, a->client_id_len);
}

int bootp_server_answer(const BootpServer *server, const void *request, size_t request_len,
                        uint8_t buffer[static BOOTP_SIZE_MAX], size_t *ret_len,
                        BootpAnswer *ret_answer) {
        BootpMessage m, reply;
        BootpAnswer ignored, *answer = ret_answer ?: &ignored;
        BootpReply kind;
        int r;

        assert(server);
        assert(server->file);
        assert(strlen(server->file) <= BOOTP_FILE_MAX);
        assert(ret_len);

        *ret_len = 0;
        *answer = (BootpAnswer){};

        r = bootp_message_parse(request, request_len, &m);
        if (r != 0)
                return r;
        if (!is_ethernet_request(&m))
                return BOOTP_E_NO_REQUEST;
        describe_request(server, &m, answer);

        /* There is no relay agent between a board and its USB cable. */
        if (m.giaddr_be != 0)
                return BOOTP_E_IGNORED;
        if (answer->client_class == BOOTP_CLIENT_UBOOT)
                return BOOTP_E_IGNORED;

        kind = judge(server, &m);
        if (kind == BOOTP_REPLY_NONE)
                return BOOTP_E_IGNORED;

        fill_reply(server, &m, kind, &reply);
        r = bootp_message_format(&reply, buffer, BOOTP_SIZE_MAX, ret_len);
        if (r != 0)
                return r;
        answer->reply = kind;
        return 0;
}
