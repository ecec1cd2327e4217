/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The client's protocol engines behind its real socket code, without D-Bus and without a recovery:
 * what foreign clients talk to, in tests and in the benchmark. Serves until it is killed. */

#include <netinet/in.h>

#include "bootp-server.h"
#include "tftp-server.h"

#define ENGINE_SLOTS_MAX 4u

/* What the test sees of it; lies in memory that both share. "Awaited": engine_stats_await() works on it. */
typedef struct EngineStats {
        unsigned n_bootp_requests;
        unsigned n_bootp_replies;
        BootpAnswer bootp;          /* the last */
        unsigned n_transfers_ended; /* awaited */
        TftpProgress transfer;      /* the last that ended */
        unsigned n_refused;
        unsigned n_unreachable; /* awaited: told of a transfer's peer */
        uint16_t tids[16];      /* of the last transfers */
        unsigned n_tids;
} EngineStats;

typedef struct EngineServer {
        int bootp_fd; /* negative: none */
        int tftp_fd;
        int transfer_fds[ENGINE_SLOTS_MAX]; /* n_slots of them */
        unsigned n_slots;
        const char *filename;
        const void *data;
        uint64_t size;
        TftpLimits limits;
        EngineStats *stats; /* shared; may be NULL */
} EngineServer;

/* Binds the sockets, which are unbound: from then on requests wait in them. */
int engine_server_bind(const EngineServer *config, uint16_t bootp_port, uint16_t tftp_port);

/* Serves. Returns a negative errno: a fault of the code under test, for nothing that a client does may
 * end it. */
int engine_server_run(const EngineServer *config);

/* Waits, in the test's process, until @count of the statistics is at least @n. Returns 0, or -ETIMEDOUT
 * if it is not at @deadline_usec. */
int engine_stats_await(const unsigned *count, unsigned n, uint64_t deadline_usec);
