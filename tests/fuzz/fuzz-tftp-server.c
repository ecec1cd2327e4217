/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A story in bytes: requests, packets of several peers, time that passes, boards that leave. After
 * each step what the server wants done is done, and looked at.
 *
 *     input = step*      step = kind argument length payload[length] */

#include "tftp-server.h"

#include "fuzz.h"

#define N_SLOTS 3u

/* Each slot's socket, as the caller would know it. */
typedef struct Socket {
        bool is_connected;
        struct sockaddr_in peer;
} Socket;

typedef struct Story {
        TftpServer server;
        uint64_t now;
        uint8_t *image;
        size_t image_size;
        Socket sockets[N_SLOTS];
} Story;

static struct sockaddr_in peer_of(uint8_t argument) {
        return (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_port = htons((uint16_t) (1234 + argument % 5)),
                .sin_addr.s_addr = htonl(0xc0a80065),
        };
}

static bool is_same_peer(const struct sockaddr_in *a, const struct sockaddr_in *b) {
        return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

static void check_datagram(const TftpDatagram *d) {
        uint8_t packet[4 + 65464];
        size_t len = tftp_packet_flatten(d, packet, sizeof packet); /* reads all of it */

        fuzz_assert(len >= 2 && len <= 4 + 1468);
}

static void check_send(Story *s, const TftpAction *action) {
        Socket *socket = &s->sockets[action->slot];
        const TftpProgress *p = &s->server.slots[action->slot].transfer.progress;

        fuzz_assert(socket->is_connected && is_same_peer(&socket->peer, &action->peer));
        fuzz_assert(tftp_transfer_is_live(&s->server.slots[action->slot].transfer));
        check_datagram(&action->datagram);
        if (action->datagram.header[1] == TFTP_OPCODE_OACK)
                fuzz_assert(p->last_ack_usec == 0 && p->block == 0);
        else {
                fuzz_assert(action->datagram.header[1] == TFTP_OPCODE_DATA);
                if (action->datagram.payload_len > 0)
                        fuzz_assert((const uint8_t *) action->datagram.payload >= s->image);
        }
        fuzz_assert(p->bytes_acked <= p->size && p->block <= p->n_blocks);
}

static void drain(Story *s) {
        TftpAction action;
        unsigned n = 0;

        while (tftp_server_next(&s->server, s->now, &action)) {
                /* Work per input is bounded. */
                fuzz_assert(++n <= 1 + N_SLOTS * (64 + 3));
                switch (action.type) {
                case TFTP_ACTION_REPLY:
                        check_datagram(&action.datagram);
                        fuzz_assert(action.datagram.header[1] == TFTP_OPCODE_ERROR);
                        break;
                case TFTP_ACTION_CONNECT:
                        fuzz_assert(!s->sockets[action.slot].is_connected);
                        s->sockets[action.slot] =
                                (Socket){.is_connected = true, .peer = action.peer};
                        break;
                case TFTP_ACTION_SEND:
                        check_send(s, &action);
                        break;
                case TFTP_ACTION_DISCONNECT:
                        fuzz_assert(action.progress.state >= TFTP_STATE_DONE);
                        fuzz_assert(action.progress.end_usec != 0);
                        s->sockets[action.slot].is_connected = false;
                        break;
                }
        }
        fuzz_assert(!tftp_server_next(&s->server, s->now, &action));
        fuzz_assert(tftp_server_get_deadline(&s->server) > s->now);
}

static void set_file(Story *s, uint8_t argument) {
        /* The old image goes for good: whoever still looks at it is caught. */
        size_t size = (size_t) argument * 97;
        uint8_t *old = s->image;

        if (argument == 0) {
                tftp_server_set_file(&s->server, s->now, NULL, NULL, 0);
                return;
        }
        s->image = calloc(1, size);
        if (!s->image)
                abort();
        s->image_size = size;
        tftp_server_set_file(&s->server, s->now, "f", s->image, size);
        free(old);
}

static void step(Story *s, uint8_t kind, uint8_t argument, const uint8_t *payload, size_t len) {
        struct sockaddr_in source = peer_of(argument);
        unsigned slot = argument / 5 % N_SLOTS;

        switch (kind % 8) {
        case 0:
        case 1:
                (void) tftp_server_handle_request(&s->server, s->now, &source, argument == 255,
                                                  payload, len);
                break;
        case 2:
        case 3:
                (void) tftp_server_handle_packet(&s->server, s->now, slot, &source, payload, len);
                break;
        case 4:
                s->now += (uint64_t) argument * argument * 1000;
                break;
        case 5:
                if (tftp_server_get_deadline(&s->server) != USEC_INFINITY)
                        s->now = MAX_OF(s->now, tftp_server_get_deadline(&s->server));
                break;
        case 6:
                if (argument & 1)
                        tftp_server_handle_unreachable(&s->server, s->now, slot);
                else if (argument & 2)
                        tftp_server_handle_connect_failed(&s->server, s->now, slot);
                else
                        tftp_server_handle_peer_gone(&s->server, s->now);
                break;
        case 7:
                set_file(s, argument);
                break;
        }
        /* As an event loop does: a deadline that has passed is handled before anything else. */
        tftp_server_handle_timeout(&s->server, s->now);
        drain(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Story s = {.now = USEC_PER_SEC};

        tftp_server_init(&s.server, N_SLOTS, NULL);
        set_file(&s, 20);
        while (size >= 3) {
                size_t len = MIN_OF((size_t) data[2], size - 3);
                uint8_t *payload = malloc(len + (len == 0)); /* of its exact size */

                if (!payload)
                        abort();
                memcpy(payload, data + 3, len);
                step(&s, data[0], data[1], payload, len);
                free(payload);
                data += 3 + len;
                size -= 3 + len;
        }
        tftp_server_handle_peer_gone(&s.server, s.now);
        drain(&s);
        fuzz_assert(tftp_server_get_deadline(&s.server) == USEC_INFINITY);
        for (unsigned i = 0; i < N_SLOTS; i++)
                fuzz_assert(!s.sockets[i].is_connected);
        free(s.image);
        return 0;
}
