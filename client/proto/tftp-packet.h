/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* TFTP packets: wire <-> struct. Pure: no fd, clock, log or allocation.
 *
 * RFC 1350, 2347 (options), 2348 (blksize), 2349 (timeout, tsize), 7440 (windowsize). What is parsed
 * borrows from the packet; what is to be sent borrows its payload, so that DATA leaves straight from
 * the image. */

#include "macro.h"

#define TFTP_BLKSIZE_DEFAULT 512u
#define TFTP_BLKSIZE_MIN     8u     /* RFC 2348 */
#define TFTP_BLKSIZE_LIMIT   65464u /* RFC 2348 */
#define TFTP_REQUEST_MAX     512u   /* RFC 2347: a request with its options */

typedef enum TftpOpcode {
        TFTP_OPCODE_RRQ = 1,
        TFTP_OPCODE_WRQ = 2,
        TFTP_OPCODE_DATA = 3,
        TFTP_OPCODE_ACK = 4,
        TFTP_OPCODE_ERROR = 5,
        TFTP_OPCODE_OACK = 6,
} TftpOpcode;

/* RFC 1350 appendix, RFC 2347. */
typedef enum TftpErrorCode {
        TFTP_ERROR_UNDEFINED = 0,
        TFTP_ERROR_NOT_FOUND = 1,
        TFTP_ERROR_ACCESS = 2,
        TFTP_ERROR_DISK_FULL = 3,
        TFTP_ERROR_ILLEGAL = 4,
        TFTP_ERROR_UNKNOWN_TID = 5,
        TFTP_ERROR_EXISTS = 6,
        TFTP_ERROR_NO_USER = 7,
        TFTP_ERROR_OPTIONS = 8,
} TftpErrorCode;

/* What parsing may say; values of this module's own, never an errno. */
typedef enum TftpResult {
        TFTP_E_SHORT = 1,  /* shorter than its kind of packet must be */
        TFTP_E_MALFORMED,  /* a string without its NUL, an empty name, too long */
        TFTP_E_UNEXPECTED, /* an opcode that nobody sends to a server here */
        TFTP_E_STRANGER,   /* from an address or port that is not the transfer's peer */
        TFTP_E_STALE,      /* an ACK of something else than what is in flight: ignored */
        TFTP_E_BUSY,       /* no transfer is free; the client will ask again */
        TFTP_E_DUPLICATE,  /* the repeat of a request that is being served */
        TFTP_E_REFUSED,    /* answered by an ERROR */
} TftpResult;

typedef enum TftpMode {
        TFTP_MODE_OCTET,
        TFTP_MODE_NETASCII,
        TFTP_MODE_OTHER,
} TftpMode;

typedef enum TftpOption {
        TFTP_OPTION_BLKSIZE,
        TFTP_OPTION_TSIZE,
        TFTP_OPTION_TIMEOUT,
        TFTP_OPTION_WINDOWSIZE,
        _TFTP_OPTION_MAX,
} TftpOption;

typedef struct TftpRequest {
        const char *filename; /* NUL-terminated inside the packet, as the following */
        TftpMode mode;

        /* Options that are known, asked for with a value that their RFC allows, the first of each:
         * the name as the client wrote it (OACK repeats it so), NULL: not asked. */
        const char *option_names[_TFTP_OPTION_MAX];
        uint64_t option_values[_TFTP_OPTION_MAX];
        uint8_t option_order[_TFTP_OPTION_MAX]; /* the order in which they were asked for */
        size_t n_options;
} TftpRequest;

/* A packet to be sent: two or four bytes by value, then what is borrowed. Several of them stay
 * valid side by side, so a run of DATA can be gathered into one system call. */
typedef struct TftpDatagram {
        uint8_t header[4];
        size_t header_len;
        const void *payload; /* borrowed: from the image, the transfer, or a string constant */
        size_t payload_len;
        bool is_retransmission;
} TftpDatagram;

/* Returns the opcode (1 … 65535), 0 if there is none. */
unsigned tftp_packet_opcode(const void *packet, size_t len);

/* Parses RRQ or WRQ. Bytes behind the mode that are not pairs of strings are tolerated (the ROM may
 * send some). Returns 0, TFTP_E_SHORT or TFTP_E_MALFORMED. */
int tftp_packet_parse_request(const void *packet, size_t len, TftpRequest *ret);

/* Parses ACK; bytes behind it are tolerated. Returns 0 or TFTP_E_SHORT. */
int tftp_packet_parse_ack(const void *packet, size_t len, uint16_t *ret_block);

/* Parses ERROR. The text is made printable ASCII and cut to @text_size - 1; a missing NUL is
 * tolerated. Returns 0 or TFTP_E_SHORT. */
int tftp_packet_parse_error(const void *packet, size_t len, uint16_t *ret_code, char *text,
                            size_t text_size);

TftpDatagram tftp_packet_data(uint16_t block, const void *payload, size_t len);
TftpDatagram tftp_packet_oack(const void *options, size_t len);
TftpDatagram tftp_packet_error(TftpErrorCode code, const char *text); /* borrows @text */

/* Appends "name\0value\0" to an OACK's options. Returns false if it does not fit. */
bool tftp_packet_add_option(char *buffer, size_t size, size_t *len, const char *name,
                            uint64_t value);

/* Copies the datagram into one piece; for tests and for callers without scatter-gather. Returns its
 * length, 0 if it does not fit. */
size_t tftp_packet_flatten(const TftpDatagram *datagram, void *buffer, size_t size);
