/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A client that asks for as much as it is told to and keeps it: sessions and sockets on one
 * connection, until its standard input ends. What no command-line tool can do: a session ends with
 * the connection that opened it.
 *
 *   hold-session SESSIONS SOCKETS [start] [close] [port=PORT] [stage=STAGE]
 *
 * Opens that many sessions and fetches that many sockets of each; then starts each, then closes each,
 * keeping its sockets. Prints "SESSIONS SOCKETS ERROR", what it got in all and the name of the error
 * that ended it ("-": none), and waits. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>

#include "bus-contract.h"
#include "macro.h"

static const char *port, *stage;

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

/* The socket stays open for as long as this process runs. */
static int fetch_socket(sd_bus *bus, const char *path, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        int r, fd;

        r = sd_bus_call_method(bus, BUS_NAME, path, BUS_INTERFACE_SESSION, "OpenSocket", error,
                               &reply, "a{sv}", 0);
        if (r >= 0)
                r = sd_bus_message_read(reply, "h", &fd);
        if (r >= 0 && fcntl(fd, F_DUPFD_CLOEXEC, 3) < 0)
                r = -errno;
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

int main(int argc, char *argv[]) {
        bool want_start = false, want_close = false;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        unsigned n_sessions = 0, n_sockets = 0;
        int sessions, sockets, r;
        sd_bus *bus = NULL;
        char byte;

        if (argc < 3)
                return 2;
        sessions = atoi(argv[1]);
        sockets = atoi(argv[2]);
        for (int i = 3; i < argc; i++)
                if (streq(argv[i], "start"))
                        want_start = true;
                else if (streq(argv[i], "close"))
                        want_close = true;
                else if (strncmp(argv[i], "port=", 5) == 0)
                        port = argv[i] + 5;
                else if (strncmp(argv[i], "stage=", 6) == 0)
                        stage = argv[i] + 6;
                else
                        return 2;

        r = sd_bus_open_system(&bus);
        for (int i = 0; i < sessions && r >= 0; i++) {
                char *path = NULL;

                r = open_session(bus, &error, &path);
                if (r >= 0)
                        n_sessions++;
                for (int k = 0; k < sockets && r >= 0; k++) {
                        r = fetch_socket(bus, path, &error);
                        if (r >= 0)
                                n_sockets++;
                }
                if (r >= 0 && want_start)
                        r = simple_call(bus, path, "Start", "", &error);
                if (r >= 0 && want_close)
                        r = simple_call(bus, path, "Close", "a{sv}", &error);
                free(path);
        }

        printf("%u %u %s\n", n_sessions, n_sockets,
               r >= 0                        ? "-"
               : sd_bus_error_is_set(&error) ? error.name
                                             : strerror(-r));
        (void) fflush(stdout);
        while (read(STDIN_FILENO, &byte, 1) > 0)
                continue;

        sd_bus_error_free(&error);
        sd_bus_flush_close_unref(bus);
        return r >= 0 ? 0 : 1;
}
