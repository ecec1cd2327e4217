/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "engine-server.h"

#include <arpa/inet.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>

#include "fd-util.h"
#include "udp-endpoint.h"

typedef struct Engine {
        const EngineServer *config;
        EngineStats *stats;
        BootpServer bootp;
        TftpServer tftp;
} Engine;

static int send_datagram(int fd, const struct sockaddr_in *peer, const TftpDatagram *d) {
        struct iovec iov[] = {
                {.iov_base = (void *) d->header, .iov_len = d->header_len},
                {.iov_base = (void *) d->payload, .iov_len = d->payload_len},
        };

        return peer ? udp_endpoint_send_to(fd, peer, iov, ELEMENTSOF(iov))
                    : udp_endpoint_send(fd, iov, ELEMENTSOF(iov), true);
}

static int connect_slot(Engine *e, const TftpAction *action) {
        int fd = e->config->transfer_fds[action->slot], r;
        uint16_t port;

        r = udp_endpoint_connect(fd, &action->peer);
        if (r != 0)
                tftp_server_handle_connect_failed(&e->tftp, now_usec(), action->slot);
        if (r < 0 || r == UDP_SENT_UNREACHABLE)
                return r < 0 ? r : 0;
        r = udp_endpoint_get_port(fd, &port);
        if (r < 0)
                return r;
        e->stats->tids[e->stats->n_tids++ % ELEMENTSOF(e->stats->tids)] = port;
        return 0;
}

/* Wakes who waits for it: the memory is shared, so the futex is, too. */
static void count_up(unsigned *count) {
        __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
        (void) syscall(SYS_futex, count, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int engine_stats_await(const unsigned *count, unsigned n, uint64_t deadline_usec) {
        for (;;) {
                unsigned seen = __atomic_load_n(count, __ATOMIC_SEQ_CST);
                uint64_t now = now_usec(), left;
                struct timespec timeout;

                if (seen >= n)
                        return 0;
                if (now >= deadline_usec)
                        return -ETIMEDOUT;
                left = deadline_usec - now;
                timeout = (struct timespec){
                        .tv_sec = (time_t) (left / USEC_PER_SEC),
                        .tv_nsec = (long) (left % USEC_PER_SEC * NSEC_PER_USEC),
                };
                /* However it ends: the count tells. */
                (void) syscall(SYS_futex, count, FUTEX_WAIT, seen, &timeout, NULL, 0);
        }
}

static void lose_slot(Engine *e, unsigned slot) {
        tftp_server_handle_unreachable(&e->tftp, now_usec(), slot);
        count_up(&e->stats->n_unreachable);
}

static int act(Engine *e, const TftpAction *action) {
        int fd = e->config->transfer_fds[action->slot], r;

        switch (action->type) {
        case TFTP_ACTION_REPLY:
                e->stats->n_refused++;
                return send_datagram(e->config->tftp_fd, &action->peer, &action->datagram);
        case TFTP_ACTION_CONNECT:
                return connect_slot(e, action);
        case TFTP_ACTION_SEND:
                r = send_datagram(fd, NULL, &action->datagram);
                if (r == UDP_SENT_UNREACHABLE)
                        lose_slot(e, action->slot);
                return r;
        case TFTP_ACTION_DISCONNECT:
                e->stats->transfer = action->progress;
                count_up(&e->stats->n_transfers_ended);
                return udp_endpoint_disconnect(fd);
        }
        return 0;
}

static int act_all(Engine *e) {
        TftpAction action;
        int r;

        while (tftp_server_next(&e->tftp, now_usec(), &action)) {
                r = act(e, &action);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int answer_bootp(Engine *e, const UdpDatagram *d, const uint8_t *packet) {
        uint8_t reply[BOOTP_SIZE_MAX];
        size_t len;
        int r;

        e->stats->n_bootp_requests++;
        r = bootp_server_answer(&e->bootp, packet, d->len, reply, &len, &e->stats->bootp);
        if (r != 0)
                return 0;
        e->stats->n_bootp_replies++;
        return udp_endpoint_broadcast(e->config->bootp_fd, d->ifindex, 68, reply, len);
}

/* Reads what one socket has. @slot: -2 is BOOTP, -1 the TFTP listener. */
static int receive(Engine *e, int fd, int slot) {
        uint8_t packet[2048];
        UdpDatagram d;
        int r;

        for (size_t i = 0; i < UDP_ENDPOINT_BATCH_MAX; i++) {
                uint64_t now = now_usec();

                r = udp_endpoint_receive(fd, packet, sizeof packet, &d);
                if (r <= UDP_EVENT_NONE)
                        return r;
                if (r == UDP_EVENT_UNREACHABLE) {
                        if (slot >= 0)
                                lose_slot(e, (unsigned) slot);
                } else if (slot == -2)
                        r = answer_bootp(e, &d, packet);
                else if (slot == -1)
                        (void) tftp_server_handle_request(&e->tftp, now, &d.source, d.is_broadcast,
                                                          packet, d.len);
                else
                        (void) tftp_server_handle_packet(&e->tftp, now, (unsigned) slot, &d.source,
                                                         packet, d.len);
                if (r < 0)
                        return r;
                r = act_all(e);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int wait_milliseconds(const Engine *e) {
        uint64_t deadline = tftp_server_get_deadline(&e->tftp), now = now_usec();

        if (deadline == USEC_INFINITY)
                return -1;
        return deadline <= now ? 0 : (int) ((deadline - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

static int serve(Engine *e) {
        const EngineServer *c = e->config;
        struct pollfd fds[2 + ENGINE_SLOTS_MAX];
        int r;

        fds[0] = (struct pollfd){.fd = c->bootp_fd, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = c->tftp_fd, .events = POLLIN};
        for (unsigned i = 0; i < c->n_slots; i++)
                fds[2 + i] = (struct pollfd){.fd = c->transfer_fds[i], .events = POLLIN};

        for (;;) {
                if (poll(fds, 2 + c->n_slots, wait_milliseconds(e)) < 0)
                        return -errno;
                tftp_server_handle_timeout(&e->tftp, now_usec());
                r = act_all(e);
                for (unsigned i = 0; i < 2 + c->n_slots && r >= 0; i++)
                        if (fds[i].revents)
                                r = receive(e, fds[i].fd, (int) i - 2);
                if (r < 0)
                        return r;
        }
}

int engine_server_bind(const EngineServer *config, uint16_t bootp_port, uint16_t tftp_port) {
        int r = 0;

        if (config->bootp_fd >= 0)
                r = udp_endpoint_bind(config->bootp_fd, bootp_port);
        return r < 0 ? r : udp_endpoint_bind(config->tftp_fd, tftp_port);
}

int engine_server_run(const EngineServer *config) {
        static EngineStats ignored;
        Engine e = {
                .config = config,
                .stats = config->stats ?: &ignored,
                .bootp =
                        {
                                .server_address.s_addr = inet_addr("192.168.0.100"),
                                .client_address.s_addr = inet_addr("192.168.0.101"),
                                .netmask.s_addr = inet_addr("255.255.255.0"),
                                .lease_sec = 3600,
                                .file = config->filename,
                        },
        };

        tftp_server_init(&e.tftp, config->n_slots, &config->limits);
        tftp_server_set_file(&e.tftp, now_usec(), config->filename, config->data, config->size);
        return serve(&e);
}
