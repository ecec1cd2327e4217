/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A FIT: a flattened device tree whose /images hold their data, or say where behind the tree it is.
 * The tree is read by libfdt. Pure. @data is aligned to eight bytes, as malloc() has it. */

#include "macro.h"

/* Returns NULL if the tree is sound, has at least one image, every image's data lies inside
 * @size, and every CRC32 in it is right (stronger hashes are for the board to check); else the
 * static sentence that says what is wrong. */
const char *image_fit_find_damage(const uint8_t *data, size_t size);

/* True for a sound tree that describes no images: a board's .dtb begins with the same magic. */
bool image_fit_is_device_tree(const uint8_t *data, size_t size);

/* For a FIT without damage: NULL if all of its images are for 32-bit ARM or do not say; else
 * what the first other one says, which points into @data. */
const char *image_fit_get_foreign_arch(const uint8_t *data, size_t size);
