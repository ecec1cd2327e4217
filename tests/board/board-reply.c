/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "board-reply.h"

enum {
        OPTION_PAD = 0,
        OPTION_SUBNET_MASK = 1,
        OPTION_ROUTER = 3,
        OPTION_LEASE_TIME = 51,
        OPTION_MESSAGE_TYPE = 53,
        OPTION_SERVER_ID = 54,
        OPTION_BOOTFILE = 67,
        OPTION_END = 255,
};

static const uint8_t magic[] = {0x63, 0x82, 0x53, 0x63};

static void take_option(BootpReply *reply, uint8_t code, const uint8_t *value, size_t len) {
        uint32_t address = len >= 4 ? get_be32(value) : 0;

        switch (code) {
        case OPTION_SUBNET_MASK:
                reply->netmask = address;
                break;
        case OPTION_ROUTER:
                reply->router = address;
                break;
        case OPTION_LEASE_TIME:
                reply->has_lease_time = true;
                break;
        case OPTION_MESSAGE_TYPE:
                reply->message_type = len > 0 ? value[0] : -1;
                break;
        case OPTION_SERVER_ID:
                reply->server_id = address;
                break;
        case OPTION_BOOTFILE:
                memset(reply->file, 0, sizeof(reply->file));
                memcpy(reply->file, value, MIN_OF(len, sizeof(reply->file) - 1));
                break;
        default:
                break;
        }
}

static void parse_options(BootpReply *reply, const uint8_t *p, size_t left) {
        while (left > 0) {
                size_t len;

                if (*p == OPTION_END) {
                        reply->has_end = true;
                        return;
                }
                if (*p == OPTION_PAD) {
                        p++;
                        left--;
                        continue;
                }
                if (left < 2 || p[1] > left - 2) {
                        reply->is_overrun = true;
                        return;
                }
                len = p[1];
                take_option(reply, p[0], p + 2, len);
                p += 2 + len;
                left -= 2 + len;
        }
}

int bootp_reply_parse(const uint8_t *payload, size_t len, BootpReply *ret) {
        *ret = (BootpReply){.message_type = -1};
        if (len < BOOTP_HEADER_LEN)
                return -EBADMSG;
        ret->op = payload[0];
        ret->htype = payload[1];
        ret->hlen = payload[2];
        ret->xid = get_be32(payload + 4);
        ret->yiaddr = get_be32(payload + 16);
        ret->siaddr = get_be32(payload + 20);
        ret->giaddr = get_be32(payload + 24);
        memcpy(ret->chaddr, payload + 28, sizeof(ret->chaddr));
        memcpy(ret->file, payload + 108, 128);
        payload += BOOTP_HEADER_LEN;
        len -= BOOTP_HEADER_LEN;
        if (len >= sizeof(magic) && memcmp(payload, magic, sizeof(magic)) == 0) {
                ret->has_options = true;
                parse_options(ret, payload + sizeof(magic), len - sizeof(magic));
        }
        return 0;
}

static void audit_frame(Report *report, const ReplyExpectation *expected, const Packet *packet) {
        const char *stage = expected->stage;
        char ip[16];

        if (packet->src_port != 67)
                report_oddity(report, stage, "source-port", "reply from port %u", packet->src_port);
        if (packet->payload_len < BOOTP_LEN_MIN)
                report_oddity(report, stage, "short-reply", "%zu bytes", packet->payload_len);
        if (packet->checksum == UDP_CHECKSUM_WRONG)
                report_oddity(report, stage, "udp-checksum", "wrong in a BOOTP reply");
        if (packet->ip_src == 0)
                report_oddity(report, stage, "source-address", "reply from 0.0.0.0");
        if (memcmp(packet->eth_dst, mac_broadcast, MAC_LEN) != 0 &&
            memcmp(packet->eth_dst, expected->mac, MAC_LEN) != 0)
                report_oddity(report, stage, "destination-mac", "reply to a third station");
        if (packet->payload_len >= BOOTP_HEADER_LEN && packet->ip_dst != IP_BROADCAST &&
            packet->ip_dst != get_be32(packet->payload + 16))
                report_oddity(report, stage, "destination-address", "reply to %s",
                              ip_format(packet->ip_dst, ip));
}

static void audit_header(Report *report, const ReplyExpectation *expected, const Packet *packet,
                         const BootpReply *reply) {
        const char *stage = expected->stage;
        static const uint8_t no_padding[16 - MAC_LEN];

        if (reply->op != 2 || reply->htype != 1 || reply->hlen != 6)
                report_oddity(report, stage, "header", "op %u, htype %u, hlen %u", reply->op,
                              reply->htype, reply->hlen);
        if (reply->xid != expected->xid)
                report_oddity(report, stage, "xid", "%08x for %08x", reply->xid, expected->xid);
        if (memcmp(reply->chaddr, expected->mac, MAC_LEN) != 0 ||
            memcmp(reply->chaddr + MAC_LEN, no_padding, sizeof(no_padding)) != 0)
                report_oddity(report, stage, "chaddr", "not as in the request");
        if (packet->payload[3] != 0 || get_be16(packet->payload + 8) != 0)
                report_oddity(report, stage, "hops-or-secs", "not 0 in a reply");
        if (get_be16(packet->payload + 10) != 0)
                report_oddity(report, stage, "flags", "not as in the request");
        if (reply->giaddr != 0 || get_be32(packet->payload + 12) != 0)
                report_oddity(report, stage, "giaddr-or-ciaddr", "not 0");
        if (reply->siaddr == 0)
                report_oddity(report, stage, "siaddr", "none: the board cannot find the server");
        else if (reply->siaddr != packet->ip_src)
                report_oddity(report, stage, "siaddr", "not the address that the reply came from");
        if (reply->file[0] == '\0')
                report_oddity(report, stage, "file", "no file name");
        else if (strchr(reply->file, ':'))
                report_oddity(report, stage, "file", "U-Boot takes what is before ':' as a server");
        if (packet->payload[108 + 127] != 0)
                report_oddity(report, stage, "file", "not terminated within its field");
}

static void audit_options(Report *report, const ReplyExpectation *expected,
                          const BootpReply *reply) {
        const char *stage = expected->stage;
        int wanted = expected->context == REPLY_TO_BOOTP      ? -1
                     : expected->context == REPLY_TO_DISCOVER ? DHCP_OFFER
                                                              : DHCP_ACK;

        if (!reply->has_options) {
                report_oddity(report, stage, "no-magic", "no option area");
                return;
        }
        if (!reply->has_end)
                report_oddity(report, stage, "no-end", "U-Boot reads on behind the packet");
        if (reply->is_overrun)
                report_oddity(report, stage, "overrun", "an option runs past the end");
        if (reply->message_type != wanted)
                report_oddity(report, stage, "message-type", "option 53 is %d, not %d (-1: none)",
                              reply->message_type, wanted);
        if (wanted < 0 ? reply->has_lease_time : !reply->has_lease_time)
                report_oddity(report, stage, "lease-time", "option 51 %s",
                              reply->has_lease_time ? "to plain BOOTP" : "missing");
        if (wanted >= 0 && reply->server_id == 0)
                report_oddity(report, stage, "server-id", "option 54 missing");
        if (reply->server_id != 0 && reply->server_id != reply->siaddr)
                report_oddity(report, stage, "server-id", "option 54 is not siaddr");
        if (reply->netmask == 0)
                report_oddity(report, stage, "netmask", "option 1 missing");
        else if ((reply->yiaddr ^ reply->siaddr) & reply->netmask && reply->router == 0)
                report_oddity(report, stage, "netmask", "the server is outside, and no router");
}

void bootp_reply_audit(Report *report, const ReplyExpectation *expected, const Packet *packet,
                       const BootpReply *reply) {
        audit_frame(report, expected, packet);
        if (packet->payload_len < BOOTP_HEADER_LEN)
                return;
        audit_header(report, expected, packet, reply);
        audit_options(report, expected, reply);
}
