/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as the file of a flashing station: either all that it says is usable, or there are
 * sentences. */

#include "station-config.h"

#include "fuzz.h"
#include "port-pattern.h"

static void check_config(const StationConfig *c) {
        fuzz_assert(c->soc);
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                fuzz_assert(c->paths[kind][0] == '/');
        for (char **port = c->ports; port && *port; port++)
                fuzz_assert(port_pattern_get_kind(*port) == PORT_PATTERN_OF_PATHS);
        fuzz_assert(!c->ports || *c->ports);
        fuzz_assert(!c->then || **c->then);
        fuzz_assert(c->n_retries >= -1 && c->n_retries <= (int) STATION_RETRIES_MAX);
        fuzz_assert(c->then_timeout_usec <= STATION_THEN_MAX_USEC);
        fuzz_assert(c->record[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(station_config_done) StationConfig c = {};
        _cleanup_(yaml_mistakes_done) YamlMistakes mistakes = {};
        int r;

        r = station_config_parse("fuzz", "fuzz", data, size, &mistakes, &c);
        fuzz_assert(r == 0 || r == -EBADMSG);
        fuzz_assert((r == 0) == (mistakes.n == 0));
        if (r == 0)
                check_config(&c);
        return 0;
}
