/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation: what U-Boot's net/bootp.c, net/arp.c and net/tftp.c do in an SPL that
 * fetches u-boot.img over a USB gadget, told again (the order of its checks matters):
 *
 *   send      waits until the host has fetched the frame, 3 s at most (ether.c); nothing else runs
 *             meanwhile, so timers that have passed fire right after
 *   DHCP      DISCOVER after 0.25, 0.5, 1, 2, 2 … s; anything that passes the header check is an
 *             OFFER; REQUEST; only option 53 = 5 ends that, else DISCOVER again after 5 s.
 *             After 53 s the SPL gives up. Before v2025.10 each retry has a new xid and the last
 *             four are taken; from then on one xid, and retries up to 60 s apart
 *   BOOTP     without CMD_DHCP: any reply of 300 bytes or more that passes the header check
 *   ARP       for siaddr, or for the router if that is not on the link; 5 s, ten times
 *   TFTP      RRQ with timeout, tsize, blksize (windowsize) from 1024 + ms % 3072. The first OACK
 *             or DATA fixes the server's port. Options that do not suit: ERROR 8, the end.
 *             A block that comes again is *not* acknowledged again; after 5 s of silence the last
 *             packet is repeated. An OACK is taken at any time, and puts the machine where only
 *             block 1 may follow. In an SPL "starting again" is the end too.
 *
 * UDP checksums are neither sent nor looked at (CONFIG_UDP_CHECKSUM is off). */

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "board-reply.h"
#include "board-uboot.h"
#include "fd-util.h"

enum {
        RETRY_COUNT = 10,    /* CONFIG_NET_RETRY_COUNT */
        XIDS_MAX = 4,        /* CFG_BOOTP_ID_CACHE_SIZE */
        UBOOT_DISCOVERS = 5, /* of U-Boot proper, until it is content that nobody answers */

        BOOTP_TIMEOUT_MS = 250,
        BOOTP_TIMEOUT_MAX_MS = 2000,
        BOOTP_TIMEOUT_MAX_NEW_MS = 60000,

        DHCP_DISCOVER = 1,
        DHCP_REQUEST = 3,

        TFTP_RRQ = 1,
        TFTP_DATA = 3,
        TFTP_ACK = 4,
        TFTP_ERROR = 5,
        TFTP_OACK = 6,
        TFTP_TIMEOUT_SEC = 5,
        TFTP_TIMEOUTS_MAX = 2 * RETRY_COUNT,
        TFTP_BLOCK_SIZE = 512,
        TFTP_PORT = 69,
};

#define BOOTP_PATIENCE_USEC ((3 + RETRY_COUNT * 5) * USEC_PER_SEC)
#define DHCP_REQUEST_USEC   (5 * USEC_PER_SEC)
#define ARP_TIMEOUT_USEC    (5 * USEC_PER_SEC)
#define TFTP_TIMEOUT_USEC   (TFTP_TIMEOUT_SEC * USEC_PER_SEC)

/* SELECTING: DISCOVERs (or BOOTP requests) are sent, any good reply moves on. REQUESTING: an ACK is
 * wanted; the timer leads back. ARP: the RRQ waits for the server's MAC. The others are tftp.c's:
 * SEND_RRQ until OACK or DATA comes, OACK until block 1, DATA. */
typedef enum UBootState {
        UBOOT_STATE_SELECTING,
        UBOOT_STATE_REQUESTING,
        UBOOT_STATE_ARP,
        UBOOT_STATE_SEND_RRQ,
        UBOOT_STATE_OACK,
        UBOOT_STATE_DATA,
} UBootState;

typedef struct UBoot {
        UBootState state;
        uint32_t xids[XIDS_MAX]; /* the oldest first */
        size_t n_xids;
        unsigned bootp_timeout_ms;
        uint32_t dhcp_server; /* option 54 of the OFFER */

        unsigned n_arps;
        uint32_t arp_target;

        uint16_t our_port, remote_port;
        unsigned n_rrqs;
        unsigned n_timeouts;
        unsigned block_size;
        uint16_t window_size;
        uint16_t cur_block, prev_block, next_ack, last_nack;
        uint64_t n_wrapped; /* blocks before the last wrap, times 65536 */
        uint64_t tsize;     /* UINT64_MAX: not told */
} UBoot;

/* usb_eth_send(): does not return before the host has fetched the frame. Only the first one is
 * watched: after that the link is up. Returns whether to go on. */
static bool wait_sent(BoardStage *stage) {
        uint64_t deadline = now_usec() + stage->options->host_timeout_usec;

        if (board_stage_wait_link(stage, deadline) == -ETIMEDOUT) {
                if (stage->id == BOARD_UBOOT) /* left alone: as it should be */
                        stage->outcome = OUTCOME_DELIVERED;
                else
                        board_stage_fail(stage, "timeout sending packets to usb ethernet");
        }
        return stage->outcome == OUTCOME_NONE;
}

static uint8_t *put_option(uint8_t *p, uint8_t code, const void *value, size_t len) {
        p[0] = code;
        p[1] = (uint8_t) len;
        if (value)
                memcpy(p + 2, value, len);
        return p + 2 + len;
}

static uint8_t *put_address(uint8_t *p, uint8_t code, uint32_t address) {
        uint8_t value[4];

        put_be32(value, address);
        return put_option(p, code, value, sizeof(value));
}

/* dhcp_extended(): returns the end of the options, padded to 64 bytes. */
static uint8_t *put_dhcp_options(const BoardStage *stage, uint8_t *start, uint8_t type,
                                 uint32_t server, uint32_t requested) {
        static const uint8_t max_size[] = {576 >> 8, 576 & 0xff};
        static const uint8_t arch[] = {0xff, 0xff}, undi[] = {1, 0, 0};
        static const uint8_t parameters[] = {1, 3, 6, 12, 17};
        uint8_t *p = start;

        put_be32(p, 0x63825363);
        p = put_option(p + 4, 53, &type, 1);
        p = put_option(p, 57, max_size, sizeof(max_size));
        if (server != 0)
                p = put_address(p, 54, server);
        if (requested != 0)
                p = put_address(p, 50, requested);
        p = put_option(p, 93, arch, sizeof(arch));
        p = put_option(p, 94, undi, sizeof(undi));
        p = put_option(p, 60, stage->own->vci, strlen(stage->own->vci));
        p = put_option(p, 55, parameters, sizeof(parameters));
        *p++ = 255;
        return MAX_OF(p, start + 64);
}

/* bootp_extended(): what is asked for stands there as empty options. */
static uint8_t *put_bootp_options(const BoardStage *stage, uint8_t *p) {
        put_be32(p, 0x63825363);
        p = put_option(p + 4, 60, stage->own->vci, strlen(stage->own->vci));
        p = put_option(p, 1, NULL, 4);
        p = put_option(p, 3, NULL, 4);
        p = put_option(p, 6, NULL, 4);
        p = put_option(p, 17, NULL, 32);
        *p++ = 255;
        return p;
}

static void put_bootp_header(const BoardStage *stage, uint8_t *p, uint32_t xid) {
        uint64_t scaled_sec = board_options_scale(stage->options, USEC_PER_SEC);

        p[0] = p[1] = 1;
        p[2] = MAC_LEN;
        put_be32(p + 4, xid);
        put_be16(p + 8, (uint16_t) ((now_usec() - stage->start_usec) / MAX_OF(scaled_sec, 1u)));
        memcpy(p + 28, stage->own->mac, MAC_LEN);
}

static uint32_t next_xid(BoardStage *stage) {
        UBoot *u = stage->state;
        uint32_t xid =
                stage->options->is_new_u_boot && u->n_xids > 0
                        ? u->xids[u->n_xids - 1]
                        : get_be32(stage->own->mac + 2) + (uint32_t) (now_usec() / USEC_PER_MSEC);

        if (u->n_xids == XIDS_MAX)
                memmove(&u->xids[0], &u->xids[1], --u->n_xids * sizeof(u->xids[0]));
        u->xids[u->n_xids++] = xid;
        return xid;
}

/* bootp_request() */
static void send_discover(BoardStage *stage) {
        UBoot *u = stage->state;
        uint8_t request[600] = {};
        uint8_t *options = request + BOOTP_HEADER_LEN, *end;
        unsigned n = ++stage->tally->n_requests;

        put_bootp_header(stage, request, next_xid(stage));
        end = stage->options->wants_plain_bootp && stage->id == BOARD_SPL
                      ? put_bootp_options(stage, options)
                      : put_dhcp_options(stage, options, DHCP_DISCOVER, 0, 0);
        u->state = UBOOT_STATE_SELECTING;
        board_stage_set_timer(stage, u->bootp_timeout_ms * USEC_PER_MSEC);
        board_stage_send_bootp(stage, request, sizeof(request), (size_t) (end - request));
        report_event(stage->report, "discover", stage->name, "\"n\":%u", n);
        if (wait_sent(stage) && n == 1)
                board_stage_step(stage, STEP_BOOTP_SENT, 0);
}

/* dhcp_send_request_packet() */
static void send_request(BoardStage *stage, const BootpReply *offer) {
        UBoot *u = stage->state;
        uint8_t request[600] = {};
        uint8_t *options = request + BOOTP_HEADER_LEN, *end;
        unsigned n = ++stage->tally->n_dhcp_requests;

        put_bootp_header(stage, request, offer->xid);
        memcpy(request + 108, stage->file, MIN_OF(strlen(stage->file), 127u));
        end = put_dhcp_options(stage, options, DHCP_REQUEST, u->dhcp_server, offer->yiaddr);
        board_stage_send_udp(stage, IP_BROADCAST, 68, 67, request, (size_t) (end - request));
        if (n == 1)
                board_stage_step(stage, STEP_REQUEST_SENT, 0);
}

static void bootp_on_timeout(BoardStage *stage) {
        UBoot *u = stage->state;
        uint64_t patience = board_options_scale(stage->options, BOOTP_PATIENCE_USEC);

        if (stage->id == BOARD_UBOOT && stage->tally->n_requests >= UBOOT_DISCOVERS) {
                stage->outcome = OUTCOME_DELIVERED; /* nobody has answered: as it should be */
                return;
        }
        if (now_usec() - stage->start_usec >= patience) {
                board_stage_fail(stage, "Retry time exceeded");
                return;
        }
        u->bootp_timeout_ms *= 2;
        if (stage->options->is_new_u_boot) {
                int jitter = (int) (fault_dice_u32(&stage->dice) % 200) - 100;

                u->bootp_timeout_ms = MIN_OF(u->bootp_timeout_ms, BOOTP_TIMEOUT_MAX_NEW_MS + 0u);
                u->bootp_timeout_ms += (unsigned) ((int) u->bootp_timeout_ms * jitter / 1000);
        } else
                u->bootp_timeout_ms = MIN_OF(u->bootp_timeout_ms, BOOTP_TIMEOUT_MAX_MS + 0u);
        send_discover(stage);
}

/* Which of our requests has that xid, 1 being the first; 0: none that is still known. */
static unsigned request_of_xid(const BoardStage *stage, uint32_t xid) {
        const UBoot *u = stage->state;

        for (size_t i = u->n_xids; i > 0; i--)
                if (u->xids[i - 1] == xid)
                        return stage->tally->n_requests - (unsigned) (u->n_xids - i);
        return 0;
}

/* check_reply_packet() */
static bool is_acceptable(const BoardStage *stage, const Packet *packet, const BootpReply *reply) {
        return packet->src_port == 67 && reply->op == 2 && reply->htype == 1 &&
               reply->hlen == MAC_LEN && request_of_xid(stage, reply->xid) > 0 &&
               memcmp(reply->chaddr, stage->own->mac, MAC_LEN) == 0;
}

static void start_tftp(BoardStage *stage);

/* store_net_params() and net_auto_load() */
static void bind_address(BoardStage *stage, const BootpReply *reply) {
        char ip[16], server[16], text[sizeof(stage->tally->file)];

        stage->ip = reply->yiaddr;
        stage->netmask = reply->netmask;
        stage->router = reply->router;
        if (reply->siaddr != 0)
                stage->server_ip = reply->siaddr;
        if (reply->file[0] != '\0')
                memcpy(stage->file, reply->file, sizeof(stage->file));
        json_escape(stage->file, strlen(stage->file), text, sizeof(text));
        report_event(stage->report, "address", stage->name,
                     "\"address\":\"%s\",\"server\":\"%s\",\"file\":\"%s\",\"request\":%u",
                     ip_format(stage->ip, ip), ip_format(stage->server_ip, server), text,
                     stage->tally->answered_request);
        stage->deadline_usec = USEC_INFINITY;
        if (board_stage_step(stage, STEP_BOOTP_ANSWERED, 0))
                start_tftp(stage);
}

/* The OFFER, or the BOOTP reply of an SPL that wants no more. */
static void take_offer(BoardStage *stage, const Packet *packet, const BootpReply *reply) {
        UBoot *u = stage->state;

        if (stage->options->wants_plain_bootp && packet->payload_len < BOOTP_LEN_MIN)
                return;
        stage->tally->answered_request = request_of_xid(stage, reply->xid);
        if (stage->options->wants_plain_bootp) {
                bind_address(stage, reply);
                return;
        }
        u->dhcp_server = reply->server_id;
        memcpy(stage->file, reply->file, sizeof(stage->file));
        u->state = UBOOT_STATE_REQUESTING;
        board_stage_set_timer(stage, DHCP_REQUEST_USEC);
        if (board_stage_step(stage, STEP_OFFERED, 0))
                send_request(stage, reply);
}

static void handle_reply(BoardStage *stage, const Packet *packet) {
        UBoot *u = stage->state;
        BootpReply reply;
        int r = bootp_reply_parse(packet->payload, packet->payload_len, &reply);
        const ReplyExpectation expected = {
                .stage = stage->name,
                .context = stage->options->wants_plain_bootp ? REPLY_TO_BOOTP
                           : reply.message_type == DHCP_OFFER || u->state == UBOOT_STATE_SELECTING
                                   ? REPLY_TO_DISCOVER
                                   : REPLY_TO_REQUEST,
                .xid = request_of_xid(stage, reply.xid) > 0 ? reply.xid
                       : u->n_xids > 0                      ? u->xids[u->n_xids - 1]
                                                            : 0,
                .mac = stage->own->mac,
        };

        if (stage->id == BOARD_UBOOT) {
                report_oddity(stage->report, stage->name, "u-boot-answered", "U-Boot proper");
                board_stage_fail(stage, "U-Boot proper was given an address");
                return;
        }
        bootp_reply_audit(stage->report, &expected, packet, &reply);
        if (r < 0 || !is_acceptable(stage, packet, &reply) || reply.yiaddr == 0)
                return;
        if (u->state == UBOOT_STATE_SELECTING)
                take_offer(stage, packet, &reply);
        else if (u->state == UBOOT_STATE_REQUESTING && reply.message_type == DHCP_ACK)
                bind_address(stage, &reply);
}

/* arp_request() */
static void send_arp(BoardStage *stage) {
        UBoot *u = stage->state;

        u->arp_target = stage->server_ip;
        if ((stage->server_ip ^ stage->ip) & stage->netmask) {
                if (stage->router != 0)
                        u->arp_target = stage->router;
                else
                        report_oddity(stage->report, stage->name, "gatewayip",
                                      "needed but not set");
        }
        u->n_arps++;
        board_stage_set_timer(stage, ARP_TIMEOUT_USEC);
        board_stage_send_arp_request(stage, u->arp_target);
        if (u->n_arps == 1)
                board_stage_step(stage, STEP_ARP_SENT, 0);
}

/* net_parse_bootfile(): "ip:path" names another server. */
static void parse_bootfile(BoardStage *stage) {
        unsigned a, b, c, d;
        int n = 0;

        if (stage->file[0] == '\0') {
                report_oddity(stage->report, stage->name, "no-bootfile",
                              "U-Boot asks for a name made of its address");
                snprintf(stage->file, sizeof(stage->file), "%08X.img", stage->ip);
        } else if (sscanf(stage->file, "%u.%u.%u.%u:%n", &a, &b, &c, &d, &n) == 4 && n > 0) {
                stage->server_ip = (a & 255) << 24 | (b & 255) << 16 | (c & 255) << 8 | (d & 255);
                memmove(stage->file, stage->file + n, sizeof(stage->file) - (size_t) n);
        }
}

/* tftp_start() */
static void start_tftp(BoardStage *stage) {
        UBoot *u = stage->state;

        parse_bootfile(stage);
        board_stage_choose_file(stage);
        json_escape(stage->file, strlen(stage->file), stage->tally->file,
                    sizeof(stage->tally->file));
        u->remote_port = TFTP_PORT;
        u->our_port = (uint16_t) (1024 + (now_usec() / USEC_PER_MSEC) % 3072);
        u->block_size = TFTP_BLOCK_SIZE;
        u->window_size = 1;
        u->tsize = UINT64_MAX;
        u->state = UBOOT_STATE_ARP;
        send_arp(stage);
}

static size_t put_rrq(const BoardStage *stage, uint8_t *p, size_t size) {
        const BoardOptions *o = stage->options;
        size_t len = 2;

        put_be16(p, TFTP_RRQ);
        len += (size_t) snprintf((char *) p + len, size - len, "%s%coctet%ctimeout%c%d%ctsize%c0",
                                 stage->file, 0, 0, 0, TFTP_TIMEOUT_SEC, 0, 0) +
               1;
        len += (size_t) snprintf((char *) p + len, size - len, "blksize%c%u", 0, o->block_size) + 1;
        if (o->window_size > 1)
                len += (size_t) snprintf((char *) p + len, size - len, "windowsize%c%u", 0,
                                         o->window_size) +
                       1;
        return len;
}

static void send_to_server(BoardStage *stage, const void *packet, size_t len) {
        const UBoot *u = stage->state;

        board_stage_send_udp(stage, stage->server_ip, u->our_port, u->remote_port, packet, len);
}

/* tftp_send(): what is due in this state. */
static void send_tftp(BoardStage *stage) {
        const UBoot *u = stage->state;
        uint8_t packet[600];
        size_t len = 4;

        if (u->state == UBOOT_STATE_SEND_RRQ) {
                len = put_rrq(stage, packet, sizeof(packet));
                stage->tally->n_rrqs++;
        } else {
                put_be16(packet, TFTP_ACK);
                put_be16(packet + 2, u->cur_block);
        }
        send_to_server(stage, packet, len);
}

static void refuse_options(BoardStage *stage, const char *why) {
        static const uint8_t packet[] = "\0\5\0\10Option Negotiation Failed";

        report_oddity(stage->report, stage->name, "oack-refused", "%s", why);
        send_to_server(stage, packet, sizeof(packet));
        board_stage_fail(stage, "Option Negotiation Failed: %s", why);
}

static void handle_arp(BoardStage *stage, const Packet *packet) {
        UBoot *u = stage->state;

        if (u->state != UBOOT_STATE_ARP || packet->arp_operation != ARP_REPLY ||
            packet->arp_tpa != stage->ip || packet->arp_spa != u->arp_target)
                return;
        memcpy(stage->server_mac, packet->arp_sha, MAC_LEN);
        u->state = UBOOT_STATE_SEND_RRQ;
        if (!board_stage_step(stage, STEP_ARP_ANSWERED, 0))
                return;
        board_stage_send_tftp_nonsense(stage);
        board_stage_set_timer(stage, TFTP_TIMEOUT_USEC);
        send_tftp(stage);
        board_stage_step(stage, STEP_RRQ_SENT, 0);
}

/* One option of an OACK. Returns NULL or why U-Boot refuses it. */
static const char *take_oack_option(BoardStage *stage, const char *name, uint64_t value) {
        UBoot *u = stage->state;

        if (strcasecmp(name, "blksize") == 0) {
                u->block_size = (uint16_t) value;
                return u->block_size > stage->options->block_size ? "blksize" : NULL;
        }
        if (strcasecmp(name, "timeout") == 0)
                return value != TFTP_TIMEOUT_SEC ? "timeout" : NULL;
        if (strcasecmp(name, "tsize") == 0)
                u->tsize = value;
        else if (strcasecmp(name, "windowsize") == 0 && stage->options->window_size > 1) {
                u->window_size = (uint16_t) value;
                if (value == 0 || value > stage->options->window_size)
                        report_oddity(stage->report, stage->name, "windowsize",
                                      "%" PRIu64 ", %u asked", value, stage->options->window_size);
        } else
                report_oddity(stage->report, stage->name, "oack-option", "\"%s\" was not asked for",
                              name);
        return NULL;
}

static void handle_oack(BoardStage *stage, const LinkFrame *frame, const uint8_t *p, size_t len) {
        UBoot *u = stage->state;
        const char *refused = NULL;

        if (u->state == UBOOT_STATE_DATA && !frame->is_copy)
                report_oddity(stage->report, stage->name, "late-oack",
                              "after block %u: U-Boot now takes only block 1", u->cur_block);
        u->state = UBOOT_STATE_OACK;
        while (len > 0) {
                const uint8_t *value = memchr(p, 0, len);
                const uint8_t *end =
                        value ? memchr(value + 1, 0, len - (size_t) (value + 1 - p)) : NULL;

                if (!end) {
                        report_oddity(stage->report, stage->name, "oack-end",
                                      "an option is not terminated");
                        break;
                }
                refused = take_oack_option(stage, (const char *) p,
                                           strtoull((const char *) value + 1, NULL, 10))
                                  ?: refused;
                len -= (size_t) (end + 1 - p);
                p = end + 1;
        }
        if (refused) {
                refuse_options(stage, refused);
                return;
        }
        stage->tally->block_size = u->block_size;
        stage->tally->window_size = u->window_size;
        u->next_ack = u->window_size;
        send_tftp(stage);
        board_stage_step(stage, STEP_OACK, 0);
}

/* The block is not the next one. Acknowledged (once) only if it is ahead: the gap is told to a
 * server that sends windows. The arithmetic is U-Boot's. */
static void handle_unexpected_block(BoardStage *stage, const LinkFrame *frame, uint16_t block) {
        UBoot *u = stage->state;

        if (block == u->cur_block && u->window_size == 1)
                board_stage_note_repeat(stage, frame, block);
        if ((uint16_t) (u->cur_block + 1) - (int16_t) block > 0)
                return;
        if (u->last_nack != u->cur_block) {
                send_tftp(stage);
                stage->tally->n_acks_again++;
                u->last_nack = u->cur_block;
                u->next_ack = (uint16_t) (u->cur_block + u->window_size);
        }
}

/* The first DATA, or the first after an OACK. Returns whether it is block 1. */
static bool begin_data(BoardStage *stage, uint16_t src_port) {
        UBoot *u = stage->state;

        if (u->state == UBOOT_STATE_SEND_RRQ) { /* no options acknowledged */
                u->next_ack = u->window_size;
                stage->tally->block_size = u->block_size;
                stage->tally->window_size = 1;
        }
        u->state = UBOOT_STATE_DATA;
        u->remote_port = src_port;
        u->prev_block = 0;
        u->n_wrapped = 0;
        if (u->cur_block != 1)
                board_stage_fail(stage, "First block is not block 1 (%u)", u->cur_block);
        return u->cur_block == 1;
}

static void finish(BoardStage *stage) {
        UBoot *u = stage->state;

        if (u->tsize != UINT64_MAX && u->tsize != stage->image_len)
                report_oddity(stage->report, stage->name, "tsize",
                              "%" PRIu64 " announced, %zu bytes came", u->tsize, stage->image_len);
        if (!board_stage_step(stage, STEP_LAST_BLOCK, 0))
                return;
        send_tftp(stage);
        if (board_stage_step(stage, STEP_BLOCK, u->n_wrapped + u->cur_block))
                board_stage_deliver(stage);
}

static void handle_data(BoardStage *stage, const LinkFrame *frame, const Packet *packet) {
        UBoot *u = stage->state;
        const uint8_t *data = packet->payload + 4;
        size_t len = packet->payload_len - 4;
        uint16_t block = get_be16(packet->payload + 2);

        if (block != (uint16_t) (u->cur_block + 1)) {
                handle_unexpected_block(stage, frame, block);
                return;
        }
        u->cur_block++;
        if (u->state != UBOOT_STATE_DATA && !begin_data(stage, packet->src_port))
                return;
        if (u->cur_block == u->prev_block)
                return;
        if (u->cur_block == 0 && u->prev_block != 0)
                u->n_wrapped += 65536;
        u->prev_block = u->cur_block;
        u->n_timeouts = 0;
        if (len > u->block_size)
                report_oddity(stage->report, stage->name, "long-block", "%zu bytes", len);
        board_stage_set_timer(stage, TFTP_TIMEOUT_USEC);
        board_stage_store(stage, (size_t) (u->n_wrapped + u->cur_block - 1) * u->block_size, data,
                          len);
        stage->last_data_usec = frame->arrival_usec;
        if (len < u->block_size) {
                finish(stage);
                return;
        }
        if (u->cur_block == u->next_ack) {
                send_tftp(stage);
                u->next_ack = (uint16_t) (u->next_ack + u->window_size);
        }
        board_stage_step(stage, STEP_BLOCK, u->n_wrapped + u->cur_block);
}

static void handle_error(BoardStage *stage, const Packet *packet) {
        unsigned code = get_be16(packet->payload + 2);
        char text[64];

        json_escape(packet->payload + 4, MIN_OF(packet->payload_len - 4, 32u), text, sizeof(text));
        report_oddity(stage->report, stage->name, "error", "ERROR %u: %s", code, text);
        board_stage_fail(stage, "TFTP error %u", code);
}

/* tftp_handler() */
static void handle_tftp(BoardStage *stage, const LinkFrame *frame, const Packet *packet) {
        const UBoot *u = stage->state;
        size_t len = packet->payload_len;

        if (u->state < UBOOT_STATE_SEND_RRQ)
                return;
        if (u->state != UBOOT_STATE_SEND_RRQ && packet->src_port != u->remote_port) {
                report_oddity(stage->report, stage->name, "second-port",
                              "TFTP from port %u, not %u", packet->src_port, u->remote_port);
                return;
        }
        if (packet->checksum == UDP_CHECKSUM_WRONG)
                report_oddity(stage->report, stage->name, "udp-checksum", "wrong in TFTP");
        if (len < 4) {
                report_oddity(stage->report, stage->name, "short-tftp", "%zu bytes", len);
                return;
        }
        switch (get_be16(packet->payload)) {
        case TFTP_OACK:
                ((UBoot *) stage->state)->remote_port = packet->src_port;
                handle_oack(stage, frame, packet->payload + 2, len - 2);
                break;
        case TFTP_DATA:
                handle_data(stage, frame, packet);
                break;
        case TFTP_ERROR:
                handle_error(stage, packet);
                break;
        default:
                report_oddity(stage->report, stage->name, "tftp-opcode", "%u",
                              get_be16(packet->payload));
        }
}

static void uboot_on_packet(BoardStage *stage, const LinkFrame *frame, const Packet *packet) {
        const UBoot *u = stage->state;

        if (packet->kind == PACKET_ARP)
                handle_arp(stage, packet);
        else if (stage->ip != 0 && packet->ip_dst != stage->ip && packet->ip_dst != IP_BROADCAST)
                report_oddity(stage->report, stage->name, "foreign-frame", "UDP for port %u",
                              packet->dst_port);
        else if (packet->dst_port == 68)
                handle_reply(stage, packet);
        else if (packet->dst_port == u->our_port)
                handle_tftp(stage, frame, packet);
        else
                report_oddity(stage->report, stage->name, "stray-udp", "port %u to %u",
                              packet->src_port, packet->dst_port);
}

static void uboot_on_timeout(BoardStage *stage) {
        UBoot *u = stage->state;

        switch (u->state) {
        case UBOOT_STATE_SELECTING:
        case UBOOT_STATE_REQUESTING:
                bootp_on_timeout(stage);
                break;
        case UBOOT_STATE_ARP:
                if (u->n_arps >= RETRY_COUNT)
                        board_stage_fail(stage, "ARP Retry count exceeded");
                else
                        send_arp(stage);
                break;
        case UBOOT_STATE_SEND_RRQ:
        case UBOOT_STATE_OACK:
        case UBOOT_STATE_DATA:
                if (++u->n_timeouts > TFTP_TIMEOUTS_MAX) {
                        board_stage_fail(stage, "Retry count exceeded");
                        break;
                }
                board_stage_set_timer(stage, TFTP_TIMEOUT_USEC);
                if (u->state != UBOOT_STATE_SEND_RRQ)
                        stage->tally->n_acks_again++;
                send_tftp(stage);
                break;
        }
}

Outcome board_uboot_run(BoardStage *stage) {
        static const StageOps ops = {
                .start = send_discover,
                .on_packet = uboot_on_packet,
                .on_timeout = uboot_on_timeout,
                .send_tftp = send_to_server,
        };
        UBoot u = {.bootp_timeout_ms = BOOTP_TIMEOUT_MS};

        stage->ops = &ops;
        stage->state = &u;
        return board_stage_run(stage);
}
