/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "../check-main.h"

#include "usb-topology.h"

/* An Intel ICH9: UHCI at 1d.0 to 1d.2 and EHCI at 1d.7, the same again at 1a. */
static const UsbTopologyStrings uhci = {"12", "0000:00:1d.0", "0x0c0300", NULL};
static const UsbTopologyStrings ehci = {"480", "0000:00:1d.7", "0x0c0320", NULL};

static bool may_be_same(UsbTopologyStrings full, UsbTopologyStrings high) {
        const UsbTopology a = usb_topology_parse(&full), b = usb_topology_parse(&high);

        return usb_topology_may_be_same_socket(&a, &b);
}

static UsbTopologyStrings at(UsbTopologyStrings port, const char *location) {
        port.location = location;
        return port;
}

START_TEST(test_nothing_is_known_of_nothing) {
        const UsbTopologyStrings none = {};
        const UsbTopology parsed = usb_topology_parse(&none);

        ck_assert_uint_eq(parsed.root_mbps, 0);
        ck_assert(!parsed.is_pci);
        ck_assert_uint_eq(parsed.location, 0);
        ck_assert(!may_be_same(none, none));
        ck_assert(!may_be_same(uhci, none));
        ck_assert(!may_be_same(none, ehci));
}
END_TEST

START_TEST(test_reads_what_the_kernel_writes) {
        const UsbTopology t = usb_topology_parse(
                &(UsbTopologyStrings){"480", "10000:e1:1f.7", "0x0c0320", "0x80000a0b"});

        ck_assert_uint_eq(t.root_mbps, 480);
        ck_assert(t.is_pci);
        ck_assert(t.is_ehci);
        ck_assert_uint_eq(t.pci_domain, 0x10000);
        ck_assert_uint_eq(t.pci_bus, 0xe1);
        ck_assert_uint_eq(t.pci_slot, 0x1f);
        ck_assert_uint_eq(t.pci_function, 7);
        ck_assert_uint_eq(t.location, 0x80000a0b);
}
END_TEST

START_TEST(test_companions_are_in_one_slot) {
        static const char *const others[] = {
                "0000:00:1d.7", /* EHCI itself */
                "0000:00:1a.0", "0000:01:1d.0", "0001:00:1d.0", "0000:00:0d.0",
        };
        UsbTopologyStrings other = uhci;

        ck_assert(may_be_same(uhci, ehci));
        other.pci_address = "0000:00:1d.2";
        ck_assert(may_be_same(other, ehci));
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                other.pci_address = others[i];
                ck_assert(!may_be_same(other, ehci));
        }
}
END_TEST

START_TEST(test_speeds_have_to_be_those_of_the_stages) {
        UsbTopologyStrings xhci = ehci, fast = uhci;

        ck_assert(!may_be_same(ehci, uhci));
        ck_assert(!may_be_same(uhci, uhci));
        ck_assert(!may_be_same(ehci, ehci));
        xhci.pci_class = "0x0c0330"; /* has no companions, whatever else is in its slot */
        ck_assert(!may_be_same(uhci, xhci));
        xhci.pci_class = NULL;
        ck_assert(!may_be_same(uhci, xhci));
        fast.root_speed = "480";
        ck_assert(!may_be_same(fast, ehci));
        fast.root_speed = "1.5";
        ck_assert(!may_be_same(fast, ehci));
}
END_TEST

START_TEST(test_firmware_tells_the_ports_of_a_slot_apart) {
        const UsbTopologyStrings full = at(uhci, "0x80000103");
        const UsbTopologyStrings same = at(ehci, "0x80000103"), other = at(ehci, "0x80000104");
        const UsbTopologyStrings empty = at(ehci, "0x80000000"), zero = at(ehci, "0x00000000");

        ck_assert(may_be_same(full, same));
        ck_assert(!may_be_same(full, other));
        /* One of the two only, or no real place: as if nothing had been said. */
        ck_assert(may_be_same(full, ehci));
        ck_assert(may_be_same(uhci, other));
        ck_assert(may_be_same(full, empty));
        ck_assert(may_be_same(full, zero));
}
END_TEST

START_TEST(test_firmware_alone_will_do_where_there_is_no_pci) {
        static const UsbTopologyStrings full = {"12", NULL, NULL, "0x80000103"};
        static const UsbTopologyStrings high = {"480", NULL, NULL, "0x80000103"};
        UsbTopologyStrings pci = at(uhci, "0x80000103"), untold = full, empty = full;

        ck_assert(may_be_same(full, high));
        ck_assert(!may_be_same(full, full));
        ck_assert(!may_be_same(high, high));
        untold.location = NULL;
        ck_assert(!may_be_same(untold, high));
        empty.location = "0x80000000";
        ck_assert(!may_be_same(empty, at(high, "0x80000000")));

        /* Firmware uses its numbers again. */
        ck_assert(!may_be_same(pci, high));
        ck_assert(!may_be_same(full, at(ehci, "0x80000103")));
        pci.pci_address = "0000:00:1a.0";
        ck_assert(!may_be_same(pci, at(ehci, "0x80000103")));
}
END_TEST

/* An RK3588: OHCI and EHCI of a socket have one PHY, `phys = <&u2phy2_host>`. */
START_TEST(test_a_phy_tells_where_there_is_a_device_tree) {
        static const uint8_t host2[] = {0, 0, 0, 0x21}, host3[] = {0, 0, 0, 0x22};
        static const uint8_t with_argument[] = {0, 0, 0, 0x21, 0, 0, 0, 1};
        static const uint8_t many[USB_TOPOLOGY_PHYS_SIZE_MAX + 4];
        const UsbTopologyStrings full = {"12", .phys = host2, .phys_size = 4};
        const UsbTopologyStrings high = {"480", .phys = host2, .phys_size = 4};
        UsbTopologyStrings other = high, none = full, pci = ehci;

        ck_assert(may_be_same(full, high));
        ck_assert(!may_be_same(high, full));
        other.phys = host3;
        ck_assert(!may_be_same(full, other));
        other.phys = with_argument;
        other.phys_size = sizeof(with_argument);
        ck_assert(!may_be_same(full, other));
        other.phys = many;
        other.phys_size = sizeof(many);
        none.phys = many;
        none.phys_size = sizeof(many);
        ck_assert(!may_be_same(none, other));
        none.phys_size = 0;
        other.phys_size = 0;
        ck_assert(!may_be_same(none, other));
        ck_assert(!may_be_same(none, high));

        /* Where the firmware tells the ports apart, they are. */
        ck_assert(!may_be_same(at(full, "0x80000103"), at(high, "0x80000104")));
        pci.phys = host2;
        pci.phys_size = 4;
        ck_assert(!may_be_same(full, pci));
}
END_TEST

START_TEST(test_takes_nothing_else) {
        static const char *const odd[] = {
                "",
                " ",
                "-1",
                "0",
                "x",
                "0x",
                "480 ",
                "480\n",
                "0x0c0320 ",
                "0x0C0320",
                "0000:00:1d",
                "0000:00:1d.",
                "00:1d.7",
                "0000:00:1d7",
                "0000:00:1d.7 ",
                "0000:00:1d.17",
                ":00:1d.7",
                "000000000:00:1d.7",
                "0000:000:1d.7",
                "0000:00:01d.7",
                "0x123456789",
                "0xg",
                "0x80000103 ",
                "8000010a",
                "0X80000103",
                "99999999999999999999999999999999",
                "%s%n",
                "\xff\xfe",
        };

        for (size_t i = 0; i < ELEMENTSOF(odd); i++) {
                const UsbTopologyStrings strings = {odd[i], odd[i], odd[i], odd[i]};
                const UsbTopologyStrings high = {"480", odd[i], odd[i], odd[i]};
                const UsbTopologyStrings full = {"12", odd[i], odd[i], odd[i]};
                const UsbTopology t = usb_topology_parse(&strings);

                ck_assert_uint_eq(t.root_mbps, 0);
                ck_assert(!t.is_pci);
                ck_assert(!t.is_ehci);
                ck_assert_uint_eq(t.location, 0);
                ck_assert(!may_be_same(full, high));
                ck_assert(!may_be_same(uhci, high));
                ck_assert(!may_be_same(full, ehci));
        }
}
END_TEST

TEST_MAIN("usb-topology", test_nothing_is_known_of_nothing, test_reads_what_the_kernel_writes,
          test_companions_are_in_one_slot, test_speeds_have_to_be_those_of_the_stages,
          test_firmware_tells_the_ports_of_a_slot_apart,
          test_firmware_alone_will_do_where_there_is_no_pci,
          test_a_phy_tells_where_there_is_a_device_tree, test_takes_nothing_else)
