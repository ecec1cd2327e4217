/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * A session that waits for any board is the fastest way to one that is just being plugged in: it is
 * there before the board is. It takes what comes, though; so it is of use only as long as everything that comes
 * is wanted (fleet_ports_are_named()). Else, and for boards that were there before us, and for those that are
 * tried again, a session is opened for the port by name.
 *
 * A board that failed is tried again in place; when that is over, its port is given up. A board that leaves and is
 * back at once did so by itself (a watchdog, a loose cable), and changes nothing; that nothing was there for
 * REPLUG_USEC means that somebody has plugged something in again, and the port starts anew.
 *
 * While a command runs for a board that was served, its port waits: whatever is plugged in there meanwhile, the command
 * might take for its own board.
 *
 * Boards in another stage, an SPL for instance whose ROM we serve, are no boards here: they belong to the session
 * of their port, or to nobody. One exception: when an attempt failed, and the SPL is there that it had sent, too late or
 * stuck, the next one begins with that. Ports are few; all searches are linear. */

#include "fleet-ports.h"

#include <assert.h>

#include "bus-contract.h"
#include "port-pattern.h"

#define REPLUG_USEC (2 * USEC_PER_SEC)

typedef struct FleetPort {
        char *name;
        char *id_path;     /* NULL: not known */
        bool has_board;    /* in the first stage */
        bool has_spl;      /* where that is not the first stage */
        bool was_spl_sent; /* since something was plugged in */
        bool is_taken;     /* it is in somebody's session */
        bool needs_name; /* a session that waits for any board does not get it: it was there before, or somebody has given it back */
        bool was_tried;  /* since it was plugged in */
        bool was_missed; /* since then a session waited for it in vain */
        bool wants_session; /* a board that failed, or whose session was dismissed */
        bool is_busy;       /* it is, or waits to be, in a session that is not ours */
        bool was_freed; /* such a session ended since ours was asked for, which may have been refused before */
        bool is_given_up;
        bool is_done;    /* with FleetRules.is_once */
        unsigned n_open; /* sessions of ours */
        unsigned n_commands;
        unsigned n_failures;
        uint64_t gone_usec; /* when its board left; 0: it did not */
} FleetPort;

struct FleetPorts {
        const FleetRules *rules;
        FleetPort *ports;
        size_t n_ports;
        uint64_t change_usec;
};

int fleet_ports_new(const FleetRules *rules, FleetPorts **ret) {
        FleetPorts *p;

        assert(rules);
        assert(rules->soc);
        assert(ret);

        p = calloc(1, sizeof(FleetPorts));
        if (!p)
                return -ENOMEM;
        p->rules = rules;
        *ret = p;
        return 0;
}

FleetPorts *fleet_ports_free(FleetPorts *p) {
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->n_ports; i++) {
                free(p->ports[i].name);
                free(p->ports[i].id_path);
        }
        free(p->ports);
        free(p);
        return NULL;
}

static FleetPort *find(const FleetPorts *p, const char *name) {
        for (size_t i = 0; i < p->n_ports; i++)
                if (streq(p->ports[i].name, name))
                        return &p->ports[i];
        return NULL;
}

/* NULL: out of memory. Ports stay known when they are empty: a host has as many as it has. */
static FleetPort *find_or_add(FleetPorts *p, const char *name) {
        FleetPort *ports = find(p, name);
        char *copy;

        if (ports)
                return ports;
        ports = reallocarray(p->ports, p->n_ports + 1, sizeof(FleetPort));
        if (!ports)
                return NULL;
        p->ports = ports;
        copy = strdup(name);
        if (!copy)
                return NULL;
        p->ports[p->n_ports] = (FleetPort){.name = copy};
        return &p->ports[p->n_ports++];
}

static bool matches(const FleetPorts *p, const FleetPort *port) {
        if (!p->rules->patterns)
                return true;
        for (const char *const *pattern = p->rules->patterns; *pattern; pattern++)
                if (port_pattern_matches(*pattern, port->name, port->id_path ? port->id_path : ""))
                        return true;
        return false;
}

static void forget_board(FleetPort *port) {
        port->has_board = port->has_spl = false;
        port->is_taken = port->needs_name = port->was_tried = port->was_missed = false;
}

/* Nothing was there for so long that what comes next is another board. */
static void expire(FleetPort *port, uint64_t now_usec) {
        if (port->gone_usec == 0 || now_usec < port->gone_usec + REPLUG_USEC || port->n_open > 0 ||
            port->wants_session)
                return;
        port->is_given_up = port->was_spl_sent = false;
        port->n_failures = 0;
        port->gone_usec = 0;
}

uint64_t fleet_ports_expire(FleetPorts *p, uint64_t now_usec) {
        uint64_t deadline = USEC_INFINITY;

        assert(p);

        for (size_t i = 0; i < p->n_ports; i++) {
                FleetPort *port = &p->ports[i];

                expire(port, now_usec);
                if (port->gone_usec > 0 && port->is_given_up)
                        deadline = MIN_OF(deadline, port->gone_usec + REPLUG_USEC);
        }
        return deadline;
}

/* Not of a port where there was no board for us yet: the SPL is a stranger's. */
static void on_later_stage(FleetPorts *p, const BoardInfo *board, bool is_gone) {
        FleetPort *port = find(p, board->port);

        if (port)
                port->has_spl = !is_gone;
}

/* The names of buses may change places, when a controller is bound anew. */
static int learn_path(FleetPort *port, const char *id_path) {
        char *copy;

        if (!*id_path || streq_ptr(port->id_path, id_path))
                return 0;
        copy = strdup(id_path);
        if (!copy)
                return -ENOMEM;
        free(port->id_path);
        port->id_path = copy;
        return 0;
}

int fleet_ports_on_board(FleetPorts *p, const BoardInfo *board, bool is_gone, bool was_there,
                         uint64_t now_usec) {
        FleetPort *port;
        bool is_taken;
        int stage, r;

        assert(p);
        assert(board);

        stage = stage_from_string(board->stage);
        if (!streq(board->soc, p->rules->soc->name) || stage < (int) p->rules->first_stage)
                return 0;
        if (stage > (int) p->rules->first_stage) {
                on_later_stage(p, board, is_gone);
                return 0;
        }
        port = find_or_add(p, board->port);
        if (!port)
                return -ENOMEM;

        if (is_gone) {
                p->change_usec = port->gone_usec = now_usec;
                forget_board(port);
                return 0;
        }
        r = learn_path(port, board->id_path);
        if (r < 0)
                return r;
        if (!port->has_board) {
                p->change_usec = now_usec;
                expire(port, now_usec);
                port->gone_usec = 0;
                port->has_board = true;
                port->needs_name = was_there;
                /* A session that tried again, without a board, is none that has tried this one. */
                port->was_tried = port->n_open > 0;
        }
        is_taken = !streq(board->session, BUS_PATH_NONE);
        if (port->is_taken && !is_taken)
                port->needs_name = true;
        port->is_taken = is_taken;
        return 0;
}

void fleet_ports_on_daemon_gone(FleetPorts *p) {
        assert(p);

        for (size_t i = 0; i < p->n_ports; i++) {
                /* When it is told of again, it is not a new one: gone_usec stays. */
                forget_board(&p->ports[i]);
                p->ports[i].is_busy = false;
        }
}

void fleet_ports_on_daemon_back(FleetPorts *p, uint64_t now_usec) {
        assert(p);

        for (size_t i = 0; i < p->n_ports; i++)
                /* It left while nobody could tell. */
                if (!p->ports[i].has_board && p->ports[i].gone_usec == 0)
                        p->ports[i].gone_usec = now_usec;
}

/* The board at the port is to be asked for again, by name. */
static void try_anew(FleetPort *port) {
        if (!port->has_board)
                return;
        port->was_tried = false;
        port->needs_name = true;
}

/* Somebody else had it. */
static void try_freed(FleetPort *port) {
        port->is_busy = port->was_freed = false;
        try_anew(port);
        /* Else it may still come back to be tried again. */
        port->wants_session |= !port->has_board && port->n_failures > 0;
}

void fleet_ports_on_session_gone(FleetPorts *p, const char *name, const char *id_path) {
        bool is_known;

        assert(p);
        assert(name);
        assert(id_path);

        is_known = *name || *id_path;
        for (size_t i = 0; i < p->n_ports; i++) {
                FleetPort *port = &p->ports[i];

                if (is_known && !streq(port->name, name) && !streq_ptr(port->id_path, id_path))
                        continue;
                port->was_freed = port->n_open > 0;
                if (port->is_busy)
                        try_freed(port);
        }
}

int fleet_ports_begin(FleetPorts *p, const char *name) {
        FleetPort *port;

        assert(p);
        assert(name);

        port = find_or_add(p, name);
        if (!port)
                return -ENOMEM;
        if (port->n_open == 0)
                port->was_freed = false;
        port->n_open++;
        port->was_tried = true;
        port->wants_session = false;
        return 0;
}

void fleet_ports_on_spl_sent(FleetPorts *p, const char *name) {
        FleetPort *port;

        assert(p);
        assert(name);

        port = find(p, name);
        assert(port);
        port->was_spl_sent = true;
}

static FleetVerdict give_up(const FleetPorts *p, FleetPort *port) {
        port->is_given_up = true;
        port->is_done = p->rules->is_once;
        return FLEET_VERDICT_GIVEN_UP;
}

static FleetVerdict on_failed(const FleetPorts *p, FleetPort *port) {
        /* Also the attempts that a board which was given up makes by itself. */
        if (++port->n_failures <= p->rules->n_retries) {
                port->wants_session = true;
                return FLEET_VERDICT_RETRY;
        }
        return give_up(p, port);
}

/* Nothing came to the session that waited. */
static FleetVerdict on_no_board(const FleetPorts *p, FleetPort *port) {
        /* It is there, but was not to be had: its interface was not back in time, for instance. Once: it may never be. */
        if (port->n_open == 0 && !port->was_missed) {
                try_anew(port);
                port->was_missed = true;
        }
        if (port->has_board || port->n_failures == 0)
                return FLEET_VERDICT_NONE;
        return give_up(p, port);
}

FleetVerdict fleet_ports_end(FleetPorts *p, const char *name, FleetOutcome outcome,
                             unsigned *ret_n_failures) {
        FleetVerdict verdict = FLEET_VERDICT_NONE;
        FleetPort *port;

        assert(p);
        assert(name);
        assert(ret_n_failures);

        port = find(p, name);
        assert(port);
        assert(port->n_open > 0);
        port->n_open--;

        switch (outcome) {
        case FLEET_OUTCOME_RECOVERED:
                port->n_failures = 0;
                port->is_given_up = port->was_spl_sent = false;
                port->is_done = p->rules->is_once;
                verdict = FLEET_VERDICT_DONE;
                break;
        case FLEET_OUTCOME_FAILED:
                verdict = on_failed(p, port);
                break;
        case FLEET_OUTCOME_DISMISSED:
                port->wants_session = true;
                break;
        case FLEET_OUTCOME_NO_BOARD:
                verdict = on_no_board(p, port);
                break;
        case FLEET_OUTCOME_BUSY:
                if (port->was_freed)
                        try_freed(port);
                else
                        port->is_busy = true;
                break;
        case FLEET_OUTCOME_INTERRUPTED:
                break;
        }
        *ret_n_failures = port->n_failures;
        return verdict;
}

void fleet_ports_begin_command(FleetPorts *p, const char *name) {
        FleetPort *port;

        assert(p);
        assert(name);

        port = find(p, name);
        assert(port);
        port->n_commands++;
}

void fleet_ports_end_command(FleetPorts *p, const char *name) {
        FleetPort *port;

        assert(p);
        assert(name);

        port = find(p, name);
        assert(port);
        assert(port->n_commands > 0);
        port->n_commands--;
        /* What was plugged in meanwhile. */
        if (!port->was_tried)
                try_anew(port);
}

bool fleet_ports_are_named(const FleetPorts *p) {
        assert(p);

        if (p->rules->patterns || p->rules->is_once)
                return true;
        for (size_t i = 0; i < p->n_ports; i++)
                if (p->ports[i].is_given_up || p->ports[i].n_commands > 0)
                        return true;
        return false;
}

static bool is_wanted(const FleetPorts *p, const FleetPort *port, bool are_named) {
        if (port->n_open > 0 || port->n_commands > 0 || port->is_done || !matches(p, port))
                return false;
        if (port->wants_session)
                return true;
        if (!port->has_board || port->is_taken || port->was_tried || port->is_given_up)
                return false;
        return are_named || port->needs_name;
}

/* An attempt at the first stage would wait for nothing. */
static bool is_late(const FleetPort *port) {
        return port->was_spl_sent && port->n_failures > 0 && port->has_spl && !port->has_board;
}

const char *fleet_ports_find_wanted(const FleetPorts *p, Stage *ret_stage) {
        bool are_named;

        assert(p);
        assert(ret_stage);

        are_named = fleet_ports_are_named(p);
        for (size_t i = 0; i < p->n_ports; i++)
                if (is_wanted(p, &p->ports[i], are_named)) {
                        *ret_stage = is_late(&p->ports[i]) ? STAGE_SPL : p->rules->first_stage;
                        return p->ports[i].name;
                }
        return NULL;
}

bool fleet_ports_has_late_spl(const FleetPorts *p, const char *name) {
        const FleetPort *port;

        assert(p);
        assert(name);

        port = find(p, name);
        return port && is_late(port);
}

bool fleet_ports_has_board(const FleetPorts *p, const char *name) {
        const FleetPort *port;

        assert(p);
        assert(name);

        port = find(p, name);
        return port && port->has_board;
}

uint64_t fleet_ports_get_change_usec(const FleetPorts *p) {
        assert(p);

        return p->change_usec;
}
