/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tftp-server.h"

#include <assert.h>

/* Theory of operation
 *
 * A slot is one socket of the caller's and at most one transfer. A request that is granted puts a
 * transfer into a slot; the caller is told to connect the slot's socket to the client, which gives
 * the transfer a TID of its own (RFC 1350 4), then to send. When the transfer has ended, however
 * that came, the caller is told once, with the result, and the slot is free.
 *
 * Repeated requests. The ROM asks always from port 1234, U-Boot keeps its port while it repeats a
 * request, and a board that was pulled and plugged in again looks the same. So a request from the
 * client of a live transfer may be a repeat or a new beginning:
 * - before the first ACK both want the same: what was sent first is sent again (if the options are
 *   others than before, it is a new beginning);
 * - later, while an ACK has come within TFTP_SERVER_QUIET_USEC, it may be a late duplicate: dropped.
 *   To answer it would break the transfer (see OACK in tftp-transfer.c). If it was the first request
 *   of a client that began anew, a block of the old transfer is the last thing it should see now: it
 *   may take the old TID for the new one. So nothing is sent again until an ACK shows that the old
 *   client lives, or the new one had time to repeat its request (TFTP_SERVER_HOLD_USEC);
 * - later still, or if the client's port or link was gone since its last ACK, the client has given
 *   the old transfer up: a new one with a new TID, on which the
 *   old one ends.
 *
 * No free slot: the transfer that has been silent for longest makes room, if that is longer than
 * TFTP_SERVER_QUIET_USEC; else the request is dropped, and the client will repeat it.
 *
 * Errors are sent to those who ask for what is not here. They are never sent in answer to an ERROR
 * or to packets that belong to no request (RFC 1350 7), nor to a request that came by broadcast (RFC
 * 1123 4.2.3.5): what reaches port 69 by mistake must not end a transfer that works. */

void tftp_server_init(TftpServer *server, unsigned n_slots, const TftpLimits *limits) {
        assert(server);
        assert(n_slots > 0 && n_slots <= TFTP_SERVER_SLOTS_MAX);

        *server = (TftpServer){.n_slots = n_slots, .latest_slot = -1};
        if (limits)
                server->limits = *limits;
}

void tftp_server_set_file(TftpServer *server, uint64_t now_usec, const char *filename,
                          const void *data, uint64_t size) {
        assert(server);
        assert(!filename || (*filename && strlen(filename) <= TFTP_SERVER_FILENAME_MAX));
        assert(data || size == 0);

        /* Nothing may point into the old image from here on, not even a datagram to come. */
        tftp_server_handle_peer_gone(server, now_usec);
        memset(server->filename, 0, sizeof server->filename);
        if (filename)
                memcpy(server->filename, filename, strlen(filename));
        server->data = filename ? data : NULL;
        server->size = filename ? size : 0;
        server->latest_slot = -1;
        server->wrong_name[0] = '\0';
}

static bool is_same_peer(const struct sockaddr_in *a, const struct sockaddr_in *b) {
        return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

static int reply_error(TftpServer *server, const struct sockaddr_in *peer, TftpErrorCode code,
                       const char *text) {
        server->has_reply = true;
        server->reply = tftp_packet_error(code, text);
        server->reply_peer = *peer;
        return TFTP_E_REFUSED;
}

static void keep_wrong_name(TftpServer *server, const char *name) {
        size_t n = strnlen(name, sizeof server->wrong_name - 1);

        for (size_t i = 0; i < n; i++)
                server->wrong_name[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
        server->wrong_name[n] = '\0';
}

static TftpSlot *find_live(TftpServer *server, const struct sockaddr_in *peer) {
        for (unsigned i = 0; i < server->n_slots; i++) {
                TftpSlot *slot = &server->slots[i];

                if (slot->is_in_use && tftp_transfer_is_live(&slot->transfer) &&
                    is_same_peer(&slot->peer, peer))
                        return slot;
        }
        return NULL;
}

static bool is_quiet(const TftpSlot *slot, uint64_t now_usec) {
        return now_usec >= slot->transfer.alive_usec + TFTP_SERVER_QUIET_USEC;
}

/* A free slot, else the one that has been silent for longest, else NULL. */
static TftpSlot *find_room(TftpServer *server, uint64_t now_usec) {
        TftpSlot *quietest = NULL;

        for (unsigned i = 0; i < server->n_slots; i++) {
                TftpSlot *slot = &server->slots[i];

                if (!slot->is_in_use)
                        return slot;
                if (!quietest || slot->transfer.alive_usec < quietest->transfer.alive_usec)
                        quietest = slot;
        }
        return quietest && is_quiet(quietest, now_usec) ? quietest : NULL;
}

/* Puts a new transfer into @slot. One that is in it ends, and its result is kept until it is handed
 * out. */
static void begin(TftpServer *server, TftpSlot *slot, uint64_t now_usec,
                  const struct sockaddr_in *peer, const TftpRequest *request) {
        if (slot->is_in_use) {
                tftp_transfer_end(&slot->transfer, now_usec, TFTP_STATE_REPLACED);
                slot->has_result = true;
                slot->result = slot->transfer.progress;
                slot->result_peer = slot->peer;
        }
        slot->is_in_use = true;
        slot->want_connect = true;
        slot->peer = *peer;
        tftp_transfer_begin(&slot->transfer, now_usec, request, server->data, server->size,
                            &server->limits);
        server->latest_slot = (int) (slot - server->slots);
}

/* A request from the client of a live transfer: see the theory of operation. */
static int handle_repeat(TftpServer *server, TftpSlot *slot, uint64_t now_usec,
                         const struct sockaddr_in *source, const TftpRequest *request) {
        if (slot->transfer.progress.last_ack_usec == 0) {
                if (tftp_transfer_is_same_request(&slot->transfer, request, &server->limits)) {
                        tftp_transfer_repeat_first(&slot->transfer);
                        return TFTP_E_DUPLICATE;
                }
        } else if (!is_quiet(slot, now_usec) && !slot->transfer.was_unreachable) {
                tftp_transfer_hold(&slot->transfer, now_usec + TFTP_SERVER_HOLD_USEC);
                return TFTP_E_DUPLICATE;
        }

        begin(server, slot, now_usec, source, request);
        return 0;
}

static int handle_read(TftpServer *server, uint64_t now_usec, const struct sockaddr_in *source,
                       const void *packet, size_t len) {
        TftpRequest request;
        TftpSlot *slot;
        int r;

        r = tftp_packet_parse_request(packet, len, &request);
        if (r != 0) {
                (void) reply_error(server, source, TFTP_ERROR_ILLEGAL, "Malformed request");
                return r;
        }
        if (!server->filename[0] || !streq(request.filename, server->filename)) {
                keep_wrong_name(server, request.filename);
                return reply_error(server, source, TFTP_ERROR_NOT_FOUND, "File not found");
        }
        if (request.mode != TFTP_MODE_OCTET)
                return reply_error(server, source, TFTP_ERROR_UNDEFINED,
                                   "Only mode octet is served");

        slot = find_live(server, source);
        if (slot)
                return handle_repeat(server, slot, now_usec, source, &request);

        slot = find_room(server, now_usec);
        if (!slot)
                return TFTP_E_BUSY;
        begin(server, slot, now_usec, source, &request);
        return 0;
}

int tftp_server_handle_request(TftpServer *server, uint64_t now_usec,
                               const struct sockaddr_in *source, bool is_broadcast,
                               const void *packet, size_t len) {
        assert(server);
        assert(source);
        assert(packet || len == 0);

        if (len < 2)
                return TFTP_E_SHORT;
        if (is_broadcast || source->sin_port == 0)
                return TFTP_E_UNEXPECTED;

        switch (tftp_packet_opcode(packet, len)) {
        case TFTP_OPCODE_RRQ:
                return handle_read(server, now_usec, source, packet, len);
        case TFTP_OPCODE_WRQ:
                return reply_error(server, source, TFTP_ERROR_ACCESS, "This server is read only");
        case TFTP_OPCODE_DATA:
        case TFTP_OPCODE_ACK:
        case TFTP_OPCODE_ERROR:
        case TFTP_OPCODE_OACK:
                /* Belongs to a transfer and came to the wrong port, or is over. */
                return TFTP_E_UNEXPECTED;
        default:
                return reply_error(server, source, TFTP_ERROR_ILLEGAL, "Illegal operation");
        }
}

int tftp_server_handle_packet(TftpServer *server, uint64_t now_usec, unsigned slot,
                              const struct sockaddr_in *source, const void *packet, size_t len) {
        TftpSlot *s;

        assert(server);
        assert(slot < server->n_slots);
        assert(source);
        assert(packet || len == 0);

        s = &server->slots[slot];
        if (!s->is_in_use)
                return TFTP_E_STALE;
        if (!is_same_peer(&s->peer, source)) {
                /* RFC 1350 4: the stranger is told, the transfer is not disturbed. */
                if (len >= 2 && source->sin_port != 0 &&
                    tftp_packet_opcode(packet, len) != TFTP_OPCODE_ERROR)
                        (void) reply_error(server, source, TFTP_ERROR_UNKNOWN_TID,
                                           "Unknown transfer ID");
                return TFTP_E_STRANGER;
        }
        return tftp_transfer_handle_packet(&s->transfer, now_usec, packet, len);
}

void tftp_server_handle_unreachable(TftpServer *server, uint64_t now_usec, unsigned slot) {
        assert(server);
        assert(slot < server->n_slots);

        if (server->slots[slot].is_in_use)
                tftp_transfer_handle_unreachable(&server->slots[slot].transfer, now_usec);
}

void tftp_server_handle_connect_failed(TftpServer *server, uint64_t now_usec, unsigned slot) {
        assert(server);
        assert(slot < server->n_slots);

        if (server->slots[slot].is_in_use)
                tftp_transfer_end(&server->slots[slot].transfer, now_usec, TFTP_STATE_ABANDONED);
}

void tftp_server_handle_peer_gone(TftpServer *server, uint64_t now_usec) {
        assert(server);

        for (unsigned i = 0; i < server->n_slots; i++)
                if (server->slots[i].is_in_use)
                        tftp_transfer_end(&server->slots[i].transfer, now_usec,
                                          TFTP_STATE_ABANDONED);
}

void tftp_server_handle_timeout(TftpServer *server, uint64_t now_usec) {
        assert(server);

        for (unsigned i = 0; i < server->n_slots; i++)
                if (server->slots[i].is_in_use)
                        tftp_transfer_handle_timeout(&server->slots[i].transfer, now_usec);
}

uint64_t tftp_server_get_deadline(const TftpServer *server) {
        uint64_t deadline_usec = USEC_INFINITY;

        assert(server);

        for (unsigned i = 0; i < server->n_slots; i++)
                if (server->slots[i].is_in_use)
                        deadline_usec =
                                MIN_OF(deadline_usec,
                                       tftp_transfer_get_deadline(&server->slots[i].transfer));
        return deadline_usec;
}

/* A slot's actions, in this order: the end of the transfer before, connect, send, the end. */
static bool slot_next(TftpSlot *slot, uint64_t now_usec, TftpAction *ret) {
        if (slot->has_result) {
                slot->has_result = false;
                ret->type = TFTP_ACTION_DISCONNECT;
                ret->peer = slot->result_peer;
                ret->progress = slot->result;
                return true;
        }
        if (!slot->is_in_use)
                return false;

        ret->peer = slot->peer;
        if (!tftp_transfer_is_live(&slot->transfer)) {
                slot->is_in_use = false;
                slot->want_connect = false;
                ret->type = TFTP_ACTION_DISCONNECT;
                ret->progress = slot->transfer.progress;
                return true;
        }
        if (slot->want_connect) {
                slot->want_connect = false;
                ret->type = TFTP_ACTION_CONNECT;
                return true;
        }
        ret->type = TFTP_ACTION_SEND;
        return tftp_transfer_next(&slot->transfer, now_usec, &ret->datagram);
}

bool tftp_server_next(TftpServer *server, uint64_t now_usec, TftpAction *ret) {
        assert(server);
        assert(ret);

        *ret = (TftpAction){};
        if (server->has_reply) {
                server->has_reply = false;
                ret->type = TFTP_ACTION_REPLY;
                ret->peer = server->reply_peer;
                ret->datagram = server->reply;
                return true;
        }
        for (unsigned i = 0; i < server->n_slots; i++) {
                ret->slot = i;
                if (slot_next(&server->slots[i], now_usec, ret))
                        return true;
        }
        return false;
}

const TftpProgress *tftp_server_get_progress(const TftpServer *server) {
        assert(server);

        return server->latest_slot >= 0 ? &server->slots[server->latest_slot].transfer.progress
                                        : NULL;
}

const char *tftp_server_get_wrong_name(const TftpServer *server) {
        assert(server);

        return server->wrong_name;
}
