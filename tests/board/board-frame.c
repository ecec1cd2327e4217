/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <assert.h>
#include <stdio.h>

#include "board-frame.h"

enum {
        ETHERTYPE_IPV4 = 0x0800,
        ETHERTYPE_ARP = 0x0806,
        ETHERTYPE_IPV6 = 0x86dd,

        PROTOCOL_ICMP = 1,
        PROTOCOL_IGMP = 2,
        PROTOCOL_UDP = 17,

        ETH_LEN = 14,
        IP_LEN = 20,
        UDP_LEN = 8,
        ARP_LEN = 28,
};

const uint8_t mac_broadcast[MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

uint16_t get_be16(const uint8_t *p) {
        return (uint16_t) (p[0] << 8 | p[1]);
}

uint32_t get_be32(const uint8_t *p) {
        return (uint32_t) get_be16(p) << 16 | get_be16(p + 2);
}

void put_be16(uint8_t *p, uint16_t value) {
        p[0] = (uint8_t) (value >> 8);
        p[1] = (uint8_t) value;
}

void put_be32(uint8_t *p, uint32_t value) {
        put_be16(p, (uint16_t) (value >> 16));
        put_be16(p + 2, (uint16_t) value);
}

uint16_t internet_checksum(uint32_t seed, const uint8_t *data, size_t len) {
        uint64_t sum = seed;

        for (; len > 1; data += 2, len -= 2)
                sum += get_be16(data);
        if (len > 0)
                sum += (uint32_t) data[0] << 8;
        while (sum > 0xffff)
                sum = (sum & 0xffff) + (sum >> 16);
        return (uint16_t) ~sum;
}

/* RFC 768: addresses, protocol and length are summed too. */
static uint32_t pseudo_header_sum(uint32_t src, uint32_t dst, size_t udp_len) {
        return (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff) + PROTOCOL_UDP +
               (uint32_t) udp_len;
}

static uint8_t *put_ethernet(uint8_t *p, const uint8_t *dst, const uint8_t *src, uint16_t type) {
        memcpy(p, dst, MAC_LEN);
        memcpy(p + MAC_LEN, src, MAC_LEN);
        put_be16(p + 12, type);
        return p + ETH_LEN;
}

/* As U-Boot's net_set_ip_header(): identification 0, "don't fragment", TTL 255. */
static uint8_t *put_ipv4(uint8_t *p, uint32_t src, uint32_t dst, size_t payload_len) {
        memset(p, 0, IP_LEN);
        p[0] = 0x45;
        put_be16(p + 2, (uint16_t) (IP_LEN + payload_len));
        put_be16(p + 6, 0x4000);
        p[8] = 255;
        p[9] = PROTOCOL_UDP;
        put_be32(p + 12, src);
        put_be32(p + 16, dst);
        put_be16(p + 10, internet_checksum(0, p, IP_LEN));
        return p + IP_LEN;
}

size_t frame_build_udp(uint8_t *buffer, const UdpSpec *spec, const void *payload, size_t len) {
        size_t udp_len = UDP_LEN + len;
        uint8_t *p;

        assert(len <= UDP_PAYLOAD_MAX);

        p = put_ethernet(buffer, spec->eth_dst, spec->eth_src, ETHERTYPE_IPV4);
        p = put_ipv4(p, spec->ip_src, spec->ip_dst, udp_len);
        put_be16(p, spec->src_port);
        put_be16(p + 2, spec->dst_port);
        put_be16(p + 4, (uint16_t) udp_len);
        put_be16(p + 6, 0);
        if (len > 0)
                memcpy(p + UDP_LEN, payload, len);
        if (spec->want_checksum) {
                uint32_t seed = pseudo_header_sum(spec->ip_src, spec->ip_dst, udp_len);
                uint16_t sum = internet_checksum(seed, p, udp_len);

                /* A sum of 0 is sent as its other form: 0 means "none". */
                put_be16(p + 6, sum ?: 0xffff);
        }
        return ETH_LEN + IP_LEN + udp_len;
}

size_t frame_build_arp(uint8_t *buffer, const ArpSpec *spec) {
        uint8_t *p = put_ethernet(buffer, spec->eth_dst, spec->sha, ETHERTYPE_ARP);

        put_be16(p, 1); /* Ethernet */
        put_be16(p + 2, ETHERTYPE_IPV4);
        p[4] = MAC_LEN;
        p[5] = 4;
        put_be16(p + 6, spec->operation);
        memcpy(p + 8, spec->sha, MAC_LEN);
        put_be32(p + 14, spec->spa);
        memcpy(p + 18, spec->tha, MAC_LEN);
        put_be32(p + 24, spec->tpa);
        return ETH_LEN + ARP_LEN;
}

static void parse_arp(const uint8_t *p, size_t len, Packet *ret) {
        if (len < ARP_LEN) {
                ret->problem = "ARP too short";
                return;
        }
        if (get_be16(p) != 1 || get_be16(p + 2) != ETHERTYPE_IPV4 || p[4] != MAC_LEN || p[5] != 4) {
                ret->problem = "ARP not of IPv4 over Ethernet";
                return;
        }
        ret->kind = PACKET_ARP;
        ret->arp_operation = get_be16(p + 6);
        memcpy(ret->arp_sha, p + 8, MAC_LEN);
        ret->arp_spa = get_be32(p + 14);
        memcpy(ret->arp_tha, p + 18, MAC_LEN);
        ret->arp_tpa = get_be32(p + 24);
}

static void parse_udp(const uint8_t *p, size_t len, bool is_offloaded, Packet *ret) {
        if (len < UDP_LEN || get_be16(p + 4) != len) {
                ret->problem = "UDP length differs from IP's";
                return;
        }
        ret->kind = PACKET_UDP;
        ret->src_port = get_be16(p);
        ret->dst_port = get_be16(p + 2);
        ret->payload = p + UDP_LEN;
        ret->payload_len = len - UDP_LEN;
        if (is_offloaded)
                ret->checksum = UDP_CHECKSUM_OFFLOADED;
        else if (get_be16(p + 6) == 0)
                ret->checksum = UDP_CHECKSUM_NONE;
        else if (internet_checksum(pseudo_header_sum(ret->ip_src, ret->ip_dst, len), p, len) == 0)
                ret->checksum = UDP_CHECKSUM_VALID;
        else
                ret->checksum = UDP_CHECKSUM_WRONG;
}

static void parse_ipv4(const uint8_t *p, size_t len, bool is_offloaded, Packet *ret) {
        size_t header_len, total;

        if (len < IP_LEN || p[0] >> 4 != 4) {
                ret->problem = "IPv4 header too short or of another version";
                return;
        }
        header_len = (size_t) (p[0] & 0xf) * 4;
        total = get_be16(p + 2);
        if (header_len < IP_LEN || header_len > total || total > len) {
                ret->problem = "IPv4 lengths do not fit";
                return;
        }
        if (internet_checksum(0, p, header_len) != 0) {
                ret->problem = "IPv4 header checksum wrong";
                return;
        }
        ret->ip_protocol = p[9];
        ret->ip_src = get_be32(p + 12);
        ret->ip_dst = get_be32(p + 16);
        if (ret->ip_protocol == PROTOCOL_IGMP) { /* always has an IP option */
                ret->kind = PACKET_IGMP;
                return;
        }
        if (header_len != IP_LEN) {
                ret->problem = "IPv4 options";
                return;
        }
        if (get_be16(p + 6) & 0x3fff) {
                ret->problem = "IPv4 fragment";
                return;
        }
        if (ret->ip_protocol == PROTOCOL_UDP)
                parse_udp(p + IP_LEN, total - IP_LEN, is_offloaded, ret);
        else
                ret->kind = ret->ip_protocol == PROTOCOL_ICMP ? PACKET_ICMP : PACKET_OTHER;
}

void packet_parse(const uint8_t *frame, size_t len, bool is_offloaded, Packet *ret) {
        *ret = (Packet){.kind = PACKET_BROKEN};

        if (len < ETH_LEN) {
                ret->problem = "shorter than an Ethernet header";
                return;
        }
        memcpy(ret->eth_dst, frame, MAC_LEN);
        memcpy(ret->eth_src, frame + MAC_LEN, MAC_LEN);
        ret->ethertype = get_be16(frame + 12);
        switch (ret->ethertype) {
        case ETHERTYPE_ARP:
                parse_arp(frame + ETH_LEN, len - ETH_LEN, ret);
                break;
        case ETHERTYPE_IPV4:
                parse_ipv4(frame + ETH_LEN, len - ETH_LEN, is_offloaded, ret);
                break;
        case ETHERTYPE_IPV6:
                ret->kind = PACKET_IPV6;
                break;
        default:
                ret->kind = PACKET_OTHER;
                break;
        }
}

const char *packet_kind_name(const Packet *packet) {
        switch (packet->kind) {
        case PACKET_ARP:
                return "arp";
        case PACKET_UDP:
                return "udp";
        case PACKET_ICMP:
                return "icmp";
        case PACKET_IGMP:
                return "igmp";
        case PACKET_IPV6:
                return "ipv6";
        case PACKET_OTHER:
                return "other";
        case PACKET_BROKEN:
                return "broken";
        }
        return "?";
}

const char *ip_format(uint32_t address, char buffer[static 16]) {
        snprintf(buffer, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
                 address >> 8 & 0xff, address & 0xff);
        return buffer;
}
