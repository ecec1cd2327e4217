/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recover-request.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "bus-contract.h"
#include "parse-util.h"
#include "port-pattern.h"
#include "recover-station.h"
#include "soc-word.h"
#include "split-words.h"
#include "then-command.h"
#include "usb-port.h"

#define TIMEOUT_MAX_USEC (UINT64_C(366) * 24 * 3600 * USEC_PER_SEC)

#define THEN_TIMEOUT_DEFAULT_USEC (600 * USEC_PER_SEC)

/* With --all. */
#define RETRIES_DEFAULT    2u
#define QUIET_DEFAULT_USEC (30 * USEC_PER_SEC)

_Static_assert(RECOVER_REQUEST_MAX_MAX == SESSIONS_PER_USER_MAX, "all that snagd allows");

void recover_request_done(RecoverRequest *q) {
        assert(q);

        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                firmware_free(q->images[kind]);
        firmware_config_done(&q->config);
        free(q->then_words);
        station_config_done(&q->station_config);
        capture_free(q->capture);
}

enum {
        OPTION_ALL,
        OPTION_CAPTURE,
        OPTION_DRY_RUN,
        OPTION_FIRMWARE,
        OPTION_HELP,
        OPTION_MAX,
        OPTION_ONCE,
        OPTION_PORT,
        OPTION_RECORD,
        OPTION_RETRY,
        OPTION_SPL,
        OPTION_STAGE,
        OPTION_THEN,
        OPTION_THEN_TIMEOUT,
        OPTION_STATION,
        OPTION_TIMEOUT,
        OPTION_U_BOOT,
};

static ExitStatus usage_error(const RecoverRequest *q, Progress *progress, const char *format, ...)
        _printf_(3, 4);

static ExitStatus usage_error(const RecoverRequest *q, Progress *progress, const char *format,
                              ...) {
        char *complaint = NULL;
        ExitStatus status;
        va_list args;
        int n;

        va_start(args, format);
        n = vasprintf(&complaint, format, args);
        va_end(args);
        if (n < 0)
                return verb_out_of_memory(progress);

        status = verb_usage_error(progress, q->verb, complaint);
        free(complaint);
        return status;
}

static ExitStatus take_soc(Progress *progress, const char *name, RecoverRequest *q) {
        _cleanup_free_ char *complaint = NULL;

        if (q->soc)
                return usage_error(q, progress, "too many arguments: '%s'", name);
        if (soc_word_parse(name, &complaint, &q->soc) >= 0)
                return EXIT_STATUS_SUCCESS;
        return complaint ? usage_error(q, progress, "%s", complaint) : verb_out_of_memory(progress);
}

static bool take_flag(RecoverRequest *q, int option) {
        switch (option) {
        case OPTION_ALL:
                q->is_all = true;
                return true;
        case OPTION_DRY_RUN:
                q->is_dry_run = true;
                return true;
        case OPTION_ONCE:
                q->is_once = true;
                return true;
        default:
                return false;
        }
}

static ExitStatus read_arguments(char *const *argv, Progress *progress, RecoverRequest *q) {
        static const Option options[] = {
                {OPTION_ALL, "all", NULL},
                {OPTION_CAPTURE, "capture", "FILE"},
                {OPTION_DRY_RUN, "dry-run", NULL},
                {OPTION_FIRMWARE, "firmware", "DICT", 'F'},
                {OPTION_FIRMWARE, "firmware-file", "FILE", 'f'},
                {OPTION_HELP, "help", NULL},
                {OPTION_MAX, "max", "N"},
                {OPTION_ONCE, "once", NULL},
                {OPTION_PORT, "port", "PORT"},
                {OPTION_RECORD, "record", "FILE"},
                {OPTION_RETRY, "retry", "N"},
                {OPTION_SPL, "spl", "FILE"},
                {OPTION_STAGE, "stage", "rom|spl"},
                {OPTION_THEN, "then", "COMMAND"},
                {OPTION_THEN_TIMEOUT, "then-timeout", "SECONDS"},
                {OPTION_STATION, "station", "NAME"},
                {OPTION_U_BOOT, "u-boot", "FILE"},
                {OPTION_TIMEOUT, "timeout", "SECONDS"},
                VERB_OPTIONS,
                {},
        };
        Arguments arguments = {.next = argv, .options = options};
        const char **const places[] = {
                [OPTION_CAPTURE] = &q->capture_path,
                [OPTION_MAX] = &q->max,
                [OPTION_PORT] = &q->port,
                [OPTION_RECORD] = &q->record_path,
                [OPTION_RETRY] = &q->retry,
                [OPTION_SPL] = &q->paths[FIRMWARE_SPL],
                [OPTION_STAGE] = &q->stage,
                [OPTION_THEN] = &q->then_text,
                [OPTION_THEN_TIMEOUT] = &q->then_timeout,
                [OPTION_STATION] = &q->station,
                [OPTION_TIMEOUT] = &q->timeout,
                [OPTION_U_BOOT] = &q->paths[FIRMWARE_U_BOOT],
        };
        _cleanup_free_ char *complaint = NULL;
        const char *value = NULL;
        int r;

        while ((r = verb_next_argument(&arguments, progress, &value, &complaint)) != ARGUMENT_END) {
                if (r == OPTION_HELP) {
                        q->want_help = true;
                        return EXIT_STATUS_SUCCESS;
                }
                if (r == ARGUMENT_OPERAND) {
                        ExitStatus status = take_soc(progress, value, q);

                        if (status != EXIT_STATUS_SUCCESS)
                                return status;
                        continue;
                }
                if (r < 0)
                        return complaint ? usage_error(q, progress, "%s", complaint)
                                         : verb_out_of_memory(progress);
                if (take_flag(q, r))
                        continue;
                if (r == OPTION_PORT) {
                        if (q->n_ports >= RECOVER_REQUEST_PORTS_MAX)
                                return usage_error(q, progress, "too many ports");
                        q->ports[q->n_ports++] = value;
                }
                if (r == OPTION_FIRMWARE) {
                        if (q->n_configs >= RECOVER_REQUEST_CONFIGS_MAX)
                                return usage_error(q, progress, "too many firmware configurations");
                        q->configs[q->n_configs++] = value;
                        continue;
                }
                *places[r] = value; /* the last one counts, as with most programs */
        }

        return EXIT_STATUS_SUCCESS;
}

static ExitStatus check_ports(Progress *progress, const RecoverRequest *q) {
        for (size_t i = 0; i < q->n_ports; i++)
                if (q->is_all ? port_pattern_get_kind(q->ports[i]) == PORT_PATTERN_BAD
                              : !usb_place_is_valid(q->ports[i]))
                        return usage_error(
                                q, progress,
                                "'%.64s' is no USB port: they look like '1-1.4', or like "
                                "'pci-0000:00:14.0-usb-0:1.4' (see 'snagctl list')%s",
                                q->ports[i], q->is_all ? "; with --all also like '1-1.*'" : "");
        return EXIT_STATUS_SUCCESS;
}

static ExitStatus check_number(Progress *progress, const RecoverRequest *q, const char *option,
                               const char *value, unsigned min, unsigned max, unsigned *ret) {
        uint64_t number = *ret;

        if (value && (parse_u64(value, max, &number) < 0 || number < min))
                return usage_error(q, progress, "'%.64s': --%s wants a number, %u to %u", value,
                                   option, min, max);
        *ret = (unsigned) number;
        return EXIT_STATUS_SUCCESS;
}

/* What is for many boards only, or for one only. */
static ExitStatus check_number_of_boards(Progress *progress, const RecoverRequest *q) {
        const char *wrong = q->is_once ? "--once" : q->retry ? "--retry" : q->max ? "--max" : NULL;

        if (!q->is_all && wrong)
                return usage_error(q, progress, "%s goes with --all only", wrong);
        if (q->is_all && q->capture_path)
                return usage_error(q, progress, "--capture is of one board: leave out --all");
        if (q->is_all && q->timeout && !q->is_once)
                return usage_error(q, progress,
                                   "--all waits for boards for as long as it runs; --timeout goes "
                                   "with --all --once");
        return EXIT_STATUS_SUCCESS;
}

static ExitStatus check_then(Progress *progress, RecoverRequest *q) {
        _cleanup_free_ char *reason = NULL;

        q->then_timeout_usec = THEN_TIMEOUT_DEFAULT_USEC;
        if (!q->then_text)
                return q->then_timeout
                               ? usage_error(q, progress, "--then-timeout goes with --then only")
                               : EXIT_STATUS_SUCCESS;
        if (split_words(q->then_text, &reason, &q->then_words) < 0)
                return reason ? usage_error(q, progress, "--then: %s", reason)
                              : verb_out_of_memory(progress);
        q->then = (const char *const *) q->then_words;
        if (q->then_timeout &&
            (parse_seconds(q->then_timeout, STATION_THEN_MAX_USEC, &q->then_timeout_usec) < 0 ||
             q->then_timeout_usec == 0))
                return usage_error(q, progress,
                                   "'%.64s' is no time: --then-timeout wants seconds, more than 0 "
                                   "and at most a day",
                                   q->then_timeout);
        return EXIT_STATUS_SUCCESS;
}

static ExitStatus check_arguments(Progress *progress, RecoverRequest *q) {
        ExitStatus status;
        int stage = STAGE_ROM;
        char list[SOC_WORD_LIST_LEN_MAX];

        if (!q->soc)
                return usage_error(q, progress, "which SoC? known: %s", soc_word_list(list));
        status = check_ports(progress, q);
        if (q->is_all)
                q->port = NULL;
        if (status == EXIT_STATUS_SUCCESS)
                status = check_number_of_boards(progress, q);
        if (status == EXIT_STATUS_SUCCESS)
                status = check_then(progress, q);
        q->n_retries = RETRIES_DEFAULT;
        if (status == EXIT_STATUS_SUCCESS)
                status = check_number(progress, q, "retry", q->retry, 0, STATION_RETRIES_MAX,
                                      &q->n_retries);
        q->n_max = RECOVER_REQUEST_MAX_MAX;
        if (status == EXIT_STATUS_SUCCESS)
                status = check_number(progress, q, "max", q->max, 1, RECOVER_REQUEST_MAX_MAX,
                                      &q->n_max);
        if (status != EXIT_STATUS_SUCCESS)
                return status;

        if (q->stage)
                stage = stage_from_string(q->stage);
        if (stage < 0)
                return usage_error(q, progress, "unknown stage '%.64s'; known: rom, spl", q->stage);
        q->first_stage = (Stage) stage;

        q->timeout_usec = q->is_once ? QUIET_DEFAULT_USEC : USEC_INFINITY;
        if (q->timeout && (parse_seconds(q->timeout, TIMEOUT_MAX_USEC, &q->timeout_usec) < 0 ||
                           q->timeout_usec == 0))
                return usage_error(q, progress,
                                   "'%.64s' is no time: --timeout wants seconds, more than 0 and "
                                   "at most a year",
                                   q->timeout);

        return EXIT_STATUS_SUCCESS;
}

/* What the configurations say; --spl and --u-boot override it. */
static ExitStatus read_configs(Progress *progress, RecoverRequest *q) {
        for (size_t i = 0; i < q->n_configs; i++) {
                _cleanup_free_ char *reason = NULL;
                int r;

                r = firmware_config_add(&q->config, q->configs[i], &reason);
                if (r >= 0)
                        continue;
                if (!reason)
                        return verb_out_of_memory(progress);
                progress_error(progress, "%s", reason);
                return EXIT_STATUS_USAGE;
        }
        return EXIT_STATUS_SUCCESS;
}

/* The file of @kind that is to be sent, by what the user said; NULL: nobody has named one. */
static const char *choose_path(Progress *progress, const RecoverRequest *q, FirmwareKind kind,
                               const char *option) {
        if (option)
                return option;
        if (q->config.notes[kind])
                progress_note(progress, "%s", q->config.notes[kind]);
        return q->config.paths[kind];
}

static ExitStatus missing_file(Progress *progress, const RecoverRequest *q, FirmwareKind kind) {
        const char *key = firmware_yaml_get_key(kind);

        if (!q->config.place)
                return usage_error(q, progress,
                                   "--%s FILE is missing (or -f BOARD.yaml, which names it)", key);
        progress_error(progress,
                       "%s: no '%s' here; expected '%s:' with 'path: FILE' below it, or --%s FILE",
                       q->config.place, key, key, key);
        return EXIT_STATUS_USAGE;
}

static ExitStatus choose_files(Progress *progress, RecoverRequest *q) {
        ExitStatus status;

        status = read_configs(progress, q);
        if (status != EXIT_STATUS_SUCCESS)
                return status;

        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++) {
                q->paths[kind] = choose_path(progress, q, kind, q->paths[kind]);
                if (!q->paths[kind] && q->needs_files &&
                    (kind != FIRMWARE_SPL || q->first_stage == STAGE_ROM))
                        return missing_file(progress, q, kind);
        }
        return EXIT_STATUS_SUCCESS;
}

ExitStatus recover_request_parse(RecoverRequest *q, char *const *argv, Progress *progress) {
        ExitStatus status;

        assert(q);
        assert(q->verb);
        assert(argv);
        assert(progress);

        status = read_arguments(argv, progress, q);
        if (status != EXIT_STATUS_SUCCESS || q->want_help)
                return status;
        if (q->station) {
                status = recover_station_load(q, progress);
                if (status != EXIT_STATUS_SUCCESS)
                        return status;
        }
        status = check_arguments(progress, q);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        if (q->station)
                recover_station_fill(q);
        return choose_files(progress, q);
}

int recover_request_open_file(RecoverRequest *q, FirmwareKind kind, char **ret_reason) {
        int r;

        assert(q);
        assert(kind < _FIRMWARE_KIND_MAX);
        assert(q->paths[kind]);
        assert(!q->images[kind]);

        r = firmware_open(kind, q->paths[kind], q->soc, ret_reason, &q->images[kind]);
        if (r < 0)
                return r;
        firmware_make_names_distinct(q->images[FIRMWARE_SPL], q->images[FIRMWARE_U_BOOT]);
        return 0;
}

/* A configuration that is written out on the command line is no file, and no harm. */
#define INPUTS_MAX (_FIRMWARE_KIND_MAX + RECOVER_REQUEST_CONFIGS_MAX + 1)

static size_t list_inputs(const RecoverRequest *q, const char *inputs[static INPUTS_MAX]) {
        size_t n = 0;

        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                inputs[n++] = q->paths[kind];
        for (size_t i = 0; i < q->n_configs; i++)
                inputs[n++] = q->configs[i];
        inputs[n++] = q->record_path;
        return n;
}

int recover_request_check_then(const RecoverRequest *q, char **ret_reason) {
        assert(q);
        assert(ret_reason);

        *ret_reason = NULL;
        if (!q->then || q->station)
                return 0;
        return then_command_check(q->then[0], getenv("PATH"), ret_reason);
}

int recover_request_check_capture(const RecoverRequest *q, char **ret_reason) {
        const char *inputs[INPUTS_MAX];

        assert(q);

        if (!q->capture_path)
                return 0;
        return capture_check(q->capture_path, inputs, list_inputs(q, inputs), ret_reason);
}

int recover_request_open_capture(RecoverRequest *q, Progress *progress, char **ret_reason) {
        const char *inputs[INPUTS_MAX];

        assert(q);
        assert(!q->capture);

        if (!q->capture_path)
                return 0;
        return capture_open(q->capture_path, inputs, list_inputs(q, inputs), progress, ret_reason,
                            &q->capture);
}
