#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whole recoveries of boards of all kinds, in which nothing goes wrong.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

# usage: recovers TEXT NAME [OPTION…]: one command, and one board that comes after it
recovers() {
        local text=$1 name=$2
        shift 2
        $how "$name" "${images[@]}"
        ok "$text" whole_board 1-1 "$name" "$@"
        wait_for $recover_pid
        is "$text: exit status" "$status" 0
        ok "$text: nothing odd" no_oddities "$name-rom" "$name-spl"
        is "$text: the ROM is answered at its first request" \
                "$(result "$name-rom" .rom.answered_request)" 1
}

start_snagd
remember

how=recover_plain
recovers 'a board gets both images' plain
is 'the result, in one line' "$(sed 's/[0-9.]* s\b/T s/g; s/([^)]*\/s)/(RATE)/g' "$work/plain.out")" \
        'am335x on port 1-1 recovered in T s: u-boot-spl.bin 50000 bytes in T s (RATE), u-boot.img 440400 bytes in T s (RATE)'
ok_as_before 'the host is as before'

how=recover
recovers 'UDP without checksums' no-checksum --rom-checksum no
recovers 'an SPL without DHCP' plain-bootp --plain-bootp
recovers 'a new U-Boot' new-u-boot --new-u-boot
recovers 'a window of four' window --windowsize 4
recovers 'blocks of 512' blksize --blksize 512
recovers 'PG1.0' pg1 --rom-vci 'DM814x ROM v1.0'

# Sizes: one block, a multiple of the block size, one byte more or less, the ROM's limit.
for sizes in '1 65' '511 1467' '512 1468' '513 1469' "51200 $((100 * 1468))" "111616 $((100 * 1468 - 1))"; do
        "$make_image" spl "$work/u-boot-spl.bin" "${sizes% *}"
        "$make_image" u-boot "$work/u-boot.img" "${sizes#* }"
        recovers "images of ${sizes/ / and } bytes" "size-${sizes/ /-}"
done
"$make_image" spl "$work/u-boot-spl.bin" 50000
"$make_image" u-boot "$work/u-boot.img" $((300 * 1468))

# As a user of Snagboot has it: an MLO, of which the board gets the SPL inside, named by a YAML file.
"$make_image" mlo "$work/MLO" 50520
tail -c +521 "$work/MLO" >"$work/u-boot-spl.bin"
printf '%s:\n  path: %s\n' spl MLO u-boot u-boot.img >"$work/board.yaml"
recover yaml -f "$work/board.yaml"
ok 'an MLO and a YAML file' whole_board 1-1 yaml
wait_for $recover_pid
is 'an MLO and a YAML file: exit status' "$status" 0
ok 'an MLO and a YAML file: nothing odd' no_oddities yaml-rom yaml-spl
ok 'its user is told about the header' \
        grep -q "/MLO' is an MLO: its header of 520 bytes" "$work/yaml.err"

# The board is there first, and its request waits in it.
plug 1-1 rom
board_begin 1-1 first-rom --stage rom
wait_until reported first-rom bootp-request
recover first "${images[@]}"
wait_for $board_pid
is 'a board that was plugged in before' "$status" 0
is 'its first request is answered' "$(result first-rom .rom.answered_request)" 1
unplug 1-1
plug 1-1 spl
ok 'and its SPL' board 1-1 first-spl --stage spl
wait_for $recover_pid
is 'and the command ends' "$status" 0
ok 'nothing odd' no_oddities first-rom first-spl
unplug 1-1

# The port by its name and by its path; a board elsewhere is left alone.
for port in 1-1.4 platform-fake-usb-0:1.4; do
        recover named "${images[@]}" --port $port
        plug 1-2 rom
        ok "--port $port" whole_board 1-1.4 named
        wait_for $recover_pid
        is "--port $port: exit status" "$status" 0
        is "--port $port: the other board stays on the host" \
                "$(snagctl list | sed 's/  */ /g; 1d')" '1-2 platform-fake-usb-0:2 am335x rom - -'
        unplug 1-2
done

# From the SPL on; a ROM is left alone.
recover spl --u-boot "$work/u-boot.img" --stage spl
plug 1-2 rom
plug 1-1 spl
ok '--stage spl' board 1-1 spl-only --stage spl
wait_for $recover_pid
is '--stage spl: exit status' "$status" 0
ok '--stage spl: nothing odd' no_oddities spl-only
is '--stage spl: only U-Boot is served' "$(event spl 'select(.event == "served") | .file')" u-boot.img
unplug 1-1
unplug 1-2

# Somebody plugs another board in between: it begins anew.
recover anew "${images[@]}"
plug 1-1 rom
ok 'a first ROM' board 1-1 anew-first --stage rom
unplug 1-1
ok 'another board on that port instead of the SPL' whole_board 1-1 anew
wait_for $recover_pid
is 'it is recovered' "$status" 0
ok 'and that was said' says anew 'the ROM is back after its SPL was sent'

ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
