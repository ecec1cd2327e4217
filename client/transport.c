/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "transport.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "bus-contract.h"
#include "fd-util.h"
#include "udp-endpoint.h"

#define BOOTP_SERVER_PORT 67u
#define BOOTP_CLIENT_PORT 68u
#define TFTP_PORT         69u
#define RECEIVE_SIZE_MAX  2048u /* no request or ACK is longer; what is, is cut, and ignored */

/* Wake-ups by requests, of which a board has few to send: one that sends them as fast as it can is heard that often.
 * Not so of the transfers, where each block is a wake-up. */
#define REQUEST_WAKEUPS_MAX        10u
#define REQUEST_WAKEUPS_EVERY_USEC (100 * USEC_PER_MSEC)

#define COMMENT_LEN_MAX 512

enum {
        SOCKET_BOOTP,
        SOCKET_TFTP,
        SOCKET_FIRST_SLOT,
};

struct Transport {
        sd_event *event;
        Recovery *recovery; /* borrowed; NULL before transport_start() */
        Capture *capture;   /* borrowed; NULL: nobody wants it */
        int fds[TRANSPORT_N_SOCKETS];
        sd_event_source *io_sources[TRANSPORT_N_SOCKETS];
        sd_event_source *timer_source;
        TransportCallback on_over;
        void *userdata;
        bool is_over;
        struct sockaddr_in peers[RECOVERY_TFTP_SLOTS]; /* whom each slot was connected to */
};

/* --- the capture ----------------------------------------------------------------------------- */

/* One of our sockets as the board sees it: nftables gives the first two their real ports. */
static struct sockaddr_in get_own_address(const Transport *t, size_t index) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        uint16_t port = 0;

        (void) inet_pton(AF_INET, SESSION_SERVER_ADDRESS, &address.sin_addr);
        if (index == SOCKET_BOOTP)
                port = BOOTP_SERVER_PORT;
        else if (index == SOCKET_TFTP)
                port = TFTP_PORT;
        else
                (void) udp_endpoint_get_port(t->fds[index], &port);
        address.sin_port = htons(port);
        return address;
}

/* With a comment of what the recovery knows of it, and @note. */
static void add_to_capture(const Transport *t, CaptureDatagram *datagram, int ifindex,
                           const char *note) {
        const char *port = recovery_get_port(t->recovery);
        char comment[COMMENT_LEN_MAX];

        (void) snprintf(comment, sizeof(comment), "%s%s, %s%s",
                        port ? "port " : "port not known yet", port ? port : "",
                        recovery_get_stage_phrase(t->recovery, ifindex), note);
        datagram->comment = comment;
        capture_add(t->capture, datagram);
}

static void capture_received(const Transport *t, size_t index, const void *bytes,
                             const UdpDatagram *received, const char *note) {
        const struct iovec part = {(void *) bytes, received->len};
        CaptureDatagram datagram = {
                .way = CAPTURE_RECEIVED,
                .is_broadcast = received->is_broadcast,
                .source = received->source,
                .parts = &part,
                .n_parts = 1,
                .full_len = received->full_len,
        };

        if (!t->capture)
                return;
        datagram.destination = get_own_address(t, index);
        if (received->destination.s_addr != htonl(INADDR_ANY))
                datagram.destination.sin_addr = received->destination;
        add_to_capture(t, &datagram, received->ifindex, note);
}

/* @sent: an UdpSent or a negative errno, which is returned. @peer NULL: it was broadcast to BOOTP's
 * clients. */
static int capture_sent(const Transport *t, size_t index, const struct sockaddr_in *peer,
                        const struct iovec *parts, size_t n_parts, int ifindex, int sent) {
        CaptureDatagram datagram = {
                .way = sent == UDP_SENT ? CAPTURE_SENT : CAPTURE_NOT_SENT,
                .is_broadcast = !peer,
                .parts = parts,
                .n_parts = n_parts,
        };
        char note[96] = "";

        if (!t->capture)
                return sent;

        datagram.source = get_own_address(t, index);
        if (peer)
                datagram.destination = *peer;
        else
                datagram.destination = (struct sockaddr_in){
                        .sin_family = AF_INET,
                        .sin_port = htons(BOOTP_CLIENT_PORT),
                        .sin_addr.s_addr = htonl(INADDR_BROADCAST),
                };
        for (size_t i = 0; i < n_parts; i++)
                datagram.full_len += parts[i].iov_len;
        if (sent != UDP_SENT)
                (void) snprintf(note, sizeof(note), "; NOT SENT: %s",
                                sent < 0                       ? strerror(-sent)
                                : sent == UDP_SENT_UNREACHABLE ? "no way to the board"
                                                               : "no room in a queue");
        add_to_capture(t, &datagram, ifindex, note);
        return sent;
}

/* What is in a socket that nobody is going to read. */
static void capture_rest(const Transport *t, size_t index) {
        uint8_t buffer[RECEIVE_SIZE_MAX];

        if (!t->capture || !t->recovery)
                return;
        for (unsigned i = 0; i < UDP_ENDPOINT_BATCH_MAX; i++) {
                UdpDatagram datagram = {};
                int event = udp_endpoint_receive(t->fds[index], buffer, sizeof(buffer), &datagram);

                if (event == UDP_EVENT_DATAGRAM)
                        capture_received(t, index, buffer, &datagram, "; too late to be read");
                else if (event <= 0)
                        return;
        }
}

/* --- out ------------------------------------------------------------------------------------- */

static int send_bootp(int ifindex, const void *reply, size_t len, void *userdata) {
        Transport *t = userdata;
        const struct iovec part = {(void *) reply, len};

        return capture_sent(t, SOCKET_BOOTP, NULL, &part, 1, ifindex,
                            udp_endpoint_broadcast(t->fds[SOCKET_BOOTP], ifindex, BOOTP_CLIENT_PORT,
                                                   reply, len));
}

/* The datagram's two parts; sendmsg() does not write to them. */
static void gather(const TftpDatagram *datagram, struct iovec iov[static 2]) {
        iov[0] = (struct iovec){(void *) datagram->header, datagram->header_len};
        iov[1] = (struct iovec){(void *) datagram->payload, datagram->payload_len};
}

static int send_tftp_reply(const struct sockaddr_in *peer, const TftpDatagram *datagram,
                           void *userdata) {
        Transport *t = userdata;
        struct iovec iov[2];

        gather(datagram, iov);
        return capture_sent(t, SOCKET_TFTP, peer, iov, ELEMENTSOF(iov), 0,
                            udp_endpoint_send_to(t->fds[SOCKET_TFTP], peer, iov, ELEMENTSOF(iov)));
}

static int connect_slot(unsigned slot, const struct sockaddr_in *peer, void *userdata) {
        Transport *t = userdata;

        t->peers[slot] = *peer;
        return udp_endpoint_connect(t->fds[SOCKET_FIRST_SLOT + slot], peer);
}

static int send_slot(unsigned slot, const TftpDatagram *datagram, void *userdata) {
        Transport *t = userdata;
        struct iovec iov[2];

        gather(datagram, iov);
        return capture_sent(
                t, SOCKET_FIRST_SLOT + slot, &t->peers[slot], iov, ELEMENTSOF(iov), 0,
                udp_endpoint_send(t->fds[SOCKET_FIRST_SLOT + slot], iov, ELEMENTSOF(iov), true));
}

static int disconnect_slot(unsigned slot, void *userdata) {
        Transport *t = userdata;

        capture_rest(t, SOCKET_FIRST_SLOT + slot);
        return udp_endpoint_disconnect(t->fds[SOCKET_FIRST_SLOT + slot]);
}

static const char *describe_port(const char *port, char buffer[static USB_DEVICE_PHRASE_LEN_MAX],
                                 void *userdata) {
        return usb_device_describe("", port, buffer);
}

const RecoveryOps transport_ops = {
        .send_bootp = send_bootp,
        .send_tftp_reply = send_tftp_reply,
        .connect_slot = connect_slot,
        .send_slot = send_slot,
        .disconnect_slot = disconnect_slot,
        .describe_port = describe_port,
};

/* --- in -------------------------------------------------------------------------------------- */

static void deliver(Transport *t, size_t index, int event, const void *buffer,
                    const UdpDatagram *datagram) {
        unsigned slot = (unsigned) index - SOCKET_FIRST_SLOT;
        uint64_t now = now_usec();

        if (event == UDP_EVENT_UNREACHABLE) {
                if (index >= SOCKET_FIRST_SLOT)
                        recovery_on_tftp_unreachable(t->recovery, now, slot);
                return;
        }
        if (datagram->is_truncated)
                return;

        if (index == SOCKET_BOOTP)
                recovery_on_bootp(t->recovery, now, datagram->ifindex, buffer, datagram->len);
        else if (index == SOCKET_TFTP)
                recovery_on_tftp_request(t->recovery, now, &datagram->source,
                                         datagram->is_broadcast, buffer, datagram->len);
        else
                recovery_on_tftp_packet(t->recovery, now, slot, &datagram->source, buffer,
                                        datagram->len);
}

/* Reads what one socket holds, within reason. */
static void drain_socket(Transport *t, size_t index) {
        uint8_t buffer[RECEIVE_SIZE_MAX];

        for (unsigned i = 0; i < UDP_ENDPOINT_BATCH_MAX; i++) {
                UdpDatagram datagram = {};
                int event = udp_endpoint_receive(t->fds[index], buffer, sizeof(buffer), &datagram);

                if (event == UDP_EVENT_NONE)
                        return;
                if (event < 0) {
                        recovery_on_session_lost(t->recovery, strerror(-event));
                        return;
                }
                if (event == UDP_EVENT_DATAGRAM)
                        capture_received(t, index, buffer, &datagram, "");
                deliver(t, index, event, buffer, &datagram);
        }
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Transport *t = userdata;

        for (size_t i = 0; i < TRANSPORT_N_SOCKETS; i++)
                if (t->fds[i] == fd)
                        drain_socket(t, i);
        transport_update(t);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Transport *t = userdata;

        /* What has come is older than the deadline, as far as the recovery is concerned. */
        transport_drain(t);
        recovery_on_timeout(t->recovery, now_usec());
        transport_update(t);
        return 0;
}

void transport_drain(Transport *t) {
        assert(t);

        if (!t->recovery || t->is_over)
                return;
        for (size_t i = 0; i < TRANSPORT_N_SOCKETS; i++)
                drain_socket(t, i);
}

void transport_update(Transport *t) {
        uint64_t deadline;

        assert(t);

        if (!t->recovery)
                return;
        if (recovery_get_result(t->recovery) != RECOVERY_RESULT_NONE) {
                if (!t->is_over) {
                        t->is_over = true;
                        t->on_over(t->userdata);
                }
                return;
        }

        /* Both fail only without a valid source, or without a loop. */
        deadline = recovery_get_deadline(t->recovery);
        (void) sd_event_source_set_time(t->timer_source, deadline);
        (void) sd_event_source_set_enabled(
                t->timer_source, deadline == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/* --- life ------------------------------------------------------------------------------------ */

int transport_new(sd_event *event, const int fds[static TRANSPORT_N_SOCKETS],
                  TransportCallback on_over, void *userdata, Transport **ret) {
        _cleanup_(transport_freep) Transport *t = NULL;
        int r;

        assert(event);
        assert(on_over);
        assert(ret);

        t = calloc(1, sizeof(Transport));
        if (!t) {
                for (size_t i = 0; i < TRANSPORT_N_SOCKETS; i++)
                        (void) fd_close(fds[i]);
                return -ENOMEM;
        }
        t->event = sd_event_ref(event);
        t->on_over = on_over;
        t->userdata = userdata;
        memcpy(t->fds, fds, sizeof(t->fds));

        r = udp_endpoint_bind(t->fds[SOCKET_BOOTP], SESSION_BOOTP_PORT);
        if (r < 0)
                return r;
        r = udp_endpoint_bind(t->fds[SOCKET_TFTP], SESSION_TFTP_PORT);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(t);
        return 0;
}

Transport *transport_free(Transport *t) {
        if (!t)
                return NULL;

        sd_event_source_disable_unref(t->timer_source);
        for (size_t i = 0; i < TRANSPORT_N_SOCKETS; i++) {
                sd_event_source_disable_unref(t->io_sources[i]);
                capture_rest(t, i);
                t->fds[i] = fd_close(t->fds[i]);
        }
        sd_event_unref(t->event);
        free(t);
        return NULL;
}

void transport_set_capture(Transport *t, Capture *capture) {
        assert(t);

        t->capture = capture;
}

int transport_start(Transport *t, Recovery *recovery) {
        int r;

        assert(t);
        assert(recovery);

        for (size_t i = 0; i < TRANSPORT_N_SOCKETS; i++) {
                r = sd_event_add_io(t->event, &t->io_sources[i], t->fds[i], EPOLLIN, on_readable,
                                    t);
                if (r < 0)
                        return r;
                if (i >= SOCKET_FIRST_SLOT)
                        continue;
                r = sd_event_source_set_ratelimit(t->io_sources[i], REQUEST_WAKEUPS_EVERY_USEC,
                                                  REQUEST_WAKEUPS_MAX);
                if (r < 0)
                        return r;
        }
        r = sd_event_add_time(t->event, &t->timer_source, CLOCK_MONOTONIC, 0, 1, on_timer, t);
        if (r < 0)
                return r;

        t->recovery = recovery;
        transport_update(t);
        return 0;
}
