/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether an image that was read is what its place wants, and in words what is wrong with it and
 * what to do. Pure. */

#include "firmware.h"

/* Takes the header off an MLO, and sets the note and the warning. Returns 0; -ENOMEM; or another
 * negative errno with the sentence in *@ret_reason, as firmware_open(). */
int firmware_check(Firmware *f, const Soc *soc, char **ret_reason);
