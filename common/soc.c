/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "soc.h"

#include <assert.h>
#include <strings.h>

static const char *const stage_table[_STAGE_MAX] = {
        [STAGE_ROM] = "rom",
        [STAGE_SPL] = "spl",
};
DEFINE_STRING_TABLE(stage, Stage);

static const Soc soc_table[] = {
        {
                .name = "am335x",
                .aliases = (const char *const[]){"am3351", "am3352", "am3354", "am3356", "am3357",
                                                 "am3358", "am3359", "am33xx", NULL},
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
        {
                .name = "am437x",
                .aliases = (const char *const[]){"am4372", "am4376", "am4377", "am4378", "am4379",
                                                 "am43xx", NULL},
                .spl_load_addr = 0x402F4000,
                .spl_size_max = 0x40337DE0 - 0x402F4000,
                .vendor_classes =
                        {
                                [STAGE_ROM] = (const char *const[]){"AM43xx ROM", NULL},
                                [STAGE_SPL] = (const char *const[]){"AM43xx U-Boot SPL", NULL},
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

const Soc *soc_find_by_alias(const char *word) {
        assert(word);

        for (size_t i = 0; i < ELEMENTSOF(soc_table); i++) {
                if (strcasecmp(soc_table[i].name, word) == 0)
                        return &soc_table[i];
                for (const char *const *alias = soc_table[i].aliases; *alias; alias++)
                        if (strcasecmp(*alias, word) == 0)
                                return &soc_table[i];
        }

        return NULL;
}

const Soc *soc_at(size_t index) {
        return index < ELEMENTSOF(soc_table) ? &soc_table[index] : NULL;
}
