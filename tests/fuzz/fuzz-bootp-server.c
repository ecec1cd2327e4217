/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a request: silence, or a reply that every client can read to its end. */

#include "bootp-server.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const rom_classes[] = {"AM335x ROM", NULL};
        static const char *const spl_classes[] = {"AM335x U-Boot SPL", NULL};
        BootpServer server = {
                .server_address.s_addr = htonl(0xc0a80064),
                .client_address.s_addr = htonl(0xc0a80065),
                .netmask.s_addr = htonl(0xffffff00),
                .lease_sec = 3600,
                .file = "spl.bin",
                .expected_classes = rom_classes,
                .other_classes = spl_classes,
        };
        uint8_t buffer[BOOTP_SIZE_MAX];
        BootpMessage reply;
        BootpAnswer answer;
        size_t len;
        int r;

        r = bootp_server_answer(&server, data, size, buffer, &len, &answer);
        for (const char *p = answer.vendor_class; *p; p++)
                fuzz_assert(*p >= ' ' && *p <= '~');
        fuzz_assert((r == 0) == (answer.reply != BOOTP_REPLY_NONE));
        fuzz_assert((r == 0) == (len > 0));
        if (r != 0)
                return 0;

        fuzz_assert(len == BOOTP_SIZE_MIN);
        fuzz_assert(bootp_message_parse(buffer, len, &reply) == 0);
        fuzz_assert(reply.op == BOOTP_OP_REPLY && reply.has_cookie);
        fuzz_assert(memcmp(buffer + 4, data + 4, 4) == 0);
        fuzz_assert(memcmp(buffer + 28, data + 28, 16) == 0);
        fuzz_assert(memchr(buffer + 240, 255, len - 240));
        fuzz_assert((answer.request_type == DHCP_TYPE_NONE) == (reply.dhcp_type == DHCP_TYPE_NONE));
        fuzz_assert((reply.dhcp_type != DHCP_TYPE_NONE) == reply.has_server_id);
        if (reply.dhcp_type == DHCP_TYPE_NAK)
                fuzz_assert(reply.yiaddr_be == 0 && reply.lease_sec == 0);
        else
                fuzz_assert(streq(reply.file, "spl.bin"));
        return 0;
}
