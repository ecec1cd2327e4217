/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Every byte is written out from the format's description; that other programs read the same in it,
 * tests/stack/capture.sh shows. */

#include "pcapng.h"

#include "check-main.h"

static uint8_t block[1024];
static size_t block_len;

/* Into a buffer of exactly the length that is needed, so that a sanitizer sees one byte more. */
#define FORMAT(function, spec)                                                           \
        do {                                                                             \
                uint8_t *_exact;                                                         \
                                                                                         \
                memset(block, 0xaa, sizeof(block));                                      \
                ck_assert_int_eq(function((spec), block, sizeof(block), &block_len), 0); \
                _exact = malloc(block_len);                                              \
                ck_assert_int_eq(function((spec), _exact, block_len, &block_len), 0);    \
                ck_assert_mem_eq(_exact, block, block_len);                              \
                free(_exact);                                                            \
        } while (false)

#define CHECK_BLOCK(...)                                           \
        do {                                                       \
                static const uint8_t _wanted[] = {__VA_ARGS__};    \
                                                                   \
                ck_assert_uint_eq(block_len, sizeof(_wanted));     \
                ck_assert_mem_eq(block, _wanted, sizeof(_wanted)); \
        } while (false)

#define SECTION_HEAD 0x0a, 0x0d, 0x0d, 0x0a
#define MAGIC        0x4d, 0x3c, 0x2b, 0x1a
#define NO_LENGTH    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define OPTIONS_END  0, 0, 0, 0

START_TEST(test_section) {
        FORMAT(pcapng_format_section, &(PcapngSection){});
        CHECK_BLOCK(SECTION_HEAD, 32, 0, 0, 0, MAGIC, 1, 0, 0, 0, NO_LENGTH, OPTIONS_END, 32, 0, 0,
                    0);

        /* Each string is padded to four bytes, which its length does not count. */
        FORMAT(pcapng_format_section,
               (&(PcapngSection){
                       .comment = "c", .hardware = "x86", .os = "Unix", .application = "snagc"}));
        CHECK_BLOCK(SECTION_HEAD, 68, 0, 0, 0, MAGIC, 1, 0, 0, 0, NO_LENGTH, /* */
                    1, 0, 1, 0, 'c', 0, 0, 0,                                /* */
                    2, 0, 3, 0, 'x', '8', '6', 0,                            /* */
                    3, 0, 4, 0, 'U', 'n', 'i', 'x',                          /* */
                    4, 0, 5, 0, 's', 'n', 'a', 'g', 'c', 0, 0, 0, OPTIONS_END, 68, 0, 0, 0);
}
END_TEST

START_TEST(test_interface) {
        FORMAT(pcapng_format_interface, &(PcapngInterface){.link_type = PCAPNG_LINK_TYPE_ETHERNET});
        CHECK_BLOCK(1, 0, 0, 0, 32, 0, 0, 0,             /* */
                    1, 0, 0, 0, 0, 0, 0, 0,              /* Ethernet, reserved, no limit */
                    9, 0, 1, 0, 9, 0, 0, 0, OPTIONS_END, /* nanoseconds */
                    32, 0, 0, 0);

        FORMAT(pcapng_format_interface,
               (&(PcapngInterface){
                       .link_type = 0x0102, .comment = "c", .name = "n", .description = "d"}));
        CHECK_BLOCK(1, 0, 0, 0, 56, 0, 0, 0,             /* */
                    2, 1, 0, 0, 0, 0, 0, 0,              /* */
                    1, 0, 1, 0, 'c', 0, 0, 0,            /* */
                    2, 0, 1, 0, 'n', 0, 0, 0,            /* */
                    3, 0, 1, 0, 'd', 0, 0, 0,            /* */
                    9, 0, 1, 0, 9, 0, 0, 0, OPTIONS_END, /* */
                    56, 0, 0, 0);
}
END_TEST

START_TEST(test_packet) {
        const struct iovec parts[] = {{(void *) "AB", 2}, {NULL, 0}, {(void *) "CDE", 3}};

        FORMAT(pcapng_format_packet, (&(PcapngPacket){.nsec = UINT64_C(0x0102030405060708),
                                                      .parts = parts,
                                                      .n_parts = ELEMENTSOF(parts),
                                                      .full_len = 5,
                                                      .direction = PCAPNG_DIRECTION_OUTBOUND,
                                                      .comment = "port"}));
        CHECK_BLOCK(6, 0, 0, 0, 60, 0, 0, 0,            /* */
                    0, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5, /* the high half first */
                    5, 0, 0, 0, 5, 0, 0, 0, 'A', 'B', 'C', 'D', 'E', 0, 0, 0, /* */
                    2, 0, 4, 0, 2, 0, 0, 0,                                   /* */
                    1, 0, 4, 0, 'p', 'o', 'r', 't', OPTIONS_END, 60, 0, 0, 0);
}
END_TEST

START_TEST(test_packet_that_was_cut) {
        const struct iovec part = {(void *) "ABCD", 4};

        FORMAT(pcapng_format_packet, (&(PcapngPacket){.parts = &part,
                                                      .n_parts = 1,
                                                      .full_len = 0x010203,
                                                      .direction = PCAPNG_DIRECTION_INBOUND}));
        CHECK_BLOCK(6, 0, 0, 0, 48, 0, 0, 0,                    /* */
                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,         /* */
                    4, 0, 0, 0, 3, 2, 1, 0, 'A', 'B', 'C', 'D', /* */
                    2, 0, 4, 0, 1, 0, 0, 0, OPTIONS_END, 48, 0, 0, 0);

        FORMAT(pcapng_format_packet, &(PcapngPacket){});
        CHECK_BLOCK(6, 0, 0, 0, 44, 0, 0, 0,            /* */
                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
                    0, 0, 0, 0, 0, 0, 0, 0,             /* */
                    2, 0, 4, 0, 0, 0, 0, 0, OPTIONS_END, 44, 0, 0, 0);
}
END_TEST

/* At every size that is too small: nothing behind it is touched, and it is said. */
START_TEST(test_too_little_space) {
        const struct iovec part = {(void *) "ABCDE", 5};
        const PcapngSection section = {.comment = "c", .application = "snagctl"};
        const PcapngInterface interface = {.name = "n"};
        const PcapngPacket packet = {.parts = &part, .n_parts = 1, .full_len = 5, .comment = "ROM"};
        const size_t section_len = 32 + 8 + 12, interface_len = 32 + 8, packet_len = 44 + 8 + 8;
        size_t len = 7;

        for (size_t size = 0; size < 128; size++) {
                uint8_t *buffer = malloc(size + 1);

                ck_assert_int_eq(pcapng_format_section(&section, buffer, size, &len),
                                 size < section_len ? PCAPNG_E_NO_SPACE : 0);
                ck_assert_int_eq(pcapng_format_interface(&interface, buffer, size, &len),
                                 size < interface_len ? PCAPNG_E_NO_SPACE : 0);
                len = 7;
                ck_assert_int_eq(pcapng_format_packet(&packet, buffer, size, &len),
                                 size < packet_len ? PCAPNG_E_NO_SPACE : 0);
                ck_assert_uint_eq(len, size < packet_len ? 7 : packet_len);
                free(buffer);
        }
}
END_TEST

START_TEST(test_what_no_field_holds) {
        const size_t size = 200000;
        char *text = malloc(size);
        uint8_t *buffer = malloc(size);
        size_t len = 7;

        memset(text, 'x', size);
        text[UINT16_MAX] = '\0';
        ck_assert_int_eq(
                pcapng_format_section(&(PcapngSection){.comment = text}, buffer, size, &len), 0);
        ck_assert_uint_eq(len, 28 + 4 + UINT16_MAX + 1 + 4);
        text[UINT16_MAX] = 'x';
        text[UINT16_MAX + 1] = '\0';
        ck_assert_int_eq(
                pcapng_format_section(&(PcapngSection){.comment = text}, buffer, size, &len),
                PCAPNG_E_NO_SPACE);
        ck_assert_int_eq(pcapng_format_packet(&(PcapngPacket){.comment = text}, buffer, size, &len),
                         PCAPNG_E_NO_SPACE);
        if (sizeof(size_t) > 4)
                ck_assert_int_eq(pcapng_format_packet(&(PcapngPacket){.full_len = SIZE_MAX}, buffer,
                                                      size, &len),
                                 PCAPNG_E_NO_SPACE);
        free(text);
        free(buffer);
}
END_TEST

TEST_MAIN("pcapng", test_section, test_interface, test_packet, test_packet_that_was_cut,
          test_too_little_space, test_what_no_field_holds)
