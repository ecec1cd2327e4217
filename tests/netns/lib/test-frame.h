/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Frames as a board sends and sees them: built and taken apart byte by byte, on a packet socket.
 * Returns are 0 or a negative errno. */

#include "macro.h"
#include "test-link.h"

#define FRAME_SIZE_MAX  1514u
#define FRAME_ARP_TYPE  0x0806
#define FRAME_IPV4_TYPE 0x0800
#define UDP_PAYLOAD_MAX (FRAME_SIZE_MAX - 14 - 20 - 8)

typedef enum UdpChecksum {
        UDP_CHECKSUM_NONE, /* 0: not computed */
        UDP_CHECKSUM_VALID,
        UDP_CHECKSUM_WRONG,
} UdpChecksum;

typedef struct UdpFrame {
        uint8_t source_mac[MAC_LEN];
        uint8_t destination_mac[MAC_LEN];
        uint32_t source; /* IPv4 addresses in host order */
        uint32_t destination;
        uint16_t source_port;
        uint16_t destination_port;
        UdpChecksum checksum;
        uint8_t payload[UDP_PAYLOAD_MAX];
        size_t payload_len;
} UdpFrame;

/* @buffer has FRAME_SIZE_MAX bytes; returns the frame's length, at least 60. */
size_t udp_frame_build(const UdpFrame *frame, uint8_t *buffer);

/* -EBADMSG: not a whole UDP datagram over IPv4, or its IP header is wrong. */
int udp_frame_parse(const uint8_t *buffer, size_t size, UdpFrame *ret);

/* A packet socket on the link of that name, which must be up, in the caller's namespace: sees every
 * frame that comes in and none that goes out. What it sends leaves as soon as the other end is up:
 * by the queue, it would be dropped without a word until the kernel's link watch has run. */
int frame_socket_open(const char *name, int *ret_fd);

int frame_send(int fd, const void *frame, size_t size);
int frame_send_udp(int fd, const UdpFrame *frame);

/* A broadcast ARP request, as a board asks before its first unicast datagram. */
int frame_send_arp_request(int fd, const uint8_t *mac, uint32_t source, uint32_t target);

/* Receives the next frame into @buffer (FRAME_SIZE_MAX); -ETIMEDOUT after @deadline_usec. */
int frame_receive(int fd, uint64_t deadline_usec, uint8_t *buffer, size_t *ret_size);

/* Receives the next UDP frame; others are passed over. */
int frame_receive_udp(int fd, uint64_t deadline_usec, UdpFrame *ret);

/* The EtherType of a frame. */
uint16_t frame_type(const uint8_t *frame);
