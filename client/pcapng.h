/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The pcapng file format (draft-ietf-opsawg-pcapng), as much of it as one section with one interface
 * needs. Pure: blocks are formatted into the caller's buffer. Every block is whole by itself, so a file
 * may end after any of them.
 *
 * A file is a section header, an interface, and packets. All strings are UTF-8; where one is NULL, the
 * option is left out. */

#include <sys/uio.h>

#include "macro.h"

#define PCAPNG_LINK_TYPE_ETHERNET 1u

/* What every such file begins with, in either byte order: the type of a section header. */
#define PCAPNG_MAGIC     "\n\r\r\n"
#define PCAPNG_MAGIC_LEN STRLEN(PCAPNG_MAGIC)

typedef enum PcapngError {
        PCAPNG_E_NO_SPACE = 1, /* does not fit into the buffer, or into a field of the format */
} PcapngError;

/* Values of the format: bits 0 and 1 of epb_flags. */
typedef enum PcapngDirection {
        PCAPNG_DIRECTION_UNKNOWN = 0,
        PCAPNG_DIRECTION_INBOUND = 1,
        PCAPNG_DIRECTION_OUTBOUND = 2,
} PcapngDirection;

typedef struct PcapngSection {
        const char *comment;
        const char *hardware;    /* of the computer that captures */
        const char *os;          /* so */
        const char *application; /* that writes the file */
} PcapngSection;

typedef struct PcapngInterface {
        uint16_t link_type;
        const char *comment;
        const char *name;
        const char *description;
} PcapngInterface;

typedef struct PcapngPacket {
        uint64_t nsec;             /* since 1970-01-01 00:00:00 UTC */
        const struct iovec *parts; /* borrowed; one after the other, they are the frame … */
        size_t n_parts;
        size_t full_len; /* … or its beginning: the frame's own length */
        PcapngDirection direction;
        const char *comment;
} PcapngPacket;

/* Each formats one block into @buffer, *@ret_len bytes. Returns 0 or PCAPNG_E_NO_SPACE. */
int pcapng_format_section(const PcapngSection *section, void *buffer, size_t size, size_t *ret_len);
int pcapng_format_interface(const PcapngInterface *interface, void *buffer, size_t size,
                            size_t *ret_len);

/* Of the section's only interface. */
int pcapng_format_packet(const PcapngPacket *packet, void *buffer, size_t size, size_t *ret_len);
