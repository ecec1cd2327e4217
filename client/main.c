/* SPDX-License-Identifier: GPL-2.0-or-later */

/* snagctl: global options, signals, and which verb. */

#include <assert.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "json-lines.h"
#include "password-agent.h"
#include "spelling.h"
#include "terminal.h"
#include "verb.h"

static const char help[] =
        "Usage: snagctl COMMAND …\n"
        "\n"
        "Recovers boards over USB. No sudo is needed: snagd does what needs privilege.\n"
        "\n"
        "Commands:\n"
        "  recover SOC --spl FILE --u-boot FILE   bring a board back\n"
        "  check SOC                              look for what would keep it from working\n"
        "  list                                   show the boards that are plugged in\n"
        "  status                                 show the sessions\n"
        "  monitor                                show both, live\n"
        "  close PORT|SESSION                     end a session\n"
        "  report [FILE…]                         show what the record of a station tells\n"
        "\n"
        "Options:\n"
        "  -H, --host HOST        ask the snagd of another machine, by ssh: list, status,\n"
        "                         monitor, close\n"
        "      --quiet            show results, warnings and errors only\n"
        "      --verbose          show details too\n"
        "      --json             show events and results to a program, one JSON object a line\n"
        "      --no-ask-password  never ask for a password, but be refused\n"
        "      --help             show this; 'snagctl COMMAND --help' tells more\n"
        "      --version          show the version\n"
        "\n"
        "Exit status: 0 success; 1 failed; 2 usage, or a file that cannot be used; 3 not\n"
        "allowed; 4 no board in time; 128 plus the number of the signal that ended it.\n";

static const struct {
        const char *name;
        VerbFunction function;
        bool stays_here; /* and so takes no --host */
} verbs[] = {
        {"check", verb_check, true},     {"close", verb_close, false},
        {"list", verb_list, false},      {"monitor", verb_monitor, false},
        {"recover", verb_recover, true}, {"report", verb_report, true},
        {"status", verb_status, false},
};

/* For the signal handler, too. */
static volatile sig_atomic_t is_json;

/* Everything that we have ends with the process: sockets by the kernel, the session by snagd when our
 * connection goes; a capture is written as it comes. So there is nothing to do first but to leave the
 * terminal as it was, and it works at every moment, also while a call waits for somebody's password. */
static void on_signal(int signal_number) {
        terminal_wipe_all();
        password_agent_interrupt();
        if (is_json)
                json_lines_write_interrupted(STDOUT_FILENO, signal_number,
                                             EXIT_STATUS_SIGNAL + signal_number);
        _exit(EXIT_STATUS_SIGNAL + signal_number);
}

static void catch_signals(void) {
        static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
        struct sigaction action = {.sa_handler = on_signal};
        sigset_t set;

        (void) sigemptyset(&action.sa_mask);
        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                struct sigaction inherited = {};

                /* A shell starts "snagctl … &" with SIGINT ignored, which nobody has asked for;
                 * who ignores SIGHUP (nohup) has. */
                (void) sigaction(signals[i], NULL, &inherited);
                if (signals[i] == SIGHUP && inherited.sa_handler == SIG_IGN)
                        continue;
                (void) sigaction(signals[i], &action, NULL);
                (void) sigaddset(&set, signals[i]);
        }
        (void) sigprocmask(SIG_UNBLOCK, &set, NULL);

        /* A pipe that nobody reads any more is an error of write(), not the end of a recovery; so is a
         * file that may not grow further (ulimit -f). */
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGXFSZ, SIG_IGN);
}

/* If one of 0, 1, 2 is closed, the next socket would get its number, and the board our messages. */
static int open_standard_fds(void) {
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
                        return -EBADF;
        return 0;
}

/* Looked for before anything is parsed: a program wants to be told of a mistake in front of it, too. */
static bool wants_json(char *const *argv) {
        for (; *argv && !streq(*argv, "--"); argv++)
                if (streq(*argv, "--json"))
                        return true;
        return false;
}

enum {
        OPTION_HELP,
        OPTION_VERSION,
};

static ExitStatus run_verb(Progress *progress, const char *name, char *const *argv) {
        SpellingGuess guess = {.word = name};
        char complaint[160];
        ExitStatus status;

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                if (streq(verbs[i].name, name)) {
                        if (verbs[i].stays_here && !verb_stay_here(progress, name, &status))
                                return status;
                        return verbs[i].function(argv, progress);
                }
                spelling_offer(&guess, verbs[i].name);
        }

        if (guess.best)
                (void) snprintf(complaint, sizeof(complaint),
                                "unknown command '%.64s'; did you mean '%s'?", name, guess.best);
        else
                (void) snprintf(complaint, sizeof(complaint), "unknown command '%.64s'", name);
        return verb_usage_error(progress, NULL, complaint);
}

static bool names_verb(char *const *argv) {
        for (; *argv; argv++)
                for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                        if (streq(verbs[i].name, *argv))
                                return true;
        return false;
}

static ExitStatus run(char *const *argv, Progress *progress) {
        static const Option options[] = {
                {OPTION_HELP, "help", NULL},
                {OPTION_VERSION, "version", NULL},
                VERB_OPTIONS,
                {},
        };
        Arguments arguments = {.next = argv, .options = options, .stops_at_operand = true};
        _cleanup_free_ char *complaint = NULL;
        const char *value = NULL;
        int r;

        r = verb_next_argument(&arguments, progress, &value, &complaint);
        switch (r) {

        case OPTION_HELP:
                progress_result_text(progress, help);
                return EXIT_STATUS_SUCCESS;

        case OPTION_VERSION:
                progress_result_text(progress, "snagctl " SNAGD_VERSION "\n");
                return EXIT_STATUS_SUCCESS;

        case ARGUMENT_OPERAND:
                return run_verb(progress, value, arguments.next + 1);

        case ARGUMENT_END:
                progress_error(progress, "no command given; this recovers a board:");
                progress_hint(progress,
                              "  snagctl recover am335x --spl u-boot-spl.bin --u-boot u-boot.img");
                progress_hint(progress, "and this shows the boards that are plugged in:");
                progress_hint(progress, "  snagctl list");
                progress_hint(progress, "see 'snagctl --help'");
                return EXIT_STATUS_USAGE;

        default:
                if (!complaint)
                        return verb_out_of_memory(progress);
                verb_usage_error(progress, NULL, complaint);
                if (names_verb(arguments.next))
                        progress_hint(
                                progress,
                                "  the options of a command stand behind it: see 'snagctl COMMAND --help'");
                return EXIT_STATUS_USAGE;
        }
}

int main(int argc, char *argv[]) {
        _cleanup_(progress_freep) Progress *progress = NULL;
        ExitStatus status;
        int r;

        if (open_standard_fds() < 0)
                return EXIT_STATUS_FAILED;
        catch_signals();

        /* Which characters the terminal shows; nothing else is to depend on the locale. */
        (void) setlocale(LC_CTYPE, "");

        r = progress_new(STDOUT_FILENO, STDERR_FILENO, &progress);
        if (r < 0)
                return EXIT_STATUS_FAILED;

        argv += MIN_OF(argc, 1);
        is_json = wants_json(argv);
        progress_set_json(progress, is_json);

        status = run(argv, progress);
        progress_end(progress, verb_outcome(status), (int) status);

        r = progress_get_result_error(progress);
        if (r < 0) {
                progress_error(progress, "cannot write the result: %s", strerror(-r));
                if (status == EXIT_STATUS_SUCCESS)
                        status = EXIT_STATUS_FAILED;
        }
        return (int) status;
}
