/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Numbers are written as little-endian, whatever this computer has: the section header says so, and a
 * test can hold a file against its bytes anywhere. Names are those of draft-ietf-opsawg-pcapng, whose
 * sections have other numbers in each version. */

#include "pcapng.h"

#include <assert.h>

/* Standardized Block Type Codes. */
enum {
        BLOCK_INTERFACE_DESCRIPTION = 1,
        BLOCK_ENHANCED_PACKET = 6,
        BLOCK_SECTION_HEADER = 0x0A0D0D0A,
};

/* Options: the first two of every block; then of one each. */
enum {
        OPTION_END = 0,
        OPTION_COMMENT = 1,

        OPTION_SHB_HARDWARE = 2,
        OPTION_SHB_OS = 3,
        OPTION_SHB_USERAPPL = 4,

        OPTION_IF_NAME = 2,
        OPTION_IF_DESCRIPTION = 3,
        OPTION_IF_TSRESOL = 9,

        OPTION_EPB_FLAGS = 2,
};

#define BYTE_ORDER_MAGIC   0x1A2B3C4Du
#define VERSION_MAJOR      1u
#define VERSION_MINOR      0u
#define RESOLUTION_NSEC    9 /* 10^-9 s */
#define ALIGNMENT          4u
#define LENGTH_AT          4u /* of a block: behind its type */
#define SNAP_LEN_UNLIMITED 0u

/* A block that is being formatted. What does not fit is left out, and then none of it is good. */
typedef struct Block {
        uint8_t *bytes;
        size_t size, len;
        bool is_short; /* of space */
} Block;

static void put(Block *b, const void *bytes, size_t len) {
        if (len > b->size - b->len) {
                b->is_short = true;
                return;
        }
        if (len > 0)
                memcpy(b->bytes + b->len, bytes, len);
        b->len += len;
}

static void write_u32(uint8_t *p, uint32_t value) {
        for (unsigned i = 0; i < 4; i++)
                p[i] = (uint8_t) (value >> 8 * i);
}

static void put_u32(Block *b, uint32_t value) {
        uint8_t bytes[4];

        write_u32(bytes, value);
        put(b, bytes, sizeof(bytes));
}

static void put_u16(Block *b, uint16_t value) {
        put(b, (const uint8_t[]){(uint8_t) value, (uint8_t) (value >> 8)}, 2);
}

static void put_padding(Block *b) {
        static const uint8_t zeros[ALIGNMENT];

        put(b, zeros, (ALIGNMENT - b->len % ALIGNMENT) % ALIGNMENT);
}

static void put_option(Block *b, uint16_t code, const void *value, size_t len) {
        if (len > UINT16_MAX) {
                b->is_short = true;
                return;
        }
        put_u16(b, code);
        put_u16(b, (uint16_t) len);
        put(b, value, len);
        put_padding(b);
}

static void put_string(Block *b, uint16_t code, const char *string) {
        if (string)
                put_option(b, code, string, strlen(string));
}

static Block begin_block(uint32_t type, void *buffer, size_t size) {
        Block b = {.bytes = buffer, .size = size};

        put_u32(&b, type);
        put_u32(&b, 0); /* the length: end_block() */
        return b;
}

/* A block has its length at both ends. */
static int end_block(Block *b, size_t *ret_len) {
        size_t len = b->len + sizeof(uint32_t);

        put_u32(b, (uint32_t) len);
        if (b->is_short || len > UINT32_MAX)
                return PCAPNG_E_NO_SPACE;
        write_u32(b->bytes + LENGTH_AT, (uint32_t) len);
        *ret_len = b->len;
        return 0;
}

int pcapng_format_section(const PcapngSection *section, void *buffer, size_t size,
                          size_t *ret_len) {
        Block b;

        assert(section);
        assert(buffer);
        assert(ret_len);

        b = begin_block(BLOCK_SECTION_HEADER, buffer, size);
        put_u32(&b, BYTE_ORDER_MAGIC);
        put_u16(&b, VERSION_MAJOR);
        put_u16(&b, VERSION_MINOR);
        /* The section's length: not known, it goes on to the end of the file. */
        put_u32(&b, UINT32_MAX);
        put_u32(&b, UINT32_MAX);
        put_string(&b, OPTION_COMMENT, section->comment);
        put_string(&b, OPTION_SHB_HARDWARE, section->hardware);
        put_string(&b, OPTION_SHB_OS, section->os);
        put_string(&b, OPTION_SHB_USERAPPL, section->application);
        put_option(&b, OPTION_END, NULL, 0);
        return end_block(&b, ret_len);
}

int pcapng_format_interface(const PcapngInterface *interface, void *buffer, size_t size,
                            size_t *ret_len) {
        static const uint8_t resolution = RESOLUTION_NSEC;
        Block b;

        assert(interface);
        assert(buffer);
        assert(ret_len);

        b = begin_block(BLOCK_INTERFACE_DESCRIPTION, buffer, size);
        put_u16(&b, interface->link_type);
        put_u16(&b, 0); /* reserved */
        put_u32(&b, SNAP_LEN_UNLIMITED);
        put_string(&b, OPTION_COMMENT, interface->comment);
        put_string(&b, OPTION_IF_NAME, interface->name);
        put_string(&b, OPTION_IF_DESCRIPTION, interface->description);
        put_option(&b, OPTION_IF_TSRESOL, &resolution, sizeof(resolution));
        put_option(&b, OPTION_END, NULL, 0);
        return end_block(&b, ret_len);
}

/* How many bytes of the frame there are. */
static size_t sum_parts(const PcapngPacket *packet) {
        size_t len = 0;

        for (size_t i = 0; i < packet->n_parts; i++)
                len += packet->parts[i].iov_len;
        return len;
}

int pcapng_format_packet(const PcapngPacket *packet, void *buffer, size_t size, size_t *ret_len) {
        uint8_t flags[4];
        Block b;

        assert(packet);
        assert(packet->parts || packet->n_parts == 0);
        assert(buffer);
        assert(ret_len);

        if (packet->full_len > UINT32_MAX)
                return PCAPNG_E_NO_SPACE;

        b = begin_block(BLOCK_ENHANCED_PACKET, buffer, size);
        put_u32(&b, 0); /* the first interface of the section */
        put_u32(&b, (uint32_t) (packet->nsec >> 32));
        put_u32(&b, (uint32_t) packet->nsec);
        put_u32(&b, (uint32_t) sum_parts(packet));
        put_u32(&b, (uint32_t) packet->full_len);
        for (size_t i = 0; i < packet->n_parts; i++)
                put(&b, packet->parts[i].iov_base, packet->parts[i].iov_len);
        put_padding(&b);

        write_u32(flags, packet->direction);
        put_option(&b, OPTION_EPB_FLAGS, flags, sizeof(flags));
        put_string(&b, OPTION_COMMENT, packet->comment);
        put_option(&b, OPTION_END, NULL, 0);
        return end_block(&b, ret_len);
}
