/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "preflight.h"
#include "verb.h"

static const char help[] =
        "Usage: snagctl check SOC [--spl FILE] [--u-boot FILE] [OPTION…]\n"
        "       snagctl check --station NAME\n"
        "\n"
        "Looks for what would keep 'snagctl recover' from working, and recovers nothing: the files\n"
        "that are named, the kernel's modules, udev's rules, snagd, whether you may, and the boards\n"
        "that are plugged in. Each finding is a line: ok, note, warning or problem.\n"
        "\n"
        "  -f, --firmware-file FILE, -F, --firmware DICT, --spl FILE, --u-boot FILE,\n"
        "      --port PORT, --stage rom|spl, --timeout SECONDS, --capture FILE, --record FILE,\n"
        "      --all, --retry N, --max N, --once, --then COMMAND, --then-timeout SECONDS, --dry-run\n"
        "                         as of 'snagctl recover'; none of them is needed\n"
        "      --station NAME     the file of a flashing station, /etc/snagd/stations/NAME.yaml, or any\n"
        "                         file that is named with a '/': all its mistakes; if it has none,\n"
        "                         what it names, and whether the station's user and unit can use it\n"
        "      --help             show this; 'snagctl --help' has the options of all commands\n"
        "\n"
        "Exit status: 0 no problem; 1 a problem; 2 usage, or a file that cannot be used.\n";

ExitStatus verb_check(char *const *argv, Progress *progress) {
        _cleanup_(recover_request_done) RecoverRequest request = {.verb = "check"};
        ExitStatus status;

        status = recover_request_parse(&request, argv, progress);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        if (request.want_help) {
                progress_result_text(progress, help);
                return EXIT_STATUS_SUCCESS;
        }
        return preflight_run(&request, progress);
}
