/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation (TI SPRUH73 26.1.9.4, and captures):
 *
 *   BOOTP    request of 364 bytes, xid always 1, no option 53; again after 4, 8, 16 … 128 s, then
 *            the ROM goes to its next boot device: the stage has failed
 *   ARP      always asks for siaddr, although it has just had a frame from there
 *   RRQ      `file` verbatim, octet, no options, from port 1234; again each second, five times
 *   DATA     512 bytes, lock-step. The ROM sends nothing by itself any more: a lost frame is the
 *            server's to repeat. A block that comes again is acknowledged again. 60 s for all.
 *   end      the last block (short, or empty) is acknowledged, and the ROM jumps into it
 *
 * Where nothing is known of the ROM, this one is strict: a reply that is not from port 67, is
 * shorter than 300 bytes or has a wrong checksum is not taken, nor DATA from a second port. ERROR
 * ends the stage. OACK is not understood. */

#include <inttypes.h>

#include "board-reply.h"
#include "board-rom.h"
#include "fd-util.h"

enum {
        ROM_XID = 1,
        ROM_REQUESTS_MAX = 6,
        ROM_REQUEST_LEN = 364,
        ROM_ASIC_ID_LEN = 81,
        ROM_ARP_TRIES_MAX = 5,
        ROM_RRQ_TRIES_MAX = 6, /* one and five repeats */
        ROM_BLOCK_LEN = 512,
        ROM_TFTP_PORT = 1234,
        ROM_IMAGE_LEN_MAX = 111616,

        TFTP_RRQ = 1,
        TFTP_DATA = 3,
        TFTP_ACK = 4,
        TFTP_ERROR = 5,
        TFTP_OACK = 6,
};

#define ROM_BOOTP_TIMEOUT_USEC    (4 * USEC_PER_SEC)
#define ROM_ARP_TIMEOUT_USEC      USEC_PER_SEC
#define ROM_RRQ_TIMEOUT_USEC      USEC_PER_SEC
#define ROM_TRANSFER_TIMEOUT_USEC (60 * USEC_PER_SEC)

/* BOOTP: asks for an address; ARP: has one, asks for the server's MAC; RRQ: asks for the file;
 * DATA: the first block has come, the server's port is known. Only forward, by what comes in. */
typedef enum RomState {
        ROM_STATE_BOOTP,
        ROM_STATE_ARP,
        ROM_STATE_RRQ,
        ROM_STATE_DATA,
} RomState;

typedef struct Rom {
        RomState state;
        unsigned n_arps, n_rrqs;
        uint16_t server_port;
        uint64_t n_blocks; /* that have come, not wrapped */
} Rom;

static uint8_t *put_option(uint8_t *p, uint8_t code, const void *value, size_t len) {
        p[0] = code;
        p[1] = (uint8_t) len;
        memcpy(p + 2, value, len);
        return p + 2 + len;
}

static void send_request(BoardStage *stage) {
        uint8_t request[ROM_REQUEST_LEN] = {1, 1, MAC_LEN, 0};
        uint8_t asic_id[ROM_ASIC_ID_LEN];
        uint8_t *p = request + BOOTP_HEADER_LEN;
        unsigned n = ++stage->tally->n_requests;

        put_be32(request + 4, ROM_XID);
        memcpy(request + 28, stage->own->mac, MAC_LEN);
        put_be32(p, 0x63825363);
        p = put_option(p + 4, 60, stage->own->vci, strlen(stage->own->vci));
        for (size_t i = 0; i < sizeof(asic_id); i++) /* any block of bytes, NULs among them */
                asic_id[i] = (uint8_t) (i * 7);
        /* PG1.0's longer vendor class leaves less room than the block needs. */
        p = put_option(p, 61, asic_id,
                       MIN_OF(sizeof(asic_id), (size_t) (request + sizeof(request) - p) - 3));
        *p = 255;

        board_stage_set_timer(stage, ROM_BOOTP_TIMEOUT_USEC << (n - 1));
        board_stage_send_bootp(stage, request, sizeof(request), sizeof(request));
        report_event(stage->report, "bootp-request", stage->name, "\"n\":%u", n);
        if (n == 1 && !board_stage_step(stage, STEP_BOOTP_SENT, 0))
                return;
        /* It waits in the device until the link is up; the next one is sent all the same. */
        (void) board_stage_wait_link(stage, MIN_OF(stage->deadline_usec, stage->give_up_usec));
}

static void send_arp(BoardStage *stage) {
        Rom *rom = stage->state;

        rom->n_arps++;
        board_stage_set_timer(stage, ROM_ARP_TIMEOUT_USEC);
        board_stage_send_arp_request(stage, stage->server_ip);
        if (rom->n_arps == 1)
                board_stage_step(stage, STEP_ARP_SENT, 0);
}

static void send_rrq(BoardStage *stage) {
        static const char mode[] = "octet";
        Rom *rom = stage->state;
        uint8_t packet[2 + sizeof(stage->file) + sizeof(mode)];
        size_t len = strlen(stage->file) + 1;

        put_be16(packet, TFTP_RRQ);
        memcpy(packet + 2, stage->file, len);
        memcpy(packet + 2 + len, mode, sizeof(mode));
        rom->n_rrqs++;
        stage->tally->n_rrqs++;
        board_stage_set_timer(stage, ROM_RRQ_TIMEOUT_USEC);
        board_stage_send_udp(stage, stage->server_ip, ROM_TFTP_PORT, 69, packet,
                             2 + len + sizeof(mode));
        if (rom->n_rrqs == 1)
                board_stage_step(stage, STEP_RRQ_SENT, 0);
}

static void send_tftp(BoardStage *stage, const void *packet, size_t len) {
        const Rom *rom = stage->state;

        board_stage_send_udp(stage, stage->server_ip, ROM_TFTP_PORT, rom->server_port, packet, len);
}

static void send_ack(BoardStage *stage, uint16_t block) {
        uint8_t packet[4];

        put_be16(packet, TFTP_ACK);
        put_be16(packet + 2, block);
        send_tftp(stage, packet, sizeof(packet));
}

/* Returns whether the ROM takes it. */
static bool is_acceptable(const BoardStage *stage, const Packet *packet, const BootpReply *reply) {
        return packet->src_port == 67 && packet->payload_len >= BOOTP_LEN_MIN &&
               packet->checksum != UDP_CHECKSUM_WRONG && reply->op == 2 && reply->htype == 1 &&
               reply->hlen == MAC_LEN && reply->xid == ROM_XID &&
               memcmp(reply->chaddr, stage->own->mac, MAC_LEN) == 0 && reply->yiaddr != 0 &&
               reply->siaddr != 0 && reply->file[0] != '\0';
}

static void handle_reply(BoardStage *stage, const Packet *packet) {
        const ReplyExpectation expected = {
                .stage = stage->name,
                .context = REPLY_TO_BOOTP,
                .xid = ROM_XID,
                .mac = stage->own->mac,
        };
        Rom *rom = stage->state;
        BootpReply reply;
        char ip[16], server[16];
        int r = bootp_reply_parse(packet->payload, packet->payload_len, &reply);

        bootp_reply_audit(stage->report, &expected, packet, &reply);
        if (r < 0 || rom->state != ROM_STATE_BOOTP || !is_acceptable(stage, packet, &reply))
                return;
        stage->ip = reply.yiaddr;
        stage->server_ip = reply.siaddr;
        memcpy(stage->file, reply.file, sizeof(stage->file));
        board_stage_choose_file(stage);
        json_escape(stage->file, strlen(stage->file), stage->tally->file,
                    sizeof(stage->tally->file));
        stage->tally->answered_request = stage->tally->n_requests;
        report_event(stage->report, "address", stage->name,
                     "\"address\":\"%s\",\"server\":\"%s\",\"file\":\"%s\",\"request\":%u",
                     ip_format(stage->ip, ip), ip_format(stage->server_ip, server),
                     stage->tally->file, stage->tally->n_requests);
        rom->state = ROM_STATE_ARP;
        stage->deadline_usec = USEC_INFINITY;
        if (board_stage_step(stage, STEP_BOOTP_ANSWERED, 0))
                send_arp(stage);
}

static void handle_arp(BoardStage *stage, const Packet *packet) {
        Rom *rom = stage->state;

        if (rom->state != ROM_STATE_ARP || packet->arp_operation != ARP_REPLY ||
            packet->arp_spa != stage->server_ip || packet->arp_tpa != stage->ip)
                return;
        memcpy(stage->server_mac, packet->arp_sha, MAC_LEN);
        rom->state = ROM_STATE_RRQ;
        if (!board_stage_step(stage, STEP_ARP_ANSWERED, 0))
                return;
        board_stage_send_tftp_nonsense(stage);
        send_rrq(stage);
}

/* A block that the ROM was waiting for. */
static void take_block(BoardStage *stage, const LinkFrame *frame, const uint8_t *data, size_t len) {
        Rom *rom = stage->state;
        uint64_t n = ++rom->n_blocks;

        board_stage_store(stage, (size_t) (n - 1) * ROM_BLOCK_LEN, data, len);
        stage->last_data_usec = frame->arrival_usec;
        if (stage->image_len > ROM_IMAGE_LEN_MAX) {
                board_stage_fail(stage, "the image does not fit into SRAM");
                return;
        }
        if (len == ROM_BLOCK_LEN) {
                send_ack(stage, (uint16_t) n);
                board_stage_step(stage, STEP_BLOCK, n);
                return;
        }
        if (!board_stage_step(stage, STEP_LAST_BLOCK, 0))
                return;
        send_ack(stage, (uint16_t) n);
        if (board_stage_step(stage, STEP_BLOCK, n))
                board_stage_deliver(stage);
}

static void handle_data(BoardStage *stage, const LinkFrame *frame, const Packet *packet) {
        Rom *rom = stage->state;
        const uint8_t *data = packet->payload + 4;
        size_t len = packet->payload_len - 4;
        uint16_t block = get_be16(packet->payload + 2);

        if (rom->state == ROM_STATE_RRQ && block == 1) {
                rom->state = ROM_STATE_DATA;
                rom->server_port = packet->src_port;
                stage->tally->block_size = ROM_BLOCK_LEN;
                stage->tally->window_size = 1;
                board_stage_set_timer(stage, ROM_TRANSFER_TIMEOUT_USEC);
        }
        if (rom->state != ROM_STATE_DATA || packet->src_port != rom->server_port) {
                report_oddity(stage->report, stage->name, "stray-data", "block %u from port %u",
                              block, packet->src_port);
                return;
        }
        if (len > ROM_BLOCK_LEN) {
                report_oddity(stage->report, stage->name, "long-block", "%zu bytes", len);
                return;
        }
        if (block == (uint16_t) (rom->n_blocks + 1))
                take_block(stage, frame, data, len);
        else if (block == (uint16_t) rom->n_blocks) {
                board_stage_note_repeat(stage, frame, rom->n_blocks);
                stage->tally->n_acks_again++;
                send_ack(stage, block);
        } else if (!frame->is_copy && stage->own->faults.delay == 0 &&
                   stage->own->faults.reorder == 0)
                report_oddity(stage->report, stage->name, "wrong-block",
                              "%u after %" PRIu64 " blocks", block, rom->n_blocks);
}

static void handle_tftp(BoardStage *stage, const LinkFrame *frame, const Packet *packet) {
        char text[64];

        if (packet->checksum == UDP_CHECKSUM_WRONG) {
                report_oddity(stage->report, stage->name, "udp-checksum", "wrong in TFTP");
                return;
        }
        if (packet->payload_len < 4) {
                report_oddity(stage->report, stage->name, "short-tftp", "%zu bytes",
                              packet->payload_len);
                return;
        }
        switch (get_be16(packet->payload)) {
        case TFTP_DATA:
                handle_data(stage, frame, packet);
                break;
        case TFTP_OACK:
                report_oddity(stage->report, stage->name, "oack", "OACK, but no options asked");
                break;
        case TFTP_ERROR:
                json_escape(packet->payload + 4, MIN_OF(packet->payload_len - 4, 32u), text,
                            sizeof(text));
                report_oddity(stage->report, stage->name, "error", "ERROR %u: %s",
                              get_be16(packet->payload + 2), text);
                board_stage_fail(stage, "ERROR %u", get_be16(packet->payload + 2));
                break;
        default:
                report_oddity(stage->report, stage->name, "tftp-opcode", "%u",
                              get_be16(packet->payload));
        }
}

static void rom_on_packet(BoardStage *stage, const LinkFrame *frame, const Packet *packet) {
        if (packet->kind == PACKET_ARP)
                handle_arp(stage, packet);
        else if (packet->dst_port == 68)
                handle_reply(stage, packet);
        else if (packet->dst_port == ROM_TFTP_PORT && stage->ip != 0 &&
                 packet->ip_dst == stage->ip && packet->ip_src == stage->server_ip)
                handle_tftp(stage, frame, packet);
        else
                report_oddity(stage->report, stage->name, "stray-udp", "port %u to %u",
                              packet->src_port, packet->dst_port);
}

static void rom_on_timeout(BoardStage *stage) {
        Rom *rom = stage->state;

        switch (rom->state) {
        case ROM_STATE_BOOTP:
                if (stage->tally->n_requests >= ROM_REQUESTS_MAX)
                        board_stage_fail(stage, "no BOOTP reply");
                else
                        send_request(stage);
                break;
        case ROM_STATE_ARP:
                if (rom->n_arps >= ROM_ARP_TRIES_MAX)
                        board_stage_fail(stage, "no ARP reply");
                else
                        send_arp(stage);
                break;
        case ROM_STATE_RRQ:
                if (rom->n_rrqs >= ROM_RRQ_TRIES_MAX)
                        board_stage_fail(stage, "no answer to RRQ");
                else
                        send_rrq(stage);
                break;
        case ROM_STATE_DATA:
                board_stage_fail(stage, "not all blocks within 60 s");
                break;
        }
}

Outcome board_rom_run(BoardStage *stage) {
        static const StageOps ops = {
                .start = send_request,
                .on_packet = rom_on_packet,
                .on_timeout = rom_on_timeout,
                .send_tftp = send_tftp,
        };
        Rom rom = {};

        stage->ops = &ops;
        stage->state = &rom;
        return board_stage_run(stage);
}
