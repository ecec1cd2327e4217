/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "session-spec.h"

#include <assert.h>

#include "bus-contract.h"
#include "usb-port.h"

int session_spec_parse(const char *soc, const char *port, const char *stage, uid_t owner_uid,
                       SessionSpec *ret, Failure *failure) {
        const Soc *found;
        int first_stage = STAGE_ROM;

        assert(soc);
        assert(ret);

        /* What is not valid is not repeated: it may be of any length and hold anything. */
        found = soc_find(soc);
        if (!found)
                return failure_set(failure, BUS_ERROR_UNKNOWN_SOC,
                                   "This SoC is not known. The property SupportedSocs lists those "
                                   "that are.");

        if (port && !usb_place_is_valid(port))
                return failure_set(failure, BUS_ERROR_INVALID_PORT,
                                   "This is not a USB port. Give it as 'snagctl list' shows it, "
                                   "like 1-1.4, or as udev's ID_PATH.");

        if (stage)
                first_stage = stage_from_string(stage);
        if (first_stage < 0)
                return failure_set(failure, BUS_ERROR_INVALID_OPTION,
                                   "The option 'stage' is either 'rom' or 'spl'.");

        *ret = (SessionSpec){
                .soc = found,
                .port = port,
                .first_stage = (Stage) first_stage,
                .owner_uid = owner_uid,
        };
        return 0;
}
