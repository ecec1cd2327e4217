#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ways to get stuck of design.md section 5, each with its message and its end, as far as they end
# within a minute (the others: tests/unit/client/test-recovery.c). All at once, a port and a client each.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

PATIENCE=180

start_snagd
remember

declare -A stuck_at
# usage: silent NAME STAGE STEP: a board that says nothing any more after that
silent() {
        begin "$1"
        [ "$2" = rom ] || whole_rom "$1"
        plug "${port_of[$1]}" "$2"
        board_begin "${port_of[$1]}" "$1-board" --stage "$2" --silent-after "$2:$3"
        stuck_at[$1]=yes
}

whole_rom() {
        plug "${port_of[$1]}" rom && board "${port_of[$1]}" "$1-rom" --stage rom && unplug "${port_of[$1]}"
}

# usage: ends NAME STATUS MESSAGE…: said in this order
ends() {
        local name=$1 wanted=$2 message line last=0
        shift 2
        wait_for "${pid_of[$name]}"
        is "$name: exit status" "$status" "$wanted"
        for message; do
                line=$(grep -n -m 1 -- "$message" "$work/$name.err" | cut -d: -f1)
                if [ "${line:-0}" -gt $last ]; then
                        pass "$name: $message"
                        last=$line
                else
                        note "$(tail -n 20 "$work/$name.err" | tr '\n' '|')"
                        fail "$name: $message"
                fi
        done
}

begin no-board --timeout 11

silent rom-silent rom plug
silent not-fetched rom bootp-answered
silent no-first-ack rom rrq-sent
silent stalled rom block=50
silent spl-silent spl plug
silent spl-not-bound spl offered
silent spl-not-fetched spl arp-answered
silent spl-stalled spl block=150

begin left
plug "${port_of[left]}" rom
board "${port_of[left]}" left-board --stage rom --pull-after rom:block=50
unplug "${port_of[left]}"

begin no-second-device
whole_rom no-second-device

begin no-spl-yet
begin rom-back
for i in 1 2 3; do
        whole_rom rom-back
done
plug "${port_of[rom-back]}" rom
stuck_at[rom-back]=yes

ends rom-back 1 'ROM served' 'the ROM is back after its SPL was sent' \
        'the ROM is back again, 3 times now, after its SPL was sent'
ends no-board 4 'no board so far' 'no board came in time'
ok 'rom-silent: it is said' wait_until says rom-silent 'the ROM has not asked for an address (BOOTP) yet'
kill "${pid_of[rom-silent]}"
ends rom-silent 143
ends left 1 'the board left before it had its file' 'the board did not come back to its port'
ends no-second-device 1 'ROM served' 'the ROM has its SPL, but the SPL has not come up on USB yet' \
        'the SPL did not come up on USB'
for name in not-fetched spl-not-fetched; do
        ends $name 1 'the board was told its address and file, but does not fetch it (TFTP)' \
                'the board never fetched its file (TFTP)'
done
ends no-first-ack 1 'the board does not acknowledge what is sent' 'the board stopped fetching its file'
ends stalled 1 'the board does not acknowledge what is sent: u-boot-spl.bin, block 50 of 98' \
        'the board stopped fetching its file'
ends spl-stalled 1 'the board does not acknowledge what is sent: u-boot.img, block 150 of 301' \
        'the board stopped fetching its file'
ends spl-silent 1 'SPL back on USB' 'the SPL is there but has not asked for an address (DHCP) yet' \
        'the SPL never asked for an address (DHCP)'
ends spl-not-bound 1 'SPL back on USB' 'the board was told its address and file' \
        'the board never fetched its file (TFTP)'
kill "${pid_of[no-spl-yet]}"
ends no-spl-yet 143

# What was said a second time, or in too many lines.
untidy() {
        local name
        for name in "${!port_of[@]}"; do
                diagnoses_of "$name" | awk 'seen[$0]++ == 1 || /^in /'
        done
}
is 'nothing is said twice but that the ROM is back, nothing in more than four lines' "$(untidy)" \
        'the ROM is back after its SPL was sent'

for name in "${!stuck_at[@]}"; do
        unplug "${port_of[$name]}"
done

# What is refused before the bus is touched: without one.
refused() { # TEXT MESSAGE ARGUMENT…
        local text=$1 message=$2
        shift 2
        status=0
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent "$snagctl" recover "$@" 2>"$work/refused.err" || status=$?
        is "$text: exit status" "$status" 2
        ok "$text: message" says refused "$message"
}
"$make_image" spl "$work/large.bin" 111617
refused 'an SPL that is too large' 'large.bin.*111616' am335x --spl "$work/large.bin" \
        --u-boot "$work/u-boot.img"
refused 'an unknown magic' 'u-boot-spl.bin' am335x --spl "$work/u-boot-spl.bin" \
        --u-boot "$work/u-boot-spl.bin"
refused 'an unknown SoC' "unknown SoC 'z80'" z80 "${images[@]}"
refused 'a malformed port' 'is no USB port' am335x "${images[@]}" --port ../1-1

ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
