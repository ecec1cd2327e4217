/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the design takes for granted of the kernel, and no module's test shows: what a client can and
 * cannot do with the sockets that it is given, what happens to them when boards come and go, and when
 * the kernel gives up a board that does not answer ARP. */

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "netns-test.h"
#include "test-world.h"

static struct sockaddr_in address_of(uint32_t host, uint16_t port) {
        return (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = htonl(host),
        };
}

static int do_bind(int fd, uint16_t port) {
        const struct sockaddr_in address = address_of(INADDR_ANY, port);

        return bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
}

static int do_send(int fd, uint32_t host, uint16_t port, int flags) {
        const struct sockaddr_in to = address_of(host, port);

        if (sendto(fd, "DATA", 4, flags, (const struct sockaddr *) &to, sizeof(to)) < 0)
                return -errno;
        return 0;
}

static uint16_t port_of(int fd) {
        struct sockaddr_in address;
        socklen_t len = sizeof(address);

        ck_assert_sys(getsockname(fd, (struct sockaddr *) &address, &len));
        return ntohs(address.sin_port);
}

static int new_socket(void) {
        int fd;

        ck_assert_ok(netns_open_socket(world.netns_fd, AF_INET, SOCK_DGRAM, 0, &fd));
        return fd;
}

/* ---- what a client may do ---- */

static int do_what_servers_do(void *userdata) {
        int fd = *(int *) userdata, r;

        if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int)) < 0)
                return -errno;
        r = do_bind(fd, 9067);
        if (r < 0)
                return r;
        r = send_broadcast(fd, 68, "BOOTREPLY");
        if (r < 0)
                return r;
        return do_send(fd, BOARD_ADDRESS, 1234, MSG_CONFIRM);
}

START_TEST(test_unprivileged_serves_on_a_passed_socket) {
        _cleanup_fd_ int fd = new_socket();
        UdpFrame frame;

        world_plug("usb0");
        world_attach();
        world_configure();
        introduce_board();
        ck_assert_ok(run_unprivileged(do_what_servers_do, &fd));
        ck_assert_ok(frame_receive_udp(world.packet_fd, now_usec() + PATIENCE_USEC, &frame));
        ck_assert_uint_eq(frame.destination, BROADCAST);
        ck_assert_ok(frame_receive_udp(world.packet_fd, now_usec() + PATIENCE_USEC, &frame));
        ck_assert_uint_eq(frame.destination, BOARD_ADDRESS);
}
END_TEST

/* connect() takes a fresh port for a transfer, connect(AF_UNSPEC) gives it back. */
static int take_and_give_back_ports(void *userdata) {
        const struct sockaddr_in board = address_of(BOARD_ADDRESS, 1234);
        const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
        int fd = *(int *) userdata;

        for (size_t i = 0; i < 3; i++) {
                if (port_of(fd) != 0)
                        return -EADDRINUSE;
                if (connect(fd, (const struct sockaddr *) &board, sizeof(board)) < 0)
                        return -errno;
                if (port_of(fd) == 0)
                        return -EADDRNOTAVAIL;
                if (connect(fd, &nobody, sizeof(nobody)) < 0)
                        return -errno;
        }
        return 0;
}

START_TEST(test_connect_gives_and_takes_ports) {
        _cleanup_fd_ int fd = new_socket();

        world_plug("usb0");
        world_attach();
        world_configure();
        ck_assert_ok(run_unprivileged(take_and_give_back_ports, &fd));
}
END_TEST

/* ---- what a client may not do ---- */

static int bind_privileged_port(void *userdata) {
        return do_bind(*(int *) userdata, 67);
}

static int set_mark(void *userdata) {
        return setsockopt(*(int *) userdata, SOL_SOCKET, SO_MARK, &(int){1}, sizeof(int)) < 0
                       ? -errno
                       : 0;
}

static int set_transparent(void *userdata) {
        return setsockopt(*(int *) userdata, IPPROTO_IP, IP_TRANSPARENT, &(int){1}, sizeof(int)) < 0
                       ? -errno
                       : 0;
}

static int set_address(void *userdata) {
        const struct sockaddr_in address = address_of(SERVER_ADDRESS + 7, 0);
        struct ifreq ifr = {.ifr_name = "rom0"};

        memcpy(&ifr.ifr_addr, &address, sizeof(address));
        return ioctl(*(int *) userdata, SIOCSIFADDR, &ifr) < 0 ? -errno : 0;
}

static int set_down(void *userdata) {
        struct ifreq ifr = {.ifr_name = "rom0"};

        return ioctl(*(int *) userdata, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

static int set_neighbour(void *userdata) {
        const struct sockaddr_in address = address_of(BOARD_ADDRESS, 0);
        struct arpreq request = {
                .arp_ha.sa_family = ARPHRD_ETHER,
                .arp_flags = ATF_COM,
                .arp_dev = "rom0",
        };

        memcpy(&request.arp_pa, &address, sizeof(address));
        return ioctl(*(int *) userdata, SIOCSARP, &request) < 0 ? -errno : 0;
}

static int get_namespace(void *userdata) {
        return ioctl(*(int *) userdata, SIOCGSKNS) < 0 ? -errno : 0;
}

static int enter_namespace(void *userdata) {
        return setns(world.netns_fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

START_TEST(test_unprivileged_is_refused_the_rest) {
        _cleanup_fd_ int fd = new_socket();
        static const struct {
                const char *what;
                int (*fn)(void *userdata);
                int error;
        } cases[] = {
                {"port below 1024", bind_privileged_port, -EACCES},
                {"SO_MARK", set_mark, -EPERM},
                {"IP_TRANSPARENT", set_transparent, -EPERM},
                {"SIOCSIFADDR", set_address, -EPERM},
                {"SIOCSIFFLAGS", set_down, -EPERM},
                {"SIOCSARP", set_neighbour, -EPERM},
                {"SIOCGSKNS", get_namespace, -EPERM},
                {"setns", enter_namespace, -EPERM},
        };

        world_plug("usb0");
        world_attach();
        world_configure();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int r = run_unprivileged(cases[i].fn, &fd);

                ck_assert_msg(r == cases[i].error, "%s: %s", cases[i].what, strerror(-r));
        }
}
END_TEST

/* ---- boards come and go ---- */

static void plug_and_configure(void) {
        world_plug("usb0");
        world_attach();
        world_configure();
        introduce_board();
}

static void unplug(void) {
        world.packet_fd = fd_close(world.packet_fd);
        ck_assert_ok(link_call_in(world.board_fd, test_link_delete, "board"));
}

static void check_arrives(int fd, int r) {
        UdpFrame frame;

        ck_assert_ok(r);
        ck_assert_ok(frame_receive_udp(world.packet_fd, now_usec() + PATIENCE_USEC, &frame));
        ck_assert_uint_eq(frame.source_port, port_of(fd));
}

START_TEST(test_sockets_outlive_a_board) {
        const struct sockaddr_in board = address_of(BOARD_ADDRESS, 1234);
        _cleanup_fd_ int unbound_fd = new_socket(), bound_fd = open_server(9069),
                         connected_fd = new_socket();

        plug_and_configure();
        ck_assert_sys(connect(connected_fd, (const struct sockaddr *) &board, sizeof(board)));
        for (size_t i = 0; i < 3; i++) {
                check_arrives(unbound_fd, do_send(unbound_fd, BOARD_ADDRESS, 1234, 0));
                check_arrives(bound_fd, do_send(bound_fd, BOARD_ADDRESS, 1234, 0));
                check_arrives(connected_fd, do_send(connected_fd, BOARD_ADDRESS, 1234, 0));
                unplug();
                ck_assert_int_eq(do_send(unbound_fd, BOARD_ADDRESS, 1234, 0), -ENETUNREACH);
                ck_assert_int_eq(do_send(bound_fd, BOARD_ADDRESS, 1234, 0), -ENETUNREACH);
                ck_assert_int_eq(do_send(connected_fd, BOARD_ADDRESS, 1234, 0), -ENETUNREACH);
                plug_and_configure();
        }
}
END_TEST

/* Why clients never use SO_BINDTODEVICE. */
START_TEST(test_a_socket_bound_to_a_device_dies_with_it) {
        _cleanup_fd_ int fd = new_socket();

        plug_and_configure();
        ck_assert_sys(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "rom0", 5));
        check_arrives(fd, do_send(fd, BOARD_ADDRESS, 1234, 0));
        unplug();
        ck_assert_int_eq(do_send(fd, BOARD_ADDRESS, 1234, 0), -ENODEV);
        plug_and_configure();
        ck_assert_int_eq(do_send(fd, BOARD_ADDRESS, 1234, 0), -ENODEV);
}
END_TEST

/* Nothing tells a client that the board went: it learns that from D-Bus. */
START_TEST(test_nothing_wakes_a_socket_when_the_board_goes) {
        _cleanup_fd_ int fd = open_server(9069);

        plug_and_configure();
        unplug();
        ck_assert_int_eq(wait_readable(fd, now_usec() + SILENCE_USEC), 0);
}
END_TEST

/* A veth dies with its namespace; a USB interface would come home. Neither waits for the daemon. */
START_TEST(test_the_end_of_a_namespace_ends_its_veth) {
        uint64_t deadline = now_usec() + PATIENCE_USEC;
        _cleanup_(rtnl_freep) Rtnl *board = NULL;
        RtnlLink link;
        int r = 0;

        plug_and_configure();
        board = rtnl_new_in(world.board_fd);
        world.inside = rtnl_free(world.inside);
        world.netns_fd = fd_close(world.netns_fd);
        while (r >= 0 && now_usec() < deadline)
                r = rtnl_link_find(board, "board", &link);
        ck_assert_int_eq(r, -ENODEV);
}
END_TEST

/* ---- a board that does not answer ARP ---- */

/* Lock-step like TFTP, for @duration_usec: a datagram to the board, one back. Returns 0, -ETIMEDOUT
 * when one has not arrived. */
static int exchange(int fd, int flags, uint64_t duration_usec) {
        uint64_t end = now_usec() + duration_usec;

        while (now_usec() < end) {
                char buffer[16];
                UdpFrame frame;
                int r;

                r = do_send(fd, BOARD_ADDRESS, 1234, flags);
                if (r < 0)
                        return r;
                r = frame_receive_udp(world.packet_fd, now_usec() + 2 * SILENCE_USEC, &frame);
                if (r < 0)
                        return r;
                frame = frame_from_board(1234, port_of(fd), "ACK");
                ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
                ck_assert_int_eq(wait_readable(fd, now_usec() + PATIENCE_USEC), 1);
                ck_assert_int_eq(recv(fd, buffer, sizeof(buffer), 0), 3);
        }
        return 0;
}

static int hurry(const char *name) {
        return test_link_set_neighbour_times(name, &(TestNeighbourTimes){.reachable_msec = 200,
                                                                         .delay_msec = 200,
                                                                         .retrans_msec = 40});
}

/* The kernel's 5 s and 3 s, in small: 0.2 s and 0.12 s. */
static void prepare_neighbour(void) {
        world_plug("usb0");
        world_attach();
        world_configure();
        ck_assert_ok(link_call_in(world.netns_fd, hurry, "rom0"));
}

#define LONG_USEC (2 * USEC_PER_SEC)

/* The witness of the two tests below. */
START_TEST(test_a_silent_neighbour_is_given_up) {
        _cleanup_fd_ int fd = open_server(0);

        prepare_neighbour();
        introduce_board();
        ck_assert_int_eq(exchange(fd, 0, PATIENCE_USEC), -ETIMEDOUT);
}
END_TEST

START_TEST(test_confirm_keeps_a_silent_neighbour) {
        _cleanup_fd_ int fd = open_server(0);

        prepare_neighbour();
        introduce_board();
        ck_assert_ok(exchange(fd, MSG_CONFIRM, LONG_USEC));
}
END_TEST

START_TEST(test_delay_probe_keeps_a_silent_neighbour) {
        _cleanup_fd_ int fd = open_server(0);

        prepare_neighbour();
        ck_assert_ok(rtnl_neigh_set_delay_probe(world.inside, world.ifindex, 3600 * USEC_PER_SEC));
        introduce_board();
        ck_assert_ok(exchange(fd, 0, LONG_USEC));
}
END_TEST

/* Broadcasts by the interface need to know no neighbour, and ask for none. */
START_TEST(test_broadcast_asks_for_no_neighbour) {
        _cleanup_fd_ int fd = open_server(9067);
        uint8_t buffer[FRAME_SIZE_MAX];
        size_t size;

        world_plug("usb0");
        world_attach();
        world_configure();
        ck_assert_ok(send_broadcast(fd, 68, "BOOTREPLY"));
        ck_assert_ok(frame_receive(world.packet_fd, now_usec() + PATIENCE_USEC, buffer, &size));
        ck_assert_uint_eq(frame_type(buffer), FRAME_IPV4_TYPE);
        ck_assert_int_eq(frame_receive(world.packet_fd, now_usec() + SILENCE_USEC, buffer, &size),
                         -ETIMEDOUT);
}
END_TEST

NETNS_TEST_MAIN("kernel", world_setup, world_teardown, test_unprivileged_serves_on_a_passed_socket,
                test_connect_gives_and_takes_ports, test_unprivileged_is_refused_the_rest,
                test_sockets_outlive_a_board, test_a_socket_bound_to_a_device_dies_with_it,
                test_nothing_wakes_a_socket_when_the_board_goes,
                test_the_end_of_a_namespace_ends_its_veth, test_a_silent_neighbour_is_given_up,
                test_confirm_keeps_a_silent_neighbour, test_delay_probe_keeps_a_silent_neighbour,
                test_broadcast_asks_for_no_neighbour)
