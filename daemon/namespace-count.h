/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How many network namespaces each user has, as the kernel sees it: a session's counts until it is gone,
 * which is when the last socket that a client has got from it is closed, however long after the session.
 *
 * Needs CAP_NET_ADMIN. Blocks on the kernel's acknowledgements. Logs. */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "macro.h"

typedef struct Rtnl Rtnl;

typedef struct NamespaceCount NamespaceCount;

/* Listens to the host's namespace, in which the caller has to be. @home is that one's, and borrowed.
 * @on_gone is called when one does not count any more. If the kernel cannot be heard any more, the loop
 * is ended. Returns 0 or a negative errno. */
int namespace_count_new(sd_event *event, Rtnl *home, void (*on_gone)(void *userdata),
                        void *userdata, NamespaceCount **ret);
NamespaceCount *namespace_count_free(NamespaceCount *count);
DEFINE_CLEANUP_FUNC(NamespaceCount, namespace_count_free);

/* Counts the namespace @netns_fd (borrowed) against @uid. Returns 0, -ENOSPC when there are SESSIONS_MAX
 * already, or another negative errno. */
int namespace_count_add(NamespaceCount *count, uid_t uid, int netns_fd);

size_t namespace_count_all(const NamespaceCount *count);
size_t namespace_count_of_user(const NamespaceCount *count, uid_t uid);
