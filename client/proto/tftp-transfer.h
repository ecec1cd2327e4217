/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One file on its way to one client: RFC 1350 lock-step, RFC 7440 windows. Pure; embedded by
 * tftp-server, which the I/O layer talks to. Theory of operation: tftp-transfer.c. */

#include "tftp-packet.h"

/* The retransmission timer: RFC 1123 4.2.3.2, computed as RFC 6298 does, with bounds for a cable
 * (6298 wants 1 s at first and at least). */
#define TFTP_RTO_FIRST_USEC (500 * USEC_PER_MSEC) /* before the first round trip is known */
#define TFTP_RTO_MIN_USEC   (100 * USEC_PER_MSEC)
#define TFTP_RTO_MAX_USEC   (2 * USEC_PER_SEC) /* backed off no further */

/* Without an ACK for this long it is given up: well over U-Boot's own 5 s timer, which is the only
 * cure for a lost ACK. */
#define TFTP_PATIENCE_USEC (60 * USEC_PER_SEC)

/* Life of a transfer: NONE -> OACK (only with options) -> DATA -> FINAL -> one of the ended. */
typedef enum TftpState {
        TFTP_STATE_NONE,  /* nothing here */
        TFTP_STATE_OACK,  /* OACK out or about to be; takes ACK 0, ERROR, timeout */
        TFTP_STATE_DATA,  /* blocks going out; takes ACK n, ERROR, timeout */
        TFTP_STATE_FINAL, /* the last block was sent at least once, its ACK is missing */
        TFTP_STATE_DONE,  /* ended: the last block was acknowledged */
        TFTP_STATE_UNCONFIRMED, /* ended in FINAL, when all but the last block was acknowledged, by silence, or
                                 * because the client left: with a board that is success */
        TFTP_STATE_PEER_ERROR, /* ended by the client's ERROR: error_code, error_text */
        TFTP_STATE_TIMED_OUT,  /* ended: no ACK for TFTP_PATIENCE_USEC */
        TFTP_STATE_REPLACED, /* ended: the same client asked anew, or another one needed the room */
        TFTP_STATE_ABANDONED, /* ended by the caller: the board left, another file */
} TftpState;

typedef struct TftpProgress {
        TftpState state;
        uint64_t size;        /* of the file */
        uint64_t bytes_acked; /* of the file */
        uint64_t block;       /* last one acknowledged, from 1, not wrapped at 65535; 0: none */
        uint64_t n_blocks;    /* in all, the zero-length last one included */
        uint32_t n_datagrams; /* sent, retransmissions included */
        uint32_t n_retransmissions;
        uint64_t rtt_usec;      /* smoothed; 0: not known yet */
        uint64_t start_usec;    /* when the request came */
        uint64_t last_ack_usec; /* when the last ACK that moved it came; 0: none yet */
        uint64_t end_usec;      /* 0: goes on */
        unsigned blksize;
        unsigned windowsize;
        bool has_options; /* an OACK was sent */
        uint16_t error_code;
        char error_text[64]; /* printable */
} TftpProgress;

/* What the server grants at most. */
typedef struct TftpLimits {
        unsigned blksize_max;    /* 0: 1468, what fits a 1500-byte MTU unfragmented */
        unsigned windowsize_max; /* 0: 64 */
} TftpLimits;

typedef struct TftpTransfer {
        TftpProgress progress;
        const uint8_t *data; /* borrowed */
        uint64_t next;       /* block that is sent next, from 1 */
        uint64_t highest;    /* block that was ever sent */
        char oack[96];
        size_t oack_len;
        bool want_oack; /* OACK is to be sent now */
        uint64_t rttvar_usec;
        uint64_t rto_usec;    /* as estimated; before back-off */
        unsigned n_backoffs;  /* since the last valid round trip */
        uint64_t timed_block; /* whose round trip is measured; UINT64_MAX: none */
        uint64_t timed_usec;
        uint64_t sent_usec;   /* when the timer was last set */
        uint64_t alive_usec;  /* start or last ACK: patience counts from here */
        uint64_t hold_usec;   /* nothing is sent again before then, or before an ACK comes */
        bool was_unreachable; /* since the last ACK */
} TftpTransfer;

/* Begins a transfer of @size bytes at @data, which stay borrowed until it has ended. */
void tftp_transfer_begin(TftpTransfer *t, uint64_t now_usec, const TftpRequest *request,
                         const void *data, uint64_t size, const TftpLimits *limits);

bool tftp_transfer_is_live(const TftpTransfer *t);

/* True if @request would lead to the very same first packet. */
bool tftp_transfer_is_same_request(const TftpTransfer *t, const TftpRequest *request,
                                   const TftpLimits *limits);

/* Takes a packet of the peer. Returns 0, or TFTP_E_SHORT, TFTP_E_UNEXPECTED, TFTP_E_STALE: it was
 * ignored. */
int tftp_transfer_handle_packet(TftpTransfer *t, uint64_t now_usec, const void *packet, size_t len);

/* Resends or gives up if it is time; else does nothing. */
void tftp_transfer_handle_timeout(TftpTransfer *t, uint64_t now_usec);

/* The peer or its port is not there any more: ends as UNCONFIRMED after the last block, else goes
 * on (its timer decides). */
void tftp_transfer_handle_unreachable(TftpTransfer *t, uint64_t now_usec);

/* Sends what was sent first once more: the client repeated its request. */
void tftp_transfer_repeat_first(TftpTransfer *t);

/* Sends nothing again before @until_usec, unless an ACK comes first. */
void tftp_transfer_hold(TftpTransfer *t, uint64_t until_usec);

/* Ends it now: as UNCONFIRMED if only the last acknowledgement is missing and it is not REPLACED, else as @state
 * (REPLACED, ABANDONED). */
void tftp_transfer_end(TftpTransfer *t, uint64_t now_usec, TftpState state);

/* Hands out what may be sent now, one datagram a call; false: nothing more until the next input.
 * Until then it is at most one window. */
bool tftp_transfer_next(TftpTransfer *t, uint64_t now_usec, TftpDatagram *ret);

/* When tftp_transfer_handle_timeout() is due; USEC_INFINITY: never. */
uint64_t tftp_transfer_get_deadline(const TftpTransfer *t);
