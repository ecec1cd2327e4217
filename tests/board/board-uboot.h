/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* U-Boot's network code as the SPL runs it, and U-Boot proper's first DHCP. board-uboot.c says
 * how. */

#include "board-stage.h"

/* Fills in what is U-Boot's own; the caller has set id, options, link, report, tally and times.
 * For BOARD_UBOOT the stage is well when nobody has answered. */
Outcome board_uboot_run(BoardStage *stage);
