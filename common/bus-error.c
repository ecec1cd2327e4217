/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "bus-error.h"

#include <assert.h>
#include <errno.h>
#include <systemd/sd-bus.h>

#include "bus-contract.h"

static const sd_bus_error_map error_map[] = {
        SD_BUS_ERROR_MAP(BUS_ERROR_UNKNOWN_SOC, EINVAL),
        SD_BUS_ERROR_MAP(BUS_ERROR_INVALID_PORT, EINVAL),
        SD_BUS_ERROR_MAP(BUS_ERROR_INVALID_OPTION, EINVAL),
        SD_BUS_ERROR_MAP(BUS_ERROR_NOT_AUTHORIZED, EACCES),
        SD_BUS_ERROR_MAP(BUS_ERROR_NO_AUTHORITY, ENOLINK),
        SD_BUS_ERROR_MAP(BUS_ERROR_NOT_OWNER, EPERM),
        SD_BUS_ERROR_MAP(BUS_ERROR_LIMIT_EXCEEDED, EDQUOT),
        SD_BUS_ERROR_MAP(BUS_ERROR_PORT_BUSY, EBUSY),
        SD_BUS_ERROR_MAP(BUS_ERROR_INTERFACE_BUSY, EADDRINUSE),
        SD_BUS_ERROR_MAP(BUS_ERROR_SESSION_GONE, ENXIO),
        SD_BUS_ERROR_MAP(BUS_ERROR_WRONG_STATE, EBADFD),
        SD_BUS_ERROR_MAP(BUS_ERROR_KERNEL_UNSUPPORTED, EOPNOTSUPP),
        SD_BUS_ERROR_MAP(BUS_ERROR_LINK_FAILED, EREMOTEIO),
        SD_BUS_ERROR_MAP(BUS_ERROR_SHUTTING_DOWN, ESHUTDOWN),
        SD_BUS_ERROR_MAP(BUS_ERROR_NO_MEMORY, ENOMEM),
        SD_BUS_ERROR_MAP_END,
};

int bus_error_to_errno(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(error_map) - 1; i++)
                if (streq(error_map[i].name, name))
                        return -error_map[i].code;

        return -EIO;
}

int bus_error_register(void) {
        return sd_bus_error_add_map(error_map);
}
