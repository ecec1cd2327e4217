/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A file of the user's, read into memory: only a regular one, and only if nobody changes it
 * meanwhile.
 *
 * Needs read access to the file. Blocks on reading it, never on opening it. Does not log. */

#include "macro.h"

/* Reads all of @path. Returns 0 with what the caller frees in *@ret_data, never empty; -ENOMEM;
 * or another negative errno and in *@ret_reason the sentence that says what is wrong and what to
 * do. -EFBIG: it has more than @size_max bytes, which is far more than @what ("a boot image"). */
int file_read(const char *path, uint64_t size_max, const char *what, char **ret_reason,
              uint8_t **ret_data, size_t *ret_size);
