/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The files that one board gets, shared by all attempts that send them: they stay as long as one does, also
 * when the next boards get others. */

#include "firmware.h"

typedef struct FirmwareSet {
        unsigned n_ref;
        Firmware *files[_FIRMWARE_KIND_MAX]; /* NULL: none of that kind; for reading only */
} FirmwareSet;

/* Takes over @files, which are NULL then, with one reference to the set. Returns 0 or -ENOMEM. */
int firmware_set_new(Firmware *files[static _FIRMWARE_KIND_MAX], FirmwareSet **ret);

FirmwareSet *firmware_set_ref(FirmwareSet *s);

/* Returns NULL; frees the files with the last one. */
FirmwareSet *firmware_set_unref(FirmwareSet *s);
DEFINE_CLEANUP_FUNC(FirmwareSet, firmware_set_unref);
