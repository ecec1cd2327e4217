/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the TFTP engine costs: lock-step transfers over a veth, served once by the engine behind the
 * client's real socket code and once by a raw responder that does nothing but receive and send. Both
 * are measured in turn in one run by the same minimal client; the ratio says more than the times.
 * Not a test: nothing fails for being slow.
 *
 * Needs: root, or an unprivileged user namespace.    usage: bench-tftp [ROUNDS] */

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "engine-server.h"
#include "fd-util.h"
#include "netns.h"
#include "test-link.h"

#define N_BLOCKS    4000u
#define BLKSIZE_MAX 1468u
#define ENGINE_PORT 9069
#define RAW_PORT    9070

static const unsigned blksizes[] = {512, 1468};

static uint8_t image[N_BLOCKS * BLKSIZE_MAX];
static int server_netns_fd, client_netns_fd;

static _Noreturn void die(const char *what, int error) {
        fprintf(stderr, "bench-tftp: %s: %s\n", what, strerror(abs(error)));
        exit(EXIT_FAILURE);
}

static int check(const char *what, int r) {
        if (r < 0)
                die(what, r);
        return r;
}

static int check_sys(const char *what, ssize_t r) {
        if (r < 0)
                die(what, errno);
        return (int) r;
}

static int make_veth(void *userdata) {
        int r = test_veth_create(&(TestVeth){
                .name = "server", .peer_name = "client", .peer_netns_fd = client_netns_fd});

        if (r >= 0)
                r = test_link_add_address("server", "192.168.0.100", "255.255.255.0");
        return r < 0 ? r : test_link_set_up("server", true);
}

static int configure_client(void *userdata) {
        int r = test_link_add_address("client", "192.168.0.101", "255.255.255.0");

        return r < 0 ? r : test_link_set_up("client", true);
}

static int open_socket(int netns_fd) {
        int fd;

        check("socket", netns_open_socket(netns_fd, AF_INET, SOCK_DGRAM, 0, &fd));
        return fd;
}

static void wait_for(int fd) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};

        if (check_sys("poll", poll(&pollfd, 1, 5000)) == 0)
                die("the transfer stopped", ETIMEDOUT);
}

static _Noreturn void run_engine(const EngineServer *config) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        die("engine", engine_server_run(config));
}

/* The least that can serve: what it is asked for is read from the first byte of the file name. */
static _Noreturn void run_raw(int listen_fd, int fd) {
        struct sockaddr_in peer;
        uint8_t packet[4 + BLKSIZE_MAX] = {0, 3};

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
                socklen_t len = sizeof peer;
                struct pollfd pollfd = {.fd = listen_fd, .events = POLLIN};
                unsigned blksize;

                check_sys("poll", poll(&pollfd, 1, -1));
                check_sys("recv", recvfrom(listen_fd, packet, sizeof packet, 0,
                                           (struct sockaddr *) &peer, &len));
                blksize = blksizes[packet[2] - '0'];
                check_sys("connect", connect(fd, (struct sockaddr *) &peer, sizeof peer));
                packet[1] = 3;
                for (unsigned block = 1; block <= N_BLOCKS; block++) {
                        uint8_t ack[4];

                        packet[2] = (uint8_t) (block >> 8);
                        packet[3] = (uint8_t) block;
                        memcpy(packet + 4, image + (size_t) (block - 1) * blksize, blksize);
                        check_sys("send", send(fd, packet, 4 + blksize, 0));
                        wait_for(fd);
                        check_sys("recv", recv(fd, ack, sizeof ack, 0));
                }
        }
}

/* The minimal client; returns the time for N_BLOCKS in µs. */
static uint64_t fetch(uint16_t port, const char *name, unsigned blksize, bool want_options) {
        struct sockaddr_in server = {
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = inet_addr("192.168.0.100"),
        };
        int fd = open_socket(client_netns_fd);
        uint8_t packet[4 + BLKSIZE_MAX], request[64] = {0, 1};
        size_t len = 2;
        uint64_t begin;

        len += (size_t) sprintf((char *) request + len, "%s", name) + 1;
        len += (size_t) sprintf((char *) request + len, "octet") + 1;
        if (want_options) {
                len += (size_t) sprintf((char *) request + len, "blksize") + 1;
                len += (size_t) sprintf((char *) request + len, "%u", blksize) + 1;
        }
        check_sys("send", sendto(fd, request, len, 0, (struct sockaddr *) &server, sizeof server));

        begin = now_usec();
        for (unsigned block = 0; block < N_BLOCKS;) {
                socklen_t peer_len = sizeof server;
                bool is_oack;

                wait_for(fd);
                check_sys("recv", recvfrom(fd, packet, sizeof packet, 0,
                                           (struct sockaddr *) &server, &peer_len));
                is_oack = packet[1] == 6;
                if (!is_oack && ((unsigned) packet[2] << 8 | packet[3]) != block + 1)
                        continue; /* a repeated one */
                if (!is_oack)
                        block++;
                packet[1] = 4;
                packet[2] = (uint8_t) (block >> 8);
                packet[3] = (uint8_t) block;
                check_sys("send",
                          sendto(fd, packet, 4, 0, (struct sockaddr *) &server, sizeof server));
        }
        begin = now_usec() - begin;
        /* The engine's file is longer than N_BLOCKS small blocks: that is all, thank you. */
        if (port == ENGINE_PORT)
                check_sys("send",
                          sendto(fd, "\0\5\0\0", 5, 0, (struct sockaddr *) &server, sizeof server));
        fd_close(fd);
        return begin;
}

static pid_t start(void (*run)(void *config), void *config) {
        pid_t pid = check_sys("fork", fork());

        if (pid == 0)
                run(config);
        return pid;
}

static void start_engine(void *config) {
        run_engine(config);
}

static void start_raw(void *config) {
        const int *fds = config;

        run_raw(fds[0], fds[1]);
}

/* The best of several rounds, the two in turn: what else runs on the machine only adds. */
static void measure(unsigned index, unsigned n_rounds) {
        static const char *const names[] = {"0", "1"};
        uint64_t engine = USEC_INFINITY, raw = USEC_INFINITY;
        unsigned blksize = blksizes[index];

        for (unsigned i = 0; i < n_rounds; i++) {
                uint64_t e = fetch(ENGINE_PORT, "image", blksize, index > 0);
                uint64_t r = fetch(RAW_PORT, names[index], blksize, false);

                engine = MIN_OF(engine, e);
                raw = MIN_OF(raw, r);
        }
        printf("%7u  %12.2f  %12.2f  %9.1f  %6.2f\n", blksize, (double) engine / N_BLOCKS,
               (double) raw / N_BLOCKS, (double) blksize * N_BLOCKS / (double) engine,
               (double) engine / (double) raw);
        fflush(stdout);
}

int main(int argc, char **argv) {
        unsigned n_rounds = argc > 1 ? (unsigned) atoi(argv[1]) : 10;
        EngineServer config = {.bootp_fd = -EBADF,
                               .n_slots = 4,
                               .filename = "image",
                               .data = image,
                               .size = sizeof image};
        const struct sockaddr_in raw_address = {.sin_family = AF_INET, .sin_port = htons(RAW_PORT)};
        int raw_fds[2];
        pid_t pids[2];

        check("netns", netns_init());
        check("netns", netns_new(&server_netns_fd));
        check("netns", netns_new(&client_netns_fd));
        check("veth", netns_run(server_netns_fd, make_veth, NULL));
        check("veth", netns_run(client_netns_fd, configure_client, NULL));

        config.tftp_fd = open_socket(server_netns_fd);
        for (unsigned i = 0; i < config.n_slots; i++)
                config.transfer_fds[i] = open_socket(server_netns_fd);
        raw_fds[0] = open_socket(server_netns_fd);
        raw_fds[1] = open_socket(server_netns_fd);
        /* Before the servers run: what comes too early for them waits. */
        check("bind", engine_server_bind(&config, 0, ENGINE_PORT));
        check_sys("bind",
                  bind(raw_fds[0], (const struct sockaddr *) &raw_address, sizeof raw_address));
        pids[0] = start(start_engine, &config);
        pids[1] = start(start_raw, raw_fds);

        printf("TFTP lock-step over a veth, %u blocks, best of %u rounds\n\n", N_BLOCKS, n_rounds);
        printf("blksize  engine µs/bl     raw µs/bl  engine MB/s   ratio\n");
        for (unsigned i = 0; i < ELEMENTSOF(blksizes); i++)
                measure(i, n_rounds);

        for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
                kill(pids[i], SIGTERM);
                waitpid(pids[i], NULL, 0);
        }
        return EXIT_SUCCESS;
}
