/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the project knows of each SoC: one table. The USB ids are not here but in
 * systemd/70-snagd.rules, so that an administrator can add to them. */

#include "macro.h"
#include "string-table.h"

/* Which program on the board is talking. U-Boot proper is not a stage: it is the result. */
typedef enum Stage {
        STAGE_ROM, /* the boot ROM asks for the SPL */
        STAGE_SPL, /* the SPL asks for U-Boot */
        _STAGE_MAX,
} Stage;

DECLARE_STRING_TABLE(stage, Stage);

typedef struct Soc {
        const char *name; /* as on the command line, the bus and in ID_SNAGD_SOC */

        /* What else people call it: TI's chips of that kind, as Snagboot has them. NULL-terminated;
         * for the command line alone. */
        const char *const *aliases;

        /* What an SPL is linked for: U-Boot's SPL_TEXT_BASE. */
        uint32_t spl_load_addr;

        /* The most that the ROM loads into SRAM, in bytes. AM335x: 0x402F0400..0x4030B800, TRM
         * SPRUH73 26.1.9.2; AM437x: from where an SPL is linked for to U-Boot's
         * NON_SECURE_SRAM_IMG_END, 0x40337DE0. */
        uint32_t spl_size_max;

        /* DHCP option 60 of each stage, NULL-terminated. */
        const char *const *vendor_classes[_STAGE_MAX];
} Soc;

/* Returns the entry of that exact name, or NULL. */
const Soc *soc_find(const char *name);

/* The same for what a person wrote: any of its names, in capitals or not. */
const Soc *soc_find_by_alias(const char *word);

/* Returns entry @index, or NULL behind the last: the order in which they are listed to people. */
const Soc *soc_at(size_t index);
