/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tftp-packet.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

typedef struct OptionRule {
        const char *name;
        uint64_t min;
        uint64_t max;
} OptionRule;

/* A value out of these bounds makes the option as good as unknown: it is left out of the OACK, and
 * the client goes on without it (RFC 2347) or refuses. */
static const OptionRule option_rules[_TFTP_OPTION_MAX] = {
        [TFTP_OPTION_BLKSIZE] = {"blksize", TFTP_BLKSIZE_MIN, TFTP_BLKSIZE_LIMIT}, /* RFC 2348 */
        [TFTP_OPTION_TSIZE] = {"tsize", 0, INT64_MAX}, /* RFC 2349; "0" by those who know it */
        [TFTP_OPTION_TIMEOUT] = {"timeout", 1, 255},   /* RFC 2349 */
        [TFTP_OPTION_WINDOWSIZE] = {"windowsize", 1, 65535}, /* RFC 7440 */
};

static uint16_t get_u16(const uint8_t *p) {
        return (uint16_t) (p[0] << 8 | p[1]);
}

static void put_u16(uint8_t *p, uint16_t value) {
        p[0] = (uint8_t) (value >> 8);
        p[1] = (uint8_t) value;
}

unsigned tftp_packet_opcode(const void *packet, size_t len) {
        assert(packet || len == 0);

        return len >= 2 ? get_u16(packet) : 0;
}

/* Cuts the NUL-terminated string off the front of what is left; NULL if no NUL is left. */
static const char *take_string(const char **at, size_t *left) {
        const char *string = *at;
        const char *nul = *left > 0 ? memchr(string, '\0', *left) : NULL;

        if (!nul)
                return NULL;
        *left -= (size_t) (nul + 1 - string);
        *at = nul + 1;
        return string;
}

static bool parse_decimal(const char *string, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (*string == '\0')
                return false;
        for (; *string; string++) {
                uint64_t digit = (uint64_t) (*string - '0');

                if (*string < '0' || *string > '9' || digit > max || value > (max - digit) / 10)
                        return false;
                value = value * 10 + digit;
        }
        *ret = value;
        return true;
}

static void take_option(TftpRequest *request, const char *name, const char *string) {
        for (size_t i = 0; i < _TFTP_OPTION_MAX; i++) {
                uint64_t value;

                if (strcasecmp(name, option_rules[i].name) != 0)
                        continue;
                /* RFC 2347: an option may be given once only. The first one counts. */
                if (request->option_names[i] ||
                    !parse_decimal(string, option_rules[i].max, &value) ||
                    value < option_rules[i].min)
                        return;
                request->option_names[i] = name;
                request->option_values[i] = value;
                request->option_order[request->n_options++] = (uint8_t) i;
                return;
        }
}

static TftpMode parse_mode(const char *string) {
        if (strcasecmp(string, "octet") == 0)
                return TFTP_MODE_OCTET;
        if (strcasecmp(string, "netascii") == 0)
                return TFTP_MODE_NETASCII;
        return TFTP_MODE_OTHER;
}

int tftp_packet_parse_request(const void *packet, size_t len, TftpRequest *ret) {
        TftpRequest request = {};
        const char *at, *mode;
        size_t left;

        assert(packet || len == 0);
        assert(ret);

        if (len < 2)
                return TFTP_E_SHORT;
        if (len > TFTP_REQUEST_MAX)
                return TFTP_E_MALFORMED;

        at = (const char *) packet + 2;
        left = len - 2;
        request.filename = take_string(&at, &left);
        if (!request.filename || *request.filename == '\0')
                return TFTP_E_MALFORMED;
        mode = take_string(&at, &left);
        if (!mode)
                return TFTP_E_MALFORMED;
        request.mode = parse_mode(mode);

        /* The first thing that is no pair of strings ends the options: some clients pad. */
        while (left > 0) {
                const char *name = take_string(&at, &left);
                const char *value = name && *name ? take_string(&at, &left) : NULL;

                if (!value)
                        break;
                take_option(&request, name, value);
        }

        *ret = request;
        return 0;
}

int tftp_packet_parse_ack(const void *packet, size_t len, uint16_t *ret_block) {
        assert(packet || len == 0);
        assert(ret_block);

        if (len < 4)
                return TFTP_E_SHORT;
        *ret_block = get_u16((const uint8_t *) packet + 2);
        return 0;
}

int tftp_packet_parse_error(const void *packet, size_t len, uint16_t *ret_code, char *text,
                            size_t text_size) {
        const uint8_t *p = packet;
        size_t n = 0;

        assert(packet || len == 0);
        assert(ret_code);
        assert(text && text_size > 0);

        if (len < 4)
                return TFTP_E_SHORT;
        *ret_code = get_u16(p + 2);
        for (size_t i = 4; i < len && p[i] != '\0' && n < text_size - 1; i++)
                text[n++] = p[i] >= ' ' && p[i] <= '~' ? (char) p[i] : '?';
        text[n] = '\0';
        return 0;
}

TftpDatagram tftp_packet_data(uint16_t block, const void *payload, size_t len) {
        TftpDatagram d = {.header_len = 4, .payload = payload, .payload_len = len};

        put_u16(d.header, TFTP_OPCODE_DATA);
        put_u16(d.header + 2, block);
        return d;
}

TftpDatagram tftp_packet_oack(const void *options, size_t len) {
        TftpDatagram d = {.header_len = 2, .payload = options, .payload_len = len};

        put_u16(d.header, TFTP_OPCODE_OACK);
        return d;
}

TftpDatagram tftp_packet_error(TftpErrorCode code, const char *text) {
        TftpDatagram d = {.header_len = 4, .payload = text};

        assert(text);

        put_u16(d.header, TFTP_OPCODE_ERROR);
        put_u16(d.header + 2, (uint16_t) code);
        d.payload_len = strlen(text) + 1;
        return d;
}

bool tftp_packet_add_option(char *buffer, size_t size, size_t *len, const char *name,
                            uint64_t value) {
        char digits[sizeof "18446744073709551615"];
        size_t name_size, value_size;

        assert(buffer);
        assert(len && *len <= size);
        assert(name);

        name_size = strlen(name) + 1;
        value_size =
                (size_t) snprintf(digits, sizeof digits, "%llu", (unsigned long long) value) + 1;
        if (name_size > size - *len || value_size > size - *len - name_size)
                return false;
        memcpy(buffer + *len, name, name_size);
        memcpy(buffer + *len + name_size, digits, value_size);
        *len += name_size + value_size;
        return true;
}

size_t tftp_packet_flatten(const TftpDatagram *datagram, void *buffer, size_t size) {
        assert(datagram);
        assert(buffer);

        if (datagram->header_len > size || datagram->payload_len > size - datagram->header_len)
                return 0;
        memcpy(buffer, datagram->header, datagram->header_len);
        if (datagram->payload_len > 0)
                memcpy((uint8_t *) buffer + datagram->header_len, datagram->payload,
                       datagram->payload_len);
        return datagram->header_len + datagram->payload_len;
}
