/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fake-kernel.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "board-monitor.h"
#include "bus-contract.h"
#include "fd-util.h"
#include "netns.h"
#include "nft.h"
#include "rtnl.h"

#define NAMESPACES_MAX 1024
#define LINKS_MAX      64
#define QUEUE_MAX      256

typedef struct FakeNamespace {
        bool exists;
        int fd;
        ino_t inode; /* of what the fd was opened for: numbers are used again */
        unsigned n_sockets;
        unsigned n_rtnl;
        int nsid;
        bool has_loopback_up;
        bool has_rules;
} FakeNamespace;

typedef struct FakeEvent {
        enum { LINK_REMOVED, LINK_CHANGED, NSID_REMOVED, OVERFLOW } type;
        int number;
        bool is_moved;
} FakeEvent;

struct Rtnl {
        int netns;
};

struct RtnlMonitor {
        int netns;
        int fd;
        int error;
        RtnlMonitorCallbacks callbacks;
        void *userdata;
        FakeEvent queue[QUEUE_MAX];
        size_t n_queue;
        RtnlMonitor *next;
};

typedef struct FakeBoard {
        bool is_plugged;
        char port[32];
        char id_path[64];
        const Soc *soc;
        Stage stage;
        uint32_t devnum;
        uint64_t plug_usec;
        UsbTopology topology;
} FakeBoard;

typedef struct FakeUdevEvent {
        enum { PLUGGED, UNPLUGGED, READY } type;
        FakeBoard board;
        int ifindex;
        char name[IF_NAMESIZE];
} FakeUdevEvent;

struct BoardMonitor {
        int fd;
        int error;
        BoardMonitorCallbacks callbacks;
        void *userdata;
        FakeUdevEvent queue[QUEUE_MAX];
        size_t n_queue;
};

typedef struct FakeTimer {
        sd_event_source *source; /* its owner's */
        uint64_t due_usec;
        sd_event_time_handler_t callback;
        void *userdata;
} FakeTimer;

FakeKernel fake;

static FakeNamespace namespaces[NAMESPACES_MAX] = {{.exists = true}};
static FakeLink links[LINKS_MAX];
static FakeBoard boards[LINKS_MAX];
static int last_ifindex = 10;
static uint32_t last_devnum;
static int forced_nsid = -1;
static int current_netns = FAKE_HOME;
static RtnlMonitor *monitors;
static BoardMonitor *board_monitor;
static unsigned n_objects;
static int sockets[NAMESPACES_MAX * 2][2]; /* fd, namespace */
static size_t n_sockets;
static FakeTimer timers[64];

static int step(const char *name) {
        fake.n_steps++;
        if (fake.n_steps != fake.fail_at || streq_ptr(fake.never_fails, name))
                return 0;

        fake.failed_step = name;
        return fake.fail_error;
}

static int done(const char *name, int result) {
        if (fake.after_step)
                fake.after_step(name);
        return result;
}

static void wake(int fd) {
        int r = eventfd_write(fd, 1);
        assert(r == 0);
}

/* The clock: every call of now_usec() comes here (--wrap). */

uint64_t __real_now_usec(void);
uint64_t __wrap_now_usec(void);

uint64_t __wrap_now_usec(void) {
        return __real_now_usec() + fake.later_usec;
}

/* Namespaces */

static bool is_fd_open(const FakeNamespace *ns) {
        struct stat st;

        return ns->fd >= 0 && fstat(ns->fd, &st) >= 0 && st.st_ino == ns->inode;
}

static int find_netns(int fd) {
        for (int i = 1; i < NAMESPACES_MAX; i++)
                if (namespaces[i].exists && namespaces[i].fd == fd && is_fd_open(&namespaces[i]))
                        return i;

        return -EBADF;
}

int netns_init(void) {
        return 0;
}

int netns_home_fd(void) {
        return 0;
}

int netns_new(int *ret_fd) {
        struct stat st;
        int r;

        r = step("netns_new");
        if (r < 0)
                return r;

        for (int i = 1; i < NAMESPACES_MAX; i++) {
                if (namespaces[i].exists)
                        continue;

                namespaces[i] = (FakeNamespace){.exists = true, .nsid = -1};
                namespaces[i].fd = memfd_create("netns", MFD_CLOEXEC);
                r = fstat(namespaces[i].fd, &st);
                assert(r >= 0);
                namespaces[i].inode = st.st_ino;
                *ret_fd = namespaces[i].fd;
                return done("netns_new", 0);
        }

        assert(false);
        return -ENOSPC;
}

int netns_run(int netns_fd, int (*fn)(void *userdata), void *userdata) {
        int r;

        r = step("netns_run");
        if (r < 0)
                return r;

        assert(current_netns == FAKE_HOME);
        current_netns = find_netns(netns_fd);
        assert(current_netns > 0);
        r = fn(userdata);
        current_netns = FAKE_HOME;
        return r;
}

int netns_open_socket(int netns_fd, int domain, int type, int protocol, int *ret_fd) {
        int netns = find_netns(netns_fd), r;

        r = step("netns_open_socket");
        if (r < 0)
                return r;

        assert(netns > 0);
        assert(domain == AF_INET && type == SOCK_DGRAM && protocol == 0);
        *ret_fd = eventfd(0, EFD_CLOEXEC);
        assert(*ret_fd >= 0);
        sockets[n_sockets][0] = *ret_fd;
        sockets[n_sockets++][1] = netns;
        namespaces[netns].n_sockets++;
        return done("netns_open_socket", 0);
}

void fake_close_sockets(void) {
        for (size_t i = 0; i < n_sockets; i++) {
                fd_close(sockets[i][0]);
                namespaces[sockets[i][1]].n_sockets--;
        }
        n_sockets = 0;
}

unsigned fake_count_namespaces(void) {
        unsigned n = 0;

        for (int i = 1; i < NAMESPACES_MAX; i++)
                n += namespaces[i].exists;

        return n;
}

/* Events */

static void queue_event(int netns, FakeEvent event) {
        for (RtnlMonitor *m = monitors; m; m = m->next) {
                if (m->netns != netns)
                        continue;
                assert(m->n_queue < QUEUE_MAX);
                m->queue[m->n_queue++] = event;
                wake(m->fd);
        }
}

static void queue_udev_event(const FakeUdevEvent *event) {
        if (!board_monitor)
                return;
        assert(board_monitor->n_queue < QUEUE_MAX);
        board_monitor->queue[board_monitor->n_queue++] = *event;
        wake(board_monitor->fd);
}

static FakeBoard *find_board(const char *port) {
        for (size_t i = 0; i < LINKS_MAX; i++)
                if (boards[i].is_plugged && streq(boards[i].port, port))
                        return &boards[i];

        return NULL;
}

bool fake_is_plugged(const char *port) {
        return find_board(port);
}

FakeLink *fake_link(const char *port) {
        for (size_t i = 0; i < LINKS_MAX; i++)
                if (links[i].ifindex > 0 && streq(links[i].port, port))
                        return &links[i];

        return NULL;
}

static void send_ready(const FakeBoard *board, const FakeLink *link) {
        FakeUdevEvent event = {READY, *board, link->ifindex, {}};

        memcpy(event.name, link->name, sizeof(event.name));
        queue_udev_event(&event);
}

void fake_change(const char *port) {
        send_ready(find_board(port), fake_link(port));
}

static int plug(const char *port, const char *id_path, const Soc *soc, Stage stage,
                const UsbTopology *topology) {
        FakeBoard *board = boards;
        FakeLink *link = links;

        assert(!find_board(port));
        while (board->is_plugged)
                board++;
        while (link->ifindex > 0)
                link++;

        *board = (FakeBoard){.is_plugged = true, .soc = soc, .stage = stage, .topology = *topology};
        board->devnum = ++last_devnum;
        board->plug_usec = now_usec() + last_devnum; /* never the same twice */
        snprintf(board->port, sizeof(board->port), "%s", port);
        snprintf(board->id_path, sizeof(board->id_path), "%s", id_path ?: "");

        *link = (FakeLink){.ifindex = ++last_ifindex};
        snprintf(link->name, sizeof(link->name), "usb%d", link->ifindex);
        snprintf(link->port, sizeof(link->port), "%s", port);

        queue_udev_event(&(FakeUdevEvent){.type = PLUGGED, .board = *board});
        send_ready(board, link);
        return link->ifindex;
}

int fake_plug_soc(const char *port, const char *id_path, const Soc *soc, Stage stage) {
        return plug(port, id_path, soc, stage, &(UsbTopology){});
}

int fake_plug_at(const char *port, const char *id_path, const UsbTopology *topology, Stage stage) {
        return plug(port, id_path, soc_find("am335x"), stage, topology);
}

int fake_plug(const char *port, const char *id_path, Stage stage) {
        return fake_plug_soc(port, id_path, soc_find("am335x"), stage);
}

void fake_unplug(const char *port) {
        FakeLink *link = fake_link(port);
        FakeBoard *board = find_board(port);

        if (link) {
                if (!fake.no_link_event)
                        queue_event(link->netns, (FakeEvent){LINK_REMOVED, link->ifindex, false});
                *link = (FakeLink){};
        }
        if (board) {
                if (!fake.no_usb_event)
                        queue_udev_event(&(FakeUdevEvent){.type = UNPLUGGED, .board = *board});
                board->is_plugged = false;
        }
}

void fake_send_link_removed(int netns, int ifindex, bool is_moved) {
        queue_event(netns, (FakeEvent){LINK_REMOVED, ifindex, is_moved});
}

void fake_send_link_changed(int ifindex) {
        queue_event(FAKE_HOME, (FakeEvent){LINK_CHANGED, ifindex, false});
}

void fake_send_nsid_removed(int nsid) {
        queue_event(FAKE_HOME, (FakeEvent){NSID_REMOVED, nsid, false});
}

void fake_send_overflow(int netns) {
        queue_event(netns, (FakeEvent){OVERFLOW, 0, false});
}

void fake_break_monitor(int netns, int error) {
        for (RtnlMonitor *m = monitors; m; m = m->next)
                if (m->netns == netns) {
                        m->error = error;
                        wake(m->fd);
                }
}

void fake_break_board_monitor(int error) {
        board_monitor->error = error;
        wake(board_monitor->fd);
}

unsigned fake_count_objects(void) {
        return n_objects;
}

/* rtnl */

int rtnl_new(Rtnl **ret) {
        int r;

        r = step("rtnl_new");
        if (r < 0)
                return r;

        *ret = calloc(1, sizeof(Rtnl));
        assert(*ret);
        (*ret)->netns = current_netns;
        namespaces[current_netns].n_rtnl++;
        n_objects++;
        return done("rtnl_new", 0);
}

Rtnl *rtnl_free(Rtnl *rtnl) {
        if (rtnl) {
                namespaces[rtnl->netns].n_rtnl--;
                n_objects--;
        }
        free(rtnl);
        return NULL;
}

static FakeLink *find_link(const Rtnl *rtnl, int ifindex) {
        for (size_t i = 0; i < LINKS_MAX; i++)
                if (ifindex > 0 && links[i].ifindex == ifindex && links[i].netns == rtnl->netns)
                        return &links[i];

        return NULL;
}

static FakeLink *find_name(int netns, const char *name) {
        for (size_t i = 0; i < LINKS_MAX; i++)
                if (links[i].ifindex > 0 && links[i].netns == netns && streq(links[i].name, name))
                        return &links[i];

        return NULL;
}

static int fill_link(const FakeLink *link, RtnlLink *ret) {
        if (!link)
                return -ENODEV;

        *ret = (RtnlLink){link->ifindex, link->master, link->flags, {}};
        memcpy(ret->name, link->name, sizeof(ret->name));
        return 0;
}

/* Queries fail only because the link is gone: else an undo could not be told from a fault. */
int rtnl_link_get(Rtnl *rtnl, int ifindex, RtnlLink *ret) {
        int r = rtnl->netns == FAKE_HOME ? step("rtnl_link_get") : 0;

        if (r < 0)
                return r;
        r = fill_link(find_link(rtnl, ifindex), ret);
        return r >= 0 && rtnl->netns == FAKE_HOME ? done("rtnl_link_get", r) : r;
}

int rtnl_link_find(Rtnl *rtnl, const char *name, RtnlLink *ret) {
        return fill_link(find_name(rtnl->netns, name), ret);
}

int rtnl_link_has_address(Rtnl *rtnl, int ifindex) {
        FakeLink *link;
        int r;

        r = step("rtnl_link_has_address");
        if (r < 0)
                return r;

        link = find_link(rtnl, ifindex);
        return link ? done("rtnl_link_has_address", link->has_address) : 0;
}

static int move(FakeLink *link, int netns, const char *name, int *ret_ifindex) {
        if (!link)
                return -ENODEV;

        link->netns = netns;
        link->flags = 0;
        link->master = 0;
        link->has_address = false;
        snprintf(link->name, sizeof(link->name), "%s", name);
        if (fake.changes_index)
                link->ifindex = ++last_ifindex;
        *ret_ifindex = link->ifindex;
        return 0;
}

int rtnl_link_move(Rtnl *from, int ifindex, Rtnl *to, int to_netns_fd, const char *name,
                   int *ret_ifindex) {
        int r;

        assert(from->netns == FAKE_HOME);
        assert(find_netns(to_netns_fd) == to->netns);
        assert(!find_name(to->netns, name));

        r = step("rtnl_link_move");
        if (r < 0)
                return r;
        if (fake.half_move_error < 0) {
                (void) move(find_link(from, ifindex), to->netns, name, &(int){0});
                return fake.half_move_error;
        }
        r = move(find_link(from, ifindex), to->netns, name, ret_ifindex);
        return r < 0 ? r : done("rtnl_link_move", r);
}

int rtnl_link_move_home(Rtnl *from, int ifindex, Rtnl *home, int home_netns_fd, const char *name,
                        int *ret_ifindex) {
        FakeLink *link = find_link(from, ifindex);
        int r;

        assert(from->netns != FAKE_HOME && home->netns == FAKE_HOME);
        assert(home_netns_fd == netns_home_fd());

        r = step("rtnl_link_move_home");
        if (r < 0)
                return r;
        r = move(link, FAKE_HOME, name, ret_ifindex);
        if (r < 0)
                return r;
        send_ready(find_board(link->port), link);
        return done("rtnl_link_move_home", 0);
}

int rtnl_link_set_up(Rtnl *rtnl, int ifindex) {
        FakeLink *link;
        int r;

        r = step("rtnl_link_set_up");
        if (r < 0)
                return r;
        link = find_link(rtnl, ifindex);
        if (!link)
                return -ENODEV;
        assert(link->has_address && link->delay_probe_usec > 0);
        link->flags |= IFF_UP;
        return done("rtnl_link_set_up", 0);
}

int rtnl_loopback_up(Rtnl *rtnl) {
        int r;

        r = step("rtnl_loopback_up");
        if (r < 0)
                return r;
        assert(rtnl->netns != FAKE_HOME);
        namespaces[rtnl->netns].has_loopback_up = true;
        return done("rtnl_loopback_up", 0);
}

int rtnl_addr_add(Rtnl *rtnl, int ifindex, struct in_addr address, unsigned int prefix_len) {
        FakeLink *link;
        int r;

        r = step("rtnl_addr_add");
        if (r < 0)
                return r;
        link = find_link(rtnl, ifindex);
        if (!link)
                return -ENODEV;
        assert(ntohl(address.s_addr) == 0xc0a80064 && prefix_len == 24);
        assert(link->netns != FAKE_HOME);
        link->has_address = true;
        return done("rtnl_addr_add", 0);
}

int rtnl_neigh_set_delay_probe(Rtnl *rtnl, int ifindex, uint64_t delay_usec) {
        FakeLink *link;
        int r;

        r = step("rtnl_neigh_set_delay_probe");
        if (r < 0)
                return r;
        link = find_link(rtnl, ifindex);
        if (!link)
                return -ENODEV;
        assert(!(link->flags & IFF_UP));
        link->delay_probe_usec = delay_usec;
        return done("rtnl_neigh_set_delay_probe", 0);
}

void fake_reuse_nsid(int nsid) {
        forced_nsid = nsid;
}

static int find_nsid(int nsid) {
        for (int i = 1; i < NAMESPACES_MAX; i++)
                if (namespaces[i].exists && namespaces[i].nsid == nsid)
                        return i;

        return -1;
}

int rtnl_nsid_assign(Rtnl *rtnl, int netns_fd, int *ret_nsid) {
        int netns = find_netns(netns_fd), nsid = 0, r;

        r = step("rtnl_nsid_assign");
        if (r < 0)
                return r;
        assert(rtnl->netns == FAKE_HOME && netns > 0);
        while (find_nsid(nsid) >= 0)
                nsid++;
        if (forced_nsid >= 0)
                nsid = forced_nsid;
        forced_nsid = -1;
        *ret_nsid = namespaces[netns].nsid = nsid;
        return done("rtnl_nsid_assign", 0);
}

int rtnl_nsid_exists(Rtnl *rtnl, int nsid) {
        int r = step("rtnl_nsid_exists");

        if (r < 0)
                return r;
        return find_nsid(nsid) >= 0;
}

int rtnl_monitor_new(const RtnlMonitorCallbacks *callbacks, void *userdata, RtnlMonitor **ret) {
        RtnlMonitor *monitor;
        int r;

        r = step("rtnl_monitor_new");
        if (r < 0)
                return r;

        monitor = calloc(1, sizeof(*monitor));
        assert(monitor);
        *monitor = (RtnlMonitor){.netns = current_netns, .callbacks = *callbacks};
        monitor->userdata = userdata;
        monitor->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert(monitor->fd >= 0);
        monitor->next = monitors;
        monitors = monitor;
        namespaces[current_netns].n_rtnl++;
        n_objects++;
        *ret = monitor;
        return done("rtnl_monitor_new", 0);
}

RtnlMonitor *rtnl_monitor_free(RtnlMonitor *monitor) {
        if (!monitor)
                return NULL;

        for (RtnlMonitor **m = &monitors; *m; m = &(*m)->next)
                if (*m == monitor) {
                        *m = monitor->next;
                        break;
                }
        fd_close(monitor->fd);
        namespaces[monitor->netns].n_rtnl--;
        n_objects--;
        free(monitor);
        return NULL;
}

int rtnl_monitor_get_fd(const RtnlMonitor *monitor) {
        return monitor->fd;
}

int rtnl_monitor_dispatch(RtnlMonitor *monitor) {
        eventfd_t value;
        size_t n = monitor->n_queue;

        (void) eventfd_read(monitor->fd, &value);
        if (monitor->error < 0)
                return monitor->error;

        monitor->n_queue = 0;
        for (size_t i = 0; i < n; i++) {
                FakeEvent e = monitor->queue[i];

                if (e.type == LINK_REMOVED && monitor->callbacks.link_removed)
                        monitor->callbacks.link_removed(e.number, "x", e.is_moved,
                                                        monitor->userdata);
                else if (e.type == LINK_CHANGED && monitor->callbacks.link_changed)
                        monitor->callbacks.link_changed(e.number, monitor->userdata);
                else if (e.type == NSID_REMOVED && monitor->callbacks.nsid_removed)
                        monitor->callbacks.nsid_removed(e.number, monitor->userdata);
                else if (e.type == OVERFLOW)
                        monitor->callbacks.overflow(monitor->userdata);
        }
        return 0;
}

/* nft */

int nft_install_port_rewriting(const NftPortRewrite *rewrites, size_t n) {
        int r;

        r = step("nft_install_port_rewriting");
        if (r < 0)
                return r;
        assert(current_netns != FAKE_HOME);
        assert(n == 2 && rewrites[0].board_port == 67 && rewrites[0].server_port == 9067);
        assert(rewrites[1].board_port == 69 && rewrites[1].server_port == 9069);
        namespaces[current_netns].has_rules = true;
        return done("nft_install_port_rewriting", 0);
}

int nft_install_neighbour_guard(uint32_t board_address_be) {
        int r;

        r = step("nft_install_neighbour_guard");
        if (r < 0)
                return r;
        assert(current_netns != FAKE_HOME);
        assert(namespaces[current_netns].has_rules);
        assert(board_address_be == inet_addr(SESSION_CLIENT_ADDRESS));
        return done("nft_install_neighbour_guard", 0);
}

/* The board monitor */

int board_monitor_new(const BoardMonitorCallbacks *callbacks, void *userdata, BoardMonitor **ret) {
        int r;

        r = step("board_monitor_new");
        if (r < 0)
                return r;

        assert(!board_monitor);
        board_monitor = calloc(1, sizeof(*board_monitor));
        assert(board_monitor);
        board_monitor->callbacks = *callbacks;
        board_monitor->userdata = userdata;
        board_monitor->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert(board_monitor->fd >= 0);
        n_objects++;
        *ret = board_monitor;
        return done("board_monitor_new", 0);
}

BoardMonitor *board_monitor_free(BoardMonitor *monitor) {
        if (!monitor)
                return NULL;

        fd_close(monitor->fd);
        free(monitor);
        board_monitor = NULL;
        n_objects--;
        return NULL;
}

int board_monitor_get_fd(const BoardMonitor *monitor) {
        return monitor->fd;
}

static void tell(BoardMonitor *monitor, const FakeUdevEvent *e) {
        const FakeBoard *b = &e->board;
        BoardInfo info = {
                .port = b->port,
                .id_path = *b->id_path ? b->id_path : NULL,
                .soc = b->soc,
                .stage = b->stage,
                .devnum = b->devnum,
                .plug_usec = b->plug_usec,
                .topology = b->topology,
        };

        switch (e->type) {
        case PLUGGED:
                monitor->callbacks.on_board_plugged(&info, monitor->userdata);
                break;
        case UNPLUGGED:
                monitor->callbacks.on_board_unplugged(b->port, b->devnum, monitor->userdata);
                break;
        case READY:
                monitor->callbacks.on_link_ready(&info, e->ifindex, e->name, monitor->userdata);
                break;
        }
}

int board_monitor_enumerate(BoardMonitor *monitor) {
        int r;

        r = step("board_monitor_enumerate");
        if (r < 0)
                return r;

        for (size_t i = 0; i < LINKS_MAX; i++)
                if (boards[i].is_plugged)
                        tell(monitor, &(FakeUdevEvent){.type = PLUGGED, .board = boards[i]});
        for (size_t i = 0; i < LINKS_MAX; i++)
                if (links[i].ifindex > 0 && links[i].netns == FAKE_HOME)
                        send_ready(find_board(links[i].port), &links[i]);
        return 0;
}

int board_monitor_dispatch(BoardMonitor *monitor) {
        eventfd_t value;

        (void) eventfd_read(monitor->fd, &value);
        if (monitor->error < 0)
                return monitor->error;

        /* What a callback causes comes behind what is there already. */
        for (size_t i = 0; i < monitor->n_queue; i++) {
                FakeUdevEvent event = monitor->queue[i];

                tell(monitor, &event);
        }
        monitor->n_queue = 0;
        return 0;
}

/* sd-event's timers: a source of another kind stands for each, and lives as long as its owner
 * wants. */

static int on_stand_in(sd_event_source *source, void *userdata) {
        return 0;
}

static void on_source_gone(void *userdata) {
        *(FakeTimer *) userdata = (FakeTimer){};
}

int sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock,
                               uint64_t usec, uint64_t accuracy, sd_event_time_handler_t callback,
                               void *userdata) {
        FakeTimer *timer = timers;
        int r;

        while (timer->source)
                timer++;

        r = sd_event_add_defer(event, ret, on_stand_in, timer);
        assert(r >= 0);
        r = sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
        assert(r >= 0);
        r = sd_event_source_set_destroy_callback(*ret, on_source_gone);
        assert(r >= 0);
        *timer = (FakeTimer){*ret, usec, callback, userdata};
        return 0;
}

unsigned fake_count_timers(void) {
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(timers); i++)
                n += timers[i].source != NULL;

        return n;
}

unsigned fake_elapse(uint64_t usec) {
        sd_event_source *due[ELEMENTSOF(timers)] = {};
        unsigned n = 0;
        int r;

        /* What is armed meanwhile is not due yet. */
        for (size_t i = 0; i < ELEMENTSOF(timers); i++)
                if (timers[i].source && timers[i].due_usec <= usec)
                        due[i] = sd_event_source_ref(timers[i].source);

        for (size_t i = 0; i < ELEMENTSOF(timers); i++) {
                if (!due[i])
                        continue;
                r = timers[i].callback(due[i], usec, timers[i].userdata);
                assert(r >= 0);
                sd_event_source_unref(due[i]);
                n++;
        }

        return n;
}

/* The rest */

/* A namespace that nothing holds dies; its links come home, and who numbered it is told. */
static bool reap(void) {
        bool has_reaped = false;

        for (int i = 1; i < NAMESPACES_MAX; i++) {
                FakeNamespace *ns = &namespaces[i];

                if (!ns->exists || is_fd_open(ns) || ns->n_sockets > 0 || ns->n_rtnl > 0)
                        continue;

                ns->exists = false;
                has_reaped = true;
                for (size_t j = 0; j < LINKS_MAX; j++) {
                        if (links[j].ifindex <= 0 || links[j].netns != i)
                                continue;
                        links[j].netns = FAKE_HOME;
                        links[j].flags = 0;
                        links[j].has_address = false;
                        send_ready(find_board(links[j].port), &links[j]);
                }
                if (ns->nsid >= 0 && !fake.no_nsid_event)
                        queue_event(FAKE_HOME, (FakeEvent){NSID_REMOVED, ns->nsid, false});
        }

        return has_reaped;
}

void fake_settle(sd_event *event) {
        int r;

        do {
                do {
                        r = sd_event_run(event, 0);
                        assert(r >= 0 || r == -ESTALE);
                } while (r > 0);
        } while (reap());
}

unsigned count_fds(void) {
        DIR *dir = opendir("/proc/self/fd");
        unsigned n = 0;

        assert(dir);
        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}
