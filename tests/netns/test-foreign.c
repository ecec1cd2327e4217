/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The engines against clients that no one here wrote, over veth and through the daemon's own port
 * rewriting: the server is an unprivileged process on 9067 and 9069 in the session's namespace, the
 * client runs in the board's.
 *
 *     test-foreign curl|tftp-hpa|atftp|udhcpc */

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine-server.h"
#include "netns-test.h"
#include "nft.h"
#include "test-world.h"

#define FILENAME "u-boot.img"
#define URL      "tftp://192.168.0.100/" FILENAME

/* Over 65,535 blocks of 512 bytes, and of 8. */
#define SIZE_OVER_512 (UINT64_C(65536) * 512 + 700)
#define SIZE_OVER_8   (UINT64_C(65536) * 8 + 20)

static const uint64_t sizes[] = {0, 1, 511, 512, 513, 1467, 1468, 1469, 300000};

static uint8_t *image; /* SIZE_OVER_512 bytes */
static EngineStats *stats;
static pid_t server_pid;
static char folder[64];
static char out_path[96];

static void make_image(void) {
        uint32_t x = 1;

        image = mmap(NULL, SIZE_OVER_512, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                     0);
        ck_assert_ptr_ne(image, MAP_FAILED);
        for (size_t i = 0; i < SIZE_OVER_512; i++) {
                x = x * 1664525 + 1013904223;
                image[i] = (uint8_t) (x >> 24);
        }
}

static int configure_board(void *userdata) {
        int r;

        r = test_link_set_up("lo", true);
        if (r < 0)
                return r;
        /* udhcpc begins without an address, as a board does. */
        return userdata ? test_link_add_address("board", "192.168.0.101", "255.255.255.0") : 0;
}

static int install_rewriting(void *userdata) {
        static const NftPortRewrite rewrites[] = {
                {.board_port = 67, .server_port = 9067},
                {.board_port = 69, .server_port = 9069},
        };

        return nft_install_port_rewriting(rewrites, ELEMENTSOF(rewrites));
}

static void set_up_link(bool has_address) {
        world_setup();
        ck_assert_ok(netns_run(world.netns_fd, install_rewriting, NULL));
        world_plug("usb0");
        world_attach();
        world_configure();
        ck_assert_ok(netns_run(world.board_fd, configure_board, has_address ? &world : NULL));

        strcpy(folder, "/tmp/snagd-foreign-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        ck_assert_sys(chmod(folder, 0777));
        snprintf(out_path, sizeof out_path, "%s/out", folder);
        stats = mmap(NULL, sizeof *stats, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0);
        ck_assert_ptr_ne(stats, MAP_FAILED);
        make_image();
}

static void set_up(void) {
        set_up_link(true);
}

static void set_up_without_address(void) {
        set_up_link(false);
}

static void stop_server(void) {
        int status;

        if (server_pid <= 0)
                return;
        ck_assert_sys(kill(server_pid, SIGTERM));
        ck_assert_sys(waitpid(server_pid, &status, 0));
        server_pid = 0;
        /* It must have lived until now. */
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "the server ended: %d",
                      WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void remove_file(const char *name) {
        char path[96];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        (void) unlink(path);
}

static void tear_down(void) {
        stop_server();
        remove_file("out");
        remove_file("part");
        remove_file("script");
        remove_file("log");
        (void) rmdir(folder);
        munmap(image, SIZE_OVER_512);
        munmap(stats, sizeof *stats);
        world_teardown();
}

/* A process without any privilege, holding nothing but sockets of the session's namespace. */
static void start_server(uint64_t size) {
        EngineServer config = {
                .n_slots = 2,
                .filename = FILENAME,
                .data = image,
                .size = size,
                .stats = stats,
        };
        int *fds[] = {&config.bootp_fd, &config.tftp_fd, &config.transfer_fds[0],
                      &config.transfer_fds[1]};
        int ready_fds[2], r;
        char byte;

        stop_server();
        *stats = (EngineStats){};
        ck_assert_sys(pipe2(ready_fds, O_CLOEXEC));
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                ck_assert_ok(netns_open_socket(world.netns_fd, AF_INET, SOCK_DGRAM, 0, fds[i]));
        server_pid = ck_assert_sys(fork());
        if (server_pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                fd_close(ready_fds[0]);
                r = drop_privileges();
                if (r >= 0)
                        r = engine_server_bind(&config, 9067, 9069);
                if (r >= 0 && write(ready_fds[1], "", 1) != 1)
                        r = -errno;
                fd_close(ready_fds[1]);
                _exit(r < 0 ? 99 : -engine_server_run(&config));
        }
        fd_close(ready_fds[1]);
        ck_assert_int_eq(read(ready_fds[0], &byte, 1), 1);
        fd_close(ready_fds[0]);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                fd_close(*fds[i]);
}

static int spawn_shell(void *userdata) {
        pid_t pid = fork();

        if (pid < 0)
                return -errno;
        if (pid == 0) {
                int log_fd;
                char path[96];

                prctl(PR_SET_PDEATHSIG, SIGKILL);
                snprintf(path, sizeof path, "%s/log", folder);
                log_fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
                dup2(log_fd, STDOUT_FILENO);
                dup2(log_fd, STDERR_FILENO);
                if (chdir(folder) < 0)
                        _exit(126);
                execl("/bin/sh", "sh", "-c", (const char *) userdata, NULL);
                _exit(127);
        }
        return pid;
}

/* Runs a command in the board's namespace, in the folder; returns its exit status. A client that
 * hangs ends with 124. */
static int run_client(const char *format, ...) _printf_(1, 2);
static int run_client(const char *format, ...) {
        char command[1024] = "exec timeout 100 ";
        size_t len = strlen(command);
        va_list args;
        int status;
        pid_t pid;

        va_start(args, format);
        vsnprintf(command + len, sizeof command - len, format, args);
        va_end(args);
        pid = ck_assert_ok(netns_run(world.board_fd, spawn_shell, command));
        ck_assert_sys(waitpid(pid, &status, 0));
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The first bytes of a file in the folder. */
static const char *read_text(const char *name) {
        static char text[4096];
        char path[96];
        ssize_t n;
        int fd;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        text[0] = '\0';
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return text;
        n = read(fd, text, sizeof text - 1);
        text[MAX_OF(n, 0)] = '\0';
        fd_close(fd);
        return text;
}

#define assert_client_ok(...)                                                                 \
        do {                                                                                  \
                int _status = run_client(__VA_ARGS__);                                        \
                ck_assert_msg(_status == 0, "exit status %d: %s", _status, read_text("log")); \
        } while (0)

/* The client has the first @size bytes of the image, and nothing else. */
static void assert_received(uint64_t size) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        void *data;

        fd = open(out_path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && size == 0)
                return; /* curl makes no file for nothing */
        ck_assert_int_ge(fd, 0);
        ck_assert_sys(fstat(fd, &st));
        ck_assert_uint_eq((uint64_t) st.st_size, size);
        if (size > 0) {
                data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
                ck_assert_ptr_ne(data, MAP_FAILED);
                ck_assert(memcmp(data, image, size) == 0);
                munmap(data, size);
        }
        ck_assert_sys(unlink(out_path));
}

static void await_count(const unsigned *count, unsigned n) {
        ck_assert_msg(engine_stats_await(count, n, now_usec() + PATIENCE_USEC) == 0,
                      "%u transfers begun, %u ended, state %d", stats->n_tids,
                      stats->n_transfers_ended, stats->transfer.state);
}

/* The server's view of the transfer that ended last. The client is gone before the server has read
 * its last ACK, so this waits. */
static const TftpProgress *await_end(unsigned n) {
        await_count(&stats->n_transfers_ended, n);
        return &stats->transfer;
}

static void assert_done(unsigned n, uint64_t size, unsigned blksize) {
        const TftpProgress *p = await_end(n);

        ck_assert_int_eq(p->state, TFTP_STATE_DONE);
        ck_assert_uint_eq(p->bytes_acked, size);
        ck_assert_uint_eq(p->blksize, blksize);
        ck_assert_uint_eq(p->n_blocks, size / blksize + 1);
}

/* Not "_i": that is check's own. */
#define for_each_size(size)                                        \
        for (size_t _size = 0; _size < ELEMENTSOF(sizes); _size++) \
                for (uint64_t size = sizes[_size], _once = 1; _once > 0; _once = 0)

START_TEST(test_curl_without_options) {
        for_each_size(size) {
                start_server(size);
                assert_client_ok("curl -sS --tftp-no-options -o out " URL);
                assert_received(size);
                assert_done(1, size, 512);
                ck_assert(!stats->transfer.has_options);
        }
}
END_TEST

START_TEST(test_curl_with_options) {
        for_each_size(size) {
                /* curl 7.88 takes a tsize of 0 for an error. */
                if (size == 0)
                        continue;
                start_server(size);
                assert_client_ok("curl -sS --tftp-blksize 1468 -o out " URL);
                assert_received(size);
                assert_done(1, size, 1468);
                ck_assert(stats->transfer.has_options);
        }
}
END_TEST

START_TEST(test_curl_is_granted_no_fragments) {
        start_server(300000);
        assert_client_ok("curl -sS --tftp-blksize 65464 -o out " URL);
        assert_received(300000);
        assert_done(1, 300000, 1468);
}
END_TEST

START_TEST(test_curl_rolls_over) {
        start_server(SIZE_OVER_512);
        assert_client_ok("curl -sS --tftp-no-options -o out " URL);
        assert_received(SIZE_OVER_512);
        assert_done(1, SIZE_OVER_512, 512);

        start_server(SIZE_OVER_8);
        assert_client_ok("curl -sS --tftp-blksize 8 -o out " URL);
        assert_received(SIZE_OVER_8);
        assert_done(1, SIZE_OVER_8, 8);
}
END_TEST

START_TEST(test_curl_is_refused) {
        start_server(1000);
        ck_assert_int_eq(run_client("curl -sS -o out tftp://192.168.0.100/other"), 68);
        ck_assert_int_eq(run_client("curl -sS -o out --path-as-is "
                                    "tftp://192.168.0.100//../../etc/passwd"),
                         68);
        ck_assert_int_eq(
                run_client("curl -sS -o out --path-as-is tftp://192.168.0.100/./" FILENAME), 68);
        ck_assert_int_eq(run_client("curl -sS -T log " URL), 69);
        ck_assert_int_ne(run_client("curl -sS -B -o out " URL), 0); /* netascii */
        ck_assert_uint_eq(stats->n_refused, 5);
        assert_client_ok("curl -sS -o out " URL);
        assert_received(1000);
}
END_TEST

START_TEST(test_curl_twice_from_one_port_and_two_at_once) {
        start_server(SIZE_OVER_8);
        assert_client_ok("curl -sS --local-port 1234 -o out " URL);
        assert_received(SIZE_OVER_8);
        assert_done(1, SIZE_OVER_8, 512);
        assert_client_ok("curl -sS --local-port 1234 -o out " URL);
        assert_received(SIZE_OVER_8);
        assert_done(2, SIZE_OVER_8, 512);
        ck_assert_uint_ne(stats->tids[0], stats->tids[1]);

        assert_client_ok("sh -c 'curl -sS -o out " URL " & one=$!; curl -sS -o log2 " URL
                         " && wait $one && cmp out log2 && rm log2'");
        assert_received(SIZE_OVER_8);
        (void) await_end(4);
}
END_TEST

/* Killed in the middle, then again from the same port: the second must not wait for the first's
 * patience, nor take a block of the first's for its own. The first writes into a FIFO, where it cannot
 * come to its end, whenever it is killed. */
START_TEST(test_curl_comes_back_after_it_was_killed) {
        start_server(SIZE_OVER_512);
        assert_client_ok("sh -c 'mkfifo part && "
                         "{ curl -sS --tftp-no-options --local-port 1234 -o part " URL " & } && "
                         "exec 3<part && test $(head -c 1 <&3 | wc -c) = 1 && kill -s KILL $!'");
        await_count(&stats->n_unreachable, 1);
        assert_client_ok("curl -sS --tftp-no-options --local-port 1234 -o out " URL);
        assert_received(SIZE_OVER_512);
        (void) await_end(2);
        ck_assert_int_eq(stats->transfer.state, TFTP_STATE_DONE);
}
END_TEST

START_TEST(test_tftp_hpa_gets_every_size) {
        for_each_size(size) {
                start_server(size);
                assert_client_ok("tftp -m binary 192.168.0.100 -c get " FILENAME " out");
                assert_received(size);
                assert_done(1, size, 512);
        }
}
END_TEST

START_TEST(test_tftp_hpa_rolls_over) {
        start_server(SIZE_OVER_512);
        assert_client_ok("tftp -m binary 192.168.0.100 -c get " FILENAME " out");
        assert_received(SIZE_OVER_512);
        assert_done(1, SIZE_OVER_512, 512);
}
END_TEST

START_TEST(test_tftp_hpa_is_told_why_it_is_refused) {
        start_server(1000);
        (void) run_client("tftp -m binary 192.168.0.100 -c get other out");
        ck_assert_ptr_nonnull(strstr(read_text("log"), "File not found"));
        (void) run_client("tftp -m ascii 192.168.0.100 -c get " FILENAME " out");
        ck_assert_ptr_nonnull(strstr(read_text("log"), "Only mode octet is served"));
        (void) run_client("tftp -m binary 192.168.0.100 -c put log " FILENAME);
        ck_assert_ptr_nonnull(strstr(read_text("log"), "This server is read only"));
        ck_assert_uint_eq(stats->n_refused, 3);
}
END_TEST

#define ATFTP "atftp -g -r " FILENAME " -l out "

START_TEST(test_atftp_gets_every_size) {
        for_each_size(size) {
                start_server(size);
                assert_client_ok(ATFTP "192.168.0.100 69");
                assert_received(size);
                assert_done(1, size, 512);
        }
}
END_TEST

START_TEST(test_atftp_agrees_on_options) {
        for_each_size(size) {
                start_server(size);
                assert_client_ok(ATFTP "--option 'blksize 1400' --option 'tsize 0' "
                                       "--option 'timeout 5' 192.168.0.100 69");
                assert_received(size);
                assert_done(1, size, 1400);
        }
}
END_TEST

START_TEST(test_atftp_gets_windows) {
        for_each_size(size) {
                start_server(size);
                assert_client_ok(ATFTP "--option 'windowsize 8' --option 'blksize 600' "
                                       "192.168.0.100 69");
                assert_received(size);
                assert_done(1, size, 600);
                ck_assert_uint_eq(stats->transfer.windowsize, 8);
        }
}
END_TEST

START_TEST(test_atftp_rolls_over) {
        start_server(SIZE_OVER_8);
        assert_client_ok(ATFTP "--option 'blksize 8' 192.168.0.100 69");
        assert_received(SIZE_OVER_8);
        assert_done(1, SIZE_OVER_8, 8);

        start_server(SIZE_OVER_8);
        assert_client_ok(ATFTP "--option 'blksize 8' --option 'windowsize 5' 192.168.0.100 69");
        assert_received(SIZE_OVER_8);
        assert_done(1, SIZE_OVER_8, 8);
}
END_TEST

/* Writes what udhcpc tells its script to `out`, one event a line. */
static void write_script(void) {
        static const char script[] =
                "#!/bin/sh\n"
                "echo \"$1 ip=$ip subnet=$subnet siaddr=$siaddr serverid=$serverid lease=$lease "
                "router=$router boot_file=$boot_file\" >>out\n";
        char path[96];
        int fd;

        snprintf(path, sizeof path, "%s/script", folder);
        fd = ck_assert_sys(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
        ck_assert_int_eq(write(fd, script, strlen(script)), (ssize_t) strlen(script));
        fd_close(fd);
}

#define UDHCPC "udhcpc -i board -f -q -n -t 5 -T 1 -s ./script "
#define GRANTED                                                             \
        "bound ip=192.168.0.101 subnet=255.255.255.0 siaddr=192.168.0.100 " \
        "serverid=192.168.0.100 lease=3600 router= boot_file=" FILENAME "\n"

START_TEST(test_udhcpc_gets_its_lease) {
        start_server(1000);
        write_script();
        assert_client_ok(UDHCPC "-V 'AM335x U-Boot SPL'");
        ck_assert_msg(strstr(read_text("out"), GRANTED), "%s", read_text("out"));
        ck_assert_uint_eq(stats->n_bootp_requests, 2);
        ck_assert_uint_eq(stats->n_bootp_replies, 2);
        ck_assert_int_eq(stats->bootp.reply, BOOTP_REPLY_ACK);
        ck_assert_str_eq(stats->bootp.vendor_class, "AM335x U-Boot SPL");
}
END_TEST

START_TEST(test_udhcpc_may_ask_for_broadcast_or_an_address) {
        start_server(1000);
        write_script();
        assert_client_ok(UDHCPC "-B");
        ck_assert_msg(strstr(read_text("out"), GRANTED), "%s", read_text("out"));
        ck_assert_sys(unlink(out_path));
        assert_client_ok(UDHCPC "-r 192.168.0.7");
        ck_assert_msg(strstr(read_text("out"), GRANTED), "%s", read_text("out"));
}
END_TEST

START_TEST(test_udhcpc_as_uboot_proper_gets_nothing) {
        start_server(1000);
        write_script();
        ck_assert_int_ne(run_client("udhcpc -i board -f -q -n -t 2 -T 1 -s ./script "
                                    "-V U-Boot.armv7"),
                         0);
        ck_assert_ptr_null(strstr(read_text("out"), "bound"));
        ck_assert_uint_eq(stats->n_bootp_requests, 2);
        ck_assert_uint_eq(stats->n_bootp_replies, 0);
}
END_TEST

typedef struct Client {
        const char *name;
        const char *command;
        void (*set_up)(void);
        const TTest *const *tests;
        size_t n_tests;
} Client;

static bool is_installed(const char *command) {
        char line[128];

        snprintf(line, sizeof line, "command -v %s >/dev/null", command);
        return system(line) == 0;
}

/* In CI nothing is skipped for want of a package. */
static int skip(const Client *client) {
        if (streq_ptr(getenv("CI"), "true")) {
                printf("Bail out! %s is not installed\n", client->name);
                return EXIT_FAILURE;
        }
        printf("1..0 # SKIP %s is not installed\n", client->name);
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        const TTest *const curl_tests[] = {
                test_curl_without_options,
                test_curl_with_options,
                test_curl_is_granted_no_fragments,
                test_curl_rolls_over,
                test_curl_is_refused,
                test_curl_twice_from_one_port_and_two_at_once,
                test_curl_comes_back_after_it_was_killed,
        };
        const TTest *const tftp_hpa_tests[] = {
                test_tftp_hpa_gets_every_size,
                test_tftp_hpa_rolls_over,
                test_tftp_hpa_is_told_why_it_is_refused,
        };
        const TTest *const atftp_tests[] = {
                test_atftp_gets_every_size,
                test_atftp_agrees_on_options,
                test_atftp_gets_windows,
                test_atftp_rolls_over,
        };
        const TTest *const udhcpc_tests[] = {
                test_udhcpc_gets_its_lease,
                test_udhcpc_may_ask_for_broadcast_or_an_address,
                test_udhcpc_as_uboot_proper_gets_nothing,
        };
        const Client clients[] = {
                {"curl", "curl", set_up, curl_tests, ELEMENTSOF(curl_tests)},
                {"tftp-hpa", "tftp", set_up, tftp_hpa_tests, ELEMENTSOF(tftp_hpa_tests)},
                {"atftp", "atftp", set_up, atftp_tests, ELEMENTSOF(atftp_tests)},
                {"udhcpc", "udhcpc", set_up_without_address, udhcpc_tests,
                 ELEMENTSOF(udhcpc_tests)},
        };

        for (size_t i = 0; argc == 2 && i < ELEMENTSOF(clients); i++) {
                const Client *client = &clients[i];

                if (!streq(argv[1], client->name))
                        continue;
                if (!is_installed(client->command))
                        return skip(client);
                return netns_test_run(client->name, client->set_up, tear_down, client->tests,
                                      client->n_tests);
        }
        fprintf(stderr, "usage: test-foreign curl|tftp-hpa|atftp|udhcpc\n");
        return 2;
}
