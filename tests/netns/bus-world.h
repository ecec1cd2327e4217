/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A world for tests of the whole snagd without a machine: a bus daemon of its own with the installed
 * bus policy, a polkit that does as it is told, the real program, and callers of several users. All
 * connections of the test share one event loop, so that nothing has to wait for time to pass.
 *
 * Needs root (several users), dbus-daemon and setpriv. $SNAGD, $SNAGD_BUS_POLICY: what is tested. */

#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bus-contract.h"
#include "netns-test.h"

/* Two users that every Debian has. root is a third one. */
#define UID_ALICE 65534u /* nobody */
#define UID_BOB   1u     /* daemon */

/* Turns the event loop until @condition holds; fails when that takes too long. */
#define WAIT_UNTIL(condition)                                                                  \
        do {                                                                                   \
                uint64_t _deadline_usec = now_usec() + PATIENCE_USEC;                          \
                while (!(condition)) {                                                         \
                        ck_assert_msg(now_usec() < _deadline_usec, "in vain: %s", #condition); \
                        world_turn();                                                          \
                }                                                                              \
        } while (0)

typedef enum FakePolkitSays {
        FAKE_POLKIT_SAYS_YES,
        FAKE_POLKIT_SAYS_NO,
        FAKE_POLKIT_SAYS_CHALLENGE,
        FAKE_POLKIT_SAYS_ERROR,
        FAKE_POLKIT_SAYS_NONSENSE,
        FAKE_POLKIT_SAYS_NOTHING,
} FakePolkitSays;

/* One question, as polkit saw it. */
typedef struct FakePolkitQuestion {
        sd_bus_message *call; /* answered with fake_polkit_answer() if it was not at once */
        char action[64];
        char kind[64];
        char subject[64];
        char details[256]; /* "soc=am335x port=1-1 " */
        uint32_t flags;
        char id[64];
        bool is_cancelled;
} FakePolkitQuestion;

typedef struct FakePolkit {
        sd_bus *bus;
        FakePolkitSays says;
        FakePolkitQuestion questions[256];
        size_t n_questions;
        size_t n_cancelled;
} FakePolkit;

typedef struct World {
        sd_event *event;
        char dir[32];
        char address[64];
        pid_t bus_pid;
        pid_t snagd_pid;
        int notify_fd; /* the service manager's end, */
        bool is_ready; /* and what it was told */
        bool is_stopping;
        FakePolkit polkit;

        sd_bus *callers[640];
        size_t n_callers;
        char *signals[1024]; /* those of snagd, as text */
        size_t n_signals;
} World;

extern World world;

/* The fixture: a bus, a polkit that says yes, and snagd. */
void world_setup(void);
void world_teardown(void);

/* Its parts. snagd is not told of an idle timeout where @idle_timeout is NULL. */
void world_start_snagd(const char *idle_timeout);
void world_start_polkit(void);
void world_stop_polkit(void);
void world_turn(void);

/* Sends a signal and waits for the end; returns the exit status, or 128 + the number of the signal
 * that killed it. */
int world_end_snagd(int signal_number);
bool world_snagd_is_running(void);

void fake_polkit_answer(FakePolkitQuestion *question, FakePolkitSays says);

/* A connection of that user; closed at the end, or here. */
sd_bus *world_connect(uid_t uid);
void world_disconnect(sd_bus *caller);

/* Makes @caller remember every signal of snagd in world.signals. */
void world_watch(sd_bus *caller);
bool world_saw(const char *signal_text);

/* A call that is under way. */
typedef struct Call {
        sd_bus_slot *slot;
        sd_bus_message *reply;
} Call;

Call *call_begin(sd_bus *caller, const char *path, const char *interface, const char *member,
                 const char *types, ...);
Call *call_begin_message(sd_bus *caller, sd_bus_message *message);
bool call_is_done(const Call *call);
Call *call_free(Call *call);
DEFINE_CLEANUP_FUNC(Call, call_free);

/* The name of the error that came, "" for success, "pending" before. */
const char *call_error(const Call *call);
const char *call_error_text(const Call *call);

/* Calls and waits. What is returned is freed by the test with call_free(). */
Call *call_wait(Call *call);
#define CALL(...) call_wait(call_begin(__VA_ARGS__))

/* Short forms for what most tests need. A path is borrowed from static memory. */
#define MANAGER BUS_PATH_ROOT, BUS_INTERFACE_MANAGER
const char *open_session(sd_bus *caller);        /* must succeed */
void assert_error(Call *call, const char *name); /* "" for success; frees */
char *get_string(sd_bus *caller, const char *path, const char *interface, const char *property);
