/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>

#include "manager-proxy.h"
#include "object-event.h"
#include "table.h"
#include "verb.h"

static const char help[] =
        "Usage: snagctl status\n"
        "\n"
        "Shows the sessions: each is one recovery that is under way or waits for a board.\n"
        "\n"
        "      --help  show this; 'snagctl --help' has the options of all commands\n"
        "\n"
        "Exit status: 0, also without sessions; 1 failed; 2 usage; 3 not allowed.\n";

static int add_session(Table *table, const SessionInfo *s) {
        const char *user = verb_get_user(s->owner);
        char uid[16];

        (void) snprintf(uid, sizeof(uid), "%u", (unsigned) s->owner);
        return table_add_row(table,
                             (const char *[]){session_info_get_id(s), s->state, s->port, s->soc,
                                              s->stage, user ? user : uid, s->failure_text});
}

static int print_sessions(const ManagerObjects *objects, Progress *progress) {
        static const char *const titles[] = {"SESSION", "STATE", "PORT",   "SOC",
                                             "STAGE",   "USER",  "FAILURE"};
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (objects->n_sessions == 0) {
                progress_result(progress, "No sessions.");
                return 0;
        }

        r = table_new(titles, ELEMENTSOF(titles), &table);
        if (r < 0)
                return r;
        for (size_t i = 0; i < objects->n_sessions; i++) {
                object_event_session(progress, &objects->sessions[i],
                                     verb_get_user(objects->sessions[i].owner), false);
                r = add_session(table, &objects->sessions[i]);
                if (r < 0)
                        return r;
        }
        return table_print(table, progress);
}

ExitStatus verb_status(char *const *argv, Progress *progress) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(manager_objects_done) ManagerObjects objects = {};
        ExitStatus status = EXIT_STATUS_SUCCESS;
        int r;

        if (!verb_parse_nothing(argv, progress, "status", help, &status) ||
            !verb_get_objects(progress, &bus, &objects, &status))
                return status;

        r = print_sessions(&objects, progress);
        return r < 0 ? verb_out_of_memory(progress) : EXIT_STATUS_SUCCESS;
}
