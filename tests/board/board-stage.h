/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the ROM and U-Boot have in common: one network stack that polls, one timer, one image to
 * fetch. A stage is a state machine of two handlers; this file runs it on a link until it ends,
 * answers ARP for it, and applies the rules "pulled after", "silent after" and "flood after".
 *
 * Nothing happens while a stage waits in a handler (U-Boot's send does): as on the board. */

#include "board-faults.h"
#include "board-frame.h"
#include "board-link.h"
#include "board-options.h"
#include "macro.h"
#include "report.h"

typedef enum Outcome {
        OUTCOME_NONE, /* still running */
        OUTCOME_DELIVERED,
        OUTCOME_FAILED,
        OUTCOME_PULLED,
        OUTCOME_GONE,     /* the interface vanished under it */
        OUTCOME_STOPPED,  /* by a signal */
        OUTCOME_GIVEN_UP, /* --give-up */
} Outcome;

typedef struct BoardStage BoardStage;

typedef struct StageOps {
        void (*start)(BoardStage *stage);
        void (*on_packet)(BoardStage *stage, const LinkFrame *frame, const Packet *packet);
        void (*on_timeout)(BoardStage *stage);
        /* To the server's port of the transfer. */
        void (*send_tftp)(BoardStage *stage, const void *packet, size_t len);
} StageOps;

struct BoardStage {
        BoardStageId id;
        const char *name;
        const BoardOptions *options;
        const StageOptions *own; /* options->stages[id] */
        const StageOps *ops;
        BoardLink *link;   /* not owned */
        Report *report;    /* not owned */
        StageTally *tally; /* not owned */
        FaultDice dice;    /* xids, jitter */

        uint64_t start_usec;
        uint64_t give_up_usec;  /* CLOCK_MONOTONIC */
        uint64_t deadline_usec; /* the stage's timer; USEC_INFINITY: off */
        uint64_t request_usec;  /* of the first BOOTP request; 0: none yet */
        bool is_silent;
        Outcome outcome;

        uint64_t flood_usec; /* floods since then; 0: does not */
        uint8_t last_frame[FRAME_LEN_MAX];
        size_t last_frame_len; /* 0: nothing but ARP was sent */

        uint32_t ip; /* 0: none yet */
        uint32_t netmask, router;
        uint32_t server_ip;
        uint8_t server_mac[MAC_LEN];
        bool has_server_mac;
        char file[FILE_NAME_MAX + 1];

        uint8_t *image; /* owned */
        size_t image_len, image_allocated;

        /* Of the last new block: tells a repeat that a repeated ACK caused from the server's timer. */
        uint64_t last_data_usec;

        void *state; /* of the stage's own file */
};

/* Runs a stage to its end. @interrupted by the link's stop fd. Frees what it allocated. */
Outcome board_stage_run(BoardStage *stage);

/* U-Boot's clock and the ROM's: a timer @usec from now, scaled. */
void board_stage_set_timer(BoardStage *stage, uint64_t usec);

/* A step was reached: reported; may pull or silence the board, or break its transfer off. Returns
 * whether to go on. */
bool board_stage_step(BoardStage *stage, BoardStep step, uint64_t block);

void board_stage_fail(BoardStage *stage, const char *format, ...) _printf_(2, 3);

/* All of the image is there, and its last ACK sent. */
void board_stage_deliver(BoardStage *stage);

/* Sends UDP from the stage's address; broadcasts go to the broadcast MAC. Silent boards do not. */
void board_stage_send_udp(BoardStage *stage, uint32_t dst, uint16_t src_port, uint16_t dst_port,
                          const void *payload, size_t len);
void board_stage_send_arp_request(BoardStage *stage, uint32_t target);

/* As above, from 0.0.0.0:68 to everybody's port 67, with the nonsense that was asked for before the
 * first one. @payload is in a buffer of @size bytes. */
void board_stage_send_bootp(BoardStage *stage, uint8_t *payload, size_t size, size_t len);

/* The stage has its file's name: what it really asks for, as it was told on the command line. */
void board_stage_choose_file(BoardStage *stage);

/* Waits until the host has fetched what was sent, which means that its link is up; reads nothing
 * meanwhile. At once if that is known already. Returns 0, -ETIMEDOUT, or another error, in which
 * case the outcome is set. */
int board_stage_wait_link(BoardStage *stage, uint64_t deadline_usec);

/* The nonsense of TFTP, once. */
void board_stage_send_tftp_nonsense(BoardStage *stage);

/* Counts a reply to nonsense; returns whether @packet is one. */
bool board_stage_take_nonsense_reply(BoardStage *stage, const Packet *packet);

/* Puts bytes of the image where they belong. */
void board_stage_store(BoardStage *stage, size_t offset, const uint8_t *data, size_t len);

/* A DATA block came again that the board has had: counted, and listed when a doubled ACK caused
 * it. */
void board_stage_note_repeat(BoardStage *stage, const LinkFrame *frame, uint64_t block);
