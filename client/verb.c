/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "verb.h"

#include <assert.h>

const char *verb_outcome(ExitStatus status) {
        switch (status) {
        case EXIT_STATUS_SUCCESS:
                return "success";
        case EXIT_STATUS_FAILED:
                return "failed";
        case EXIT_STATUS_USAGE:
                return "usage";
        case EXIT_STATUS_DENIED:
                return "denied";
        case EXIT_STATUS_NO_BOARD:
                return "no-board";
        case EXIT_STATUS_SIGNAL:
                break;
        }

        return "interrupted";
}

ExitStatus verb_usage_error(Progress *progress, const char *verb, const char *complaint) {
        progress_error(progress, "%s", complaint);
        progress_hint(progress, "see 'snagctl %s%s--help'", verb ? verb : "", verb ? " " : "");
        return EXIT_STATUS_USAGE;
}

ExitStatus verb_out_of_memory(Progress *progress) {
        progress_error(progress, "out of memory");
        return EXIT_STATUS_FAILED;
}

int verb_next_argument(Arguments *a, Progress *progress, const char **ret_value,
                       char **ret_complaint) {
        for (;;) {
                int r = arguments_next(a, ret_value, ret_complaint);

                switch (r) {
                case VERB_OPTION_JSON:
                        break; /* main() has looked for it before all others */
                case VERB_OPTION_NO_ASK_PASSWORD:
                        progress_set_may_ask(progress, false);
                        break;
                case VERB_OPTION_QUIET:
                        progress_set_level(progress, PROGRESS_LEVEL_QUIET);
                        break;
                case VERB_OPTION_VERBOSE:
                        progress_set_level(progress, PROGRESS_LEVEL_VERBOSE);
                        break;
                default:
                        return r;
                }
        }
}

bool verb_parse_nothing(char *const *argv, Progress *progress, const char *verb, const char *help,
                        ExitStatus *ret_status) {
        static const Option options[] = {{0, "help", NULL}, VERB_OPTIONS, {}};
        Arguments arguments = {.next = argv, .options = options};
        _cleanup_free_ char *complaint = NULL;
        const char *value = NULL;
        int r;

        r = verb_next_argument(&arguments, progress, &value, &complaint);
        if (r == ARGUMENT_END)
                return true;

        if (r == 0) {
                progress_result_text(progress, help);
                *ret_status = EXIT_STATUS_SUCCESS;
        } else if (r == ARGUMENT_OPERAND)
                *ret_status = verb_usage_error(progress, verb, "too many arguments");
        else if (complaint)
                *ret_status = verb_usage_error(progress, verb, complaint);
        else
                *ret_status = verb_out_of_memory(progress);
        return false;
}

ExitStatus verb_report_failure(Progress *progress, const ProxyError *error) {
        assert(error);

        progress_error(progress, "%s", proxy_error_get_text(error));
        return error->is_denied ? EXIT_STATUS_DENIED : EXIT_STATUS_FAILED;
}

ExitStatus verb_call_failed(Progress *progress, ProxyError *error) {
        ExitStatus status = verb_report_failure(progress, error);

        proxy_error_done(error);
        return status;
}
