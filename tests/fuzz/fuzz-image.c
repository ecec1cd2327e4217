/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as each image: refused with a sentence, or accepted with what is sent inside of what was
 * there. */

#include "firmware-check.h"

#include "fuzz.h"

static void check(FirmwareKind kind, const Soc *soc, const uint8_t *data, size_t size) {
        Firmware f = {.kind = kind, .path = (char *) "fuzz", .size = size};
        _cleanup_free_ char *reason = NULL;
        int r;

        f.data = malloc(size);
        fuzz_assert(f.data);
        memcpy(f.data, data, size);

        r = firmware_check(&f, soc, &reason);
        fuzz_assert(r <= 0);
        fuzz_assert((r == 0) == !reason);
        fuzz_assert(f.size >= 1 && f.size <= size);
        if (r == 0 && kind == FIRMWARE_SPL)
                fuzz_assert(f.size <= soc->spl_size_max);

        free(f.data);
        free(f.note);
        free(f.warning);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const Soc *soc;

        /* An empty file is refused before. */
        for (size_t i = 0; size > 0 && (soc = soc_at(i)); i++)
                for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                        check(kind, soc, data, size);
        return 0;
}
