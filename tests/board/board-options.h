/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The command line of sim-board: `sim-board --help` is its description. */

#include "board-faults.h"
#include "board-frame.h"
#include "macro.h"

enum {
        FILE_NAME_MAX = 128,
        ERROR_TEXT_MAX = 200,
};

typedef struct StageOptions {
        FrameFaults faults;
        StepRule pull;
        StepRule silent;
        StepRule flood;
        unsigned crawl_ms;
        StepRule error;
        uint32_t nonsense; /* 1 << NonsenseKind */
        uint8_t mac[MAC_LEN];
        const char *vci;
        const char *image_path;
        const char *ask_for; /* NULL: the file that it was told of */
} StageOptions;

typedef struct BoardOptions {
        const char *interface; /* or NULL: a gadget */
        unsigned gadget;       /* n of dummy_udc.n */
        bool has_stage[_BOARD_STAGE_MAX];
        StageOptions stages[_BOARD_STAGE_MAX];

        double time_scale;
        uint64_t seed;
        uint32_t delay_ms;
        uint64_t spl_delay_usec;
        uint64_t host_timeout_usec;
        uint64_t give_up_usec;
        uint64_t replug_usec; /* USEC_INFINITY: a board that was pulled stays away */
        bool replugs_for_ever;
        unsigned flood_rate; /* frames a second */

        bool plugs_on_input; /* the first time */
        bool has_rom_checksum;
        bool answers_arp;
        bool wants_plain_bootp;
        bool is_new_u_boot; /* constant xid, retries up to 60 s: v2025.10 */
        unsigned window_size;
        unsigned block_size;
        unsigned n_rom_again;
        const char *error_text;
        bool has_spl_device;
        bool has_spl_dhcp;
} BoardOptions;

/* Returns 1 when all is said (--help), 0 and the options, or -EINVAL after a message on standard
 * error. */
int board_options_parse(int argc, char *argv[], BoardOptions *ret);

/* @usec of the board's own time on this run's clock. */
uint64_t board_options_scale(const BoardOptions *options, uint64_t usec);
