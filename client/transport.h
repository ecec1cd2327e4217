/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Between the event loop, the session's sockets (udp-endpoint.h) and the recovery: carries datagrams and
 * the time in, and out what the recovery wants sent, and tells when the recovery is over.
 *
 * Needs no privilege. Never blocks. Does not log. */

#include <systemd/sd-event.h>

#include "capture.h"
#include "macro.h"
#include "recovery.h"

/* BOOTP, TFTP's listener, and one for each transfer: all that a session needs. */
#define TRANSPORT_N_SOCKETS (2 + RECOVERY_TFTP_SLOTS)

typedef struct Transport Transport;

/* The recovery is over: called once, from within any function of the transport but transport_free(). Must not free it. */
typedef void (*TransportCallback)(void *userdata);

/* Takes the sockets over (consumes all @fds, also on failure) and binds the first two. Nothing is read
 * before transport_start(). Returns 0 or a negative errno. */
int transport_new(sd_event *event, const int fds[static TRANSPORT_N_SOCKETS],
                  TransportCallback on_over, void *userdata, Transport **ret);

/* Closes the sockets; what nobody has read from them goes to the capture alone. */
Transport *transport_free(Transport *t);
DEFINE_CLEANUP_FUNC(Transport, transport_free);

/* RecoverySpec.ops; `userdata` is the Transport. */
extern const RecoveryOps transport_ops;

/* From now on @capture, borrowed until transport_free(), gets every datagram, too. */
void transport_set_capture(Transport *t, Capture *capture);

/* From now on @recovery, borrowed until transport_free(), is fed. Returns 0 or a negative errno. */
int transport_start(Transport *t, Recovery *recovery);

/* Hands over what the sockets hold now. To be called before the recovery is told of something else: what
 * was sent before it is to be seen before it. */
void transport_drain(Transport *t);

/* To be called after every input to the recovery that did not come from here: sets the timer anew, or
 * tells that it is over. */
void transport_update(Transport *t);
