/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What goes wrong on purpose: the steps at which a board can be pulled or fall silent, the fate of
 * single frames, and requests that are nonsense. Pure; the randomness is a seeded generator, so
 * that a run can be repeated. */

#include "macro.h"

typedef enum BoardStageId {
        BOARD_ROM,
        BOARD_SPL,
        BOARD_UBOOT, /* U-Boot proper: asks for an address that nobody should give it */
        _BOARD_STAGE_MAX,
} BoardStageId;

const char *board_stage_name(BoardStageId id); /* "rom", "spl", "u-boot" */

/* In the order in which a stage goes through them. */
typedef enum BoardStep {
        STEP_NONE,
        STEP_PLUG,           /* on the bus, and the host's driver has initialised it */
        STEP_BOOTP_SENT,     /* the first BOOTP request or DHCPDISCOVER */
        STEP_OFFERED,        /* DHCP only: an OFFER has come */
        STEP_REQUEST_SENT,   /* DHCP only: the first DHCPREQUEST */
        STEP_BOOTP_ANSWERED, /* BOOTP reply or DHCPACK taken */
        STEP_ARP_SENT,
        STEP_ARP_ANSWERED,
        STEP_RRQ_SENT,
        STEP_OACK,       /* SPL only: ACK 0 sent */
        STEP_BLOCK,      /* ACK of block n sent */
        STEP_LAST_BLOCK, /* the last block has come; its ACK is not sent yet */
        STEP_LAST_ACK,
        _STEP_MAX,
} BoardStep;

typedef struct StepRule {
        BoardStep step; /* STEP_NONE: no rule */
        uint64_t block; /* of STEP_BLOCK, from 1, not wrapped */
} StepRule;

const char *board_step_name(BoardStep step);

/* "rrq-sent" or "block=17". Returns 0 or -EINVAL. */
int step_rule_parse(const char *string, StepRule *ret);
bool step_rule_matches(const StepRule *rule, BoardStep step, uint64_t block);

typedef enum NonsenseKind {
        /* BOOTP, sent just before the first request, with an xid of its own */
        NONSENSE_OP,
        NONSENSE_HTYPE,
        NONSENSE_HLEN,
        NONSENSE_SHORT,
        NONSENSE_EMPTY,
        NONSENSE_NO_END,
        NONSENSE_OVERRUN, /* an option that runs past the end */
        NONSENSE_GIADDR,  /* as if a relay had sent it */
        NONSENSE_MAGIC,
        /* TFTP, sent just before the first RRQ, from port 1235 */
        NONSENSE_RRQ_NO_NUL,
        NONSENSE_RRQ_PATH,
        NONSENSE_RRQ_NETASCII,
        NONSENSE_RRQ_UNKNOWN,
        NONSENSE_WRQ,
        NONSENSE_OPTION_STORM,
        NONSENSE_OPCODE,
        NONSENSE_TINY,
        _NONSENSE_MAX,
} NonsenseKind;

#define NONSENSE_XID_BASE UINT32_C(0x4e4f4e00)
/* And the ports behind it: neither the ROM's (1234) nor one that U-Boot may choose (1024 to 4095). */
#define NONSENSE_TFTP_PORT  5000
#define NONSENSE_FIRST_TFTP NONSENSE_RRQ_NO_NUL

const char *nonsense_name(NonsenseKind kind);

/* A name or "all"; ORs 1 << kind into *mask. Returns 0 or -EINVAL. */
int nonsense_parse(const char *string, uint32_t *mask);

/* Makes nonsense out of @request, a good BOOTP request of *len bytes in a buffer of @size. */
void nonsense_spoil_bootp(NonsenseKind kind, uint8_t *request, size_t size, size_t *len);

/* Writes a nonsense TFTP packet into @buffer of at least 600 bytes; @file is the good name. */
size_t nonsense_build_tftp(NonsenseKind kind, const char *file, uint8_t *buffer, size_t size);

/* Percentages for each frame, both directions. */
typedef struct FrameFaults {
        unsigned loss, duplicate, reorder, delay;
} FrameFaults;

typedef enum FrameFate {
        FATE_PASS,
        FATE_LOSE,
        FATE_REPEAT,
        FATE_REORDER, /* behind the next frame of its direction */
        FATE_DELAY,
} FrameFate;

typedef struct FaultDice {
        uint64_t state;
} FaultDice;

FrameFate fault_dice_throw(FaultDice *dice, const FrameFaults *faults);
uint32_t fault_dice_u32(FaultDice *dice);
