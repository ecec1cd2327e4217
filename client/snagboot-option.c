/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "snagboot-option.h"

#include <assert.h>

#define SOC_ADVICE "the SoC stands without it: 'snagctl recover am335x …'"

/* snagctl(1) has all of them, under COMING FROM SNAGBOOT. -t, its short --template, is more often the beginning
 * of something else. */
static const struct {
        const char *name;
        const char *advice;
} table[] = {
        {"--am335x-setup", "there is nothing to set up, snagd does that"},
        {"--baudrate", "only USB is spoken here"},
        {"--list-socs", "they are am335x and am437x, see 'snagctl recover --help'"},
        {"--logfile", "messages go to standard error ('2>FILE'), packets by '--capture FILE'"},
        {"--loglevel", "there are --verbose and --quiet"},
        {"--netns", "each recovery has a network namespace of its own"},
        {"--rom-usb", "a port is named by --port; for USB ids of your own see snagd(8), BOARDS"},
        {"--soc", SOC_ADVICE},
        {"--template", "snagctl(1) has one, with the option -f"},
        {"--uart", "only USB is spoken here"},
        {"--udev", "the rules are installed with snagd"},
        {"--usb-path", "a port is named by --port"},
        {"-s", SOC_ADVICE},
};

const char *snagboot_option_get_advice(const char *option) {
        assert(option);

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (streq(option, table[i].name))
                        return table[i].advice;

        return NULL;
}
