/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>
#include <sys/socket.h>

#include "netns-test.h"
#include "test-world.h"

const uint8_t host_mac[MAC_LEN] = {0x9a, 0x1f, 0x85, 0x1c, 0x3d, 0x0e};
const uint8_t board_mac[MAC_LEN] = {0x02, 0x12, 0x34, 0x56, 0x78, 0x9a};

World world;

static int make_rtnl(void *userdata) {
        return rtnl_new(userdata);
}

Rtnl *rtnl_new_in(int netns_fd) {
        Rtnl *rtnl = NULL;

        ck_assert_ok(netns_run(netns_fd, make_rtnl, &rtnl));
        return rtnl;
}

typedef struct MonitorCall {
        const RtnlMonitorCallbacks *callbacks;
        void *userdata;
        RtnlMonitor *ret;
} MonitorCall;

static int make_monitor(void *userdata) {
        MonitorCall *call = userdata;

        return rtnl_monitor_new(call->callbacks, call->userdata, &call->ret);
}

RtnlMonitor *rtnl_monitor_new_in(int netns_fd, const RtnlMonitorCallbacks *callbacks,
                                 void *userdata) {
        MonitorCall call = {.callbacks = callbacks, .userdata = userdata};

        ck_assert_ok(netns_run(netns_fd, make_monitor, &call));
        return call.ret;
}

typedef struct LinkCall {
        int (*fn)(const char *name);
        const char *name;
        bool is_up;
} LinkCall;

static int do_link_call(void *userdata) {
        const LinkCall *call = userdata;

        return call->fn ? call->fn(call->name) : test_link_set_up(call->name, call->is_up);
}

int link_call_in(int netns_fd, int (*fn)(const char *name), const char *name) {
        return netns_run(netns_fd, do_link_call, &(LinkCall){.fn = fn, .name = name});
}

int link_set_up_in(int netns_fd, const char *name, bool is_up) {
        return netns_run(netns_fd, do_link_call, &(LinkCall){.name = name, .is_up = is_up});
}

void world_setup(void) {
        world = (World){.netns_fd = -EBADF, .board_fd = -EBADF, .packet_fd = -EBADF};
        ck_assert_ok(netns_init());
        ck_assert_ok(netns_new(&world.netns_fd));
        ck_assert_ok(netns_new(&world.board_fd));
        ck_assert_ok(rtnl_new(&world.home));
        world.inside = rtnl_new_in(world.netns_fd);
}

void world_teardown(void) {
        world.packet_fd = fd_close(world.packet_fd);
        world.home = rtnl_free(world.home);
        world.inside = rtnl_free(world.inside);
        world.netns_fd = fd_close(world.netns_fd);
        world.board_fd = fd_close(world.board_fd);
        netns_done();
}

static int open_packet_socket(void *userdata) {
        return frame_socket_open("board", userdata);
}

void world_plug(const char *name) {
        static int n_plugged;
        RtnlLink link;

        ck_assert_ok(test_veth_create(&(TestVeth){
                .name = name,
                .mac = host_mac,
                .ifindex = 100 + n_plugged++, /* free in a new namespace */
                .peer_name = "board",
                .peer_mac = board_mac,
                .peer_netns_fd = world.board_fd,
        }));
        ck_assert_ok(rtnl_link_find(world.home, name, &link));
        world.ifindex = link.ifindex;
        ck_assert_ok(link_call_in(world.board_fd, test_link_be_silent, "board"));
        ck_assert_ok(link_set_up_in(world.board_fd, "board", true));
        fd_close(world.packet_fd);
        ck_assert_ok(netns_run(world.board_fd, open_packet_socket, &world.packet_fd));
}

void world_attach(void) {
        ck_assert_ok(rtnl_link_move(world.home, world.ifindex, world.inside, world.netns_fd, "rom0",
                                    &world.ifindex));
        ck_assert_ok(link_call_in(world.netns_fd, test_link_use_software_checksums, "rom0"));
}

void world_configure(void) {
        ck_assert_ok(rtnl_addr_add(world.inside, world.ifindex,
                                   (struct in_addr){htonl(SERVER_ADDRESS)}, 24));
        /* The board here never answers ARP. */
        ck_assert_ok(rtnl_neigh_set_delay_probe(world.inside, world.ifindex, 3600 * USEC_PER_SEC));
        ck_assert_ok(rtnl_link_set_up(world.inside, world.ifindex));
}

int open_server(uint16_t port) {
        const struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_port = htons(port),
        };
        int fd;

        ck_assert_ok(netns_open_socket(world.netns_fd, AF_INET, SOCK_DGRAM, 0, &fd));
        ck_assert_sys(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int)));
        ck_assert_sys(bind(fd, (const struct sockaddr *) &address, sizeof(address)));
        return fd;
}

int send_broadcast(int fd, uint16_t port, const char *text) {
        const struct sockaddr_in to = {
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = htonl(INADDR_BROADCAST),
        };
        const struct in_pktinfo info = {.ipi_ifindex = world.ifindex};
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
        } control = {};
        struct iovec iov = {.iov_base = (void *) text, .iov_len = strlen(text)};
        struct msghdr msg = {
                .msg_name = (void *) &to,
                .msg_namelen = sizeof(to),
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };

        control.header.cmsg_level = IPPROTO_IP;
        control.header.cmsg_type = IP_PKTINFO;
        control.header.cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
        return sendmsg(fd, &msg, 0) < 0 ? -errno : 0;
}

void introduce_board(void) {
        uint8_t buffer[FRAME_SIZE_MAX] = {};
        size_t size;

        ck_assert_ok(
                frame_send_arp_request(world.packet_fd, board_mac, BOARD_ADDRESS, SERVER_ADDRESS));
        while (frame_type(buffer) != FRAME_ARP_TYPE)
                ck_assert_ok(
                        frame_receive(world.packet_fd, now_usec() + PATIENCE_USEC, buffer, &size));
}

UdpFrame frame_from_board(uint16_t source_port, uint16_t destination_port, const char *payload) {
        UdpFrame frame = {
                .source = BOARD_ADDRESS,
                .destination = SERVER_ADDRESS,
                .source_port = source_port,
                .destination_port = destination_port,
                .checksum = UDP_CHECKSUM_VALID,
                .payload_len = strlen(payload),
        };

        memcpy(frame.source_mac, board_mac, MAC_LEN);
        memcpy(frame.destination_mac, host_mac, MAC_LEN);
        memcpy(frame.payload, payload, frame.payload_len);
        return frame;
}
