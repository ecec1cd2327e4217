/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* nftables: the port rewriting of a session's namespace, and what keeps a board from filling the host's neighbour tables, each
 * sent as one batch that takes effect whole or not at all. They die with their namespace; nothing ever removes them.
 *
 * Needs:  CAP_NET_ADMIN; that the kernel has nf_tables or can load it (no CAP_SYS_MODULE needed).
 * Blocks: on nf_tables' commit lock, and on the first use while the kernel loads the module.
 * Logs:   nothing. */

#include "macro.h"

#define NFT_PORT_REWRITES_MAX 8u

/* A UDP port as the board sees it, and where an unprivileged server listens for it. */
typedef struct NftPortRewrite {
        uint16_t board_port;  /* 67 */
        uint16_t server_port; /* 9067 */
} NftPortRewrite;

/* Makes the table `ip snagd` in the namespace in which the caller is (use netns_run()): what arrives
 * for a board_port is delivered to its server_port, and what leaves from a server_port leaves from
 * the board_port. IPv4 UDP only; no connection tracking. Datagrams without UDP checksum keep it
 * that way; those that have one keep a valid one. @n is 1 to NFT_PORT_REWRITES_MAX.
 *
 * Returns 0; -EOPNOTSUPP if the kernel has no nf_tables and cannot load it (typical after a kernel
 * upgrade without reboot); -EPERM; -EEXIST if there is a table `snagd` already; -ENOMEM, -ENOBUFS;
 * otherwise what the kernel acknowledged. */
int nft_install_port_rewriting(const NftPortRewrite *rewrites, size_t n);

/* Makes the tables `snagd-guard` for ARP, IPv4 and IPv6 in that namespace: ARP is heard from @board_address_be alone, IPv4 is
 * sent to it, to 255.255.255.255 and by the loopback alone, and never forwarded, and IPv6 is not heard at all, so that
 * a board cannot fill the kernel's neighbour tables, which all namespaces share. Returns the same; -EOPNOTSUPP
 * also if only one of these families is missing in nf_tables: the others are guarded then. */
int nft_install_neighbour_guard(uint32_t board_address_be);
