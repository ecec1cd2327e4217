/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "netns-test.h"
#include "test-world.h"

static int set_up(const char *name) {
        return test_link_set_up(name, true);
}

static int make_small(const char *name) {
        return test_link_set_mtu(name, 1000);
}

static int add_test_address(const char *name) {
        return test_link_add_address(name, "10.0.0.1", "255.255.255.0");
}

/* A veth here, both ends. */
static int make_pair(const char *name, int ifindex) {
        char peer_name[IF_NAMESIZE];
        RtnlLink link;

        snprintf(peer_name, sizeof(peer_name), "p%.13s", name);
        ck_assert_ok(test_veth_create(
                &(TestVeth){.name = name, .peer_name = peer_name, .ifindex = ifindex}));
        ck_assert_ok(rtnl_link_find(world.home, name, &link));
        return link.ifindex;
}

static int make_taken(const char *name) {
        return test_veth_create(&(TestVeth){.name = name, .peer_name = "other-end"});
}

static int make_taken_usb0(const char *name) {
        return test_veth_create(&(TestVeth){.name = name, .peer_name = "third-end"});
}

static int make_taken_index(const char *name) {
        return test_veth_create(
                &(TestVeth){.name = name, .peer_name = "other-end", .ifindex = world.ifindex});
}

static RtnlLink get(Rtnl *rtnl, int ifindex) {
        RtnlLink link = {};

        ck_assert_ok(rtnl_link_get(rtnl, ifindex, &link));
        ck_assert_int_eq(link.ifindex, ifindex);
        return link;
}

static int move_in(void) {
        return rtnl_link_move(world.home, world.ifindex, world.inside, world.netns_fd, "rom0",
                              &world.ifindex);
}

static int move_home(const char *name) {
        return rtnl_link_move_home(world.inside, world.ifindex, world.home, netns_home_fd(), name,
                                   &world.ifindex);
}

/* Brings it up and listens to what IPv6 would send at once. Fails if anything came out. */
static void check_is_quiet(const char *name) {
        uint8_t buffer[FRAME_SIZE_MAX];
        size_t size;

        ck_assert_ok(rtnl_link_set_up(world.inside, world.ifindex));
        ck_assert_int_eq(rtnl_link_has_address(world.inside, world.ifindex), 0);
        ck_assert_int_eq(frame_receive(world.packet_fd, now_usec() + SILENCE_USEC, buffer, &size),
                         -ETIMEDOUT);
        ck_assert_str_eq(get(world.inside, world.ifindex).name, name);
}

/* ---- queries ---- */

START_TEST(test_get_and_find) {
        RtnlLink link = {.ifindex = -42}, found = {};
        int ifindex = make_pair("usb0", 0);

        link = get(world.home, ifindex);
        ck_assert_str_eq(link.name, "usb0");
        ck_assert_uint_eq(link.flags & IFF_UP, 0);
        ck_assert_int_eq(link.master, 0);
        ck_assert_ok(rtnl_link_find(world.home, "usb0", &found));
        ck_assert_int_eq(found.ifindex, ifindex);
        ck_assert_ok(test_link_set_up("usb0", true));
        ck_assert_uint_eq(get(world.home, ifindex).flags & IFF_UP, IFF_UP);
}
END_TEST

START_TEST(test_no_such_link) {
        RtnlLink link = {.ifindex = -42};

        ck_assert_int_eq(rtnl_link_get(world.home, 4711, &link), -ENODEV);
        ck_assert_int_eq(rtnl_link_find(world.home, "nobody", &link), -ENODEV);
        ck_assert_int_eq(rtnl_link_find(world.home, "", &link), -ENODEV);
        ck_assert_int_eq(rtnl_link_find(world.home, "a-name-that-is-too-long", &link), -ENODEV);
        ck_assert_int_eq(link.ifindex, -42);
        ck_assert_int_eq(rtnl_link_set_up(world.home, 4711), -ENODEV);
        ck_assert_int_eq(rtnl_addr_add(world.home, 4711, (struct in_addr){1}, 24), -ENODEV);
        ck_assert_int_eq(rtnl_neigh_set_delay_probe(world.home, 4711, USEC_PER_SEC), -ENODEV);
}
END_TEST

START_TEST(test_has_address) {
        int ifindex = make_pair("usb0", 0), loopback = if_nametoindex("lo");

        ck_assert_int_eq(rtnl_link_has_address(world.home, ifindex), 0);
        ck_assert_ok(add_test_address("usb0"));
        ck_assert_int_eq(rtnl_link_has_address(world.home, ifindex), 1);
        ck_assert_int_eq(rtnl_link_has_address(world.home, loopback), 0);
        ck_assert_ok(rtnl_loopback_up(world.home));
        ck_assert_int_eq(rtnl_link_has_address(world.home, loopback), 1);
}
END_TEST

/* Somebody who brings the board's link up gives it a link-local address. */
START_TEST(test_has_ipv6_address) {
        uint64_t deadline = now_usec() + PATIENCE_USEC;
        int ifindex = make_pair("usb0", 0), r = 0;

        if (access("/proc/sys/net/ipv6", F_OK) < 0)
                return;
        ck_assert_ok(test_link_set_up("usb0", true));
        ck_assert_ok(test_link_set_up("pusb0", true));
        while (r == 0 && now_usec() < deadline)
                r = ck_assert_ok(rtnl_link_has_address(world.home, ifindex));
        ck_assert_int_eq(r, 1);
}
END_TEST

START_TEST(test_an_rtnl_stays_in_its_namespace) {
        RtnlLink link;

        make_pair("usb0", 0);
        ck_assert_int_eq(rtnl_link_find(world.inside, "usb0", &link), -ENODEV);
        ck_assert_ok(rtnl_loopback_up(world.inside));
        ck_assert_ok(rtnl_link_find(world.inside, "lo", &link));
        ck_assert_uint_eq(link.flags & IFF_UP, IFF_UP);
        ck_assert_ok(rtnl_link_find(world.home, "lo", &link));
        ck_assert_uint_eq(link.flags & IFF_UP, 0);
}
END_TEST

/* ---- moving in ---- */

START_TEST(test_move_names_and_keeps_index) {
        RtnlLink link;
        int ifindex;

        world_plug("usb0");
        ifindex = world.ifindex;
        ck_assert_ok(move_in());
        ck_assert_int_eq(world.ifindex, ifindex);
        link = get(world.inside, ifindex);
        ck_assert_str_eq(link.name, "rom0");
        ck_assert_uint_eq(link.flags & IFF_UP, 0);
        ck_assert_int_eq(rtnl_link_get(world.home, ifindex, &link), -ENODEV);
        check_is_quiet("rom0");
}
END_TEST

/* With its address set as well, and for longer than router solicitations take. */
START_TEST(test_a_link_is_quiet_for_long) {
        uint8_t buffer[FRAME_SIZE_MAX];
        size_t size;

        world_plug("usb0");
        ck_assert_ok(move_in());
        world_configure();
        ck_assert_int_eq(
                frame_receive(world.packet_fd, now_usec() + 10 * SILENCE_USEC, buffer, &size),
                -ETIMEDOUT);
}
END_TEST

/* The witness of these tests: moved by another way, the same link talks at once. */
START_TEST(test_a_link_is_not_quiet_by_itself) {
        uint8_t buffer[FRAME_SIZE_MAX];
        size_t size;

        if (access("/proc/sys/net/ipv6", F_OK) < 0)
                return;
        world_plug("usb0");
        ck_assert_ok(rtnl_link_move_home(world.home, world.ifindex, world.inside, world.netns_fd,
                                         "rom0", &world.ifindex));
        world_configure();
        ck_assert_ok(frame_receive(world.packet_fd, now_usec() + PATIENCE_USEC, buffer, &size));
        ck_assert_uint_eq(frame_type(buffer), 0x86dd);
}
END_TEST

START_TEST(test_move_of_a_link_that_is_up_arrives_down) {
        uint8_t buffer[FRAME_SIZE_MAX];
        size_t size;

        world_plug("usb0");
        ck_assert_ok(set_up("usb0"));
        ck_assert_ok(add_test_address("usb0"));
        ck_assert_ok(move_in());
        ck_assert_uint_eq(get(world.inside, world.ifindex).flags & IFF_UP, 0);
        ck_assert_int_eq(rtnl_link_has_address(world.inside, world.ifindex), 0);
        /* What was sent before we had it is not our doing. */
        while (frame_receive(world.packet_fd, 0, buffer, &size) >= 0)
                ;
        check_is_quiet("rom0");
}
END_TEST

START_TEST(test_move_where_the_name_is_taken) {
        world_plug("usb0");
        ck_assert_ok(link_call_in(world.netns_fd, make_taken, "rom0"));
        ck_assert_ok(move_in());
        check_is_quiet("rom1");
}
END_TEST

START_TEST(test_move_where_both_names_are_taken) {
        RtnlLink link;

        world_plug("usb0");
        ck_assert_ok(link_call_in(world.netns_fd, make_taken, "rom0"));
        ck_assert_ok(link_call_in(world.netns_fd, make_taken_usb0, "usb0"));
        ck_assert_ok(move_in());
        link = get(world.inside, world.ifindex);
        ck_assert_mem_eq(link.name, "rom", 3);
        check_is_quiet(link.name);
}
END_TEST

START_TEST(test_move_where_the_index_is_taken) {
        RtnlLink link;
        int ifindex;

        world_plug("usb0");
        ifindex = world.ifindex;
        ck_assert_ok(link_call_in(world.netns_fd, make_taken_index, "usb9"));
        ck_assert_str_eq(get(world.inside, ifindex).name, "usb9");
        ck_assert_ok(move_in());
        ck_assert_int_ne(world.ifindex, ifindex);
        ck_assert_int_eq(rtnl_link_get(world.home, ifindex, &link), -ENODEV);
        check_is_quiet("rom0");
}
END_TEST

START_TEST(test_move_where_all_is_taken) {
        RtnlLink link;

        world_plug("usb0");
        ck_assert_ok(link_call_in(world.netns_fd, make_taken_index, "rom0"));
        ck_assert_ok(link_call_in(world.netns_fd, make_taken_usb0, "usb0"));
        ck_assert_ok(move_in());
        link = get(world.inside, world.ifindex);
        ck_assert_mem_eq(link.name, "rom", 3);
        check_is_quiet(link.name);
}
END_TEST

/* Below an MTU of 1280 there is no IPv6 on a link, and the kernel refuses to hear of it, as it does
 * on all links with ipv6.disable=1. */
START_TEST(test_move_without_ipv6) {
        world_plug("usb0");
        ck_assert_ok(make_small("usb0"));
        ck_assert_ok(move_in());
        check_is_quiet("rom0");
}
END_TEST

START_TEST(test_move_without_ipv6_where_both_names_are_taken) {
        world_plug("usb0");
        ck_assert_ok(make_small("usb0"));
        ck_assert_ok(link_call_in(world.netns_fd, make_taken, "rom0"));
        ck_assert_ok(link_call_in(world.netns_fd, make_taken_usb0, "usb0"));
        ck_assert_ok(move_in());
        check_is_quiet(get(world.inside, world.ifindex).name);
}
END_TEST

START_TEST(test_move_of_what_is_gone) {
        int ifindex = -42;

        world_plug("usb0");
        ck_assert_ok(test_link_delete("usb0"));
        ck_assert_int_eq(rtnl_link_move(world.home, world.ifindex, world.inside, world.netns_fd,
                                        "rom0", &ifindex),
                         -ENODEV);
        ck_assert_int_eq(ifindex, -42);
}
END_TEST

START_TEST(test_move_into_what_is_no_namespace) {
        int ifindex = -42, r;

        world_plug("usb0");
        r = rtnl_link_move(world.home, world.ifindex, world.inside, world.packet_fd, "rom0",
                           &ifindex);
        ck_assert_int_eq(r, -EINVAL);
        ck_assert_int_eq(ifindex, -42);
        ck_assert_str_eq(get(world.home, world.ifindex).name, "usb0");
}
END_TEST

static int try_move(void *userdata) {
        return move_in();
}

START_TEST(test_move_without_privilege) {
        world_plug("usb0");
        ck_assert_int_eq(run_unprivileged(try_move, NULL), -EPERM);
        ck_assert_str_eq(get(world.home, world.ifindex).name, "usb0");
}
END_TEST

/* ---- moving home ---- */

START_TEST(test_home_under_its_old_name) {
        RtnlLink link;
        int ifindex;

        world_plug("usb0");
        ifindex = world.ifindex;
        ck_assert_ok(move_in());
        world_configure();
        ck_assert_ok(move_home("usb0"));
        ck_assert_int_eq(world.ifindex, ifindex);
        link = get(world.home, ifindex);
        ck_assert_str_eq(link.name, "usb0");
        ck_assert_uint_eq(link.flags & IFF_UP, 0);
        ck_assert_int_eq(rtnl_link_has_address(world.home, ifindex), 0);
        ck_assert_int_eq(rtnl_link_get(world.inside, ifindex, &link), -ENODEV);
}
END_TEST

START_TEST(test_home_when_the_old_name_is_taken) {
        world_plug("usb0");
        ck_assert_ok(move_in());
        make_pair("usb0", 0);
        ck_assert_ok(move_home("usb0"));
        ck_assert_str_eq(get(world.home, world.ifindex).name, "usb1");
}
END_TEST

START_TEST(test_home_when_all_is_taken) {
        int ifindex;

        world_plug("usb0");
        ifindex = world.ifindex;
        ck_assert_ok(move_in());
        make_pair("usb0", ifindex);
        make_pair("rom0", 0);
        ck_assert_ok(move_home("usb0"));
        ck_assert_int_ne(world.ifindex, ifindex);
        ck_assert_mem_eq(get(world.home, world.ifindex).name, "usb", 3);
}
END_TEST

START_TEST(test_home_with_an_odd_old_name) {
        static const char *const names[][2] = {
                {"a%db", "a"}, {"123", "usb"}, {"abcdefghijklmno", "abcdefghijk"}, {"%", "usb"}};

        world_plug("usb0");
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                RtnlLink link;
                int taken;

                ck_assert_ok(move_in());
                if (!strchr(names[i][0], '%'))
                        make_pair(names[i][0], 0);
                taken = make_pair("rom0", 0);
                ck_assert_ok(move_home(names[i][0]));
                link = get(world.home, world.ifindex);
                ck_assert_mem_eq(link.name, names[i][1], strlen(names[i][1]));
                ck_assert_str_eq(get(world.home, taken).name, "rom0");
                ck_assert_ok(test_link_delete("rom0"));
                if (!strchr(names[i][0], '%'))
                        ck_assert_ok(test_link_delete(names[i][0]));
        }
}
END_TEST

/* Thirty sessions, each with a rom0 that was called usb0 when it was taken. */
START_TEST(test_thirty_go_home) {
        enum { N = 30 };
        int ifindices[N], netns_fds[N];
        Rtnl *rtnls[N];

        for (size_t i = 0; i < N; i++) {
                make_pair("usb0", 0);
                ck_assert_ok(test_link_set_name("pusb0", (char[]){'q', (char) ('A' + i), '\0'}));
                ck_assert_ok(netns_new(&netns_fds[i]));
                rtnls[i] = rtnl_new_in(netns_fds[i]);
                ck_assert_ok(rtnl_link_move(world.home, (int) if_nametoindex("usb0"), rtnls[i],
                                            netns_fds[i], "rom0", &ifindices[i]));
        }
        for (size_t i = 0; i < N; i++) {
                int home_ifindex;

                ck_assert_ok(rtnl_link_move_home(rtnls[i], ifindices[i], world.home,
                                                 netns_home_fd(), "usb0", &home_ifindex));
                ck_assert_int_eq(home_ifindex, ifindices[i]);
                ck_assert_mem_eq(get(world.home, home_ifindex).name, "usb", 3);
                rtnl_free(rtnls[i]);
                fd_close(netns_fds[i]);
        }
}
END_TEST

START_TEST(test_there_and_back_again) {
        world_plug("usb0");
        for (size_t i = 0; i < 10; i++) {
                ck_assert_ok(move_in());
                world_configure();
                ck_assert_ok(move_home("usb0"));
                ck_assert_str_eq(get(world.home, world.ifindex).name, "usb0");
        }
}
END_TEST

/* ---- configuration ---- */

static int check_address(void *userdata) {
        struct ifaddrs *addresses;
        int r = -ENOENT;

        if (getifaddrs(&addresses) < 0)
                return -errno;
        for (const struct ifaddrs *a = addresses; a; a = a->ifa_next) {
                const struct sockaddr_in *sin = (const void *) a->ifa_addr;
                const struct sockaddr_in *mask = (const void *) a->ifa_netmask;
                const struct sockaddr_in *broadcast = (const void *) a->ifa_broadaddr;

                if (sin && sin->sin_family == AF_INET && streq(a->ifa_name, "rom0") &&
                    ntohl(sin->sin_addr.s_addr) == SERVER_ADDRESS &&
                    ntohl(mask->sin_addr.s_addr) == 0xffffff00 && broadcast &&
                    ntohl(broadcast->sin_addr.s_addr) == 0xc0a800ff)
                        r = 0;
        }
        freeifaddrs(addresses);
        return r;
}

START_TEST(test_address) {
        world_plug("usb0");
        world_attach();
        world_configure();
        ck_assert_ok(netns_run(world.netns_fd, check_address, NULL));
        ck_assert_int_eq(rtnl_link_has_address(world.inside, world.ifindex), 1);
        ck_assert_int_eq(rtnl_addr_add(world.inside, world.ifindex,
                                       (struct in_addr){htonl(SERVER_ADDRESS)}, 24),
                         -EEXIST);
        ck_assert_ok(rtnl_link_set_up(world.inside, world.ifindex));
}
END_TEST

/* ---- namespace numbers and events ---- */

typedef struct Events {
        int ifindex, nsid;
        char name[IF_NAMESIZE];
        bool is_moved;
        unsigned int n_links, n_changes, n_nsids, n_overflows;
} Events;

static void on_link_removed(int ifindex, const char *name, bool is_moved, void *userdata) {
        Events *events = userdata;

        events->ifindex = ifindex;
        events->is_moved = is_moved;
        events->n_links++;
        snprintf(events->name, sizeof(events->name), "%s", name);
}

static void on_link_changed(int ifindex, void *userdata) {
        Events *events = userdata;

        if (events->ifindex == ifindex)
                events->n_changes++;
}

static void on_nsid_removed(int nsid, void *userdata) {
        Events *events = userdata;

        events->nsid = nsid;
        events->n_nsids++;
}

static void on_overflow(void *userdata) {
        ((Events *) userdata)->n_overflows++;
}

static const RtnlMonitorCallbacks link_callbacks = {.link_removed = on_link_removed,
                                                    .overflow = on_overflow};
static const RtnlMonitorCallbacks change_callbacks = {.link_changed = on_link_changed,
                                                      .overflow = on_overflow};
static const RtnlMonitorCallbacks nsid_callbacks = {.nsid_removed = on_nsid_removed,
                                                    .overflow = on_overflow};

/* Dispatches until *@count is @n. */
static void wait_for(RtnlMonitor *monitor, const unsigned int *count, unsigned int n) {
        uint64_t deadline = now_usec() + PATIENCE_USEC;

        while (*count < n) {
                ck_assert_int_eq(wait_readable(rtnl_monitor_get_fd(monitor), deadline), 1);
                ck_assert_ok(rtnl_monitor_dispatch(monitor));
        }
        ck_assert_uint_eq(*count, n);
}

START_TEST(test_monitor_tells_of_an_unplug) {
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        Events events = {};

        monitor = rtnl_monitor_new_in(world.netns_fd, &link_callbacks, &events);
        world_plug("usb0");
        ck_assert_ok(move_in());
        world_configure();
        ck_assert_ok(rtnl_monitor_dispatch(monitor));
        ck_assert_uint_eq(events.n_links, 0);

        ck_assert_ok(link_call_in(world.board_fd, test_link_delete, "board"));
        wait_for(monitor, &events.n_links, 1);
        ck_assert_int_eq(events.ifindex, world.ifindex);
        ck_assert_str_eq(events.name, "rom0");
        ck_assert(!events.is_moved);
        ck_assert_uint_eq(events.n_overflows, 0);
}
END_TEST

START_TEST(test_monitor_tells_a_move_from_an_unplug) {
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        Events events = {};

        monitor = rtnl_monitor_new_in(world.netns_fd, &link_callbacks, &events);
        world_plug("usb0");
        ck_assert_ok(move_in());
        world_configure();
        ck_assert_ok(move_home("usb0"));
        wait_for(monitor, &events.n_links, 1);
        ck_assert_int_eq(events.ifindex, world.ifindex);
        ck_assert(events.is_moved);
}
END_TEST

static int set_down(const char *name) {
        return test_link_set_up(name, false);
}

static int remove_test_address(const char *name) {
        int r = test_link_add_address(name, "0.0.0.0", "255.255.255.0");

        return r == -EADDRNOTAVAIL ? 0 : r; /* it is gone, and so has no netmask */
}

/* What rtnl_link_get() and rtnl_link_has_address() answer. */
START_TEST(test_monitor_tells_of_changes) {
        static int (*const changes[])(const char *name) = {add_test_address, set_up,
                                                           remove_test_address, set_down};
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        Events events = {.ifindex = make_pair("usb0", 0)};

        make_pair("usb1", 0);
        ck_assert_ok(rtnl_monitor_new(&change_callbacks, &events, &monitor));
        for (size_t i = 0; i < ELEMENTSOF(changes); i++)
                ck_assert_ok(changes[i]("usb1"));
        ck_assert_ok(rtnl_monitor_dispatch(monitor));
        ck_assert_uint_eq(events.n_changes, 0);

        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                events.n_changes = 0;
                ck_assert_ok(changes[i]("usb0"));
                ck_assert_ok(rtnl_monitor_dispatch(monitor));
                ck_assert_uint_gt(events.n_changes, 0);
        }
        ck_assert_uint_eq(events.n_overflows, 0);
}
END_TEST

START_TEST(test_monitor_is_silent_elsewhere) {
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        Events events = {};

        monitor = rtnl_monitor_new_in(world.netns_fd, &link_callbacks, &events);
        make_pair("usb0", 0);
        ck_assert_ok(test_link_delete("usb0"));
        ck_assert_int_eq(wait_readable(rtnl_monitor_get_fd(monitor), now_usec() + SILENCE_USEC), 0);
        ck_assert_ok(rtnl_monitor_dispatch(monitor));
        ck_assert_uint_eq(events.n_links, 0);
}
END_TEST

START_TEST(test_monitor_tells_of_lost_events) {
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        uint64_t deadline = now_usec() + PATIENCE_USEC;
        Events events = {};

        ck_assert_ok(rtnl_monitor_new(&link_callbacks, &events, &monitor));
        ck_assert_sys(setsockopt(rtnl_monitor_get_fd(monitor), SOL_SOCKET, SO_RCVBUF, &(int){1},
                                 sizeof(int)));
        for (unsigned int i = 0; i < 20; i++) {
                make_pair("usb0", 0);
                ck_assert_ok(test_link_delete("usb0"));
        }
        while (events.n_overflows == 0 && now_usec() < deadline)
                ck_assert_ok(rtnl_monitor_dispatch(monitor));
        ck_assert_uint_ge(events.n_overflows, 1);

        /* It goes on afterwards. */
        ck_assert_sys(setsockopt(rtnl_monitor_get_fd(monitor), SOL_SOCKET, SO_RCVBUF,
                                 &(int){128 * 1024}, sizeof(int)));
        events = (Events){};
        make_pair("usb0", 0);
        ck_assert_ok(test_link_delete("pusb0"));
        while (events.n_links == 0 && now_usec() < deadline)
                ck_assert_ok(rtnl_monitor_dispatch(monitor));
        ck_assert_uint_ge(events.n_links, 1);
}
END_TEST

/* The kernel drops whatever comes between an overrun and the moment when the last event from before it
 * has been read, and says nothing of it. */
static void on_overflow_unplug(void *userdata) {
        ((Events *) userdata)->n_overflows++;
        ck_assert_ok(test_link_delete("late"));
}

START_TEST(test_monitor_hears_again_when_it_tells_of_lost_events) {
        static const RtnlMonitorCallbacks callbacks = {.link_removed = on_link_removed,
                                                       .overflow = on_overflow_unplug};
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        uint64_t deadline = now_usec() + PATIENCE_USEC;
        Events events = {};

        make_pair("late", 0);
        ck_assert_ok(rtnl_monitor_new(&callbacks, &events, &monitor));
        ck_assert_sys(setsockopt(rtnl_monitor_get_fd(monitor), SOL_SOCKET, SO_RCVBUF,
                                 &(int){128 * 1024}, sizeof(int)));
        for (unsigned int i = 0; i < 100; i++) {
                make_pair("usb0", 0);
                ck_assert_ok(test_link_delete("usb0"));
        }

        /* As a loop does: read when there is something, and find out by that alone. */
        while (events.n_overflows == 0 || events.n_links < 2) {
                ck_assert_int_eq(wait_readable(rtnl_monitor_get_fd(monitor), deadline), 1);
                ck_assert_ok(rtnl_monitor_dispatch(monitor));
        }
        ck_assert_uint_eq(events.n_overflows, 1);
        ck_assert_str_eq(events.name, "plate"); /* its other end, the second of two */
}
END_TEST

/* Whoever is on the machine cannot fake an event. */
START_TEST(test_monitor_hears_only_the_kernel) {
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        _cleanup_fd_ int fd = -EBADF;
        struct sockaddr_nl address = {};
        socklen_t len = sizeof(address);
        struct {
                struct nlmsghdr header;
                struct ifinfomsg info;
        } fake = {.header = {.nlmsg_len = sizeof(fake), .nlmsg_type = RTM_DELLINK},
                  .info = {.ifi_index = 1}};
        Events events = {};

        ck_assert_ok(rtnl_monitor_new(&link_callbacks, &events, &monitor));
        ck_assert_sys(
                getsockname(rtnl_monitor_get_fd(monitor), (struct sockaddr *) &address, &len));
        fd = ck_assert_sys(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
        /* Root may send to other processes' sockets on some families; where it may not, all the
         * better. */
        if (sendto(fd, &fake, sizeof(fake), 0, (struct sockaddr *) &address, len) < 0)
                ck_assert(errno == EPERM || errno == ECONNREFUSED);
        ck_assert_ok(rtnl_monitor_dispatch(monitor));
        ck_assert_uint_eq(events.n_links, 0);
}
END_TEST

START_TEST(test_nsid_is_kept) {
        _cleanup_fd_ int fd = -EBADF;
        int nsid = -42, again = -42, other = -42;

        ck_assert_ok(rtnl_nsid_assign(world.home, world.netns_fd, &nsid));
        ck_assert_int_ge(nsid, 0);
        ck_assert_ok(rtnl_nsid_assign(world.home, world.netns_fd, &again));
        ck_assert_int_eq(again, nsid);
        ck_assert_ok(rtnl_nsid_assign(world.home, world.board_fd, &other));
        ck_assert_int_ne(other, nsid);
        ck_assert_int_eq(rtnl_nsid_exists(world.home, nsid), 1);
        ck_assert_int_eq(rtnl_nsid_exists(world.home, 4711), 0);
        fd = ck_assert_sys(open("/dev/null", O_RDONLY | O_CLOEXEC));
        ck_assert_int_eq(rtnl_nsid_assign(world.home, fd, &other), -EINVAL);
}
END_TEST

/* The move itself gives a number too, without asking. */
START_TEST(test_nsid_after_a_move) {
        int nsid;

        world_plug("usb0");
        ck_assert_ok(move_in());
        ck_assert_ok(rtnl_nsid_assign(world.home, world.netns_fd, &nsid));
        ck_assert_int_ge(nsid, 0);
}
END_TEST

START_TEST(test_a_socket_keeps_the_namespace) {
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        _cleanup_fd_ int fd = -EBADF, socket_fd = -EBADF;
        Events events = {};
        int nsid;

        ck_assert_ok(rtnl_monitor_new(&nsid_callbacks, &events, &monitor));
        ck_assert_ok(netns_new(&fd));
        ck_assert_ok(rtnl_nsid_assign(world.home, fd, &nsid));
        ck_assert_ok(netns_open_socket(fd, AF_INET, SOCK_DGRAM, 0, &socket_fd));

        fd = fd_close(fd);
        ck_assert_ok(rtnl_monitor_dispatch(monitor)); /* RTM_NEWNSID */
        ck_assert_int_eq(wait_readable(rtnl_monitor_get_fd(monitor), now_usec() + SILENCE_USEC), 0);
        ck_assert_int_eq(rtnl_nsid_exists(world.home, nsid), 1);

        socket_fd = fd_close(socket_fd);
        wait_for(monitor, &events.n_nsids, 1);
        ck_assert_int_eq(events.nsid, nsid);
        ck_assert_int_eq(rtnl_nsid_exists(world.home, nsid), 0);
}
END_TEST

NETNS_TEST_MAIN("rtnl", world_setup, world_teardown, test_get_and_find, test_no_such_link,
                test_has_address, test_has_ipv6_address, test_an_rtnl_stays_in_its_namespace,
                test_move_names_and_keeps_index, test_a_link_is_quiet_for_long,
                test_a_link_is_not_quiet_by_itself, test_move_of_a_link_that_is_up_arrives_down,
                test_move_where_the_name_is_taken, test_move_where_both_names_are_taken,
                test_move_where_the_index_is_taken, test_move_where_all_is_taken,
                test_move_without_ipv6, test_move_without_ipv6_where_both_names_are_taken,
                test_move_of_what_is_gone, test_move_into_what_is_no_namespace,
                test_move_without_privilege, test_home_under_its_old_name,
                test_home_when_the_old_name_is_taken, test_home_when_all_is_taken,
                test_home_with_an_odd_old_name, test_thirty_go_home, test_there_and_back_again,
                test_address, test_monitor_tells_of_an_unplug,
                test_monitor_tells_a_move_from_an_unplug, test_monitor_tells_of_changes,
                test_monitor_is_silent_elsewhere, test_monitor_tells_of_lost_events,
                test_monitor_hears_again_when_it_tells_of_lost_events,
                test_monitor_hears_only_the_kernel, test_nsid_is_kept, test_nsid_after_a_move,
                test_a_socket_keeps_the_namespace)
