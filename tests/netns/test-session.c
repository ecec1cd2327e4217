/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The core on the real kernel modules: only udev is played. Boards are veths whose far end is in a
 * namespace of its own. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "board-monitor.h"
#include "bus-contract.h"
#include "log.h"
#include "manager.h"
#include "netns-test.h"
#include "netns.h"
#include "rtnl.h"
#include "test-frame.h"
#include "test-link.h"

/* udev */

struct BoardMonitor {
        int fd;
        BoardMonitorCallbacks callbacks;
        void *userdata;
};

static BoardMonitor the_monitor;

int board_monitor_new(const BoardMonitorCallbacks *callbacks, void *userdata, BoardMonitor **ret) {
        the_monitor = (BoardMonitor){eventfd(0, EFD_CLOEXEC), *callbacks, userdata};
        ck_assert_sys(the_monitor.fd);
        *ret = &the_monitor;
        return 0;
}

BoardMonitor *board_monitor_free(BoardMonitor *monitor) {
        if (monitor)
                monitor->fd = fd_close(monitor->fd);
        return NULL;
}

int board_monitor_get_fd(const BoardMonitor *monitor) {
        return monitor->fd;
}

int board_monitor_enumerate(BoardMonitor *monitor) {
        return 0;
}

int board_monitor_dispatch(BoardMonitor *monitor) {
        return 0;
}

/* The world */

static sd_event *event;
static Manager *manager;
static int board_fd; /* the namespace of the boards' far ends */
static uint32_t devnum;
static BoardInfo info;

static void setup(void) {
        log_set_target(LOG_TARGET_NULL);
        ck_assert_ok(netns_init());
        ck_assert_ok(netns_new(&board_fd));
        ck_assert_ok(sd_event_new(&event));
        ck_assert_ok(manager_new(event, NULL, &manager));
}

/* Runs the loop until @session is in @state, or, without a session, until nothing is counted. */
static void wait_for(const Session *session, SessionState state) {
        uint64_t deadline_usec = now_usec() + PATIENCE_USEC;

        while (session ? session_get_state(session) != state : !manager_is_idle(manager)) {
                ck_assert_uint_lt(now_usec(), deadline_usec);
                ck_assert_ok(sd_event_run(event, 100 * USEC_PER_MSEC));
        }
}

static void teardown(void) {
        wait_for(NULL, SESSION_STATE_CLOSED);
        manager = manager_free(manager);
        event = sd_event_unref(event);
        board_fd = fd_close(board_fd);
        netns_done();
}

static int silence_and_raise(void *userdata) {
        int r;

        r = test_link_be_silent("board");
        if (r < 0)
                return r;
        r = test_link_use_software_checksums("board");
        return r < 0 ? r : test_link_set_up("board", true);
}

static void announce(const char *name) {
        RtnlLink link;

        ck_assert_ok(rtnl_link_find(manager_get_rtnl(manager), name, &link));
        the_monitor.callbacks.on_link_ready(&info, link.ifindex, name, the_monitor.userdata);
}

static void make_board(const char *name) {
        ck_assert_ok(test_veth_create(
                &(TestVeth){.name = name, .peer_name = "board", .peer_netns_fd = board_fd}));
        ck_assert_ok(test_link_use_software_checksums(name));
        ck_assert_ok(netns_run(board_fd, silence_and_raise, NULL));
}

static void plug(const char *name, Stage stage) {
        make_board(name);
        info = (BoardInfo){.port = "1-1", .soc = soc_find("am335x"), .stage = stage};
        info.devnum = ++devnum;
        info.plug_usec = now_usec();
        the_monitor.callbacks.on_board_plugged(&info, the_monitor.userdata);
        announce(name);
}

static int delete_board(void *userdata) {
        return test_link_delete("board");
}

/* The kernel's sign first; udev's comes later, or never. */
static void pull(void) {
        ck_assert_ok(netns_run(board_fd, delete_board, NULL));
}

static void tell_unplug(void) {
        the_monitor.callbacks.on_board_unplugged(info.port, info.devnum, the_monitor.userdata);
}

static Session *open_session(void) {
        SessionSpec spec;
        Session *session;

        ck_assert_ok(session_spec_parse("am335x", NULL, NULL, 1000, &spec, NULL));
        ck_assert_ok(manager_open_session(manager, &spec, &session, NULL));
        return session;
}

static int open_server(Session *session) {
        const struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_port = htons(SESSION_BOOTP_PORT),
        };
        int fd;

        ck_assert_ok(session_open_socket(session, &fd, NULL));
        ck_assert_sys(bind(fd, (const struct sockaddr *) &address, sizeof(address)));
        return fd;
}

static int open_packet_socket(void *userdata) {
        return frame_socket_open("board", userdata);
}

/* What the board sends to port 67 arrives at the client's socket, from before any address. */
static void check_served(int server_fd) {
        UdpFrame request = {
                .source_mac = {0x02, 0x12, 0x34, 0x56, 0x78, 0x9a},
                .destination_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                .destination = INADDR_BROADCAST,
                .source_port = 68,
                .destination_port = 67,
                .payload = "hello",
                .payload_len = 5,
        };
        _cleanup_fd_ int packet_fd = -EBADF;
        char buffer[16];

        ck_assert_ok(netns_run(board_fd, open_packet_socket, &packet_fd));
        ck_assert_ok(frame_send_udp(packet_fd, &request));
        ck_assert_int_eq(wait_readable(server_fd, now_usec() + PATIENCE_USEC), 1);
        ck_assert_int_eq(recv(server_fd, buffer, sizeof(buffer), 0), 5);
}

static void check_home(const char *name) {
        RtnlLink link;

        ck_assert_ok(rtnl_link_find(manager_get_rtnl(manager), name, &link));
        ck_assert_uint_eq(link.flags & IFF_UP, 0);
        ck_assert_int_eq(rtnl_link_has_address(manager_get_rtnl(manager), link.ifindex), 0);
}

static void check_away(const char *name) {
        ck_assert_int_eq(rtnl_link_find(manager_get_rtnl(manager), name, &(RtnlLink){}), -ENODEV);
}

START_TEST(test_recovers_a_board) {
        Session *session = open_session();
        int fd = open_server(session);

        ck_assert_ok(session_start(session, NULL));
        plug("usb7", STAGE_ROM);
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_READY);
        check_away("usb7");
        check_served(fd);

        pull();
        wait_for(session, SESSION_STATE_DETACHED);
        tell_unplug();
        plug("usb8", STAGE_SPL);
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_READY);
        ck_assert_str_eq(session_get_stage(session), "spl");
        check_served(fd);

        session_close(session);
        check_home("usb8");
        fd_close(fd);
}
END_TEST

START_TEST(test_counts_a_namespace_until_its_last_socket_is_closed) {
        Session *session = open_session();
        int fd = open_server(session);

        ck_assert_ok(session_start(session, NULL));
        plug("usb7", STAGE_ROM);
        session_close(session);
        check_home("usb7");
        for (unsigned i = 0; i < 5; i++)
                ck_assert_ok(sd_event_run(event, 50 * USEC_PER_MSEC));
        ck_assert(!manager_is_idle(manager));

        fd_close(fd);
        wait_for(NULL, SESSION_STATE_CLOSED);
}
END_TEST

START_TEST(test_board_comes_home_and_is_taken_again) {
        Session *session;

        plug("usb7", STAGE_ROM);
        for (unsigned i = 0; i < 5; i++) {
                session = open_session();
                ck_assert_ok(session_start(session, NULL));
                ck_assert_int_eq(session_get_state(session), SESSION_STATE_READY);
                session_close(session);
                check_home("usb7");
                announce("usb7");
        }
}
END_TEST

START_TEST(test_pulled_before_it_is_taken) {
        Session *session;

        plug("usb7", STAGE_ROM);
        pull();
        session = open_session();
        ck_assert_ok(session_start(session, NULL));
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_WAITING);
        tell_unplug();
        plug("usb7", STAGE_ROM);
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_READY);
        session_close(session);
}
END_TEST

START_TEST(test_closed_right_after_the_unplug) {
        Session *session = open_session();

        ck_assert_ok(session_start(session, NULL));
        plug("usb7", STAGE_ROM);
        pull();
        session_close(session);
        tell_unplug();
        check_away("usb7");
}
END_TEST

START_TEST(test_spl_before_the_unplug_of_its_rom_is_read) {
        Session *session = open_session();

        ck_assert_ok(session_start(session, NULL));
        plug("usb7", STAGE_ROM);
        pull();
        plug("usb7", STAGE_SPL);
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_READY);
        for (unsigned i = 0; i < 5; i++)
                ck_assert_ok(sd_event_run(event, 20 * USEC_PER_MSEC));
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_READY);
        ck_assert_str_eq(session_get_stage(session), "spl");
        session_close(session);
        check_home("usb7");
}
END_TEST

START_TEST(test_interface_in_use_is_left_alone) {
        SessionSpec spec;
        Session *session;

        plug("usb7", STAGE_SPL);
        ck_assert_ok(test_link_add_address("usb7", "10.0.0.1", "255.255.255.0"));
        ck_assert_ok(session_spec_parse("am335x", "1-1", "spl", 1000, &spec, NULL));
        ck_assert_ok(manager_open_session(manager, &spec, &session, NULL));
        ck_assert_ok(session_start(session, NULL));
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_FAILED);
        ck_assert_str_eq(session_get_failure(session)->name, BUS_ERROR_INTERFACE_BUSY);
        ck_assert_ok(rtnl_link_find(manager_get_rtnl(manager), "usb7", &(RtnlLink){}));
        session_close(session);
}
END_TEST

START_TEST(test_interface_in_use_is_taken_when_it_comes_free) {
        SessionSpec spec;
        Session *session;

        plug("usb7", STAGE_SPL);
        ck_assert_ok(test_link_add_address("usb7", "10.0.0.1", "255.255.255.0"));
        ck_assert_ok(session_spec_parse("am335x", NULL, "spl", 1000, &spec, NULL));
        ck_assert_ok(manager_open_session(manager, &spec, &session, NULL));
        ck_assert_ok(session_start(session, NULL));
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_WAITING);

        ck_assert_ok(test_link_set_up("usb7", false));
        (void) test_link_add_address("usb7", "0.0.0.0", "255.255.255.0"); /* removes it */
        wait_for(session, SESSION_STATE_READY);
        session_close(session);
}
END_TEST

START_TEST(test_many_sessions) {
        Session *sessions[SESSIONS_PER_USER_MAX];
        SessionSpec spec;
        Session *session;

        for (size_t i = 0; i < ELEMENTSOF(sessions); i++)
                sessions[i] = open_session();
        ck_assert_ok(session_spec_parse("am335x", NULL, NULL, 1000, &spec, NULL));
        ck_assert_int_lt(manager_open_session(manager, &spec, &session, NULL), 0);
        manager_stop(manager);
}
END_TEST

/* What is allocated, where a sanitizer counts it; else 0. (The C library counts in what it keeps.) */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t count_bytes(void) {
        return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
                                                       : 0;
}

/* As many sessions as a user may have, and a board that is recovered in one of them. */
static void use_all_sessions(void) {
        Session *sessions[SESSIONS_PER_USER_MAX];

        for (size_t i = 0; i < ELEMENTSOF(sessions); i++) {
                sessions[i] = open_session();
                ck_assert_ok(session_start(sessions[i], NULL));
        }
        plug("usb7", STAGE_ROM);
        ck_assert_int_eq(session_get_state(sessions[0]), SESSION_STATE_READY);
        pull();
        wait_for(sessions[0], SESSION_STATE_DETACHED);
        tell_unplug();
        for (size_t i = 0; i < ELEMENTSOF(sessions); i++)
                session_close(sessions[i]);
        wait_for(NULL, SESSION_STATE_CLOSED);
}

START_TEST(test_nothing_grows) {
        size_t n_bytes;
        unsigned n_fds;

        use_all_sessions();
        n_fds = count_fds();
        n_bytes = count_bytes();
        for (unsigned round = 0; round < 4; round++) {
                use_all_sessions();
                ck_assert_uint_eq(count_fds(), n_fds);
                ck_assert_uint_eq(count_bytes(), n_bytes);
        }
}
END_TEST

NETNS_TEST_MAIN("session", setup, teardown, test_recovers_a_board,
                test_counts_a_namespace_until_its_last_socket_is_closed,
                test_board_comes_home_and_is_taken_again, test_pulled_before_it_is_taken,
                test_closed_right_after_the_unplug, test_spl_before_the_unplug_of_its_rom_is_read,
                test_interface_in_use_is_left_alone,
                test_interface_in_use_is_taken_when_it_comes_free, test_many_sessions,
                test_nothing_grows)
