/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The boot ROM of an AM335x: plain BOOTP, ARP, TFTP without options. board-rom.c says how. */

#include "board-stage.h"

/* Fills in what is the ROM's own; the caller has set options, link, report, tally and times. */
Outcome board_rom_run(BoardStage *stage);
