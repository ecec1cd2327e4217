/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "board-stage.h"
#include "fd-util.h"

enum {
        /* A server's timer cannot be as fast as this; an answer to the second of two ACKs is. */
        DOUBLED_ACK_USEC = 20 * 1000,
        IMAGE_LEN_MAX = 256 * 1024 * 1024,
        NOISE_LEN = 300,
        FLOOD_EVERY_USEC = 1000,

        TFTP_ERROR = 5,
        TFTP_ERROR_TOO_LARGE = 3, /* as U-Boot numbers its "File too large" */
};

void board_stage_set_timer(BoardStage *stage, uint64_t usec) {
        stage->deadline_usec = now_usec() + board_options_scale(stage->options, usec);
}

void board_stage_fail(BoardStage *stage, const char *format, ...) {
        char text[sizeof(stage->tally->failure) / 2];
        va_list ap;

        if (stage->outcome != OUTCOME_NONE)
                return;
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        json_escape(text, strlen(text), stage->tally->failure, sizeof(stage->tally->failure));
        stage->outcome = OUTCOME_FAILED;
        report_event(stage->report, "failed", stage->name, "\"why\":\"%s\"", stage->tally->failure);
}

static double *step_time(StageTally *tally, BoardStep step, uint64_t block) {
        if (step == STEP_BOOTP_ANSWERED)
                return &tally->answer_ms;
        if (step == STEP_RRQ_SENT)
                return &tally->rrq_ms;
        if (step == STEP_BLOCK && block == 1)
                return &tally->first_ms;
        if (step == STEP_LAST_ACK)
                return &tally->last_ms;
        return NULL;
}

/* Sends an ERROR, and gives its transfer up. */
static void break_off(BoardStage *stage) {
        const char *text = stage->options->error_text;
        uint8_t packet[4 + ERROR_TEXT_MAX + 1] = {};

        put_be16(packet, TFTP_ERROR);
        put_be16(packet + 2, TFTP_ERROR_TOO_LARGE);
        memcpy(packet + 4, text, strlen(text));
        stage->ops->send_tftp(stage, packet, 4 + strlen(text) + 1);
        (void) board_link_flush(stage->link, now_usec() + USEC_PER_SEC);
        board_stage_fail(stage, "broke the transfer off: %s", text);
}

bool board_stage_step(BoardStage *stage, BoardStep step, uint64_t block) {
        bool is_pull = step_rule_matches(&stage->own->pull, step, block);
        bool is_error = step_rule_matches(&stage->own->error, step, block);
        bool is_silence = step_rule_matches(&stage->own->silent, step, block);
        bool is_flood = step_rule_matches(&stage->own->flood, step, block);
        double *ms = step_time(stage->tally, step, block);

        if (ms && *ms < 0)
                *ms = report_now_ms(stage->report);
        /* Of the blocks only those that matter: an image has hundreds. */
        if (step == STEP_BLOCK && (block == 1 || is_pull || is_silence || is_error || is_flood))
                report_event(stage->report, "step", stage->name,
                             "\"step\":\"block\",\"block\":%" PRIu64, block);
        else if (step != STEP_BLOCK)
                report_event(stage->report, "step", stage->name, "\"step\":\"%s\"",
                             board_step_name(step));
        if (is_silence && !stage->is_silent) {
                stage->is_silent = true;
                report_event(stage->report, "silent", stage->name, "\"step\":\"%s\"",
                             board_step_name(step));
        }
        if (is_flood && stage->flood_usec == 0) {
                stage->flood_usec = now_usec();
                report_event(stage->report, "flood", stage->name, "\"step\":\"%s\"",
                             board_step_name(step));
        }
        if (step == STEP_RRQ_SENT)
                board_link_set_lateness(stage->link, stage->own->crawl_ms * USEC_PER_MSEC);
        if (is_pull && stage->outcome == OUTCOME_NONE)
                stage->outcome = OUTCOME_PULLED;
        if (is_error && stage->outcome == OUTCOME_NONE && !stage->is_silent)
                break_off(stage);
        return stage->outcome == OUTCOME_NONE && !stage->is_silent && stage->flood_usec == 0;
}

void board_stage_send_udp(BoardStage *stage, uint32_t dst, uint16_t src_port, uint16_t dst_port,
                          const void *payload, size_t len) {
        uint8_t frame[FRAME_LEN_MAX];
        UdpSpec spec = {
                .ip_src = stage->ip,
                .ip_dst = dst,
                .src_port = src_port,
                .dst_port = dst_port,
                .want_checksum = stage->id == BOARD_ROM && stage->options->has_rom_checksum,
        };
        size_t frame_len;

        if (stage->is_silent)
                return;
        memcpy(spec.eth_src, stage->own->mac, MAC_LEN);
        memcpy(spec.eth_dst, dst == IP_BROADCAST ? mac_broadcast : stage->server_mac, MAC_LEN);
        frame_len = frame_build_udp(frame, &spec, payload, len);
        memcpy(stage->last_frame, frame, frame_len);
        stage->last_frame_len = frame_len;
        board_link_send(stage->link, frame, frame_len);
}

void board_stage_choose_file(BoardStage *stage) {
        if (stage->own->ask_for)
                (void) snprintf(stage->file, sizeof(stage->file), "%s", stage->own->ask_for);
}

int board_stage_wait_link(BoardStage *stage, uint64_t deadline_usec) {
        int r;

        if (stage->tally->link_ms >= 0 || stage->is_silent || stage->outcome != OUTCOME_NONE)
                return 0;
        r = board_link_flush(stage->link, deadline_usec);
        if (r == -EINTR)
                stage->outcome = OUTCOME_STOPPED;
        else if (r < 0 && r != -ETIMEDOUT)
                stage->outcome = OUTCOME_GONE;
        if (r < 0)
                return r;
        stage->tally->link_ms = report_now_ms(stage->report);
        report_event(stage->report, "link-up", stage->name, NULL);
        return 0;
}

static void send_arp(BoardStage *stage, uint16_t operation, const uint8_t *eth_dst,
                     const uint8_t *tha, uint32_t tpa) {
        uint8_t frame[FRAME_LEN_MAX];
        ArpSpec spec = {.operation = operation, .spa = stage->ip, .tpa = tpa};

        if (stage->is_silent)
                return;
        memcpy(spec.eth_dst, eth_dst, MAC_LEN);
        memcpy(spec.sha, stage->own->mac, MAC_LEN);
        memcpy(spec.tha, tha, MAC_LEN);
        board_link_send(stage->link, frame, frame_build_arp(frame, &spec));
}

void board_stage_send_arp_request(BoardStage *stage, uint32_t target) {
        static const uint8_t nobody[MAC_LEN];

        stage->tally->n_arp_requests++;
        send_arp(stage, ARP_REQUEST, mac_broadcast, nobody, target);
}

void board_stage_send_bootp(BoardStage *stage, uint8_t *payload, size_t size, size_t len) {
        if (stage->request_usec == 0 && !stage->is_silent) {
                for (unsigned i = 0; i < NONSENSE_FIRST_TFTP; i++) {
                        uint8_t copy[600];
                        size_t bad_len = len;

                        if (!(stage->own->nonsense & UINT32_C(1) << i))
                                continue;
                        memcpy(copy, payload, len);
                        nonsense_spoil_bootp((NonsenseKind) i, copy, sizeof(copy), &bad_len);
                        stage->tally->n_nonsense++;
                        report_event(stage->report, "nonsense", stage->name, "\"kind\":\"%s\"",
                                     nonsense_name((NonsenseKind) i));
                        board_stage_send_udp(stage, IP_BROADCAST, 68, 67, copy, bad_len);
                }
                stage->request_usec = now_usec();
                stage->tally->request_ms = report_now_ms(stage->report);
        }
        board_stage_send_udp(stage, IP_BROADCAST, 68, 67, payload, len);
}

void board_stage_send_tftp_nonsense(BoardStage *stage) {
        for (unsigned i = NONSENSE_FIRST_TFTP; i < _NONSENSE_MAX; i++) {
                uint8_t packet[700];
                size_t len;

                if (!(stage->own->nonsense & UINT32_C(1) << i))
                        continue;
                len = nonsense_build_tftp((NonsenseKind) i, stage->file, packet, sizeof(packet));
                stage->tally->n_nonsense++;
                report_event(stage->report, "nonsense", stage->name, "\"kind\":\"%s\"",
                             nonsense_name((NonsenseKind) i));
                /* A port each, so that the answer says what it answers. */
                board_stage_send_udp(stage, stage->server_ip, (uint16_t) (NONSENSE_TFTP_PORT + i),
                                     69, packet, len);
        }
}

bool board_stage_take_nonsense_reply(BoardStage *stage, const Packet *packet) {
        const uint8_t *p = packet->payload;
        unsigned kind;

        if (packet->dst_port == 68 && packet->payload_len >= 8 &&
            get_be32(p + 4) - NONSENSE_XID_BASE < NONSENSE_FIRST_TFTP) {
                kind = get_be32(p + 4) - NONSENSE_XID_BASE;
                report_event(stage->report, "nonsense-answered", stage->name, "\"kind\":\"%s\"",
                             nonsense_name((NonsenseKind) kind));
        } else if (packet->dst_port - NONSENSE_TFTP_PORT >= NONSENSE_FIRST_TFTP &&
                   packet->dst_port - NONSENSE_TFTP_PORT < _NONSENSE_MAX && stage->own->nonsense &&
                   packet->payload_len >= 4) {
                kind = packet->dst_port - NONSENSE_TFTP_PORT;
                report_event(stage->report, "nonsense-answered", stage->name,
                             "\"kind\":\"%s\",\"opcode\":%u,\"code\":%u",
                             nonsense_name((NonsenseKind) kind), get_be16(p), get_be16(p + 2));
        } else
                return false;
        stage->tally->n_nonsense_answered++;
        return true;
}

void board_stage_store(BoardStage *stage, size_t offset, const uint8_t *data, size_t len) {
        size_t end = offset + len;

        if (end > IMAGE_LEN_MAX) {
                board_stage_fail(stage, "the image does not end");
                return;
        }
        if (end > stage->image_allocated) {
                size_t wanted = MAX_OF(end, stage->image_allocated * 2);

                stage->image = realloc(stage->image, wanted);
                if (!stage->image)
                        abort();
                stage->image_allocated = wanted;
        }
        if (len > 0)
                memcpy(stage->image + offset, data, len);
        stage->image_len = MAX_OF(stage->image_len, end);
        stage->tally->n_blocks++;
        stage->tally->n_bytes = stage->image_len;
}

void board_stage_note_repeat(BoardStage *stage, const LinkFrame *frame, uint64_t block) {
        if (frame->is_copy)
                return;
        stage->tally->n_repeats++;
        /* Block 1 may answer a repeated RRQ. */
        if (block > 1 && frame->arrival_usec - stage->last_data_usec < DOUBLED_ACK_USEC)
                report_oddity(stage->report, stage->name, "data-repeated-at-once",
                              "block %" PRIu64 " again after %" PRIu64
                              " us: a repeated ACK must not cause DATA",
                              block, frame->arrival_usec - stage->last_data_usec);
}

/* Compares with the expected file: 1 equal, 0 not, -1 no file to compare with. */
static int compare_image(const BoardStage *stage) {
        _cleanup_fd_ int fd = -EBADF;
        _cleanup_free_ uint8_t *expected = NULL;
        struct stat st;
        size_t have = 0;

        if (!stage->own->image_path)
                return -1;
        fd = open(stage->own->image_path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0 || (size_t) st.st_size != stage->image_len)
                return 0;
        expected = malloc(stage->image_len + 1);
        if (!expected)
                abort();
        while (have < stage->image_len) {
                ssize_t n = read(fd, expected + have, stage->image_len - have);

                if (n <= 0)
                        return 0;
                have += (size_t) n;
        }
        return have == 0 || memcmp(expected, stage->image, have) == 0;
}

void board_stage_deliver(BoardStage *stage) {
        stage->tally->image_ok = compare_image(stage);
        stage->tally->is_delivered = true;
        if (!board_stage_step(stage, STEP_LAST_ACK, 0))
                return;
        if (stage->tally->image_ok == 0)
                board_stage_fail(stage, "the image is not the expected one");
        else
                stage->outcome = OUTCOME_DELIVERED;
}

/* Neither side of a quiet link sends anything that the recovery does not need. */
static void audit_unexpected(BoardStage *stage, const Packet *packet) {
        if (stage->request_usec == 0)
                report_oddity(stage->report, stage->name, "frame-before-first-request", "%s%s%s",
                              packet_kind_name(packet), packet->problem ? ": " : "",
                              packet->problem ?: "");
        if (packet->kind == PACKET_BROKEN)
                report_oddity(stage->report, stage->name, "broken-frame", "%s", packet->problem);
        else if (packet->kind == PACKET_ICMP)
                report_oddity(stage->report, stage->name, "icmp", "an ICMP message");
        else if (packet->kind == PACKET_OTHER || packet->kind == PACKET_IPV6 ||
                 packet->kind == PACKET_IGMP)
                report_oddity(stage->report, stage->name, "unexpected-frame",
                              "%s, ethertype %04x, protocol %u", packet_kind_name(packet),
                              packet->ethertype, packet->ip_protocol);
}

/* U-Boot's arp_receive(): answers for its own address once it has one. */
static void handle_arp(BoardStage *stage, const Packet *packet) {
        if (packet->arp_spa == packet->arp_tpa)
                report_oddity(stage->report, stage->name, "arp-announcement", "by the host");
        if (packet->arp_operation != ARP_REQUEST || stage->ip == 0 || packet->arp_tpa != stage->ip)
                return;
        if (!stage->options->answers_arp)
                return;
        stage->tally->n_arp_answers_sent++;
        send_arp(stage, ARP_REPLY, packet->eth_src, packet->arp_sha, packet->arp_spa);
}

static bool is_for_us(const BoardStage *stage, const Packet *packet) {
        return memcmp(packet->eth_dst, stage->own->mac, MAC_LEN) == 0 ||
               memcmp(packet->eth_dst, mac_broadcast, MAC_LEN) == 0;
}

static void handle_frame(BoardStage *stage, const LinkFrame *frame) {
        Packet packet;

        packet_parse(frame->data, frame->len, frame->is_offloaded, &packet);
        if (memcmp(packet.eth_src, stage->own->mac, MAC_LEN) == 0)
                return; /* our own, reflected by a bridge */
        audit_unexpected(stage, &packet);
        if (packet.kind == PACKET_UDP && !is_for_us(stage, &packet)) {
                report_oddity(stage->report, stage->name, "foreign-frame", "UDP for port %u",
                              packet.dst_port);
                return;
        }
        if (packet.kind == PACKET_ARP)
                handle_arp(stage, &packet);
        if (stage->is_silent || stage->flood_usec > 0)
                return;
        if (packet.kind == PACKET_UDP && board_stage_take_nonsense_reply(stage, &packet))
                return;
        if (packet.kind == PACKET_UDP || packet.kind == PACKET_ARP)
                stage->ops->on_packet(stage, frame, &packet);
}

/* What has come before the stage has sent anything; nothing should have. */
static void audit_early_frames(BoardStage *stage, LinkFrame *frame) {
        Packet packet;

        while (board_link_wait(stage->link, 0, frame) > 0) {
                packet_parse(frame->data, frame->len, frame->is_offloaded, &packet);
                audit_unexpected(stage, &packet);
        }
}

/* Whom it asks for: the address that the host of this product has. */
#define NOISE_ARP_TARGET UINT32_C(0xc0a80064)

/* A request as if it came from any address that can be one. */
static void make_arp_noise(BoardStage *stage) {
        uint8_t frame[FRAME_LEN_MAX];
        ArpSpec spec = {
                .operation = ARP_REQUEST,
                .spa = UINT32_C(0x0a000000) | fault_dice_u32(&stage->dice) >> 8,
                .tpa = NOISE_ARP_TARGET,
        };

        memcpy(spec.eth_dst, mac_broadcast, MAC_LEN);
        memcpy(spec.sha, stage->own->mac, MAC_LEN);
        board_link_send(stage->link, frame, frame_build_arp(frame, &spec));
}

/* A board that has sent nothing yet: any bytes, for BOOTP and for TFTP in turn, and ARP. */
static void make_noise(BoardStage *stage) {
        uint8_t noise[NOISE_LEN];

        if (stage->tally->n_flooded % 3 == 0) {
                make_arp_noise(stage);
                return;
        }
        for (size_t i = 0; i < sizeof(noise); i++)
                noise[i] = (uint8_t) fault_dice_u32(&stage->dice);
        board_stage_send_udp(stage, IP_BROADCAST, 68, stage->tally->n_flooded % 3 == 1 ? 69 : 67,
                             noise, sizeof(noise));
        stage->last_frame_len = 0;
}

/* When so many frames as were sent so far are due. */
static uint64_t next_flood(const BoardStage *stage) {
        if (stage->flood_usec == 0)
                return USEC_INFINITY;
        return stage->flood_usec +
               stage->tally->n_flooded * USEC_PER_SEC / stage->options->flood_rate;
}

/* All that is due. What the link cannot take is dropped, as by a device whose queue is full. */
static void flood(BoardStage *stage) {
        uint64_t now = now_usec();

        while (next_flood(stage) <= now) {
                if (stage->last_frame_len > 0)
                        board_link_send(stage->link, stage->last_frame, stage->last_frame_len);
                else
                        make_noise(stage);
                stage->tally->n_flooded++;
        }
}

static uint64_t next_wakeup(const BoardStage *stage) {
        uint64_t usec = MIN_OF(stage->deadline_usec, stage->give_up_usec);
        uint64_t flood_usec = next_flood(stage);

        /* Several frames at a time: to be woken up for each costs more than to send it. */
        if (flood_usec < USEC_INFINITY)
                usec = MIN_OF(usec, MAX_OF(flood_usec, now_usec() + FLOOD_EVERY_USEC));
        return usec;
}

static Outcome outcome_of_link(int r) {
        return r == -EINTR ? OUTCOME_STOPPED : OUTCOME_GONE;
}

Outcome board_stage_run(BoardStage *stage) {
        _cleanup_free_ LinkFrame *frame = calloc(1, sizeof(*frame));

        if (!frame)
                abort();
        stage->start_usec = now_usec();
        stage->deadline_usec = USEC_INFINITY;
        audit_early_frames(stage, frame);
        if (board_stage_step(stage, STEP_PLUG, 0))
                stage->ops->start(stage);
        while (stage->outcome == OUTCOME_NONE) {
                int r = board_link_wait(stage->link, next_wakeup(stage), frame);

                if (r < 0)
                        stage->outcome = outcome_of_link(r);
                else if (now_usec() >= stage->give_up_usec)
                        stage->outcome = OUTCOME_GIVEN_UP;
                else if (r > 0)
                        handle_frame(stage, frame);
                else if (stage->is_silent || stage->flood_usec > 0)
                        stage->deadline_usec = USEC_INFINITY; /* hangs, but for the flood */
                else {
                        stage->deadline_usec = USEC_INFINITY;
                        stage->ops->on_timeout(stage);
                }
                flood(stage);
        }
        /* The last ACK leaves before the device does: U-Boot's send waits for it. */
        if (stage->outcome == OUTCOME_DELIVERED)
                (void) board_link_flush(stage->link, now_usec() + USEC_PER_SEC);
        free(stage->image);
        stage->image = NULL;
        return stage->outcome;
}
