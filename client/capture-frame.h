/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a UDP socket does not show of a datagram: the headers of Ethernet, IPv4 and UDP before it, as
 * far as they can be made anew from what is known. Pure.
 *
 * What cannot be known is neutral: TTL 64 (RFC 1700), identification 0 with "don't fragment" (RFC 6864
 * 4), no UDP checksum, which IPv4 allows (RFC 768). */

#include <netinet/in.h>

#include "macro.h"

#define CAPTURE_FRAME_MAC_LEN     6u
#define CAPTURE_FRAME_HEADERS_LEN 42u /* 14 of Ethernet, 20 of IPv4, 8 of UDP */

typedef struct CaptureFrame {
        uint8_t source_mac[CAPTURE_FRAME_MAC_LEN];
        uint8_t destination_mac[CAPTURE_FRAME_MAC_LEN];
        struct sockaddr_in source, destination;
        size_t payload_len; /* of the whole datagram; at most 65507, as UDP has it */
} CaptureFrame;

void capture_frame_format(const CaptureFrame *frame,
                          uint8_t headers[static CAPTURE_FRAME_HEADERS_LEN]);
