/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A control group of its own for a command, so that the kernel ends the command and everything that it started
 * in one step, whoever it runs as: where systemd has delegated this process's own group to it (Delegate=yes).
 *
 * Needs cgroup v2 at its usual place, and the right that Delegate= gives. Blocks on the kernel only. Does not
 * log. */

#include <sys/types.h>

#include "macro.h"

typedef struct CommandCgroup CommandCgroup;

/* Makes one, called after the calling process, and removes those of processes that are no more. Returns 0, or
 * -EOPNOTSUPP where there is none to be had (not delegated, no cgroup.kill before Linux 5.14), or another
 * negative errno. */
int command_cgroup_new(CommandCgroup **ret);

/* Removes the group, if nothing is left in it. */
CommandCgroup *command_cgroup_free(CommandCgroup *c);
DEFINE_CLEANUP_FUNC(CommandCgroup, command_cgroup_free);

/* Moves the calling process in. Returns 0 or a negative errno. */
int command_cgroup_enter(const CommandCgroup *c);

/* Kills everything in it, without waiting for the end. Returns 0 or a negative errno. */
int command_cgroup_kill(const CommandCgroup *c);

/* Does that to the group that @owner, which is no more, may have made. */
void command_cgroup_kill_of(pid_t owner);
