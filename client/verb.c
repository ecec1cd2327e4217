/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "verb.h"

#include <assert.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>

#include "fd-util.h"
#include "remote-proxy.h"

/* Said once, for the whole command. */
static struct {
        const char *host;
        const char *local_verb; /* that allows none */
} place;

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

static int complain_of_host(const char *verb, const char *host, char **ret_complaint) {
        int r;

        if (verb)
                r = asprintf(ret_complaint,
                             "'%s' works on the machine that it runs on; to run it on the other "
                             "one: ssh %s%.256s snagctl %s …",
                             verb, remote_host_get_scheme(host), host, verb);
        else
                r = asprintf(ret_complaint,
                             "'%.256s' is no host; expected is [USER@]HOST[:PORT], with an IPv6 "
                             "address in brackets",
                             host);
        if (r < 0) {
                *ret_complaint = NULL;
                return -ENOMEM;
        }
        return -EINVAL;
}

bool verb_stay_here(Progress *progress, const char *verb, ExitStatus *ret_status) {
        _cleanup_free_ char *complaint = NULL;

        place.local_verb = verb;
        if (!place.host)
                return true;

        (void) complain_of_host(verb, place.host, &complaint);
        *ret_status = complaint ? verb_usage_error(progress, NULL, complaint)
                                : verb_out_of_memory(progress);
        return false;
}

const char *verb_get_host(void) {
        return place.host;
}

int verb_connect(Progress *progress, ProxyError *error, sd_bus **ret) {
        if (place.host)
                return remote_proxy_connect(place.host, progress_may_ask(progress), error, ret);
        return bus_proxy_connect(progress_may_ask(progress), error, ret);
}

const char *verb_get_user(uid_t uid) {
        const struct passwd *user = place.host ? NULL : getpwuid(uid);

        return user ? user->pw_name : NULL;
}

int verb_next_argument(Arguments *a, Progress *progress, const char **ret_value,
                       char **ret_complaint) {
        for (;;) {
                int r = arguments_next(a, ret_value, ret_complaint);

                switch (r) {
                case VERB_OPTION_HOST:
                        if (place.local_verb || !remote_host_is_valid(*ret_value))
                                return complain_of_host(place.local_verb, *ret_value,
                                                        ret_complaint);
                        place.host = *ret_value;
                        break;
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

        if (place.host)
                progress_error(progress, "%s: %s", place.host, proxy_error_get_text(error));
        else
                progress_error(progress, "%s", proxy_error_get_text(error));
        return error->is_denied ? EXIT_STATUS_DENIED : EXIT_STATUS_FAILED;
}

ExitStatus verb_call_failed(Progress *progress, ProxyError *error) {
        ExitStatus status = verb_report_failure(progress, error);

        proxy_error_done(error);
        return status;
}

static int on_resize(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        progress_tick(userdata, now_usec());
        return 0;
}

int verb_follow_terminal(sd_event *event, Progress *progress) {
        int r;

        assert(event);
        assert(progress);

        r = sd_event_add_signal(event, NULL, SIGWINCH | SD_EVENT_SIGNAL_PROCMASK, on_resize,
                                progress);
        return MIN_OF(r, 0);
}

bool verb_get_objects(Progress *progress, sd_bus **ret_bus, ManagerObjects *ret,
                      ExitStatus *ret_status) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        ProxyError error = {};
        int r;

        assert(progress);
        assert(ret_bus);
        assert(ret);
        assert(ret_status);

        r = verb_connect(progress, &error, &bus);
        if (r >= 0)
                r = manager_proxy_get_objects(bus, &error, ret);
        if (r < 0) {
                *ret_status = verb_call_failed(progress, &error);
                return false;
        }
        *ret_bus = TAKE_PTR(bus);
        return true;
}
