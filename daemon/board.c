/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "board.h"

#include <assert.h>
#include <errno.h>

#include "usb-port.h"

struct Board {
        char *port;
        char *id_path; /* NULL: udev has none */
        const Soc *soc;
        Stage stage;
        uint32_t devnum;
        uint64_t plug_usec;
        UsbTopology topology;

        int ifindex; /* on the host; 0: not there, or not ready to be moved */
        char *interface;

        Session *session;       /* who has it; not owned */
        uint64_t returned_usec; /* 0: no session has given it back */
        char *problem;          /* NULL: none */
};

static int copy_string(const char *string, char **ret) {
        char *copy;

        if (!string) {
                *ret = NULL;
                return 0;
        }

        copy = strdup(string);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int board_new(const BoardInfo *info, Board **ret) {
        _cleanup_(board_freep) Board *board = NULL;
        int r;

        assert(info && info->port && info->soc);
        assert(ret);

        board = calloc(1, sizeof(*board));
        if (!board)
                return -ENOMEM;

        board->soc = info->soc;
        board->stage = info->stage;
        board->devnum = info->devnum;
        board->plug_usec = info->plug_usec;
        board->topology = info->topology;

        r = copy_string(info->port, &board->port);
        if (r < 0)
                return r;
        r = copy_string(info->id_path, &board->id_path);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(board);
        return 0;
}

Board *board_free(Board *board) {
        if (!board)
                return NULL;

        assert(!board->session);

        free(board->port);
        free(board->id_path);
        free(board->interface);
        free(board->problem);
        free(board);
        return NULL;
}

const char *board_get_port(const Board *board) {
        assert(board);
        return board->port;
}

const char *board_get_id_path(const Board *board) {
        assert(board);
        return board->id_path ?: "";
}

const Soc *board_get_soc(const Board *board) {
        assert(board);
        return board->soc;
}

Stage board_get_stage(const Board *board) {
        assert(board);
        return board->stage;
}

uint32_t board_get_devnum(const Board *board) {
        assert(board);
        return board->devnum;
}

uint64_t board_get_plug_usec(const Board *board) {
        assert(board);
        return board->plug_usec;
}

const UsbTopology *board_get_topology(const Board *board) {
        assert(board);
        return &board->topology;
}

Session *board_get_session(const Board *board) {
        assert(board);
        return board->session;
}

const char *board_get_problem(const Board *board) {
        assert(board);
        return board->problem ?: "";
}

bool board_is_at(const Board *board, const char *port) {
        _cleanup_free_ char *id_path = NULL;

        assert(board);
        assert(port);

        if (streq(board->port, port))
                return true;

        /* People copy an ID_PATH from where they find it: with the interface is fine, too. */
        return board->id_path && usb_id_path_without_interface(port, &id_path) >= 0 &&
               streq(board->id_path, id_path);
}

bool board_is_same_plug(const Board *board, const BoardInfo *info) {
        assert(board);
        assert(info);

        /* The device number alone would do, if it did not wrap. */
        return streq(board->port, info->port) && board->devnum == info->devnum &&
               board->soc == info->soc && board->stage == info->stage;
}

int board_get_ifindex(const Board *board) {
        assert(board);
        return board->ifindex;
}

const char *board_get_interface(const Board *board) {
        assert(board);
        return board->interface ?: "";
}

int board_set_link(Board *board, int ifindex, const char *interface) {
        char *copy;
        int r;

        assert(board);
        assert(ifindex > 0);

        r = copy_string(interface, &copy);
        if (r < 0)
                return r;

        free(board->interface);
        board->interface = copy;
        board->ifindex = ifindex;
        return 0;
}

void board_clear_link(Board *board) {
        assert(board);

        free(TAKE_PTR(board->interface));
        board->ifindex = 0;
}

uint64_t board_get_returned_usec(const Board *board) {
        assert(board);
        return board->returned_usec;
}

void board_set_returned_usec(Board *board, uint64_t usec) {
        assert(board);
        board->returned_usec = usec;
}

unsigned board_set_session(Board *board, Session *session) {
        assert(board);

        if (board->session == session)
                return 0;

        board->session = session;
        return BOARD_PROPERTY_SESSION;
}

unsigned board_set_problem(Board *board, const char *problem) {
        char *copy = NULL;

        assert(board);
        assert(problem);

        if (streq(board_get_problem(board), problem))
                return 0;

        /* Without memory the board has a problem less to show, which is the smaller harm. */
        if (*problem)
                copy = strdup(problem);
        free(board->problem);
        board->problem = copy;
        return BOARD_PROPERTY_PROBLEM;
}
