/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recover-station.h"

#include <assert.h>
#include <stdio.h>

#include "station.h"

_Static_assert(STATION_PORTS_MAX <= RECOVER_REQUEST_PORTS_MAX, "all of them fit");

/* What is said twice would sooner or later be said differently. */
static ExitStatus check_alone(const RecoverRequest *q, Progress *progress) {
        const struct {
                bool is_given;
                const char *what;
        } others[] = {
                {q->soc, "a SoC"},
                {q->paths[FIRMWARE_SPL], "--spl"},
                {q->paths[FIRMWARE_U_BOOT], "--u-boot"},
                {q->n_configs > 0, "a firmware configuration"},
                {q->is_all, "--all"},
                {q->is_once, "--once"},
                {q->port, "--port"},
                {q->stage, "--stage"},
                {q->timeout, "--timeout"},
                {q->retry, "--retry"},
                {q->max, "--max"},
                {q->capture_path, "--capture"},
                {q->record_path, "--record"},
                {q->then_text, "--then"},
                {q->then_timeout, "--then-timeout"},
        };

        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                char complaint[128];

                if (!others[i].is_given)
                        continue;
                (void) snprintf(complaint, sizeof(complaint),
                                "%s and --station: what a station does is in its file alone",
                                others[i].what);
                return verb_usage_error(progress, q->verb, complaint);
        }
        return EXIT_STATUS_SUCCESS;
}

ExitStatus recover_station_load(RecoverRequest *q, Progress *progress) {
        const StationConfig *c = &q->station_config;
        ExitStatus status;
        int r;

        assert(q);
        assert(q->station);
        assert(progress);

        status = check_alone(q, progress);
        if (status != EXIT_STATUS_SUCCESS)
                return status;
        r = station_load_config(q->station, progress, &q->station_config);
        if (r < 0)
                return r == -ENOMEM ? EXIT_STATUS_FAILED : EXIT_STATUS_USAGE;

        q->is_all = true;
        q->soc = c->soc;
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                q->paths[kind] = c->paths[kind];
        return EXIT_STATUS_SUCCESS;
}

void recover_station_fill(RecoverRequest *q) {
        const StationConfig *c = &q->station_config;

        assert(q);
        assert(q->station);

        for (char *const *port = c->ports; port && *port; port++)
                q->ports[q->n_ports++] = *port;
        q->record_path = c->record;
        if (c->n_retries >= 0)
                q->n_retries = (unsigned) c->n_retries;
        if (c->max > 0)
                q->n_max = c->max;
        q->then = (const char *const *) c->then;
        if (c->then_timeout_usec > 0)
                q->then_timeout_usec = c->then_timeout_usec;
}
