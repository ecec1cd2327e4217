/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "capture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "capture-frame.h"
#include "check-main.h"
#include "fd-util.h"
#include "pcapng.h"

#define BLOCK_SECTION   0x0A0D0D0Au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
#define PACKET_DATA     28u /* where the frame begins in the block */
#define BLOCKS_MAX      64u

static char folder[64];
static Progress *progress;
static int err_fd;

/* The file as it is now, cut into its blocks. */
static uint8_t file[65536];
static size_t file_size, n_blocks, block_at[BLOCKS_MAX];

static const char *in_folder(const char *name) {
        static char paths[16][128];
        static unsigned next;
        char *path = paths[next++ % ELEMENTSOF(paths)];

        (void) snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
        return path;
}

static void set_up(void) {
        (void) stpcpy(folder, "/tmp/test-capture-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        err_fd = memfd_create("err", MFD_CLOEXEC);
        ck_assert_int_eq(progress_new(err_fd, err_fd, &progress), 0);
}

static void tear_down(void) {
        char command[128];

        progress = progress_free(progress);
        err_fd = fd_close(err_fd);
        (void) snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
        ck_assert_int_eq(system(command), 0);
}

static void write_text(const char *name, const char *text) {
        int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        fd_close(fd);
}

static void check_text(const char *name, const char *text) {
        char buffer[256] = {};
        int fd = open(in_folder(name), O_RDONLY | O_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_ge(read(fd, buffer, sizeof(buffer) - 1), 0);
        ck_assert_str_eq(buffer, text);
        fd_close(fd);
}

static uint32_t get_u32(size_t at) {
        ck_assert_uint_le(at + 4, file_size);
        return (uint32_t) file[at] | (uint32_t) file[at + 1] << 8 | (uint32_t) file[at + 2] << 16 |
               (uint32_t) file[at + 3] << 24;
}

/* Every block is whole, and the last one ends the file. */
static void read_blocks(const char *path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, file, sizeof(file));

        ck_assert_int_gt(n, 0);
        fd_close(fd);
        file_size = (size_t) n;
        n_blocks = 0;
        for (size_t at = 0; at < file_size;) {
                uint32_t len = get_u32(at + 4);

                ck_assert_uint_ge(len, 12);
                ck_assert_uint_eq(len % 4, 0);
                ck_assert_uint_eq(get_u32(at + len - 4), len);
                ck_assert_uint_lt(n_blocks, BLOCKS_MAX);
                block_at[n_blocks++] = at;
                at += len;
        }
        ck_assert_uint_ge(n_blocks, 2);
        ck_assert_uint_eq(get_u32(block_at[0]), BLOCK_SECTION);
        ck_assert_uint_eq(get_u32(block_at[1]), BLOCK_INTERFACE);
        for (size_t i = 2; i < n_blocks; i++)
                ck_assert_uint_eq(get_u32(block_at[i]), BLOCK_PACKET);
}

static bool block_has(size_t i, const void *bytes, size_t len) {
        return memmem(file + block_at[i], get_u32(block_at[i] + 4), bytes, len) != NULL;
}

#define ck_assert_block_has(i, text) ck_assert(block_has((i), (text), strlen(text)))

/* The frame in the block behind the first two, and what is known of it. */
static const uint8_t *frame_of(size_t i) {
        return file + block_at[2 + i] + PACKET_DATA;
}

static uint32_t direction_of(size_t i) {
        size_t at = block_at[2 + i], len = get_u32(at + 20);

        at += PACKET_DATA + (len + 3) / 4 * 4;
        ck_assert_uint_eq(get_u32(at), 4 << 16 | 2);
        return get_u32(at + 4);
}

static void check_said(const char *text, unsigned n_times) {
        char said[4096] = {};
        unsigned n = 0;

        ck_assert_int_ge(pread(err_fd, said, sizeof(said) - 1, 0), 0);
        for (const char *at = said; (at = strstr(at, text)); at++)
                n++;
        ck_assert_msg(n == n_times, "%u times in: %s", n, said);
}

static void check_silent(void) {
        struct stat st;

        ck_assert_int_eq(fstat(err_fd, &st), 0);
        ck_assert_int_eq(st.st_size, 0);
}

static Capture *open_capture(const char *path) {
        char *reason = NULL;
        Capture *c = NULL;
        int r = capture_open(path, NULL, 0, progress, &reason, &c);

        ck_assert_msg(r == 0, "%s", reason);
        return c;
}

/* capture_check() and capture_open() say the same. */
static void check_refused(const char *path, const char *const *inputs, size_t n_inputs,
                          const char *reason_part) {
        Capture *c = (Capture *) folder; /* untouched */
        char *reasons[2] = {};

        ck_assert_int_lt(capture_check(path, inputs, n_inputs, &reasons[0]), 0);
        ck_assert_int_lt(capture_open(path, inputs, n_inputs, progress, &reasons[1], &c), 0);
        ck_assert_ptr_eq(c, folder);
        ck_assert_ptr_nonnull(reasons[0]);
        ck_assert_str_eq(reasons[0], reasons[1]);
        ck_assert_msg(strstr(reasons[0], reason_part), "'%s' is not in: %s", reason_part,
                      reasons[0]);
        free(reasons[0]);
        free(reasons[1]);
}

static struct sockaddr_in at(uint32_t address, uint16_t port) {
        return (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(address),
                .sin_port = htons(port),
        };
}

#define SERVER 0xc0a80064u
#define BOARD  0xc0a80065u

static void add_data(Capture *c, const char *payload) {
        const struct iovec parts[] = {{(void *) "\0\3\0\1", 4},
                                      {(void *) payload, strlen(payload)}};

        capture_add(c, &(CaptureDatagram){.way = CAPTURE_SENT,
                                          .source = at(SERVER, 50000),
                                          .destination = at(BOARD, 1234),
                                          .parts = parts,
                                          .n_parts = ELEMENTSOF(parts),
                                          .full_len = 4 + strlen(payload),
                                          .comment = "port 1-1, ROM stage"});
}

/* What a board asks for from @chaddr, whose first byte is @first and the others 0x22. */
static void add_bootp(Capture *c, uint8_t op, uint8_t hlen, uint8_t first) {
        uint8_t request[300] = {op, 1, hlen};
        const struct iovec part = {request, sizeof(request)};

        memset(request + 28, 0x22, 6);
        request[28] = first;
        capture_add(c, &(CaptureDatagram){.way = CAPTURE_RECEIVED,
                                          .is_broadcast = true,
                                          .source = at(INADDR_ANY, 68),
                                          .destination = at(INADDR_BROADCAST, 67),
                                          .parts = &part,
                                          .n_parts = 1,
                                          .full_len = sizeof(request),
                                          .comment = "a request"});
}

START_TEST(test_says_what_it_is) {
        const char *path = in_folder("new");
        struct stat st;
        Capture *c;

        umask(0);
        c = open_capture(path);
        /* All of it is there before anything else happens. */
        read_blocks(path);
        ck_assert_uint_eq(n_blocks, 2);
        ck_assert_block_has(0, "snagctl " SNAGD_VERSION);
        ck_assert_block_has(0, "Ethernet, IPv4 and UDP are reconstructed");
        ck_assert_block_has(0, "Linux ");
        ck_assert_block_has(1, "headers are reconstructed");
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
        ck_assert_uint_eq(capture_finish(c), 0);
        capture_free(c);
        capture_free(NULL);
        check_silent();
}
END_TEST

START_TEST(test_replaces_an_old_capture) {
        static const char old[] = PCAPNG_MAGIC "the capture of yesterday";
        const char *path = in_folder("old");
        struct stat before, st;
        Capture *c;

        write_text("old", old);
        ck_assert_int_eq(truncate(path, 9000), 0);
        ck_assert_int_eq(stat(path, &before), 0);
        ck_assert_int_eq(symlink("old", in_folder("link")), 0);
        c = open_capture(in_folder("link"));
        check_text("old", old);
        add_data(c, "first");
        read_blocks(path);
        ck_assert_uint_eq(n_blocks, 3);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(st.st_ino, before.st_ino);
        ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
        capture_free(c);
}
END_TEST

/* No board has come: the old one is all there is. */
START_TEST(test_keeps_an_old_capture_without_a_datagram) {
        static const char old[] = PCAPNG_MAGIC "the capture of yesterday";
        Capture *c;

        write_text("old", old);
        c = open_capture(in_folder("old"));
        ck_assert_uint_eq(capture_finish(c), 0);
        capture_free(c);
        check_text("old", old);
        check_silent();
}
END_TEST

START_TEST(test_refuses_what_is_no_capture) {
        static const char *const others[] = {"x", "a letter", "\n\r\r", PCAPNG_MAGIC "more"};

        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                char *reason = NULL, *check_reason = NULL;
                Capture *c = NULL;
                int r;

                write_text("file", others[i]);
                r = capture_open(in_folder("file"), NULL, 0, progress, &reason, &c);
                ck_assert_int_eq(capture_check(in_folder("file"), NULL, 0, &check_reason), r);
                ck_assert_int_eq(r, i < 2 ? -EINVAL : 0);
                ck_assert_int_eq(reason && strstr(reason, "is no capture"), i < 2);
                ck_assert_pstr_eq(reason, check_reason);
                capture_free(c);
                check_text("file", others[i]);
                free(check_reason);
                free(reason);
        }
}
END_TEST

START_TEST(test_adds_datagrams) {
        const char *path = in_folder("new");
        Capture *c = open_capture(path);
        struct timespec now;
        uint64_t nsec;

        add_data(c, "payload");
        /* Each is in the file at once, however the program goes on. */
        read_blocks(path);
        ck_assert_uint_eq(n_blocks, 3);
        ck_assert_uint_eq(get_u32(block_at[2] + 20), 42 + 11);
        ck_assert_uint_eq(get_u32(block_at[2] + 24), 42 + 11);
        ck_assert_mem_eq(frame_of(0), "\2\0\0\0\0\x65\2\0\0\0\0\x64\x08\0", 14);
        ck_assert_mem_eq(frame_of(0) + 26, "\xc0\xa8\0\x64\xc0\xa8\0\x65\xc3\x50\x04\xd2", 12);
        ck_assert_mem_eq(frame_of(0) + CAPTURE_FRAME_HEADERS_LEN, "\0\3\0\1payload", 11);
        ck_assert_block_has(2, "port 1-1, ROM stage");
        ck_assert_uint_eq(direction_of(0), 2);
        ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &now), 0);
        nsec = (uint64_t) get_u32(block_at[2] + 12) << 32 | get_u32(block_at[2] + 16);
        ck_assert_uint_le(nsec, (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec);
        ck_assert_uint_ge(nsec, (uint64_t) (now.tv_sec - 3600) * 1000000000);

        capture_add(c, &(CaptureDatagram){.way = CAPTURE_NOT_SENT,
                                          .source = at(SERVER, 69),
                                          .destination = at(BOARD, 1234),
                                          .comment = "a line\nand \xff"});
        read_blocks(path);
        ck_assert_uint_eq(n_blocks, 4);
        ck_assert_uint_eq(get_u32(block_at[3] + 20), 42);
        ck_assert_uint_eq(direction_of(1), 0);
        ck_assert_block_has(3, "a line?and ?");
        ck_assert_uint_eq(capture_finish(c), 2);
        capture_free(c);
}
END_TEST

/* The buffer was too small for it. */
START_TEST(test_a_datagram_that_was_cut) {
        const char *path = in_folder("new");
        const struct iovec part = {(void *) "beginning", 9};
        Capture *c = open_capture(path);

        capture_add(c, &(CaptureDatagram){.way = CAPTURE_RECEIVED,
                                          .source = at(BOARD, 1234),
                                          .destination = at(SERVER, 69),
                                          .parts = &part,
                                          .n_parts = 1,
                                          .full_len = 60000,
                                          .comment = ""});
        read_blocks(path);
        ck_assert_uint_eq(get_u32(block_at[2] + 20), 42 + 9);
        ck_assert_uint_eq(get_u32(block_at[2] + 24), 42 + 60000);
        ck_assert_uint_eq((unsigned) frame_of(0)[38] << 8 | frame_of(0)[39], 8 + 60000);
        ck_assert_uint_eq(direction_of(0), 1);
        capture_free(c);
}
END_TEST

START_TEST(test_the_largest_datagram) {
        const char *path = in_folder("new");
        uint8_t *payload = calloc(1, 65507);
        char comment[4096];
        const struct iovec part = {payload, 65507};
        Capture *c = open_capture(path);
        struct stat st;

        memset(comment, 'x', sizeof(comment) - 1);
        comment[sizeof(comment) - 1] = '\0';
        capture_add(c, &(CaptureDatagram){.way = CAPTURE_SENT,
                                          .source = at(SERVER, 69),
                                          .destination = at(BOARD, 1234),
                                          .parts = &part,
                                          .n_parts = 1,
                                          .full_len = 65507,
                                          .comment = comment});
        check_silent();
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_gt(st.st_size, 65507 + 4096);
        ck_assert_uint_eq(capture_finish(c), 1);
        capture_free(c);
        free(payload);
}
END_TEST

START_TEST(test_learns_the_boards_mac) {
        static const uint8_t learnt[] = {0x10, 0x22, 0x22, 0x22, 0x22, 0x22},
                             unknown[] = {2, 0, 0, 0, 0, 0x65};
        const char *path = in_folder("new");
        Capture *c = open_capture(path);

        /* What is no request of an Ethernet board teaches nothing, nor does a MAC that nobody has. */
        add_bootp(c, 2, 6, 0x10);
        add_bootp(c, 1, 16, 0x10);
        add_bootp(c, 1, 6, 0x11);
        read_blocks(path);
        for (size_t i = 0; i < 3; i++) {
                ck_assert_mem_eq(frame_of(i), "\xff\xff\xff\xff\xff\xff", 6);
                ck_assert_mem_eq(frame_of(i) + 6, unknown, 6);
        }

        add_bootp(c, 1, 6, 0x10);
        add_data(c, "");
        add_bootp(c, 2, 6, 0x30);
        read_blocks(path);
        ck_assert_mem_eq(frame_of(3) + 6, learnt, 6);
        ck_assert_mem_eq(frame_of(4), learnt, 6);
        ck_assert_mem_eq(frame_of(5) + 6, learnt, 6);
        capture_free(c);
}
END_TEST

START_TEST(test_refuses_what_is_no_file) {
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        check_refused("-", NULL, 0, "standard output");
        check_refused("", NULL, 0, "No such file");
        check_refused(folder, NULL, 0, "is a directory");
        check_refused(in_folder("none/x"), NULL, 0, "No such file");
        check_refused(in_folder("none/"), NULL, 0, "Is a directory");
        check_refused("/dev/full", NULL, 0, "not a regular file");
        ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
        check_refused(in_folder("fifo"), NULL, 0, "not a regular file");
        ck_assert_int_eq(symlink("loop", in_folder("loop")), 0);
        check_refused(in_folder("loop"), NULL, 0, "Too many levels");
        (void) stpcpy(a.sun_path, in_folder("socket"));
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &a, sizeof(a)), 0);
        check_refused(in_folder("socket"), NULL, 0, "not a regular file");
        fd_close(fd);
}
END_TEST

START_TEST(test_refuses_what_may_not_be_written) {
        write_text("theirs", "theirs");
        ck_assert_int_eq(chmod(in_folder("theirs"), 0444), 0);
        ck_assert_int_eq(chmod(folder, 0555), 0);
        if (geteuid() == 0)
                ck_assert_int_eq(seteuid(65534), 0);
        check_refused(in_folder("theirs"), NULL, 0, "cannot write '");
        check_refused(in_folder("new"), NULL, 0, "Permission denied");
        if (getuid() == 0)
                ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(chmod(folder, 0755), 0);
        check_text("theirs", "theirs");
        ck_assert_int_lt(access(in_folder("new"), F_OK), 0);
}
END_TEST

START_TEST(test_never_overwrites_an_input) {
        const char *inputs[] = {NULL, "{'spl': {'path': 'x'}}", in_folder("spl"),
                                in_folder("u-boot")};
        char *reason = NULL;

        write_text("spl", "an SPL");
        write_text("u-boot", "U-Boot");
        ck_assert_int_eq(link(in_folder("spl"), in_folder("hard")), 0);
        ck_assert_int_eq(symlink("u-boot", in_folder("soft")), 0);
        check_refused(in_folder("spl"), inputs, ELEMENTSOF(inputs), "would be overwritten");
        check_refused(in_folder("hard"), inputs, ELEMENTSOF(inputs), "/spl', and would");
        check_refused(in_folder("soft"), inputs, ELEMENTSOF(inputs), "/u-boot', and would");
        check_text("spl", "an SPL");
        check_text("u-boot", "U-Boot");

        write_text("other", PCAPNG_MAGIC "other");
        ck_assert_int_eq(capture_check(in_folder("other"), inputs, ELEMENTSOF(inputs), &reason), 0);
        ck_assert_int_eq(capture_check(in_folder("new"), inputs, ELEMENTSOF(inputs), &reason), 0);
        check_text("other", PCAPNG_MAGIC "other");
        ck_assert_int_lt(access(in_folder("new"), F_OK), 0);
}
END_TEST

START_TEST(test_keeps_off_the_result) {
        int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

        write_text("result", "result\n");
        ck_assert_int_ge(saved, 0);
        ck_assert_int_eq(dup2(open(in_folder("result"), O_WRONLY | O_CLOEXEC), STDOUT_FILENO),
                         STDOUT_FILENO);
        check_refused("/dev/stdout", NULL, 0, "is where the result goes");
        check_refused(in_folder("result"), NULL, 0, "is where the result goes");
        ck_assert_int_eq(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
        check_text("result", "result\n");
}
END_TEST

START_TEST(test_one_recovery_a_file) {
        const char *path = in_folder("new");
        Capture *c = open_capture(path), *other = NULL;
        char *reason = NULL;

        add_data(c, "first");
        ck_assert_int_eq(capture_open(path, NULL, 0, progress, &reason, &other), -EBUSY);
        ck_assert_ptr_nonnull(strstr(reason, "is being written to"));
        free(reason);
        read_blocks(path);
        ck_assert_uint_eq(n_blocks, 3);
        (void) capture_finish(c);
        capture_free(c);
        c = open_capture(path);
        add_data(c, "another");
        capture_free(c);
        read_blocks(path);
        ck_assert_uint_eq(n_blocks, 3);
        ck_assert_block_has(2, "another");
}
END_TEST

static void limit_files(rlim_t size) {
        const struct rlimit limit = {size, RLIM_INFINITY};

        (void) signal(SIGXFSZ, SIG_IGN);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* As a full disk: what fits of a block is written, and then there is no room. */
START_TEST(test_no_room_in_the_middle) {
        const char *path = in_folder("new");
        Capture *c = open_capture(path);
        size_t size;

        add_data(c, "first");
        read_blocks(path);
        size = file_size;
        limit_files(size + 50);
        add_data(c, "second");
        read_blocks(path);
        ck_assert_uint_eq(n_blocks, 3);
        ck_assert_uint_eq(file_size, size);
        check_said("warning: cannot write to '", 1);
        check_said("File too large; the capture ends there, the recovery goes on\n", 1);

        /* Room again, but what lies between is missing: that would be another story. */
        limit_files(RLIM_INFINITY);
        add_data(c, "third");
        read_blocks(path);
        ck_assert_uint_eq(n_blocks, 3);
        ck_assert_uint_eq(capture_finish(c), 1);
        check_said("cannot write", 1);
        capture_free(c);
}
END_TEST

START_TEST(test_no_room_at_all) {
        char *reason = NULL;
        Capture *c = NULL;

        limit_files(100);
        ck_assert_int_eq(capture_open(in_folder("new"), NULL, 0, progress, &reason, &c), -EFBIG);
        ck_assert_ptr_nonnull(strstr(reason, "File too large"));
        ck_assert_ptr_null(c);
        free(reason);
        check_text("new", "");
        check_silent();
}
END_TEST

int main(void) {
        TCase *tcase = tcase_create("capture");
        Suite *suite = suite_create("capture");
        SRunner *runner;
        const TTest *const tests[] = {
                test_says_what_it_is,
                test_replaces_an_old_capture,
                test_keeps_an_old_capture_without_a_datagram,
                test_refuses_what_is_no_capture,
                test_adds_datagrams,
                test_a_datagram_that_was_cut,
                test_the_largest_datagram,
                test_learns_the_boards_mac,
                test_refuses_what_is_no_file,
                test_refuses_what_may_not_be_written,
                test_never_overwrites_an_input,
                test_keeps_off_the_result,
                test_one_recovery_a_file,
                test_no_room_in_the_middle,
                test_no_room_at_all,
        };
        int n_failed;

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        for (size_t i = 0; i < ELEMENTSOF(tests); i++)
                tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        n_failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
