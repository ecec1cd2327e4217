/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "image-format.h"

#include <assert.h>
#include <elf.h>
#include <strings.h>

#include "image-mlo.h"

/* Enough to tell text, and less than any image has. */
#define TEXT_PROBE_SIZE 512

/* Magic numbers of which some contain NUL. */
static const struct {
        const char *magic;
        size_t size;
        ImagePacking packing;
} packings[] = {
#define MAGIC(literal) (literal), STRLEN(literal)
        {MAGIC("\x1f\x8b\x08"), {"gzip", "gunzip"}}, /* RFC 1952 2.3; 8 is deflate */
        {MAGIC("\xfd"
               "7zXZ\0"),
         {"xz", "unxz"}},
        {MAGIC("\x28\xb5\x2f\xfd"), {"zstd", "unzstd"}}, /* RFC 8878 3.1.1 */
        {MAGIC("BZh"), {"bzip2", "bunzip2"}},
        {MAGIC("\x04\x22\x4d\x18"), {"lz4", "unlz4"}},
        {MAGIC("PK\x03\x04"), {"zip", "unzip"}},
        {MAGIC("!<arch>\ndebian"), {"a Debian package", "dpkg-deb -x"}},
#undef MAGIC
};

static bool begins_with(const uint8_t *data, size_t size, const char *bytes, size_t n) {
        return n <= size && memcmp(data, bytes, n) == 0;
}

static uint32_t read_be32(const uint8_t *p) {
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static bool is_text(const uint8_t *data, size_t size) {
        for (size_t i = 0; i < MIN_OF(size, (size_t) TEXT_PROBE_SIZE); i++)
                if ((data[i] < ' ' && !(data[i] >= '\a' && data[i] <= '\r')) || data[i] > '~')
                        return false;
        return size > 0;
}

static bool is_html(const uint8_t *data, size_t size) {
        const char *text = (const char *) data;

        while (size > 0 && (*text == ' ' || (*text >= '\t' && *text <= '\r')))
                text++, size--;
        return (size >= STRLEN("<!DOCTYPE html") &&
                strncasecmp(text, "<!DOCTYPE html", STRLEN("<!DOCTYPE html")) == 0) ||
               (size >= STRLEN("<html") && strncasecmp(text, "<html", STRLEN("<html")) == 0);
}

ImageFormat image_format_detect(const uint8_t *data, size_t size) {
        ImageFormat mlo;

        assert(data || size == 0);

        mlo = image_mlo_detect(data, size);
        if (mlo != IMAGE_FORMAT_UNKNOWN)
                return mlo;
        if (begins_with(data, size, ELFMAG, SELFMAG))
                return IMAGE_FORMAT_ELF;
        if (size >= 4 && read_be32(data) == 0x27051956u)
                return IMAGE_FORMAT_LEGACY;
        if (size >= 4 && read_be32(data) == 0xd00dfeedu)
                return IMAGE_FORMAT_FIT;
        if (image_format_get_packing(data, size))
                return IMAGE_FORMAT_PACKED;
        if (is_html(data, size))
                return IMAGE_FORMAT_HTML;
        if (is_text(data, size))
                return IMAGE_FORMAT_TEXT;

        return IMAGE_FORMAT_UNKNOWN;
}

const ImagePacking *image_format_get_packing(const uint8_t *data, size_t size) {
        assert(data || size == 0);

        for (size_t i = 0; i < ELEMENTSOF(packings); i++)
                if (begins_with(data, size, packings[i].magic, packings[i].size))
                        return &packings[i].packing;
        return NULL;
}

const char *image_format_get_elf_machine(const uint8_t *data, size_t size) {
        static const struct {
                unsigned number;
                const char *name;
        } machines[] = {
                {EM_386, "x86"},      {EM_68K, "m68k"},   {EM_AARCH64, "64-bit ARM"},
                {EM_ARM, "ARM"},      {EM_MIPS, "MIPS"},  {EM_PPC, "PowerPC"},
                {EM_RISCV, "RISC-V"}, {EM_X86_64, "x86"},
        };
        unsigned number;

        assert(data || size == 0);

        /* The same place in both classes: e_ident, then e_type and e_machine. */
        if (size < EI_NIDENT + 4)
                return NULL;
        number = data[EI_DATA] == ELFDATA2MSB
                         ? (unsigned) data[EI_NIDENT + 2] << 8 | data[EI_NIDENT + 3]
                         : (unsigned) data[EI_NIDENT + 3] << 8 | data[EI_NIDENT + 2];
        for (size_t i = 0; i < ELEMENTSOF(machines); i++)
                if (machines[i].number == number)
                        return machines[i].name;
        return NULL;
}

bool image_format_contains(const uint8_t *data, size_t size, const char *string) {
        assert(data || size == 0);
        assert(string);

        return size > 0 && memmem(data, size, string, strlen(string));
}
