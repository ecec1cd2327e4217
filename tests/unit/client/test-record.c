/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "record.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check-main.h"
#include "fd-util.h"
#include "record-file.h"

static char folder[64], path[96];
static char content[4 << 20];
static unsigned n_data_syncs, n_folder_syncs;
static uint64_t usec_per_look; /* 0: the real time */

int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
uint64_t __wrap_now_usec(void);
uint64_t __real_now_usec(void);

int __wrap_fdatasync(int fd) {
        n_data_syncs++;
        return 0;
}

int __wrap_fsync(int fd) {
        struct stat st;

        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert(S_ISDIR(st.st_mode));
        n_folder_syncs++;
        return 0;
}

uint64_t __wrap_now_usec(void) {
        static uint64_t now;

        return usec_per_look > 0 ? now += usec_per_look : __real_now_usec();
}

static void set_up(void) {
        (void) stpcpy(folder, "/tmp/test-record-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) snprintf(path, sizeof(path), "%s/record.jsonl", folder);
}

static void tear_down(void) {
        char command[128];

        (void) snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
        ck_assert_int_eq(system(command), 0);
}

static const char *read_record(void) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        ck_assert_int_ge(fd, 0);
        n = read(fd, content, sizeof(content) - 1);
        ck_assert_int_ge(n, 0);
        content[n] = '\0';
        fd_close(fd);
        return content;
}

static void write_record(const char *text, size_t len) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, len), (ssize_t) len);
        fd_close(fd);
}

static void append(const char *line) {
        _cleanup_free_ char *reason = NULL;

        ck_assert_int_eq(record_file_append(path, line, strlen(line), &reason), 0);
        ck_assert_ptr_null(reason);
}

static void check_fails(const char *line, int error, const char *sentence) {
        _cleanup_free_ char *reason = NULL;

        ck_assert_int_eq(record_file_append(path, line, strlen(line), &reason), error);
        ck_assert_ptr_nonnull(reason);
        ck_assert_msg(strstr(reason, sentence), "%s", reason);
}

/* --- lines ------------------------------------------------------------------------------------ */

static const uint8_t asic_id[] = {0x01, 0x05, 0x01, 0xAB, 0xff};

static const RecordImage images[] = {
        {.role = "spl", .name = "MLO", .size = 109736, .sha256 = "e3b0c442"},
        {.role = "u-boot", .name = "u-boot.img", .size = 755576, .sha256 = "ba7816bf"},
};

static const RecordStage stages[] = {
        {
                .stage = STAGE_ROM,
                .times_usec = {1000000, 1744400, 1743900, 1746000, 1760000, 2909999},
                .n_requests = 2,
                .n_blocks = 215,
                .n_bytes = 109736,
                .n_retransmissions = 3,
        },
        {.stage = STAGE_SPL, .times_usec = {[RECORD_TIME_PLUG] = 3639000}, .n_requests = 1},
};

static const RecordThen then = {.exit_status = 7};

static RecordAttempt make_attempt(void) {
        return (RecordAttempt){
                .realtime_usec = UINT64_C(1795440306789000),
                .begin_usec = 1000000,
                .end_usec = 5412345,
                .id_path = "pci-0000:00:14.0-usb-0:1.4",
                .port = "1-1.4",
                .soc = "am335x",
                .asic_id = asic_id,
                .asic_id_size = sizeof(asic_id),
                .images = images,
                .n_images = ELEMENTSOF(images),
                .stages = stages,
                .n_stages = ELEMENTSOF(stages),
                .result = RECORD_RESULT_FAILED,
                .diagnosis = "spl-silent",
                .diagnosis_text = "the SPL never asked for an address (DHCP)",
                .then = &then,
        };
}

START_TEST(test_line_tells_everything) {
        RecordAttempt attempt = make_attempt();
        _cleanup_free_ char *line = NULL;
        size_t len = 0;

        ck_assert_int_eq(record_format(&attempt, &line, &len), 0);
        ck_assert_str_eq(
                line,
                "{\"schema\":\"snagctl-record/1\",\"time\":\"2026-11-23T13:25:06.789000Z\","
                "\"path\":\"pci-0000:00:14.0-usb-0:1.4\",\"port\":\"1-1.4\",\"soc\":\"am335x\","
                "\"asic_id\":\"010501abff\",\"images\":["
                "{\"role\":\"spl\",\"name\":\"MLO\",\"bytes\":109736,\"sha256\":\"e3b0c442\"},"
                "{\"role\":\"u-boot\",\"name\":\"u-boot.img\",\"bytes\":755576,\"sha256\":\"ba7816bf\"}"
                "],\"stages\":["
                "{\"stage\":\"rom\",\"plug_ms\":0,\"link_ready_ms\":744,\"first_request_ms\":743,"
                "\"first_answer_ms\":746,\"first_block_ms\":760,\"last_block_ms\":1909,"
                "\"requests\":2,\"blocks\":215,\"bytes\":109736,\"retransmissions\":3},"
                "{\"stage\":\"spl\",\"plug_ms\":2639,\"link_ready_ms\":null,\"first_request_ms\":null,"
                "\"first_answer_ms\":null,\"first_block_ms\":null,\"last_block_ms\":null,"
                "\"requests\":1,\"blocks\":0,\"bytes\":0,\"retransmissions\":0}"
                "],\"result\":\"failed\",\"diagnosis\":{\"name\":\"spl-silent\",\"text\":"
                "\"the SPL never asked for an address (DHCP)\"},\"seconds\":4.412,"
                "\"then\":{\"exit_status\":7}}\n");
        ck_assert_uint_eq(len, strlen(line));
}
END_TEST

START_TEST(test_line_of_what_is_not_known) {
        RecordAttempt attempt = {.result = RECORD_RESULT_INTERRUPTED,
                                 .then = &(RecordThen){.signal_number = 9}};
        _cleanup_free_ char *line = NULL;
        size_t len = 0;

        ck_assert_int_eq(record_format(&attempt, &line, &len), 0);
        ck_assert_str_eq(
                line, "{\"schema\":\"snagctl-record/1\",\"time\":\"1970-01-01T00:00:00.000000Z\","
                      "\"path\":null,\"port\":null,\"soc\":null,\"asic_id\":null,\"images\":[],"
                      "\"stages\":[],\"result\":\"interrupted\",\"diagnosis\":null,"
                      "\"seconds\":0.000,\"then\":{\"signal\":9}}\n");
        free(TAKE_PTR(line));
        attempt.then = NULL;
        ck_assert_int_eq(record_format(&attempt, &line, &len), 0);
        ck_assert_ptr_nonnull(strstr(line, "\"then\":null}\n"));
}
END_TEST

/* Whatever is in the strings: one line of JSON, of bounded length. */
START_TEST(test_line_of_nasty_strings) {
        static const char *const strings[] = {"a\nb\r\"\\/\x1b[2J", "\xff\xfe\xc3", "\xe2\x80\xae",
                                              ""};
        _cleanup_free_ char *line = NULL;
        static RecordStage many[RECORD_STAGES_MAX + 5];
        static RecordImage crowd[20];
        static char quotes[5000];
        static uint8_t id[1000];
        RecordAttempt attempt = make_attempt();
        size_t len = 0;

        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                json_object *o;

                attempt.diagnosis_text = attempt.soc = strings[i];
                ck_assert_int_eq(record_format(&attempt, &line, &len), 0);
                ck_assert_uint_eq(strcspn(line, "\n"), len - 1);
                ck_assert_ptr_null(strchr(line, '\x1b'));
                o = json_tokener_parse(line);
                ck_assert_ptr_nonnull(o);
                json_object_put(o);
                free(TAKE_PTR(line));
        }

        memset(quotes, '"', sizeof(quotes) - 1);
        for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
                crowd[i] = (RecordImage){quotes, quotes, UINT64_MAX, quotes};
        for (size_t i = 0; i < ELEMENTSOF(many); i++) {
                many[i] = (RecordStage){STAGE_SPL,  {},         UINT64_MAX,
                                        UINT64_MAX, UINT64_MAX, UINT64_MAX};
                for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                        many[i].times_usec[time] = UINT64_MAX;
        }
        attempt = (RecordAttempt){
                .realtime_usec = UINT64_MAX,
                .end_usec = UINT64_MAX,
                .id_path = quotes,
                .port = quotes,
                .soc = quotes,
                .asic_id = id,
                .asic_id_size = sizeof(id),
                .images = crowd,
                .n_images = ELEMENTSOF(crowd),
                .stages = many,
                .n_stages = ELEMENTSOF(many),
                .diagnosis = quotes,
                .diagnosis_text = quotes,
                .then = &(RecordThen){.exit_status = 255},
        };
        ck_assert_int_eq(record_format(&attempt, &line, &len), 0);
        ck_assert_uint_le(len, RECORD_LINE_MAX);
        ck_assert_uint_eq(len, strlen(line));
}
END_TEST

/* --- the file --------------------------------------------------------------------------------- */

START_TEST(test_append_creates_and_syncs) {
        _cleanup_free_ char *reason = NULL;
        RecordAttempt attempt = make_attempt();

        ck_assert_int_eq(record_prepare(path, &reason), 0);
        ck_assert_str_eq(read_record(), "");
        ck_assert_int_eq(record_append(path, &attempt, &reason), 0);
        ck_assert_uint_eq(n_data_syncs, 1);
        ck_assert_uint_eq(n_folder_syncs, 1);
        append("two\n");
        ck_assert_uint_eq(n_data_syncs, 2);
        ck_assert_uint_eq(n_folder_syncs, 1);
        ck_assert_int_eq(record_prepare(path, &reason), 0);
        ck_assert_ptr_nonnull(strstr(read_record(), "7}}\ntwo\n"));
        ck_assert_ptr_null(reason);
}
END_TEST

/* What a power cut left behind stays as it is, alone in its line. */
START_TEST(test_torn_line_stays_alone) {
        static const char torn[] = "one\n{\"schema\":\"snagc";
        static const char zeros[] = "one\n\0\0\0\0";

        write_record(torn, STRLEN("one\n{\"schema\":\"snagc"));
        append("three\n");
        append("four\n");
        ck_assert_str_eq(read_record(), "one\n{\"schema\":\"snagc\nthree\nfour\n");

        write_record(zeros, sizeof(zeros) - 1);
        append("three\n");
        (void) read_record();
        ck_assert_int_eq(memcmp(content, "one\n\0\0\0\0\nthree\n", 15), 0);
}
END_TEST

static int prepare(const char *content_before, size_t len) {
        _cleanup_free_ char *reason = NULL;
        int r;

        write_record(content_before, len);
        r = record_prepare(path, &reason);
        ck_assert_int_eq(reason != NULL, r < 0);
        (void) read_record();
        ck_assert_int_eq(memcmp(content, content_before, len + 1), 0);
        return r;
}

/* 'recover --record u-boot.img' must not cost the image; a first line that a cut tore costs no station. */
START_TEST(test_prepare_refuses_other_files) {
        static const char *const good[] = {
                "", "\n", "{\"sche", "{\"sch\n{\"schema\":", "{\"schema\":\"snagctl-record/1\"}\n"};
        static const char *const others[] = {"\n\r\r\n\034",
                                             "{\"sch\nspl:\n",
                                             "spl:\n  path: x\n",
                                             "{spl: {path: x}}\n",
                                             "{\"schema\":\"snagctl/1\"}\n",
                                             "\x27\x05\x19\x56",
                                             " "};

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                ck_assert_int_eq(prepare(good[i], strlen(good[i])), 0);
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                ck_assert_int_eq(prepare(others[i], strlen(others[i])), -EINVAL);
        ck_assert_int_eq(prepare("\0\0\0\0", 4), 0);
        ck_assert_int_eq(prepare("{\"s\0\0", 5), 0);
}
END_TEST

static void check_checks(const char *name, int expected, const char *sentence) {
        _cleanup_free_ char *reason = NULL;

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        ck_assert_int_eq(record_check(path, &reason), expected);
        ck_assert_int_eq(reason != NULL, expected < 0);
        if (sentence)
                ck_assert_msg(strstr(reason, sentence), "%s", reason);
}

START_TEST(test_check_creates_nothing) {
        _cleanup_free_ char *reason = NULL;

        write_record("[]", 2);
        check_checks("record.jsonl", -EINVAL, "is no record");
        write_record("", 0);
        check_checks("record.jsonl", 0, NULL);
        check_checks("new", 0, NULL);
        ck_assert_int_lt(access(path, F_OK), 0);
        check_checks("none/new", -ENOENT, "cannot open the record");
        check_checks("none/", -ENOENT, "cannot open the record");
        check_checks(".", -EISDIR, "cannot open the record");
        ck_assert_int_eq(record_check("", &reason), -ENOENT);
        ck_assert_ptr_nonnull(reason);
}
END_TEST

static void set_size_limit(rlim_t limit) {
        struct rlimit size = {.rlim_cur = limit, .rlim_max = RLIM_INFINITY};

        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &size), 0);
}

/* A disk that is full in the middle of a line, and one that was full before; and space again. */
START_TEST(test_full_disk_leaves_no_half_line) {
        (void) signal(SIGXFSZ, SIG_IGN);
        append("one\n");
        set_size_limit(7);
        check_fails("two and more\n", -ENOSPC, "cannot write the record");
        ck_assert_str_eq(read_record(), "one\n");
        set_size_limit(4);
        check_fails("two\n", -EFBIG, "File too large");
        ck_assert_str_eq(read_record(), "one\n");
        set_size_limit(RLIM_INFINITY);
        append("two\n");
        ck_assert_str_eq(read_record(), "one\ntwo\n");

        /* The newline that keeps a torn line alone, and nothing else, fits. */
        write_record("torn", 4);
        set_size_limit(5);
        check_fails("three\n", -ENOSPC, "No space left");
        ck_assert_str_eq(read_record(), "torn");
        set_size_limit(RLIM_INFINITY);
}
END_TEST

START_TEST(test_file_may_be_taken_away) {
        char old[128];

        append("one\n");
        (void) snprintf(old, sizeof(old), "%s.1", path);
        ck_assert_int_eq(rename(path, old), 0);
        append("two\n");
        ck_assert_str_eq(read_record(), "two\n");
}
END_TEST

START_TEST(test_refuses_what_is_no_file) {
        _cleanup_free_ char *reason = NULL;

        (void) snprintf(path, sizeof(path), "%s", folder);
        check_fails("x\n", -EISDIR, "Is a directory");
        (void) snprintf(path, sizeof(path), "%s/none/record", folder);
        check_fails("x\n", -ENOENT, "cannot open the record");
        (void) snprintf(path, sizeof(path), "%s/fifo", folder);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        check_fails("x\n", -EINVAL, "not a regular file");
        (void) stpcpy(path, "/dev/null");
        check_fails("x\n", -EINVAL, "not a regular file");
        (void) stpcpy(path, "-");
        check_fails("x\n", -EINVAL, "standard output");
        ck_assert_int_eq(record_prepare(path, &reason), -EINVAL);
        ck_assert_ptr_nonnull(reason);
}
END_TEST

START_TEST(test_lock_of_another_is_not_waited_for_for_ever) {
        int fd;

        append("one\n");
        fd = open(path, O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(flock(fd, LOCK_EX), 0);
        usec_per_look = USEC_PER_SEC;
        check_fails("two\n", -EBUSY, "another process holds its lock");
        ck_assert_str_eq(read_record(), "one\n");
        fd_close(fd);
        append("two\n");
        ck_assert_str_eq(read_record(), "one\ntwo\n");
}
END_TEST

#define N_LINES 1000

/* Long and short lines of one writer, each of which says whose it is and how long. */
static void write_lines(char who) {
        static char line[5000];

        for (unsigned i = 0; i < N_LINES; i++) {
                int len = snprintf(line, sizeof(line), "%c %u ", who, i);

                while (len < (int) (20 + i * 37 % 900))
                        line[len++] = who;
                line[len++] = '\n';
                line[len] = '\0';
                append(line);
        }
}

START_TEST(test_two_processes_append) {
        unsigned next[2] = {};
        int wait_status;
        char *line, *at;
        pid_t pid;

        pid = fork();
        ck_assert_int_ge(pid, 0);
        write_lines(pid == 0 ? 'a' : 'b');
        if (pid == 0)
                _exit(0);
        ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
        ck_assert_int_eq(wait_status, 0);

        (void) read_record();
        for (at = content; (line = strsep(&at, "\n")) && *line;) {
                unsigned *n = &next[line[0] == 'b'];
                char who = line[0], number[16];
                const char *padding;

                ck_assert(who == 'a' || who == 'b');
                (void) snprintf(number, sizeof(number), "%u ", *n);
                ck_assert_int_eq(strncmp(line + 2, number, strlen(number)), 0);
                padding = line + 2 + strlen(number);
                ck_assert_uint_eq(strspn(padding, (char[]){who, '\0'}), strlen(padding));
                ck_assert_uint_ge(strlen(line), 20 + *n * 37 % 900);
                (*n)++;
        }
        ck_assert_uint_eq(next[0], N_LINES);
        ck_assert_uint_eq(next[1], N_LINES);
        ck_assert_ptr_null(at);
}
END_TEST

TEST_MAIN_AROUND("record", set_up, tear_down, test_line_tells_everything,
                 test_line_of_what_is_not_known, test_line_of_nasty_strings,
                 test_append_creates_and_syncs, test_torn_line_stays_alone,
                 test_prepare_refuses_other_files, test_check_creates_nothing,
                 test_full_disk_leaves_no_half_line, test_file_may_be_taken_away,
                 test_refuses_what_is_no_file, test_lock_of_another_is_not_waited_for_for_ever,
                 test_two_processes_append)
