/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The system bus of another machine: sd-bus runs ssh, which runs systemd-stdio-bridge there. Only calls and
 * signals come over it, no file descriptors: a session's sockets cannot.
 *
 * Blocks until the other machine's bus has answered, which may take a password or passphrase that ssh asks
 * for on the terminal; at most 90 s, which is sd-bus's limit. What ssh has to say goes to standard error,
 * in its own words. Does not log. */

#include "bus-proxy.h"

/* Whether something could be the name of a host: [USER@]HOST[:PORT]. What has control characters or blanks,
 * or could be taken for an option, is none, nor is what sd-bus cannot make an address of. The rest is for
 * ssh to judge. */
bool remote_host_is_valid(const char *host);

/* What goes before @host in a command line of ssh, which knows ports and brackets in an address only. */
const char *remote_host_get_scheme(const char *host);

/* As bus_proxy_connect(), to the bus of @host, which is valid. Without @may_ask ssh asks for nothing either.
 * Returns 0 or a negative errno with *@error filled. */
int remote_proxy_connect(const char *host, bool may_ask, ProxyError *error, sd_bus **ret);
