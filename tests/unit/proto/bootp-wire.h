/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Requests as boards send them, byte by byte, independent of bootp-message.c. */

#include <stdint.h>
#include <string.h>

#include "macro.h"

typedef struct Wire {
        uint8_t bytes[1500];
        size_t len;
} Wire;

static inline void wire_add(Wire *w, const void *data, size_t len) {
        memcpy(w->bytes + w->len, data, len);
        w->len += len;
}

static inline void wire_add_option(Wire *w, uint8_t code, const void *value, size_t len) {
        uint8_t head[2] = {code, (uint8_t) len};

        wire_add(w, head, sizeof head);
        wire_add(w, value, len);
}

static inline void wire_add_u8(Wire *w, uint8_t code, uint8_t value) {
        wire_add_option(w, code, &value, 1);
}

static inline void wire_add_address(Wire *w, uint8_t code, const char *address) {
        wire_add_option(w, code, address, 4);
}

/* END, and zeros up to @len. */
static inline void wire_finish(Wire *w, size_t len) {
        w->bytes[w->len++] = 255;
        if (w->len < len)
                w->len = len;
}

/* The fixed part and the cookie. */
static inline Wire wire_begin(uint32_t xid) {
        Wire w = {.bytes = {1, 1, 6, 0}};
        static const uint8_t mac[6] = {0x1c, 0xba, 0x8c, 0x11, 0x22, 0x33};

        for (size_t i = 0; i < 4; i++)
                w.bytes[4 + i] = (uint8_t) (xid >> (24 - 8 * i));
        memcpy(w.bytes + 28, mac, sizeof mac);
        w.len = 236;
        wire_add(&w, "\x63\x82\x53\x63", 4);
        return w;
}

/* am335x-wire.md 1.1: 364 bytes, xid 1, options 60 and 61 only. */
static inline Wire wire_rom_request(void) {
        Wire w = wire_begin(1);
        uint8_t asic_id[81] = {0x01, 0x05, 0x01};

        wire_add_option(&w, 60, "AM335x ROM", 10);
        wire_add_option(&w, 61, asic_id, sizeof asic_id);
        wire_finish(&w, 364);
        return w;
}

/* am335x-wire.md 4.2. @type 1: DISCOVER, 3: REQUEST with options 50 and 54 (NULL: without). */
static inline Wire wire_uboot_request(uint8_t type, const char *requested, const char *server,
                                      const char *vendor_class) {
        Wire w = wire_begin(0xdeadbeef);

        wire_add_u8(&w, 53, type);
        wire_add_option(&w, 57, "\x02\x40", 2);
        if (server)
                wire_add_address(&w, 54, server);
        if (requested)
                wire_add_address(&w, 50, requested);
        wire_add_option(&w, 93, "\xff\xff", 2);
        wire_add_option(&w, 94, "\x01\x00\x00", 3);
        if (vendor_class)
                wire_add_option(&w, 60, vendor_class, strlen(vendor_class));
        wire_add_option(&w, 55, "\x01\x03\x06\x0c\x11", 5);
        wire_finish(&w, 300);
        return w;
}

/* The value of an option in a reply, by a reader of its own; NULL if it is not there. */
static inline const uint8_t *wire_find_option(const uint8_t *reply, size_t len, uint8_t code,
                                              size_t *ret_len) {
        for (size_t i = 240; i < len && reply[i] != 255;) {
                if (reply[i] == 0) {
                        i++;
                        continue;
                }
                if (reply[i] == code) {
                        *ret_len = reply[i + 1];
                        return reply + i + 2;
                }
                i += 2u + reply[i + 1];
        }
        return NULL;
}
