/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fake-snagd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bus-contract.h"
#include "fd-util.h"

#define SESSION_PATH BUS_PATH_SESSIONS "/s1"
#define BOARD_PATH   BUS_PATH_BOARDS "/_31_2d1_2e4"

#define BOARD_RETRY_USEC  (20 * USEC_PER_MSEC)
#define BOARD_TRIES_MAX   100u
#define BOARD_REPLY_SEC   20
#define PASSWORD_MSEC_MAX 10000

/* Nothing here can fail for a reason that a test is about. */
#define MUST(condition)                                                                     \
        do {                                                                                \
                if (!(condition)) {                                                         \
                        fprintf(stderr, "fake snagd, line %d: %s\n", __LINE__, #condition); \
                        _exit(99);                                                          \
                }                                                                           \
        } while (false)

typedef struct Fake {
        const FakeStory *story;
        const char *address;
        int ready_fd;
        sd_event *event;
        sd_bus *bus;
        sd_bus_slot *session_slot;
        unsigned n_shutting_down;
        const char *state, *stage, *port, *failure_name, *failure_text;
        uint64_t plug_usec;
        char client[64]; /* whose session has started */
        pid_t board_pid;
} Fake;

/* --- the board ------------------------------------------------------------------------------- */

static int open_board_socket(void) {
        struct timeval timeout = {.tv_sec = BOARD_REPLY_SEC};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        MUST(fd >= 0);
        MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0);
        return fd;
}

/* Asks for an address, and waits for the answer. That goes to port 68, which a board may have in the
 * namespace alone: without one it does not wait. */
static void board_ask(int fd) {
        struct sockaddr_in peer = {.sin_family = AF_INET,
                                   .sin_port = htons(SESSION_BOOTP_PORT),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(68)};
        uint8_t request[300] = {1, 1, 6, 0, 0, 0, 0, 1};
        int reply_fd = open_board_socket();
        bool can_hear = bind(reply_fd, (const struct sockaddr *) &any, sizeof(any)) == 0;

        memcpy(request + 236, "\x63\x82\x53\x63\xff", 5);
        MUST(sendto(fd, request, sizeof(request), 0, (struct sockaddr *) &peer, sizeof(peer)) > 0);
        MUST(!can_hear || recv(reply_fd, request, sizeof(request), 0) > 0);
        (void) fd_close(reply_fd);
}

/* Fetches whatever is served as @name, over the loopback interface. Blocks a process of its own. */
static void board_run(const char *name) {
        struct sockaddr_in peer = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        uint8_t rrq[128] = {0, 1}, data[600];
        int fd = open_board_socket();
        socklen_t len = sizeof(peer);
        unsigned n_tries = 0;
        bool is_last;
        ssize_t n;

        board_ask(fd);

        /* Without the answer it may be too early: it asks again until it is not refused, with a pause in
         * between, as a board's own timer makes it. */
        memcpy(rrq + 2, name, strlen(name) + 1);
        memcpy(rrq + 2 + strlen(name) + 1, "octet", 6);
        for (;;) {
                peer.sin_port = htons(SESSION_TFTP_PORT);
                MUST(sendto(fd, rrq, 2 + strlen(name) + 1 + 6, 0, (struct sockaddr *) &peer,
                            sizeof(peer)) > 0);
                n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *) &peer, &len);
                MUST(n >= 4);
                if (data[1] != 5)
                        break;
                MUST(++n_tries < BOARD_TRIES_MAX);
                MUST(usleep(BOARD_RETRY_USEC) == 0);
        }

        for (;;) {
                MUST(n >= 4 && data[1] == 3);
                is_last = n < 516;
                data[1] = 4;
                MUST(sendto(fd, data, 4, 0, (struct sockaddr *) &peer, len) == 4);
                if (is_last)
                        break;
                n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *) &peer, &len);
        }
        _exit(0);
}

/* --- the bus --------------------------------------------------------------------------------- */

static void emit_change(Fake *f) {
        MUST(sd_bus_emit_properties_changed(f->bus, SESSION_PATH, BUS_INTERFACE_SESSION, "State",
                                            "Stage", "Port", "Failure", "PlugTimestampMonotonic",
                                            NULL) >= 0);
}

static void set_state(Fake *f, const char *state) {
        f->state = state;
        emit_change(f);
}

static void plug_board(Fake *f, const char *stage);

static int on_board_exit(sd_event_source *source, const siginfo_t *si, void *userdata) {
        Fake *f = userdata;

        MUST(si->si_code == CLD_EXITED && si->si_status == 0);
        if (si->si_pid != f->board_pid)
                /* Its session is closed, and the path may be the next one's already. */
                return 0;
        set_state(f, "detached");
        if (streq(f->stage, "rom"))
                plug_board(f, "spl");
        return 0;
}

static int on_client_knows(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *f = userdata;

        /* It has ended meanwhile. */
        if (sd_bus_message_is_method_error(m, NULL))
                return 0;

        f->board_pid = fork();
        MUST(f->board_pid >= 0);
        if (f->board_pid == 0) {
                sigset_t set;

                (void) sigemptyset(&set);
                (void) sigprocmask(SIG_SETMASK, &set, NULL);
                board_run(streq(f->stage, "rom") ? "u-boot-spl.bin" : "u-boot.img");
        }
        MUST(sd_event_add_child(f->event, NULL, f->board_pid, WEXITED, on_board_exit, f) >= 0);
        return 0;
}

/* The board asks when snagctl has heard of it: it answers in the order in which it is told. A real SPL comes on
 * an interface of its own, by which snagctl knows it from the ROM; all boards here have "lo", and one that asked
 * earlier would pass for the one before it. */
static void plug_board(Fake *f, const char *stage) {
        f->stage = stage;
        f->port = "1-1.4";
        f->plug_usec = now_usec();
        set_state(f, "attaching");
        set_state(f, "ready");
        if (f->story->pulls_board)
                set_state(f, "detached");
        else
                MUST(sd_bus_call_method_async(f->bus, NULL, f->client, "/",
                                              "org.freedesktop.DBus.Peer", "Ping", on_client_knows,
                                              f, NULL) >= 0);
}

static void connect_bus(const char *address, sd_bus **ret) {
        MUST(sd_bus_new(ret) >= 0);
        MUST(sd_bus_set_address(*ret, address) >= 0);
        MUST(sd_bus_set_bus_client(*ret, true) >= 0);
        MUST(sd_bus_negotiate_fds(*ret, true) >= 0);
        MUST(sd_bus_start(*ret) >= 0);
}

/* Another connection tells the client alone all that could end its recovery; a bus lets it. */
static void forge_signals(const Fake *f, const char *client) {
        static const char *const signals[][3] = {
                {SESSION_PATH, "org.freedesktop.DBus.Properties", "PropertiesChanged"},
                {BUS_PATH_ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved"},
                {"/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged"},
        };
        sd_bus *bus;

        connect_bus(f->address, &bus);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                sd_bus_message *m;

                MUST(sd_bus_message_new_signal(bus, &m, signals[i][0], signals[i][1],
                                               signals[i][2]) >= 0);
                if (i == 0)
                        MUST(sd_bus_message_append(m, "sa{sv}as", BUS_INTERFACE_SESSION, 2, "State",
                                                   "s", "failed", "Failure", "(ss)", "", "Forged.",
                                                   0) >= 0);
                else if (i == 1)
                        MUST(sd_bus_message_append(m, "oas", SESSION_PATH, 1,
                                                   BUS_INTERFACE_SESSION) >= 0);
                else
                        MUST(sd_bus_message_append(m, "sss", BUS_NAME, ":1.0", "") >= 0);
                MUST(sd_bus_message_set_destination(m, client) >= 0);
                MUST(sd_bus_send(bus, m, NULL) >= 0);
                sd_bus_message_unref(m);
        }
        /* The bus has them all when it answers. */
        MUST(sd_bus_get_name_creds(bus, BUS_NAME, 0, NULL) >= 0);
        sd_bus_flush_close_unref(bus);
}

static int on_started(sd_event_source *source, void *userdata) {
        Fake *f = userdata;
        const FakeStory *story = f->story;

        if (story->fails) {
                f->failure_name = BUS_ERROR_INTERFACE_BUSY;
                f->failure_text = "usb0 is in use.";
                set_state(f, "failed");
        } else if (story->leaves)
                MUST(sd_event_exit(f->event, 0) >= 0);
        else if (story->removes_session)
                MUST(sd_bus_emit_interfaces_removed(f->bus, SESSION_PATH, BUS_INTERFACE_SESSION,
                                                    NULL) >= 0);
        else if (story->starts_at_spl)
                plug_board(f, "spl");
        else if (story->plugs_board || story->pulls_board)
                plug_board(f, "rom");
        return 0;
}

/* Opens a file that somebody renames to @path when it is whole; -EBADF if nobody does. */
static int await_file(const char *path) {
        _cleanup_free_ char *folder = strndup(path, (size_t) (strrchr(path, '/') - path));
        struct pollfd watch = {.fd = inotify_init1(IN_CLOEXEC), .events = POLLIN};
        char events[4096];
        int fd;

        MUST(folder && watch.fd >= 0);
        MUST(inotify_add_watch(watch.fd, folder, IN_MOVED_TO) >= 0);
        while ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
                if (poll(&watch, 1, PASSWORD_MSEC_MAX) <= 0)
                        break;
                MUST(read(watch.fd, events, sizeof(events)) > 0);
        }
        (void) fd_close(watch.fd);
        return fd < 0 ? -EBADF : fd;
}

/* What polkit and its agent do: waits for somebody's answer. */
static bool is_password_given(const char *path) {
        _cleanup_fd_ int fd = await_file(path);
        char answer[16];
        ssize_t n = fd < 0 ? -1 : read(fd, answer, sizeof(answer));

        return n == STRLEN("secret") && memcmp(answer, "secret", STRLEN("secret")) == 0;
}

static int method_can_open_session(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *f = userdata;

        return sd_bus_reply_method_return(m, "s", f->story->answer_file ? "challenge" : "yes");
}

static int method_open_session(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *f = userdata;

        if (f->n_shutting_down > 0) {
                f->n_shutting_down--;
                return sd_bus_error_set(error, BUS_ERROR_SHUTTING_DOWN, "Call again.");
        }
        if (f->story->open_hangs) {
                MUST(write(f->ready_fd, "", 1) == 1);
                return 1;
        }
        if (f->story->open_error)
                return sd_bus_error_set(error, f->story->open_error, f->story->open_error_text);
        if (f->story->answer_file && (sd_bus_message_get_allow_interactive_authorization(m) <= 0 ||
                                      !is_password_given(f->story->answer_file)))
                return sd_bus_error_set(error, BUS_ERROR_NOT_AUTHORIZED,
                                        "Not allowed (" POLKIT_ACTION_OPEN_SESSION ").");
        MUST(sd_bus_message_get_allow_interactive_authorization(m) > 0);
        f->state = "idle";
        return sd_bus_reply_method_return(m, "o", SESSION_PATH);
}

static int method_open_socket(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, r;

        MUST(fd >= 0);
        MUST(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) == 0);
        r = sd_bus_reply_method_return(m, "h", fd);
        (void) fd_close(fd);
        return r;
}

static int method_start(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *f = userdata;

        if (f->story->start_error)
                return sd_bus_error_set(error, f->story->start_error, "Not now.");
        (void) snprintf(f->client, sizeof(f->client), "%s", sd_bus_message_get_sender(m));
        set_state(f, "waiting");
        if (f->story->is_forged)
                forge_signals(f, f->client);
        MUST(sd_event_add_defer(f->event, NULL, on_started, f) >= 0);
        return sd_bus_reply_method_return(m, "");
}

static int method_close(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *f = userdata;

        if (f->story->close_error)
                return sd_bus_error_set(error, f->story->close_error, "It is not yours.");
        f->board_pid = 0;
        return sd_bus_reply_method_return(m, "");
}

static int property_get_text(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *error) {
        Fake *f = userdata;
        const struct {
                const char *name, *value;
        } values[] = {{"State", f->state}, {"Stage", f->stage}, {"Port", f->port}};

        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                if (streq(values[i].name, property))
                        return sd_bus_message_append(reply, "s", values[i].value);
        return sd_bus_message_append(reply, "s", streq(property, "Soc") ? "am335x" : "path\033[2J");
}

static int property_get_failure(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *error) {
        Fake *f = userdata;

        return sd_bus_message_append(reply, "(ss)", f->failure_name, f->failure_text);
}

static int property_get_plug(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *error) {
        Fake *f = userdata;

        return sd_bus_message_append(reply, "t", f->plug_usec);
}

static int property_get_owner(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error) {
        return sd_bus_message_append(reply, "u", 0u);
}

static int property_get_board(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error) {
        if (streq(property, "Session"))
                return sd_bus_message_append(reply, "o", SESSION_PATH);
        return sd_bus_message_append(reply, "s",
                                     streq(property, "Port")    ? "1-1.4"
                                     : streq(property, "Soc")   ? "am335x"
                                     : streq(property, "Stage") ? "rom"
                                                                : "");
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ANYONE  SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CanOpenSession", "sa{sv}", "s", method_can_open_session, ANYONE),
        SD_BUS_METHOD("OpenSession", "sa{sv}", "o", method_open_session, ANYONE),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable session_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("OpenSocket", "a{sv}", "h", method_open_socket, ANYONE),
        SD_BUS_METHOD("Start", "", "", method_start, ANYONE),
        SD_BUS_METHOD("Close", "a{sv}", "", method_close, ANYONE),
        SD_BUS_PROPERTY("State", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Stage", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Port", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("IdPath", "s", property_get_text, 0, 0),
        SD_BUS_PROPERTY("Soc", "s", property_get_text, 0, 0),
        SD_BUS_PROPERTY("Failure", "(ss)", property_get_failure, 0, CHANGES),
        SD_BUS_PROPERTY("PlugTimestampMonotonic", "t", property_get_plug, 0, CHANGES),
        SD_BUS_PROPERTY("Owner", "u", property_get_owner, 0, 0),
        /* Something that this client has never heard of. */
        SD_BUS_PROPERTY("Novelty", "u", property_get_owner, 0, 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable board_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Port", "s", property_get_board, 0, 0),
        SD_BUS_PROPERTY("IdPath", "s", property_get_board, 0, 0),
        SD_BUS_PROPERTY("Soc", "s", property_get_board, 0, 0),
        SD_BUS_PROPERTY("Stage", "s", property_get_board, 0, 0),
        SD_BUS_PROPERTY("Session", "o", property_get_board, 0, 0),
        SD_BUS_PROPERTY("Problem", "s", property_get_board, 0, 0),
        SD_BUS_VTABLE_END,
};

/* So that tests that run side by side do not want the same ports. Where it is not allowed, they may. */
static void enter_namespace(void) {
        struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        int fd;

        if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
                return;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        MUST(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0);
        (void) fd_close(fd);
}

static void register_objects(Fake *f) {
        MUST(sd_bus_attach_event(f->bus, f->event, 0) >= 0);
        MUST(sd_bus_add_object_manager(f->bus, NULL, BUS_PATH_ROOT) >= 0);
        MUST(sd_bus_add_object_vtable(f->bus, NULL, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER,
                                      manager_vtable, f) >= 0);
        if (f->story->has_board)
                MUST(sd_bus_add_object_vtable(f->bus, NULL, BOARD_PATH, BUS_INTERFACE_BOARD,
                                              board_vtable, f) >= 0);
        MUST(sd_bus_add_object_vtable(f->bus, &f->session_slot, SESSION_PATH, BUS_INTERFACE_SESSION,
                                      session_vtable, f) >= 0);
        MUST(sd_bus_request_name(f->bus, BUS_NAME, 0) >= 0);
}

void fake_snagd_run(const FakeStory *story, const char *address, int ready_fd) {
        Fake f = {
                .story = story,
                .address = address,
                .ready_fd = ready_fd,
                .n_shutting_down = story->n_shutting_down,
                .state = "waiting",
                .stage = "",
                .port = story->has_board ? "1-1.4" : "",
                .failure_name = "",
                .failure_text = "",
        };
        sigset_t set;

        enter_namespace();
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        MUST(sd_event_new(&f.event) >= 0);
        connect_bus(address, &f.bus);
        register_objects(&f);
        MUST(write(ready_fd, "", 1) == 1);
        (void) sd_event_loop(f.event);
        sd_bus_flush_close_unref(f.bus);
        _exit(0);
}
