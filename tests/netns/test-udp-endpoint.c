/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "udp-endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "netns-test.h"
#include "nft.h"
#include "test-world.h"

static int bootp_fd, fd;

static void set_up(void) {
        world_setup();
        world_plug("usb0");
        world_attach();
        world_configure();
        ck_assert_ok(netns_open_socket(world.netns_fd, AF_INET, SOCK_DGRAM, 0, &bootp_fd));
        ck_assert_ok(netns_open_socket(world.netns_fd, AF_INET, SOCK_DGRAM, 0, &fd));
        ck_assert_ok(udp_endpoint_bind(bootp_fd, 9067));
}

static void tear_down(void) {
        bootp_fd = fd_close(bootp_fd);
        fd = fd_close(fd);
        world_teardown();
}

static struct sockaddr_in board_at(uint16_t port) {
        return (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = htonl(BOARD_ADDRESS),
        };
}

static int send_text(const char *text, bool is_confirmed) {
        struct iovec iov = {.iov_base = (void *) text, .iov_len = strlen(text)};

        return udp_endpoint_send(fd, &iov, 1, is_confirmed);
}

static UdpFrame receive_frame(void) {
        UdpFrame frame;

        ck_assert_ok(frame_receive_udp(world.packet_fd, now_usec() + PATIENCE_USEC, &frame));
        return frame;
}

static uint16_t port_of(int socket_fd) {
        uint16_t port = 0;

        ck_assert_ok(udp_endpoint_get_port(socket_fd, &port));
        return port;
}

static UdpDatagram receive(int socket_fd, char *text, size_t size) {
        UdpDatagram d;

        ck_assert_int_eq(wait_readable(socket_fd, now_usec() + PATIENCE_USEC), 1);
        ck_assert_int_eq(udp_endpoint_receive(socket_fd, text, size, &d), UDP_EVENT_DATAGRAM);
        return d;
}

START_TEST(test_tells_who_asks_and_by_which_interface) {
        UdpFrame frame = frame_from_board(68, 9067, "request");
        UdpDatagram d;
        char text[32];

        ck_assert_int_eq(udp_endpoint_receive(bootp_fd, text, sizeof text, &d), UDP_EVENT_NONE);

        frame.source = 0;
        frame.destination = BROADCAST;
        memset(frame.destination_mac, 0xff, MAC_LEN);
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        d = receive(bootp_fd, text, sizeof text);
        ck_assert_uint_eq(d.len, 7);
        ck_assert(memcmp(text, "request", 7) == 0);
        ck_assert_uint_eq(d.full_len, 7);
        ck_assert(d.is_broadcast && !d.is_truncated);
        ck_assert_uint_eq(d.destination.s_addr, htonl(INADDR_BROADCAST));
        ck_assert_int_eq(d.ifindex, world.ifindex);
        ck_assert_uint_eq(d.source.sin_addr.s_addr, 0);
        ck_assert_uint_eq(ntohs(d.source.sin_port), 68);

        frame = frame_from_board(1234, 9067, "unicast");
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        d = receive(bootp_fd, text, 3);
        ck_assert(!d.is_broadcast && d.is_truncated);
        ck_assert_uint_eq(d.len, 3);
        ck_assert_uint_eq(d.full_len, 7);
        ck_assert_uint_eq(ntohl(d.destination.s_addr), SERVER_ADDRESS);
        ck_assert_uint_eq(ntohl(d.source.sin_addr.s_addr), BOARD_ADDRESS);

        frame = frame_from_board(1234, 9067, "");
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        ck_assert_uint_eq(receive(bootp_fd, text, sizeof text).len, 0);
}
END_TEST

START_TEST(test_broadcasts_without_route_or_neighbour) {
        UdpFrame frame;

        ck_assert_int_eq(udp_endpoint_broadcast(bootp_fd, world.ifindex, 68, "reply", 5), UDP_SENT);
        frame = receive_frame();
        ck_assert_uint_eq(frame.destination, BROADCAST);
        ck_assert_uint_eq(frame.source, SERVER_ADDRESS);
        ck_assert_uint_eq(frame.source_port, 9067);
        ck_assert_uint_eq(frame.destination_port, 68);
        ck_assert(memcmp(frame.destination_mac, "\xff\xff\xff\xff\xff\xff", MAC_LEN) == 0);
        ck_assert_uint_eq(frame.payload_len, 5);
}
END_TEST

static int guard(void *userdata) {
        return nft_install_neighbour_guard(htonl(BOARD_ADDRESS));
}

/* To another address than the board's, which has made it up: not a fault of ours. */
START_TEST(test_nobody_else_can_be_reached) {
        const struct iovec part = {(void *) "DATA", 4};
        struct sockaddr_in peer = board_at(1234);

        ck_assert_ok(netns_run(world.netns_fd, guard, NULL));
        peer.sin_addr.s_addr = htonl(BOARD_ADDRESS + 1);
        ck_assert_int_eq(udp_endpoint_send_to(fd, &peer, &part, 1), UDP_SENT_UNREACHABLE);
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        ck_assert_int_eq(udp_endpoint_send(fd, &part, 1, true), UDP_SENT_UNREACHABLE);
}
END_TEST

START_TEST(test_connects_with_a_fresh_port_and_gives_it_back) {
        struct sockaddr_in peer = board_at(1234);
        uint16_t first, second;

        ck_assert_uint_eq(port_of(fd), 0);
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        first = port_of(fd);
        ck_assert_uint_ne(first, 0);
        ck_assert_ok(udp_endpoint_disconnect(fd));
        ck_assert_uint_eq(port_of(fd), 0);
        /* Fresh, not by chance the same sixteen times. */
        second = first;
        for (size_t i = 0; i < 16 && second == first; i++) {
                ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
                second = port_of(fd);
                ck_assert_ok(udp_endpoint_disconnect(fd));
        }
        ck_assert_uint_ne(second, first);
}
END_TEST

START_TEST(test_hears_its_peer_only) {
        struct sockaddr_in peer = board_at(1234);
        UdpFrame frame;
        UdpDatagram d;
        char text[32];

        introduce_board();
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        ck_assert_int_eq(send_text("data", true), UDP_SENT);
        frame = receive_frame();
        ck_assert_uint_eq(frame.source_port, port_of(fd));
        ck_assert_uint_eq(frame.destination_port, 1234);

        frame = frame_from_board(4321, port_of(fd), "stranger");
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        frame = frame_from_board(1234, port_of(fd), "ack");
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        ck_assert_uint_eq(receive(fd, text, sizeof text).len, 3);
        ck_assert_int_eq(udp_endpoint_receive(fd, text, sizeof text, &d), UDP_EVENT_NONE);
}
END_TEST

START_TEST(test_forgets_what_the_peer_before_sent) {
        struct sockaddr_in peer = board_at(1234);
        UdpFrame frame;
        UdpDatagram d;
        char text[32];

        introduce_board();
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        for (size_t i = 0; i < 3; i++) {
                frame = frame_from_board(1234, port_of(fd), "late");
                ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        }
        ck_assert_int_eq(wait_readable(fd, now_usec() + PATIENCE_USEC), 1);
        ck_assert_ok(udp_endpoint_disconnect(fd));
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        ck_assert_int_eq(udp_endpoint_receive(fd, text, sizeof text, &d), UDP_EVENT_NONE);
}
END_TEST

static int answer_by_icmp(void *userdata) {
        int r = test_link_add_address("board", "192.168.0.101", "255.255.255.0");

        return r < 0 ? r : test_link_set_up("lo", true);
}

START_TEST(test_reports_a_closed_port_as_an_event) {
        struct sockaddr_in peer = board_at(1234);
        UdpDatagram d;
        char text[32];

        ck_assert_ok(netns_run(world.board_fd, answer_by_icmp, NULL));
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        ck_assert_int_eq(send_text("anybody?", true), UDP_SENT);
        ck_assert_int_eq(wait_readable(fd, now_usec() + PATIENCE_USEC), 1);
        ck_assert_int_eq(udp_endpoint_receive(fd, text, sizeof text, &d), UDP_EVENT_UNREACHABLE);
        ck_assert_int_eq(udp_endpoint_receive(fd, text, sizeof text, &d), UDP_EVENT_NONE);

        /* An error that is left over does not reach the next peer. */
        ck_assert_int_eq(send_text("anybody?", true), UDP_SENT);
        ck_assert_int_eq(wait_readable(fd, now_usec() + PATIENCE_USEC), 1);
        ck_assert_ok(udp_endpoint_disconnect(fd));
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        ck_assert_int_eq(udp_endpoint_receive(fd, text, sizeof text, &d), UDP_EVENT_NONE);
}
END_TEST

static int delete_link(void *userdata) {
        return test_link_delete(userdata);
}

/* A board leaves; the next one comes, to the same sockets. */
START_TEST(test_survives_the_link) {
        struct sockaddr_in peer = board_at(1234);
        struct iovec iov = {.iov_base = (void *) "x", .iov_len = 1};
        int old_ifindex = world.ifindex;

        introduce_board();
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        ck_assert_int_eq(send_text("data", true), UDP_SENT);
        ck_assert_ok(netns_run(world.netns_fd, delete_link, (void *) "rom0"));

        ck_assert_int_eq(send_text("data", true), UDP_SENT_UNREACHABLE);
        ck_assert_int_eq(udp_endpoint_send_to(bootp_fd, &peer, &iov, 1), UDP_SENT_UNREACHABLE);
        ck_assert_int_eq(udp_endpoint_broadcast(bootp_fd, old_ifindex, 68, "x", 1),
                         UDP_SENT_UNREACHABLE);
        ck_assert_int_eq(udp_endpoint_broadcast(bootp_fd, 0, 68, "x", 1), UDP_SENT_UNREACHABLE);
        ck_assert_ok(udp_endpoint_disconnect(fd));
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), UDP_SENT_UNREACHABLE);
        ck_assert_uint_eq(port_of(fd), 0);

        world_plug("usb1");
        world_attach();
        world_configure();
        introduce_board();
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        ck_assert_int_eq(send_text("again", true), UDP_SENT);
        ck_assert_uint_eq(receive_frame().payload_len, 5);
        ck_assert_int_eq(udp_endpoint_broadcast(bootp_fd, world.ifindex, 68, "x", 1), UDP_SENT);
        ck_assert_uint_eq(receive_frame().payload_len, 1);
}
END_TEST

static int make_neighbours_forgetful(void *userdata) {
        return test_link_set_neighbour_times("rom0", &(TestNeighbourTimes){
                                                             .reachable_msec = 100,
                                                             .delay_msec = 100,
                                                             .retrans_msec = 100,
                                                     });
}

/* Sends until the kernel stops, at most for two seconds, in which a neighbour that is silent would
 * have been dropped several times over: this time, which the pauses are there to fill, is what the test
 * is about. Returns how many did not arrive. */
static unsigned count_lost(bool is_confirmed) {
        const uint64_t pause_usec = 50 * USEC_PER_MSEC;
        unsigned n_lost = 0;

        for (size_t i = 0; i < 40 && n_lost == 0; i++) {
                UdpFrame frame;

                (void) send_text("data", is_confirmed);
                /* What is to arrive may take its time. */
                if (frame_receive_udp(world.packet_fd,
                                      now_usec() + (is_confirmed ? PATIENCE_USEC : pause_usec),
                                      &frame) < 0)
                        n_lost++;
                else
                        ck_assert_sys(usleep((useconds_t) pause_usec));
        }
        return n_lost;
}

/* design.md: a ROM that never answers ARP is still served after the tenth second; here the times
 * are shorter. */
START_TEST(test_confirmed_datagrams_keep_a_silent_neighbour) {
        struct sockaddr_in peer = board_at(1234);

        ck_assert_ok(netns_run(world.netns_fd, make_neighbours_forgetful, NULL));
        introduce_board();
        ck_assert_int_eq(udp_endpoint_connect(fd, &peer), 0);
        ck_assert_uint_eq(count_lost(true), 0);
        /* That the test tests something: without it they stop. */
        ck_assert_uint_gt(count_lost(false), 0);
}
END_TEST

NETNS_TEST_MAIN("udp-endpoint", set_up, tear_down, test_tells_who_asks_and_by_which_interface,
                test_broadcasts_without_route_or_neighbour, test_nobody_else_can_be_reached,
                test_connects_with_a_fresh_port_and_gives_it_back, test_hears_its_peer_only,
                test_forgets_what_the_peer_before_sent, test_reports_a_closed_port_as_an_event,
                test_survives_the_link, test_confirmed_datagrams_keep_a_silent_neighbour)
