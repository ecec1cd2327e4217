/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The board as a USB device: a configfs gadget on dummy_udc.N, with the ids, strings, speed,
 * configurations and MAC addresses of the real ROM, SPL and U-Boot.
 * Needs root, configfs, dummy_hcd. Blocks in gadget_wait_host().
 *
 * The gadget's own end of the link (usb0) must not be a network card of this machine: it is moved
 * into a network namespace of this process, where nothing but the packet socket is on it, so that
 * the board sends only what the board sends. gadget_init() enters that namespace for good. */

#include "board-faults.h"
#include "macro.h"

typedef struct Gadget Gadget;

/* Makes and enters the namespace, mounts nothing. Call once, before gadget_new(). */
int gadget_init(void);

/* Describes the device, which is not plugged in yet; removes what an earlier run left. @stop_fd is
 * borrowed. */
int gadget_new(unsigned udc, BoardStageId stage, const uint8_t *dev_mac, int stop_fd, Gadget **ret);

/* Unplugs it if need be, and removes every trace. */
Gadget *gadget_free(Gadget *gadget);
DEFINE_CLEANUP_FUNC(Gadget, gadget_free);

/* Connects it to the bus; its own interface is up, in this namespace, when this returns. */
int gadget_plug(Gadget *gadget);
int gadget_unplug(Gadget *gadget);
int gadget_get_ifindex(const Gadget *gadget);

/* Waits until the host's driver has initialised RNDIS and set the packet filter: before that, the
 * gadget silently drops what it is given; after that, it keeps it until the host's link is up.
 * Returns 0, -ETIMEDOUT, -EINTR when told to stop. */
int gadget_wait_host(Gadget *gadget, uint64_t deadline_usec);
