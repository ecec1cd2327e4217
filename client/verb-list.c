/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "manager-proxy.h"
#include "object-event.h"
#include "table.h"
#include "verb.h"

static const char help[] =
        "Usage: snagctl list\n"
        "\n"
        "Shows the boards that are plugged in: their USB port, the port's stable name\n"
        "(ID_PATH, which survives reboots), SoC, stage ('rom': wants its SPL, 'spl':\n"
        "wants U-Boot), and the session that has them.\n"
        "\n"
        "      --help  show this; 'snagctl --help' has the options of all commands\n"
        "\n"
        "Exit status: 0, also without boards; 1 failed; 2 usage; 3 not allowed.\n";

static int add_board(Table *table, const BoardInfo *b) {
        return table_add_row(table, (const char *[]){b->port, b->id_path, b->soc, b->stage,
                                                     object_event_get_session(b), b->problem});
}

static int print_boards(const ManagerObjects *objects, Progress *progress) {
        static const char *const titles[] = {"PORT", "PATH", "SOC", "STAGE", "SESSION", "PROBLEM"};
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (objects->n_boards == 0) {
                progress_result(progress, "No boards.");
                return 0;
        }

        r = table_new(titles, ELEMENTSOF(titles), &table);
        if (r < 0)
                return r;
        for (size_t i = 0; i < objects->n_boards; i++) {
                object_event_board(progress, &objects->boards[i], false);
                r = add_board(table, &objects->boards[i]);
                if (r < 0)
                        return r;
        }
        return table_print(table, progress);
}

ExitStatus verb_list(char *const *argv, Progress *progress) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(manager_objects_done) ManagerObjects objects = {};
        ExitStatus status = EXIT_STATUS_SUCCESS;
        int r;

        if (!verb_parse_nothing(argv, progress, "list", help, &status) ||
            !verb_get_objects(progress, &bus, &objects, &status))
                return status;

        r = print_boards(&objects, progress);
        return r < 0 ? verb_out_of_memory(progress) : EXIT_STATUS_SUCCESS;
}
