#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is said of boards that are odd, as the table of client/diagnosis.c has it; of those that get
# stuck, stuck.sh says more. All at once, a port and a client each. With SNAGD_TEST_LONG=yes also what
# takes five minutes (else: tests/unit/client/test-recovery.c, with a fake clock).
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

[ "${SNAGD_TEST_LONG:-no}" != yes ] || PATIENCE=360

# usage: ends NAME STATUS DIAGNOSIS…: it was told these and no other, in this order
ends() {
        local name=$1 wanted=$2
        shift 2
        wait_for "${pid_of[$name]}"
        is "$name: exit status" "$status" "$wanted"
        is "$name: diagnoses" "$(diagnoses_of "$name")" "$(printf '%s\n' "$@")"
}

# usage: is_stopped NAME DIAGNOSIS…: the same, once it has said the last of them
is_stopped() {
        local name=$1
        shift
        wait_until says "$name" "${!#}"
        kill "${pid_of[$name]}"
        ends "$name" 143 "$@"
}

# usage: odd NAME STAGE BOARD-OPTION…: a board in that stage, which ends for some reason of its own
odd() {
        local name=$1 stage=$2
        shift 2
        is_plugged "${port_of[$name]}" || plug "${port_of[$name]}" "${stage/u-boot/spl}"
        board "${port_of[$name]}" "$name-board" --stage "$stage" "$@"
}

is_plugged() {
        in_board_ns ip link show "board-$1" >/dev/null 2>&1
}

has_found() { # NAME N
        [ "$(grep -c 'board found' "$work/$1.err")" = "$2" ]
}

start_snagd
remember

# Somebody else's interface, until it is free. Alone: a client that names no port would take the others'
# boards. One that begins with the ROM takes it anyway.
plug 2-1 spl
ip link set usb2-1 up
announce 2-1
recover held --stage spl "${images[@]}"
pid_of[held]=$recover_pid
held='a board is there, but cannot be taken'
ok 'held: it is said' wait_until says held "2-1: $held: Its interface usb2-1 is in use"
ip link set usb2-1 down
ok 'held: it is waited for' board 2-1 held-board --stage spl
ends held 0 "$held"
unplug 2-1
plug 2-1 rom
ip link set usb2-1 up
announce 2-1
recover taken "${images[@]}"
pid_of[taken]=$recover_pid
ok 'taken: its ROM' board 2-1 taken-rom --stage rom
unplug 2-1 && plug 2-1 spl
ok 'taken: and its SPL' board 2-1 taken-spl --stage spl
ends taken 0
unplug 2-1

# Those that take longest begin first. The ROM that gave up is seen before it goes.
begin gave-up
odd gave-up rom --pull-after rom:plug
wait_until has_found gave-up 1
unplug "${port_of[gave-up]}"

begin spl-gave-up --stage spl
odd spl-gave-up spl --pull-after spl:block=10
unplug "${port_of[spl-gave-up]}"

if [ "${SNAGD_TEST_LONG:-no}" = yes ]; then
        begin silent
        plug "${port_of[silent]}" rom
        board_begin "${port_of[silent]}" silent-board --stage rom --silent-after rom:plug
fi

if [ "${SNAGD_TEST_LONG:-no}" = yes ]; then
        begin crawling --stage spl
        plug "${port_of[crawling]}" spl
        board_begin "${port_of[crawling]}" crawling-board --stage spl --crawl 2000 \
                --time-scale 100 --give-up 600
fi

# 60 ms for each block.
begin slow --stage spl
plug "${port_of[slow]}" spl
board_begin "${port_of[slow]}" slow-board --stage spl --delay 100 --delay-ms 30

# An SPL asks twice, by DISCOVER and by REQUEST, and is recovered all the same.
begin wrong-class --stage spl
odd wrong-class spl --spl-vci 'AM335x ROM'
ends wrong-class 0 'the board calls itself by the name of another stage'
ok 'wrong-class: by which name' says wrong-class ": USB says SPL, it calls itself 'AM335x ROM'"

# Five times.
begin u-boot --stage spl
ok 'u-boot: is not answered' odd u-boot u-boot --time-scale 0.2

# Each asks again, and is told of once.
begin hex-name --stage spl
begin other-name
for i in 1 2; do
        odd hex-name spl --ask-for C0A80065.img
        odd other-name rom --ask-for MLO
done
is "hex-name: the board was refused" "$(result hex-name-board .spl.failure)" '"TFTP error 1"'
is "other-name: the board was refused" "$(result other-name-board .rom.failure)" '"ERROR 1"'

# It asks again, and gets all.
begin error --stage spl
odd error spl --error-after spl:block=10
ok 'error: it can ask again' odd error spl
ends error 0 'the board broke the transfer off'
ok 'error: in its own words' says error 'off: File too large (TFTP error 3)$'

# It asks for ever; not so we. Beside the others, for this takes a while.
begin insisting --stage spl
plug "${port_of[insisting]}" spl
for i in {1..30}; do
        odd insisting spl --time-scale 0.1 --error-after spl:block=2
done &
insisting=$!

begin leaving
for i in 1 2 3 4 5 6 7 8 9 10; do
        odd leaving rom --pull-after rom:block=5
        wait_until has_found leaving $i
        unplug "${port_of[leaving]}"
done
left='the board left before it had its file'
ends leaving 1 "$left" "$left" 'the board keeps coming and going' \
        "$left" "$left" "$left" "$left" "$left" "$left" \
        'the board left its port 10 times before it had its file'
ok 'leaving: how often' says leaving ': 3 times so far'

unfetched='the board was told its address and file, but does not fetch it (TFTP)'
is_stopped hex-name 'the board asks for a file that it named after its address' "$unfetched"
ok 'hex-name: which' says hex-name "address: 'C0A80065.img'"
is_stopped other-name 'the board asks for a file that is not served' "$unfetched"
ok 'other-name: which' says other-name "served: 'MLO'"
ok 'u-boot: by which name' wait_until says u-boot ": 'U-Boot.armv7'"

wait_for $insisting
# Said once, for it is always the same.
ends insisting 1 'the board broke the transfer off' 'the board began 30 times to fetch its file, and never had it'

ends slow 0 'the transfer is much slower than USB should be'
ok 'slow: how slow' says slow ': [0-9]\{1,2\} KiB/s, [0-9]* packets repeated'

ends u-boot 1 'U-Boot itself is running and asks for an address' \
        'the SPL is there but has not asked for an address (DHCP) yet' \
        'no SPL has come, U-Boot itself is running on the board'
ends spl-gave-up 1 'the SPL left USB before it had U-Boot' 'the SPL did not come back to USB'
ok 'spl-gave-up: how far it came' says spl-gave-up 'U-Boot: u-boot.img, block 10 of'
ends gave-up 1 'the ROM left USB without asking for anything' 'the ROM did not come back to USB'
if [ "${SNAGD_TEST_LONG:-no}" = yes ]; then
        ends silent 1 'the ROM has not asked for an address (BOOTP) yet' \
                'the ROM never asked for an address (BOOTP)'
        ends crawling 1 'the transfer is much slower than USB should be' \
                'the board takes too long to fetch its file'
fi

for name in "${!port_of[@]}"; do
        ! is_plugged "${port_of[$name]}" || unplug "${port_of[$name]}"
done
ok_as_before 'after all of it the host is as before'
stop_snagd

# A diagnosis that nothing here provokes and looks for is not in any of these scripts.
unprovoked() {
        local text
        while read -r text; do
                sed '/^ *#/d' "$here"/*.sh | grep -qF -- "$text" || echo "$text"
        done < <(list_diagnoses)
}
is "each of the table's $(list_diagnoses | wc -l) diagnoses is provoked" "$(unprovoked)" ''
end_testing
