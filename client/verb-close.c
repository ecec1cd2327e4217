/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "manager-proxy.h"
#include "verb.h"

static const char help[] =
        "Usage: snagctl close PORT|SESSION\n"
        "\n"
        "Ends a session, and so the recovery that runs in it: named by the USB port that it\n"
        "has (1-1.4, or the port's ID_PATH), by its id, or by its D-Bus path, as 'snagctl\n"
        "status' shows them. One's own needs no permission; another user's, an\n"
        "administrator's password.\n"
        "\n"
        "      --help  show this; 'snagctl --help' has the options of all commands\n"
        "\n"
        "Exit status: 0 closed; 1 failed, or no such session; 2 usage; 3 not allowed.\n";

/* Returns true with *@ret_target if there is something to be closed; else *@ret_status. */
static bool parse(char *const *argv, Progress *progress, const char **ret_target,
                  ExitStatus *ret_status) {
        static const Option options[] = {{0, "help", NULL}, VERB_OPTIONS, {}};
        Arguments arguments = {.next = argv, .options = options};
        const char *target = NULL, *value = NULL;
        _cleanup_free_ char *complaint = NULL;
        int r;

        while ((r = verb_next_argument(&arguments, progress, &value, &complaint)) != ARGUMENT_END) {
                if (r == 0) {
                        progress_result_text(progress, help);
                        *ret_status = EXIT_STATUS_SUCCESS;
                        return false;
                }
                if (r != ARGUMENT_OPERAND) {
                        *ret_status = complaint ? verb_usage_error(progress, "close", complaint)
                                                : verb_out_of_memory(progress);
                        return false;
                }
                if (target) {
                        *ret_status = verb_usage_error(progress, "close", "too many arguments");
                        return false;
                }
                target = value;
        }

        if (!target) {
                *ret_status = verb_usage_error(progress, "close", "a port or a session is missing");
                return false;
        }
        if (!session_target_is_valid(target)) {
                *ret_status = verb_usage_error(progress, "close",
                                               "this is neither a USB port nor a session");
                return false;
        }
        *ret_target = target;
        return true;
}

/* An id or a path names one session for sure; a port goes to whoever has it. */
static const SessionInfo *find_session(const ManagerObjects *objects, const char *target) {
        for (size_t i = 0; i < objects->n_sessions; i++)
                if (session_info_is_named(&objects->sessions[i], target))
                        return &objects->sessions[i];

        return NULL;
}

ExitStatus verb_close(char *const *argv, Progress *progress) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(manager_objects_done) ManagerObjects objects = {};
        ExitStatus status = EXIT_STATUS_SUCCESS;
        const SessionInfo *session;
        const char *target = NULL;
        ProxyError error = {};
        int r;

        if (!parse(argv, progress, &target, &status) ||
            !verb_get_objects(progress, &bus, &objects, &status))
                return status;

        session = find_session(&objects, target);
        if (!session) {
                progress_error(progress,
                               "no session is called, or has the port, '%s'; see 'snagctl status'",
                               target);
                return EXIT_STATUS_FAILED;
        }

        r = manager_proxy_close_session(bus, session->path, &error);
        if (r < 0) {
                status = verb_call_failed(progress, &error);
                if (status == EXIT_STATUS_DENIED)
                        progress_hint(progress, "a session may be closed by the user whose it is "
                                                "('snagctl status'), and by an administrator");
                return status;
        }
        progress_event(progress, "session-closed",
                       EVENT_FIELDS(EVENT_TEXT("session", session_info_get_id(session)),
                                    EVENT_TEXT_OR_NULL("port", session->port)));
        progress_result(progress, "Session %s closed.", session_info_get_id(session));
        return EXIT_STATUS_SUCCESS;
}
