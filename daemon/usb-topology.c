/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "usb-topology.h"

#include <assert.h>

#include "parse-util.h"

#define FULL_SPEED_MBPS 12
#define HIGH_SPEED_MBPS 480

/* PCI Code and ID Assignment Specification: serial bus controller, USB, EHCI. */
#define PCI_CLASS_EHCI "0x0c0320"

/* The kernel (drivers/usb/core/usb-acpi.c) makes a location of the two group fields of ACPI's _PLD
 * and of this bit, which says that there is a _PLD. Firmware that leaves the groups empty gives all
 * its ports this number: it is no place. */
#define LOCATION_EMPTY UINT32_C(0x80000000)

/* Takes one to @n_max hexadecimal digits, in small letters, off @p. */
static bool take_hex(const char **p, size_t n_max, uint32_t *ret) {
        static const char digits[] = "0123456789abcdef";
        size_t n = strspn(*p, digits);
        uint32_t value = 0;

        if (n < 1 || n > n_max)
                return false;
        for (size_t i = 0; i < n; i++)
                value = value << 4 | (uint32_t) (strchr(digits, (*p)[i]) - digits);

        *p += n;
        *ret = value;
        return true;
}

static bool take_char(const char **p, char c) {
        if (**p != c)
                return false;

        *p += 1;
        return true;
}

/* "0000:00:1d.7": domain, which has more digits than four on some machines, bus, slot, function. */
static bool parse_pci_address(const char *p, UsbTopology *topology) {
        return take_hex(&p, 8, &topology->pci_domain) && take_char(&p, ':') &&
               take_hex(&p, 2, &topology->pci_bus) && take_char(&p, ':') &&
               take_hex(&p, 2, &topology->pci_slot) && take_char(&p, '.') &&
               take_hex(&p, 1, &topology->pci_function) && *p == '\0';
}

/* "0x80000101" */
static uint32_t parse_location(const char *p) {
        uint32_t location;

        if (!take_char(&p, '0') || !take_char(&p, 'x') || !take_hex(&p, 8, &location) ||
            *p != '\0' || location == LOCATION_EMPTY)
                return 0;
        return location;
}

UsbTopology usb_topology_parse(const UsbTopologyStrings *strings) {
        UsbTopology topology = {};
        uint64_t mbps;

        assert(strings);

        if (strings->root_speed && parse_u64(strings->root_speed, UINT32_MAX, &mbps) >= 0)
                topology.root_mbps = (uint32_t) mbps;
        if (strings->pci_address)
                topology.is_pci = parse_pci_address(strings->pci_address, &topology);
        topology.is_ehci = topology.is_pci && streq_ptr(strings->pci_class, PCI_CLASS_EHCI);
        if (strings->location)
                topology.location = parse_location(strings->location);
        if (strings->phys && strings->phys_size <= sizeof(topology.phys)) {
                memcpy(topology.phys, strings->phys, strings->phys_size);
                topology.phys_size = strings->phys_size;
        }
        return topology;
}

/* EHCI specification 1.0, 4.2: the companions are other functions of the same PCI device. The kernel
 * finds them by the same (drivers/usb/core/hcd-pci.c). */
static bool is_companion(const UsbTopology *full, const UsbTopology *high) {
        return high->is_ehci && full->pci_domain == high->pci_domain &&
               full->pci_bus == high->pci_bus && full->pci_slot == high->pci_slot &&
               full->pci_function != high->pci_function;
}

/* In a device tree the two controllers of a socket mostly name one PHY, with the same arguments
 * (Documentation/devicetree/bindings/phy). Where a PHY serves several sockets, those cannot be told apart; where the
 * arguments differ, as on R-Car, nothing is known. */
static bool have_same_phys(const UsbTopology *full, const UsbTopology *high) {
        return full->phys_size > 0 && full->phys_size == high->phys_size &&
               memcmp(full->phys, high->phys, full->phys_size) == 0;
}

bool usb_topology_may_be_same_socket(const UsbTopology *full, const UsbTopology *high) {
        bool is_told;

        assert(full);
        assert(high);

        if (full->root_mbps != FULL_SPEED_MBPS || high->root_mbps != HIGH_SPEED_MBPS)
                return false;

        is_told = full->location != 0 && high->location != 0;
        if (is_told && full->location != high->location)
                return false;

        /* Firmware uses a location again with each controller (the kernel, too, compares those of one
         * controller only): between PCI devices that are no companions it says nothing. */
        if (full->is_pci && high->is_pci)
                return is_companion(full, high);
        if (full->is_pci || high->is_pci)
                return false;
        return is_told || have_same_phys(full, high);
}
