/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a firmware configuration: either all that it says is usable, or there is a sentence. */

#include "firmware-yaml.h"

#include "fuzz.h"

static void check_path(const FirmwareYamlPath *path) {
        if (!path->path)
                return;
        fuzz_assert(*path->path);
        fuzz_assert(path->line >= 1 && path->column >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(firmware_yaml_done) FirmwareYaml y = {};
        _cleanup_free_ char *reason = NULL;
        int r;

        r = firmware_yaml_parse("fuzz", data, size, &reason, &y);
        fuzz_assert(r == 0 || r == -EBADMSG);
        fuzz_assert((r == 0) == !reason);
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                check_path(&y.images[kind]);
        check_path(&y.relative_to);
        return 0;
}
