/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The port rewriting, frame by frame, as a board sends and sees it. Checksums are really verified
 * here (test_link_use_software_checksums()): test_wrong_checksum_is_dropped shows that they are. */

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "netns-test.h"
#include "nft.h"
#include "test-world.h"

static const NftPortRewrite rewrites[] = {{67, 9067}, {69, 9069}};

static int install(void *userdata) {
        return nft_install_port_rewriting(rewrites, ELEMENTSOF(rewrites));
}

static void setup(void) {
        world_setup();
        ck_assert_ok(netns_run(world.netns_fd, install, NULL));
        world_plug("usb0");
        world_attach();
        world_configure();
}

typedef struct Datagram {
        char text[64];
        struct sockaddr_in from;
        struct in_pktinfo info;
} Datagram;

/* Receives what must come. */
static Datagram receive(int fd) {
        Datagram datagram = {};
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
        } control;
        struct iovec iov = {.iov_base = datagram.text, .iov_len = sizeof(datagram.text) - 1};
        struct msghdr msg = {
                .msg_name = &datagram.from,
                .msg_namelen = sizeof(datagram.from),
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };

        ck_assert_int_eq(wait_readable(fd, now_usec() + PATIENCE_USEC), 1);
        ck_assert_int_ge(recvmsg(fd, &msg, 0), 0);
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
                if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
                        memcpy(&datagram.info, CMSG_DATA(c), sizeof(datagram.info));
        return datagram;
}

static void send_text(int fd, uint16_t port, const char *text) {
        const struct sockaddr_in to = {
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = htonl(BOARD_ADDRESS),
        };

        ck_assert_sys(
                (int) sendto(fd, text, strlen(text), 0, (const struct sockaddr *) &to, sizeof(to)));
}

static UdpFrame receive_on_board(void) {
        UdpFrame frame;

        ck_assert_ok(frame_receive_udp(world.packet_fd, now_usec() + PATIENCE_USEC, &frame));
        return frame;
}

static void check_payload(const UdpFrame *frame, const char *text) {
        ck_assert_uint_eq(frame->payload_len, strlen(text));
        ck_assert_mem_eq(frame->payload, text, frame->payload_len);
}

/* BOOTP as the ROM (valid checksum) and U-Boot (none) send it, and the answer. */
static void exchange_bootp(UdpChecksum checksum) {
        _cleanup_fd_ int fd = open_server(9067);
        UdpFrame request = frame_from_board(68, 67, "BOOTREQUEST"), reply;
        Datagram datagram;

        memset(request.destination_mac, 0xff, MAC_LEN);
        request.source = 0;
        request.destination = BROADCAST;
        request.checksum = checksum;
        ck_assert_ok(frame_send_udp(world.packet_fd, &request));

        datagram = receive(fd);
        ck_assert_str_eq(datagram.text, "BOOTREQUEST");
        ck_assert_uint_eq(datagram.from.sin_addr.s_addr, INADDR_ANY);
        ck_assert_uint_eq(ntohs(datagram.from.sin_port), 68);
        ck_assert_int_eq(datagram.info.ipi_ifindex, world.ifindex);
        ck_assert_uint_eq(ntohl(datagram.info.ipi_addr.s_addr), BROADCAST);

        ck_assert_ok(send_broadcast(fd, 68, "BOOTREPLY"));
        reply = receive_on_board();
        check_payload(&reply, "BOOTREPLY");
        ck_assert_uint_eq(reply.source, SERVER_ADDRESS);
        ck_assert_uint_eq(reply.source_port, 67);
        ck_assert_uint_eq(reply.destination, BROADCAST);
        ck_assert_uint_eq(reply.destination_port, 68);
        ck_assert_int_eq(reply.checksum, UDP_CHECKSUM_VALID);
}

START_TEST(test_bootp_with_checksum) {
        exchange_bootp(UDP_CHECKSUM_VALID);
}
END_TEST

START_TEST(test_bootp_without_checksum) {
        exchange_bootp(UDP_CHECKSUM_NONE);
}
END_TEST

static void exchange_tftp(UdpChecksum checksum) {
        _cleanup_fd_ int fd = open_server(9069), tid_fd = open_server(0);
        UdpFrame request = frame_from_board(1234, 69, "RRQ"), frame;
        struct sockaddr_in tid;
        socklen_t len = sizeof(tid);
        Datagram datagram;

        introduce_board();
        request.checksum = checksum;
        ck_assert_ok(frame_send_udp(world.packet_fd, &request));
        datagram = receive(fd);
        ck_assert_str_eq(datagram.text, "RRQ");
        ck_assert_uint_eq(ntohl(datagram.from.sin_addr.s_addr), BOARD_ADDRESS);
        ck_assert_uint_eq(ntohs(datagram.from.sin_port), 1234);

        /* What leaves from the request's own port, an error for example. */
        send_text(fd, 1234, "ERROR");
        frame = receive_on_board();
        check_payload(&frame, "ERROR");
        ck_assert_uint_eq(frame.source_port, 69);
        ck_assert_int_eq(frame.checksum, UDP_CHECKSUM_VALID);

        /* The transfer itself has a port that nobody rewrites. */
        send_text(tid_fd, 1234, "DATA");
        frame = receive_on_board();
        check_payload(&frame, "DATA");
        ck_assert_sys(getsockname(tid_fd, (struct sockaddr *) &tid, &len));
        ck_assert_uint_eq(frame.source_port, ntohs(tid.sin_port));
        ck_assert_int_eq(frame.checksum, UDP_CHECKSUM_VALID);

        request = frame_from_board(1234, frame.source_port, "ACK");
        request.checksum = checksum;
        ck_assert_ok(frame_send_udp(world.packet_fd, &request));
        datagram = receive(tid_fd);
        ck_assert_str_eq(datagram.text, "ACK");
}

START_TEST(test_tftp_with_checksum) {
        exchange_tftp(UDP_CHECKSUM_VALID);
}
END_TEST

START_TEST(test_tftp_without_checksum) {
        exchange_tftp(UDP_CHECKSUM_NONE);
}
END_TEST

/* The witness of the tests above: the receiver does look at checksums, before and behind the
 * rewriting, so a spoilt one would have been noticed. */
START_TEST(test_wrong_checksum_is_dropped) {
        _cleanup_fd_ int fd = open_server(9069);
        UdpFrame frame = frame_from_board(1234, 69, "wrong");

        frame.checksum = UDP_CHECKSUM_WRONG;
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        frame = frame_from_board(1234, 69, "right");
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        ck_assert_str_eq(receive(fd).text, "right");
        ck_assert_int_eq(wait_readable(fd, now_usec() + SILENCE_USEC), 0);
}
END_TEST

/* Every value that the sum can have on its way, 0x0000 and 0xffff among them. */
START_TEST(test_every_checksum_survives) {
        _cleanup_fd_ int fd = open_server(9069);
        UdpFrame frame = frame_from_board(1234, 69, "xx");

        introduce_board();
        for (unsigned int i = 0; i < 0x10000; i++) {
                uint8_t payload[2];
                UdpFrame reply;

                frame.payload[0] = (uint8_t) (i >> 8);
                frame.payload[1] = (uint8_t) i;
                ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
                ck_assert_int_eq(wait_readable(fd, now_usec() + PATIENCE_USEC), 1);
                ck_assert_int_eq(recv(fd, payload, sizeof(payload), 0), 2);
                ck_assert_mem_eq(payload, frame.payload, 2);

                if (i % 16 != 0)
                        continue; /* the way back is the same sum */
                send_text(fd, 1234, "reply");
                reply = receive_on_board();
                ck_assert_int_eq(reply.checksum, UDP_CHECKSUM_VALID);
        }
}
END_TEST

/* A server that sends without checksum (SO_NO_CHECK) is understood, too. */
START_TEST(test_reply_without_checksum_stays_so) {
        _cleanup_fd_ int fd = open_server(9067);
        UdpFrame reply;

        ck_assert_sys(setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &(int){1}, sizeof(int)));
        ck_assert_ok(send_broadcast(fd, 68, "BOOTREPLY"));
        reply = receive_on_board();
        check_payload(&reply, "BOOTREPLY");
        ck_assert_uint_eq(reply.source_port, 67);
        ck_assert_int_eq(reply.checksum, UDP_CHECKSUM_NONE);
}
END_TEST

/* Other ports, and TCP, are let through as they are. */
START_TEST(test_other_ports_are_untouched) {
        _cleanup_fd_ int fd = open_server(5000), bootp_fd = open_server(9067);
        UdpFrame frame = frame_from_board(9067, 5000, "5000");

        introduce_board();
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        ck_assert_uint_eq(ntohs(receive(fd).from.sin_port), 9067);
        send_text(fd, 67, "to 67");
        frame = receive_on_board();
        ck_assert_uint_eq(frame.source_port, 5000);
        ck_assert_uint_eq(frame.destination_port, 67);

        /* The server's own port is no secret: it can be used directly. */
        frame = frame_from_board(68, 9067, "direct");
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        ck_assert_str_eq(receive(bootp_fd).text, "direct");
}
END_TEST

START_TEST(test_second_time_is_refused) {
        _cleanup_fd_ int fd = open_server(9069);
        UdpFrame frame = frame_from_board(1234, 69, "RRQ");

        ck_assert_int_eq(netns_run(world.netns_fd, install, NULL), -EEXIST);

        /* The batch took effect whole or not at all: what was there still works. */
        ck_assert_ok(frame_send_udp(world.packet_fd, &frame));
        ck_assert_str_eq(receive(fd).text, "RRQ");
        ck_assert_int_eq(wait_readable(fd, now_usec() + SILENCE_USEC), 0);
}
END_TEST

/* Asks as a board with the address @source would. */
static bool is_arp_answered(uint32_t source) {
        uint64_t deadline_usec = now_usec() + SILENCE_USEC;
        uint8_t buffer[FRAME_SIZE_MAX];
        size_t size;

        ck_assert_ok(frame_send_arp_request(world.packet_fd, board_mac, source, SERVER_ADDRESS));
        while (frame_receive(world.packet_fd, deadline_usec, buffer, &size) == 0)
                if (frame_type(buffer) == FRAME_ARP_TYPE)
                        return true;
        return false;
}

static int install_guard(void *userdata) {
        return nft_install_neighbour_guard(htonl(BOARD_ADDRESS));
}

/* Each address from which ARP is heard costs an entry in a table that the whole host shares. */
START_TEST(test_arp_is_heard_from_the_board_alone) {
        const uint32_t other = BOARD_ADDRESS + 1, far = 0x0a000001;

        ck_assert(is_arp_answered(other));
        ck_assert_ok(netns_run(world.netns_fd, install_guard, NULL));
        ck_assert(!is_arp_answered(other));
        ck_assert(!is_arp_answered(far));
        ck_assert(!is_arp_answered(0));
        ck_assert(is_arp_answered(BOARD_ADDRESS));
        ck_assert_int_eq(netns_run(world.netns_fd, install_guard, NULL), -EEXIST);
}
END_TEST

#define ARP_TARGET_OFFSET (sizeof(struct ethhdr) + 24) /* RFC 826: its protocol address */

/* Whether the kernel asks for @address when it has got @frame. */
static bool does_ask(const UdpFrame *frame, uint32_t address) {
        const uint32_t address_be = htonl(address);
        uint64_t deadline_usec = now_usec() + SILENCE_USEC;
        uint8_t buffer[FRAME_SIZE_MAX];
        size_t size;

        ck_assert_ok(frame_send_udp(world.packet_fd, frame));
        while (frame_receive(world.packet_fd, deadline_usec, buffer, &size) == 0)
                if (frame_type(buffer) == FRAME_ARP_TYPE &&
                    memcmp(buffer + ARP_TARGET_OFFSET, &address_be, sizeof(address_be)) == 0)
                        return true;
        return false;
}

/* Sends from @source to a port that nobody has, which the kernel answers. */
static bool is_sender_sought(uint32_t source) {
        UdpFrame frame = frame_from_board(1234, 4321, "?");

        frame.source = source;
        return does_ask(&frame, source);
}

static int send_to(int fd, uint32_t address) {
        const struct sockaddr_in to = {
                .sin_family = AF_INET,
                .sin_port = htons(1234),
                .sin_addr.s_addr = htonl(address),
        };

        return sendto(fd, "?", 1, 0, (const struct sockaddr *) &to, sizeof(to)) < 0 ? -errno : 0;
}

/* So does each address to which something is sent. */
START_TEST(test_nothing_is_sent_but_to_the_board) {
        _cleanup_fd_ int fd = open_server(0);
        const uint32_t other = BOARD_ADDRESS + 1;

        ck_assert(is_sender_sought(other));
        ck_assert_ok(send_to(fd, other));
        ck_assert_ok(netns_run(world.netns_fd, install_guard, NULL));
        ck_assert(!is_sender_sought(other + 1));
        ck_assert_int_eq(send_to(fd, other + 1), -EPERM);
        ck_assert_int_eq(send_to(fd, 0xc0a800ff), -EPERM); /* to all of the network */
        ck_assert_ok(send_to(fd, SERVER_ADDRESS));
        exchange_bootp(UDP_CHECKSUM_VALID);
        exchange_tftp(UDP_CHECKSUM_VALID);
}
END_TEST

static int forward(void *userdata) {
        FILE *f = fopen("/proc/sys/net/ipv4/ip_forward", "we");
        int r;

        if (!f)
                return -errno;
        r = fputs("1\n", f) < 0 ? -EIO : 0;
        return fclose(f) != 0 ? -errno : r;
}

/* Sends to @destination by way of the host: whether that asks who has the address. */
static bool is_destination_sought(uint32_t destination) {
        UdpFrame frame = frame_from_board(1234, 4321, "?");

        frame.destination = destination;
        return does_ask(&frame, destination);
}

/* Nor is anything passed on, which a host that is a router has its namespaces do. */
START_TEST(test_nothing_is_forwarded) {
        const uint32_t other = BOARD_ADDRESS + 1;

        ck_assert_ok(netns_run(world.netns_fd, forward, NULL));
        ck_assert(is_destination_sought(other));
        ck_assert_ok(netns_run(world.netns_fd, install_guard, NULL));
        ck_assert(!is_destination_sought(other + 1));
}
END_TEST

/* What it says makes an address, and routes, of a link that listens (RFC 4861 4.2, 4.6.2). */
static void send_router_advertisement(const char *prefix) {
        static const uint8_t all_nodes[MAC_LEN] = {0x33, 0x33, 0, 0, 0, 1};
        static const char router[] = "fe80::1", nodes[] = "ff02::1";
        struct {
                struct ethhdr ethernet;
                struct ip6_hdr ip;
                struct nd_router_advert advertisement;
                struct nd_opt_prefix_info prefix;
        } __attribute__((packed)) frame = {
                .ethernet.h_proto = htons(ETH_P_IPV6),
                .ip.ip6_flow = htonl(6u << 28),
                .ip.ip6_plen = htons(sizeof(frame.advertisement) + sizeof(frame.prefix)),
                .ip.ip6_nxt = IPPROTO_ICMPV6,
                .ip.ip6_hlim = 255,
                .advertisement.nd_ra_type = ND_ROUTER_ADVERT,
                .advertisement.nd_ra_curhoplimit = 64,
                .advertisement.nd_ra_router_lifetime = htons(1800),
                .prefix.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION,
                .prefix.nd_opt_pi_len = sizeof(frame.prefix) / 8,
                .prefix.nd_opt_pi_prefix_len = 64,
                .prefix.nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO,
                .prefix.nd_opt_pi_valid_time = htonl(3600),
                .prefix.nd_opt_pi_preferred_time = htonl(3600),
        };
        uint16_t words[(sizeof(frame) - offsetof(typeof(frame), ip.ip6_src)) / 2];
        uint32_t sum = ntohs(frame.ip.ip6_plen) + frame.ip.ip6_nxt;

        memcpy(frame.ethernet.h_dest, all_nodes, MAC_LEN);
        memcpy(frame.ethernet.h_source, board_mac, MAC_LEN);
        ck_assert_int_eq(inet_pton(AF_INET6, router, &frame.ip.ip6_src), 1);
        ck_assert_int_eq(inet_pton(AF_INET6, nodes, &frame.ip.ip6_dst), 1);
        ck_assert_int_eq(inet_pton(AF_INET6, prefix, &frame.prefix.nd_opt_pi_prefix), 1);

        /* Of the addresses and what follows them, and of length and protocol (RFC 4443 2.3). */
        memcpy(words, &frame.ip.ip6_src, sizeof(words));
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                sum += ntohs(words[i]);
        sum = (sum & 0xffff) + (sum >> 16);
        frame.advertisement.nd_ra_cksum = htons((uint16_t) ~(sum + (sum >> 16)));

        ck_assert_int_eq(send(world.packet_fd, &frame, sizeof(frame), 0), sizeof(frame));
}

/* The number of IPv6 addresses in the namespace: a line each. */
static int count_ipv6_addresses(void *userdata) {
        FILE *f = fopen("/proc/thread-self/net/if_inet6", "re");
        int n = 0;

        if (!f)
                return -errno;
        for (int c = getc(f); c != EOF; c = getc(f))
                n += c == '\n';
        (void) fclose(f);
        return n;
}

static int advertise(const char *prefix) {
        send_router_advertisement(prefix);
        ck_assert(is_arp_answered(BOARD_ADDRESS)); /* so that it has been looked at */
        return netns_run(world.netns_fd, count_ipv6_addresses, NULL);
}

/* Without the guard one is: else this would show nothing. A link is ready for IPv6 some time after it is up. */
START_TEST(test_no_router_is_heard) {
        uint64_t deadline_usec = now_usec() + PATIENCE_USEC;
        int n_before;

        n_before = netns_run(world.netns_fd, count_ipv6_addresses, NULL);
        ck_assert_int_ge(n_before, 0);
        while (advertise("2001:db8::") == n_before)
                ck_assert(now_usec() < deadline_usec);
        ck_assert_ok(netns_run(world.netns_fd, install_guard, NULL));
        ck_assert_int_eq(advertise("2001:db8:0:1::"), n_before + 1);
}
END_TEST

static int install_most(void *userdata) {
        NftPortRewrite most[NFT_PORT_REWRITES_MAX];

        for (size_t i = 0; i < ELEMENTSOF(most); i++)
                most[i] = (NftPortRewrite){(uint16_t) (100 + i), (uint16_t) (9100 + i)};
        return nft_install_port_rewriting(most, ELEMENTSOF(most));
}

START_TEST(test_as_many_as_allowed) {
        ck_assert_ok(netns_run(world.board_fd, install_most, NULL));
}
END_TEST

START_TEST(test_without_privilege_is_refused) {
        ck_assert_int_eq(run_unprivileged(install, NULL), -EPERM);
}
END_TEST

/* From now on socket(_, _, NETLINK_NETFILTER) is answered as by a kernel without nfnetlink. */
static int take_nfnetlink_away(void) {
        static struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 5),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_NETFILTER, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = {.len = ELEMENTSOF(code), .filter = code};

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
                return -errno;
        return 0;
}

static int install_without_nfnetlink(void *userdata) {
        int r;

        r = take_nfnetlink_away();
        return r < 0 ? r : install(NULL);
}

START_TEST(test_kernel_without_nf_tables) {
        ck_assert_int_eq(run_unprivileged(install_without_nfnetlink, NULL), -EOPNOTSUPP);
}
END_TEST

NETNS_TEST_MAIN("nft", setup, world_teardown, test_bootp_with_checksum, test_bootp_without_checksum,
                test_tftp_with_checksum, test_tftp_without_checksum, test_wrong_checksum_is_dropped,
                test_arp_is_heard_from_the_board_alone, test_nothing_is_sent_but_to_the_board,
                test_nothing_is_forwarded, test_no_router_is_heard, test_every_checksum_survives,
                test_reply_without_checksum_stays_so, test_other_ports_are_untouched,
                test_second_time_is_refused, test_as_many_as_allowed,
                test_without_privilege_is_refused, test_kernel_without_nf_tables)
