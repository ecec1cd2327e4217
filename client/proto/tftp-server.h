/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The TFTP server: read only, one file under one name, a few transfers at a time. Pure: it does not
 * know sockets, only *slots*, each of which stands for one socket of the caller's.
 *
 * The caller has one listening socket (port 69 as the board sees it) and config.n_slots others. It
 * feeds every datagram, and the time when the deadline has passed, and after each input does what
 * the server wants done until there is nothing more:
 *
 *     tftp_server_handle_request(server, now, &source, is_broadcast, packet, len);  or
 *     tftp_server_handle_packet(server, now, slot, &source, packet, len);           or
 *     tftp_server_handle_timeout(server, now);
 *
 *     while (tftp_server_next(server, now, &action))
 *             switch (action.type) {
 *             case TFTP_ACTION_REPLY:       send action.datagram to action.peer, listening socket
 *             case TFTP_ACTION_CONNECT:     connect socket[action.slot] to action.peer: a fresh TID;
 *                                           if that fails: tftp_server_handle_connect_failed()
 *             case TFTP_ACTION_SEND:        send action.datagram through socket[action.slot]
 *             case TFTP_ACTION_DISCONNECT:  connect it to AF_UNSPEC; action.progress is the result
 *             }
 *
 * A datagram that could not be sent was lost on the way, no more: the timer sends it again. */

#include <netinet/in.h>

#include "tftp-transfer.h"

#define TFTP_SERVER_SLOTS_MAX    6u  /* a session's 8 sockets, without BOOTP's and the listener */
#define TFTP_SERVER_FILENAME_MAX 63u /* what a board is told to ask for */

/* See tftp-server.c, repeated requests. The hold is longer than U-Boot's and curl's 5 s, after which
 * they repeat one. */
#define TFTP_SERVER_QUIET_USEC (2 * USEC_PER_SEC)
#define TFTP_SERVER_HOLD_USEC  (6 * USEC_PER_SEC)

typedef enum TftpActionType {
        TFTP_ACTION_REPLY,
        TFTP_ACTION_CONNECT,
        TFTP_ACTION_SEND,
        TFTP_ACTION_DISCONNECT,
} TftpActionType;

typedef struct TftpAction {
        TftpActionType type;
        unsigned slot;           /* all but REPLY */
        struct sockaddr_in peer; /* all */
        TftpDatagram datagram;   /* REPLY, SEND */
        TftpProgress progress;   /* DISCONNECT: how it ended */
} TftpAction;

/* Members of both are private to tftp-server.c; here so that they can be embedded. */
typedef struct TftpSlot {
        TftpTransfer transfer;
        struct sockaddr_in peer;
        bool is_in_use;    /* from the request until DISCONNECT was handed out */
        bool want_connect; /* CONNECT was not handed out yet */
        bool has_result;   /* of the transfer that was replaced: not handed out yet */
        TftpProgress result;
        struct sockaddr_in result_peer;
} TftpSlot;

typedef struct TftpServer {
        char filename[TFTP_SERVER_FILENAME_MAX + 1]; /* empty: nothing is served */
        const void *data;
        uint64_t size;
        TftpLimits limits;
        TftpSlot slots[TFTP_SERVER_SLOTS_MAX];
        unsigned n_slots;
        int latest_slot; /* whose transfer began last; -1: none */
        bool has_reply;
        TftpDatagram reply;
        struct sockaddr_in reply_peer;
        char wrong_name[TFTP_SERVER_FILENAME_MAX + 1];
} TftpServer;

/* @n_slots: sockets for transfers, 1 … TFTP_SERVER_SLOTS_MAX. @limits may be NULL. */
void tftp_server_init(TftpServer *server, unsigned n_slots, const TftpLimits *limits);

/* From now on @size bytes at @data, borrowed, are served as @filename (copied, 1 to 63 bytes); NULL:
 * nothing is. Transfers that are under way end as tftp_server_handle_peer_gone() says. */
void tftp_server_set_file(TftpServer *server, uint64_t now_usec, const char *filename,
                          const void *data, uint64_t size);

/* A datagram at the listening socket. @is_broadcast: it was not sent to our address alone.
 * Returns 0 for a new transfer, TFTP_E_DUPLICATE, TFTP_E_REFUSED, or why else it was ignored. */
int tftp_server_handle_request(TftpServer *server, uint64_t now_usec,
                               const struct sockaddr_in *source, bool is_broadcast,
                               const void *packet, size_t len);

/* A datagram at a slot's socket; a stranger's is answered by ERROR 5 (as a REPLY) and changes
 * nothing else. Returns 0 or why it was ignored. */
int tftp_server_handle_packet(TftpServer *server, uint64_t now_usec, unsigned slot,
                              const struct sockaddr_in *source, const void *packet, size_t len);

/* A slot's socket reported that the peer's port or the way to it is gone. */
void tftp_server_handle_unreachable(TftpServer *server, uint64_t now_usec, unsigned slot);

/* connect() of TFTP_ACTION_CONNECT failed: the transfer ends as ABANDONED; the client asks again. */
void tftp_server_handle_connect_failed(TftpServer *server, uint64_t now_usec, unsigned slot);

/* The board left: everything that is under way ends, as UNCONFIRMED or ABANDONED. */
void tftp_server_handle_peer_gone(TftpServer *server, uint64_t now_usec);

void tftp_server_handle_timeout(TftpServer *server, uint64_t now_usec);

/* When tftp_server_handle_timeout() is due; USEC_INFINITY: never. */
uint64_t tftp_server_get_deadline(const TftpServer *server);

/* The next thing to do; false: nothing until the next input. */
bool tftp_server_next(TftpServer *server, uint64_t now_usec, TftpAction *ret);

/* Progress of the transfer that began last, live or ended; NULL if there was none since
 * tftp_server_set_file(). */
const TftpProgress *tftp_server_get_progress(const TftpServer *server);

/* The last name that was asked for in vain, printable; empty: none. A board that did not read
 * `file` asks for "C0A80065.img" or the like. */
const char *tftp_server_get_wrong_name(const TftpServer *server);
