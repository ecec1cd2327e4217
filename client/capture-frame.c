/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "capture-frame.h"

#include <assert.h>

/* Offsets: RFC 894; RFC 791 3.1; RFC 768. */
enum {
        AT_ETHERNET_DESTINATION = 0,
        AT_ETHERNET_SOURCE = 6,
        AT_ETHERNET_TYPE = 12,
        AT_IP = 14,
        AT_IP_LEN = AT_IP + 2,
        AT_IP_FLAGS = AT_IP + 6,
        AT_IP_TTL = AT_IP + 8,
        AT_IP_PROTOCOL = AT_IP + 9,
        AT_IP_CHECKSUM = AT_IP + 10,
        AT_IP_SOURCE = AT_IP + 12,
        AT_IP_DESTINATION = AT_IP + 16,
        AT_UDP = AT_IP + 20,
        AT_UDP_SOURCE = AT_UDP,
        AT_UDP_DESTINATION = AT_UDP + 2,
        AT_UDP_LEN = AT_UDP + 4,
        AT_PAYLOAD = AT_UDP + 8,
};

_Static_assert(AT_PAYLOAD == CAPTURE_FRAME_HEADERS_LEN, "all headers");

#define ETHERNET_TYPE_IPV4   0x0800u
#define IP_VERSION_AND_WORDS 0x45u /* 4; a header of 5 words */
#define IP_DONT_FRAGMENT     0x4000u
#define IP_TTL_DEFAULT       64u
#define PAYLOAD_LEN_MAX      (UINT16_MAX - (AT_PAYLOAD - AT_IP))

static void put_u16(uint8_t *p, size_t value) {
        p[0] = (uint8_t) (value >> 8);
        p[1] = (uint8_t) value;
}

/* RFC 1071, of an even number of bytes. */
static uint16_t get_checksum(const uint8_t *p, size_t len) {
        uint32_t sum = 0;

        for (size_t i = 0; i + 1 < len; i += 2)
                sum += (uint32_t) (p[i] << 8 | p[i + 1]);
        while (sum > UINT16_MAX)
                sum = (sum & UINT16_MAX) + (sum >> 16);
        return (uint16_t) ~sum;
}

void capture_frame_format(const CaptureFrame *frame,
                          uint8_t headers[static CAPTURE_FRAME_HEADERS_LEN]) {
        size_t payload_len;

        assert(frame);
        assert(headers);

        payload_len = MIN_OF(frame->payload_len, PAYLOAD_LEN_MAX);
        memset(headers, 0, CAPTURE_FRAME_HEADERS_LEN);

        memcpy(headers + AT_ETHERNET_DESTINATION, frame->destination_mac, CAPTURE_FRAME_MAC_LEN);
        memcpy(headers + AT_ETHERNET_SOURCE, frame->source_mac, CAPTURE_FRAME_MAC_LEN);
        put_u16(headers + AT_ETHERNET_TYPE, ETHERNET_TYPE_IPV4);

        headers[AT_IP] = IP_VERSION_AND_WORDS;
        put_u16(headers + AT_IP_LEN, AT_PAYLOAD - AT_IP + payload_len);
        put_u16(headers + AT_IP_FLAGS, IP_DONT_FRAGMENT);
        headers[AT_IP_TTL] = IP_TTL_DEFAULT;
        headers[AT_IP_PROTOCOL] = IPPROTO_UDP;
        memcpy(headers + AT_IP_SOURCE, &frame->source.sin_addr, 4);
        memcpy(headers + AT_IP_DESTINATION, &frame->destination.sin_addr, 4);
        put_u16(headers + AT_IP_CHECKSUM, get_checksum(headers + AT_IP, AT_UDP - AT_IP));

        put_u16(headers + AT_UDP_SOURCE, ntohs(frame->source.sin_port));
        put_u16(headers + AT_UDP_DESTINATION, ntohs(frame->destination.sin_port));
        put_u16(headers + AT_UDP_LEN, AT_PAYLOAD - AT_UDP + payload_len);
}
