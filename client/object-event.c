/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "object-event.h"

#include <assert.h>

const char *object_event_get_session(const BoardInfo *b) {
        const char *slash;

        assert(b);

        slash = strrchr(b->session, '/');
        return slash ? slash + 1 : b->session;
}

void object_event_board(Progress *progress, const BoardInfo *b, bool is_gone) {
        progress_event(progress, "board",
                       EVENT_FIELDS(EVENT_TEXT("port", b->port), EVENT_TEXT("path", b->id_path),
                                    EVENT_TEXT("soc", b->soc), EVENT_TEXT("stage", b->stage),
                                    EVENT_TEXT_OR_NULL("session", object_event_get_session(b)),
                                    EVENT_TEXT_OR_NULL("problem", b->problem),
                                    EVENT_TRUTH("gone", is_gone)));
}

void object_event_session(Progress *progress, const SessionInfo *s, const char *user,
                          bool is_gone) {
        progress_event(
                progress, "session",
                EVENT_FIELDS(EVENT_TEXT("session", session_info_get_id(s)),
                             EVENT_TEXT("state", s->state), EVENT_TEXT_OR_NULL("port", s->port),
                             EVENT_TEXT_OR_NULL("path", s->id_path), EVENT_TEXT("soc", s->soc),
                             EVENT_TEXT_OR_NULL("stage", s->stage), EVENT_NUMBER("uid", s->owner),
                             EVENT_TEXT("user", user),
                             EVENT_TEXT_OR_NULL("failure_name", s->failure_name),
                             EVENT_TEXT_OR_NULL("failure_text", s->failure_text),
                             EVENT_TRUTH("gone", is_gone)));
}
