/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Link-time fakes of netns, rtnl, nft and board-monitor, over one model of the kernel: namespaces,
 * the links in them, boards in USB ports, and the events that all of it causes. Timers of sd-event
 * are fakes too, and elapse when the test says so; now_usec() is as late as the test says.
 *
 * Every fallible call of the kernel modules is a step: step number fake.fail_at fails with
 * fake.fail_error, and fake.after_step is called behind each one that succeeded. */

#include <net/if.h>
#include <systemd/sd-event.h>

#include "macro.h"
#include "soc.h"
#include "usb-topology.h"

#define FAKE_HOME 0

typedef struct FakeLink {
        int ifindex; /* 0: no such link */
        int netns;   /* FAKE_HOME, or the number of a namespace */
        char name[IF_NAMESIZE];
        unsigned flags;
        int master;
        bool has_address;
        uint64_t delay_probe_usec;
        char port[32];
} FakeLink;

typedef struct FakeKernel {
        unsigned n_steps;
        unsigned fail_at; /* 1 is the first step; 0: none fails */
        int fail_error;   /* negative errno */
        const char *failed_step;
        const char *never_fails; /* a step */
        void (*after_step)(const char *step);

        bool no_link_event;  /* an unplug is not told by RTM_DELLINK */
        bool no_usb_event;   /* nor by udev */
        bool no_nsid_event;  /* the end of a namespace is not told */
        int half_move_error; /* a move into a session happens, and fails nevertheless */
        bool changes_index;  /* a move gives another index */
        uint64_t later_usec; /* for the clock */
} FakeKernel;

extern FakeKernel fake;

/* Puts a board into a port: udev tells of it. Returns the index of its interface. */
int fake_plug(const char *port, const char *id_path, Stage stage);
int fake_plug_soc(const char *port, const char *id_path, const Soc *soc, Stage stage);
int fake_plug_at(const char *port, const char *id_path, const UsbTopology *topology, Stage stage);
void fake_unplug(const char *port);
bool fake_is_plugged(const char *port);

/* udev tells once more of the board's interface, as after a change of it. */
void fake_change(const char *port);

/* The link of the board in @port; NULL if there is none. */
FakeLink *fake_link(const char *port);

/* Events of a kind that the kernel sends and that mean nothing, or lost ones. */
void fake_send_link_removed(int netns, int ifindex, bool is_moved);
void fake_send_link_changed(int ifindex); /* on the host */
void fake_send_nsid_removed(int nsid);
void fake_send_overflow(int netns);
void fake_break_monitor(int netns, int error);
void fake_break_board_monitor(int error);

/* The client closes all sockets that it got. */
void fake_close_sockets(void);

/* The next namespace gets this number, as if its last owner's event had not been read yet. */
void fake_reuse_nsid(int nsid);

unsigned fake_count_namespaces(void); /* alive */
unsigned fake_count_objects(void);    /* netlink sockets of all kinds, the board monitor */

/* Lets the armed timers elapse that are due within @usec from now; returns how many. */
unsigned fake_elapse(uint64_t usec);
unsigned fake_count_timers(void);

/* Runs the loop and the kernel until nothing happens any more. */
void fake_settle(sd_event *event);

/* How many fds the process has. */
unsigned count_fds(void);
