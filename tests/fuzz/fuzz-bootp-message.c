/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a BOOTP message; what could be parsed is written and must read back the same. */

#include "bootp-message.h"

#include "fuzz.h"

static bool is_same(const BootpMessage *a, const BootpMessage *b) {
        return a->op == b->op && a->htype == b->htype && a->hlen == b->hlen && a->hops == b->hops &&
               a->xid == b->xid && a->secs == b->secs && a->flags == b->flags &&
               a->ciaddr_be == b->ciaddr_be && a->yiaddr_be == b->yiaddr_be &&
               a->siaddr_be == b->siaddr_be && a->giaddr_be == b->giaddr_be &&
               memcmp(a->chaddr, b->chaddr, sizeof a->chaddr) == 0 && streq(a->file, b->file) &&
               a->has_cookie == b->has_cookie && a->dhcp_type == b->dhcp_type &&
               a->subnet_mask_be == b->subnet_mask_be &&
               a->requested_address_be == b->requested_address_be && a->lease_sec == b->lease_sec &&
               a->server_id_be == b->server_id_be && a->max_size == b->max_size &&
               a->vendor_class_len == b->vendor_class_len &&
               (a->vendor_class_len == 0 ||
                memcmp(a->vendor_class, b->vendor_class, a->vendor_class_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        BootpMessage m, back;
        uint8_t buffer[BOOTP_SIZE_MAX];
        size_t len;

        if (bootp_message_parse(data, size, &m) != 0)
                return 0;
        fuzz_assert(m.file[BOOTP_FILE_MAX] == '\0');
        fuzz_assert(!m.vendor_class == (m.vendor_class_len == 0));
        fuzz_assert(!m.client_id == (m.client_id_len == 0));
        fuzz_assert(m.client_id_len <= BOOTP_CLIENT_ID_MAX);

        fuzz_assert(bootp_message_format(&m, buffer, sizeof buffer, &len) == 0);
        fuzz_assert(len >= BOOTP_SIZE_MIN && len <= sizeof buffer);
        fuzz_assert(bootp_message_parse(buffer, len, &back) == 0);
        fuzz_assert(is_same(&m, &back));
        return 0;
}
