/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "fd-util.h"
#include "report-json.h"
#include "report-svg.h"
#include "report-table.h"
#include "station-config.h"
#include "verb.h"

static const char help[] =
        "Usage: snagctl report [FILE…] [--since DATE] [--until DATE] [--svg FILE]\n"
        "\n"
        "Shows what the record of a station tells: how many boards were recovered, on which\n"
        "port and on which day, what takes how long, what goes wrong most, and which port's\n"
        "cable is likely bad. Without FILE: " STATION_RECORD_DIR "/*.jsonl\n"
        "\n"
        "      --since DATE  only attempts of that day (2026-11-23) and later ones\n"
        "      --until DATE  only attempts of that day and earlier ones\n"
        "      --svg FILE    draw a picture of it, too\n"
        "      --help        show this; 'snagctl --help' has the options of all commands\n"
        "\n"
        "Lines that are damaged are skipped and counted.\n"
        "\n"
        "Exit status: 0, also if there are no attempts; 1 failed; 2 usage, or a file that\n"
        "cannot be read.\n";

typedef struct Request {
        const char **files; /* borrowed */
        size_t n_files;
        const char *svg_path;
        uint64_t since_usec, until_usec; /* CLOCK_REALTIME; the second one is not included */
        bool want_help;

        Report *report;
        RecordCounts counts; /* of all files */
        Progress *progress;
} Request;

static void request_done(Request *q) {
        free(q->files);
        report_free(q->report);
}

/* --- the record ------------------------------------------------------------------------------- */

static int on_entry(const RecordEntry *entry, void *userdata) {
        Request *q = userdata;

        if (entry->realtime_usec < q->since_usec || entry->realtime_usec >= q->until_usec)
                return 0;
        return report_add(q->report, entry);
}

static void tell_of_flaws(Request *q, const char *path, const RecordCounts *c) {
        uint64_t n_damaged = c->n_flaws[RECORD_FLAW_NOT_JSON] + c->n_flaws[RECORD_FLAW_TOO_LONG] +
                             c->n_flaws[RECORD_FLAW_INVALID];
        uint64_t n_foreign = c->n_flaws[RECORD_FLAW_FOREIGN];

        if (n_damaged > 0)
                progress_warning(q->progress,
                                 "'%s': %" PRIu64 " damaged line%s skipped (no JSON: %" PRIu64
                                 ", too long: %" PRIu64 ", no sense: %" PRIu64 ")",
                                 path, n_damaged, n_damaged == 1 ? "" : "s",
                                 c->n_flaws[RECORD_FLAW_NOT_JSON], c->n_flaws[RECORD_FLAW_TOO_LONG],
                                 c->n_flaws[RECORD_FLAW_INVALID]);
        if (n_foreign > 0)
                progress_warning(q->progress,
                                 "'%s': %" PRIu64 " line%s of another program or version skipped",
                                 path, n_foreign, n_foreign == 1 ? "" : "s");
        if (c->n_flaws[RECORD_FLAW_TORN] > 0)
                progress_note(
                        q->progress,
                        "'%s': its last line is not whole, and skipped: the power was cut, or "
                        "it is being written",
                        path);
        if (c->first_flaw_line > 0)
                progress_detail(q->progress, "'%s': the first one is line %" PRIu64, path,
                                c->first_flaw_line);

        for (RecordFlaw flaw = 0; flaw < _RECORD_FLAW_MAX; flaw++)
                q->counts.n_flaws[flaw] += c->n_flaws[flaw];
}

/* Anything that can be read, unlike an image: a pipe from a decompressor, too. */
static ExitStatus read_file(Request *q, const char *path) {
        _cleanup_(record_reader_freep) RecordReader *reader = NULL;
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (streq(path, "-")) {
                progress_error(q->progress, "'-': name a file; standard input is '/dev/stdin'");
                return EXIT_STATUS_USAGE;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0) {
                progress_error(q->progress, "cannot open '%s': %s", path, strerror(errno));
                return EXIT_STATUS_USAGE;
        }

        r = record_reader_new(on_entry, q, &reader);
        if (r >= 0)
                r = record_reader_read(reader, fd);
        if (r == -ENOMEM)
                return verb_out_of_memory(q->progress);
        if (r < 0) {
                progress_error(q->progress, "cannot read '%s': %s", path, strerror(-r));
                return EXIT_STATUS_USAGE;
        }
        tell_of_flaws(q, path, record_reader_get_counts(reader));
        return EXIT_STATUS_SUCCESS;
}

static ExitStatus read_files(Request *q, char *const *paths, size_t n) {
        ExitStatus status = EXIT_STATUS_SUCCESS;

        for (size_t i = 0; i < n && status == EXIT_STATUS_SUCCESS; i++)
                status = read_file(q, paths[i]);
        return status;
}

static ExitStatus read_station_files(Request *q) {
        ExitStatus status;
        glob_t found = {};

        switch (glob(STATION_RECORD_DIR "/*.jsonl", 0, NULL, &found)) {
        case 0:
                status = read_files(q, found.gl_pathv, found.gl_pathc);
                break;
        case GLOB_NOSPACE:
                status = verb_out_of_memory(q->progress);
                break;
        default:
                progress_error(q->progress, "there is no record in " STATION_RECORD_DIR
                                            "; name a file: snagctl report FILE");
                status = EXIT_STATUS_USAGE;
                break;
        }
        globfree(&found);
        return status;
}

/* --- the picture ------------------------------------------------------------------------------ */

/* 'snagctl report --svg bench.jsonl' must not cost the record. */
static bool may_replace(const char *path) {
        char head[STRLEN(REPORT_SVG_MAGIC)];
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        ssize_t n;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return true; /* nothing gets lost; if it cannot be written, that will be said */
        n = pread(fd, head, sizeof(head), 0);
        return n <= 0 || (n == sizeof(head) && memcmp(head, REPORT_SVG_MAGIC, sizeof(head)) == 0);
}

static ExitStatus check_svg_path(const Request *q) {
        if (!q->svg_path)
                return EXIT_STATUS_SUCCESS;
        if (streq(q->svg_path, "-")) {
                progress_error(q->progress,
                               "'-': standard output has the table; name a file for the picture");
                return EXIT_STATUS_USAGE;
        }
        if (!may_replace(q->svg_path)) {
                progress_error(
                        q->progress,
                        "'%s' is there, and is no picture of ours: remove it, or name another "
                        "file",
                        q->svg_path);
                return EXIT_STATUS_USAGE;
        }
        return EXIT_STATUS_SUCCESS;
}

static ExitStatus write_picture(const Request *q, const ReportSummary *summary) {
        _cleanup_free_ char *picture = NULL;
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (report_svg_format(summary, &picture) < 0)
                return verb_out_of_memory(q->progress);
        fd = open(q->svg_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
        if (fd < 0) {
                progress_error(q->progress, "cannot open '%s': %s", q->svg_path, strerror(errno));
                return EXIT_STATUS_FAILED;
        }
        r = fd_write_all(fd, picture, strlen(picture));
        if (r < 0) {
                progress_error(q->progress, "cannot write '%s': %s", q->svg_path, strerror(-r));
                return EXIT_STATUS_FAILED;
        }
        return EXIT_STATUS_SUCCESS;
}

/* --- the command ------------------------------------------------------------------------------ */

/* To people as a table, to programs as an event. */
static int show(const Request *q, const ReportSummary *summary) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (!progress_is_json(q->progress))
                return report_table_print(summary, q->progress);

        r = report_json_make(summary, &q->counts, &o);
        if (r < 0)
                return r;
        progress_event(q->progress, "report", EVENT_FIELDS(EVENT_OBJECT("report", o)));
        return 0;
}

static ExitStatus report(Request *q) {
        const ReportSummary *summary = NULL;
        ExitStatus status;

        status = check_svg_path(q);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        if (report_new(&q->report) < 0)
                return verb_out_of_memory(q->progress);
        status = q->n_files > 0 ? read_files(q, (char *const *) q->files, q->n_files)
                                : read_station_files(q);
        if (status != EXIT_STATUS_SUCCESS)
                return status;

        if (report_finish(q->report, &summary) < 0 || show(q, summary) < 0)
                return verb_out_of_memory(q->progress);
        return q->svg_path ? write_picture(q, summary) : EXIT_STATUS_SUCCESS;
}

/* *@ret_usec: when that day begins here, or the day @n_days later. Returns false if it is none. */
static bool parse_date(const char *date, int n_days, uint64_t *ret_usec) {
        char clock[RECORD_CLOCK_LEN + 1];
        struct tm day = {};
        uint64_t usec = 0;
        time_t seconds;

        (void) snprintf(clock, sizeof(clock), "%.10sT00:00:00.000000Z", date);
        if (strlen(date) != REPORT_DATE_LEN || record_clock_parse(clock, &usec) < 0)
                return false;

        seconds = (time_t) (usec / USEC_PER_SEC);
        if (!gmtime_r(&seconds, &day))
                return false;
        day.tm_mday += n_days;
        day.tm_isdst = -1;
        seconds = mktime(&day);
        *ret_usec = seconds > 0 ? (uint64_t) seconds * USEC_PER_SEC : 0;
        return true;
}

static ExitStatus take_date(Request *q, const char *value, int n_days, uint64_t *ret_usec) {
        char complaint[128];

        if (parse_date(value, n_days, ret_usec))
                return EXIT_STATUS_SUCCESS;
        (void) snprintf(complaint, sizeof(complaint), "'%.64s' is no date; give one as 2026-11-23",
                        value);
        return verb_usage_error(q->progress, "report", complaint);
}

enum {
        OPTION_HELP,
        OPTION_SINCE,
        OPTION_SVG,
        OPTION_UNTIL,
};

static ExitStatus parse(Request *q, char *const *argv) {
        static const Option options[] = {
                {OPTION_HELP, "help", NULL},
                {OPTION_SINCE, "since", "DATE"},
                {OPTION_SVG, "svg", "FILE"},
                {OPTION_UNTIL, "until", "DATE"},
                VERB_OPTIONS,
                {},
        };
        Arguments arguments = {.next = argv, .options = options};
        ExitStatus status = EXIT_STATUS_SUCCESS;

        while (status == EXIT_STATUS_SUCCESS) {
                _cleanup_free_ char *complaint = NULL;
                const char *value = NULL;

                switch (verb_next_argument(&arguments, q->progress, &value, &complaint)) {
                case OPTION_HELP:
                        q->want_help = true;
                        return EXIT_STATUS_SUCCESS;
                case OPTION_SINCE:
                        status = take_date(q, value, 0, &q->since_usec);
                        break;
                case OPTION_SVG:
                        q->svg_path = value;
                        break;
                case OPTION_UNTIL:
                        status = take_date(q, value, 1, &q->until_usec);
                        break;
                case ARGUMENT_OPERAND:
                        q->files[q->n_files++] = value;
                        break;
                case ARGUMENT_END:
                        return EXIT_STATUS_SUCCESS;
                default:
                        return complaint ? verb_usage_error(q->progress, "report", complaint)
                                         : verb_out_of_memory(q->progress);
                }
        }
        return status;
}

ExitStatus verb_report(char *const *argv, Progress *progress) {
        _cleanup_(request_done) Request q = {.until_usec = UINT64_MAX, .progress = progress};
        ExitStatus status;
        size_t n = 0;

        while (argv[n])
                n++;
        q.files = calloc(n + 1, sizeof(char *));
        if (!q.files)
                return verb_out_of_memory(progress);

        status = parse(&q, argv);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        if (q.want_help) {
                progress_result_text(progress, help);
                return EXIT_STATUS_SUCCESS;
        }
        return report(&q);
}
