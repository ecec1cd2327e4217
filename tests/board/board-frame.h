/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Ethernet, ARP, IPv4 and UDP as the simulated board builds and checks them. Pure.
 *
 * Written from the RFCs alone and independent of client/proto, so that one mistake cannot hide
 * another. Addresses and ports are in host order. Frames are without FCS and, as on a real RNDIS
 * link, need not be padded to 60 bytes. */

#include "macro.h"

#define MAC_LEN            6
#define FRAME_LEN_MAX      1514
#define UDP_PAYLOAD_OFFSET (14 + 20 + 8)
#define UDP_PAYLOAD_MAX    (FRAME_LEN_MAX - UDP_PAYLOAD_OFFSET)

#define IP_BROADCAST UINT32_MAX

extern const uint8_t mac_broadcast[MAC_LEN];

typedef enum PacketKind {
        PACKET_ARP,
        PACKET_UDP,
        PACKET_ICMP,
        PACKET_IGMP,
        PACKET_IPV6,
        PACKET_OTHER,  /* another ethertype or IP protocol */
        PACKET_BROKEN, /* Packet.problem says why */
} PacketKind;

typedef enum UdpChecksum {
        UDP_CHECKSUM_NONE, /* 0: the sender did not compute one */
        UDP_CHECKSUM_VALID,
        UDP_CHECKSUM_WRONG,
        UDP_CHECKSUM_OFFLOADED, /* not on this wire: the peer left it to a device that veth lacks */
} UdpChecksum;

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

/* A frame, taken apart; points into it. Only the members of its kind are set. */
typedef struct Packet {
        PacketKind kind;
        const char *problem;
        uint8_t eth_dst[MAC_LEN], eth_src[MAC_LEN];
        uint16_t ethertype;

        uint32_t ip_src, ip_dst;
        uint8_t ip_protocol;
        uint16_t src_port, dst_port;
        UdpChecksum checksum;
        const uint8_t *payload;
        size_t payload_len;

        uint16_t arp_operation;
        uint8_t arp_sha[MAC_LEN], arp_tha[MAC_LEN];
        uint32_t arp_spa, arp_tpa;
} Packet;

typedef struct UdpSpec {
        uint8_t eth_dst[MAC_LEN], eth_src[MAC_LEN];
        uint32_t ip_src, ip_dst;
        uint16_t src_port, dst_port;
        bool want_checksum; /* else 0, as U-Boot always sends */
} UdpSpec;

typedef struct ArpSpec {
        uint16_t operation;
        uint8_t eth_dst[MAC_LEN];
        uint8_t sha[MAC_LEN], tha[MAC_LEN];
        uint32_t spa, tpa;
} ArpSpec;

uint16_t get_be16(const uint8_t *p);
uint32_t get_be32(const uint8_t *p);
void put_be16(uint8_t *p, uint16_t value);
void put_be32(uint8_t *p, uint32_t value);

/* RFC 1071, over @data and a partial sum that @seed holds; 0 when the data contains its own valid
 * checksum. */
uint16_t internet_checksum(uint32_t seed, const uint8_t *data, size_t len);

/* Build a frame into @buffer, of FRAME_LEN_MAX bytes; return its length. @len is at most
 * UDP_PAYLOAD_MAX. */
size_t frame_build_udp(uint8_t *buffer, const UdpSpec *spec, const void *payload, size_t len);
size_t frame_build_arp(uint8_t *buffer, const ArpSpec *spec);

/* Takes @frame apart. IP options, fragments, a wrong header checksum or a length that does not fit
 * are problems: neither the ROM nor U-Boot can be relied on to take them. @is_offloaded: the
 * kernel says that the UDP checksum is not filled in. */
void packet_parse(const uint8_t *frame, size_t len, bool is_offloaded, Packet *ret);

/* For reports: "ipv6", "igmp" … */
const char *packet_kind_name(const Packet *packet);

/* "192.168.0.100" into @buffer of 16 bytes; returns it. */
const char *ip_format(uint32_t address, char buffer[static 16]);
