/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of things, each found necessary on Linux 6.1:
 *
 *  - The function's network device appears in the initial namespace when the gadget is bound to the
 *    UDC, just before the host sees the device: it is moved and set up at once.
 *  - u_ether has the carrier on from SET_CONFIGURATION, but until the host has set a packet filter
 *    it drops frames without a word. rndis_host sets the filter while it probes, so the kernel's
 *    uevent "bind" of DRIVER=rndis_host for interface 0 below our controller says that frames will
 *    be kept.
 *  - The first configuration in the descriptor is the one whose folder was made first. */

#include <dirent.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "board-frame.h"
#include "fd-util.h"
#include "gadget.h"

#define GADGETS_DIR "/sys/kernel/config/usb_gadget"

/* The events of thirty boards that are plugged in together come to each of them, and no later one would do: as
 * much as udev has. It is a limit, not memory. */
#define UEVENT_BUFFER_SIZE (128 * 1024 * 1024)

/* What the namespace that we came from is still needed for. */
static struct {
        int rtnl_fd;   /* requests */
        int ioctl_fd;  /* name -> index */
        int uevent_fd; /* kernel's uevents */
        int netns_fd;  /* the one that we are in now */
} home = {-EBADF, -EBADF, -EBADF, -EBADF};

typedef struct Identity {
        const char *id_product;
        const char *product;
        const char *max_speed;
        const char *host_mac;
        const char *configs[2]; /* folders, in the order of the descriptor */
        size_t n_configs;
        const char *rndis_config;
} Identity;

static const Identity identities[_BOARD_STAGE_MAX] = {
        [BOARD_ROM] =
                {
                        .id_product = "0x6141",
                        .product = "AM335x USB",
                        .max_speed = "full-speed",
                        .host_mac = "9a:1f:85:1c:3d:0e",
                        .configs = {"c.1"},
                        .n_configs = 1,
                        .rndis_config = "c.1",
                },
        /* U-Boot's ether.c: RNDIS has value 2 and comes first; the other one is its CDC subset, of
         * which Linux's choice must be kept away by a vendor class. */
        [BOARD_SPL] =
                {
                        .id_product = "0xd022",
                        .product = "RNDIS/Ethernet Gadget",
                        .max_speed = "high-speed",
                        .host_mac = "de:ad:be:ef:00:00",
                        .configs = {"c.2", "c.1"},
                        .n_configs = 2,
                        .rndis_config = "c.2",
                },
        [BOARD_UBOOT] =
                {
                        .id_product = "0xd022",
                        .product = "RNDIS/Ethernet Gadget",
                        .max_speed = "high-speed",
                        .host_mac = "de:ad:be:ef:00:00",
                        .configs = {"c.2", "c.1"},
                        .n_configs = 2,
                        .rndis_config = "c.2",
                },
};

struct Gadget {
        const Identity *identity;
        unsigned udc;
        int stop_fd; /* borrowed */
        int dir_fd;  /* the gadget's folder in configfs */
        char name[32];
        bool is_plugged;
        int ifindex; /* in our namespace; 0: none */
};

int gadget_init(void) {
        struct sockaddr_nl uevents = {.nl_family = AF_NETLINK, .nl_groups = 1};
        const int size = UEVENT_BUFFER_SIZE;

        home.rtnl_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        home.ioctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        home.uevent_fd =
                socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
        if (home.rtnl_fd < 0 || home.ioctl_fd < 0 || home.uevent_fd < 0 ||
            setsockopt(home.uevent_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
            bind(home.uevent_fd, (struct sockaddr *) &uevents, sizeof(uevents)) < 0)
                return -errno;
        if (unshare(CLONE_NEWNET) < 0)
                return -errno;
        home.netns_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        return home.netns_fd < 0 ? -errno : 0;
}

static int write_file(int dir_fd, const char *path, const char *value) {
        _cleanup_fd_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static int read_file(int dir_fd, const char *path, char *buffer, size_t size) {
        _cleanup_fd_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, buffer, size - 1);
        if (n < 0)
                return -errno;
        buffer[n] = '\0';
        buffer[strcspn(buffer, "\n")] = '\0';
        return 0;
}

static int make_dir(int dir_fd, const char *path) {
        return mkdirat(dir_fd, path, 0755) < 0 ? -errno : 0;
}

/* Removes a gadget's folder, whatever is in it; configfs wants it in this order. */
static void remove_tree(int gadgets_fd, const char *name) {
        static const struct {
                const char *path;
                int flags;
        } entries[] = {
                {"configs/c.1/rndis.0", 0},
                {"configs/c.2/rndis.0", 0},
                {"configs/c.1/Loopback.0", 0},
                {"configs/c.1/strings/0x409", AT_REMOVEDIR},
                {"configs/c.2/strings/0x409", AT_REMOVEDIR},
                {"configs/c.1", AT_REMOVEDIR},
                {"configs/c.2", AT_REMOVEDIR},
                {"functions/rndis.0", AT_REMOVEDIR},
                {"functions/Loopback.0", AT_REMOVEDIR},
                {"strings/0x409", AT_REMOVEDIR},
        };
        _cleanup_fd_ int fd = openat(gadgets_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return;
        (void) write_file(fd, "UDC", "\n");
        for (size_t i = 0; i < ELEMENTSOF(entries); i++)
                (void) unlinkat(fd, entries[i].path, entries[i].flags);
        (void) unlinkat(gadgets_fd, name, AT_REMOVEDIR);
}

/* The device's and the strings' attributes. No serial number: only the port tells boards apart. */
static int describe_device(Gadget *g) {
        const struct {
                const char *path, *value;
        } attributes[] = {
                {"idVendor", "0x0451"},
                {"idProduct", g->identity->id_product},
                {"bDeviceClass", "0x02"},
                {"bDeviceSubClass", "0x00"},
                {"bDeviceProtocol", "0x00"},
                {"bcdDevice", "0x0000"},
                {"max_speed", g->identity->max_speed},
                {"strings/0x409/manufacturer", "Texas Instruments"},
                {"strings/0x409/product", g->identity->product},
        };
        int r = make_dir(g->dir_fd, "strings/0x409");

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(attributes); i++)
                r = write_file(g->dir_fd, attributes[i].path, attributes[i].value);
        return r;
}

static int describe_functions(Gadget *g, const uint8_t *mac) {
        char path[64], dev_mac[18];
        int r = make_dir(g->dir_fd, "functions/rndis.0");

        snprintf(dev_mac, sizeof(dev_mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                 mac[3], mac[4], mac[5]);
        if (r >= 0)
                r = write_file(g->dir_fd, "functions/rndis.0/dev_addr", dev_mac);
        if (r >= 0)
                r = write_file(g->dir_fd, "functions/rndis.0/host_addr", g->identity->host_mac);
        for (size_t i = 0; r >= 0 && i < g->identity->n_configs; i++) {
                snprintf(path, sizeof(path), "configs/%s", g->identity->configs[i]);
                r = make_dir(g->dir_fd, path);
        }
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "configs/%s/rndis.0", g->identity->rndis_config);
        /* configfs resolves the target at once, relative to the caller's working directory. */
        if (fchdir(g->dir_fd) < 0 || symlinkat("functions/rndis.0", g->dir_fd, path) < 0)
                return -errno;
        if (g->identity->n_configs == 1)
                return 0;
        r = make_dir(g->dir_fd, "functions/Loopback.0");
        if (r < 0)
                return r;
        return symlinkat("functions/Loopback.0", g->dir_fd, "configs/c.1/Loopback.0") < 0 ? -errno
                                                                                          : 0;
}

int gadget_new(unsigned udc, BoardStageId stage, const uint8_t *dev_mac, int stop_fd,
               Gadget **ret) {
        _cleanup_(gadget_freep) Gadget *g = calloc(1, sizeof(*g));
        _cleanup_fd_ int gadgets_fd = -EBADF;
        int r;

        if (!g)
                return -ENOMEM;
        g->identity = &identities[stage];
        g->udc = udc;
        g->stop_fd = stop_fd;
        g->dir_fd = -EBADF;
        snprintf(g->name, sizeof(g->name), "sim-board-%u", udc);

        gadgets_fd = open(GADGETS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (gadgets_fd < 0)
                return -errno;
        remove_tree(gadgets_fd, g->name);
        r = make_dir(gadgets_fd, g->name);
        if (r < 0)
                return r;
        g->dir_fd = openat(gadgets_fd, g->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (g->dir_fd < 0)
                return -errno;
        r = describe_device(g);
        if (r >= 0)
                r = describe_functions(g, dev_mac);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(g);
        return 0;
}

Gadget *gadget_free(Gadget *g) {
        _cleanup_fd_ int gadgets_fd = -EBADF;

        if (!g)
                return NULL;
        (void) gadget_unplug(g);
        (void) !chdir("/");
        fd_close(g->dir_fd);
        gadgets_fd = open(GADGETS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (gadgets_fd >= 0)
                remove_tree(gadgets_fd, g->name);
        free(g);
        return NULL;
}

int gadget_unplug(Gadget *g) {
        if (!g->is_plugged)
                return 0;
        g->is_plugged = false;
        g->ifindex = 0;
        return write_file(g->dir_fd, "UDC", "\n");
}

int gadget_get_ifindex(const Gadget *g) {
        return g->ifindex;
}

static void add_attribute(struct nlmsghdr *n, uint16_t type, const void *data, size_t len) {
        struct rtattr *a = (struct rtattr *) ((uint8_t *) n + NLMSG_ALIGN(n->nlmsg_len));

        a->rta_type = type;
        a->rta_len = (uint16_t) RTA_LENGTH(len);
        if (len > 0)
                memcpy(RTA_DATA(a), data, len);
        n->nlmsg_len = (uint32_t) (NLMSG_ALIGN(n->nlmsg_len) + RTA_ALIGN(a->rta_len));
}

/* Opens a nested attribute; returns it for close_nested(). */
static struct rtattr *open_nested(struct nlmsghdr *n, uint16_t type) {
        struct rtattr *a = (struct rtattr *) ((uint8_t *) n + NLMSG_ALIGN(n->nlmsg_len));

        add_attribute(n, type, NULL, 0);
        return a;
}

static void close_nested(struct nlmsghdr *n, struct rtattr *a) {
        a->rta_len = (uint16_t) ((uint8_t *) n + NLMSG_ALIGN(n->nlmsg_len) - (uint8_t *) a);
}

/* One acknowledged request on the socket of the first namespace. */
static int talk_home(struct nlmsghdr *n) {
        union {
                struct nlmsghdr header;
                uint8_t space[4096];
        } answer;
        ssize_t len;

        if (send(home.rtnl_fd, n, n->nlmsg_len, 0) < 0)
                return -errno;
        len = recv(home.rtnl_fd, &answer, sizeof(answer), 0);
        if (len < 0)
                return -errno;
        if (!NLMSG_OK(&answer.header, (size_t) len) || answer.header.nlmsg_type != NLMSG_ERROR)
                return -EBADMSG;
        return ((struct nlmsgerr *) NLMSG_DATA(&answer.header))->error;
}

/* Moves the interface here, with IPv6's own traffic off in the same request. */
static int move_here(int ifindex) {
        struct {
                struct nlmsghdr n;
                struct ifinfomsg i;
                uint8_t space[256];
        } request = {
                .n =
                        {
                                .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                                .nlmsg_type = RTM_NEWLINK,
                                .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
                        },
                .i.ifi_index = ifindex,
        };
        static const uint8_t mode_none = IN6_ADDR_GEN_MODE_NONE;
        struct rtattr *spec, *inet6;

        add_attribute(&request.n, IFLA_NET_NS_FD, &home.netns_fd, sizeof(home.netns_fd));
        add_attribute(&request.n, IFLA_IFNAME, "board%d", sizeof("board%d"));
        spec = open_nested(&request.n, IFLA_AF_SPEC);
        inet6 = open_nested(&request.n, AF_INET6);
        add_attribute(&request.n, IFLA_INET6_ADDR_GEN_MODE, &mode_none, sizeof(mode_none));
        close_nested(&request.n, inet6);
        close_nested(&request.n, spec);
        return talk_home(&request.n);
}

/* Without ARP and addresses nothing but the packet socket speaks on it. */
static int set_up(int ifindex) {
        _cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {};

        if (fd < 0)
                return -errno;
        request.ifr_ifindex = ifindex;
        if (ioctl(fd, SIOCGIFNAME, &request) < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
                return -errno;
        request.ifr_flags |= IFF_UP | IFF_NOARP;
        return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

/* The interface whose name configfs tells. Its index may change in the move: found again by its
 * name, which nobody else has here. */
static int take_interface(Gadget *g) {
        struct ifreq request = {};
        struct if_nameindex *interfaces;
        int r = read_file(g->dir_fd, "functions/rndis.0/ifname", request.ifr_name,
                          sizeof(request.ifr_name));

        if (r < 0)
                return r;
        if (ioctl(home.ioctl_fd, SIOCGIFINDEX, &request) < 0)
                return -errno;
        r = move_here(request.ifr_ifindex);
        if (r < 0)
                return r;
        interfaces = if_nameindex();
        for (struct if_nameindex *i = interfaces; i && i->if_index != 0; i++)
                if (strncmp(i->if_name, "board", STRLEN("board")) == 0)
                        g->ifindex = (int) i->if_index;
        if_freenameindex(interfaces);
        return g->ifindex == 0 ? -ENODEV : set_up(g->ifindex);
}

int gadget_plug(Gadget *g) {
        char udc[32], discard[8192];
        int r;

        while (recv(home.uevent_fd, discard, sizeof(discard), 0) >= 0)
                ;
        snprintf(udc, sizeof(udc), "dummy_udc.%u", g->udc);
        r = write_file(g->dir_fd, "UDC", udc);
        if (r < 0)
                return r;
        g->is_plugged = true;
        return take_interface(g);
}

/* "bind@/devices/platform/dummy_hcd.3/usb4/4-1/4-1:1.0\0ACTION=bind\0…DRIVER=rndis_host\0…", of
 * interface 0 only: the driver claims interface 1, which has an event of its own, before it has
 * said a word to the device. */
static bool is_our_bind(const Gadget *g, const char *event, size_t len) {
        size_t path_len = strnlen(event, len);
        char controller[32];
        bool is_rndis = false;

        if (strncmp(event, "bind@", STRLEN("bind@")) != 0 ||
            !streq(event + path_len - STRLEN(".0"), ".0"))
                return false;
        snprintf(controller, sizeof(controller), "/dummy_hcd.%u/", g->udc);
        if (!strstr(event, controller))
                return false;
        for (const char *p = event; p < event + len; p += strlen(p) + 1)
                is_rndis |= streq(p, "DRIVER=rndis_host");
        return is_rndis;
}

int gadget_wait_host(Gadget *g, uint64_t deadline_usec) {
        char event[8193];

        for (;;) {
                struct pollfd fds[] = {
                        {.fd = g->stop_fd, .events = POLLIN},
                        {.fd = home.uevent_fd, .events = POLLIN},
                };
                uint64_t now = now_usec();
                ssize_t n;

                if (now >= deadline_usec)
                        return -ETIMEDOUT;
                if (poll(fds, ELEMENTSOF(fds),
                         (int) MIN_OF((deadline_usec - now) / 1000 + 1, UINT64_C(60000))) < 0 &&
                    errno != EINTR)
                        return -errno;
                if (fds[0].revents)
                        return -EINTR;
                n = recv(home.uevent_fd, event, sizeof(event) - 1, 0);
                if (n <= 0)
                        continue;
                event[n] = '\0';
                if (is_our_bind(g, event, (size_t) n))
                        return 0;
        }
}
