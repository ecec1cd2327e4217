/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation. A call builds one message, sends it, and reads until the kernel has
 * acknowledged it (NLMSG_ERROR, or NLMSG_DONE behind a dump). rtnetlink does its work inside
 * sendmsg(), so the answer is there when that returns, and reading never waits. libnl builds, sends
 * and takes apart; its own error codes are not used, because they lose errnos (EEXIST of a name and
 * EBUSY of an index are different things here): errno comes from the acknowledgement.
 *
 * Moving a link is the one request that may be done by halves. What the kernel (6.1 to 6.18) does,
 * in this order, is: refuse an address family that it does not know (EAFNOSUPPORT, nothing done);
 * refuse an index that is taken in the target (EBUSY, nothing done); move, under the old name if
 * that is free there, else under the new one, else not at all (EEXIST, nothing done); rename
 * (EEXIST: has moved, is not renamed and not quiet); set the IPv6 part. So after an error we look
 * where the link is. We can, because we name the index that it has in the target (IFLA_NEW_IFINDEX,
 * Linux 5.13): an answer of EBUSY apart, what is found there under that index is our link.
 *
 * Quiet: IPv6 address generation off must come between the move, which resets it, and up, which
 * would already send. Put into the request of the move, there is no moment at which it can be
 * forgotten.
 *
 * Events come on a socket of their own, so that they never mix with answers, and that is read
 * without libnl, which reports ENOBUFS and ENOMEM as the same error. */

#include <assert.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <sys/socket.h>

#include "fd-util.h"
#include "rtnl.h"

/* A dump that others' changes disturb is repeated this often. */
#define DUMP_TRIES 8u

/* How many indices are tried in a target where the link's own is taken, and how far apart. */
#define IFINDEX_TRIES 8u
#define IFINDEX_STEP  7919u

/* Datagrams that one rtnl_monitor_dispatch() reads at most. */
#define MONITOR_BATCH 32u

typedef int (*ReplyHandler)(struct nlmsghdr *header, void *userdata);

struct Rtnl {
        struct nl_sock *socket; /* owns its fd */
        struct nl_cb *cb;

        /* The call under way; valid only inside call(). */
        uint32_t seq;
        bool is_done;
        bool is_interrupted; /* NLM_F_DUMP_INTR */
        int result;
        ReplyHandler on_reply;
        void *userdata;
};

struct RtnlMonitor {
        int fd;
        RtnlMonitorCallbacks callbacks;
        void *userdata; /* not owned */
};

static void msg_freep(struct nl_msg **msg) {
        nlmsg_free(*msg);
}

#define _cleanup_msg_ _cleanup_(msg_freep)

/* ---- one call ---- */

/* An answer to an earlier call, which was given up when reading failed, is not ours. */
static int on_seq_check(struct nl_msg *msg, void *userdata) {
        const Rtnl *rtnl = userdata;

        return nlmsg_hdr(msg)->nlmsg_seq == rtnl->seq ? NL_OK : NL_SKIP;
}

static int on_valid(struct nl_msg *msg, void *userdata) {
        Rtnl *rtnl = userdata;
        int r;

        r = rtnl->on_reply ? rtnl->on_reply(nlmsg_hdr(msg), rtnl->userdata) : 0;
        if (r < 0 && rtnl->result == 0)
                rtnl->result = r;
        return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *userdata) {
        Rtnl *rtnl = userdata;

        rtnl->is_done = true;
        return NL_STOP;
}

/* NLMSG_DONE carries the error of a dump that broke off. */
static int on_finish(struct nl_msg *msg, void *userdata) {
        struct nlmsghdr *header = nlmsg_hdr(msg);
        Rtnl *rtnl = userdata;
        int error = 0;

        if (nlmsg_datalen(header) >= (int) sizeof(error))
                memcpy(&error, nlmsg_data(header), sizeof(error));
        if (error < 0)
                rtnl->result = error;
        rtnl->is_done = true;
        return NL_STOP;
}

static int on_error(struct sockaddr_nl *address, struct nlmsgerr *error, void *userdata) {
        Rtnl *rtnl = userdata;

        rtnl->result = error->error;
        rtnl->is_done = true;
        return NL_STOP;
}

static int on_dump_interrupted(struct nl_msg *msg, void *userdata) {
        Rtnl *rtnl = userdata;

        rtnl->is_interrupted = true;
        return NL_OK;
}

/* Sends @msg and waits for its acknowledgement; @on_reply, if any, gets each message that comes
 * before. */
static int call(Rtnl *rtnl, struct nl_msg *msg, ReplyHandler on_reply, void *userdata) {
        rtnl->is_done = rtnl->is_interrupted = false;
        rtnl->result = 0;
        rtnl->on_reply = on_reply;
        rtnl->userdata = userdata;

        /* If libnl fails without a system call that failed, its message was no message. */
        errno = EIO;
        if (nl_send_auto(rtnl->socket, msg) < 0)
                return -errno;
        rtnl->seq = nlmsg_hdr(msg)->nlmsg_seq;

        while (!rtnl->is_done) {
                errno = EIO;
                if (nl_recvmsgs(rtnl->socket, rtnl->cb) < 0 && !rtnl->is_done)
                        return -errno;
        }
        return rtnl->result;
}

/* ---- life cycle ---- */

/* Opens and binds; the kernel chooses the port number. libnl would, too, but has only 1024 and its
 * own error codes. */
static int open_socket(int flags, int *ret_fd) {
        const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
        _cleanup_fd_ int fd = -EBADF;

        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
        if (fd < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static void set_callbacks(Rtnl *rtnl) {
        nl_cb_set(rtnl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq_check, rtnl);
        nl_cb_set(rtnl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, rtnl);
        nl_cb_set(rtnl->cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, rtnl);
        nl_cb_set(rtnl->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, rtnl);
        nl_cb_set(rtnl->cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_dump_interrupted, rtnl);
        nl_cb_err(rtnl->cb, NL_CB_CUSTOM, on_error, rtnl);
}

int rtnl_new(Rtnl **ret) {
        _cleanup_(rtnl_freep) Rtnl *rtnl = NULL;
        _cleanup_fd_ int fd = -EBADF;
        int r;

        assert(ret);

        rtnl = calloc(1, sizeof(*rtnl));
        if (!rtnl)
                return -ENOMEM;
        rtnl->cb = nl_cb_alloc(NL_CB_DEFAULT);
        if (!rtnl->cb)
                return -ENOMEM;
        set_callbacks(rtnl);
        rtnl->socket = nl_socket_alloc();
        if (!rtnl->socket)
                return -ENOMEM;

        r = open_socket(0, &fd);
        if (r < 0)
                return r;
        /* The kernel checks requests strictly: a filter that it would ignore is an error. */
        if (setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &(int){1}, sizeof(int)) < 0)
                return -errno;
        errno = EIO;
        if (nl_socket_set_fd(rtnl->socket, NETLINK_ROUTE, fd) < 0)
                return -errno;
        TAKE_FD(fd);

        *ret = TAKE_PTR(rtnl);
        return 0;
}

Rtnl *rtnl_free(Rtnl *rtnl) {
        if (!rtnl)
                return NULL;

        if (rtnl->socket)
                nl_socket_free(rtnl->socket); /* closes the fd */
        if (rtnl->cb)
                nl_cb_put(rtnl->cb);
        free(rtnl);
        return NULL;
}

/* ---- queries ---- */

static int new_link_request(int type, int ifindex, unsigned int flags, unsigned int change,
                            struct nl_msg **ret) {
        struct ifinfomsg info = {
                .ifi_family = AF_UNSPEC,
                .ifi_index = ifindex,
                .ifi_flags = flags,
                .ifi_change = change,
        };
        _cleanup_msg_ struct nl_msg *msg = NULL;

        msg = nlmsg_alloc_simple(type, 0);
        if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(msg);
        return 0;
}

static int on_link(struct nlmsghdr *header, void *userdata) {
        struct nlattr *attrs[IFLA_MAX + 1];
        const struct ifinfomsg *info;
        RtnlLink *link = userdata;

        if (header->nlmsg_type != RTM_NEWLINK ||
            nlmsg_parse(header, sizeof(*info), attrs, IFLA_MAX, NULL) < 0 || !attrs[IFLA_IFNAME])
                return -EBADMSG;

        info = nlmsg_data(header);
        *link = (RtnlLink){.ifindex = info->ifi_index, .flags = info->ifi_flags};
        nla_strlcpy(link->name, attrs[IFLA_IFNAME], sizeof(link->name));
        if (attrs[IFLA_MASTER])
                link->master = (int) nla_get_u32(attrs[IFLA_MASTER]);
        return 0;
}

/* By index, or by name if @ifindex is 0. */
static int get_link(Rtnl *rtnl, int ifindex, const char *name, RtnlLink *ret) {
        _cleanup_msg_ struct nl_msg *msg = NULL;
        RtnlLink link = {};
        int r;

        r = new_link_request(RTM_GETLINK, ifindex, 0, 0, &msg);
        if (r < 0)
                return r;
        if ((ifindex == 0 && nla_put_string(msg, IFLA_IFNAME, name) < 0) ||
            nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
                return -ENOMEM;

        r = call(rtnl, msg, on_link, &link);
        if (r < 0)
                return r;
        if (link.ifindex <= 0)
                return -EBADMSG; /* acknowledged, but not answered */

        *ret = link;
        return 0;
}

int rtnl_link_get(Rtnl *rtnl, int ifindex, RtnlLink *ret) {
        assert(rtnl);
        assert(ifindex > 0);
        assert(ret);

        return get_link(rtnl, ifindex, NULL, ret);
}

int rtnl_link_find(Rtnl *rtnl, const char *name, RtnlLink *ret) {
        assert(rtnl);
        assert(name);
        assert(ret);

        if (name[0] == '\0' || strlen(name) >= IF_NAMESIZE)
                return -ENODEV;

        return get_link(rtnl, 0, name, ret);
}

typedef struct AddressSearch {
        int ifindex;
        bool is_found;
} AddressSearch;

static int on_address(struct nlmsghdr *header, void *userdata) {
        AddressSearch *search = userdata;
        const struct ifaddrmsg *info;

        if (header->nlmsg_type != RTM_NEWADDR || nlmsg_datalen(header) < (int) sizeof(*info))
                return -EBADMSG;

        info = nlmsg_data(header);
        if (info->ifa_index == (unsigned int) search->ifindex &&
            (info->ifa_family == AF_INET || info->ifa_family == AF_INET6))
                search->is_found = true;
        return 0;
}

static int has_address_of(Rtnl *rtnl, int ifindex, int family) {
        const struct ifaddrmsg info = {
                .ifa_family = (uint8_t) family,
                .ifa_index = (unsigned int) ifindex,
        };
        int r;

        for (unsigned int i = 0; i < DUMP_TRIES; i++) {
                _cleanup_msg_ struct nl_msg *msg = NULL;
                AddressSearch search = {.ifindex = ifindex};

                msg = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);
                if (!msg || nlmsg_append(msg, (void *) &info, sizeof(info), NLMSG_ALIGNTO) < 0)
                        return -ENOMEM;

                r = call(rtnl, msg, on_address, &search);
                if (r < 0)
                        return r;
                if (search.is_found)
                        return 1;
                if (!rtnl->is_interrupted)
                        return 0;
        }
        return -EAGAIN;
}

int rtnl_link_has_address(Rtnl *rtnl, int ifindex) {
        int r;

        assert(rtnl);
        assert(ifindex > 0);

        r = has_address_of(rtnl, ifindex, AF_INET);
        if (r != 0)
                return r;

        r = has_address_of(rtnl, ifindex, AF_INET6);
        /* A kernel without IPv6 has nobody who would answer. */
        return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}

/* ---- moving ---- */

typedef struct Move {
        Rtnl *from;
        Rtnl *to;
        int to_netns_fd;
        int ifindex;               /* in from */
        int new_ifindex;           /* in to */
        char pattern[IF_NAMESIZE]; /* of the name, should that be taken */
        const char *name;          /* to ask for: what was wanted, or the pattern */
        bool want_quiet;
} Move;

/* IFLA_AF_SPEC: the kernel gives the link no IPv6 address by itself, and so has nothing to send. */
static int put_quiet(struct nl_msg *msg) {
        struct nlattr *af_spec, *inet6;

        af_spec = nla_nest_start(msg, IFLA_AF_SPEC);
        if (!af_spec)
                return -ENOMEM;
        inet6 = nla_nest_start(msg, AF_INET6);
        if (!inet6 || nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
                return -ENOMEM;
        nla_nest_end(msg, inet6);
        nla_nest_end(msg, af_spec);
        return 0;
}

/* The request itself. With a name that ends in %d the kernel looks for a free number. */
static int request_move(const Move *move) {
        _cleanup_msg_ struct nl_msg *msg = NULL;
        int r;

        r = new_link_request(RTM_NEWLINK, move->ifindex, 0, 0, &msg);
        if (r < 0)
                return r;
        if (nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t) move->to_netns_fd) < 0 ||
            nla_put_s32(msg, IFLA_NEW_IFINDEX, move->new_ifindex) < 0 ||
            nla_put_string(msg, IFLA_IFNAME, move->name) < 0)
                return -ENOMEM;
        if (move->want_quiet) {
                r = put_quiet(msg);
                if (r < 0)
                        return r;
        }
        return call(move->from, msg, NULL, NULL);
}

/* What was left undone after the move itself, in the target. */
static int finish_move(const Move *move) {
        _cleanup_msg_ struct nl_msg *msg = NULL;
        int r;

        r = new_link_request(RTM_NEWLINK, move->new_ifindex, 0, 0, &msg);
        if (r < 0)
                return r;
        if (nla_put_string(msg, IFLA_IFNAME, move->pattern) < 0)
                return -ENOMEM;
        if (move->want_quiet) {
                r = put_quiet(msg);
                if (r < 0)
                        return r;
        }
        return call(move->to, msg, NULL, NULL);
}

/* "rom0" → "rom%d", room left for four digits. A name of digits alone, or with a % that the kernel
 * would take for its own, becomes what the kernel calls USB links. */
static void make_pattern(const char *name, char ret[static IF_NAMESIZE]) {
        size_t n = strcspn(name, "%");

        while (n > 0 && name[n - 1] >= '0' && name[n - 1] <= '9')
                n--;
        n = MIN_OF(n, (size_t) IF_NAMESIZE - 1 - STRLEN("9999"));
        snprintf(ret, IF_NAMESIZE, "%.*s%%d", n > 0 ? (int) n : 3, n > 0 ? name : "usb");
}

/* Another index to try in the target, never the loopback's. */
static int next_ifindex(int ifindex) {
        unsigned int next = ((unsigned int) ifindex + IFINDEX_STEP) % INT_MAX;

        return next > 1 ? (int) next : 2;
}

typedef enum Where {
        WHERE_FROM,
        WHERE_TO,
        WHERE_GONE,
        _WHERE_MAX,
} Where;

/* Looks where the link is after the request was refused with @error. */
static int look_where(const Move *move, int error, Where *ret) {
        RtnlLink link;
        int r;

        r = rtnl_link_get(move->from, move->ifindex, &link);
        if (r != -ENODEV) {
                *ret = WHERE_FROM;
                return r;
        }
        /* EBUSY: what has that index in the target is another link. */
        r = error == -EBUSY ? -ENODEV : rtnl_link_get(move->to, move->new_ifindex, &link);
        if (r < 0 && r != -ENODEV)
                return r;
        *ret = r < 0 ? WHERE_GONE : WHERE_TO;
        return 0;
}

/* The link is still where it was; changes what stood in the way, or returns @error. */
static int work_around(Move *move, int error, unsigned int *n_tries) {
        switch (-error) {
        case EEXIST: /* both its names are taken there */
                if (move->name == move->pattern)
                        return error;
                move->name = move->pattern;
                return 0;
        case EBUSY:
                if (++*n_tries >= IFINDEX_TRIES)
                        return error;
                move->new_ifindex = next_ifindex(move->new_ifindex);
                return 0;
        case EAFNOSUPPORT: /* no IPv6, on this link (MTU below 1280) or at all: quiet anyway */
                if (!move->want_quiet)
                        return error;
                move->want_quiet = false;
                return 0;
        default:
                return error;
        }
}

/* The link has moved, but the request broke off behind that. */
static int complete(Move *move, int error) {
        /* The name comes before the IPv6 part: nothing is left that could be done. */
        if (error == -EAFNOSUPPORT)
                return 0;

        error = finish_move(move);
        if (error == -EAFNOSUPPORT && move->want_quiet) {
                move->want_quiet = false;
                error = finish_move(move);
        }
        return error;
}

static int move_link(Move *move, int *ret_ifindex) {
        unsigned int n_tries = 0;
        int r;

        make_pattern(move->name, move->pattern);
        if (strchr(move->name, '%'))
                move->name = move->pattern;
        for (;;) {
                Where where;
                int error;

                error = request_move(move);
                if (error >= 0)
                        break;
                if (error == -ENODEV)
                        return error;

                r = look_where(move, error, &where);
                if (r < 0)
                        return r;
                if (where == WHERE_GONE)
                        return -ENODEV;
                if (where == WHERE_TO) {
                        r = complete(move, error);
                        if (r < 0)
                                return r;
                        break;
                }
                r = work_around(move, error, &n_tries);
                if (r < 0)
                        return r;
        }

        *ret_ifindex = move->new_ifindex;
        return 0;
}

int rtnl_link_move(Rtnl *from, int ifindex, Rtnl *to, int to_netns_fd, const char *name,
                   int *ret_ifindex) {
        assert(from);
        assert(ifindex > 0);
        assert(to && to != from);
        assert(to_netns_fd >= 0);
        assert(name && name[0] != '\0' && strlen(name) < IF_NAMESIZE);
        assert(ret_ifindex);

        return move_link(&(Move){.from = from,
                                 .to = to,
                                 .to_netns_fd = to_netns_fd,
                                 .ifindex = ifindex,
                                 .new_ifindex = ifindex,
                                 .name = name,
                                 .want_quiet = true},
                         ret_ifindex);
}

int rtnl_link_move_home(Rtnl *from, int ifindex, Rtnl *home, int home_netns_fd, const char *name,
                        int *ret_ifindex) {
        assert(from);
        assert(ifindex > 0);
        assert(home && home != from);
        assert(home_netns_fd >= 0);
        assert(name && name[0] != '\0' && strlen(name) < IF_NAMESIZE);
        assert(ret_ifindex);

        return move_link(&(Move){.from = from,
                                 .to = home,
                                 .to_netns_fd = home_netns_fd,
                                 .ifindex = ifindex,
                                 .new_ifindex = ifindex,
                                 .name = name},
                         ret_ifindex);
}

/* ---- configuration ---- */

int rtnl_link_set_up(Rtnl *rtnl, int ifindex) {
        _cleanup_msg_ struct nl_msg *msg = NULL;
        int r;

        assert(rtnl);
        assert(ifindex > 0);

        r = new_link_request(RTM_NEWLINK, ifindex, IFF_UP, IFF_UP, &msg);
        if (r < 0)
                return r;

        return call(rtnl, msg, NULL, NULL);
}

int rtnl_loopback_up(Rtnl *rtnl) {
        RtnlLink loopback;
        int r;

        assert(rtnl);

        r = rtnl_link_find(rtnl, "lo", &loopback);
        if (r < 0)
                return r;

        return rtnl_link_set_up(rtnl, loopback.ifindex);
}

int rtnl_addr_add(Rtnl *rtnl, int ifindex, struct in_addr address, unsigned int prefix_len) {
        struct ifaddrmsg info = {
                .ifa_family = AF_INET,
                .ifa_prefixlen = (uint8_t) prefix_len,
                .ifa_index = (unsigned int) ifindex,
        };
        _cleanup_msg_ struct nl_msg *msg = NULL;
        in_addr_t broadcast_be;

        assert(rtnl);
        assert(ifindex > 0);
        assert(prefix_len > 0 && prefix_len <= 30);

        broadcast_be = address.s_addr | htonl(UINT32_MAX >> prefix_len);
        msg = nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
        if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
            nla_put_u32(msg, IFA_LOCAL, address.s_addr) < 0 ||
            nla_put_u32(msg, IFA_ADDRESS, address.s_addr) < 0 ||
            nla_put_u32(msg, IFA_BROADCAST, broadcast_be) < 0)
                return -ENOMEM;

        return call(rtnl, msg, NULL, NULL);
}

int rtnl_neigh_set_delay_probe(Rtnl *rtnl, int ifindex, uint64_t delay_usec) {
        struct ndtmsg info = {.ndtm_family = AF_INET};
        _cleanup_msg_ struct nl_msg *msg = NULL;
        struct nlattr *parms;
        int r;

        assert(rtnl);
        assert(ifindex > 0);
        assert(delay_usec >= USEC_PER_MSEC && delay_usec <= 24 * 3600 * USEC_PER_SEC);

        msg = nlmsg_alloc_simple(RTM_SETNEIGHTBL, 0);
        if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
            nla_put_string(msg, NDTA_NAME, "arp_cache") < 0)
                return -ENOMEM;
        parms = nla_nest_start(msg, NDTA_PARMS);
        if (!parms || nla_put_u32(msg, NDTPA_IFINDEX, (uint32_t) ifindex) < 0 ||
            nla_put_u64(msg, NDTPA_DELAY_PROBE_TIME, delay_usec / USEC_PER_MSEC) < 0)
                return -ENOMEM;
        nla_nest_end(msg, parms);

        /* The table is always there; it is the link that has no entry in it any more. */
        r = call(rtnl, msg, NULL, NULL);
        return r == -ENOENT ? -ENODEV : r;
}

/* ---- namespace numbers ---- */

static int new_nsid_request(int type, struct nl_msg **ret) {
        struct rtgenmsg info = {.rtgen_family = AF_UNSPEC};
        _cleanup_msg_ struct nl_msg *msg = NULL;

        msg = nlmsg_alloc_simple(type, 0);
        if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(msg);
        return 0;
}

/* The number in a message about namespaces; -1 (NETNSA_NSID_NOT_ASSIGNED) if it has none. */
static int parse_nsid(struct nlmsghdr *header) {
        struct nlattr *attrs[NETNSA_MAX + 1];

        if (nlmsg_parse(header, sizeof(struct rtgenmsg), attrs, NETNSA_MAX, NULL) < 0 ||
            !attrs[NETNSA_NSID])
                return NETNSA_NSID_NOT_ASSIGNED;

        return nla_get_s32(attrs[NETNSA_NSID]);
}

static int on_nsid(struct nlmsghdr *header, void *userdata) {
        int *nsid = userdata;

        *nsid = parse_nsid(header);
        return 0;
}

int rtnl_nsid_assign(Rtnl *rtnl, int netns_fd, int *ret_nsid) {
        _cleanup_msg_ struct nl_msg *set = NULL, *get = NULL;
        int nsid = NETNSA_NSID_NOT_ASSIGNED;
        int r;

        assert(rtnl);
        assert(netns_fd >= 0);
        assert(ret_nsid);

        r = new_nsid_request(RTM_NEWNSID, &set);
        if (r < 0)
                return r;
        if (nla_put_u32(set, NETNSA_FD, (uint32_t) netns_fd) < 0 ||
            nla_put_s32(set, NETNSA_NSID, NETNSA_NSID_NOT_ASSIGNED) < 0)
                return -ENOMEM;
        r = call(rtnl, set, NULL, NULL);
        if (r < 0 && r != -EEXIST)
                return r;

        r = new_nsid_request(RTM_GETNSID, &get);
        if (r < 0)
                return r;
        if (nla_put_u32(get, NETNSA_FD, (uint32_t) netns_fd) < 0)
                return -ENOMEM;
        r = call(rtnl, get, on_nsid, &nsid);
        if (r < 0)
                return r;
        if (nsid < 0)
                return -ENOENT;

        *ret_nsid = nsid;
        return 0;
}

int rtnl_nsid_exists(Rtnl *rtnl, int nsid) {
        _cleanup_msg_ struct nl_msg *msg = NULL;
        int r;

        assert(rtnl);
        assert(nsid >= 0);

        r = new_nsid_request(RTM_GETNSID, &msg);
        if (r < 0)
                return r;
        if (nla_put_s32(msg, NETNSA_NSID, nsid) < 0)
                return -ENOMEM;

        r = call(rtnl, msg, NULL, NULL);
        if (r == -ENOENT)
                return 0;
        return r < 0 ? r : 1;
}

/* ---- events ---- */

static int join(int fd, int group) {
        if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
                return -errno;
        return 0;
}

static int join_groups(const RtnlMonitor *monitor) {
        const RtnlMonitorCallbacks *callbacks = &monitor->callbacks;
        const struct {
                int group;
                bool is_wanted;
        } groups[] = {
                {RTNLGRP_LINK, callbacks->link_removed || callbacks->link_changed},
                {RTNLGRP_IPV4_IFADDR, callbacks->link_changed},
                {RTNLGRP_IPV6_IFADDR, callbacks->link_changed},
                {RTNLGRP_NSID, callbacks->nsid_removed},
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (groups[i].is_wanted) {
                        r = join(monitor->fd, groups[i].group);
                        if (r < 0)
                                return r;
                }
        return 0;
}

int rtnl_monitor_new(const RtnlMonitorCallbacks *callbacks, void *userdata, RtnlMonitor **ret) {
        _cleanup_(rtnl_monitor_freep) RtnlMonitor *monitor = NULL;
        int r;

        assert(callbacks);
        assert(ret);

        monitor = malloc(sizeof(*monitor));
        if (!monitor)
                return -ENOMEM;
        *monitor = (RtnlMonitor){.fd = -EBADF, .callbacks = *callbacks, .userdata = userdata};

        r = open_socket(SOCK_NONBLOCK, &monitor->fd);
        if (r < 0)
                return r;
        r = join_groups(monitor);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(monitor);
        return 0;
}

RtnlMonitor *rtnl_monitor_free(RtnlMonitor *monitor) {
        if (!monitor)
                return NULL;

        fd_close(monitor->fd);
        free(monitor);
        return NULL;
}

int rtnl_monitor_get_fd(const RtnlMonitor *monitor) {
        assert(monitor);

        return monitor->fd;
}

static void handle_link_removed(const RtnlMonitor *monitor, struct nlmsghdr *header) {
        struct nlattr *attrs[IFLA_MAX + 1];
        const struct ifinfomsg *info;
        char name[IF_NAMESIZE] = "";

        if (!monitor->callbacks.link_removed ||
            nlmsg_parse(header, sizeof(*info), attrs, IFLA_MAX, NULL) < 0)
                return;

        info = nlmsg_data(header);
        /* PF_BRIDGE: the link left a bridge, not the namespace. */
        if (info->ifi_family != AF_UNSPEC)
                return;

        if (attrs[IFLA_IFNAME])
                nla_strlcpy(name, attrs[IFLA_IFNAME], sizeof(name));
        monitor->callbacks.link_removed(info->ifi_index, name, attrs[IFLA_NEW_NETNSID] != NULL,
                                        monitor->userdata);
}

static void handle_link_changed(const RtnlMonitor *monitor, const struct nlmsghdr *header) {
        const struct ifinfomsg *info;

        if (!monitor->callbacks.link_changed || nlmsg_datalen(header) < (int) sizeof(*info))
                return;

        info = nlmsg_data(header);
        if (info->ifi_family == AF_UNSPEC)
                monitor->callbacks.link_changed(info->ifi_index, monitor->userdata);
}

static void handle_address_changed(const RtnlMonitor *monitor, const struct nlmsghdr *header) {
        const struct ifaddrmsg *info;

        if (!monitor->callbacks.link_changed || nlmsg_datalen(header) < (int) sizeof(*info))
                return;

        info = nlmsg_data(header);
        monitor->callbacks.link_changed((int) info->ifa_index, monitor->userdata);
}

static void handle_nsid_removed(const RtnlMonitor *monitor, struct nlmsghdr *header) {
        int nsid = parse_nsid(header);

        if (monitor->callbacks.nsid_removed && nsid >= 0)
                monitor->callbacks.nsid_removed(nsid, monitor->userdata);
}

static void tell_overflow(const RtnlMonitor *monitor) {
        if (monitor->callbacks.overflow)
                monitor->callbacks.overflow(monitor->userdata);
}

/* From an overrun on the kernel drops all events until the last one from before it has been read, and
 * tells of that no more (netlink_overrun(), netlink_rcv_wake()). So what is left, which is no more than
 * fits into the buffer, has to go before anybody asks for the state. Returns 0 or a negative errno. */
static int handle_overflow(const RtnlMonitor *monitor) {
        char byte; /* of each: the rest of a datagram goes with it */

        while (recv(monitor->fd, &byte, sizeof(byte), 0) >= 0 || errno == EINTR || errno == ENOBUFS)
                ;
        if (errno != EAGAIN)
                return -errno;

        tell_overflow(monitor);
        return 0;
}

static void handle_datagram(const RtnlMonitor *monitor, void *buffer, int left) {
        for (struct nlmsghdr *header = buffer; nlmsg_ok(header, left);
             header = nlmsg_next(header, &left))
                switch (header->nlmsg_type) {
                case RTM_DELLINK:
                        handle_link_removed(monitor, header);
                        break;
                case RTM_NEWLINK:
                        handle_link_changed(monitor, header);
                        break;
                case RTM_NEWADDR:
                case RTM_DELADDR:
                        handle_address_changed(monitor, header);
                        break;
                case RTM_DELNSID:
                        handle_nsid_removed(monitor, header);
                        break;
                default:
                        break;
                }
}

int rtnl_monitor_dispatch(RtnlMonitor *monitor) {
        /* The kernel never makes a larger event of a link without virtual functions. */
        union {
                struct nlmsghdr header;
                char bytes[16384];
        } buffer;

        assert(monitor);

        for (unsigned int i = 0; i < MONITOR_BATCH; i++) {
                struct sockaddr_nl sender = {};
                socklen_t sender_len = sizeof(sender);
                ssize_t n;

                n = recvfrom(monitor->fd, buffer.bytes, sizeof(buffer.bytes), MSG_TRUNC,
                             (struct sockaddr *) &sender, &sender_len);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (n < 0 && errno == ENOBUFS)
                        return handle_overflow(monitor);
                if (n < 0)
                        return -errno;

                if (sender.nl_pid != 0)
                        continue; /* not from the kernel */
                if ((size_t) n > sizeof(buffer.bytes))
                        tell_overflow(monitor);
                else
                        handle_datagram(monitor, buffer.bytes, (int) n);
        }
        return 0;
}
