/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * Three kinds of udev events count:
 *     usb_interface  add, change, bind: a board, if it has our properties and rndis_host has it.
 *                    unbind, remove: the board left, if this interface made it one.
 *     net            anything but remove: the interface of a board can be moved. It comes before the
 *                    `bind` of its usb_interface, so it announces the board too.
 * A net `remove` means nothing: so look a move into a session, and an unplug whose usb events are
 * still to come.
 *
 * Events carry what udev knew then; what is read through the device's parents is what sysfs knows
 * now. In a quick unplug and plug on one port the old interface can so be seen with the new
 * device's number: its index leads to nothing (ENODEV), and the new one's own events follow.
 *
 * The table holds what was told to the owner and not taken back, so that what vanished while events
 * were lost can be found (sweep), and the unplug of an interface that sysfs has forgotten already can
 * be told with the number of its plug. */

#include "board-monitor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "fd-util.h"
#include "parse-util.h"
#include "usb-port.h"

#define PROPERTY_SOC   "ID_SNAGD_SOC"
#define PROPERTY_STAGE "ID_SNAGD_STAGE"
#define DRIVER         "rndis_host"

/* As udevd's own: what a host with many devices can say at once while we are busy. */
#define RECEIVE_BUFFER_SIZE (8 * 1024 * 1024)

/* Each may be a board that is to be moved, for which the kernel takes some 20 ms: in between sessions
 * and callers have their turn. */
#define EVENTS_PER_DISPATCH 4

typedef struct KnownBoard {
        char *port;
        char *sysname; /* of the usb_interface */
        uint32_t devnum;
        bool is_seen; /* during enumeration */
} KnownBoard;

struct BoardMonitor {
        BoardMonitorCallbacks callbacks;
        void *userdata;
        struct udev *udev;
        struct udev_monitor *monitor;
        KnownBoard *known;
        size_t n_known;
        bool has_lost_events;
};

static inline void udev_enumerate_unrefp(struct udev_enumerate **enumerate) {
        udev_enumerate_unref(*enumerate);
}

static inline void udev_device_unrefp(struct udev_device **device) {
        udev_device_unref(*device);
}

/* The table */

static KnownBoard *find_port(BoardMonitor *monitor, const char *port) {
        for (size_t i = 0; i < monitor->n_known; i++)
                if (streq(monitor->known[i].port, port))
                        return &monitor->known[i];

        return NULL;
}

static KnownBoard *find_interface(BoardMonitor *monitor, const char *sysname) {
        for (size_t i = 0; i < monitor->n_known; i++)
                if (streq(monitor->known[i].sysname, sysname))
                        return &monitor->known[i];

        return NULL;
}

static void known_board_done(KnownBoard *known) {
        free(known->port);
        free(known->sysname);
}

/* Takes note that the interface @sysname makes a board of @info. Returns 0 or -ENOMEM. */
static int note_board(BoardMonitor *monitor, const char *sysname, const BoardInfo *info) {
        _cleanup_free_ char *port = NULL, *name = NULL;
        KnownBoard *known = find_port(monitor, info->port);

        if (known && known->devnum == info->devnum) {
                /* The same plug, perhaps seen through its second interface. */
                known->is_seen = true;
                return 0;
        }

        port = strdup(info->port);
        name = strdup(sysname);
        if (!port || !name)
                return -ENOMEM;

        if (!known) {
                KnownBoard *grown =
                        reallocarray(monitor->known, monitor->n_known + 1, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                monitor->known = grown;
                known = &grown[monitor->n_known++];
        } else
                known_board_done(known);

        *known = (KnownBoard){TAKE_PTR(port), TAKE_PTR(name), info->devnum, true};
        return 0;
}

/* Tells that the board left, and forgets it. */
static void drop_board(BoardMonitor *monitor, KnownBoard *known) {
        KnownBoard gone = *known;

        *known = monitor->known[--monitor->n_known];
        monitor->callbacks.on_board_unplugged(gone.port, gone.devnum, monitor->userdata);
        known_board_done(&gone);
}

/* Devices */

/* What udev says of @device, or else of @parent, which may be NULL. */
static const char *get_property(struct udev_device *device, struct udev_device *parent,
                                const char *key) {
        const char *value = udev_device_get_property_value(device, key);

        return value || !parent ? value : udev_device_get_property_value(parent, key);
}

static int get_number(const char *string, uint64_t max, uint64_t *ret) {
        return string ? parse_u64(string, max, ret) : -ENODATA;
}

/* The property `phys` of a controller in the device tree; sysfs attributes of libudev's end at a NUL. Returns its size, 0
 * if there is none, or it does not fit. */
static size_t read_phys(struct udev_device *controller, void *buffer, size_t size) {
        const char *syspath = udev_device_get_syspath(controller);
        _cleanup_fd_ int fd = -EBADF;
        char path[PATH_MAX];
        ssize_t n;

        if (!syspath ||
            snprintf(path, sizeof(path), "%s/of_node/phys", syspath) >= (int) sizeof(path))
                return 0;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        n = read(fd, buffer, size);
        return n > 0 && (size_t) n < size ? (size_t) n : 0;
}

/* Reads where @device, a usb_device, is plugged in. What is behind a hub has one name, whatever its
 * speed: the hub itself is at one of the controllers, and translates. */
static UsbTopology read_topology(struct udev_device *device) {
        uint8_t phys[USB_TOPOLOGY_PHYS_SIZE_MAX + 1];
        struct udev_device *root, *controller;
        UsbTopologyStrings strings = {};
        const char *name;

        root = udev_device_get_parent_with_subsystem_devtype(device, "usb", "usb_device");
        name = root ? udev_device_get_sysname(root) : NULL;
        if (!name || strncmp(name, "usb", STRLEN("usb")) != 0)
                return (UsbTopology){};

        /* `port` is a link into the hub's interface (Documentation/ABI/testing/sysfs-bus-usb); before
         * Linux 4.20 there is no location. */
        strings.root_speed = udev_device_get_sysattr_value(root, "speed");
        strings.location = udev_device_get_sysattr_value(device, "port/location");

        controller = udev_device_get_parent(root);
        if (controller && streq_ptr(udev_device_get_subsystem(controller), "pci")) {
                strings.pci_address = udev_device_get_sysname(controller);
                strings.pci_class = udev_device_get_sysattr_value(controller, "class");
        } else if (controller) {
                strings.phys_size = read_phys(controller, phys, sizeof(phys));
                strings.phys = phys;
        }
        return usb_topology_parse(&strings);
}

/* The strings that a BoardInfo points to. */
typedef struct InfoStrings {
        char *port;
        char *id_path;
} InfoStrings;

static void info_strings_done(InfoStrings *strings) {
        free(strings->port);
        free(strings->id_path);
}

/* Reads what makes @interface, a usb_interface, a board. @net is its net device or NULL. Returns 0;
 * -ENODEV if it is no board, for whatever reason: other devices, other drivers, rules of others with
 * values that we do not know, a device that is going away; -ENOMEM. */
static int read_info(struct udev_device *interface, struct udev_device *net, InfoStrings *strings,
                     BoardInfo *ret) {
        const char *soc, *stage, *id_path, *driver, *sysname;
        struct udev_device *device;
        uint64_t devnum, plug_usec;
        BoardInfo info = {};
        int stage_number, r;

        soc = get_property(interface, net, PROPERTY_SOC);
        stage = get_property(interface, net, PROPERTY_STAGE);
        driver = udev_device_get_driver(interface);
        sysname = udev_device_get_sysname(interface);
        if (!soc || !stage || !sysname || !driver || !streq(driver, DRIVER))
                return -ENODEV;

        info.soc = soc_find(soc);
        stage_number = stage_from_string(stage);
        if (!info.soc || stage_number < 0)
                return -ENODEV;
        info.stage = (Stage) stage_number;

        device = udev_device_get_parent_with_subsystem_devtype(interface, "usb", "usb_device");
        if (!device ||
            get_number(udev_device_get_sysattr_value(device, "devnum"), UINT32_MAX, &devnum) < 0)
                return -ENODEV;
        info.devnum = (uint32_t) devnum;
        info.topology = read_topology(device);

        r = usb_port_from_sysname(sysname, &strings->port);
        if (r < 0)
                return r == -ENOMEM ? r : -ENODEV;
        info.port = strings->port;

        id_path = get_property(interface, net, "ID_PATH");
        r = id_path ? usb_id_path_without_interface(id_path, &strings->id_path) : 0;
        if (r == -ENOMEM)
                return r;
        info.id_path = strings->id_path;

        info.plug_usec = now_usec();
        if (get_number(udev_device_get_property_value(interface, "USEC_INITIALIZED"),
                       info.plug_usec, &plug_usec) >= 0)
                info.plug_usec = plug_usec;

        *ret = info;
        return 0;
}

static bool has_action(struct udev_device *device, const char *action) {
        const char *is = udev_device_get_action(device);

        return is && streq(is, action);
}

static int handle_interface(BoardMonitor *monitor, struct udev_device *interface) {
        _cleanup_(info_strings_done) InfoStrings strings = {};
        const char *sysname = udev_device_get_sysname(interface);
        KnownBoard *known;
        BoardInfo info;
        int r = -ENODEV;

        if (!sysname)
                return 0;

        if (!has_action(interface, "remove") && !has_action(interface, "unbind"))
                r = read_info(interface, NULL, &strings, &info);
        if (r >= 0)
                r = note_board(monitor, sysname, &info);
        if (r >= 0) {
                monitor->callbacks.on_board_plugged(&info, monitor->userdata);
                return 0;
        }
        if (r == -ENOMEM)
                return r;

        known = find_interface(monitor, sysname);
        if (known)
                drop_board(monitor, known);
        return 0;
}

static int handle_net(BoardMonitor *monitor, struct udev_device *net) {
        _cleanup_(info_strings_done) InfoStrings strings = {};
        struct udev_device *interface;
        BoardInfo info;
        uint64_t ifindex;
        int r;

        if (has_action(net, "remove"))
                return 0;

        interface = udev_device_get_parent_with_subsystem_devtype(net, "usb", "usb_interface");
        if (!interface ||
            get_number(udev_device_get_property_value(net, "IFINDEX"), INT_MAX, &ifindex) < 0 ||
            ifindex == 0)
                return 0;

        r = read_info(interface, net, &strings, &info);
        if (r >= 0)
                r = note_board(monitor, udev_device_get_sysname(interface), &info);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        monitor->callbacks.on_link_ready(&info, (int) ifindex, udev_device_get_sysname(net) ?: "?",
                                         monitor->userdata);
        return 0;
}

/* Any device of ours; those of others are passed over. Returns 0 or -ENOMEM. */
static int handle_device(BoardMonitor *monitor, struct udev_device *device) {
        const char *subsystem = udev_device_get_subsystem(device);
        const char *devtype = udev_device_get_devtype(device);

        if (!subsystem)
                return 0;
        if (streq(subsystem, "net"))
                return handle_net(monitor, device);
        if (streq(subsystem, "usb") && devtype && streq(devtype, "usb_interface"))
                return handle_interface(monitor, device);
        return 0;
}

/* Life cycle */

int board_monitor_new(const BoardMonitorCallbacks *callbacks, void *userdata, BoardMonitor **ret) {
        _cleanup_(board_monitor_freep) BoardMonitor *monitor = NULL;
        int r;

        assert(callbacks && callbacks->on_board_plugged && callbacks->on_board_unplugged &&
               callbacks->on_link_ready);
        assert(ret);

        monitor = calloc(1, sizeof(*monitor));
        if (!monitor)
                return -ENOMEM;

        monitor->callbacks = *callbacks;
        monitor->userdata = userdata;

        monitor->udev = udev_new();
        if (!monitor->udev)
                return -ENOMEM;

        /* "udev": what udevd has finished with, not the kernel's raw events. */
        errno = ENOMEM;
        monitor->monitor = udev_monitor_new_from_netlink(monitor->udev, "udev");
        if (!monitor->monitor)
                return -errno;

        r = udev_monitor_filter_add_match_subsystem_devtype(monitor->monitor, "usb",
                                                            "usb_interface");
        if (r < 0)
                return r;
        r = udev_monitor_filter_add_match_subsystem_devtype(monitor->monitor, "net", NULL);
        if (r < 0)
                return r;

        /* With the default size too it works: what is lost is enumerated. */
        (void) udev_monitor_set_receive_buffer_size(monitor->monitor, RECEIVE_BUFFER_SIZE);

        r = udev_monitor_enable_receiving(monitor->monitor);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(monitor);
        return 0;
}

BoardMonitor *board_monitor_free(BoardMonitor *monitor) {
        if (!monitor)
                return NULL;

        for (size_t i = 0; i < monitor->n_known; i++)
                known_board_done(&monitor->known[i]);
        free(monitor->known);
        udev_monitor_unref(monitor->monitor);
        udev_unref(monitor->udev);
        free(monitor);
        return NULL;
}

int board_monitor_get_fd(const BoardMonitor *monitor) {
        assert(monitor);
        return udev_monitor_get_fd(monitor->monitor);
}

static int enumerate_subsystem(BoardMonitor *monitor, const char *subsystem) {
        _cleanup_(udev_enumerate_unrefp) struct udev_enumerate *enumerate = NULL;
        struct udev_list_entry *entry;
        int r;

        enumerate = udev_enumerate_new(monitor->udev);
        if (!enumerate)
                return -ENOMEM;

        r = udev_enumerate_add_match_subsystem(enumerate, subsystem);
        if (r < 0)
                return r;

        /* What udev has not finished with yet comes as an event. */
        r = udev_enumerate_add_match_is_initialized(enumerate);
        if (r < 0)
                return r;
        r = udev_enumerate_scan_devices(enumerate);
        if (r < 0)
                return r;

        for (entry = udev_enumerate_get_list_entry(enumerate); entry;
             entry = udev_list_entry_get_next(entry)) {
                _cleanup_(udev_device_unrefp) struct udev_device *device = NULL;

                device = udev_device_new_from_syspath(monitor->udev,
                                                      udev_list_entry_get_name(entry));
                if (!device)
                        /* It went since the scan. */
                        continue;

                r = handle_device(monitor, device);
                if (r < 0)
                        return r;
        }

        return 0;
}

int board_monitor_enumerate(BoardMonitor *monitor) {
        int r;

        assert(monitor);

        for (size_t i = 0; i < monitor->n_known; i++)
                monitor->known[i].is_seen = false;

        r = enumerate_subsystem(monitor, "usb");
        if (r < 0)
                return r;

        for (size_t i = monitor->n_known; i-- > 0;)
                if (!monitor->known[i].is_seen)
                        drop_board(monitor, &monitor->known[i]);

        /* Those that are in a session are not in this /sys: their boards are, and that is enough. */
        return enumerate_subsystem(monitor, "net");
}

/* Reads the socket empty. Returns 0 or a negative errno. */
static int drain(BoardMonitor *monitor) {
        struct pollfd pollfd = {.fd = udev_monitor_get_fd(monitor->monitor), .events = POLLIN};

        for (;;) {
                _cleanup_(udev_device_unrefp) struct udev_device *device = NULL;
                int r;

                /* An EAGAIN of libudev's may also mean a message that is none of udev's. */
                r = poll(&pollfd, 1, 0);
                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r == 0)
                        return 0;
                if (pollfd.revents & POLLNVAL)
                        return -EBADF;

                errno = EAGAIN;
                device = udev_monitor_receive_device(monitor->monitor);
                if (!device && errno == ENOMEM)
                        return -ENOMEM;
        }
}

/* From an overrun on the kernel drops all events until the last one from before it has been read, and
 * tells of that no more. So what is left, which is no more than fits into the buffer, has to go before
 * the enumeration: it is older, too, and an old end of a board would be taken for a new one. */
static int recover_events(BoardMonitor *monitor) {
        int r;

        r = drain(monitor);
        if (r >= 0)
                r = board_monitor_enumerate(monitor);
        if (r >= 0)
                monitor->has_lost_events = false;
        return r;
}

/* Handles the next event. Returns 1, 0 if there is none, or a negative errno. */
static int dispatch_one(BoardMonitor *monitor) {
        _cleanup_(udev_device_unrefp) struct udev_device *device = NULL;
        int r;

        errno = EAGAIN;
        device = udev_monitor_receive_device(monitor->monitor);
        if (device) {
                r = handle_device(monitor, device);
                return r < 0 ? r : 1;
        }
        if (errno == EBADF || errno == ENOTSOCK)
                return -errno;

        /* Else nothing is left, or it was a message that is none of udev's. */
        if (errno == ENOBUFS)
                monitor->has_lost_events = true;
        return 0;
}

int board_monitor_dispatch(BoardMonitor *monitor) {
        int r = 1;

        assert(monitor);

        for (size_t i = 0; i < EVENTS_PER_DISPATCH && r > 0 && !monitor->has_lost_events; i++) {
                r = dispatch_one(monitor);
                if (r == -ENOMEM)
                        monitor->has_lost_events = true;
                else if (r < 0)
                        return r;
        }
        if (!monitor->has_lost_events)
                return 0;

        /* Without memory: with the next event. */
        r = recover_events(monitor);
        return r == -ENOMEM ? 0 : r;
}
