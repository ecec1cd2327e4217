/* SPDX-License-Identifier: GPL-2.0-or-later */

/* sim-board: a simulated AM335x that is to be recovered over USB. `sim-board --help` says how to
 * use it; in short:
 *
 *     sim-board --interface veth1 --spl spl.bin --u-boot u-boot.img     both stages, one after the
 *                                                                       other, on one interface
 *     sim-board --gadget 0 --spl spl.bin --u-boot u-boot.img            as a USB device: ROM, gone,
 *                                                                       SPL, gone
 *
 * It shares no code with the servers that it tests, knows the protocols from the RFCs and from
 * U-Boot's source, and says in JSON what it saw. The parts:
 *
 *     board-frame    Ethernet, ARP, IPv4, UDP          board-rom      the ROM's state machine
 *     board-reply    BOOTP replies, read and audited   board-uboot    U-Boot's
 *     board-faults   what goes wrong on purpose        board-stage    what both have in common
 *     board-link     the packet socket                 gadget         the USB device
 *     board-options  the command line                  report         JSON
 *
 * This file leads the life of a board: which stage comes next, plugged in where. */

#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "board-options.h"
#include "board-rom.h"
#include "board-uboot.h"
#include "fd-util.h"
#include "gadget.h"

enum {
        EXIT_OK = 0,
        EXIT_NOT_RECOVERED = 1,
        EXIT_USAGE = 2,

        ROM_HOST_TIMEOUT_SEC = 60, /* the first time, the host may have to load its drivers */
};

typedef struct Board {
        BoardOptions options;
        Report *report;
        StageTally tallies[_BOARD_STAGE_MAX];
        int stop_fd;
        uint64_t give_up_usec;
        unsigned n_rom_again; /* left */
} Board;

/* A gap in which the board is not on the bus. Returns false when told to stop. */
static bool board_pause(const Board *board, uint64_t usec) {
        sigset_t set;
        struct timespec timeout = {
                .tv_sec = (time_t) (usec / USEC_PER_SEC),
                .tv_nsec = (long) (usec % USEC_PER_SEC * NSEC_PER_USEC),
        };

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        return sigtimedwait(&set, NULL, &timeout) < 0;
}

static int open_stop_fd(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        signal(SIGPIPE, SIG_IGN);
        return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Until the host's driver has the device. */
static Outcome wait_host(Board *board, BoardStageId id, Gadget *gadget) {
        StageTally *tally = &board->tallies[id];
        uint64_t patience = board->options.host_timeout_usec;
        int r;

        if (id == BOARD_ROM)
                patience = MAX_OF(patience, ROM_HOST_TIMEOUT_SEC * USEC_PER_SEC);
        r = gadget_wait_host(gadget, now_usec() + patience);

        if (r == -EINTR)
                return OUTCOME_STOPPED;
        if (r < 0) { /* usb_eth_start() */
                snprintf(tally->failure, sizeof(tally->failure),
                         "The remote end did not respond in time");
                return OUTCOME_FAILED;
        }
        tally->host_ms = report_now_ms(board->report);
        report_event(board->report, "host-ready", board_stage_name(id), NULL);
        return OUTCOME_NONE;
}

static Outcome run_on_link(Board *board, BoardStageId id, BoardLink *link) {
        const StageOptions *own = &board->options.stages[id];
        StageTally *tally = &board->tallies[id];
        uint64_t seed = board->options.seed * 1000 + id * 100 + tally->n_runs;
        BoardStage stage = {
                .id = id,
                .name = board_stage_name(id),
                .options = &board->options,
                .own = own,
                .link = link,
                .report = board->report,
                .tally = tally,
                .dice = {.state = ~seed},
                .give_up_usec = board->give_up_usec,
        };

        board_link_set_faults(link, &own->faults, board->options.delay_ms, seed, tally);
        return id == BOARD_ROM ? board_rom_run(&stage) : board_uboot_run(&stage);
}

static Outcome fail_errno(StageTally *tally, const char *what, int error) {
        snprintf(tally->failure, sizeof(tally->failure), "%s: %s", what, strerror(abs(error)));
        return OUTCOME_FAILED;
}

/* On an interface that is there. */
static Outcome run_on_interface(Board *board, BoardStageId id) {
        _cleanup_(board_link_freep) BoardLink *link = NULL;
        StageTally *tally = &board->tallies[id];
        int r = board_link_new((int) if_nametoindex(board->options.interface), board->stop_fd,
                               &link);

        if (r < 0)
                return fail_errno(tally, "no packet socket", r);
        tally->plug_ms = report_now_ms(board->report);
        return run_on_link(board, id, link);
}

/* Until somebody wants it plugged in. Returns false when told to stop. */
static bool wait_input(Board *board) {
        struct pollfd fds[] = {
                {.fd = board->stop_fd, .events = POLLIN},
                {.fd = STDIN_FILENO, .events = POLLIN},
        };

        if (!TAKE(board->options.plugs_on_input, false))
                return true;
        report_event(board->report, "armed", NULL, NULL);
        while (poll(fds, ELEMENTSOF(fds), -1) < 0 && errno == EINTR)
                ;
        return !fds[0].revents;
}

/* As a USB device, plugged in and out again. */
static Outcome run_as_gadget(Board *board, BoardStageId id) {
        _cleanup_(gadget_freep) Gadget *gadget = NULL;
        _cleanup_(board_link_freep) BoardLink *link = NULL;
        StageTally *tally = &board->tallies[id];
        Outcome outcome;
        int r = gadget_new(board->options.gadget, id, board->options.stages[id].mac, board->stop_fd,
                           &gadget);

        if (r < 0)
                return fail_errno(tally, "no gadget", r);
        if (!wait_input(board))
                return OUTCOME_STOPPED;
        tally->plug_ms = report_now_ms(board->report);
        report_event(board->report, "plug", board_stage_name(id), NULL);
        r = gadget_plug(gadget);
        if (r < 0)
                return fail_errno(tally, "cannot plug in", r);
        /* On a clock that all boards share. */
        report_event(board->report, "plugged", board_stage_name(id), "\"monotonic_ms\":%.3f",
                     (double) now_usec() / USEC_PER_MSEC);
        /* Before the host can have sent anything: it would be missed else. */
        r = board_link_new(gadget_get_ifindex(gadget), board->stop_fd, &link);
        if (r < 0)
                return fail_errno(tally, "no packet socket", r);
        outcome = wait_host(board, id, gadget);
        return outcome == OUTCOME_NONE ? run_on_link(board, id, link) : outcome;
}

/* One stage, from plug to unplug. */
static Outcome run_stage(Board *board, BoardStageId id) {
        StageTally *tally = &board->tallies[id];
        unsigned n_runs = tally->n_runs + 1;
        Outcome outcome;

        stage_tally_init(tally);
        tally->n_runs = n_runs;
        outcome = board->options.interface ? run_on_interface(board, id) : run_as_gadget(board, id);
        report_event(board->report, "unplug", board_stage_name(id), NULL);
        return outcome;
}

static const char *outcome_name(Outcome outcome) {
        switch (outcome) {
        case OUTCOME_NONE:
                return "none";
        case OUTCOME_DELIVERED:
                return "delivered";
        case OUTCOME_FAILED:
                return "failed";
        case OUTCOME_PULLED:
                return "pulled";
        case OUTCOME_GONE:
                return "interface gone";
        case OUTCOME_STOPPED:
                return "stopped";
        case OUTCOME_GIVEN_UP:
                return "given up";
        }
        return "?";
}

/* A second device that stays silent, or none at all: sit there until somebody says stop. */
static Outcome sit_out(Board *board) {
        uint64_t now = now_usec();

        if (board->give_up_usec > now && !board_pause(board, board->give_up_usec - now))
                return OUTCOME_STOPPED;
        return OUTCOME_GIVEN_UP;
}

/* Before the stage @id: what a board without a good SPL does instead. */
static Outcome run_or_sit_out(Board *board, BoardStageId id) {
        StageTally *tally = &board->tallies[id];

        if (id != BOARD_SPL || board->options.has_spl_device)
                return run_stage(board, id);
        stage_tally_init(tally);
        tally->n_runs = 1;
        report_event(board->report, "no-device", board_stage_name(id), NULL);
        return sit_out(board);
}

/* It was pulled as often as it should. */
static void stop_pulling(BoardOptions *o) {
        o->replug_usec = USEC_INFINITY;
        for (unsigned i = 0; i < _BOARD_STAGE_MAX; i++)
                o->stages[i].pull.step = STEP_NONE;
}

/* After @outcome of stage @id: which one is next; _BOARD_STAGE_MAX: none. */
static BoardStageId next_stage(Board *board, BoardStageId id, Outcome outcome) {
        BoardOptions *o = &board->options;

        if (outcome == OUTCOME_PULLED && o->replug_usec != USEC_INFINITY) {
                uint64_t gap = o->replug_usec;

                if (!o->replugs_for_ever)
                        stop_pulling(o);
                if (now_usec() >= board->give_up_usec || !board_pause(board, gap))
                        return _BOARD_STAGE_MAX;
                return o->has_stage[BOARD_ROM] ? BOARD_ROM : id;
        }
        if (outcome != OUTCOME_DELIVERED)
                return _BOARD_STAGE_MAX;
        if (id == BOARD_ROM && board->n_rom_again > 0) {
                board->n_rom_again--;
                id = BOARD_ROM;
        } else
                do
                        id++;
                while (id < _BOARD_STAGE_MAX && !o->has_stage[id]);
        if (id < _BOARD_STAGE_MAX && !board_pause(board, board_options_scale(o, o->spl_delay_usec)))
                return _BOARD_STAGE_MAX;
        return id;
}

/* The whole life. Returns whether every stage that was to run ended well. */
static bool live(Board *board) {
        BoardStageId id = BOARD_ROM, last;
        Outcome outcome = OUTCOME_NONE;

        while (!board->options.has_stage[id])
                id++;
        do {
                last = id;
                outcome = run_or_sit_out(board, id);
                report_event(board->report, "end", board_stage_name(id), "\"outcome\":\"%s\"",
                             outcome_name(outcome));
                if (board->tallies[id].failure[0] == '\0' && outcome != OUTCOME_DELIVERED)
                        snprintf(board->tallies[id].failure, sizeof(board->tallies[id].failure),
                                 "%s", outcome_name(outcome));
                id = next_stage(board, id, outcome);
        } while (id < _BOARD_STAGE_MAX);
        for (unsigned i = last + 1; i < _BOARD_STAGE_MAX; i++)
                if (board->options.has_stage[i])
                        return false;
        return outcome == OUTCOME_DELIVERED;
}

int main(int argc, char *argv[]) {
        _cleanup_(report_freep) Report *report = NULL;
        Board board = {};
        bool is_success;
        int r = board_options_parse(argc, argv, &board.options);

        if (r != 0)
                return r > 0 ? EXIT_OK : EXIT_USAGE;
        if (board.options.interface && if_nametoindex(board.options.interface) == 0) {
                fprintf(stderr, "sim-board: no interface \"%s\"\n", board.options.interface);
                return EXIT_USAGE;
        }
        board.stop_fd = open_stop_fd();
        if (board.stop_fd < 0 || report_new(stdout, &report) < 0)
                return EXIT_NOT_RECOVERED;
        if (!board.options.interface) {
                r = gadget_init();
                if (r < 0) {
                        fprintf(stderr, "sim-board: no namespace for the gadget: %s\n",
                                strerror(-r));
                        return EXIT_NOT_RECOVERED;
                }
        }
        if (!board.options.has_spl_dhcp)
                board.options.stages[BOARD_SPL].silent.step = STEP_PLUG;
        for (unsigned i = 0; i < _BOARD_STAGE_MAX; i++)
                stage_tally_init(&board.tallies[i]);
        board.report = report;
        board.n_rom_again = board.options.n_rom_again;
        board.give_up_usec = now_usec() + board.options.give_up_usec;

        is_success = live(&board);
        report_result(report, is_success, &board.tallies[BOARD_ROM], &board.tallies[BOARD_SPL],
                      &board.tallies[BOARD_UBOOT]);
        fd_close(board.stop_fd);
        return is_success ? EXIT_OK : EXIT_NOT_RECOVERED;
}
