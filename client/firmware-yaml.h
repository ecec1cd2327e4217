/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Snagboot's firmware configuration, a YAML document, as its am335x template has it:
 *
 *      paths-relative-to: THIS_FILE    (or CWD, or a folder; may be left out)
 *      spl:
 *        path: u-boot-spl.bin
 *      u-boot:
 *        path: u-boot.img
 *
 * What Snagboot would ignore (another key, the same key again) is refused: it is a typing error.
 * The inline form, a Python dictionary, is YAML too. Read by libyaml. Pure; allocates. */

#include "firmware.h"
#include "macro.h"

/* Of a file; real ones have a hundred bytes. */
#define FIRMWARE_YAML_SIZE_MAX (UINT64_C(64) * 1024)

typedef struct FirmwareYamlPath {
        char *path;          /* not empty; NULL: not named */
        size_t line, column; /* where it is named; the first is 1 */
} FirmwareYamlPath;

typedef struct FirmwareYaml {
        FirmwareYamlPath images[_FIRMWARE_KIND_MAX];
        FirmwareYamlPath relative_to;
        size_t line, column; /* where the keys begin */
} FirmwareYaml;

/* The key of each kind: "spl", "u-boot". */
const char *firmware_yaml_get_key(FirmwareKind kind);

/* @source is what the bytes are called in messages. Returns 0; -ENOMEM; or -EBADMSG and in
 * *@ret_reason the sentence that says where something else than expected was found:
 * "SOURCE:LINE:COLUMN: …". */
int firmware_yaml_parse(const char *source, const uint8_t *data, size_t size, char **ret_reason,
                        FirmwareYaml *ret);
void firmware_yaml_done(FirmwareYaml *y);
