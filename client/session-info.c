/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "session-info.h"

#include <assert.h>
#include <ctype.h>

#include "bus-contract.h"
#include "usb-port.h"

static const char *const session_state_table[_SESSION_STATE_MAX] = {
        [SESSION_STATE_IDLE] = "idle",           [SESSION_STATE_WAITING] = "waiting",
        [SESSION_STATE_ATTACHING] = "attaching", [SESSION_STATE_READY] = "ready",
        [SESSION_STATE_DETACHED] = "detached",   [SESSION_STATE_FAILED] = "failed",
};
DEFINE_STRING_TABLE(session_state, SessionState);

void session_info_done(SessionInfo *s) {
        assert(s);

        free(s->path);
        free(s->state);
        free(s->stage);
        free(s->port);
        free(s->id_path);
        free(s->soc);
        free(s->failure_name);
        free(s->failure_text);
        *s = (SessionInfo){};
}

void board_info_done(BoardInfo *b) {
        assert(b);

        free(b->path);
        free(b->port);
        free(b->id_path);
        free(b->soc);
        free(b->stage);
        free(b->session);
        free(b->problem);
        *b = (BoardInfo){};
}

const char *session_info_get_id(const SessionInfo *s) {
        const char *slash;

        assert(s);

        slash = strrchr(s->path, '/');
        return slash ? slash + 1 : s->path;
}

/* An empty port is the port of no session, so an empty target names none. */
static bool is_same(const char *name, const char *target) {
        return name && *name && streq(name, target);
}

bool session_info_is_named(const SessionInfo *s, const char *target) {
        assert(s);
        assert(target);

        return is_same(s->path, target) || is_same(session_info_get_id(s), target) ||
               is_same(s->port, target) || is_same(s->id_path, target);
}

/* What may be the last element of a path on the bus. */
static bool is_id(const char *id) {
        size_t n = strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_");

        return n > 0 && n <= USB_ID_PATH_LEN_MAX && id[n] == '\0';
}

bool session_target_is_valid(const char *target) {
        static const char prefix[] = BUS_PATH_SESSIONS "/";

        assert(target);

        if (strncmp(target, prefix, STRLEN(BUS_PATH_SESSIONS "/")) == 0)
                return is_id(target + STRLEN(BUS_PATH_SESSIONS "/"));
        return usb_place_is_valid(target) || (isalpha((unsigned char) *target) && is_id(target));
}
