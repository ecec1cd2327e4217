/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "fd-util.h"
#include "netns-test.h"
#include "test-frame.h"

#define ETH_LEN 14u
#define IP_LEN  20u
#define UDP_LEN 8u

static void put16(uint8_t *at, uint32_t value) {
        at[0] = (uint8_t) (value >> 8);
        at[1] = (uint8_t) value;
}

static void put32(uint8_t *at, uint32_t value) {
        put16(at, value >> 16);
        put16(at + 2, value & 0xffff);
}

static uint16_t get16(const uint8_t *at) {
        return (uint16_t) (at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at) {
        return (uint32_t) get16(at) << 16 | get16(at + 2);
}

/* RFC 1071: the sum so far, and more bytes. */
static uint32_t sum(uint32_t so_far, const uint8_t *bytes, size_t size) {
        for (size_t i = 0; i + 1 < size; i += 2)
                so_far += get16(bytes + i);
        if (size % 2)
                so_far += (uint32_t) bytes[size - 1] << 8;
        return so_far;
}

static uint16_t fold(uint32_t value) {
        while (value >> 16)
                value = (value & 0xffff) + (value >> 16);
        return (uint16_t) ~value;
}

/* Over the pseudo-header (RFC 768) and the datagram, its checksum field included: 0 if that is
 * right. */
static uint16_t udp_sum(const uint8_t *ip, const uint8_t *udp, size_t udp_size) {
        return fold(sum(sum(0, ip + 12, 8), udp, udp_size) + IPPROTO_UDP + (uint32_t) udp_size);
}

size_t udp_frame_build(const UdpFrame *frame, uint8_t *buffer) {
        uint8_t *ip = buffer + ETH_LEN, *udp = ip + IP_LEN;
        size_t udp_size = UDP_LEN + frame->payload_len;

        memset(buffer, 0, FRAME_SIZE_MAX);
        memcpy(buffer, frame->destination_mac, MAC_LEN);
        memcpy(buffer + MAC_LEN, frame->source_mac, MAC_LEN);
        put16(buffer + 12, FRAME_IPV4_TYPE);

        ip[0] = 0x45;
        put16(ip + 2, (uint32_t) (IP_LEN + udp_size));
        ip[8] = 64; /* TTL */
        ip[9] = IPPROTO_UDP;
        put32(ip + 12, frame->source);
        put32(ip + 16, frame->destination);
        put16(ip + 10, fold(sum(0, ip, IP_LEN)));

        put16(udp, frame->source_port);
        put16(udp + 2, frame->destination_port);
        put16(udp + 4, (uint32_t) udp_size);
        memcpy(udp + UDP_LEN, frame->payload, frame->payload_len);
        if (frame->checksum != UDP_CHECKSUM_NONE) {
                uint16_t checksum = udp_sum(ip, udp, udp_size);

                if (frame->checksum == UDP_CHECKSUM_WRONG)
                        checksum ^= 0x5555;
                put16(udp + 6, checksum == 0 ? 0xffff : checksum);
        }
        return MAX_OF(ETH_LEN + IP_LEN + udp_size, (size_t) ETH_ZLEN);
}

int udp_frame_parse(const uint8_t *buffer, size_t size, UdpFrame *ret) {
        const uint8_t *ip = buffer + ETH_LEN, *udp = ip + IP_LEN;
        UdpFrame frame = {};
        size_t udp_size;

        if (size < ETH_LEN + IP_LEN + UDP_LEN || frame_type(buffer) != FRAME_IPV4_TYPE ||
            ip[0] != 0x45 || ip[9] != IPPROTO_UDP || fold(sum(0, ip, IP_LEN)) != 0)
                return -EBADMSG;
        udp_size = get16(udp + 4);
        if (udp_size < UDP_LEN || udp_size > size - ETH_LEN - IP_LEN ||
            get16(ip + 2) != IP_LEN + udp_size || udp_size - UDP_LEN > sizeof(frame.payload))
                return -EBADMSG;

        memcpy(frame.destination_mac, buffer, MAC_LEN);
        memcpy(frame.source_mac, buffer + MAC_LEN, MAC_LEN);
        frame.source = get32(ip + 12);
        frame.destination = get32(ip + 16);
        frame.source_port = get16(udp);
        frame.destination_port = get16(udp + 2);
        if (get16(udp + 6) == 0)
                frame.checksum = UDP_CHECKSUM_NONE;
        else if (udp_sum(ip, udp, udp_size) == 0)
                frame.checksum = UDP_CHECKSUM_VALID;
        else
                frame.checksum = UDP_CHECKSUM_WRONG;
        frame.payload_len = udp_size - UDP_LEN;
        memcpy(frame.payload, udp + UDP_LEN, frame.payload_len);
        *ret = frame;
        return 0;
}

int frame_socket_open(const char *name, int *ret_fd) {
        struct sockaddr_ll address = {
                .sll_family = AF_PACKET,
                .sll_protocol = htons(ETH_P_ALL),
                .sll_ifindex = (int) if_nametoindex(name),
        };
        _cleanup_fd_ int fd = -EBADF;

        if (address.sll_ifindex == 0)
                return -errno;
        /* Protocol 0: nothing is received before it is bound to the one link. */
        fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int){1}, sizeof(int)) < 0 ||
            setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &(int){1}, sizeof(int)) < 0 ||
            bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int frame_send(int fd, const void *frame, size_t size) {
        return send(fd, frame, size, 0) < 0 ? -errno : 0;
}

int frame_send_udp(int fd, const UdpFrame *frame) {
        uint8_t buffer[FRAME_SIZE_MAX];

        return frame_send(fd, buffer, udp_frame_build(frame, buffer));
}

int frame_send_arp_request(int fd, const uint8_t *mac, uint32_t source, uint32_t target) {
        uint8_t frame[ETH_ZLEN] = {};

        memset(frame, 0xff, MAC_LEN);
        memcpy(frame + MAC_LEN, mac, MAC_LEN);
        put16(frame + 12, FRAME_ARP_TYPE);
        put16(frame + 14, 1); /* Ethernet */
        put16(frame + 16, FRAME_IPV4_TYPE);
        frame[18] = MAC_LEN;
        frame[19] = 4;
        put16(frame + 20, 1); /* request */
        memcpy(frame + 22, mac, MAC_LEN);
        put32(frame + 28, source);
        put32(frame + 38, target);
        return frame_send(fd, frame, sizeof(frame));
}

int frame_receive(int fd, uint64_t deadline_usec, uint8_t *buffer, size_t *ret_size) {
        for (;;) {
                ssize_t n;
                int r;

                n = recv(fd, buffer, FRAME_SIZE_MAX, 0);
                if (n >= (ssize_t) ETH_LEN) {
                        *ret_size = (size_t) n;
                        return 0;
                }
                /* ENETDOWN: the link went down and is up again; told once. */
                if (n < 0 && errno != EAGAIN && errno != ENETDOWN)
                        return -errno;

                r = wait_readable(fd, deadline_usec);
                if (r < 0)
                        return r;
                if (r == 0)
                        return -ETIMEDOUT;
        }
}

int frame_receive_udp(int fd, uint64_t deadline_usec, UdpFrame *ret) {
        for (;;) {
                uint8_t buffer[FRAME_SIZE_MAX];
                size_t size;
                int r;

                r = frame_receive(fd, deadline_usec, buffer, &size);
                if (r < 0)
                        return r;
                if (udp_frame_parse(buffer, size, ret) >= 0)
                        return 0;
        }
}

uint16_t frame_type(const uint8_t *frame) {
        return get16(frame + 12);
}
