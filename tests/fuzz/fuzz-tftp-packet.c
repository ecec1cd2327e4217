/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as each kind of packet. */

#include "tftp-packet.h"

#include "fuzz.h"

static void check_inside(const uint8_t *data, size_t size, const char *string) {
        const char *begin = (const char *) data, *end = begin + size;

        fuzz_assert(string >= begin && string < end);
        fuzz_assert(memchr(string, '\0', (size_t) (end - string)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        TftpRequest request;
        char text[64], oack[96];
        uint16_t value;
        size_t len = 0;

        (void) tftp_packet_opcode(data, size);
        (void) tftp_packet_parse_ack(data, size, &value);
        if (tftp_packet_parse_error(data, size, &value, text, sizeof text) == 0)
                for (const char *p = text; *p; p++)
                        fuzz_assert(*p >= ' ' && *p <= '~');

        if (tftp_packet_parse_request(data, size, &request) != 0)
                return 0;
        check_inside(data, size, request.filename);
        fuzz_assert(*request.filename);
        fuzz_assert(request.n_options <= _TFTP_OPTION_MAX);
        for (size_t i = 0; i < request.n_options; i++) {
                uint8_t option = request.option_order[i];

                fuzz_assert(option < _TFTP_OPTION_MAX);
                check_inside(data, size, request.option_names[option]);
                fuzz_assert(tftp_packet_add_option(oack, sizeof oack, &len,
                                                   request.option_names[option], UINT32_MAX));
        }
        return 0;
}
