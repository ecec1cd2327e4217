/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What most cases need: the daemon's view of one session (home, a namespace, an Rtnl in each) and a
 * veth whose near end plays the board's interface as the host sees it, and whose far end, in a third
 * namespace, is the board. */

#include "netns.h"
#include "rtnl.h"
#include "test-frame.h"

#define SERVER_ADDRESS UINT32_C(0xc0a80064) /* 192.168.0.100 */
#define BOARD_ADDRESS  UINT32_C(0xc0a80065)
#define BROADCAST      UINT32_C(0xffffffff)

extern const uint8_t host_mac[MAC_LEN];
extern const uint8_t board_mac[MAC_LEN];

typedef struct World {
        Rtnl *home;
        Rtnl *inside;  /* of netns_fd */
        int netns_fd;  /* the session's */
        int board_fd;  /* the namespace with the far end, "board" */
        int packet_fd; /* a packet socket on that; from world_plug() */
        int ifindex;   /* of the near end, wherever it is */
} World;

/* The fixture's: home, the session's namespace, no board. */
extern World world;
void world_setup(void);
void world_teardown(void);

/* Makes the pair: the near end at home, called @name, down; the far end up. */
void world_plug(const char *name);

/* Moves the near end into the session as `rom0`, checksums in software; then, as the daemon does,
 * address, a patient neighbour table, and up. */
void world_attach(void);
void world_configure(void);

/* Runs one of test-link.h's calls on a link of the namespace @netns_fd. */
int link_call_in(int netns_fd, int (*fn)(const char *name), const char *name);
int link_set_up_in(int netns_fd, const char *name, bool is_up);

/* An Rtnl or RtnlMonitor of another namespace; fails the test if that fails. */
Rtnl *rtnl_new_in(int netns_fd);
RtnlMonitor *rtnl_monitor_new_in(int netns_fd, const RtnlMonitorCallbacks *callbacks,
                                 void *userdata);

/* An unprivileged server's socket in the session, bound to @port (0: any). */
int open_server(uint16_t port);

/* Sends as a BOOTP server does: to everyone, by the interface alone (IP_PKTINFO), without route or
 * neighbour. Returns 0 or a negative errno. */
int send_broadcast(int fd, uint16_t port, const char *text);

/* Makes the board known, as its ARP request does before its first unicast datagram. */
void introduce_board(void);

/* A frame from the board; what is left out can be filled in afterwards. */
UdpFrame frame_from_board(uint16_t source_port, uint16_t destination_port, const char *payload);
