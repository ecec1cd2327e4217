/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A client that asks for as much as it is told to and keeps it: sessions and sockets on one
 * connection, until its standard input ends. What no command-line tool can do: a session ends with
 * the connection that opened it.
 *
 *   hold-session SESSIONS SOCKETS [start] [close] [timed] [port=PORT] [stage=STAGE]
 *
 * Opens that many sessions and fetches that many sockets of each; then starts each, then closes each,
 * keeping its sockets. Prints "SESSIONS SOCKETS ERROR", what it has in all and the name of the error
 * that ended it ("-": none), and waits. A line on its standard input with another number of sessions
 * has it open what is missing, or give up what is too much, the last one first and its sockets before
 * it, and print that again.
 *
 * With `timed` a line for each session comes before: "open USEC", from the call to the last socket, and
 * "close USEC", from the first socket's end to the reply. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>

#include "bus-contract.h"
#include "fd-util.h"
#include "macro.h"

/* More than snagd allows, so that its limits can be seen. */
#define HELD_MAX    (SESSIONS_MAX + 1)
#define SOCKETS_MAX 128u

typedef struct Held {
        char *path;
        bool is_closed; /* and its sockets are kept */
        int fds[SOCKETS_MAX];
        unsigned n_fds;
} Held;

static const char *port, *stage;
static unsigned n_sockets_wanted;
static bool want_start, want_close, want_times;

static Held held[HELD_MAX];
static unsigned n_held;

static int append_options(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && port)
                r = sd_bus_message_append(m, "{sv}", BUS_OPTION_PORT, "s", port);
        if (r >= 0 && stage)
                r = sd_bus_message_append(m, "{sv}", BUS_OPTION_STAGE, "s", stage);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r;
}

static int open_session(sd_bus *bus, sd_bus_error *error, char **ret_path) {
        sd_bus_message *m = NULL, *reply = NULL;
        const char *path;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, BUS_NAME, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER,
                                           "OpenSession");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "am335x");
        if (r >= 0)
                r = append_options(m);
        if (r >= 0)
                r = sd_bus_call(bus, m, BUS_AUTHORIZATION_TIMEOUT_USEC, error, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0) {
                *ret_path = strdup(path);
                r = *ret_path ? 0 : -ENOMEM;
        }
        sd_bus_message_unref(m);
        sd_bus_message_unref(reply);
        return r;
}

static int fetch_socket(sd_bus *bus, Held *h, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        int r, fd;

        r = sd_bus_call_method(bus, BUS_NAME, h->path, BUS_INTERFACE_SESSION, "OpenSocket", error,
                               &reply, "a{sv}", 0);
        if (r >= 0)
                r = sd_bus_message_read(reply, "h", &fd);
        if (r >= 0) {
                fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                if (fd < 0)
                        r = -errno;
                else
                        h->fds[h->n_fds++] = fd;
        }
        sd_bus_message_unref(reply);
        return r;
}

static int simple_call(sd_bus *bus, const char *path, const char *method, const char *types,
                       sd_bus_error *error) {
        if (*types)
                return sd_bus_call_method(bus, BUS_NAME, path, BUS_INTERFACE_SESSION, method, error,
                                          NULL, types, 0);
        return sd_bus_call_method(bus, BUS_NAME, path, BUS_INTERFACE_SESSION, method, error, NULL,
                                  NULL);
}

static void tell_time(const char *what, uint64_t begin_usec) {
        if (want_times)
                printf("%s %" PRIu64 "\n", what, now_usec() - begin_usec);
}

static int hold_one(sd_bus *bus, sd_bus_error *error) {
        Held *h = &held[n_held];
        uint64_t begin_usec = now_usec();
        int r;

        *h = (Held){};
        r = open_session(bus, error, &h->path);
        if (r < 0)
                return r;
        n_held++;
        while (r >= 0 && h->n_fds < n_sockets_wanted)
                r = fetch_socket(bus, h, error);
        if (r < 0)
                return r;
        tell_time("open", begin_usec);

        if (want_start)
                r = simple_call(bus, h->path, "Start", "", error);
        if (r >= 0 && want_close) {
                r = simple_call(bus, h->path, "Close", "a{sv}", error);
                h->is_closed = r >= 0;
        }
        return r;
}

static int give_up_one(sd_bus *bus, sd_bus_error *error) {
        Held *h = &held[--n_held];
        uint64_t begin_usec = now_usec();
        int r = 0;

        for (unsigned i = 0; i < h->n_fds; i++)
                fd_close(h->fds[i]);
        if (!h->is_closed)
                r = simple_call(bus, h->path, "Close", "a{sv}", error);
        if (r >= 0)
                tell_time("close", begin_usec);
        free(h->path);
        return r;
}

/* Has as many as @n, or tells what kept it from that. */
static int hold(sd_bus *bus, unsigned n) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        unsigned n_sockets = 0;
        int r = 0;

        while (r >= 0 && n_held < n)
                r = hold_one(bus, &error);
        while (r >= 0 && n_held > n)
                r = give_up_one(bus, &error);

        for (unsigned i = 0; i < n_held; i++)
                n_sockets += held[i].n_fds;
        printf("%u %u %s\n", n_held, n_sockets,
               r >= 0                        ? "-"
               : sd_bus_error_is_set(&error) ? error.name
                                             : strerror(-r));
        (void) fflush(stdout);
        sd_bus_error_free(&error);
        return r;
}

static bool parse_words(char *words[]) {
        for (; *words; words++)
                if (streq(*words, "start"))
                        want_start = true;
                else if (streq(*words, "close"))
                        want_close = true;
                else if (streq(*words, "timed"))
                        want_times = true;
                else if (strncmp(*words, "port=", STRLEN("port=")) == 0)
                        port = *words + STRLEN("port=");
                else if (strncmp(*words, "stage=", STRLEN("stage=")) == 0)
                        stage = *words + STRLEN("stage=");
                else
                        return false;
        return true;
}

/* atoi() is as much as a test's own numbers need. */
static bool parse_number(const char *word, unsigned max, unsigned *ret) {
        int n = atoi(word);

        if (n < 0 || (unsigned) n > max)
                return false;
        *ret = (unsigned) n;
        return true;
}

int main(int argc, char *argv[]) {
        sd_bus *bus = NULL;
        char line[16];
        unsigned n;
        int r;

        if (argc < 3 || !parse_number(argv[1], HELD_MAX, &n) ||
            !parse_number(argv[2], SOCKETS_MAX, &n_sockets_wanted) || !parse_words(argv + 3))
                return 2;

        r = sd_bus_open_system(&bus);
        if (r < 0) {
                printf("0 0 %s\n", strerror(-r));
                return 1;
        }

        r = hold(bus, n);
        while (fgets(line, sizeof(line), stdin))
                if (parse_number(line, HELD_MAX, &n))
                        r = hold(bus, n);

        sd_bus_flush_close_unref(bus);
        return r >= 0 ? 0 : 1;
}
