/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation. One batch makes this, in nft's own words:
 *
 *     table ip snagd {
 *             chain from-board {
 *                     type filter hook prerouting priority raw
 *                     udp dport 67 udp checksum 0 udp dport set 9067 udp checksum set 0 accept
 *                     udp dport 67 udp dport set 9067 accept
 *             }
 *             chain to-board {
 *                     type filter hook output priority raw
 *                     udp sport 9067 udp checksum 0 udp sport set 67 udp checksum set 0 accept
 *                     udp sport 9067 udp sport set 67 accept
 *             }
 *     }
 *
 * The ports are rewritten in the packet, statelessly. `redirect` is no alternative: it also rewrites
 * the destination address, and a packet from 0.0.0.0 to a unicast address is a martian, so that the
 * board's first request would be dropped without a trace. Connection tracking would work, but costs
 * time and state for nothing.
 *
 * The kernel updates the UDP checksum with the port, as a difference. A checksum of 0 means "none"
 * (RFC 768), which U-Boot always sends: the difference would make a wrong one of it, so the first
 * rule of each pair puts the 0 back. A checksum that the network card is yet to complete
 * (CHECKSUM_PARTIAL) the kernel leaves alone in both rules.
 *
 * Three more make this:
 *
 *     table arp snagd-guard {
 *             chain from-board {
 *                     type filter hook input priority 0; policy drop
 *                     arp saddr ip 192.168.0.101 accept
 *             }
 *     }
 *     table ip snagd-guard {
 *             chain through {
 *                     type filter hook forward priority 0; policy drop
 *             }
 *             chain to-board {
 *                     type filter hook output priority 0; policy drop
 *                     meta oiftype loopback accept
 *                     ip daddr 192.168.0.101 accept
 *                     ip daddr 255.255.255.255 accept
 *             }
 *     }
 *     table ip6 snagd-guard {
 *             chain from-board {
 *                     type filter hook prerouting priority raw; policy drop
 *             }
 *     }
 *
 * Each address from which an ARP request comes gets an entry in the kernel's neighbour table, and so does each to which
 * the kernel answers by itself (an echo request, a datagram for a port that nobody has), or passes something on (a
 * namespace forwards if the host does when it is made), and each IPv6 address that calls itself a router, even where the link has no IPv6 address (tried on Linux 6.18). For IPv4 as for IPv6 there
 * are 1024 for all namespaces together (gc_thresh3): one board that speaks from other addresses all the time would
 * leave none to the other sessions, nor to the host itself, and without an entry nothing is sent, not even a
 * broadcast. A router would also give the link an address and routes. */

#include <assert.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/udp.h>

#include "nft.h"

#define TABLE_REWRITING  "snagd"
#define TABLE_GUARD      "snagd-guard"
#define CHAIN_FROM_BOARD "from-board"
#define CHAIN_TO_BOARD   "to-board"
#define CHAIN_THROUGH    "through"

/* A rule is under 1 KiB; a message may begin anywhere below the limit and still has a page. */
#define BATCH_LIMIT 65536u
#define BATCH_SLACK 8192u

typedef struct Batch {
        struct mnl_nlmsg_batch *messages;
        uint32_t seq;
        uint8_t family; /* NFPROTO_… of the table, chains and rules */
        const char *table;
} Batch;

static void batch_done(Batch *batch) {
        if (batch->messages)
                mnl_nlmsg_batch_stop(batch->messages);
}

/* The place of the next message. */
static void *batch_at(Batch *batch) {
        return mnl_nlmsg_batch_current(batch->messages);
}

/* The limits above and NFT_PORT_REWRITES_MAX are chosen so that the batch is never full. */
static void batch_next(Batch *batch) {
        bool fits = mnl_nlmsg_batch_next(batch->messages);

        assert(fits);
}

static int add_table(Batch *batch) {
        struct nftnl_table *table;
        struct nlmsghdr *header;

        table = nftnl_table_alloc();
        if (!table)
                return -ENOMEM;

        nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, batch->family);
        nftnl_table_set_str(table, NFTNL_TABLE_NAME, batch->table);

        header = nftnl_nlmsg_build_hdr(batch_at(batch), NFT_MSG_NEWTABLE, batch->family,
                                       NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, batch->seq++);
        nftnl_table_nlmsg_build_payload(header, table);
        batch_next(batch);
        nftnl_table_free(table);
        return 0;
}

static int add_chain(Batch *batch, const char *name, uint32_t hook, int32_t priority,
                     uint32_t policy) {
        struct nftnl_chain *chain;
        struct nlmsghdr *header;

        chain = nftnl_chain_alloc();
        if (!chain)
                return -ENOMEM;

        nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, batch->table);
        nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
        nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
        nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, policy);

        header = nftnl_nlmsg_build_hdr(batch_at(batch), NFT_MSG_NEWCHAIN, batch->family,
                                       NLM_F_CREATE | NLM_F_ACK, batch->seq++);
        nftnl_chain_nlmsg_build_payload(header, chain);
        batch_next(batch);
        nftnl_chain_free(chain);
        return 0;
}

/* Appends an expression that the caller fills; NULL without memory. */
static struct nftnl_expr *add_expr(struct nftnl_rule *rule, const char *name) {
        struct nftnl_expr *expr;

        expr = nftnl_expr_alloc(name);
        if (expr)
                nftnl_rule_add_expr(rule, expr);
        return expr;
}

/* What the expression @load loads into register 1 is the @len bytes @value. */
static int match(struct nftnl_rule *rule, const char *load, const void *value, uint32_t len,
                 struct nftnl_expr **ret_load) {
        struct nftnl_expr *expr, *cmp;

        expr = add_expr(rule, load);
        cmp = add_expr(rule, "cmp");
        if (!expr || !cmp)
                return -ENOMEM;

        nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
        nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
        nftnl_expr_set(cmp, NFTNL_EXPR_CMP_DATA, value, len);
        *ret_load = expr;
        return 0;
}

/* What the kernel knows of the packet by @key (NFT_META_…) is @value, as it has it: in its own byte order. */
static int match_meta(struct nftnl_rule *rule, uint32_t key, const void *value, uint32_t len) {
        struct nftnl_expr *meta;
        int r;

        r = match(rule, "meta", value, len, &meta);
        if (r < 0)
                return r;
        nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, key);
        nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG_1);
        return 0;
}

/* The bytes at @offset of the header @base (NFT_PAYLOAD_…) are @value. */
static int match_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset, const void *value,
                         uint32_t len) {
        struct nftnl_expr *payload;
        int r;

        r = match(rule, "payload", value, len, &payload);
        if (r < 0)
                return r;
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, base);
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, len);
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
        return 0;
}

static int match_udp(struct nftnl_rule *rule) {
        const uint8_t protocol = IPPROTO_UDP;

        return match_meta(rule, NFT_META_L4PROTO, &protocol, sizeof(protocol));
}

/* The packet is to leave by the loopback. */
static int match_loopback(struct nftnl_rule *rule) {
        const uint16_t type = ARPHRD_LOOPBACK;

        return match_meta(rule, NFT_META_OIFTYPE, &type, sizeof(type));
}

/* The 16 bits at @offset of the UDP header are @value. */
static int match_field(struct nftnl_rule *rule, uint32_t offset, uint16_t value) {
        const uint16_t value_be = htobe16(value);

        return match_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, offset, &value_be,
                             sizeof(value_be));
}

/* The address at @offset of the network header is @address_be. */
static int match_address(struct nftnl_rule *rule, uint32_t offset, uint32_t address_be) {
        return match_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, &address_be,
                             sizeof(address_be));
}

/* Writes the 16 bits at @offset of the UDP header; with @updates_checksum its checksum follows. */
static int write_field(struct nftnl_rule *rule, uint32_t offset, uint16_t value,
                       bool updates_checksum) {
        struct nftnl_expr *immediate, *payload;

        immediate = add_expr(rule, "immediate");
        payload = add_expr(rule, "payload");
        if (!immediate || !payload)
                return -ENOMEM;

        nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
        nftnl_expr_set_u16(immediate, NFTNL_EXPR_IMM_DATA, htobe16(value));
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, sizeof(value));
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1);
        if (updates_checksum) {
                nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
                nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET,
                                   offsetof(struct udphdr, check));
        }
        return 0;
}

static int accept_packet(struct nftnl_rule *rule) {
        struct nftnl_expr *immediate;

        immediate = add_expr(rule, "immediate");
        if (!immediate)
                return -ENOMEM;

        nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
        nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
        return 0;
}

static int fill_rule(struct nftnl_rule *rule, uint32_t port_offset, uint16_t from, uint16_t to,
                     bool without_checksum) {
        uint32_t checksum_offset = offsetof(struct udphdr, check);
        int r;

        r = match_udp(rule);
        if (r < 0)
                return r;
        r = match_field(rule, port_offset, from);
        if (r < 0)
                return r;
        if (without_checksum) {
                r = match_field(rule, checksum_offset, 0);
                if (r < 0)
                        return r;
        }
        /* The first write of a checksum of 0 makes some number of it; the second puts the 0 back. */
        r = write_field(rule, port_offset, to, true);
        if (r < 0)
                return r;
        if (without_checksum) {
                r = write_field(rule, checksum_offset, 0, false);
                if (r < 0)
                        return r;
        }
        return accept_packet(rule);
}

static struct nftnl_rule *begin_rule(const Batch *batch, const char *chain) {
        struct nftnl_rule *rule;

        rule = nftnl_rule_alloc();
        if (!rule)
                return NULL;

        nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, batch->family);
        nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, batch->table);
        nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
        return rule;
}

/* Consumes @rule. @r: what filling it came to, and what is returned. */
static int end_rule(Batch *batch, struct nftnl_rule *rule, int r) {
        struct nlmsghdr *header;

        if (r >= 0) {
                header = nftnl_nlmsg_build_hdr(batch_at(batch), NFT_MSG_NEWRULE, batch->family,
                                               NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK,
                                               batch->seq++);
                nftnl_rule_nlmsg_build_payload(header, rule);
                batch_next(batch);
        }
        nftnl_rule_free(rule);
        return r;
}

static int add_rule(Batch *batch, const char *chain, uint32_t port_offset, uint16_t from,
                    uint16_t to, bool without_checksum) {
        struct nftnl_rule *rule;

        rule = begin_rule(batch, chain);
        if (!rule)
                return -ENOMEM;
        return end_rule(batch, rule, fill_rule(rule, port_offset, from, to, without_checksum));
}

/* The rules of one port, in both directions: without checksum first. */
static int add_rewrite(Batch *batch, const NftPortRewrite *rewrite) {
        uint32_t dport = offsetof(struct udphdr, dest), sport = offsetof(struct udphdr, source);
        int r;

        for (int without_checksum = 1; without_checksum >= 0; without_checksum--) {
                r = add_rule(batch, CHAIN_FROM_BOARD, dport, rewrite->board_port,
                             rewrite->server_port, without_checksum);
                if (r < 0)
                        return r;
                r = add_rule(batch, CHAIN_TO_BOARD, sport, rewrite->server_port,
                             rewrite->board_port, without_checksum);
                if (r < 0)
                        return r;
        }
        return 0;
}

typedef struct Rewrites {
        const NftPortRewrite *rewrites;
        size_t n;
} Rewrites;

static int add_rewriting(Batch *batch, const void *userdata) {
        const Rewrites *wanted = userdata;
        int r;

        r = add_chain(batch, CHAIN_FROM_BOARD, NF_INET_PRE_ROUTING, NF_IP_PRI_RAW, NF_ACCEPT);
        if (r < 0)
                return r;
        r = add_chain(batch, CHAIN_TO_BOARD, NF_INET_LOCAL_OUT, NF_IP_PRI_RAW, NF_ACCEPT);
        for (size_t i = 0; i < wanted->n && r >= 0; i++)
                r = add_rewrite(batch, &wanted->rewrites[i]);
        return r;
}

/* Accepts what has @address_be at @offset of its network header. */
static int add_address_rule(Batch *batch, const char *chain, uint32_t offset, uint32_t address_be) {
        struct nftnl_rule *rule;
        int r;

        rule = begin_rule(batch, chain);
        if (!rule)
                return -ENOMEM;
        r = match_address(rule, offset, address_be);
        if (r >= 0)
                r = accept_packet(rule);
        return end_rule(batch, rule, r);
}

static int add_loopback_rule(Batch *batch, const char *chain) {
        struct nftnl_rule *rule;
        int r;

        rule = begin_rule(batch, chain);
        if (!rule)
                return -ENOMEM;
        r = match_loopback(rule);
        if (r >= 0)
                r = accept_packet(rule);
        return end_rule(batch, rule, r);
}

static int add_arp_guard(Batch *batch, const void *userdata) {
        const uint32_t *board_address_be = userdata;
        int r;

        r = add_chain(batch, CHAIN_FROM_BOARD, NF_ARP_IN, 0, NF_DROP);
        if (r < 0)
                return r;
        /* The sender's address, where addresses are Ethernet's and IPv4's (RFC 826). */
        return add_address_rule(batch, CHAIN_FROM_BOARD, sizeof(struct arphdr) + ETH_ALEN,
                                *board_address_be);
}

static int add_ipv4_guard(Batch *batch, const void *userdata) {
        const uint32_t *board_address_be = userdata;
        const uint32_t daddr = offsetof(struct iphdr, daddr);
        int r;

        r = add_chain(batch, CHAIN_THROUGH, NF_INET_FORWARD, NF_IP_PRI_FILTER, NF_DROP);
        if (r < 0)
                return r;
        r = add_chain(batch, CHAIN_TO_BOARD, NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER, NF_DROP);
        if (r < 0)
                return r;
        r = add_loopback_rule(batch, CHAIN_TO_BOARD);
        if (r < 0)
                return r;
        r = add_address_rule(batch, CHAIN_TO_BOARD, daddr, *board_address_be);
        if (r < 0)
                return r;
        return add_address_rule(batch, CHAIN_TO_BOARD, daddr, INADDR_BROADCAST);
}

static int add_ipv6_guard(Batch *batch, const void *userdata) {
        return add_chain(batch, CHAIN_FROM_BOARD, NF_INET_PRE_ROUTING, NF_IP6_PRI_RAW, NF_DROP);
}

/* What a kernel without nf_tables says, depending on which part it lacks: no NETLINK_NETFILTER, no
 * subsystem, no chain type or expression. The batch refers to nothing that it does not make itself,
 * so -ENOENT can mean nothing else. */
static int translate_missing(int r) {
        switch (-r) {
        case EPROTONOSUPPORT:
        case EAFNOSUPPORT:
        case EOPNOTSUPP:
        case ENOENT:
                return -EOPNOTSUPP;
        default:
                return r;
        }
}

/* Every message between begin and end is acknowledged; the first error is the cause. A batch that
 * fails as a whole (no such subsystem, no permission) is answered by one error with the sequence
 * number of its begin. */
static int read_acks(struct mnl_socket *nl, uint32_t first_seq, uint32_t last_seq) {
        union {
                struct nlmsghdr header;
                char bytes[16384]; /* an acknowledgement repeats its request */
        } buffer;
        uint32_t n_missing = last_seq - first_seq - 1;

        while (n_missing > 0) {
                const struct nlmsghdr *header = &buffer.header;
                ssize_t received;
                int left;

                received = mnl_socket_recvfrom(nl, buffer.bytes, sizeof(buffer.bytes));
                if (received < 0 && errno == EINTR)
                        continue;
                if (received < 0)
                        return -errno;

                for (left = (int) received; mnl_nlmsg_ok(header, left);
                     header = mnl_nlmsg_next(header, &left)) {
                        const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);

                        if (header->nlmsg_type != NLMSG_ERROR ||
                            mnl_nlmsg_get_payload_len(header) < sizeof(*error))
                                continue;
                        if (error->error < 0)
                                return error->error;
                        n_missing--;
                }
        }
        return 0;
}

static int send_batch(const Batch *batch, uint32_t first_seq) {
        struct mnl_socket *nl;
        int r;

        nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
        if (!nl)
                return -errno;

        if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
                r = -errno;
        else if (mnl_socket_sendto(nl, mnl_nlmsg_batch_head(batch->messages),
                                   mnl_nlmsg_batch_size(batch->messages)) < 0)
                r = -errno;
        else
                r = read_acks(nl, first_seq, batch->seq - 1);
        mnl_socket_close(nl);
        return r;
}

/* A batch with a table of @family, and what @add puts into it. */
static int install(uint8_t family, const char *table,
                   int (*add)(Batch *batch, const void *userdata), const void *userdata) {
        _cleanup_free_ char *buffer = NULL;
        _cleanup_(batch_done) Batch batch = {.seq = 1, .family = family, .table = table};
        uint32_t first_seq = batch.seq;
        int r;

        buffer = calloc(1, BATCH_LIMIT + BATCH_SLACK);
        if (!buffer)
                return -ENOMEM;
        batch.messages = mnl_nlmsg_batch_start(buffer, BATCH_LIMIT);
        if (!batch.messages)
                return -ENOMEM;

        nftnl_batch_begin(batch_at(&batch), batch.seq++);
        batch_next(&batch);
        r = add_table(&batch);
        if (r < 0)
                return r;
        r = add(&batch, userdata);
        if (r < 0)
                return r;
        nftnl_batch_end(batch_at(&batch), batch.seq++);
        batch_next(&batch);

        return translate_missing(send_batch(&batch, first_seq));
}

int nft_install_port_rewriting(const NftPortRewrite *rewrites, size_t n) {
        assert(rewrites);
        assert(n > 0 && n <= NFT_PORT_REWRITES_MAX);

        return install(NFPROTO_IPV4, TABLE_REWRITING, add_rewriting,
                       &(Rewrites){.rewrites = rewrites, .n = n});
}

int nft_install_neighbour_guard(uint32_t board_address_be) {
        static const struct {
                uint8_t family;
                int (*add)(Batch *batch, const void *userdata);
        } guards[] = {
                {NFPROTO_ARP, add_arp_guard},
                {NFPROTO_IPV4, add_ipv4_guard},
                {NFPROTO_IPV6, add_ipv6_guard},
        };
        int r, result = 0;

        for (size_t i = 0; i < ELEMENTSOF(guards); i++) {
                r = install(guards[i].family, TABLE_GUARD, guards[i].add, &board_address_be);
                if (r < 0 && r != -EOPNOTSUPP)
                        return r;
                if (r < 0)
                        result = r;
        }
        return result;
}
