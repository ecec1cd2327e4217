/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware.h"

#include <assert.h>

#include "file.h"
#include "firmware-check.h"

static const char *const kind_names[_FIRMWARE_KIND_MAX] = {
        [FIRMWARE_SPL] = "spl.bin",
        [FIRMWARE_U_BOOT] = "u-boot.img",
};

const char *firmware_get_base(const Firmware *f) {
        const char *slash;

        assert(f);

        slash = strrchr(f->path, '/');
        return slash ? slash + 1 : f->path;
}

/* The basename, if a board can be told it as it is. */
static void choose_name(Firmware *f) {
        const char *base = firmware_get_base(f);
        size_t n =
                strspn(base, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-");

        if (n < 1 || n > FIRMWARE_NAME_LEN_MAX || base[n] != '\0')
                base = kind_names[f->kind];
        (void) stpcpy(f->name, base);
}

int firmware_open(FirmwareKind kind, const char *path, const Soc *soc, char **ret_reason,
                  Firmware **ret) {
        _cleanup_(firmware_freep) Firmware *f = NULL;
        int r;

        assert(kind < _FIRMWARE_KIND_MAX);
        assert(path);
        assert(soc);
        assert(ret_reason);
        assert(ret);

        *ret_reason = NULL;

        f = calloc(1, sizeof(Firmware));
        if (!f)
                return -ENOMEM;
        f->kind = kind;
        f->path = strdup(path);
        if (!f->path)
                return -ENOMEM;

        r = file_read(path, FIRMWARE_U_BOOT_SIZE_MAX, "a boot image", ret_reason, &f->data,
                      &f->size);
        if (r < 0)
                return r;
        r = firmware_check(f, soc, ret_reason);
        if (r < 0)
                return r;

        choose_name(f);
        (void) sha256_format(f->data, f->size, f->sha256);
        *ret = TAKE_PTR(f);
        return 0;
}

Firmware *firmware_free(Firmware *f) {
        if (!f)
                return NULL;

        free(f->data);
        free(f->note);
        free(f->path);
        free(f->warning);
        free(f);
        return NULL;
}

void firmware_make_names_distinct(Firmware *a, Firmware *b) {
        if (!a || !b || !streq(a->name, b->name))
                return;

        (void) stpcpy(a->name, kind_names[a->kind]);
        (void) stpcpy(b->name, kind_names[b->kind]);
}
