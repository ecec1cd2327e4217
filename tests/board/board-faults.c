/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>

#include "board-faults.h"
#include "board-frame.h"
#include "parse-util.h"
#include "string-table.h"

static const char *const board_stage_table[_BOARD_STAGE_MAX] = {
        [BOARD_ROM] = "rom",
        [BOARD_SPL] = "spl",
        [BOARD_UBOOT] = "u-boot",
};

static const char *const board_step_table[_STEP_MAX] = {
        [STEP_NONE] = "none",
        [STEP_PLUG] = "plug",
        [STEP_BOOTP_SENT] = "bootp-sent",
        [STEP_OFFERED] = "offered",
        [STEP_REQUEST_SENT] = "request-sent",
        [STEP_BOOTP_ANSWERED] = "bootp-answered",
        [STEP_ARP_SENT] = "arp-sent",
        [STEP_ARP_ANSWERED] = "arp-answered",
        [STEP_RRQ_SENT] = "rrq-sent",
        [STEP_OACK] = "oack",
        [STEP_BLOCK] = "block",
        [STEP_LAST_BLOCK] = "last-block",
        [STEP_LAST_ACK] = "last-ack",
};

static const char *const nonsense_table[_NONSENSE_MAX] = {
        [NONSENSE_OP] = "op",
        [NONSENSE_HTYPE] = "htype",
        [NONSENSE_HLEN] = "hlen",
        [NONSENSE_SHORT] = "short",
        [NONSENSE_EMPTY] = "empty",
        [NONSENSE_NO_END] = "no-end",
        [NONSENSE_OVERRUN] = "overrun",
        [NONSENSE_GIADDR] = "giaddr",
        [NONSENSE_MAGIC] = "magic",
        [NONSENSE_RRQ_NO_NUL] = "rrq-no-nul",
        [NONSENSE_RRQ_PATH] = "rrq-path",
        [NONSENSE_RRQ_NETASCII] = "rrq-netascii",
        [NONSENSE_RRQ_UNKNOWN] = "rrq-unknown",
        [NONSENSE_WRQ] = "wrq",
        [NONSENSE_OPTION_STORM] = "option-storm",
        [NONSENSE_OPCODE] = "opcode",
        [NONSENSE_TINY] = "tiny",
};

static int table_find(const char *const *table, size_t n, const char *string) {
        for (size_t i = 0; i < n; i++)
                if (streq(table[i], string))
                        return (int) i;
        return -EINVAL;
}

const char *board_stage_name(BoardStageId id) {
        return board_stage_table[id];
}

const char *board_step_name(BoardStep step) {
        return board_step_table[step];
}

const char *nonsense_name(NonsenseKind kind) {
        return nonsense_table[kind];
}

int step_rule_parse(const char *string, StepRule *ret) {
        uint64_t block = 0;
        int r;

        if (strncmp(string, "block=", STRLEN("block=")) == 0) {
                r = parse_u64(string + STRLEN("block="), UINT32_MAX, &block);
                if (r < 0)
                        return r;
                *ret = (StepRule){.step = STEP_BLOCK, .block = block};
                return 0;
        }
        r = table_find(board_step_table, _STEP_MAX, string);
        if (r < 0 || r == STEP_NONE || r == STEP_BLOCK)
                return -EINVAL;
        *ret = (StepRule){.step = (BoardStep) r};
        return 0;
}

bool step_rule_matches(const StepRule *rule, BoardStep step, uint64_t block) {
        return rule->step == step && (step != STEP_BLOCK || rule->block == block);
}

int nonsense_parse(const char *string, uint32_t *mask) {
        int r;

        if (streq(string, "all")) {
                *mask |= (UINT32_C(1) << _NONSENSE_MAX) - 1;
                return 0;
        }
        r = table_find(nonsense_table, _NONSENSE_MAX, string);
        if (r < 0)
                return r;
        *mask |= UINT32_C(1) << r;
        return 0;
}

void nonsense_spoil_bootp(NonsenseKind kind, uint8_t *request, size_t size, size_t *len) {
        put_be32(request + 4, NONSENSE_XID_BASE + kind);
        switch (kind) {
        case NONSENSE_OP:
                request[0] = 2;
                break;
        case NONSENSE_HTYPE:
                request[1] = 99;
                break;
        case NONSENSE_HLEN:
                request[2] = 255;
                break;
        case NONSENSE_SHORT:
                *len = 235;
                break;
        case NONSENSE_EMPTY:
                *len = 0;
                break;
        case NONSENSE_NO_END: /* pad only, up to the last byte */
                for (size_t i = 240; i < *len; i++)
                        if (request[i] == 255)
                                request[i] = 0;
                break;
        case NONSENSE_OVERRUN:
                memset(request + 240, 0, *len - 240);
                request[*len - 2] = 60;
                request[*len - 1] = 255;
                break;
        case NONSENSE_GIADDR:
                put_be32(request + 24, 0xc0a80001);
                break;
        case NONSENSE_MAGIC:
                put_be32(request + 236, 0xdeadbeef);
                break;
        case NONSENSE_RRQ_NO_NUL:
        case NONSENSE_RRQ_PATH:
        case NONSENSE_RRQ_NETASCII:
        case NONSENSE_RRQ_UNKNOWN:
        case NONSENSE_WRQ:
        case NONSENSE_OPTION_STORM:
        case NONSENSE_OPCODE:
        case NONSENSE_TINY:
        case _NONSENSE_MAX:
                break;
        }
}

/* Opcode, name and mode, each with its NUL. */
static size_t put_tftp_request(uint8_t *p, size_t size, uint16_t opcode, const char *file,
                               const char *mode) {
        put_be16(p, opcode);
        return 2 + (size_t) snprintf((char *) p + 2, size - 2, "%s%c%s", file, 0, mode) + 1;
}

size_t nonsense_build_tftp(NonsenseKind kind, const char *file, uint8_t *buffer, size_t size) {
        size_t len;

        switch (kind) {
        case NONSENSE_RRQ_NO_NUL:
                return put_tftp_request(buffer, size, 1, file, "octet") - 1;
        case NONSENSE_RRQ_PATH:
                return put_tftp_request(buffer, size, 1, "../../../../etc/passwd", "octet");
        case NONSENSE_RRQ_NETASCII:
                return put_tftp_request(buffer, size, 1, file, "netascii");
        case NONSENSE_RRQ_UNKNOWN:
                return put_tftp_request(buffer, size, 1, "no-such-file.bin", "octet");
        case NONSENSE_WRQ:
                return put_tftp_request(buffer, size, 2, file, "octet");
        case NONSENSE_OPTION_STORM: /* 500 bytes of options, the last one without its value */
                len = put_tftp_request(buffer, size, 1, file, "octet");
                for (unsigned i = 0; len < 500; i++)
                        len += (size_t) snprintf((char *) buffer + len, size - len, "o%u%c%u", i, 0,
                                                 i) +
                               1;
                return len - 2;
        case NONSENSE_OPCODE:
                put_be16(buffer, 77);
                return 4;
        case NONSENSE_TINY:
                buffer[0] = 0;
                return 1;
        case NONSENSE_OP:
        case NONSENSE_HTYPE:
        case NONSENSE_HLEN:
        case NONSENSE_SHORT:
        case NONSENSE_EMPTY:
        case NONSENSE_NO_END:
        case NONSENSE_OVERRUN:
        case NONSENSE_GIADDR:
        case NONSENSE_MAGIC:
        case _NONSENSE_MAX:
                break;
        }
        return 0;
}

/* splitmix64: small, and good for every seed including 0. */
static uint64_t dice_next(FaultDice *dice) {
        uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

uint32_t fault_dice_u32(FaultDice *dice) {
        return (uint32_t) (dice_next(dice) >> 32);
}

FrameFate fault_dice_throw(FaultDice *dice, const FrameFaults *faults) {
        unsigned eye = fault_dice_u32(dice) % 100;

        if (eye < faults->loss)
                return FATE_LOSE;
        eye -= faults->loss;
        if (eye < faults->duplicate)
                return FATE_REPEAT;
        eye -= faults->duplicate;
        if (eye < faults->reorder)
                return FATE_REORDER;
        eye -= faults->reorder;
        return eye < faults->delay ? FATE_DELAY : FATE_PASS;
}
