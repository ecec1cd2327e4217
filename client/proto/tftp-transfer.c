/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tftp-transfer.h"

#include <assert.h>

/* Theory of operation
 *
 * The server owns retransmission: once data flows, the ROM waits for as long as it takes, and U-Boot
 * repeats its last ACK only after 5 s. Three numbers say where a transfer is, counted from 1 without
 * wrapping, so that a file of any length works; on the wire a block is its low 16 bits (65535 is
 * followed by 0, as U-Boot and others have it).
 *
 *     progress.block       the last block that was acknowledged
 *     next                 the block that is handed out next; after a timeout it goes back
 *     highest              the last block that was ever handed out
 *
 * tftp_transfer_next() hands out while next is within the window: windowsize blocks behind
 * progress.block. With a windowsize of 1 that is RFC 1350's lock-step. Inputs only move the numbers;
 * nothing else sends.
 *
 * - An ACK moves only forward, and only to a block that was sent. One of the same block again never
 *   causes DATA (the Sorcerer's Apprentice, RFC 1123 4.2.3.1): only the timer does.
 * - An ACK inside the window means that what followed it was lost: next goes back to the block
 *   behind it (RFC 7440 4).
 * - The timer is RFC 6298's, with Karn's rule: a round trip counts only if its block was sent once,
 *   and the back-off stays until one counts. The `timeout` that a client asks for is agreed to but
 *   not followed: U-Boot asks for 5 s, and every lost frame would cost that.
 * - OACK is handed out until ACK 0 has come and never again: to U-Boot, an OACK behind DATA 1 means
 *   that the transfer is broken.
 * - The last block is shorter than blksize, or empty. Its ACK may be missing for good, because the
 *   client has what it wants and left: that end is called UNCONFIRMED, and is for the caller to
 *   judge. */

#define BLKSIZE_MAX_DEFAULT    1468u
#define WINDOWSIZE_MAX_DEFAULT 64u

/* A window must be small against 65536, or an old ACK could be taken for a new one. */
#define WINDOWSIZE_MAX_LIMIT 4096u

/* What a request comes to: RFC 2347 to 2349, 7440. */
typedef struct Terms {
        unsigned blksize;
        unsigned windowsize;
        char oack[sizeof((TftpTransfer *) NULL)->oack];
        size_t oack_len;
} Terms;

static void negotiate(const TftpRequest *request, uint64_t size, const TftpLimits *limits,
                      Terms *ret) {
        unsigned blksize_max = limits->blksize_max ?: BLKSIZE_MAX_DEFAULT;
        unsigned windowsize_max = limits->windowsize_max ?: WINDOWSIZE_MAX_DEFAULT;

        *ret = (Terms){.blksize = TFTP_BLKSIZE_DEFAULT, .windowsize = 1};
        windowsize_max = MIN_OF(windowsize_max, WINDOWSIZE_MAX_LIMIT);

        for (size_t i = 0; i < request->n_options; i++) {
                TftpOption option = request->option_order[i];
                uint64_t value = request->option_values[option];
                bool fits;

                switch (option) {
                case TFTP_OPTION_BLKSIZE:
                        ret->blksize = (unsigned) MIN_OF(value, blksize_max);
                        value = ret->blksize;
                        break;
                case TFTP_OPTION_WINDOWSIZE:
                        ret->windowsize = (unsigned) MIN_OF(value, windowsize_max);
                        value = ret->windowsize;
                        break;
                case TFTP_OPTION_TSIZE:
                        value = size;
                        break;
                case TFTP_OPTION_TIMEOUT: /* the same or nothing: RFC 2349 */
                case _TFTP_OPTION_MAX:
                        break;
                }
                fits = tftp_packet_add_option(ret->oack, sizeof ret->oack, &ret->oack_len,
                                              request->option_names[option], value);
                assert(fits); /* names are known ones, numbers have 20 digits */
        }
}

bool tftp_transfer_is_live(const TftpTransfer *t) {
        assert(t);

        switch (t->progress.state) {
        case TFTP_STATE_OACK:
        case TFTP_STATE_DATA:
        case TFTP_STATE_FINAL:
                return true;
        case TFTP_STATE_NONE:
        case TFTP_STATE_DONE:
        case TFTP_STATE_UNCONFIRMED:
        case TFTP_STATE_PEER_ERROR:
        case TFTP_STATE_TIMED_OUT:
        case TFTP_STATE_REPLACED:
        case TFTP_STATE_ABANDONED:
                return false;
        }
        return false;
}

/* The one place where the state changes, with what may follow what. */
static void set_state(TftpTransfer *t, uint64_t now_usec, TftpState state) {
        TftpState old = t->progress.state;

        switch (state) {
        case TFTP_STATE_NONE:
        case TFTP_STATE_OACK:
                assert(old == TFTP_STATE_NONE);
                break;
        case TFTP_STATE_DATA:
                assert(old == TFTP_STATE_NONE || old == TFTP_STATE_OACK);
                break;
        case TFTP_STATE_FINAL:
                assert(old == TFTP_STATE_DATA || old == TFTP_STATE_FINAL);
                break;
        case TFTP_STATE_DONE:
        case TFTP_STATE_UNCONFIRMED:
                assert(old == TFTP_STATE_FINAL);
                t->progress.end_usec = now_usec;
                break;
        case TFTP_STATE_PEER_ERROR:
        case TFTP_STATE_TIMED_OUT:
        case TFTP_STATE_REPLACED:
        case TFTP_STATE_ABANDONED:
                assert(tftp_transfer_is_live(t));
                t->progress.end_usec = now_usec;
                break;
        }
        t->progress.state = state;
}

void tftp_transfer_begin(TftpTransfer *t, uint64_t now_usec, const TftpRequest *request,
                         const void *data, uint64_t size, const TftpLimits *limits) {
        Terms terms;

        assert(t);
        assert(request);
        assert(data || size == 0);
        assert(limits);

        negotiate(request, size, limits, &terms);
        *t = (TftpTransfer){
                .progress =
                        {
                                .size = size,
                                .n_blocks = size / terms.blksize + 1,
                                .start_usec = now_usec,
                                .blksize = terms.blksize,
                                .windowsize = terms.windowsize,
                                .has_options = terms.oack_len > 0,
                        },
                .data = data,
                .next = 1,
                .oack_len = terms.oack_len,
                .want_oack = terms.oack_len > 0,
                .rto_usec = TFTP_RTO_FIRST_USEC,
                .timed_block = UINT64_MAX,
                .sent_usec = now_usec,
                .alive_usec = now_usec,
        };
        memcpy(t->oack, terms.oack, terms.oack_len);

        /* RFC 2347: no option that was asked for is known: as if none had been asked for. */
        set_state(t, now_usec, terms.oack_len > 0 ? TFTP_STATE_OACK : TFTP_STATE_DATA);
}

bool tftp_transfer_is_same_request(const TftpTransfer *t, const TftpRequest *request,
                                   const TftpLimits *limits) {
        Terms terms;

        assert(t);
        assert(request);
        assert(limits);

        negotiate(request, t->progress.size, limits, &terms);
        return terms.oack_len == t->oack_len && memcmp(terms.oack, t->oack, t->oack_len) == 0;
}

/* RFC 6298 2, with our bounds. */
static void take_round_trip(TftpTransfer *t, uint64_t rtt_usec) {
        uint64_t *srtt = &t->progress.rtt_usec;

        if (*srtt == 0) {
                *srtt = MAX_OF(rtt_usec, UINT64_C(1));
                t->rttvar_usec = rtt_usec / 2;
        } else {
                uint64_t off = *srtt > rtt_usec ? *srtt - rtt_usec : rtt_usec - *srtt;

                t->rttvar_usec = (3 * t->rttvar_usec + off) / 4;
                *srtt = MAX_OF((7 * *srtt + rtt_usec) / 8, UINT64_C(1));
        }
        t->rto_usec = *srtt + 4 * t->rttvar_usec;
        t->rto_usec = MAX_OF(t->rto_usec, TFTP_RTO_MIN_USEC);
        t->rto_usec = MIN_OF(t->rto_usec, TFTP_RTO_MAX_USEC);
        t->n_backoffs = 0;
}

/* An ACK that moves the transfer, up to and including @block. */
static void take_progress(TftpTransfer *t, uint64_t now_usec, uint64_t block) {
        if (t->timed_block != UINT64_MAX && block >= t->timed_block) {
                take_round_trip(t, now_usec - MIN_OF(t->timed_usec, now_usec));
                t->timed_block = UINT64_MAX;
        }
        t->sent_usec = now_usec;
        t->alive_usec = now_usec;
        t->hold_usec = 0;
        t->was_unreachable = false;
        t->progress.last_ack_usec = now_usec;
}

static int handle_ack(TftpTransfer *t, uint64_t now_usec, uint16_t ack) {
        uint64_t in_flight = t->highest - t->progress.block;
        uint64_t delta = (uint16_t) (ack - (uint16_t) t->progress.block);
        uint64_t block = t->progress.block + delta;

        if (t->progress.state == TFTP_STATE_OACK) {
                /* An OACK that was never handed out cannot be acknowledged either. */
                if (ack != 0 || t->progress.n_datagrams == 0)
                        return TFTP_E_STALE;
                set_state(t, now_usec, TFTP_STATE_DATA);
                t->want_oack = false;
                take_progress(t, now_usec, 0);
                return 0;
        }

        if (delta == 0 || delta > in_flight)
                return TFTP_E_STALE;

        take_progress(t, now_usec, block);
        t->progress.block = block;
        t->progress.bytes_acked = MIN_OF(block * t->progress.blksize, t->progress.size);

        /* Forward after a timeout that was none, or back to what was lost: RFC 7440 4. */
        t->next = block + 1;
        t->timed_block = UINT64_MAX;

        if (block == t->progress.n_blocks)
                set_state(t, now_usec, TFTP_STATE_DONE);
        return 0;
}

static int handle_error(TftpTransfer *t, uint64_t now_usec, const void *packet, size_t len) {
        int r;

        r = tftp_packet_parse_error(packet, len, &t->progress.error_code, t->progress.error_text,
                                    sizeof t->progress.error_text);
        if (r != 0)
                return r;
        set_state(t, now_usec, TFTP_STATE_PEER_ERROR);
        return 0;
}

int tftp_transfer_handle_packet(TftpTransfer *t, uint64_t now_usec, const void *packet,
                                size_t len) {
        uint16_t ack;
        int r;

        assert(t);
        assert(packet || len == 0);

        if (!tftp_transfer_is_live(t))
                return TFTP_E_STALE;
        if (len < 2)
                return TFTP_E_SHORT;

        switch (tftp_packet_opcode(packet, len)) {
        case TFTP_OPCODE_ACK:
                r = tftp_packet_parse_ack(packet, len, &ack);
                return r != 0 ? r : handle_ack(t, now_usec, ack);
        case TFTP_OPCODE_ERROR:
                return handle_error(t, now_usec, packet, len);
        default:
                /* Not worth an ERROR: it would end a transfer that works. */
                return TFTP_E_UNEXPECTED;
        }
}

static uint64_t retransmission_delay(const TftpTransfer *t) {
        uint64_t delay = t->rto_usec;

        for (unsigned i = 0; i < t->n_backoffs && delay < TFTP_RTO_MAX_USEC; i++)
                delay *= 2;
        return MIN_OF(delay, TFTP_RTO_MAX_USEC);
}

uint64_t tftp_transfer_get_deadline(const TftpTransfer *t) {
        assert(t);

        if (!tftp_transfer_is_live(t))
                return USEC_INFINITY;
        return MIN_OF(MAX_OF(t->sent_usec + retransmission_delay(t), t->hold_usec),
                      t->alive_usec + TFTP_PATIENCE_USEC);
}

/* The window, or the OACK, once more from its beginning. */
static void go_back(TftpTransfer *t) {
        t->timed_block = UINT64_MAX;
        if (t->progress.state == TFTP_STATE_OACK)
                t->want_oack = true;
        else
                t->next = t->progress.block + 1;
}

void tftp_transfer_handle_timeout(TftpTransfer *t, uint64_t now_usec) {
        assert(t);

        if (!tftp_transfer_is_live(t) || now_usec < tftp_transfer_get_deadline(t))
                return;

        if (now_usec >= t->alive_usec + TFTP_PATIENCE_USEC) {
                tftp_transfer_end(t, now_usec, TFTP_STATE_TIMED_OUT);
                return;
        }
        t->n_backoffs++;
        t->sent_usec = now_usec;
        go_back(t);
}

/* In a window more than the last block may be on its way. */
static bool lacks_last_ack_only(const TftpTransfer *t) {
        return t->progress.state == TFTP_STATE_FINAL &&
               t->progress.block + 1 >= t->progress.n_blocks;
}

void tftp_transfer_handle_unreachable(TftpTransfer *t, uint64_t now_usec) {
        assert(t);

        /* Anybody could have sent the ICMP message, and the link may come back: what is under way
         * goes on until its patience ends. But should its client ask again, it is believed. */
        t->was_unreachable = true;
        if (lacks_last_ack_only(t))
                set_state(t, now_usec, TFTP_STATE_UNCONFIRMED);
}

void tftp_transfer_repeat_first(TftpTransfer *t) {
        assert(t);
        assert(tftp_transfer_is_live(t));
        assert(t->progress.last_ack_usec == 0);

        go_back(t);
}

void tftp_transfer_hold(TftpTransfer *t, uint64_t until_usec) {
        assert(t);

        t->hold_usec = until_usec;
}

void tftp_transfer_end(TftpTransfer *t, uint64_t now_usec, TftpState state) {
        assert(t);

        /* Who begins anew does not have it. */
        if (lacks_last_ack_only(t) && state != TFTP_STATE_REPLACED)
                set_state(t, now_usec, TFTP_STATE_UNCONFIRMED);
        else if (tftp_transfer_is_live(t))
                set_state(t, now_usec, state);
}

static void count_datagram(TftpTransfer *t, uint64_t now_usec, bool is_retransmission) {
        t->sent_usec = now_usec;
        t->progress.n_datagrams++;
        if (is_retransmission)
                t->progress.n_retransmissions++;
}

/* Karn's rule: only what is sent once is timed. In a window the last one counts, for it is the one
 * that will be acknowledged. */
static void time_block(TftpTransfer *t, uint64_t now_usec, uint64_t block) {
        t->timed_block = block;
        t->timed_usec = now_usec;
}

static void hand_out_oack(TftpTransfer *t, uint64_t now_usec, TftpDatagram *ret) {
        bool is_first = t->progress.n_datagrams == 0;

        *ret = tftp_packet_oack(t->oack, t->oack_len);
        ret->is_retransmission = !is_first;
        t->want_oack = false;
        if (is_first)
                time_block(t, now_usec, 0);
        count_datagram(t, now_usec, !is_first);
}

static void hand_out_data(TftpTransfer *t, uint64_t now_usec, TftpDatagram *ret) {
        uint64_t block = t->next++;
        uint64_t offset = (block - 1) * t->progress.blksize;
        bool is_first = block > t->highest;
        size_t len = (size_t) MIN_OF(t->progress.size - offset, t->progress.blksize);

        *ret = tftp_packet_data((uint16_t) block, len > 0 ? t->data + offset : NULL, len);
        ret->is_retransmission = !is_first;
        if (is_first) {
                t->highest = block;
                time_block(t, now_usec, block);
        }
        count_datagram(t, now_usec, !is_first);
        if (block == t->progress.n_blocks && t->progress.state == TFTP_STATE_DATA)
                set_state(t, now_usec, TFTP_STATE_FINAL);
}

bool tftp_transfer_next(TftpTransfer *t, uint64_t now_usec, TftpDatagram *ret) {
        uint64_t last;

        assert(t);
        assert(ret);

        switch (t->progress.state) {
        case TFTP_STATE_OACK:
                if (!t->want_oack)
                        return false;
                hand_out_oack(t, now_usec, ret);
                return true;
        case TFTP_STATE_DATA:
        case TFTP_STATE_FINAL:
                last = MIN_OF(t->progress.block + t->progress.windowsize, t->progress.n_blocks);
                if (t->next > last)
                        return false;
                hand_out_data(t, now_usec, ret);
                return true;
        case TFTP_STATE_NONE:
        case TFTP_STATE_DONE:
        case TFTP_STATE_UNCONFIRMED:
        case TFTP_STATE_PEER_ERROR:
        case TFTP_STATE_TIMED_OUT:
        case TFTP_STATE_REPLACED:
        case TFTP_STATE_ABANDONED:
                return false;
        }
        return false;
}
