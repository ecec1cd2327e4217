/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "fd-util.h"
#include "test-link.h"

typedef union Message {
        struct nlmsghdr header;
        char bytes[4096];
} Message;

/* Sends one request and returns the errno of its acknowledgement. */
static int transact(struct nlmsghdr *header) {
        Message answer;
        struct mnl_socket *nl;
        ssize_t n;
        int r = 0;

        nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
        if (!nl)
                return -errno;
        header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
        if (mnl_socket_sendto(nl, header, header->nlmsg_len) < 0)
                r = -errno;
        if (r == 0) {
                n = mnl_socket_recvfrom(nl, &answer, sizeof(answer));
                if (n < 0)
                        r = -errno;
                else if (mnl_cb_run(&answer, (size_t) n, 0, 0, NULL, NULL) < 0)
                        r = -errno;
        }
        mnl_socket_close(nl);
        return r;
}

static struct nlmsghdr *begin(Message *message, uint16_t type, uint16_t flags) {
        struct nlmsghdr *header;

        memset(message, 0, sizeof(*message));
        header = mnl_nlmsg_put_header(message);
        header->nlmsg_type = type;
        header->nlmsg_flags = flags;
        return header;
}

int test_veth_create(const TestVeth *veth) {
        struct nlattr *link_info, *data, *peer;
        struct nlmsghdr *header;
        struct ifinfomsg *info;
        Message message;

        header = begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
        info->ifi_index = veth->ifindex;
        mnl_attr_put_strz(header, IFLA_IFNAME, veth->name);
        if (veth->mac)
                mnl_attr_put(header, IFLA_ADDRESS, MAC_LEN, veth->mac);
        link_info = mnl_attr_nest_start(header, IFLA_LINKINFO);
        mnl_attr_put_strz(header, IFLA_INFO_KIND, "veth");
        data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
        peer = mnl_attr_nest_start(header, VETH_INFO_PEER);
        mnl_nlmsg_put_extra_header(header, sizeof(*info));
        mnl_attr_put_strz(header, IFLA_IFNAME, veth->peer_name);
        if (veth->peer_mac)
                mnl_attr_put(header, IFLA_ADDRESS, MAC_LEN, veth->peer_mac);
        if (veth->peer_netns_fd > 0)
                mnl_attr_put_u32(header, IFLA_NET_NS_FD, (uint32_t) veth->peer_netns_fd);
        mnl_attr_nest_end(header, peer);
        mnl_attr_nest_end(header, data);
        mnl_attr_nest_end(header, link_info);
        return transact(header);
}

int test_link_delete(const char *name) {
        struct nlmsghdr *header;
        Message message;

        header = begin(&message, RTM_DELLINK, 0);
        mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
        mnl_attr_put_strz(header, IFLA_IFNAME, name);
        return transact(header);
}

static int interface_ioctl(unsigned long request, const char *name, struct ifreq *ifr) {
        _cleanup_fd_ int fd = -EBADF;

        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
        return ioctl(fd, request, ifr) < 0 ? -errno : 0;
}

int test_link_set_up(const char *name, bool is_up) {
        struct ifreq ifr = {};
        int r;

        r = interface_ioctl(SIOCGIFFLAGS, name, &ifr);
        if (r < 0)
                return r;
        if (is_up)
                ifr.ifr_flags |= IFF_UP;
        else
                ifr.ifr_flags &= (short) ~IFF_UP;
        return interface_ioctl(SIOCSIFFLAGS, name, &ifr);
}

int test_link_set_mtu(const char *name, int mtu) {
        return interface_ioctl(SIOCSIFMTU, name, &(struct ifreq){.ifr_mtu = mtu});
}

int test_link_set_name(const char *name, const char *new_name) {
        struct ifreq ifr = {};

        snprintf(ifr.ifr_newname, sizeof(ifr.ifr_newname), "%s", new_name);
        return interface_ioctl(SIOCSIFNAME, name, &ifr);
}

int test_link_add_address(const char *name, const char *address, const char *netmask) {
        struct sockaddr_in sin = {.sin_family = AF_INET};
        struct ifreq ifr = {};
        int r;

        sin.sin_addr.s_addr = inet_addr(address);
        memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
        r = interface_ioctl(SIOCSIFADDR, name, &ifr);
        if (r < 0)
                return r;
        sin.sin_addr.s_addr = inet_addr(netmask);
        memcpy(&ifr.ifr_netmask, &sin, sizeof(sin));
        return interface_ioctl(SIOCSIFNETMASK, name, &ifr);
}

int test_link_be_silent(const char *name) {
        struct nlattr *af_spec, *inet6;
        struct nlmsghdr *header;
        Message message;
        int r;

        header = begin(&message, RTM_NEWLINK, 0);
        mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
        mnl_attr_put_strz(header, IFLA_IFNAME, name);
        af_spec = mnl_attr_nest_start(header, IFLA_AF_SPEC);
        inet6 = mnl_attr_nest_start(header, AF_INET6);
        mnl_attr_put_u8(header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        mnl_attr_nest_end(header, inet6);
        mnl_attr_nest_end(header, af_spec);
        r = transact(header);
        return r == -EAFNOSUPPORT ? 0 : r; /* a kernel without IPv6 is silent */
}

int test_link_use_software_checksums(const char *name) {
        static const uint32_t commands[] = {ETHTOOL_SRXCSUM, ETHTOOL_STXCSUM};

        for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
                struct ethtool_value off = {.cmd = commands[i]};
                struct ifreq ifr = {.ifr_data = (void *) &off};
                int r;

                r = interface_ioctl(SIOCETHTOOL, name, &ifr);
                if (r < 0)
                        return r;
        }
        return 0;
}

int test_link_set_neighbour_times(const char *name, const TestNeighbourTimes *times) {
        struct nlmsghdr *header;
        struct ndtmsg *info;
        struct nlattr *parms;
        Message message;

        header = begin(&message, RTM_SETNEIGHTBL, 0);
        info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
        info->ndtm_family = AF_INET;
        mnl_attr_put_strz(header, NDTA_NAME, "arp_cache");
        parms = mnl_attr_nest_start(header, NDTA_PARMS);
        mnl_attr_put_u32(header, NDTPA_IFINDEX, if_nametoindex(name));
        if (times->reachable_msec)
                mnl_attr_put_u64(header, NDTPA_BASE_REACHABLE_TIME, times->reachable_msec);
        if (times->delay_msec)
                mnl_attr_put_u64(header, NDTPA_DELAY_PROBE_TIME, times->delay_msec);
        if (times->retrans_msec)
                mnl_attr_put_u64(header, NDTPA_RETRANS_TIME, times->retrans_msec);
        mnl_attr_nest_end(header, parms);
        return transact(header);
}
