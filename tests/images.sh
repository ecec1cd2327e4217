# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Images for test scripts: random bytes, in the shape that snagctl wants.
#
#   make_spl FILE BYTES      a raw SPL
#   make_u_boot FILE BYTES   a legacy image (U-Boot's include/image.h); at least 64 bytes

# Begins with an ARM branch and no GP header, as U-Boot's vectors do.
make_spl() {
        { printf '\x0f\x00\x00\xea\x14\xf0\x9f\xe5'; head -c "$2" /dev/urandom; } | head -c "$2" >"$1"
}

# Of the header's 64 bytes the magic and, at 12, the size of what follows matter.
make_u_boot() {
        local hex
        printf -v hex %08x $(($2 - 64))
        {
                printf '\x27\x05\x19\x56\0\0\0\0\0\0\0\0'
                printf '%b' "\\x${hex:0:2}\\x${hex:2:2}\\x${hex:4:2}\\x${hex:6:2}"
                head -c 48 /dev/zero
                head -c $(($2 - 64)) /dev/urandom
        } >"$1"
}
