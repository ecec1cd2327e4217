/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware-set.h"

#include <assert.h>

int firmware_set_new(Firmware *files[static _FIRMWARE_KIND_MAX], FirmwareSet **ret) {
        FirmwareSet *s;

        assert(ret);

        s = calloc(1, sizeof(FirmwareSet));
        if (!s)
                return -ENOMEM;
        s->n_ref = 1;
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                s->files[kind] = TAKE_PTR(files[kind]);
        *ret = s;
        return 0;
}

FirmwareSet *firmware_set_ref(FirmwareSet *s) {
        assert(s);
        assert(s->n_ref > 0);

        s->n_ref++;
        return s;
}

FirmwareSet *firmware_set_unref(FirmwareSet *s) {
        if (!s)
                return NULL;

        assert(s->n_ref > 0);
        if (--s->n_ref > 0)
                return NULL;
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                firmware_free(s->files[kind]);
        free(s);
        return NULL;
}
