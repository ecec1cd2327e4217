/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "bus-world.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* Not root, and none of the callers. */
#define SNAGD_USER "bin"

World world;

void world_turn(void) {
        ck_assert_ok(sd_event_run(world.event, 20 * USEC_PER_MSEC));
}

/* The bus */

/* What every system bus has, and then what is installed with snagd. */
static void write_bus_config(const char *path) {
        const char *policy = getenv("SNAGD_BUS_POLICY");
        FILE *f = fopen(path, "we");

        ck_assert_ptr_nonnull(f);
        ck_assert_ptr_nonnull(policy);
        fprintf(f,
                "<busconfig><listen>%s</listen><auth>EXTERNAL</auth>"
                "<policy context=\"default\"><allow user=\"*\"/><deny own=\"*\"/>"
                "<deny send_type=\"method_call\"/><allow send_type=\"signal\"/>"
                "<allow send_requested_reply=\"true\" send_type=\"method_return\"/>"
                "<allow send_requested_reply=\"true\" send_type=\"error\"/>"
                "<allow receive_type=\"method_call\"/><allow receive_type=\"method_return\"/>"
                "<allow receive_type=\"error\"/><allow receive_type=\"signal\"/>"
                "<allow send_destination=\"org.freedesktop.DBus\"/></policy>"
                "<policy user=\"" SNAGD_USER "\"><allow own=\"" BUS_NAME "\"/></policy>"
                "<policy context=\"default\"><allow send_destination=\"" POLKIT_NAME "\"/></policy>"
                "<policy user=\"root\"><allow own=\"" POLKIT_NAME "\"/>"
                "<allow send_destination=\"" POLKIT_NAME "\"/></policy>"
                "<include>%s</include>"
                /* What the policy keeps from snagd anyhow, it is to cope with by itself. */
                "<policy context=\"default\"><allow send_type=\"signal\"/></policy>"
                "</busconfig>\n",
                world.address, policy);
        ck_assert_int_eq(fclose(f), 0);
}

static void die_with_the_test(void) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void start_bus(void) {
        char config[64], option[80], byte;
        int ready[2];

        snprintf(config, sizeof(config), "%s/bus.conf", world.dir);
        snprintf(option, sizeof(option), "--config-file=%s", config);
        write_bus_config(config);

        ck_assert_sys(pipe(ready)); /* not close-on-exec: fd 1 of the bus daemon */
        world.bus_pid = fork();
        ck_assert_sys(world.bus_pid);
        if (world.bus_pid == 0) {
                die_with_the_test();
                (void) dup2(ready[1], STDOUT_FILENO);
                close(ready[0]);
                close(ready[1]);
                execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--nopidfile",
                       "--print-address=1", NULL);
                _exit(127);
        }
        close(ready[1]);
        /* It says its address when it listens. */
        ck_assert_msg(read(ready[0], &byte, 1) == 1, "no dbus-daemon");
        close(ready[0]);
}

static int wait_for(pid_t *pid) {
        int status;

        ck_assert_sys(waitpid(*pid, &status, 0));
        *pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* snagd */

/* Always reads: snagd would wait for a service manager that does not. */
static int on_notification(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        char message[512];
        ssize_t n = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);

        ck_assert_sys((int) n);
        message[n] = '\0';
        if (strstr(message, "READY=1"))
                world.is_ready = true;
        if (strstr(message, "STOPPING=1"))
                world.is_stopping = true;
        return 0;
}

static void listen_for_notifications(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", world.dir);
        world.notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ck_assert_sys(world.notify_fd);
        ck_assert_sys(bind(world.notify_fd, (struct sockaddr *) &address, sizeof(address)));
        ck_assert_sys(chmod(address.sun_path, 0777));
        ck_assert_ok(sd_event_add_io(world.event, NULL, world.notify_fd, EPOLLIN, on_notification,
                                     NULL));
}

/* Where another user can reach it: the build may be in somebody's home. */
static void copy_snagd(void) {
        _cleanup_fd_ int in = -EBADF, out = -EBADF;
        char path[64];
        struct stat st;

        snprintf(path, sizeof(path), "%s/snagd", world.dir);
        in = open(getenv("SNAGD"), O_RDONLY | O_CLOEXEC);
        ck_assert_sys(in);
        ck_assert_sys(fstat(in, &st));
        out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
        ck_assert_sys(out);
        for (off_t left = st.st_size; left > 0;) {
                ssize_t n = sendfile(out, in, NULL, (size_t) left);

                ck_assert_int_gt(n, 0);
                left -= n;
        }
}

/* As the unit runs it: an ordinary user with two capabilities. */
static void exec_snagd(const char *idle_timeout) {
        char option[64], notify[64], program[64];

        snprintf(option, sizeof(option), "--idle-timeout=%s", idle_timeout ?: "30");
        snprintf(program, sizeof(program), "%s/snagd", world.dir);
        snprintf(notify, sizeof(notify), "%s/notify", world.dir);
        (void) setenv("DBUS_SYSTEM_BUS_ADDRESS", world.address, 1);
        (void) setenv("NOTIFY_SOCKET", notify, 1);
        execlp("setpriv", "setpriv", "--reuid=" SNAGD_USER, "--regid=" SNAGD_USER, "--clear-groups",
               "--bounding-set=-all,+net_admin,+sys_admin", "--inh-caps=-all,+net_admin,+sys_admin",
               "--ambient-caps=-all,+net_admin,+sys_admin", "--no-new-privs", "--pdeathsig=KILL",
               program, "--log-target=console", option, NULL);
        _exit(127);
}

void world_start_snagd(const char *idle_timeout) {
        sd_bus *bus;

        world.is_ready = world.is_stopping = false;
        world.snagd_pid = fork();
        ck_assert_sys(world.snagd_pid);
        if (world.snagd_pid == 0)
                exec_snagd(idle_timeout);

        /* Who is told READY=1 finds the name. */
        WAIT_UNTIL(world.is_ready);
        bus = world_connect(0);
        ck_assert_ok(sd_bus_get_name_creds(bus, BUS_NAME, 0, NULL));
        world_disconnect(bus);
}

bool world_snagd_is_running(void) {
        siginfo_t info = {};

        return world.snagd_pid > 0 &&
               waitid(P_PID, (id_t) world.snagd_pid, &info, WEXITED | WNOHANG | WNOWAIT) >= 0 &&
               info.si_pid == 0;
}

int world_end_snagd(int signal_number) {
        ck_assert_int_gt(world.snagd_pid, 0);
        if (signal_number > 0)
                ck_assert_sys(kill(world.snagd_pid, signal_number));
        WAIT_UNTIL(!world_snagd_is_running());
        return wait_for(&world.snagd_pid);
}

/* polkit */

static int reply_as(sd_bus_message *call, FakePolkitSays says) {
        switch (says) {
        case FAKE_POLKIT_SAYS_YES:
                return sd_bus_reply_method_return(call, "(bba{ss})", 1, 0, 1, "some", "detail");
        case FAKE_POLKIT_SAYS_NO:
                return sd_bus_reply_method_return(call, "(bba{ss})", 0, 0, 0);
        case FAKE_POLKIT_SAYS_CHALLENGE:
                return sd_bus_reply_method_return(call, "(bba{ss})", 0, 1, 1, "polkit.retains",
                                                  "1");
        case FAKE_POLKIT_SAYS_ERROR:
                return sd_bus_reply_method_errorf(call, POLKIT_NAME ".Error.Failed", "No.");
        case FAKE_POLKIT_SAYS_NONSENSE:
                return sd_bus_reply_method_return(call, "b", 1);
        case FAKE_POLKIT_SAYS_NOTHING:
                return 0;
        }
        abort();
}

void fake_polkit_answer(FakePolkitQuestion *question, FakePolkitSays says) {
        ck_assert_ptr_nonnull(question->call);
        ck_assert_ok(reply_as(question->call, says));
        question->call = sd_bus_message_unref(question->call);
}

static int method_check_authorization(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        FakePolkitQuestion *q = &world.polkit.questions[world.polkit.n_questions];
        const char *kind, *key, *value, *action, *id;

        ck_assert_uint_lt(world.polkit.n_questions, ELEMENTSOF(world.polkit.questions));
        ck_assert_ok(sd_bus_message_enter_container(m, 'r', "sa{sv}"));
        ck_assert_ok(sd_bus_message_read(m, "s", &kind));
        ck_assert_ok(sd_bus_message_read(m, "a{sv}", 1, &key, "s", &value));
        ck_assert_str_eq(key, "name");
        ck_assert_ok(sd_bus_message_exit_container(m));
        snprintf(q->kind, sizeof(q->kind), "%s", kind);
        snprintf(q->subject, sizeof(q->subject), "%s", value);

        ck_assert_ok(sd_bus_message_read(m, "s", &action));
        snprintf(q->action, sizeof(q->action), "%s", action);
        ck_assert_ok(sd_bus_message_enter_container(m, 'a', "{ss}"));
        while (sd_bus_message_read(m, "{ss}", &key, &value) > 0) {
                size_t len = strlen(q->details);

                snprintf(q->details + len, sizeof(q->details) - len, "%s=%s ", key, value);
        }
        ck_assert_ok(sd_bus_message_exit_container(m));
        ck_assert_ok(sd_bus_message_read(m, "us", &q->flags, &id));
        snprintf(q->id, sizeof(q->id), "%s", id);

        world.polkit.n_questions++;
        if (world.polkit.says == FAKE_POLKIT_SAYS_NOTHING) {
                q->call = sd_bus_message_ref(m);
                return 1;
        }
        return reply_as(m, world.polkit.says);
}

static int method_cancel_check_authorization(sd_bus_message *m, void *userdata,
                                             sd_bus_error *error) {
        const char *id;

        ck_assert_ok(sd_bus_message_read(m, "s", &id));
        for (size_t i = 0; i < world.polkit.n_questions; i++) {
                FakePolkitQuestion *q = &world.polkit.questions[i];

                if (streq(q->id, id)) {
                        ck_assert(!q->is_cancelled);
                        q->is_cancelled = true;
                        world.polkit.n_cancelled++;
                }
        }
        return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})",
                      method_check_authorization, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CancelCheckAuthorization", "s", NULL, method_cancel_check_authorization,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

void world_start_polkit(void) {
        world.polkit = (FakePolkit){.bus = world_connect(0), .says = FAKE_POLKIT_SAYS_YES};
        ck_assert_ok(sd_bus_add_object_vtable(world.polkit.bus, NULL, POLKIT_PATH, POLKIT_INTERFACE,
                                              polkit_vtable, NULL));
        ck_assert_ok(sd_bus_request_name(world.polkit.bus, POLKIT_NAME, 0));
}

void world_stop_polkit(void) {
        for (size_t i = 0; i < world.polkit.n_questions; i++)
                world.polkit.questions[i].call =
                        sd_bus_message_unref(world.polkit.questions[i].call);
        if (world.polkit.bus)
                world_disconnect(world.polkit.bus);
        world.polkit.bus = NULL;
}

/* Callers */

sd_bus *world_connect(uid_t uid) {
        sd_bus *bus;

        ck_assert_uint_lt(world.n_callers, ELEMENTSOF(world.callers));
        ck_assert_ok(sd_bus_new(&bus));
        ck_assert_ok(sd_bus_set_address(bus, world.address));
        ck_assert_ok(sd_bus_set_bus_client(bus, true));
        ck_assert_ok(sd_bus_negotiate_fds(bus, true));

        /* The bus daemon learns the user from the socket, which remembers who connected it. */
        ck_assert_sys(seteuid(uid));
        ck_assert_ok(sd_bus_start(bus));
        ck_assert_sys(seteuid(0));

        ck_assert_ok(sd_bus_attach_event(bus, world.event, SD_EVENT_PRIORITY_NORMAL));
        world.callers[world.n_callers++] = bus;
        return bus;
}

void world_disconnect(sd_bus *caller) {
        size_t i = 0;

        while (world.callers[i] != caller)
                i++;
        world.callers[i] = world.callers[--world.n_callers];
        sd_bus_flush_close_unref(caller);
}

static void remember_signal(const char *text) {
        ck_assert_uint_lt(world.n_signals, ELEMENTSOF(world.signals));
        world.signals[world.n_signals] = strdup(text);
        ck_assert_ptr_nonnull(world.signals[world.n_signals]);
        world.n_signals++;
}

/* "changed PATH PROPERTY" or, for a string, "changed PATH PROPERTY=VALUE": one line for each. */
static void remember_changes(sd_bus_message *m) {
        const char *interface, *name, *contents, *value;
        char line[512];

        ck_assert_ok(sd_bus_message_read(m, "s", &interface));
        ck_assert_ok(sd_bus_message_enter_container(m, 'a', "{sv}"));
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                ck_assert_ok(sd_bus_message_read(m, "s", &name));
                ck_assert_ok(sd_bus_message_peek_type(m, NULL, &contents));
                if (streq(contents, "s")) {
                        ck_assert_ok(sd_bus_message_read(m, "v", "s", &value));
                        snprintf(line, sizeof(line), "changed %s %s=%s", sd_bus_message_get_path(m),
                                 name, value);
                } else {
                        ck_assert_ok(sd_bus_message_skip(m, "v"));
                        snprintf(line, sizeof(line), "changed %s %s", sd_bus_message_get_path(m),
                                 name);
                }
                remember_signal(line);
                ck_assert_ok(sd_bus_message_exit_container(m));
        }
}

/* "added PATH INTERFACE INTERFACE …" */
static void remember_added(sd_bus_message *m) {
        const char *path, *interface;
        char line[512];

        ck_assert_ok(sd_bus_message_read(m, "o", &path));
        snprintf(line, sizeof(line), "added %s", path);
        ck_assert_ok(sd_bus_message_enter_container(m, 'a', "{sa{sv}}"));
        while (sd_bus_message_enter_container(m, 'e', "sa{sv}") > 0) {
                ck_assert_ok(sd_bus_message_read(m, "s", &interface));
                snprintf(line + strlen(line), sizeof(line) - strlen(line), " %s", interface);
                ck_assert_ok(sd_bus_message_skip(m, "a{sv}"));
                ck_assert_ok(sd_bus_message_exit_container(m));
        }
        remember_signal(line);
}

/* "removed PATH INTERFACE INTERFACE …" */
static void remember_removed(sd_bus_message *m) {
        const char *path, *interface;
        char line[512];

        ck_assert_ok(sd_bus_message_read(m, "o", &path));
        snprintf(line, sizeof(line), "removed %s", path);
        ck_assert_ok(sd_bus_message_enter_container(m, 'a', "s"));
        while (sd_bus_message_read(m, "s", &interface) > 0)
                snprintf(line + strlen(line), sizeof(line) - strlen(line), " %s", interface);
        remember_signal(line);
}

static int on_snagd_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        if (sd_bus_message_is_signal(m, NULL, "PropertiesChanged"))
                remember_changes(m);
        else if (sd_bus_message_is_signal(m, NULL, "InterfacesAdded"))
                remember_added(m);
        else if (sd_bus_message_is_signal(m, NULL, "InterfacesRemoved"))
                remember_removed(m);
        return 0;
}

void world_watch(sd_bus *caller) {
        ck_assert_ok(sd_bus_add_match(caller, NULL, "type='signal',sender='" BUS_NAME "'",
                                      on_snagd_signal, NULL));
}

bool world_saw(const char *signal_text) {
        for (size_t i = 0; i < world.n_signals; i++)
                if (streq(world.signals[i], signal_text))
                        return true;
        return false;
}

/* Calls */

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Call *call = userdata;

        call->reply = sd_bus_message_ref(reply);
        return 1;
}

Call *call_begin_message(sd_bus *caller, sd_bus_message *message) {
        Call *call = calloc(1, sizeof(*call));

        ck_assert_ptr_nonnull(call);
        ck_assert_ok(sd_bus_call_async(caller, &call->slot, message, on_reply, call, 0));
        return call;
}

Call *call_begin(sd_bus *caller, const char *path, const char *interface, const char *member,
                 const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        va_list args;

        ck_assert_ok(sd_bus_message_new_method_call(caller, &m, BUS_NAME, path, interface, member));
        va_start(args, types);
        ck_assert_ok(sd_bus_message_appendv(m, types ?: "", args));
        va_end(args);
        return call_begin_message(caller, m);
}

bool call_is_done(const Call *call) {
        return call->reply;
}

Call *call_free(Call *call) {
        if (!call)
                return NULL;
        sd_bus_slot_unref(call->slot);
        sd_bus_message_unref(call->reply);
        free(call);
        return NULL;
}

const char *call_error(const Call *call) {
        if (!call->reply)
                return "pending";
        return sd_bus_message_is_method_error(call->reply, NULL)
                       ? sd_bus_message_get_error(call->reply)->name
                       : "";
}

const char *call_error_text(const Call *call) {
        const sd_bus_error *error = call->reply ? sd_bus_message_get_error(call->reply) : NULL;

        return error ? error->message : "";
}

Call *call_wait(Call *call) {
        WAIT_UNTIL(call_is_done(call));
        return call;
}

const char *open_session(sd_bus *caller) {
        static char path[64];
        _cleanup_(call_freep) Call *call = NULL;
        const char *session;

        call = CALL(caller, MANAGER, "OpenSession", "sa{sv}", "am335x", 0);
        ck_assert_msg(streq(call_error(call), ""), "%s: %s", call_error(call),
                      call_error_text(call));
        ck_assert_ok(sd_bus_message_read(call->reply, "o", &session));
        snprintf(path, sizeof(path), "%s", session);
        return path;
}

void assert_error(Call *call, const char *name) {
        ck_assert_str_eq(call_error(call), name);
        if (*name)
                ck_assert_msg(strlen(call_error_text(call)) > 10, "%s without a sentence", name);
        call_free(call);
}

char *get_string(sd_bus *caller, const char *path, const char *interface, const char *property) {
        _cleanup_(call_freep) Call *call = NULL;
        const char *value;
        char *copy;

        call = CALL(caller, path, "org.freedesktop.DBus.Properties", "Get", "ss", interface,
                    property);
        ck_assert_str_eq(call_error(call), "");
        ck_assert_ok(sd_bus_message_read(call->reply, "v", "s", &value));
        copy = strdup(value);
        ck_assert_ptr_nonnull(copy);
        return copy;
}

/* The fixture */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

void world_setup(void) {
        world = (World){.dir = "/tmp/snagd-test-XXXXXX"};
        ck_assert_ptr_nonnull(mkdtemp(world.dir));
        ck_assert_sys(chmod(world.dir, 0755)); /* the callers are other users */
        snprintf(world.address, sizeof(world.address), "unix:path=%s/bus", world.dir);
        ck_assert_ok(sd_event_new(&world.event));
        listen_for_notifications();
        copy_snagd();
        start_bus();
        world_start_polkit();
        world_start_snagd(NULL);
}

void world_teardown(void) {
        /* Also that nothing is leaked, where it is built so that it can tell. */
        if (world.snagd_pid > 0)
                ck_assert_int_eq(world_end_snagd(SIGTERM), 0);
        world_stop_polkit();
        while (world.n_callers > 0)
                world_disconnect(world.callers[0]);
        if (world.bus_pid > 0) {
                ck_assert_sys(kill(world.bus_pid, SIGTERM));
                (void) wait_for(&world.bus_pid);
        }
        sd_event_unref(world.event);
        world.notify_fd = fd_close(world.notify_fd);
        for (size_t i = 0; i < world.n_signals; i++)
                free(world.signals[i]);
        (void) nftw(world.dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
