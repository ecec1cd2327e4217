/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* UDP on sockets that somebody else made: snagd, inside the session's namespace (IPv4, non-blocking,
 * IP_PKTINFO on, unbound). The only socket code of the client. All functions borrow the fd.
 *
 * That a board leaves, returns or closes a port is ordinary here: it is reported as an event, never
 * as an error. Negative errnos are faults of ours or of the kernel's. Never uses SO_BINDTODEVICE,
 * after which a socket is dead for ever once its device goes.
 *
 * Needs no privilege. Never blocks. Does not log. */

#include <netinet/in.h>
#include <sys/uio.h>

#include "macro.h"

/* Datagrams that a caller takes from one socket in one wake-up; the loop comes back for the rest. */
#define UDP_ENDPOINT_BATCH_MAX 32u

typedef enum UdpEvent {
        UDP_EVENT_NONE = 0,    /* nothing more to read */
        UDP_EVENT_DATAGRAM,    /* one was read */
        UDP_EVENT_UNREACHABLE, /* the peer's port, the peer or the way to it is not there */
} UdpEvent;

typedef enum UdpSent {
        UDP_SENT = 0,
        UDP_SENT_NOT,         /* no way to the peer now, or no room: as good as lost on the way */
        UDP_SENT_UNREACHABLE, /* the same, and it is known that the peer's port or link is gone */
} UdpSent;

typedef struct UdpDatagram {
        size_t len;        /* bytes in the buffer */
        size_t full_len;   /* of the datagram */
        bool is_truncated; /* that is more */
        bool is_broadcast; /* not sent to an address of ours alone */
        int ifindex;       /* the interface it came in on; 0: not known */
        struct sockaddr_in source;
        struct in_addr destination; /* as its header has it; 0.0.0.0: not known */
} UdpDatagram;

/* Binds to @port of every address, and allows broadcasts. Returns 0 or a negative errno. */
int udp_endpoint_bind(int fd, uint16_t port);

/* Connects to @peer; the kernel picks a fresh port (the TID, RFC 1350 4) and from now on delivers
 * nothing from others. What the socket received before is thrown away. Returns 0, UDP_SENT_UNREACHABLE
 * if there is no way to the peer now, or a negative errno. */
int udp_endpoint_connect(int fd, const struct sockaddr_in *peer);

/* Gives peer and port back, so that the socket can serve the next. Returns 0 or a negative errno. */
int udp_endpoint_disconnect(int fd);

/* Reads one datagram. Returns an UdpEvent or a negative errno. */
int udp_endpoint_receive(int fd, void *buffer, size_t size, UdpDatagram *ret);

/* Sends to a connected socket's peer. @is_confirmed: the peer is known to be alive (it takes part in
 * a transfer), so the kernel need not, and with a ROM must not, ask by ARP (MSG_CONFIRM). Returns an
 * UdpSent or a negative errno. */
int udp_endpoint_send(int fd, const struct iovec *iov, size_t n_iov, bool is_confirmed);

/* Sends to @peer from an unconnected socket. Returns an UdpSent or a negative errno. */
int udp_endpoint_send_to(int fd, const struct sockaddr_in *peer, const struct iovec *iov,
                         size_t n_iov);

/* Sends to 255.255.255.255 @port through interface @ifindex, whatever the routes are; 0, which is what
 * a datagram without IP_PKTINFO came in on, is unreachable. Returns an UdpSent or a negative errno. */
int udp_endpoint_broadcast(int fd, int ifindex, uint16_t port, const void *data, size_t len);

/* The port that the socket has now, in host order; 0 if none. Returns 0 or a negative errno. */
int udp_endpoint_get_port(int fd, uint16_t *ret);
