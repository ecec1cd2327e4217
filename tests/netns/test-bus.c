/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The contract on the bus, by every kind of caller, and with messages that nobody should send. */

#include <dirent.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "bus-world.h"
#include "contract-xml.h"

#ifndef SIOCGSKNS
#        define SIOCGSKNS 0x894C
#endif

#define LOG_CONTROL "/org/freedesktop/LogControl1"
#define PROPERTIES  "org.freedesktop.DBus.Properties"

/* Introspection */

static void check_introspection(sd_bus *caller, const char *path, const char *interface) {
        _cleanup_free_ char *contract = NULL, *expected = NULL, *found = NULL;
        _cleanup_(call_freep) Call *call = NULL;
        const char *xml;

        contract = contract_xml_read(getenv("SNAGD_BUS_CONTRACT"));
        call = CALL(caller, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
        ck_assert_str_eq(call_error(call), "");
        ck_assert_ok(sd_bus_message_read(call->reply, "s", &xml));

        expected = contract_xml_describe(contract, interface);
        found = contract_xml_describe(xml, interface);
        ck_assert_uint_gt(strlen(expected), 100);
        ck_assert_str_eq(found, expected);
}

START_TEST(test_introspection_is_the_contract) {
        sd_bus *alice = world_connect(UID_ALICE);

        check_introspection(alice, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER);
        check_introspection(alice, open_session(alice), BUS_INTERFACE_SESSION);
        /* Boards: tests/unit/daemon/test-board-bus.c. */
}
END_TEST

static bool has_child(sd_bus *caller, const char *path, const char *child) {
        _cleanup_(call_freep) Call *call = NULL;
        const char *xml;
        char node[64];

        call = CALL(caller, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
        ck_assert_str_eq(call_error(call), "");
        ck_assert_ok(sd_bus_message_read(call->reply, "s", &xml));
        snprintf(node, sizeof(node), "<node name=\"%s\"", child);
        return strstr(xml, node);
}

/* As `busctl tree` walks. */
START_TEST(test_every_object_is_found_from_the_root) {
        sd_bus *alice = world_connect(UID_ALICE);

        ck_assert(has_child(alice, "/", "org"));
        ck_assert(has_child(alice, BUS_PATH_ROOT, "session"));
        ck_assert(has_child(alice, BUS_PATH_ROOT, "board"));
        ck_assert(!has_child(alice, BUS_PATH_SESSIONS, "s1"));
        ck_assert_str_eq(open_session(alice), BUS_PATH_SESSIONS "/s1");
        ck_assert(has_child(alice, BUS_PATH_SESSIONS, "s1"));
        ck_assert(!has_child(alice, BUS_PATH_BOARDS, "s1"));
}
END_TEST

START_TEST(test_manager_properties) {
        sd_bus *alice = world_connect(UID_ALICE);
        _cleanup_free_ char *version =
                get_string(alice, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER, "Version");
        _cleanup_(call_freep) Call *call = NULL;
        const char *soc, *other_soc;
        uint32_t n;

        ck_assert_str_eq(version, SNAGD_VERSION);

        call = CALL(alice, BUS_PATH_ROOT, PROPERTIES, "Get", "ss", BUS_INTERFACE_MANAGER,
                    "SupportedSocs");
        ck_assert_ok(sd_bus_message_read(call->reply, "v", "as", 2, &soc, &other_soc));
        ck_assert_str_eq(soc, "am335x");
        ck_assert_str_eq(other_soc, "am437x");
        call = call_free(call);

        call = CALL(alice, BUS_PATH_ROOT, PROPERTIES, "Get", "ss", BUS_INTERFACE_MANAGER,
                    "SessionsPerUserMax");
        ck_assert_ok(sd_bus_message_read(call->reply, "v", "u", &n));
        ck_assert_uint_eq(n, SESSIONS_PER_USER_MAX);
}
END_TEST

/* A session's life, as its owner sees it */

START_TEST(test_session_properties) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        const char *path = open_session(alice);
        static const struct {
                const char *property, *value;
        } strings[] = {
                {"State", "idle"},
                {"Stage", ""},
                {"Port", ""},
                {"IdPath", ""},
                {"Soc", "am335x"},
                {"ServerAddress", "192.168.0.100"},
                {"ClientAddress", "192.168.0.101"},
        };
        _cleanup_(call_freep) Call *owner = NULL, *port = NULL, *failure = NULL;
        const char *name, *text;
        uint32_t uid;
        uint16_t q;

        /* Everyone may read. */
        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                _cleanup_free_ char *value =
                        get_string(bob, path, BUS_INTERFACE_SESSION, strings[i].property);

                ck_assert_str_eq(value, strings[i].value);
        }
        owner = CALL(bob, path, PROPERTIES, "Get", "ss", BUS_INTERFACE_SESSION, "Owner");
        ck_assert_ok(sd_bus_message_read(owner->reply, "v", "u", &uid));
        ck_assert_uint_eq(uid, UID_ALICE);
        port = CALL(bob, path, PROPERTIES, "Get", "ss", BUS_INTERFACE_SESSION, "BootpPort");
        ck_assert_ok(sd_bus_message_read(port->reply, "v", "q", &q));
        ck_assert_uint_eq(q, 9067);
        failure = CALL(bob, path, PROPERTIES, "Get", "ss", BUS_INTERFACE_SESSION, "Failure");
        ck_assert_ok(sd_bus_message_read(failure->reply, "v", "(ss)", &name, &text));
        ck_assert_str_eq(name, "");
        ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(test_everyone_sees_a_session_come_change_and_go) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        static const char interfaces[] = "org.freedesktop.DBus.Peer "
                                         "org.freedesktop.DBus.Introspectable "
                                         "org.freedesktop.DBus.Properties " BUS_INTERFACE_SESSION;
        char added[512], removed[512];
        const char *path;

        world_watch(bob);
        path = open_session(alice);
        snprintf(added, sizeof(added), "added %s %s", path, interfaces);
        snprintf(removed, sizeof(removed), "removed %s %s", path, interfaces);

        WAIT_UNTIL(world_saw(added));
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL), "");
        WAIT_UNTIL(world_saw("changed " BUS_PATH_SESSIONS "/s1 State=waiting"));
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
        WAIT_UNTIL(world_saw(removed));
}
END_TEST

START_TEST(test_session_is_managed_object) {
        sd_bus *alice = world_connect(UID_ALICE);
        _cleanup_(call_freep) Call *call = NULL;
        const char *path;
        bool is_found = false;

        (void) open_session(alice);
        call = CALL(alice, BUS_PATH_ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                    NULL);
        ck_assert_ok(sd_bus_message_enter_container(call->reply, 'a', "{oa{sa{sv}}}"));
        while (sd_bus_message_enter_container(call->reply, 'e', "oa{sa{sv}}") > 0) {
                ck_assert_ok(sd_bus_message_read(call->reply, "o", &path));
                ck_assert_ok(sd_bus_message_skip(call->reply, "a{sa{sv}}"));
                ck_assert_ok(sd_bus_message_exit_container(call->reply));
                is_found = is_found || streq(path, BUS_PATH_SESSIONS "/s1");
        }
        ck_assert(is_found);
}
END_TEST

START_TEST(test_socket_is_inside_and_as_promised) {
        sd_bus *alice = world_connect(UID_ALICE);
        const char *path = open_session(alice);
        struct sockaddr_in address = {};
        socklen_t address_len = sizeof(address), len = sizeof(int);
        _cleanup_(call_freep) Call *call = NULL;
        _cleanup_fd_ int netns_fd = -EBADF;
        int fd, type, is_on;
        struct stat inside, home;

        call = CALL(alice, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0);
        ck_assert_str_eq(call_error(call), "");
        ck_assert_ok(sd_bus_message_read(call->reply, "h", &fd)); /* the message's own */

        ck_assert_sys(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len));
        ck_assert_int_eq(type, SOCK_DGRAM);
        ck_assert_sys(getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &is_on, &len));
        ck_assert_int_eq(is_on, 1);
        ck_assert_sys(getsockname(fd, (struct sockaddr *) &address, &address_len));
        ck_assert_int_eq(address.sin_family, AF_INET);
        ck_assert_uint_eq(address.sin_port, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);

        netns_fd = ioctl(fd, SIOCGSKNS);
        ck_assert_sys(netns_fd);
        ck_assert_sys(fstat(netns_fd, &inside));
        ck_assert_sys(stat("/proc/self/ns/net", &home));
        ck_assert_uint_ne(inside.st_ino, home.st_ino);

        address.sin_port = htobe16(SESSION_BOOTP_PORT);
        ck_assert_sys(bind(fd, (struct sockaddr *) &address, sizeof(address)));
}
END_TEST

START_TEST(test_start_is_once) {
        sd_bus *alice = world_connect(UID_ALICE);
        const char *path = open_session(alice);

        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL), "");
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL),
                     BUS_ERROR_WRONG_STATE);
}
END_TEST

START_TEST(test_closed_session_is_gone) {
        sd_bus *alice = world_connect(UID_ALICE);
        const char *path = open_session(alice);

        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0),
                     BUS_ERROR_SESSION_GONE);
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL),
                     BUS_ERROR_SESSION_GONE);
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0),
                     BUS_ERROR_SESSION_GONE);
        assert_error(CALL(alice, path, PROPERTIES, "GetAll", "s", BUS_INTERFACE_SESSION),
                     BUS_ERROR_SESSION_GONE);
        assert_error(CALL(alice, path, PROPERTIES, "Get", "ss", BUS_INTERFACE_SESSION, "State"),
                     BUS_ERROR_SESSION_GONE);
}
END_TEST

START_TEST(test_session_ends_with_its_owner) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        const char *path = open_session(alice);

        world_watch(bob);
        assert_error(CALL(bob, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER, "Subscribe", NULL), "");
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL), "");
        world_disconnect(alice);
        WAIT_UNTIL(world.n_signals > 0 &&
                   strncmp(world.signals[world.n_signals - 1], "removed ", 8) == 0);
        assert_error(CALL(bob, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0),
                     BUS_ERROR_SESSION_GONE);
}
END_TEST

/* Who may do what */

START_TEST(test_owner_is_a_connection_and_close_is_the_users) {
        sd_bus *alice = world_connect(UID_ALICE), *other = world_connect(UID_ALICE);
        const char *path = open_session(alice);
        size_t n_questions = world.polkit.n_questions;

        assert_error(CALL(other, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0),
                     BUS_ERROR_NOT_OWNER);
        assert_error(CALL(other, path, BUS_INTERFACE_SESSION, "Start", NULL), BUS_ERROR_NOT_OWNER);
        assert_error(CALL(other, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
        ck_assert_uint_eq(world.polkit.n_questions, n_questions);
}
END_TEST

START_TEST(test_another_user_needs_an_administrator) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        const char *path = open_session(alice);
        FakePolkitQuestion *q;

        assert_error(CALL(bob, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0),
                     BUS_ERROR_NOT_OWNER);
        assert_error(CALL(bob, path, BUS_INTERFACE_SESSION, "Start", NULL), BUS_ERROR_NOT_OWNER);
        ck_assert_uint_eq(world.polkit.n_questions, 1); /* alice's */

        world.polkit.says = FAKE_POLKIT_SAYS_NO;
        assert_error(CALL(bob, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0),
                     BUS_ERROR_NOT_AUTHORIZED);
        world.polkit.says = FAKE_POLKIT_SAYS_CHALLENGE;
        assert_error(CALL(bob, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0),
                     BUS_ERROR_NOT_AUTHORIZED);
        /* It is as it was. */
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL), "");

        world.polkit.says = FAKE_POLKIT_SAYS_YES;
        assert_error(CALL(bob, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
        ck_assert_uint_eq(world.polkit.n_questions, 4);
        q = &world.polkit.questions[3];
        ck_assert_str_eq(q->action, POLKIT_ACTION_MANAGE);
        ck_assert_str_eq(q->details, "soc=am335x ");
}
END_TEST

/* Not even root is above polkit, which says yes to it by itself. */
START_TEST(test_root_is_no_exception) {
        sd_bus *alice = world_connect(UID_ALICE), *root = world_connect(0);
        const char *path = open_session(alice);

        world.polkit.says = FAKE_POLKIT_SAYS_NO;
        assert_error(CALL(root, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0),
                     BUS_ERROR_NOT_OWNER);
        assert_error(CALL(root, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0),
                     BUS_ERROR_NOT_AUTHORIZED);
}
END_TEST

START_TEST(test_only_root_sets_the_log_level) {
        sd_bus *alice = world_connect(UID_ALICE), *root = world_connect(0);
        static const char interface[] = "org.freedesktop.LogControl1";
        _cleanup_free_ char *before = get_string(alice, LOG_CONTROL, interface, "LogLevel");
        _cleanup_free_ char *after = NULL, *identifier = NULL;

        ck_assert_str_eq(before, "info");
        assert_error(CALL(alice, LOG_CONTROL, PROPERTIES, "Set", "ssv", interface, "LogLevel", "s",
                          "debug"),
                     SD_BUS_ERROR_ACCESS_DENIED);
        assert_error(CALL(alice, LOG_CONTROL, PROPERTIES, "Set", "ssv", interface, "LogTarget", "s",
                          "null"),
                     SD_BUS_ERROR_ACCESS_DENIED);
        assert_error(CALL(root, LOG_CONTROL, PROPERTIES, "Set", "ssv", interface, "LogLevel", "s",
                          "loud"),
                     SD_BUS_ERROR_INVALID_ARGS);
        assert_error(CALL(root, LOG_CONTROL, PROPERTIES, "Set", "ssv", interface, "LogTarget", "s",
                          "/dev/sda"),
                     SD_BUS_ERROR_INVALID_ARGS);
        assert_error(CALL(root, LOG_CONTROL, PROPERTIES, "Set", "ssv", interface, "LogLevel", "s",
                          "debug"),
                     "");
        after = get_string(alice, LOG_CONTROL, interface, "LogLevel");
        ck_assert_str_eq(after, "debug");
        identifier = get_string(alice, LOG_CONTROL, interface, "SyslogIdentifier");
        ck_assert_str_eq(identifier, "snagd");
}
END_TEST

/* Messages that nobody should send */

static Call *open_with(sd_bus *caller, const char *member, const char *soc, const char *key,
                       const char *value) {
        return CALL(caller, MANAGER, member, "sa{sv}", soc, 1, key, "s", value);
}

START_TEST(test_wrong_arguments_have_named_errors) {
        sd_bus *alice = world_connect(UID_ALICE);
        static const char *const methods[] = {"OpenSession", "CanOpenSession"};
        char *long_string = malloc(4001);
        static const char *const bad_ports[] = {
                "",
                "../1-1",
                "1-1/..",
                "1-1 ",
                "0-1\n",
                "1-1;reboot",
                "pci-0000:00:14.0-usb-0:1/../..",
                "\xc3\xa4",
        };

        ck_assert_ptr_nonnull(long_string);
        memset(long_string, '1', 4000);
        long_string[4000] = '\0';

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                const char *m = methods[i];

                assert_error(CALL(alice, MANAGER, m, "sa{sv}", "am33xx", 0), BUS_ERROR_UNKNOWN_SOC);
                assert_error(CALL(alice, MANAGER, m, "sa{sv}", "", 0), BUS_ERROR_UNKNOWN_SOC);
                assert_error(CALL(alice, MANAGER, m, "sa{sv}", long_string, 0),
                             BUS_ERROR_UNKNOWN_SOC);
                for (size_t j = 0; j < ELEMENTSOF(bad_ports); j++)
                        assert_error(open_with(alice, m, "am335x", "port", bad_ports[j]),
                                     BUS_ERROR_INVALID_PORT);
                assert_error(open_with(alice, m, "am335x", "port", long_string),
                             BUS_ERROR_INVALID_PORT);
                assert_error(open_with(alice, m, "am335x", "stage", "u-boot"),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(open_with(alice, m, "am335x", "stage", long_string),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(open_with(alice, m, "am335x", "prot", "1-1"),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(open_with(alice, m, "am335x", "", "1-1"), BUS_ERROR_INVALID_OPTION);
                assert_error(open_with(alice, m, "am335x", "\xc3\xa4%n%s", "1-1"),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(open_with(alice, m, "am335x", long_string, "1-1"),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(CALL(alice, MANAGER, m, "sa{sv}", "am335x", 1, "port", "u", 1),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(CALL(alice, MANAGER, m, "sa{sv}", "am335x", 1, "stage", "as", 0),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(
                        CALL(alice, MANAGER, m, "sa{sv}", "am335x", 1, "port", "v", "s", "1-1"),
                        BUS_ERROR_INVALID_OPTION);
                assert_error(CALL(alice, MANAGER, m, "sa{sv}", "am335x", 2, "port", "s", "1-1",
                                  "port", "s", "1-2"),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(CALL(alice, MANAGER, m, "sa{sv}", "am335x", 1, "untried", "s", "yes"),
                             BUS_ERROR_INVALID_OPTION);
                assert_error(CALL(alice, MANAGER, m, "sa{sv}", "am335x", 2, "untried", "b", 0,
                                  "untried", "b", 0),
                             BUS_ERROR_INVALID_OPTION);
                /* Another signature is sd-bus's affair. */
                assert_error(CALL(alice, MANAGER, m, "s", "am335x"), SD_BUS_ERROR_INVALID_ARGS);
                assert_error(CALL(alice, MANAGER, m, "sa{ss}", "am335x", 1, "port", "1-1"),
                             SD_BUS_ERROR_INVALID_ARGS);
        }
        free(long_string);

        /* All that was refused before anybody was asked. */
        ck_assert_uint_eq(world.polkit.n_questions, 0);
}
END_TEST

START_TEST(test_unknown_option_is_named) {
        sd_bus *alice = world_connect(UID_ALICE);
        _cleanup_(call_freep) Call *call = open_with(alice, "OpenSession", "am335x", "prot", "1-1");

        ck_assert_str_eq(call_error_text(call), "There is no option \"prot\" here; this version of "
                                                "snagd knows \"port\", \"stage\", \"untried\".");
}
END_TEST

START_TEST(test_good_options_are_taken) {
        sd_bus *alice = world_connect(UID_ALICE);
        _cleanup_free_ char *port = NULL;
        _cleanup_(call_freep) Call *call = NULL;
        const char *path;

        call = CALL(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 3, "port", "s", "1-1.4",
                    "stage", "s", "spl", "untried", "b", 1);
        ck_assert_str_eq(call_error(call), "");
        ck_assert_str_eq(world.polkit.questions[0].details, "soc=am335x port=1-1.4 stage=spl ");
        ck_assert_ok(sd_bus_message_read(call->reply, "o", &path));
        port = get_string(alice, path, BUS_INTERFACE_SESSION, "Port");
        ck_assert_str_eq(port, "1-1.4");

        assert_error(open_with(alice, "OpenSession", "am335x", "port", "1-1.4"),
                     BUS_ERROR_PORT_BUSY);
        assert_error(
                open_with(alice, "OpenSession", "am335x", "port", "pci-0000:00:14.0-usb-0:1.4"),
                "");
}
END_TEST

START_TEST(test_methods_without_options_refuse_all) {
        sd_bus *alice = world_connect(UID_ALICE);
        const char *path = open_session(alice);

        assert_error(
                CALL(alice, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 1, "port", "q", 67),
                BUS_ERROR_INVALID_OPTION);
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 1, "force", "b", 1),
                     BUS_ERROR_INVALID_OPTION);
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", "s", "now"),
                     SD_BUS_ERROR_INVALID_ARGS);
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL), "");
}
END_TEST

START_TEST(test_paths_that_are_none) {
        sd_bus *alice = world_connect(UID_ALICE);

        assert_error(CALL(alice, BUS_PATH_SESSIONS "/s1", BUS_INTERFACE_SESSION, "Start", NULL),
                     BUS_ERROR_SESSION_GONE);
        assert_error(CALL(alice, BUS_PATH_SESSIONS "/_2e_2e", BUS_INTERFACE_SESSION, "Start", NULL),
                     BUS_ERROR_SESSION_GONE);
        /* An object without that interface: it leads to others. */
        assert_error(CALL(alice, BUS_PATH_SESSIONS, BUS_INTERFACE_SESSION, "Start", NULL),
                     SD_BUS_ERROR_UNKNOWN_METHOD);
        assert_error(CALL(alice, BUS_PATH_BOARDS "/_31_2d1", PROPERTIES, "GetAll", "s",
                          BUS_INTERFACE_BOARD),
                     SD_BUS_ERROR_UNKNOWN_OBJECT);
        assert_error(CALL(alice, "/", BUS_INTERFACE_MANAGER, "Subscribe", NULL),
                     SD_BUS_ERROR_UNKNOWN_OBJECT);
        assert_error(CALL(alice, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER, "Reboot", NULL),
                     SD_BUS_ERROR_UNKNOWN_METHOD);
        assert_error(CALL(alice, BUS_PATH_ROOT, PROPERTIES, "Set", "ssv", BUS_INTERFACE_MANAGER,
                          "SessionsMax", "u", 100000),
                     SD_BUS_ERROR_PROPERTY_READ_ONLY);
}
END_TEST

/* Limits */

START_TEST(test_ninth_socket_is_refused) {
        sd_bus *alice = world_connect(UID_ALICE);
        const char *path = open_session(alice);

        for (unsigned i = 0; i < SOCKETS_PER_SESSION_MAX; i++)
                assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0),
                             "");
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0),
                     BUS_ERROR_LIMIT_EXCEEDED);
}
END_TEST

START_TEST(test_session_beyond_the_users_limit_is_refused) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        char first[64];
        Call *socket;

        snprintf(first, sizeof(first), "%s", open_session(alice));
        for (unsigned i = 1; i < SESSIONS_PER_USER_MAX; i++)
                (void) open_session(alice);
        assert_error(CALL(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 0),
                     BUS_ERROR_LIMIT_EXCEEDED);
        (void) open_session(bob); /* whom that does not concern */

        /* A session counts as long as a socket of it is kept. */
        socket = CALL(alice, first, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0);
        assert_error(CALL(alice, first, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
        assert_error(CALL(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 0),
                     BUS_ERROR_LIMIT_EXCEEDED);
        call_free(socket);
        for (uint64_t deadline_usec = now_usec() + PATIENCE_USEC;;) {
                _cleanup_(call_freep) Call *call =
                        CALL(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 0);

                if (streq(call_error(call), ""))
                        break;
                ck_assert_str_eq(call_error(call), BUS_ERROR_LIMIT_EXCEEDED);
                ck_assert(now_usec() < deadline_usec);
        }
}
END_TEST

static unsigned count_snagd_fds(void) {
        char path[32];
        unsigned n = 0;
        DIR *dir;

        snprintf(path, sizeof(path), "/proc/%d/fd", (int) world.snagd_pid);
        dir = opendir(path);
        ck_assert_ptr_nonnull(dir);
        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

START_TEST(test_clients_that_leave_leave_nothing) {
        /* Of one alone the last round's namespaces might count still. */
        static const uid_t uids[] = {UID_ALICE, UID_BOB, 0};
        sd_bus *bob = world_connect(UID_BOB);
        _cleanup_free_ _unused_ char *version =
                get_string(bob, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER, "Version");
        unsigned n_fds = count_snagd_fds(); /* its start is over, since it has answered */

        for (size_t round = 0; round < ELEMENTSOF(uids); round++) {
                sd_bus *caller = world_connect(uids[round]);
                Call *sockets[SESSIONS_PER_USER_MAX];

                for (unsigned i = 0; i < SESSIONS_PER_USER_MAX; i++)
                        sockets[i] = CALL(caller, open_session(caller), BUS_INTERFACE_SESSION,
                                          "OpenSocket", "a{sv}", 0);
                assert_error(CALL(caller, MANAGER, "Subscribe", NULL), "");
                ck_assert_uint_ge(count_snagd_fds(), n_fds + SESSIONS_PER_USER_MAX);
                for (unsigned i = 0; i < SESSIONS_PER_USER_MAX; i++)
                        call_free(sockets[i]);
                world_disconnect(caller);
                WAIT_UNTIL(count_snagd_fds() == n_fds);
        }
}
END_TEST

NETNS_TEST_MAIN("bus", world_setup, world_teardown, test_introspection_is_the_contract,
                test_every_object_is_found_from_the_root, test_manager_properties,
                test_session_properties, test_everyone_sees_a_session_come_change_and_go,
                test_session_is_managed_object, test_socket_is_inside_and_as_promised,
                test_start_is_once, test_closed_session_is_gone, test_session_ends_with_its_owner,
                test_owner_is_a_connection_and_close_is_the_users,
                test_another_user_needs_an_administrator, test_root_is_no_exception,
                test_only_root_sets_the_log_level, test_wrong_arguments_have_named_errors,
                test_unknown_option_is_named, test_good_options_are_taken,
                test_methods_without_options_refuse_all, test_paths_that_are_none,
                test_ninth_socket_is_refused, test_session_beyond_the_users_limit_is_refused,
                test_clients_that_leave_leave_nothing)
