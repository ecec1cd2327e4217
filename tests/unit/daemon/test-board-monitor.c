/* SPDX-License-Identifier: GPL-2.0-or-later */

/* board-monitor on a fake libudev: devices with parents, properties and attributes; a queue of
 * events, and what an enumeration finds. */

#include "../check-main.h"

#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

#include "board-monitor.h"
#include "fd-util.h"

#define PROPERTIES_MAX 8

struct udev_device {
        struct udev_device *parent;
        const char *syspath, *sysname, *subsystem, *devtype, *driver, *action;
        struct {
                const char *key, *value;
        } properties[PROPERTIES_MAX], attributes[2];
};

struct udev_list_entry {
        const struct udev_device *device;
        struct udev_list_entry *next;
};

struct udev {
        int unused;
};

struct udev_monitor {
        int unused;
};

struct udev_enumerate {
        const char *subsystem;
        struct udev_list_entry entries[16];
        size_t n_entries;
};

static struct udev the_udev;
static struct udev_monitor the_monitor;
static const char *failing; /* name of the function that fails */
static int scan_errno = EIO;
static struct udev_device queue[64];
static size_t n_queue, n_read;
static int receive_errno = EAGAIN; /* behind the last event */
static int overrun_errno;          /* before the next one, once: ENOBUFS, as the kernel does it */
static struct udev_device present[16];
static size_t n_present;
static unsigned n_enumerations, n_open;

struct udev *udev_new(void) {
        n_open++;
        return &the_udev;
}

struct udev *udev_unref(struct udev *udev) {
        n_open -= udev != NULL;
        return NULL;
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name) {
        ck_assert_str_eq(name, "udev");
        errno = EMFILE;
        if (streq_ptr(failing, "new"))
                return NULL;
        n_open++;
        return &the_monitor;
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor) {
        n_open -= monitor != NULL;
        return NULL;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
                                                    const char *subsystem, const char *devtype) {
        return streq_ptr(failing, subsystem) ? -ENOMEM : 0;
}

int udev_monitor_set_receive_buffer_size(struct udev_monitor *monitor, int size) {
        ck_assert_int_gt(size, 1024 * 1024);
        return -EPERM; /* it does without */
}

int udev_monitor_enable_receiving(struct udev_monitor *monitor) {
        return streq_ptr(failing, "enable") ? -EPERM : 0;
}

int udev_monitor_get_fd(struct udev_monitor *monitor) {
        return 42;
}

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout) {
        if (fds->fd != 42)
                return __real_poll(fds, n, timeout);

        fds->revents = n_read < n_queue ? POLLIN : 0;
        if (receive_errno != EAGAIN || overrun_errno != 0)
                fds->revents |= POLLERR;
        return fds->revents != 0;
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor) {
        struct udev_device *device;

        if (overrun_errno != 0) {
                errno = overrun_errno;
                overrun_errno = 0;
                return NULL;
        }
        if (streq_ptr(failing, "read")) {
                errno = ENOMEM;
                return NULL;
        }
        if (n_read == n_queue) {
                errno = receive_errno;
                receive_errno = EAGAIN;
                return NULL;
        }

        device = malloc(sizeof(*device));
        ck_assert_ptr_nonnull(device);
        *device = queue[n_read++];
        return device;
}

struct udev_device *udev_device_unref(struct udev_device *device) {
        free(device);
        return NULL;
}

const char *udev_device_get_action(struct udev_device *device) {
        return device->action;
}

const char *udev_device_get_subsystem(struct udev_device *device) {
        return device->subsystem;
}

const char *udev_device_get_devtype(struct udev_device *device) {
        return device->devtype;
}

const char *udev_device_get_sysname(struct udev_device *device) {
        return device->sysname;
}

const char *udev_device_get_driver(struct udev_device *device) {
        return device->driver;
}

const char *udev_device_get_property_value(struct udev_device *device, const char *key) {
        for (size_t i = 0; i < PROPERTIES_MAX; i++)
                if (streq_ptr(device->properties[i].key, key))
                        return device->properties[i].value;

        return NULL;
}

const char *udev_device_get_sysattr_value(struct udev_device *device, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(device->attributes); i++)
                if (streq_ptr(device->attributes[i].key, name))
                        return device->attributes[i].value;

        return NULL;
}

const char *udev_device_get_syspath(struct udev_device *device) {
        return device->syspath;
}

struct udev_device *udev_device_get_parent(struct udev_device *device) {
        return device->parent;
}

struct udev_device *udev_device_get_parent_with_subsystem_devtype(struct udev_device *device,
                                                                  const char *subsystem,
                                                                  const char *devtype) {
        for (struct udev_device *d = device->parent; d; d = d->parent)
                if (streq_ptr(d->subsystem, subsystem) && streq_ptr(d->devtype, devtype))
                        return d;

        return NULL;
}

struct udev_enumerate *udev_enumerate_new(struct udev *udev) {
        n_open++;
        n_enumerations++;
        return calloc(1, sizeof(struct udev_enumerate));
}

struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *enumerate) {
        n_open -= enumerate != NULL;
        free(enumerate);
        return NULL;
}

int udev_enumerate_add_match_subsystem(struct udev_enumerate *enumerate, const char *subsystem) {
        enumerate->subsystem = subsystem;
        return 0;
}

int udev_enumerate_add_match_is_initialized(struct udev_enumerate *enumerate) {
        return 0;
}

int udev_enumerate_scan_devices(struct udev_enumerate *enumerate) {
        for (size_t i = 0; i < n_present; i++)
                if (streq(present[i].subsystem, enumerate->subsystem)) {
                        enumerate->entries[enumerate->n_entries].device = &present[i];
                        if (enumerate->n_entries > 0)
                                enumerate->entries[enumerate->n_entries - 1].next =
                                        &enumerate->entries[enumerate->n_entries];
                        enumerate->n_entries++;
                }

        ck_assert_uint_eq(n_read, n_queue); /* else more is lost, and that is not told */
        return streq_ptr(failing, "scan") ? -scan_errno : 0;
}

struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate) {
        return enumerate->n_entries > 0 ? &enumerate->entries[0] : NULL;
}

struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry) {
        return entry->next;
}

const char *udev_list_entry_get_name(struct udev_list_entry *entry) {
        return entry->device->syspath;
}

struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *syspath) {
        for (size_t i = 0; i < n_present; i++)
                if (streq(present[i].syspath, syspath)) {
                        struct udev_device *device;

                        if (streq_ptr(failing, syspath))
                                return NULL;
                        device = malloc(sizeof(*device));
                        ck_assert_ptr_nonnull(device);
                        *device = present[i];
                        return device;
                }

        return NULL;
}

/* The world */

static struct udev_device controller, root_hub, usb_device, interface, net;
static UsbTopology last_topology;
static BoardMonitor *monitor;
static char story[4096];

static void tell(const char *format, ...) _printf_(1, 2);
static void tell(const char *format, ...) {
        size_t n = strlen(story);
        va_list args;

        va_start(args, format);
        vsnprintf(story + n, sizeof(story) - n, format, args);
        va_end(args);
}

static void on_board_plugged(const BoardInfo *info, void *userdata) {
        tell("plug(%s,%s,%s,%s,%u) ", info->port, info->id_path ?: "-", info->soc->name,
             stage_to_string(info->stage), info->devnum);
        ck_assert_uint_gt(info->plug_usec, 0);
        ck_assert_uint_le(info->plug_usec, now_usec());
        last_topology = info->topology;
}

static void on_board_unplugged(const char *port, uint32_t devnum, void *userdata) {
        tell("unplug(%s,%u) ", port, devnum);
}

static void on_link_ready(const BoardInfo *info, int ifindex, const char *name, void *userdata) {
        tell("link(%s,%u,%d,%s) ", info->port, info->devnum, ifindex, name);
}

static const BoardMonitorCallbacks callbacks = {
        .on_board_plugged = on_board_plugged,
        .on_board_unplugged = on_board_unplugged,
        .on_link_ready = on_link_ready,
};

/* A board in its ROM on port 1-1.4, and an open monitor. */
static void set_up(void) {
        usb_device = (struct udev_device){
                .syspath = "/sys/1-1.4",
                .sysname = "1-1.4",
                .subsystem = "usb",
                .devtype = "usb_device",
                .driver = "usb",
                .attributes = {{"devnum", "7"}},
        };
        interface = (struct udev_device){
                .parent = &usb_device,
                .syspath = "/sys/1-1.4/1-1.4:1.0",
                .sysname = "1-1.4:1.0",
                .subsystem = "usb",
                .devtype = "usb_interface",
                .driver = "rndis_host",
                .properties = {{"ID_SNAGD_SOC", "am335x"},
                               {"ID_SNAGD_STAGE", "rom"},
                               {"ID_PATH", "pci-0000:00:14.0-usb-0:1.4:1.0"},
                               {"USEC_INITIALIZED", "1"}},
        };
        net = (struct udev_device){
                .parent = &interface,
                .syspath = "/sys/1-1.4/1-1.4:1.0/net/usb0",
                .sysname = "usb0",
                .subsystem = "net",
                .properties = {{"IFINDEX", "5"}, {"INTERFACE", "stale0"}},
        };
        ck_assert_int_eq(board_monitor_new(&callbacks, NULL, &monitor), 0);
}

static void tear_down(void) {
        monitor = board_monitor_free(monitor);
        ck_assert_uint_eq(n_open, 0);
}

static void event(const char *action, struct udev_device *device) {
        ck_assert_uint_lt(n_queue, ELEMENTSOF(queue));
        queue[n_queue] = *device;
        queue[n_queue++].action = action;
}

static void check_story(const char *expected) {
        do
                ck_assert_int_eq(board_monitor_dispatch(monitor), 0);
        while (n_read < n_queue && !failing);
        ck_assert_str_eq(story, expected);
        *story = '\0';
}

#define PLUG   "plug(1-1.4,pci-0000:00:14.0-usb-0:1.4,am335x,rom,7) "
#define LINK   "link(1-1.4,7,5,usb0) "
#define UNPLUG "unplug(1-1.4,7) "

START_TEST(test_tells_of_a_plug_and_an_unplug) {
        set_up();
        ck_assert_int_eq(board_monitor_get_fd(monitor), 42);
        check_story("");
        interface.driver = NULL;
        event("add", &interface);
        check_story("");
        interface.driver = "rndis_host";
        event("add", &net);
        event("bind", &interface);
        event("remove", &net);
        check_story(LINK PLUG);
        event("unbind", &interface);
        event("remove", &interface);
        check_story(UNPLUG);
        tear_down();
}
END_TEST

START_TEST(test_unplug_needs_no_sysfs) {
        set_up();
        event("bind", &interface);
        check_story(PLUG);
        interface.parent = NULL;
        interface.driver = NULL;
        event("remove", &interface);
        check_story(UNPLUG);
        event("remove", &interface);
        check_story("");
        tear_down();
}
END_TEST

START_TEST(test_moves_of_the_interface_are_no_plugs) {
        set_up();
        event("bind", &interface);
        event("add", &net);
        event("remove", &net);
        event("add", &net);
        event("move", &net);
        event("change", &net);
        check_story(PLUG LINK LINK LINK LINK);
        tear_down();
}
END_TEST

START_TEST(test_driver_that_lets_go_is_an_unplug) {
        set_up();
        event("bind", &interface);
        interface.driver = "cdc_ether";
        event("change", &interface);
        check_story(PLUG UNPLUG);
        interface.driver = "rndis_host";
        event("bind", &interface);
        check_story(PLUG);
        tear_down();
}
END_TEST

START_TEST(test_next_plug_on_the_port_counts) {
        set_up();
        event("bind", &interface);
        check_story(PLUG);

        /* The old one's unplug was lost; the new one has its own number and interface. */
        usb_device.attributes[0].value = "8";
        interface.sysname = "1-1.4:2.0";
        interface.properties[1].value = "spl";
        event("bind", &interface);
        check_story("plug(1-1.4,pci-0000:00:14.0-usb-0:1.4,am335x,spl,8) ");
        interface.sysname = "1-1.4:1.0";
        event("remove", &interface);
        check_story("");
        interface.sysname = "1-1.4:2.0";
        event("remove", &interface);
        check_story("unplug(1-1.4,8) ");
        tear_down();
}
END_TEST

START_TEST(test_properties_may_be_on_the_net_device) {
        set_up();
        interface.properties[0].key = interface.properties[1].key = "X";
        interface.properties[2].key = "X";
        net.properties[2].key = "ID_SNAGD_SOC";
        net.properties[2].value = "am335x";
        net.properties[3].key = "ID_SNAGD_STAGE";
        net.properties[3].value = "spl";
        event("add", &net);
        check_story(LINK);
        tear_down();
}
END_TEST

START_TEST(test_ignores_what_is_no_board) {
        static const char *const values[] = {"",    "am335x\n", "AM335X",       "\xff\xfe",
                                             "rom", "%s%n",     "am335x am335x"};
        struct udev_device other = {.sysname = "x", .subsystem = "block", .action = "add"};

        set_up();
        event("add", &other);
        other = (struct udev_device){};
        event(NULL, &other);
        other = (struct udev_device){.subsystem = "net", .sysname = "eth0"};
        event("add", &other);
        other = (struct udev_device){.subsystem = "usb", .devtype = "usb_interface"};
        event("add", &other);
        event("bind", &usb_device);
        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                /* Parents are not copied into the queue: each event is read at once. */
                interface.properties[0].value = values[i];
                event("bind", &interface);
                event("add", &net);
                check_story("");
                interface.properties[0].value = "am335x";
                if (streq(values[i], "rom"))
                        continue;
                interface.properties[1].value = values[i];
                event("bind", &interface);
                event("add", &net);
                check_story("");
                interface.properties[1].value = "rom";
        }
        tear_down();
}
END_TEST

START_TEST(test_odd_numbers_and_names) {
        static const char *const devnums[] = {NULL, "", "-1", "x", "4294967296", "7 "};
        static const char *const indices[] = {NULL, "", "0", "-5", "2147483648", "5x"};
        static const char *const names[] = {"1-1.4:", "usb1", "../1-1", "1-1.4:1.0:1.0", "-:1.0"};

        set_up();
        for (size_t i = 0; i < ELEMENTSOF(devnums); i++) {
                usb_device.attributes[0].value = devnums[i];
                event("bind", &interface);
                check_story("");
        }
        usb_device.attributes[0].value = "7";
        for (size_t i = 0; i < ELEMENTSOF(indices); i++) {
                net.properties[0].value = indices[i];
                event("add", &net);
                check_story("");
        }
        net.properties[0].value = "5";
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                interface.sysname = names[i];
                event("bind", &interface);
                check_story("");
        }
        tear_down();
}
END_TEST

START_TEST(test_odd_id_path_is_none) {
        static const char *const paths[] = {"", "a b", "pci/0000", "\xc3\xa4"};
        char longer[300] = {};

        set_up();
        for (size_t i = 0; i <= ELEMENTSOF(paths); i++) {
                memset(longer, 'a', sizeof(longer) - 1);
                interface.properties[2].value = i < ELEMENTSOF(paths) ? paths[i] : longer;
                event("bind", &interface);
                check_story("plug(1-1.4,-,am335x,rom,7) ");
        }
        tear_down();
}
END_TEST

START_TEST(test_time_of_the_plug_is_not_in_the_future) {
        set_up();
        interface.properties[3].value = "18446744073709551615";
        event("bind", &interface);
        interface.properties[3].value = "yesterday";
        event("bind", &interface);
        check_story(PLUG PLUG); /* on_board_plugged() checks */
        tear_down();
}
END_TEST

/* The board is in a port of EHCI's root hub. */
static void set_up_root_port(void) {
        set_up();
        controller = (struct udev_device){
                .sysname = "0000:00:1d.7",
                .subsystem = "pci",
                .attributes = {{"class", "0x0c0320"}},
        };
        root_hub = (struct udev_device){
                .parent = &controller,
                .sysname = "usb1",
                .subsystem = "usb",
                .devtype = "usb_device",
                .attributes = {{"speed", "480"}},
        };
        usb_device.parent = &root_hub;
        usb_device.sysname = "1-3";
        usb_device.attributes[1].key = "port/location";
        usb_device.attributes[1].value = "0x80000103";
        interface.sysname = "1-3:1.0";
        interface.properties[2].value = "pci-0000:00:1d.7-usb-0:3:1.0";
}

#define ROOT_PLUG "plug(1-3,pci-0000:00:1d.7-usb-0:3,am335x,rom,7) "

START_TEST(test_tells_which_controller_has_the_port) {
        set_up_root_port();
        event("bind", &interface);
        check_story(ROOT_PLUG);
        ck_assert_uint_eq(last_topology.root_mbps, 480);
        ck_assert(last_topology.is_pci);
        ck_assert(last_topology.is_ehci);
        ck_assert_uint_eq(last_topology.pci_slot, 0x1d);
        ck_assert_uint_eq(last_topology.pci_function, 7);
        ck_assert_uint_eq(last_topology.location, 0x80000103);
        tear_down();
}
END_TEST

START_TEST(test_port_behind_a_hub_has_one_name) {
        struct udev_device hub;

        set_up_root_port();
        hub = (struct udev_device){.parent = &root_hub,
                                   .sysname = "1-3",
                                   .subsystem = "usb",
                                   .devtype = "usb_device",
                                   .attributes = {{"speed", "12"}}};
        usb_device.parent = &hub;
        event("bind", &interface);
        check_story(ROOT_PLUG);
        ck_assert_uint_eq(last_topology.root_mbps, 0);
        ck_assert(!last_topology.is_pci);
        ck_assert_uint_eq(last_topology.location, 0);
        tear_down();
}
END_TEST

START_TEST(test_controller_that_is_no_pci_device) {
        set_up_root_port();
        controller.subsystem = "platform";
        event("bind", &interface);
        check_story(ROOT_PLUG);
        ck_assert_uint_eq(last_topology.root_mbps, 480);
        ck_assert(!last_topology.is_pci);

        /* Its PHY, with a NUL in it. */
        char folder[] = "/tmp/test-board-monitor-XXXXXX", command[128];
        static const uint8_t phy[] = {0, 0, 0, 0x21};

        ck_assert_uint_eq(last_topology.phys_size, 0);
        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) snprintf(command, sizeof(command),
                        "mkdir %s/of_node && printf '\\0\\0\\0\\041' >%s/of_node/phys", folder,
                        folder);
        ck_assert_int_eq(system(command), 0);
        controller.syspath = folder;
        event("bind", &interface);
        check_story(ROOT_PLUG);
        ck_assert_uint_eq(last_topology.phys_size, sizeof(phy));
        ck_assert_mem_eq(last_topology.phys, phy, sizeof(phy));
        (void) snprintf(command, sizeof(command), "rm -r %s", folder);
        ck_assert_int_eq(system(command), 0);

        /* The PCI device above it has other controllers, and no ports of its own. */
        struct udev_device glue = {.parent = &controller, .subsystem = "platform"};

        controller.subsystem = "pci";
        root_hub.parent = &glue;
        event("bind", &interface);
        check_story(ROOT_PLUG);
        ck_assert(!last_topology.is_pci);
        tear_down();
}
END_TEST

START_TEST(test_board_without_a_known_place_is_a_board) {
        static const char *const odd[] = {NULL, "", "480 ", "-1", "0x", "\xff\xfe", "%s%n"};

        set_up_root_port();
        for (size_t i = 0; i < ELEMENTSOF(odd); i++) {
                controller.sysname = controller.attributes[0].value = odd[i];
                root_hub.attributes[0].value = usb_device.attributes[1].value = odd[i];
                event("bind", &interface);
                check_story(ROOT_PLUG);
                ck_assert_uint_eq(last_topology.root_mbps, 0);
                ck_assert(!last_topology.is_pci);
                ck_assert(!last_topology.is_ehci);
                ck_assert_uint_eq(last_topology.location, 0);
        }
        root_hub.parent = NULL;
        event("bind", &interface);
        root_hub.sysname = NULL;
        event("bind", &interface);
        check_story(ROOT_PLUG ROOT_PLUG);
        tear_down();
}
END_TEST

START_TEST(test_finds_what_is_there) {
        set_up();
        present[n_present++] = usb_device;
        present[n_present++] = interface;
        present[n_present++] = net;
        ck_assert_int_eq(board_monitor_enumerate(monitor), 0);
        check_story(PLUG LINK);

        /* One that went between the scan and the look. */
        failing = "/sys/1-1.4/1-1.4:1.0/net/usb0";
        ck_assert_int_eq(board_monitor_enumerate(monitor), 0);
        check_story(PLUG);
        tear_down();
}
END_TEST

START_TEST(test_makes_up_for_lost_events) {
        set_up();
        event("bind", &interface);
        receive_errno = ENOBUFS;
        check_story(PLUG UNPLUG);
        ck_assert_uint_eq(n_enumerations, 2);

        present[n_present++] = interface;
        receive_errno = ENOBUFS;
        check_story(PLUG);
        receive_errno = ENOBUFS;
        check_story(PLUG); /* the same again: known */
        tear_down();
}
END_TEST

START_TEST(test_enumerates_when_it_hears_again) {
        set_up();
        event("bind", &interface);
        check_story(PLUG);

        /* The queue was full when the next board came: the last event in it is the old one's end. */
        for (unsigned i = 0; i < 50; i++)
                event("change", &net);
        event("remove", &interface);
        usb_device.attributes[0].value = "8";
        present[n_present++] = interface;
        overrun_errno = ENOBUFS;
        n_enumerations = 0;
        check_story("plug(1-1.4,pci-0000:00:14.0-usb-0:1.4,am335x,rom,8) ");
        ck_assert_uint_eq(n_read, n_queue);
        ck_assert_uint_eq(n_enumerations, 2); /* usb, and net */

        /* A second overrun while it reads what is left. */
        overrun_errno = receive_errno = ENOBUFS;
        n_enumerations = 0;
        check_story("plug(1-1.4,pci-0000:00:14.0-usb-0:1.4,am335x,rom,8) ");
        ck_assert_uint_eq(n_enumerations, 2);

        /* Then events count again. */
        event("remove", &interface);
        check_story("unplug(1-1.4,8) ");
        tear_down();
}
END_TEST

START_TEST(test_lost_events_are_not_forgotten_without_memory) {
        set_up();
        present[n_present++] = interface;
        event("change", &usb_device);
        overrun_errno = ENOBUFS;
        failing = "read";
        check_story("");
        failing = "scan";
        scan_errno = ENOMEM;
        check_story("");
        failing = NULL;
        event("change", &usb_device);
        check_story(PLUG);
        ck_assert_uint_eq(n_read, n_queue);
        tear_down();
}
END_TEST

START_TEST(test_second_interface_of_the_same_board) {
        struct udev_device data;

        /* rndis_host has two; the board leaves with the one that was seen first. */
        set_up();
        data = interface;
        data.sysname = "1-1.4:1.1";
        event("bind", &interface);
        event("bind", &data);
        event("unbind", &data);
        check_story(PLUG PLUG);
        event("unbind", &interface);
        check_story(UNPLUG);
        tear_down();
}
END_TEST

START_TEST(test_bounds_its_work) {
        set_up();
        for (unsigned i = 0; i < 6; i++)
                event("change", &net);
        ck_assert_int_eq(board_monitor_dispatch(monitor), 0);
        ck_assert_uint_eq(n_read, 4);
        ck_assert_int_eq(board_monitor_dispatch(monitor), 0);
        ck_assert_uint_eq(n_read, 6);
        tear_down();
}
END_TEST

START_TEST(test_errors_of_the_socket) {
        set_up();
        receive_errno = EINVAL;
        ck_assert_int_eq(board_monitor_dispatch(monitor), 0);
        receive_errno = EBADF;
        ck_assert_int_eq(board_monitor_dispatch(monitor), -EBADF);
        receive_errno = ENOBUFS;
        failing = "scan";
        ck_assert_int_eq(board_monitor_dispatch(monitor), -EIO);
        tear_down();
}
END_TEST

START_TEST(test_is_not_made_when_a_step_fails) {
        static const char *const steps[] = {"new", "usb", "net", "enable"};

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                failing = steps[i];
                ck_assert_int_lt(board_monitor_new(&callbacks, NULL, &monitor), 0);
                ck_assert_ptr_null(monitor);
                ck_assert_uint_eq(n_open, 0);
        }
}
END_TEST

TEST_MAIN("board-monitor", test_tells_of_a_plug_and_an_unplug, test_unplug_needs_no_sysfs,
          test_moves_of_the_interface_are_no_plugs, test_driver_that_lets_go_is_an_unplug,
          test_next_plug_on_the_port_counts, test_properties_may_be_on_the_net_device,
          test_ignores_what_is_no_board, test_odd_numbers_and_names, test_odd_id_path_is_none,
          test_time_of_the_plug_is_not_in_the_future, test_tells_which_controller_has_the_port,
          test_port_behind_a_hub_has_one_name, test_controller_that_is_no_pci_device,
          test_board_without_a_known_place_is_a_board, test_finds_what_is_there,
          test_makes_up_for_lost_events, test_enumerates_when_it_hears_again,
          test_lost_events_are_not_forgotten_without_memory,
          test_second_interface_of_the_same_board, test_bounds_its_work, test_errors_of_the_socket,
          test_is_not_made_when_a_step_fails)
