/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a client asks for when it opens a session, checked. Pure: for use before authorisation. */

#include <sys/types.h>

#include "failure.h"
#include "soc.h"

/* Borrowed for the time of the call. */
typedef struct SessionSpec {
        const Soc *soc;
        const char *port;  /* a port or an ID_PATH; NULL: any */
        Stage first_stage; /* the first stage that is accepted; with spl a ROM is left alone */
        bool is_untried; /* without @port: only a board that no session has given back since it was
                              plugged in; session_spec_parse() leaves it false */
        uid_t owner_uid;
        void *userdata; /* the D-Bus edge's own; session_get_userdata() */
} SessionSpec;

/* Checks and looks up what came over the bus; @port and @stage may be NULL. Returns 0, or the errno of
 * UnknownSoc, InvalidPort or InvalidOption in @failure. @ret borrows @port. */
int session_spec_parse(const char *soc, const char *port, const char *stage, uid_t owner_uid,
                       SessionSpec *ret, Failure *failure);
