/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which file is which image, from Snagboot's firmware configurations (firmware-yaml.h): in files,
 * or inline. Later ones override earlier ones, image by image.
 *
 * Needs read access to the files. Does not log. */

#include "firmware-yaml.h"

typedef struct FirmwareConfig {
        char *paths[_FIRMWARE_KIND_MAX]; /* to be opened as they are; NULL: not named */
        char *notes
                [_FIRMWARE_KIND_MAX]; /* what the user should know of how that was found, or NULL */
        char *place;                  /* where the last configuration begins: "board.yaml:1:1" */
} FirmwareConfig;

/* Adds what @value says: a configuration itself if it begins with '{', else the name of a file
 * of it (people mix up Snagboot's -f and -F). A relative path in a file counts from the file's
 * folder, and if there is no such file, from the working directory, as Snagboot has it;
 * `paths-relative-to` decides otherwise. Returns 0; -ENOMEM; or another negative errno with the
 * sentence that says why in *@ret_reason. */
int firmware_config_add(FirmwareConfig *c, const char *value, char **ret_reason);
void firmware_config_done(FirmwareConfig *c);
