/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One board's run, from "no board yet" to "U-Boot delivered": stages, which file for which, when it is
 * finished, and why it is stuck. Theory of operation: recovery.c.
 *
 * What happens comes in (changes of the session, datagrams, the time), what is to be done goes out
 * through RecoveryOps, what the user should know through Progress. No fd, no clock, no bus: a test
 * plays a whole night in a millisecond. */

#include <netinet/in.h>

#include "bootp-server.h"
#include "firmware.h"
#include "progress.h"
#include "recovery-log.h"
#include "session-info.h"
#include "soc.h"
#include "tftp-server.h"
#include "usb-device.h"

#define RECOVERY_TFTP_SLOTS 4u

/* How the transport carries things out. Each but the last returns an UdpSent (udp-endpoint.h) or the negative errno
 * of a fault of ours, which ends the recovery. None may call back into the recovery. */
typedef struct RecoveryOps {
        int (*send_bootp)(int ifindex, const void *reply, size_t len, void *userdata);
        int (*send_tftp_reply)(const struct sockaddr_in *peer, const TftpDatagram *datagram,
                               void *userdata);
        int (*connect_slot)(unsigned slot, const struct sockaddr_in *peer, void *userdata);
        int (*send_slot)(unsigned slot, const TftpDatagram *datagram, void *userdata);
        int (*disconnect_slot)(unsigned slot, void *userdata);

        /* A phrase for what is plugged in at @port, be it a board or not: usb_device_describe(). */
        const char *(*describe_port)(const char *port,
                                     char buffer[static USB_DEVICE_PHRASE_LEN_MAX], void *userdata);
} RecoveryOps;

typedef enum RecoveryResult {
        RECOVERY_RESULT_NONE, /* goes on */
        RECOVERY_RESULT_DELIVERED,
        RECOVERY_RESULT_FAILED,
        RECOVERY_RESULT_NO_BOARD, /* none came within the timeout */
} RecoveryResult;

/* All borrowed for life. */
typedef struct RecoverySpec {
        const Soc *soc;
        Stage first_stage;   /* that the session takes; with STAGE_SPL it takes no ROM at all */
        const Firmware *spl; /* may be NULL with STAGE_SPL */
        const Firmware *u_boot;
        const char *port;    /* that was asked for, or NULL; for messages */
        const char *session; /* its id; for events */
        bool is_one_of_many; /* others are shown side by side; that no board comes is not worth a word */
        uint64_t no_board_timeout_usec; /* from recovery_start(); USEC_INFINITY: none */
        Progress *progress;
        const RecoveryOps *ops;
        void *userdata;
} RecoverySpec;

typedef struct Recovery Recovery;

int recovery_new(const RecoverySpec *spec, Recovery **ret);
Recovery *recovery_free(Recovery *r);
DEFINE_CLEANUP_FUNC(Recovery, recovery_free);

/* The session was started: time counts from here. */
void recovery_start(Recovery *r, uint64_t now_usec);

/* The session has changed (or not: then nothing happens). Datagrams that were there before are to be
 * handed over first: the last ACK of a board that left may be among them. */
void recovery_on_session(Recovery *r, uint64_t now_usec, const SessionInfo *info);

/* The interface of a board on @port, in @stage, is in use, as the sentence @problem tells: it may be the one
 * that is waited for. A session whose first stage is the ROM takes it all the same. */
void recovery_on_board_problem(Recovery *r, const char *port, Stage stage, const char *problem);

/* The session or the daemon is gone, for the reason in the sentence @why. */
void recovery_on_session_lost(Recovery *r, const char *why);

void recovery_on_bootp(Recovery *r, uint64_t now_usec, int ifindex, const void *request,
                       size_t len);
void recovery_on_tftp_request(Recovery *r, uint64_t now_usec, const struct sockaddr_in *source,
                              bool is_broadcast, const void *packet, size_t len);
void recovery_on_tftp_packet(Recovery *r, uint64_t now_usec, unsigned slot,
                             const struct sockaddr_in *source, const void *packet, size_t len);
void recovery_on_tftp_unreachable(Recovery *r, uint64_t now_usec, unsigned slot);

/* To be called when recovery_get_deadline() has come; harmless at any other time. */
void recovery_on_timeout(Recovery *r, uint64_t now_usec);

/* USEC_INFINITY: nothing to wait for but input. */
uint64_t recovery_get_deadline(const Recovery *r);

/* Whether a board has come. */
bool recovery_has_begun(const Recovery *r);

/* Whether the board had the whole file of @stage, and did not begin with that stage again. */
bool recovery_has_served(const Recovery *r, Stage stage);

RecoveryResult recovery_get_result(const Recovery *r);

/* The USB port of the board, or the one that was asked for; NULL: not known yet. Borrowed until the next
 * input. */
const char *recovery_get_port(const Recovery *r);

/* The ID_PATH of the board's port; NULL: not known. Borrowed so. */
const char *recovery_get_id_path(const Recovery *r);

/* What it has to tell a record, so far. Borrowed for life. */
const RecoveryLog *recovery_get_log(const Recovery *r);

/* A phrase for a datagram that came in on interface @ifindex (0: not known), or is sent now: which stage's
 * it is, as far as the session has told: "ROM stage"; or "after the ROM stage", when it is of what comes
 * then. */
const char *recovery_get_stage_phrase(const Recovery *r, int ifindex);
