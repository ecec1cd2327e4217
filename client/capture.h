/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A file of all datagrams of a recovery, of both directions, as pcapng that Wireshark and tshark read.
 *
 * Needs the right to write to the file. Blocks on writing it. Tells the user by one warning, through
 * Progress, should the file end early; what keeps it from being opened is returned. */

#include <netinet/in.h>
#include <sys/uio.h>

#include "macro.h"
#include "progress.h"

#define CAPTURE_PARTS_MAX 2u

typedef enum CaptureWay {
        CAPTURE_RECEIVED,
        CAPTURE_SENT,
        CAPTURE_NOT_SENT, /* was to be sent; the kernel did not take it */
} CaptureWay;

typedef struct CaptureDatagram {
        CaptureWay way;
        bool is_broadcast;
        struct sockaddr_in source, destination; /* with the ports that the board sees */
        const struct iovec *parts;              /* borrowed, at most CAPTURE_PARTS_MAX … */
        size_t n_parts;
        size_t full_len;     /* … which hold all of it, or its beginning: how long it was */
        const char *comment; /* what there is to say of it, made printable */
} CaptureDatagram;

typedef struct Capture Capture;

/* Looks whether @path could be opened, and touches nothing. What is there and is no capture could not; nor could one of
 * @inputs: @n_inputs paths of files (NULL, or one that is no file, is ignored). Returns 0, or a negative errno with the
 * sentence in *@ret_reason that says what is wrong and what to do (the caller frees it; NULL when memory
 * ran out). */
int capture_check(const char *path, const char *const *inputs, size_t n_inputs, char **ret_reason);

/* Does that, and begins the file; an old capture is replaced when there is a datagram to be added. @path and
 * @progress are borrowed for life. */
int capture_open(const char *path, const char *const *inputs, size_t n_inputs, Progress *progress,
                 char **ret_reason, Capture **ret);

/* Closes the file, without a word. */
Capture *capture_free(Capture *c);
DEFINE_CLEANUP_FUNC(Capture, capture_free);

/* Adds one, with the time of now. When that fails the file ends, and further ones are not added. */
void capture_add(Capture *c, const CaptureDatagram *datagram);

/* Whether the file is still an older capture. */
bool capture_is_older(const Capture *c);

/* Closes the file, and warns if only that shows that it is not all there. Returns how many datagrams are in
 * it. Nothing can be added any more. */
uint64_t capture_finish(Capture *c);
