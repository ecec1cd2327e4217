/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Plays boards and sessions against the recovery with a fake clock. The board's side is written out byte
 * by byte, so that the engines are not tested against themselves. */

#include "recovery.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bus-contract.h"
#include "check-main.h"
#include "fd-util.h"
#include "udp-endpoint.h"

#define SECONDS(n)    ((n) *USEC_PER_SEC)
#define START_USEC    SECONDS(1000)
#define BOARD_PORT    1234
#define DATAGRAM_MAX  2048
#define ROM_IFINDEX   5
#define SPL_IFINDEX   6
#define ROM_CLASS     "AM335x ROM"
#define SPL_CLASS     "AM335x U-Boot SPL"
#define DHCP_DISCOVER 1
#define DHCP_REQUEST  3
#define CLIENT_ID_LEN 4

/* A session, a board, sockets and a terminal, none of them real. */
typedef struct World {
        uint64_t now;
        Recovery *r;
        Progress *progress;
        int out_fd, err_fd;
        char text[65536];
        Firmware spl, u_boot;
        SessionInfo info;

        unsigned n_bootp;  /* replies sent */
        int bootp_ifindex; /* of the last one */
        uint8_t bootp[BOOTP_SIZE_MAX];
        int bootp_result;      /* what sending one returns */
        const char *client_id; /* in requests; NULL: none */
        const char *at_port;   /* what is plugged in there; NULL: nothing */

        bool is_connected[RECOVERY_TFTP_SLOTS];
        unsigned slot;        /* that sent last */
        unsigned port_offset; /* of requests */
        unsigned n_sent;
        uint8_t sent[DATAGRAM_MAX];
        size_t sent_len;
        int send_result;
} World;

static int fake_send_bootp(int ifindex, const void *reply, size_t len, void *userdata) {
        World *w = userdata;

        ck_assert_uint_ge(len, 300);
        ck_assert_uint_le(len, sizeof(w->bootp));
        if (w->bootp_result != 0)
                return w->bootp_result;
        w->n_bootp++;
        w->bootp_ifindex = ifindex;
        memcpy(w->bootp, reply, len);
        return 0;
}

static int fake_send_tftp_reply(const struct sockaddr_in *peer, const TftpDatagram *datagram,
                                void *userdata) {
        return 0;
}

static int fake_connect_slot(unsigned slot, const struct sockaddr_in *peer, void *userdata) {
        World *w = userdata;

        ck_assert(!w->is_connected[slot]);
        w->is_connected[slot] = true;
        return 0;
}

static int fake_send_slot(unsigned slot, const TftpDatagram *datagram, void *userdata) {
        World *w = userdata;

        ck_assert(w->is_connected[slot]);
        if (w->send_result != 0)
                return w->send_result;
        w->slot = slot;
        w->n_sent++;
        w->sent_len = tftp_packet_flatten(datagram, w->sent, sizeof(w->sent));
        return 0;
}

static int fake_disconnect_slot(unsigned slot, void *userdata) {
        World *w = userdata;

        w->is_connected[slot] = false;
        return 0;
}

static const char *fake_describe_port(const char *port,
                                      char buffer[static USB_DEVICE_PHRASE_LEN_MAX],
                                      void *userdata) {
        World *w = userdata;

        ck_assert_ptr_nonnull(port);
        (void) stpcpy(buffer, w->at_port ? w->at_port : "");
        return buffer;
}

static const RecoveryOps fake_ops = {
        .send_bootp = fake_send_bootp,
        .send_tftp_reply = fake_send_tftp_reply,
        .connect_slot = fake_connect_slot,
        .send_slot = fake_send_slot,
        .disconnect_slot = fake_disconnect_slot,
        .describe_port = fake_describe_port,
};

static void world_init(World *w, bool has_spl, uint64_t timeout_usec) {
        static uint8_t spl_data[1000], u_boot_data[3000];

        *w = (World){
                .now = START_USEC,
                .out_fd = memfd_create("out", MFD_CLOEXEC),
                .err_fd = memfd_create("err", MFD_CLOEXEC),
                .spl = {.kind = FIRMWARE_SPL, .name = "spl.bin", .data = spl_data, .size = 1000},
                .u_boot = {.kind = FIRMWARE_U_BOOT,
                           .name = "u-boot.img",
                           .data = u_boot_data,
                           .size = 3000},
                .info = {.path = (char *) "/org/snagd1/session/s1",
                         .state = (char *) "waiting",
                         .stage = (char *) "",
                         .port = (char *) "",
                         .id_path = (char *) "",
                         .soc = (char *) "am335x",
                         .failure_name = (char *) "",
                         .failure_text = (char *) ""},
        };
        ck_assert_int_eq(progress_new(w->out_fd, w->err_fd, &w->progress), 0);
        ck_assert_int_eq(recovery_new(
                                 &(RecoverySpec){
                                         .soc = soc_find("am335x"),
                                         .first_stage = has_spl ? STAGE_ROM : STAGE_SPL,
                                         .spl = has_spl ? &w->spl : NULL,
                                         .u_boot = &w->u_boot,
                                         .no_board_timeout_usec = timeout_usec,
                                         .progress = w->progress,
                                         .ops = &fake_ops,
                                         .userdata = w,
                                 },
                                 &w->r),
                         0);
        recovery_start(w->r, w->now);
}

static World *world_new(void) {
        World *w = malloc(sizeof(World));

        ck_assert_ptr_nonnull(w);
        world_init(w, true, USEC_INFINITY);
        return w;
}

static void world_free(World *w) {
        recovery_free(w->r);
        progress_free(w->progress);
        fd_close(w->out_fd);
        fd_close(w->err_fd);
        free(w);
}

static const char *read_fd(World *w, int fd) {
        ssize_t n = pread(fd, w->text, sizeof(w->text) - 1, 0);

        ck_assert_int_ge(n, 0);
        w->text[n] = '\0';
        return w->text;
}

static unsigned count_said(World *w, const char *what) {
        const char *at = read_fd(w, w->err_fd);
        unsigned n = 0;

        while ((at = strstr(at, what)) != NULL) {
                n++;
                at += strlen(what);
        }
        return n;
}

#define assert_said(w, what)     ck_assert_msg(count_said(w, what) == 1, "%s", (w)->text)
#define assert_not_said(w, what) ck_assert_msg(count_said(w, what) == 0, "%s", (w)->text)
#define assert_result(w, result) ck_assert_int_eq(recovery_get_result((w)->r), (result))

/* Lets time pass, deadline by deadline, as the event loop does. */
static void pass(World *w, uint64_t usec) {
        uint64_t until = w->now + usec;
        unsigned n = 0;

        for (;;) {
                uint64_t deadline = recovery_get_deadline(w->r);

                if (deadline > until)
                        break;
                w->now = MAX_OF(w->now, deadline);
                recovery_on_timeout(w->r, w->now);
                ck_assert_msg(++n < 100000, "a deadline that never ends");
        }
        w->now = until;
}

static void session(World *w, const char *state, const char *stage) {
        w->info.state = (char *) state;
        if (stage)
                w->info.stage = (char *) stage;
        recovery_on_session(w->r, w->now, &w->info);
}

static void plug(World *w, const char *stage) {
        w->info.plug_usec = w->now;
        w->info.ready_usec = 0;
        w->info.port = (char *) "1-1.4";
        w->info.id_path = (char *) "pci-0000:00:14.0-usb-0:1.4";
        session(w, "attaching", stage);
        w->info.ready_usec = w->now;
        session(w, "ready", NULL);
}

/* A request as the ROM (@dhcp_type 0) or U-Boot send it. */
static void bootp(World *w, int ifindex, const char *class, uint8_t dhcp_type) {
        uint8_t packet[364] = {1, 1, 6, 0, 0, 0, 0, 1};
        uint8_t *p = packet + 236;
        size_t n = strlen(class);

        memcpy(packet + 28, "\x02\x00\x00\x12\x34\x56", 6);
        memcpy(p, "\x63\x82\x53\x63", 4);
        p += 4;
        if (dhcp_type != 0) {
                memcpy(p, "\x35\x01", 2);
                p[2] = dhcp_type;
                p += 3;
        }
        if (dhcp_type == DHCP_REQUEST) {
                memcpy(p, "\x32\x04\xc0\xa8\x00\x65\x36\x04\xc0\xa8\x00\x64", 12);
                p += 12;
        }
        if (n > 0) {
                *p++ = 60;
                *p++ = (uint8_t) n;
                memcpy(p, class, n);
                p += n;
        }
        if (w->client_id) {
                *p++ = 61;
                *p++ = CLIENT_ID_LEN;
                memcpy(p, w->client_id, CLIENT_ID_LEN);
                p += CLIENT_ID_LEN;
        }
        *p = 255;
        recovery_on_bootp(w->r, w->now, ifindex, packet, sizeof(packet));
}

static struct sockaddr_in board_address(void) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(BOARD_PORT)};

        ck_assert_int_eq(inet_pton(AF_INET, SESSION_CLIENT_ADDRESS, &a.sin_addr), 1);
        return a;
}

static void rrq(World *w, const char *name) {
        uint8_t packet[128] = {0, 1};
        size_t n = strlen(name) + 1;
        struct sockaddr_in a = board_address();

        a.sin_port = htons((uint16_t) (BOARD_PORT + w->port_offset));
        memcpy(packet + 2, name, n);
        memcpy(packet + 2 + n, "octet", 6);
        recovery_on_tftp_request(w->r, w->now, &a, false, packet, 2 + n + 6);
}

static void ack(World *w, unsigned block) {
        uint8_t packet[4] = {0, 4, (uint8_t) (block >> 8), (uint8_t) block};
        struct sockaddr_in a = board_address();

        recovery_on_tftp_packet(w->r, w->now, w->slot, &a, packet, sizeof(packet));
}

static void tftp_error(World *w, const char *text) {
        uint8_t packet[64] = {0, 5, 0, 8};
        struct sockaddr_in a = board_address();

        memcpy(packet + 4, text, strlen(text) + 1);
        recovery_on_tftp_packet(w->r, w->now, w->slot, &a, packet, 4 + strlen(text) + 1);
}

/* Blocks of 512 bytes: no options were asked for. */
static unsigned n_blocks(const Firmware *f) {
        return (unsigned) (f->size / 512 + 1);
}

static void fetch(World *w, const Firmware *f) {
        rrq(w, f->name);
        for (unsigned block = 1; block <= n_blocks(f); block++) {
                pass(w, 1800);
                ck_assert_uint_ge(w->sent_len, 4);
                ck_assert_uint_eq(w->sent[1], 3);
                ck_assert_uint_eq((unsigned) (w->sent[2] << 8 | w->sent[3]), block);
                ack(w, block);
        }
}

static void run_rom(World *w) {
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        fetch(w, &w->spl);
}

static void run_spl(World *w) {
        plug(w, "spl");
        bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_DISCOVER);
        bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_REQUEST);
        fetch(w, &w->u_boot);
}

static void unplug(World *w) {
        session(w, "detached", NULL);
}

static RecordAttempt get_record(const World *w) {
        RecordAttempt a = {};

        recovery_log_fill(recovery_get_log(w->r), &a);
        return a;
}

/* Milliseconds since the record begins; -1: it did not happen. */
static int64_t get_ms(const RecordAttempt *a, size_t stage, RecordTime time) {
        uint64_t usec = a->stages[stage].times_usec[time];

        ck_assert_uint_lt(stage, a->n_stages);
        return usec == 0 ? -1 : (int64_t) ((usec - a->begin_usec) / USEC_PER_MSEC);
}

#define assert_ms(a, stage, time, ms) \
        ck_assert_int_eq(get_ms((a), (stage), RECORD_TIME_##time), (ms))

static void assert_diagnosis(const World *w, const char *name) {
        RecordAttempt a = get_record(w);

        ck_assert_msg(a.diagnosis && streq(a.diagnosis, name), "%s", a.diagnosis);
}

/* --- the ordinary way ------------------------------------------------------------------------ */

START_TEST(test_delivers_both_stages) {
        World *w = world_new();

        pass(w, SECONDS(3));
        run_rom(w);
        assert_result(w, RECOVERY_RESULT_NONE);
        assert_said(w, "1-1.4: board found: am335x, ROM");
        assert_said(w, "1-1.4: ROM served: spl.bin, 1000 bytes in 0.00 s");
        unplug(w);
        pass(w, SECONDS(2));
        run_spl(w);
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        assert_said(w, "1-1.4: SPL back");
        assert_said(w, "1-1.4: U-Boot served: u-boot.img, 3000 bytes");
        assert_not_said(w, "warning");
        ck_assert_uint_eq(w->n_bootp, 3);
        ck_assert_ptr_nonnull(
                strstr(read_fd(w, w->out_fd),
                       "am335x on port 1-1.4 recovered in 2.0 s: spl.bin 1000 bytes"));
        ck_assert_uint_eq(recovery_get_deadline(w->r), USEC_INFINITY);
        world_free(w);
}
END_TEST

START_TEST(test_answers_with_the_file_of_the_stage) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        ck_assert_uint_eq(w->n_bootp, 1);
        ck_assert_int_eq(w->bootp_ifindex, ROM_IFINDEX);
        ck_assert_uint_eq(w->bootp[0], 2);
        ck_assert_str_eq((char *) w->bootp + 108, "spl.bin");
        ck_assert_mem_eq(w->bootp + 16, "\xc0\xa8\x00\x65", 4);
        ck_assert_mem_eq(w->bootp + 20, "\xc0\xa8\x00\x64", 4);
        rrq(w, "u-boot.img");
        ck_assert_uint_eq(w->n_sent, 0);
        fetch(w, &w->spl);
        unplug(w);
        plug(w, "spl");
        bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_DISCOVER);
        ck_assert_str_eq((char *) w->bootp + 108, "u-boot.img");
        world_free(w);
}
END_TEST

#define assert_phrase(w, ifindex, phrase) \
        ck_assert_str_eq(recovery_get_stage_phrase((w)->r, (ifindex)), (phrase))

START_TEST(test_tells_whose_a_datagram_is) {
        World *w = world_new();

        ck_assert_ptr_null(recovery_get_port(w->r));
        assert_phrase(w, ROM_IFINDEX, "before a board came");
        plug(w, "rom");
        ck_assert_str_eq(recovery_get_port(w->r), "1-1.4");
        assert_phrase(w, ROM_IFINDEX, "ROM stage");
        assert_phrase(w, 0, "ROM stage");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        fetch(w, &w->spl);
        assert_phrase(w, ROM_IFINDEX, "ROM stage");
        /* The session's word on it is still to come. */
        assert_phrase(w, SPL_IFINDEX, "after the ROM stage");
        unplug(w);
        assert_phrase(w, SPL_IFINDEX, "after the ROM stage");
        assert_phrase(w, 0, "after the ROM stage");
        run_spl(w);
        assert_phrase(w, SPL_IFINDEX, "SPL stage");
        world_free(w);

        /* An SPL that nobody has announced is answered as one. */
        w = world_new();
        run_rom(w);
        unplug(w);
        bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_DISCOVER);
        assert_phrase(w, SPL_IFINDEX, "after the ROM stage");
        pass(w, SECONDS(1));
        ck_assert_uint_eq(w->n_bootp, 2);
        assert_phrase(w, SPL_IFINDEX, "SPL stage");
        world_free(w);
}
END_TEST

START_TEST(test_spl_stage_alone) {
        World *w = malloc(sizeof(World));

        world_init(w, false, USEC_INFINITY);
        run_spl(w);
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        assert_said(w, "board found: am335x, SPL");
        ck_assert_ptr_nonnull(strstr(read_fd(w, w->out_fd), "recovered in 0.0 s: u-boot.img"));
        world_free(w);

        w = malloc(sizeof(World));
        world_init(w, false, USEC_INFINITY);
        plug(w, "rom");
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "no --spl was given");
        world_free(w);
}
END_TEST

START_TEST(test_leaving_after_the_last_block_is_success) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        ack(w, 1);
        assert_not_said(w, "ROM served");
        unplug(w);
        assert_said(w, "ROM served");

        plug(w, "spl");
        bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_DISCOVER);
        rrq(w, "u-boot.img");
        for (unsigned block = 1; block < n_blocks(&w->u_boot); block++)
                ack(w, block);
        assert_result(w, RECOVERY_RESULT_NONE);
        unplug(w);
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        world_free(w);
}
END_TEST

/* The socket knows before the bus that the way to the board is gone. */
START_TEST(test_unreachable_after_the_last_block_is_success) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        ack(w, 1);
        recovery_on_tftp_unreachable(w->r, w->now, w->slot);
        assert_said(w, "ROM served");
        world_free(w);
}
END_TEST

START_TEST(test_long_transfers_are_shown) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        pass(w, SECONDS(2));
        ack(w, 1);
        assert_not_said(w, "of 1000 bytes");
        pass(w, SECONDS(3));
        assert_said(w, "SPL: 512 of 1000 bytes (51 %)");
        world_free(w);
}
END_TEST

/* --- order of words and datagrams ------------------------------------------------------------ */

START_TEST(test_early_request_waits_for_ready) {
        World *w = world_new();

        w->info.plug_usec = w->now;
        session(w, "attaching", "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        pass(w, SECONDS(1) / 5);
        ck_assert_uint_eq(w->n_bootp, 0);
        session(w, "ready", NULL);
        ck_assert_uint_eq(w->n_bootp, 1);
        pass(w, SECONDS(2));
        ck_assert_uint_eq(w->n_bootp, 1);
        world_free(w);
}
END_TEST

START_TEST(test_each_early_request_is_answered) {
        World *w = world_new();

        w->info.plug_usec = w->now;
        session(w, "attaching", "rom");
        for (unsigned i = 0; i < 20; i++)
                bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        session(w, "ready", NULL);
        ck_assert_uint_ge(w->n_bootp, 2);
        ck_assert_uint_le(w->n_bootp, 20);
        world_free(w);
}
END_TEST

START_TEST(test_request_is_answered_without_ready) {
        World *w = world_new();

        w->info.plug_usec = w->now;
        session(w, "attaching", "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        pass(w, USEC_PER_SEC / 2 - 1);
        ck_assert_uint_eq(w->n_bootp, 0);
        pass(w, 1);
        ck_assert_uint_eq(w->n_bootp, 1);
        fetch(w, &w->spl);
        assert_said(w, "ROM served");
        world_free(w);
}
END_TEST

START_TEST(test_request_before_any_word_of_the_board) {
        World *w = world_new();

        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        pass(w, SECONDS(1));
        ck_assert_uint_eq(w->n_bootp, 1);
        ck_assert_str_eq((char *) w->bootp + 108, "spl.bin");
        rrq(w, "spl.bin");
        /* The word comes late; the transfer goes on. */
        plug(w, "rom");
        ck_assert(w->is_connected[w->slot]);
        ack(w, 1);
        ack(w, 2);
        assert_said(w, "ROM served");
        assert_said(w, "board found");
        world_free(w);
}
END_TEST

/* The datagram of the SPL overtakes three words of snagd's: it must not be told the ROM's file. */
START_TEST(test_spl_overtakes_the_bus) {
        World *w = world_new();

        run_rom(w);
        ck_assert_uint_eq(w->n_bootp, 1);
        bootp(w, SPL_IFINDEX, "", DHCP_DISCOVER);
        ck_assert_uint_eq(w->n_bootp, 1);
        unplug(w);
        pass(w, SECONDS(1) / 10);
        plug(w, "spl");
        ck_assert_uint_eq(w->n_bootp, 2);
        ck_assert_str_eq((char *) w->bootp + 108, "u-boot.img");
        ck_assert_int_eq(w->bootp_ifindex, SPL_IFINDEX);
        world_free(w);
}
END_TEST

START_TEST(test_spl_without_any_word_of_the_bus) {
        World *w = world_new();

        run_rom(w);
        bootp(w, SPL_IFINDEX, "", DHCP_DISCOVER);
        pass(w, SECONDS(1));
        ck_assert_uint_eq(w->n_bootp, 2);
        ck_assert_str_eq((char *) w->bootp + 108, "u-boot.img");
        fetch(w, &w->u_boot);
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        world_free(w);
}
END_TEST

START_TEST(test_requests_of_a_board_that_left_are_forgotten) {
        World *w = world_new();

        w->info.plug_usec = w->now;
        session(w, "attaching", "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        unplug(w);
        plug(w, "rom");
        pass(w, SECONDS(1));
        ck_assert_uint_eq(w->n_bootp, 0);
        world_free(w);
}
END_TEST

START_TEST(test_reply_that_cannot_leave_is_sent_again) {
        World *w = world_new();

        plug(w, "rom");
        w->bootp_result = UDP_SENT_NOT;
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        w->bootp_result = 0;
        pass(w, SECONDS(1));
        ck_assert_uint_eq(w->n_bootp, 1);

        w->bootp_result = UDP_SENT_NOT;
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        pass(w, SECONDS(5));
        w->bootp_result = 0;
        pass(w, SECONDS(5));
        ck_assert_uint_eq(w->n_bootp, 1);
        world_free(w);
}
END_TEST

/* --- odd boards ------------------------------------------------------------------------------ */

START_TEST(test_wrong_vendor_class_warns_once) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, SPL_CLASS, 0);
        bootp(w, ROM_IFINDEX, SPL_CLASS, 0);
        ck_assert_uint_eq(w->n_bootp, 2);
        ck_assert_str_eq((char *) w->bootp + 108, "spl.bin");
        assert_said(w, "calls itself 'AM335x U-Boot SPL'");
        world_free(w);
}
END_TEST

START_TEST(test_missing_or_unknown_vendor_class_is_fine) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, "", 0);
        bootp(w, ROM_IFINDEX, "my own", 0);
        ck_assert_uint_eq(w->n_bootp, 2);
        assert_not_said(w, "warning");
        world_free(w);
}
END_TEST

START_TEST(test_u_boot_proper_is_not_answered) {
        World *w = malloc(sizeof(World));

        world_init(w, false, USEC_INFINITY);
        plug(w, "spl");
        bootp(w, SPL_IFINDEX, "U-Boot.armv7", DHCP_DISCOVER);
        bootp(w, SPL_IFINDEX, "U-Boot.armv7", DHCP_DISCOVER);
        ck_assert_uint_eq(w->n_bootp, 0);
        assert_said(w, "U-Boot itself is running");
        pass(w, SECONDS(60));
        assert_said(w, "1-1.4: no SPL has come, U-Boot itself is running on the board");
        assert_not_said(w, "the SPL never asked");
        assert_result(w, RECOVERY_RESULT_FAILED);
        world_free(w);
}
END_TEST

START_TEST(test_nonsense_is_ignored) {
        static const char *const garbage = "\001\001\006\000garbage";
        World *w = malloc(sizeof(World));
        struct sockaddr_in a = board_address();

        /* Without an SPL too: nothing is served then before a board is there. */
        for (unsigned has_spl = 0; has_spl <= 1; has_spl++) {
                world_init(w, has_spl, USEC_INFINITY);
                for (unsigned round = 0; round < 2; round++) {
                        for (size_t len = 0; len <= 11; len++) {
                                recovery_on_bootp(w->r, w->now, ROM_IFINDEX, garbage, len);
                                recovery_on_tftp_request(w->r, w->now, &a, false, garbage, len);
                                recovery_on_tftp_packet(w->r, w->now, 0, &a, garbage, len);
                        }
                        recovery_on_tftp_unreachable(w->r, w->now, 0);
                        pass(w, SECONDS(1));
                        plug(w, has_spl ? "rom" : "spl");
                }
                session(w, "perplexed", "spl");
                session(w, "ready", "u-boot");
                ck_assert_uint_eq(w->n_bootp, 0);
                ck_assert_uint_eq(w->n_sent, 0);
                assert_result(w, RECOVERY_RESULT_NONE);
                recovery_free(w->r);
                progress_free(w->progress);
                fd_close(w->out_fd);
                fd_close(w->err_fd);
        }
        free(w);
}
END_TEST

/* Whatever the board does, it ends. */
START_TEST(test_board_begins_for_ever) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        for (unsigned i = 0; i < 30; i++) {
                assert_result(w, RECOVERY_RESULT_NONE);
                rrq(w, "spl.bin");
                ack(w, 1);
                tftp_error(w, "no");
                pass(w, SECONDS(10));
        }
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "began 30 times");
        world_free(w);
}
END_TEST

/* A block each 50 s, which is in time, until @n of them are acknowledged. */
static void crawl(World *w, unsigned n) {
        rrq(w, "spl.bin");
        for (unsigned block = 1; block <= n; block++) {
                pass(w, SECONDS(50));
                assert_result(w, RECOVERY_RESULT_NONE);
                ack(w, block);
        }
}

START_TEST(test_board_crawls) {
        static uint8_t data[2 * 1024 * 1024];
        World *w = world_new();

        w->spl.data = data;
        w->spl.size = 100 * 1000;
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        crawl(w, 5);
        pass(w, SECONDS(49));
        assert_result(w, RECOVERY_RESULT_NONE);
        pass(w, SECONDS(1));
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(
                w,
                "1-1.4: the board takes too long to fetch its file: spl.bin, block 5 of 196 was the last");
        assert_diagnosis(w, "slow-end");
        world_free(w);

        /* A large file may take longer. */
        w = world_new();
        w->spl.data = data;
        w->spl.size = sizeof(data);
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        crawl(w, 10);
        pass(w, SECONDS(11));
        assert_result(w, RECOVERY_RESULT_NONE);
        pass(w, SECONDS(1));
        assert_said(w, "the board takes too long to fetch its file");
        world_free(w);

        /* Nor does it help to begin anew. */
        w = world_new();
        w->spl.data = data;
        w->spl.size = 100 * 1000;
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        for (unsigned i = 0; i < 2; i++) {
                crawl(w, 2);
                tftp_error(w, "no");
                pass(w, SECONDS(40));
        }
        assert_result(w, RECOVERY_RESULT_NONE);
        rrq(w, "spl.bin");
        pass(w, SECONDS(20));
        assert_said(w, "the board takes too long to fetch its file");
        world_free(w);
}
END_TEST

START_TEST(test_board_floods) {
        World *w = world_new();

        plug(w, "rom");
        for (unsigned i = 0; i < 1000; i++)
                bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        ck_assert_uint_eq(w->n_bootp, 100);
        assert_said(w, "1-1.4: the board sends far more than it should");
        assert_diagnosis(w, "flood");
        pass(w, SECONDS(1));
        for (unsigned i = 0; i < 1000; i++)
                bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        ck_assert_uint_eq(w->n_bootp, 110);
        assert_said(w, "far more than it should");

        /* Requests for its file count, too. */
        pass(w, SECONDS(4));
        for (unsigned i = 0; i < 1000; i++)
                rrq(w, "spl.bin");
        ck_assert_uint_le(w->n_sent, 40);
        ck_assert_uint_ge(w->n_sent, 30);

        /* It ends, although it never falls silent. */
        for (unsigned i = 0; i < 300; i++) {
                bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
                rrq(w, "spl.bin");
                pass(w, SECONDS(1));
        }
        assert_result(w, RECOVERY_RESULT_FAILED);
        world_free(w);

        /* What its ROM did is not held against the SPL. */
        w = world_new();
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        fetch(w, &w->spl);
        for (unsigned i = 0; i < 200; i++)
                bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        unplug(w);
        run_spl(w);
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        world_free(w);
}
END_TEST

START_TEST(test_board_breaks_the_transfer_off) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        tftp_error(w, "\033[31mno");
        assert_said(w, "[31mno (TFTP error 8)");
        assert_not_said(w, "\033");
        assert_result(w, RECOVERY_RESULT_NONE);
        /* The same again is not said again, another reason is. */
        rrq(w, "spl.bin");
        tftp_error(w, "\033[31mno");
        ck_assert_uint_eq(count_said(w, "broke the transfer off"), 1);
        rrq(w, "spl.bin");
        tftp_error(w, "full");
        assert_said(w, "full (TFTP error 8)");
        ck_assert_uint_eq(count_said(w, "broke the transfer off"), 2);
        /* It may think better of it. */
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        fetch(w, &w->spl);
        assert_said(w, "ROM served");
        world_free(w);
}
END_TEST

/* --- every way to get stuck ------------------------------------------------------------------ */

/* The row says @says once at @says_usec and not before, fails at @fails_usec with @fails. */
static void check_row(World *w, uint64_t says_usec, const char *says, uint64_t fails_usec,
                      const char *fails, RecoveryResult result) {
        pass(w, says_usec - 1);
        assert_not_said(w, says);
        pass(w, 1);
        assert_said(w, says);
        pass(w, fails_usec - says_usec - 1);
        assert_said(w, says);
        assert_result(w, RECOVERY_RESULT_NONE);
        pass(w, 1);
        assert_said(w, fails);
        assert_result(w, result);
        world_free(w);
}

START_TEST(test_stuck_without_a_board) {
        World *w = malloc(sizeof(World));

        world_init(w, true, SECONDS(20));
        check_row(w, SECONDS(10), "no board so far", SECONDS(20), "no board came in time",
                  RECOVERY_RESULT_NO_BOARD);

        w = world_new();
        pass(w, SECONDS(7 * 24 * 3600));
        assert_result(w, RECOVERY_RESULT_NONE);
        assert_said(w, "no board so far");
        world_free(w);

        /* The timeout ends with the first board, also if that leaves again. */
        w = malloc(sizeof(World));
        world_init(w, true, SECONDS(20));
        plug(w, "rom");
        pass(w, SECONDS(15));
        unplug(w);
        pass(w, SECONDS(10));
        assert_result(w, RECOVERY_RESULT_NONE);
        pass(w, SECONDS(20));
        assert_result(w, RECOVERY_RESULT_FAILED);
        world_free(w);
}
END_TEST

START_TEST(test_board_that_cannot_be_taken) {
        World *w = malloc(sizeof(World));

        world_init(w, false, USEC_INFINITY);
        recovery_on_board_problem(w->r, "1-2", STAGE_ROM, "It is up.");
        assert_not_said(w, "cannot be taken");
        recovery_on_board_problem(w->r, "1-2", STAGE_SPL, "It is up.");
        recovery_on_board_problem(w->r, "1-2", STAGE_SPL, "It has an address.");
        assert_said(w, "warning: 1-2: a board is there, but cannot be taken: It is up.\n");
        world_free(w);

        /* Another board's is of no interest when there is one. */
        w = malloc(sizeof(World));
        world_init(w, false, USEC_INFINITY);
        plug(w, "spl");
        recovery_on_board_problem(w->r, "1-2", STAGE_SPL, "It is up.");
        assert_not_said(w, "cannot be taken");
        unplug(w);
        recovery_on_board_problem(w->r, "1-1.4", STAGE_SPL, "It is up.");
        assert_said(w, "cannot be taken: It is up.");
        world_free(w);

        /* A ROM, and the SPL behind it, are taken whoever uses them. */
        w = world_new();
        recovery_on_board_problem(w->r, "1-1.4", STAGE_ROM, "It is up.");
        run_rom(w);
        unplug(w);
        recovery_on_board_problem(w->r, "1-1.4", STAGE_SPL, "It is up.");
        run_spl(w);
        assert_not_said(w, "cannot be taken");
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        world_free(w);
}
END_TEST

START_TEST(test_stuck_rom_without_bootp) {
        World *w = world_new();

        plug(w, "rom");
        check_row(w, SECONDS(10), "has not asked for an address (BOOTP) yet", SECONDS(300),
                  "never asked for an address (BOOTP)", RECOVERY_RESULT_FAILED);
}
END_TEST

START_TEST(test_stuck_without_tftp) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        check_row(w, SECONDS(5), "does not fetch it", SECONDS(60), "never fetched its file",
                  RECOVERY_RESULT_FAILED);

        /* Sixty seconds after the last request … */
        w = world_new();
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        pass(w, SECONDS(50));
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        pass(w, SECONDS(59));
        assert_result(w, RECOVERY_RESULT_NONE);
        pass(w, SECONDS(1));
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "does not fetch it");
        world_free(w);

        /* … but not for ever, and with what it asked for instead. */
        w = world_new();
        plug(w, "rom");
        for (unsigned i = 0; i < 100; i++) {
                bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
                rrq(w, "C0A80065.img");
                pass(w, SECONDS(4));
        }
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "never fetched its file");
        ck_assert_uint_eq(count_said(w, ": it asked for 'C0A80065.img'"), 2);
        world_free(w);
}
END_TEST

START_TEST(test_stuck_in_transfer) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        /* A pause that ends is told, and forgotten. */
        pass(w, SECONDS(4));
        assert_said(w, ": spl.bin, block 0 of 2 was the last acknowledged");
        ack(w, 1);
        check_row(w, SECONDS(3), ": spl.bin, block 1 of 2 was the last acknowledged", SECONDS(60),
                  "stopped fetching its file", RECOVERY_RESULT_FAILED);
}
END_TEST

START_TEST(test_stuck_after_leaving_early) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        unplug(w);
        assert_said(w, "left before it had its file");
        assert_said(w, "block 0 of 2");
        pass(w, SECONDS(30) - 1);
        assert_result(w, RECOVERY_RESULT_NONE);
        pass(w, 1);
        assert_said(w, "did not come back");
        assert_result(w, RECOVERY_RESULT_FAILED);
        world_free(w);
}
END_TEST

/* Up to the first block of U-Boot. */
static void begin_u_boot(World *w) {
        run_rom(w);
        unplug(w);
        plug(w, "spl");
        bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_DISCOVER);
        rrq(w, "u-boot.img");
}

/* An SPL that gives up leaves USB, and hangs. */
START_TEST(test_spl_gives_up) {
        World *w = world_new();

        begin_u_boot(w);
        ack(w, 1);
        unplug(w);
        assert_said(w, "1-1.4: the SPL left USB before it had U-Boot: u-boot.img, block 1 of");
        assert_not_said(w, "left before it had its file");
        pass(w, SECONDS(30));
        assert_said(w, "1-1.4: the SPL did not come back to USB");
        assert_result(w, RECOVERY_RESULT_FAILED);
        world_free(w);

        /* U-Boot itself, which is told to be switched off, is none. */
        w = world_new();
        run_rom(w);
        unplug(w);
        plug(w, "spl");
        bootp(w, SPL_IFINDEX, "U-Boot.armv7", DHCP_DISCOVER);
        unplug(w);
        assert_said(w, "left before it had its file");
        assert_not_said(w, "the SPL left USB");
        world_free(w);
}
END_TEST

/* From another port: the transfer that was at its last block is not what came through. */
START_TEST(test_beginning_anew_at_the_last_block) {
        World *w = world_new();

        begin_u_boot(w);
        for (unsigned block = 1; block < n_blocks(&w->u_boot); block++)
                ack(w, block);
        pass(w, SECONDS(1));
        w->port_offset = 1;
        rrq(w, "u-boot.img");
        unplug(w);
        assert_result(w, RECOVERY_RESULT_NONE);
        assert_not_said(w, "U-Boot served");
        assert_said(w, "the SPL left USB before it had U-Boot");
        world_free(w);
}
END_TEST

START_TEST(test_leaving_early_and_coming_back) {
        World *w = world_new();

        plug(w, "rom");
        unplug(w);
        pass(w, SECONDS(29));
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        ck_assert_uint_eq(w->n_sent, 1);
        unplug(w);
        /* Not even the word that it left has to have been seen. */
        pass(w, SECONDS(1));
        run_rom(w);
        run_spl(w);
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        assert_not_said(w, "the ROM is back");
        world_free(w);

        w = world_new();
        for (unsigned i = 0; i < 10; i++) {
                assert_result(w, RECOVERY_RESULT_NONE);
                plug(w, "rom");
                pass(w, SECONDS(5));
                unplug(w);
        }
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "left its port 10 times");
        world_free(w);
}
END_TEST

START_TEST(test_rom_gives_usb_up) {
        World *w = world_new();

        plug(w, "rom");
        pass(w, SECONDS(260));
        assert_said(w, "has not asked for an address (BOOTP) yet");
        unplug(w);
        assert_said(w, "warning: 1-1.4: the ROM left USB without asking for anything");
        assert_not_said(w, "left before it had its file");
        pass(w, SECONDS(30));
        assert_said(w, "1-1.4: the ROM did not come back to USB");
        assert_result(w, RECOVERY_RESULT_FAILED);
        world_free(w);

        /* One that was answered has another reason to leave. */
        w = world_new();
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        unplug(w);
        assert_said(w, "left before it had its file");
        assert_not_said(w, "without asking");
        world_free(w);
}
END_TEST

START_TEST(test_keeps_coming_and_going) {
        World *w = world_new();

        for (unsigned i = 0; i < 5; i++) {
                plug(w, "rom");
                bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
                pass(w, SECONDS(1));
                ck_assert_uint_eq(count_said(w, "keeps coming and going: 3 times so far"), i > 2);
                unplug(w);
        }
        ck_assert_uint_eq(count_said(w, "left before it had its file"), 4);
        world_free(w);
}
END_TEST

START_TEST(test_asks_for_another_file) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "C0A80065.img");
        rrq(w, "C0A80065.img");
        assert_said(w, "named after its address: 'C0A80065.img'");
        world_free(w);

        w = world_new();
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "C0A8006.img");
        assert_said(w, "a file that is not served: 'C0A8006.img'");
        /* A duplicate of the right one is nothing to be told. */
        rrq(w, "spl.bin");
        rrq(w, "spl.bin");
        assert_said(w, "warning");
        world_free(w);
}
END_TEST

START_TEST(test_slow_transfer) {
        World *w = world_new();

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        pass(w, SECONDS(6));
        assert_not_said(w, "slower");
        ack(w, 1);
        assert_said(w, "much slower than USB should be: 0 KiB/s, ");
        world_free(w);
}
END_TEST

START_TEST(test_stuck_without_second_device) {
        World *w = world_new();

        run_rom(w);
        w->at_port = "USB device 0525:a4a2 is there";
        check_row(w, SECONDS(5), "has not come up on USB yet: USB device 0525:a4a2 is there",
                  SECONDS(30), "did not come up on USB: USB device 0525:a4a2 is there",
                  RECOVERY_RESULT_FAILED);

        w = world_new();
        run_rom(w);
        unplug(w);
        check_row(w, SECONDS(5), "has not come up on USB yet", SECONDS(30),
                  "did not come up on USB", RECOVERY_RESULT_FAILED);
}
END_TEST

START_TEST(test_stuck_spl_without_dhcp) {
        World *w = world_new();

        run_rom(w);
        unplug(w);
        pass(w, SECONDS(2));
        plug(w, "spl");
        check_row(w, SECONDS(5), "has not asked for an address (DHCP) yet", SECONDS(60),
                  "never asked for an address (DHCP)", RECOVERY_RESULT_FAILED);
}
END_TEST

START_TEST(test_rom_back_after_its_spl) {
        World *w = world_new();

        for (unsigned i = 0; i < 3; i++) {
                run_rom(w);
                assert_result(w, RECOVERY_RESULT_NONE);
                ck_assert_uint_eq(count_said(w, "the ROM is back after its SPL was sent"), i);
                unplug(w);
                pass(w, SECONDS(2));
        }
        plug(w, "rom");
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "again, 3 times now");
        world_free(w);

        /* Once is no reason to give up. */
        w = world_new();
        run_rom(w);
        unplug(w);
        run_rom(w);
        unplug(w);
        run_spl(w);
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        world_free(w);

        /* From the SPL's stage too. */
        w = world_new();
        run_rom(w);
        unplug(w);
        plug(w, "spl");
        unplug(w);
        plug(w, "rom");
        assert_said(w, "the ROM is back after its SPL was sent");
        world_free(w);
}
END_TEST

START_TEST(test_rom_asks_again_without_leaving) {
        World *w = world_new();

        run_rom(w);
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0); /* a frame that was late */
        assert_not_said(w, "the ROM is back");
        pass(w, SECONDS(4));
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        assert_said(w, "the ROM is back");
        fetch(w, &w->spl);
        ck_assert_uint_eq(count_said(w, "ROM served"), 2);
        world_free(w);
}
END_TEST

/* --- the session ----------------------------------------------------------------------------- */

START_TEST(test_failed_session_says_why) {
        World *w = world_new();

        w->info.failure_text = (char *) "The interface is in use\nrm -rf";
        session(w, "failed", NULL);
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "snagctl: The interface is in use?rm -rf\n");
        world_free(w);
}
END_TEST

START_TEST(test_lost_session) {
        World *w = world_new();

        run_rom(w);
        recovery_on_session_lost(w->r, "snagd has left");
        recovery_on_session_lost(w->r, "snagd has left");
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "snagd has left");

        /* Nothing that comes now changes anything. */
        plug(w, "spl");
        bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_DISCOVER);
        rrq(w, "u-boot.img");
        unplug(w);
        pass(w, SECONDS(1000));
        assert_result(w, RECOVERY_RESULT_FAILED);
        world_free(w);
}
END_TEST

START_TEST(test_faults_of_ours_end_it) {
        World *w = world_new();

        plug(w, "rom");
        w->bootp_result = -EPERM;
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        assert_result(w, RECOVERY_RESULT_FAILED);
        assert_said(w, "cannot answer the board: Operation not permitted");
        world_free(w);

        w = world_new();
        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        w->send_result = -EPERM;
        rrq(w, "spl.bin");
        assert_result(w, RECOVERY_RESULT_FAILED);
        world_free(w);
}
END_TEST

/* Words that change nothing, and words that come in one piece. */
START_TEST(test_repeated_and_merged_words) {
        World *w = world_new();

        plug(w, "rom");
        session(w, "ready", "rom");
        session(w, "ready", "rom");
        assert_said(w, "board found");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        fetch(w, &w->spl);

        /* detached and attaching were missed. */
        pass(w, SECONDS(2));
        w->info.plug_usec = w->now;
        session(w, "ready", "spl");
        bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_DISCOVER);
        fetch(w, &w->u_boot);
        assert_result(w, RECOVERY_RESULT_DELIVERED);
        world_free(w);
}
END_TEST

/* Cut at every step: the board is pulled after each input of the story, comes back, and is recovered. */
static bool play(World *w, unsigned *n_steps_left) {
#define STEP(...)                             \
        do {                                  \
                __VA_ARGS__;                  \
                if ((*n_steps_left)-- == 0) { \
                        unplug(w);            \
                        return false;         \
                }                             \
        } while (false)

        w->info.plug_usec = w->now;
        w->info.port = (char *) "1-1.4";
        STEP(session(w, "attaching", "rom"));
        STEP(session(w, "ready", NULL));
        STEP(bootp(w, ROM_IFINDEX, ROM_CLASS, 0));
        STEP(rrq(w, "spl.bin"));
        STEP(ack(w, 1));
        STEP(ack(w, 2));
        STEP(unplug(w));
        w->info.plug_usec = ++w->now;
        STEP(session(w, "attaching", "spl"));
        STEP(session(w, "ready", NULL));
        STEP(bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_DISCOVER));
        STEP(bootp(w, SPL_IFINDEX, SPL_CLASS, DHCP_REQUEST));
        STEP(rrq(w, "u-boot.img"));
        for (unsigned block = 1; block < n_blocks(&w->u_boot) - 1; block++)
                STEP(ack(w, block));
#undef STEP
        return true;
}

START_TEST(test_cut_at_every_step) {
        bool is_through = false;

        for (unsigned cut = 0; !is_through; cut++) {
                unsigned n_steps_left = cut;
                World *w = world_new();

                is_through = play(w, &n_steps_left);
                for (unsigned slot = 0; !is_through && slot < RECOVERY_TFTP_SLOTS; slot++)
                        ck_assert(!w->is_connected[slot]);
                if (is_through)
                        unplug(w);
                pass(w, SECONDS(2));
                run_rom(w);
                unplug(w);
                pass(w, SECONDS(2));
                run_spl(w);
                assert_result(w, RECOVERY_RESULT_DELIVERED);
                world_free(w);
                ck_assert_uint_lt(cut, 100);
        }
}
END_TEST

/* --- what a record has of it ------------------------------------------------------------------ */

START_TEST(test_log_of_the_ordinary_way) {
        World *w = world_new();
        RecordAttempt a;

        ck_assert_ptr_null(recovery_get_id_path(w->r));
        pass(w, SECONDS(20)); /* "no board so far" is said, and of no board */
        w->info.plug_usec = w->now;
        w->info.port = (char *) "1-1.4";
        w->info.id_path = (char *) "pci-0000:00:14.0-usb-0:1.4";
        w->client_id = "\x01\x00\xff\x02";
        session(w, "attaching", "rom");
        pass(w, 300 * USEC_PER_MSEC);
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        pass(w, 50 * USEC_PER_MSEC);
        w->info.ready_usec = w->now;
        pass(w, 20 * USEC_PER_MSEC);
        session(w, "ready", NULL);
        w->client_id = NULL;
        pass(w, 30 * USEC_PER_MSEC);
        fetch(w, &w->spl);
        pass(w, SECONDS(1));
        unplug(w);
        w->client_id = "SPL!"; /* which is no chip's */
        pass(w, SECONDS(1));
        run_spl(w);
        assert_result(w, RECOVERY_RESULT_DELIVERED);

        a = get_record(w);
        ck_assert_uint_eq(a.begin_usec, START_USEC + SECONDS(20));
        ck_assert_uint_eq(a.n_stages, 2);
        ck_assert_int_eq(a.stages[0].stage, STAGE_ROM);
        assert_ms(&a, 0, PLUG, 0);
        assert_ms(&a, 0, REQUEST, 300);
        assert_ms(&a, 0, LINK, 350);
        assert_ms(&a, 0, ANSWER, 370);
        assert_ms(&a, 0, FIRST_BLOCK, 400);
        assert_ms(&a, 0, LAST_BLOCK, 403);
        ck_assert_uint_eq(a.stages[0].n_requests, 1);
        ck_assert_uint_eq(a.stages[0].n_blocks, 2);
        ck_assert_uint_eq(a.stages[0].n_bytes, 1000);
        ck_assert_uint_eq(a.stages[0].n_retransmissions, 0);
        ck_assert_int_eq(a.stages[1].stage, STAGE_SPL);
        assert_ms(&a, 1, PLUG, 2403);
        assert_ms(&a, 1, LINK, 2403);
        assert_ms(&a, 1, LAST_BLOCK, 2414);
        ck_assert_uint_eq(a.stages[1].n_requests, 2);
        ck_assert_uint_eq(a.stages[1].n_blocks, 6);
        ck_assert_uint_eq(a.stages[1].n_bytes, 3000);
        ck_assert_uint_eq(a.asic_id_size, CLIENT_ID_LEN);
        ck_assert_mem_eq(a.asic_id, "\x01\x00\xff\x02", CLIENT_ID_LEN);
        ck_assert_ptr_null(a.diagnosis);
        ck_assert_str_eq(recovery_get_id_path(w->r), "pci-0000:00:14.0-usb-0:1.4");
        world_free(w);
}
END_TEST

/* What it waited before somebody wanted it is no time of the recovery. */
START_TEST(test_log_of_a_board_that_was_there_before) {
        World *w = world_new();
        RecordAttempt a;

        w->info.plug_usec = START_USEC - SECONDS(600);
        session(w, "attaching", "rom");
        a = get_record(w);
        ck_assert_uint_eq(a.begin_usec, START_USEC);
        world_free(w);
}
END_TEST

START_TEST(test_log_of_an_unannounced_board) {
        World *w = world_new();
        RecordAttempt a;

        pass(w, SECONDS(1));
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        pass(w, SECONDS(1));
        a = get_record(w);
        ck_assert_uint_eq(a.begin_usec, START_USEC + SECONDS(1));
        assert_ms(&a, 0, PLUG, -1);
        assert_ms(&a, 0, REQUEST, 0);
        assert_ms(&a, 0, ANSWER, 500);

        /* The word, and with it since when. */
        w->info.plug_usec = START_USEC + SECONDS(1) / 2;
        session(w, "attaching", "rom");
        a = get_record(w);
        ck_assert_uint_eq(a.n_stages, 1);
        ck_assert_uint_eq(a.begin_usec, START_USEC + SECONDS(1) / 2);
        assert_ms(&a, 0, REQUEST, 500);
        world_free(w);
}
END_TEST

START_TEST(test_log_of_trouble) {
        World *w = world_new();
        RecordAttempt a;

        plug(w, "rom");
        w->bootp_result = UDP_SENT_NOT; /* its answer is sent again, its request was one */
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        w->bootp_result = 0;
        pass(w, SECONDS(1));
        rrq(w, "spl.bin");
        ack(w, 1);
        pass(w, SECONDS(1)); /* block 2 is sent again */
        a = get_record(w);
        ck_assert_uint_eq(a.stages[0].n_requests, 1);
        ck_assert_uint_ge(a.stages[0].n_retransmissions, 1);
        ck_assert_uint_eq(a.stages[0].n_blocks, 1);
        assert_ms(&a, 0, LAST_BLOCK, -1);
        tftp_error(w, "flash is full");
        assert_diagnosis(w, "board-error");
        a = get_record(w);
        ck_assert_str_eq(a.diagnosis_text,
                         "the board broke the transfer off: flash is full (TFTP error 8)");

        /* The same file anew, and then it leaves for good. */
        pass(w, SECONDS(1));
        rrq(w, "spl.bin");
        unplug(w);
        pass(w, SECONDS(1));
        plug(w, "rom");
        unplug(w);
        pass(w, SECONDS(60));
        assert_result(w, RECOVERY_RESULT_FAILED);
        a = get_record(w);
        ck_assert_uint_eq(a.n_stages, 2);
        ck_assert_uint_eq(a.stages[0].n_blocks, 1);
        ck_assert_uint_eq(a.stages[1].n_blocks, 0);
        ck_assert_uint_eq(a.stages[1].n_requests, 0);
        assert_diagnosis(w, "rom-gave-up-end");
        world_free(w);
}
END_TEST

START_TEST(test_log_of_a_fault_of_the_hosts) {
        World *w = world_new();
        RecordAttempt a;

        plug(w, "rom");
        w->info.failure_text = (char *) "the interface is in use";
        session(w, "failed", NULL);
        a = get_record(w);
        ck_assert_str_eq(a.diagnosis, "failure");
        ck_assert_str_eq(a.diagnosis_text, "the interface is in use");
        world_free(w);
}
END_TEST

START_TEST(test_log_of_a_rom_that_comes_back) {
        World *w = world_new();
        RecordAttempt a;

        for (unsigned i = 0; i < 3; i++) {
                pass(w, SECONDS(1));
                run_rom(w);
                unplug(w);
        }
        pass(w, SECONDS(1));
        plug(w, "rom");
        assert_result(w, RECOVERY_RESULT_FAILED);
        a = get_record(w);
        ck_assert_uint_eq(a.n_stages, 4);
        assert_diagnosis(w, "rom-back-end");
        world_free(w);
}
END_TEST

/* The last block of a board that did not acknowledge it. */
START_TEST(test_log_of_a_board_that_leaves_at_the_end) {
        World *w = world_new();
        RecordAttempt a;

        plug(w, "rom");
        bootp(w, ROM_IFINDEX, ROM_CLASS, 0);
        rrq(w, "spl.bin");
        pass(w, 10 * USEC_PER_MSEC);
        ack(w, 1);
        pass(w, 10 * USEC_PER_MSEC);
        unplug(w);
        a = get_record(w);
        assert_ms(&a, 0, LAST_BLOCK, 10);
        ck_assert_uint_eq(a.stages[0].n_blocks, 1);
        world_free(w);
}
END_TEST

TEST_MAIN("recovery", test_delivers_both_stages, test_answers_with_the_file_of_the_stage,
          test_tells_whose_a_datagram_is, test_spl_stage_alone,
          test_leaving_after_the_last_block_is_success,
          test_unreachable_after_the_last_block_is_success, test_long_transfers_are_shown,
          test_early_request_waits_for_ready, test_each_early_request_is_answered,
          test_request_is_answered_without_ready, test_request_before_any_word_of_the_board,
          test_spl_overtakes_the_bus, test_spl_without_any_word_of_the_bus,
          test_requests_of_a_board_that_left_are_forgotten,
          test_reply_that_cannot_leave_is_sent_again, test_wrong_vendor_class_warns_once,
          test_missing_or_unknown_vendor_class_is_fine, test_u_boot_proper_is_not_answered,
          test_nonsense_is_ignored, test_board_begins_for_ever, test_board_crawls,
          test_board_floods, test_board_breaks_the_transfer_off, test_stuck_without_a_board,
          test_board_that_cannot_be_taken, test_stuck_rom_without_bootp, test_stuck_without_tftp,
          test_stuck_in_transfer, test_stuck_after_leaving_early, test_spl_gives_up,
          test_beginning_anew_at_the_last_block, test_leaving_early_and_coming_back,
          test_rom_gives_usb_up, test_keeps_coming_and_going, test_asks_for_another_file,
          test_slow_transfer, test_stuck_without_second_device, test_stuck_spl_without_dhcp,
          test_rom_back_after_its_spl, test_rom_asks_again_without_leaving,
          test_failed_session_says_why, test_lost_session, test_faults_of_ours_end_it,
          test_repeated_and_merged_words, test_cut_at_every_step, test_log_of_the_ordinary_way,
          test_log_of_a_board_that_was_there_before, test_log_of_an_unannounced_board,
          test_log_of_trouble, test_log_of_a_fault_of_the_hosts, test_log_of_a_rom_that_comes_back,
          test_log_of_a_board_that_leaves_at_the_end)
