/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Links to test on, made without the code under test. Everything acts in the namespace in which the
 * caller is, and returns 0 or a negative errno. */

#include "macro.h"

#define MAC_LEN 6

typedef struct TestVeth {
        const char *name;
        const uint8_t *mac; /* MAC_LEN bytes; NULL: random */
        int ifindex;        /* 0: the kernel's choice */
        const char *peer_name;
        const uint8_t *peer_mac;
        int peer_netns_fd; /* borrowed; 0 or negative: here */
} TestVeth;

/* Makes a pair of links, both down; what one sends the other receives. */
int test_veth_create(const TestVeth *veth);

/* Deletes a link, and a veth's other end with it: what an unplugged board looks like. */
int test_link_delete(const char *name);

int test_link_set_up(const char *name, bool is_up);
int test_link_set_mtu(const char *name, int mtu);
int test_link_set_name(const char *name, const char *new_name); /* must be down */
int test_link_add_address(const char *name, const char *address, const char *netmask);

/* Keeps the kernel from sending IPv6 of its own on the link. */
int test_link_be_silent(const char *name);

/* Has the link's checksums made and verified in software, as a USB network card does. A veth as it
 * comes leaves them unfinished and believes all that it receives. */
int test_link_use_software_checksums(const char *name);

typedef struct TestNeighbourTimes {
        unsigned int reachable_msec; /* base_reachable */
        unsigned int delay_msec;     /* delay_probe */
        unsigned int retrans_msec;   /* between probes */
} TestNeighbourTimes;

/* Sets the ARP times of one link; those that are 0 stay. */
int test_link_set_neighbour_times(const char *name, const TestNeighbourTimes *times);
