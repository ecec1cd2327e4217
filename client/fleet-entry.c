/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fleet-entry.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

FleetEntry *fleet_entry_new(struct Fleet *fleet, FirmwareSet *files, const char *port,
                            Stage stage) {
        _cleanup_(fleet_entry_freep) FleetEntry *e = NULL;

        assert(fleet);
        assert(files);

        e = calloc(1, sizeof(FleetEntry));
        if (!e)
                return NULL;
        e->fleet = fleet;
        e->files = firmware_set_ref(files);
        e->stage = stage;
        e->is_named = port;
        e->port = port ? strdup(port) : NULL;
        if (port && !e->port)
                return NULL;
        return TAKE_PTR(e);
}

FleetEntry *fleet_entry_free(FleetEntry *e) {
        if (!e)
                return NULL;

        follow_up_free(e->follow_up);
        attempt_free(e->attempt);
        firmware_set_unref(e->files);
        free(e->port);
        free(e);
        return NULL;
}

bool fleet_entry_is_waiting(const FleetEntry *e) {
        assert(e);

        return attempt_get_state(e->attempt) <= ATTEMPT_STATE_WAITING;
}

bool fleet_entry_is_serving(const FleetEntry *e) {
        assert(e);

        return attempt_get_state(e->attempt) == ATTEMPT_STATE_SERVING;
}

bool fleet_entry_can_be_closed(const FleetEntry *e) {
        assert(e);

        return attempt_get_state(e->attempt) == ATTEMPT_STATE_WAITING ||
               (fleet_entry_is_serving(e) && e->begins_late);
}

FleetOutcome fleet_entry_get_outcome(const FleetEntry *e) {
        const ProxyError *refusal;
        RecoveryResult result;

        assert(e);

        refusal = attempt_get_refusal(e->attempt);
        result = attempt_get_result(e->attempt);
        if (result == RECOVERY_RESULT_DELIVERED)
                return FLEET_OUTCOME_RECOVERED;
        if (e->is_unwanted && e->begins_late)
                return FLEET_OUTCOME_DISMISSED;
        if (attempt_has_begun(e->attempt) &&
            (attempt_is_session_lost(e->attempt) || result == RECOVERY_RESULT_NONE))
                return FLEET_OUTCOME_INTERRUPTED;
        if (e->is_unwanted || attempt_is_session_lost(e->attempt))
                return FLEET_OUTCOME_DISMISSED;
        if (refusal && refusal->is_busy)
                return FLEET_OUTCOME_BUSY;
        /* Each is the last, or told with a pause. */
        if (refusal && !refusal->is_denied)
                return FLEET_OUTCOME_DISMISSED;
        if (refusal || result != RECOVERY_RESULT_FAILED)
                return FLEET_OUTCOME_NO_BOARD;
        return FLEET_OUTCOME_FAILED;
}

bool fleet_entry_has_result(const FleetEntry *e) {
        assert(e);

        return e->verdict == FLEET_VERDICT_DONE || e->verdict == FLEET_VERDICT_GIVEN_UP;
}

/* --- lists ----------------------------------------------------------------------------------- */

int fleet_entry_list_reserve(FleetEntryList *list) {
        FleetEntry **items;

        assert(list);

        items = reallocarray(list->items, list->n + 1, sizeof(FleetEntry *));
        if (!items)
                return -ENOMEM;
        list->items = items;
        return 0;
}

void fleet_entry_list_add(FleetEntryList *list, FleetEntry *e) {
        assert(list);
        assert(e);

        list->items[list->n++] = e;
}

FleetEntry *fleet_entry_list_take(FleetEntryList *list, FleetEntry *e) {
        size_t i = 0;

        assert(list);

        while (list->items[i] != e)
                i++;
        list->items[i] = list->items[--list->n];
        return e;
}

FleetEntry *fleet_entry_list_find(const FleetEntryList *list, const char *port) {
        assert(list);
        assert(port);

        for (size_t i = 0; i < list->n; i++)
                if (streq_ptr(list->items[i]->port, port))
                        return list->items[i];
        return NULL;
}

void fleet_entry_list_done(FleetEntryList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                fleet_entry_free(list->items[i]);
        free(list->items);
        *list = (FleetEntryList){};
}
