/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* systemd's end of sd_notify(3), for tests. */

#include "macro.h"

/* Messages of this process arrive here. */
void fake_notify_begin(void);
void fake_notify_end(void);

/* The next one, or "" if there is none; static. */
const char *fake_notify_receive(void);
