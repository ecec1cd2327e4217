/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether two USB ports may be one socket.
 *
 * Old PCs, and small computers of today, serve a socket by two controllers: EHCI has it while a device of high speed is
 * in it, one of EHCI's companions (OHCI, UHCI) otherwise. Each controller is a bus of its own, so a board's ROM,
 * which has full speed, and its SPL, which has high speed, are seen on ports of different names. The
 * kernel links no peers for them, and the ports' numbers are no help: EHCI counts those of all its
 * companions in a row.
 *
 * What is known of a port is the root hub that it belongs to, that one's controller, and what the
 * firmware says of where the socket is, if it says anything.
 *
 * Pure: sysfs's strings come in. Allocates nothing. */

#include "macro.h"

/* As sysfs has them; each may be NULL. */
typedef struct UsbTopologyStrings {
        const char *root_speed;  /* of the root hub, in Mbit/s: "12" */
        const char *pci_address; /* of its controller: "0000:00:1d.7"; NULL: no PCI device */
        const char *pci_class;   /* of that: "0x0c0320" */
        const char *location;    /* of the port: "0x80000101" */
        const void *phys; /* of the controller in a device tree, `phys`: raw bytes; NULL: none */
        size_t phys_size;
} UsbTopologyStrings;

/* A handle and some arguments for each of a controller's PHYs: of one, that is all there is. */
#define USB_TOPOLOGY_PHYS_SIZE_MAX 32u

/* Zeroed: nothing is known, so it is nobody's other name. */
typedef struct UsbTopology {
        uint32_t root_mbps;
        bool is_pci;
        bool is_ehci;
        uint32_t pci_domain;
        uint32_t pci_bus;
        uint32_t pci_slot;
        uint32_t pci_function;
        uint32_t location; /* 0: the firmware does not say */
        uint8_t phys[USB_TOPOLOGY_PHYS_SIZE_MAX];
        size_t phys_size; /* 0: not known */
} UsbTopology;

/* What does not look as the kernel writes it, is not known. */
UsbTopology usb_topology_parse(const UsbTopologyStrings *strings);

/* Whether the socket of @full, a port of a full-speed root hub, may be that of @high, a port of EHCI's.
 * Without the firmware's word that is so for all ports of EHCI and its companions. */
bool usb_topology_may_be_same_socket(const UsbTopology *full, const UsbTopology *high);
