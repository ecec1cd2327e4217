/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Looks over this computer for what a recovery needs and what would be in its way, by reading
 * files: the kernel's modules, udev's rules, Snagboot's own setup. Changes nothing, loads nothing.
 *
 * Needs no privilege. Blocks on files. Does not log. */

#include "finding.h"

typedef struct HostCheck {
        const char *root; /* before every path: "", but in tests */
        const char *kernel_release;
        FindingCallback on_finding;
        void *userdata;
} HostCheck;

void host_check_run(const HostCheck *c);
