/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "udp-endpoint.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

/* What a socket says when the board, its link or its port is not there. ECONNREFUSED is the peer's
 * ICMP "port unreachable"; the others are what is left of the link between two boards, or when one
 * was pulled. ENODEV also answers a send through the index of an interface that has gone, and EPERM
 * one to another address than the board's (snagd's nft.c), which somebody there has made up. */
static bool is_unreachable(int error) {
        switch (error) {
        case ECONNREFUSED:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENETDOWN:
        case ENETUNREACH:
        case ENODEV:
        case ENONET:
        case ENOPROTOOPT: /* ICMP "protocol unreachable" */
        case ENXIO:
        case EPERM:
        case EPROTO:
                return true;
        default:
                return false;
        }
}

/* No room in a queue of the kernel's: the datagram is lost, as it may be on the wire. */
static bool is_lost(int error) {
        return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

int udp_endpoint_bind(int fd, uint16_t port) {
        struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = htonl(INADDR_ANY),
        };
        int on = 1;

        assert(fd >= 0);

        if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *) &address, sizeof address) < 0)
                return -errno;
        return 0;
}

/* Throws away what waits in the socket: datagrams of the peer before, and an error that only the
 * next call would report. Bounded by what a socket's queue can hold, as the port is gone. */
static void drain(int fd) {
        enum { ATTEMPTS_MAX = 1024 };
        socklen_t len;
        uint8_t byte;
        int error;

        for (size_t i = 0; i < ATTEMPTS_MAX; i++)
                if (recv(fd, &byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC) < 0 && is_lost(errno))
                        break;
        len = sizeof error;
        (void) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
}

int udp_endpoint_disconnect(int fd) {
        struct sockaddr address = {.sa_family = AF_UNSPEC};

        assert(fd >= 0);

        /* A port that bind() did not choose goes with the peer: udp_disconnect() in the kernel. */
        if (connect(fd, &address, sizeof address) < 0)
                return -errno;
        drain(fd);
        return 0;
}

int udp_endpoint_connect(int fd, const struct sockaddr_in *peer) {
        assert(fd >= 0);
        assert(peer);

        if (connect(fd, (const struct sockaddr *) peer, sizeof *peer) < 0) {
                int error = errno;

                /* The kernel has chosen a port already, and would keep it. */
                (void) udp_endpoint_disconnect(fd);
                return is_unreachable(error) ? UDP_SENT_UNREACHABLE : -error;
        }
        drain(fd);
        return 0;
}

int udp_endpoint_receive(int fd, void *buffer, size_t size, UdpDatagram *ret) {
        union {
                char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
                struct cmsghdr align;
        } control;
        struct sockaddr_in source = {};
        struct iovec iov = {.iov_base = buffer, .iov_len = size};
        struct msghdr message = {
                .msg_name = &source,
                .msg_namelen = sizeof source,
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof control,
        };
        UdpDatagram datagram;
        ssize_t n;

        assert(fd >= 0);
        assert(buffer || size == 0);
        assert(ret);

        do
                n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC); /* how long it really was */
        while (n < 0 && errno == EINTR);
        if (n < 0) {
                if (errno == EAGAIN)
                        return UDP_EVENT_NONE;
                return is_unreachable(errno) ? (int) UDP_EVENT_UNREACHABLE : -errno;
        }

        datagram = (UdpDatagram){
                .len = MIN_OF((size_t) n, size),
                .full_len = (size_t) n,
                .is_truncated = message.msg_flags & MSG_TRUNC,
                .source = source,
        };
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
                struct in_pktinfo info;

                if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
                        continue;
                memcpy(&info, CMSG_DATA(c), sizeof info);
                datagram.ifindex = info.ipi_ifindex;
                datagram.destination = info.ipi_addr;
                /* ipi_addr is what the header says, ipi_spec_dst our own address: the same, if the
                 * datagram was meant for us alone. */
                datagram.is_broadcast = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
        }
        *ret = datagram;
        return UDP_EVENT_DATAGRAM;
}

static int send_message(int fd, const struct msghdr *message, int flags) {
        ssize_t n;

        do
                n = sendmsg(fd, message, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n >= 0)
                return UDP_SENT;
        if (is_unreachable(errno))
                return UDP_SENT_UNREACHABLE;
        return is_lost(errno) ? (int) UDP_SENT_NOT : -errno;
}

int udp_endpoint_send(int fd, const struct iovec *iov, size_t n_iov, bool is_confirmed) {
        struct msghdr message = {.msg_iov = (struct iovec *) iov, .msg_iovlen = n_iov};

        assert(fd >= 0);
        assert(iov);

        /* The ROM may never answer ARP. What keeps its neighbour entry alive is that the peer is
         * said to be alive, with every datagram, the repeated ones too: those are all there is when
         * something is stuck. */
        return send_message(fd, &message, is_confirmed ? MSG_CONFIRM : 0);
}

int udp_endpoint_send_to(int fd, const struct sockaddr_in *peer, const struct iovec *iov,
                         size_t n_iov) {
        struct sockaddr_in name;
        struct msghdr message = {
                .msg_name = &name,
                .msg_namelen = sizeof name,
                .msg_iov = (struct iovec *) iov,
                .msg_iovlen = n_iov,
        };

        assert(fd >= 0);
        assert(peer);
        assert(iov);

        name = *peer;
        return send_message(fd, &message, 0);
}

int udp_endpoint_broadcast(int fd, int ifindex, uint16_t port, const void *data, size_t len) {
        struct sockaddr_in name = {
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = htonl(INADDR_BROADCAST),
        };
        struct iovec iov = {.iov_base = (void *) data, .iov_len = len};
        struct in_pktinfo info = {.ipi_ifindex = ifindex};
        union {
                char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
                struct cmsghdr align;
        } control = {};
        struct msghdr message = {
                .msg_name = &name,
                .msg_namelen = sizeof name,
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof control,
        };
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);

        assert(fd >= 0);
        assert(data);

        if (ifindex <= 0) /* to the kernel that is "any", which has no route */
                return UDP_SENT_UNREACHABLE;

        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
        return send_message(fd, &message, 0);
}

int udp_endpoint_get_port(int fd, uint16_t *ret) {
        struct sockaddr_in address = {};
        socklen_t len = sizeof address;

        assert(fd >= 0);
        assert(ret);

        if (getsockname(fd, (struct sockaddr *) &address, &len) < 0)
                return -errno;
        *ret = ntohs(address.sin_port);
        return 0;
}
