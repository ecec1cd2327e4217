/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A file that a board will get: opened, checked and read into memory before anything else happens,
 * so that a wrong file costs no password and a file that changes later changes nothing.
 *
 * Needs read access to the file. Blocks on reading it, never on opening it. Does not log. */

#include "macro.h"
#include "sha256.h"
#include "soc.h"

/* RAM of AM335x boards is 256 MiB and up; nobody's U-Boot needs more than that. */
#define FIRMWARE_U_BOOT_SIZE_MAX (UINT64_C(256) * 1024 * 1024)

/* A name that goes out in BOOTP's `file` as it is: the ROM's limit is unknown, so stay short. */
#define FIRMWARE_NAME_LEN_MAX 63

typedef enum FirmwareKind {
        FIRMWARE_SPL,    /* what the ROM loads into SRAM */
        FIRMWARE_U_BOOT, /* what the SPL loads into RAM */
        _FIRMWARE_KIND_MAX,
} FirmwareKind;

/* All members are for reading only. */
typedef struct Firmware {
        FirmwareKind kind;
        char *path;                           /* as the user wrote it */
        char name[FIRMWARE_NAME_LEN_MAX + 1]; /* under which it is served */
        uint8_t *data;                        /* what is sent: of an MLO the raw SPL inside */
        size_t size;
        char sha256[SHA256_HEX_LEN + 1]; /* of what is sent */
        char *note;                      /* what the user should know about it, or NULL */
        char *warning;                   /* what may well be wrong with it, or NULL */
} Firmware;

/* Opens, reads and checks (firmware-check.h) @path for @soc (borrowed during the call). Returns
 * 0; -ENOMEM; or another negative errno and in *@ret_reason the sentence that says what is wrong
 * and what to do (the caller frees it; NULL when memory ran out). A FIFO, a socket, a device or
 * a directory is refused at once. */
int firmware_open(FirmwareKind kind, const char *path, const Soc *soc, char **ret_reason,
                  Firmware **ret);
Firmware *firmware_free(Firmware *f);
DEFINE_CLEANUP_FUNC(Firmware, firmware_free);

/* The last part of its path: what the file is called. Borrowed. */
const char *firmware_get_base(const Firmware *f);

/* If both are called the same, gives each the name of its kind, so that a name means one file.
 * Either may be NULL. */
void firmware_make_names_distinct(Firmware *a, Firmware *b);
