/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "bootp-message.h"

#include <assert.h>

/* Offsets of the fixed part: RFC 951 3. Fields are read and written byte by byte: a datagram has no
 * alignment, and no struct of ours is laid over what a stranger sent. */
enum {
        AT_OP = 0,
        AT_HTYPE = 1,
        AT_HLEN = 2,
        AT_HOPS = 3,
        AT_XID = 4,
        AT_SECS = 8,
        AT_FLAGS = 10,
        AT_CIADDR = 12,
        AT_YIADDR = 16,
        AT_SIADDR = 20,
        AT_GIADDR = 24,
        AT_CHADDR = 28,
        AT_FILE = 108, /* behind 64 bytes of `sname`, which nobody here uses */
        AT_VEND = BOOTP_FIXED_SIZE,
};

/* RFC 2132. */
enum {
        OPTION_PAD = 0,
        OPTION_SUBNET_MASK = 1,
        OPTION_REQUESTED_ADDRESS = 50,
        OPTION_LEASE_TIME = 51,
        OPTION_MESSAGE_TYPE = 53,
        OPTION_SERVER_ID = 54,
        OPTION_MAX_SIZE = 57,
        OPTION_VENDOR_CLASS = 60,
        OPTION_CLIENT_ID = 61,
        OPTION_END = 255,
};

static const uint8_t cookie[4] = {99, 130, 83, 99};

static uint16_t get_u16(const uint8_t *p) {
        return (uint16_t) (p[0] << 8 | p[1]);
}

static uint32_t get_u32(const uint8_t *p) {
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

/* Addresses stay in network order all the way. */
static uint32_t get_be32(const uint8_t *p) {
        uint32_t value_be;

        memcpy(&value_be, p, sizeof value_be);
        return value_be;
}

static void put_u16(uint8_t *p, uint16_t value) {
        p[0] = (uint8_t) (value >> 8);
        p[1] = (uint8_t) value;
}

static void put_u32(uint8_t *p, uint32_t value) {
        put_u16(p, (uint16_t) (value >> 16));
        put_u16(p + 2, (uint16_t) value);
}

static void put_be32(uint8_t *p, uint32_t value_be) {
        memcpy(p, &value_be, sizeof value_be);
}

/* The length that RFC 2132 gives an option that is used here; 0: any. */
static size_t option_wanted_len(uint8_t code) {
        switch (code) {
        case OPTION_MESSAGE_TYPE:
                return 1;
        case OPTION_MAX_SIZE:
                return 2;
        case OPTION_SUBNET_MASK:
        case OPTION_REQUESTED_ADDRESS:
        case OPTION_LEASE_TIME:
        case OPTION_SERVER_ID:
                return 4;
        default:
                return 0;
        }
}

static int take_option(BootpMessage *m, uint8_t code, const uint8_t *value, size_t len) {
        size_t wanted = option_wanted_len(code);

        if (wanted > 0 && len != wanted)
                return BOOTP_E_MALFORMED;

        switch (code) {
        case OPTION_SUBNET_MASK:
                m->subnet_mask_be = get_be32(value);
                break;
        case OPTION_REQUESTED_ADDRESS:
                m->requested_address_be = get_be32(value);
                break;
        case OPTION_LEASE_TIME:
                m->lease_sec = get_u32(value);
                break;
        case OPTION_MESSAGE_TYPE:
                m->dhcp_type = value[0];
                break;
        case OPTION_SERVER_ID:
                m->server_id_be = get_be32(value);
                m->has_server_id = true;
                break;
        case OPTION_MAX_SIZE:
                m->max_size = get_u16(value);
                break;
        case OPTION_VENDOR_CLASS:
                if (len > 0) {
                        m->vendor_class = value;
                        m->vendor_class_len = len;
                }
                break;
        case OPTION_CLIENT_ID:
                if (len > 0) {
                        m->client_id = value;
                        m->client_id_len = len;
                }
                break;
        default:
                break;
        }
        return 0;
}

static int parse_options(BootpMessage *m, const uint8_t *at, size_t left) {
        int r;

        while (left > 0 && *at != OPTION_END) {
                size_t len;

                if (*at == OPTION_PAD) {
                        at++;
                        left--;
                        continue;
                }

                /* A length byte that is missing or promises more than is left ends the list, as if
                 * END stood here: what came before it is as good as ever. */
                if (left < 2)
                        break;
                len = at[1];
                if (len > left - 2)
                        break;

                r = take_option(m, at[0], at + 2, len);
                if (r != 0)
                        return r;
                at += 2 + len;
                left -= 2 + len;
        }
        return 0;
}

int bootp_message_parse(const void *datagram, size_t len, BootpMessage *ret) {
        const uint8_t *d = datagram;
        BootpMessage m = {};
        int r;

        assert(datagram || len == 0);
        assert(ret);

        if (len < BOOTP_FIXED_SIZE)
                return BOOTP_E_SHORT;

        m.op = d[AT_OP];
        m.htype = d[AT_HTYPE];
        m.hlen = d[AT_HLEN];
        m.hops = d[AT_HOPS];
        m.xid = get_u32(d + AT_XID);
        m.secs = get_u16(d + AT_SECS);
        m.flags = get_u16(d + AT_FLAGS);
        m.ciaddr_be = get_be32(d + AT_CIADDR);
        m.yiaddr_be = get_be32(d + AT_YIADDR);
        m.siaddr_be = get_be32(d + AT_SIADDR);
        m.giaddr_be = get_be32(d + AT_GIADDR);
        memcpy(m.chaddr, d + AT_CHADDR, sizeof m.chaddr);
        memcpy(m.file, d + AT_FILE, BOOTP_FILE_MAX);

        /* Without the cookie `vend` means what its vendor likes (RFC 951): nothing to us. */
        if (len - AT_VEND >= sizeof cookie && memcmp(d + AT_VEND, cookie, sizeof cookie) == 0) {
                m.has_cookie = true;
                r = parse_options(&m, d + AT_VEND + sizeof cookie, len - AT_VEND - sizeof cookie);
                if (r != 0)
                        return r;
        }

        *ret = m;
        return 0;
}

/* Where the next option goes. Room is checked once for each; END is kept free from the start. */
typedef struct OptionWriter {
        uint8_t *at;
        size_t left;
        bool is_full;
} OptionWriter;

static uint8_t *add_option(OptionWriter *w, uint8_t code, size_t len) {
        uint8_t *value;

        if (len > UINT8_MAX || w->left < 2 || len > w->left - 2) {
                w->is_full = true;
                return NULL;
        }
        w->at[0] = code;
        w->at[1] = (uint8_t) len;
        value = w->at + 2;
        w->at += 2 + len;
        w->left -= 2 + len;
        return value;
}

static void add_option_u8(OptionWriter *w, uint8_t code, uint8_t value) {
        uint8_t *p = value != 0 ? add_option(w, code, 1) : NULL;

        if (p)
                *p = value;
}

static void add_option_u16(OptionWriter *w, uint8_t code, uint16_t value) {
        uint8_t *p = value != 0 ? add_option(w, code, 2) : NULL;

        if (p)
                put_u16(p, value);
}

static void add_option_u32(OptionWriter *w, uint8_t code, uint32_t value) {
        uint8_t *p = value != 0 ? add_option(w, code, 4) : NULL;

        if (p)
                put_u32(p, value);
}

static void add_option_be32(OptionWriter *w, uint8_t code, uint32_t value_be) {
        uint8_t *p = value_be != 0 ? add_option(w, code, 4) : NULL;

        if (p)
                put_be32(p, value_be);
}

/* The message type comes first: some clients look for it only there. */
static void add_options(OptionWriter *w, const BootpMessage *m) {
        add_option_u8(w, OPTION_MESSAGE_TYPE, m->dhcp_type);
        if (m->has_server_id)
                add_option_be32(w, OPTION_SERVER_ID, m->server_id_be);
        add_option_u32(w, OPTION_LEASE_TIME, m->lease_sec);
        add_option_be32(w, OPTION_SUBNET_MASK, m->subnet_mask_be);
        add_option_be32(w, OPTION_REQUESTED_ADDRESS, m->requested_address_be);
        add_option_u16(w, OPTION_MAX_SIZE, m->max_size);
        if (m->vendor_class) {
                uint8_t *p = add_option(w, OPTION_VENDOR_CLASS, m->vendor_class_len);

                if (p)
                        memcpy(p, m->vendor_class, m->vendor_class_len);
        }
}

int bootp_message_format(const BootpMessage *m, void *buffer, size_t size, size_t *ret_len) {
        uint8_t *b = buffer;
        size_t len = BOOTP_SIZE_MIN;

        assert(m);
        assert(buffer);
        assert(ret_len);

        if (size < BOOTP_SIZE_MIN)
                return BOOTP_E_NO_SPACE;
        memset(b, 0, size);

        b[AT_OP] = m->op;
        b[AT_HTYPE] = m->htype;
        b[AT_HLEN] = m->hlen;
        b[AT_HOPS] = m->hops;
        put_u32(b + AT_XID, m->xid);
        put_u16(b + AT_SECS, m->secs);
        put_u16(b + AT_FLAGS, m->flags);
        put_be32(b + AT_CIADDR, m->ciaddr_be);
        put_be32(b + AT_YIADDR, m->yiaddr_be);
        put_be32(b + AT_SIADDR, m->siaddr_be);
        put_be32(b + AT_GIADDR, m->giaddr_be);
        memcpy(b + AT_CHADDR, m->chaddr, sizeof m->chaddr);
        memcpy(b + AT_FILE, m->file, strnlen(m->file, BOOTP_FILE_MAX));

        if (m->has_cookie) {
                OptionWriter w = {
                        .at = b + AT_VEND + sizeof cookie,
                        .left = size - AT_VEND - sizeof cookie - 1,
                };

                memcpy(b + AT_VEND, cookie, sizeof cookie);
                add_options(&w, m);
                if (w.is_full)
                        return BOOTP_E_NO_SPACE;
                /* U-Boot before v2026.07 searches on for as long as there is no END. */
                *w.at = OPTION_END;
                len = MAX_OF(len, (size_t) (w.at + 1 - b));
        }

        *ret_len = len;
        return 0;
}
