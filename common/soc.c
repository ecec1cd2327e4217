/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "soc.h"

#include <assert.h>

static const char *const stage_table[_STAGE_MAX] = {
        [STAGE_ROM] = "rom",
        [STAGE_SPL] = "spl",
};
DEFINE_STRING_TABLE(stage, Stage);

static const Soc soc_table[] = {
        {
                .name = "am335x",
                .spl_load_addr = 0x402F0400,
                .spl_size_max = 0x4030B800 - 0x402F0400,
                .vendor_classes =
                        {
                                /* PG1.0 calls itself by the older chip's name: SPRZ360 1.0.8. */
                                [STAGE_ROM] = (const char *const[]){"AM335x ROM", "DM814x ROM v1.0",
                                                                    NULL},
                                [STAGE_SPL] = (const char *const[]){"AM335x U-Boot SPL",
                                                                    "AM33xx U-Boot SPL", NULL},
                        },
        },
};

const Soc *soc_find(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(soc_table); i++)
                if (streq(soc_table[i].name, name))
                        return &soc_table[i];

        return NULL;
}

const Soc *soc_at(size_t index) {
        return index < ELEMENTSOF(soc_table) ? &soc_table[index] : NULL;
}
