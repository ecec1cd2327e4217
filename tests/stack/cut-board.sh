#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The board is pulled after each step, and plugged in again: its recovery goes on by itself.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

has_said_times() { # NAME PATTERN N
        [ "$(grep -c -- "$2" "$work/$1.err")" = "$3" ]
}

start_snagd
remember

# usage: pull STAGE STEP: plugs a board in that has come as far as that stage, and pulls it after STEP
pull() {
        plug 1-1 "$1"
        board_begin 1-1 cut --stage "$1" --pull-after "$1:$2"
        wait_for $board_pid
        # With some steps before anybody has heard of it.
        wait_until says cut "$found"
        unplug 1-1
}

begin_at() { # STAGE
        recover cut "${images[@]}"
        found='board found: am335x, ROM'
        [ "$1" = rom ] || {
                whole_rom
                found='SPL back'
        }
}

whole_rom() {
        plug 1-1 rom
        board 1-1 cut-rom --stage rom
        unplug 1-1
}

# usage: cut STAGE STEP MESSAGE…: pulled there it is recovered all the same, and all of this was said
cut() {
        local at="$1:$2" message
        begin_at "$1"
        pull "$1" "$2"
        shift 2
        ok "pulled after $at, it can come back" whole_board 1-1 again
        wait_for $recover_pid
        is "pulled after $at: exit status" "$status" 0
        for message; do
                ok "pulled after $at: $message" says cut "$message"
        done
        ok "pulled after $at: nothing odd" no_oddities cut again-rom again-spl
        ok_as_before "pulled after $at: all is as before"
}

left='the board left before it had its file'
spl_left='the SPL left USB before it had U-Boot'
unasked='the ROM left USB without asking for anything'
back='the ROM is back after its SPL was sent'
cut rom plug "$unasked\$"
cut rom bootp-sent "\\($left\\|$unasked\\)\$" # it may be gone before its request is read
for step in bootp-answered arp-sent arp-answered; do
        cut rom $step "$left\$"
done
cut rom rrq-sent "$left"
cut rom block=1 "$left: u-boot-spl.bin, block 1 of 98 was the last acknowledged"
cut rom block=96 "$left: u-boot-spl.bin, block 96 of 98 was the last acknowledged"
# Who leaves after the last block was sent has all.
for step in block=97 last-block last-ack; do
        cut rom $step 'ROM served' "$back"
done
for step in plug bootp-sent offered request-sent bootp-answered arp-sent arp-answered; do
        cut spl $step "$spl_left\$" "$back"
done
cut spl rrq-sent "$spl_left" "$back"
cut spl oack "$spl_left: u-boot.img, block 0 of 301 was the last acknowledged" "$back"
cut spl block=150 "$spl_left: u-boot.img, block 150 of 301 was the last acknowledged" "$back"
for step in last-block last-ack; do
        begin_at spl
        pull spl $step
        wait_for $recover_pid
        is "pulled after spl:$step, it is recovered" "$status" 0
        ok_as_before "pulled after spl:$step: all is as before"
done

# A loose cable: some of these boards are gone before anybody has seen them, others in the middle of
# their attachment.
loose_cable() {
        local i
        for i in 1 2 3 4 5 6 7 8 9; do
                plug 1-1 rom && unplug 1-1 || return 1
        done
        whole_board 1-1 loose
}
for i in 1 2 3 4 5 6 7 8; do
        recover loose "${images[@]}"
        ok "after a loose cable it is recovered, run $i" loose_cable
        wait_for $recover_pid
        is "after a loose cable: exit status, run $i" "$status" 0
done
ok_as_before 'after a loose cable all is as before'

# The same, each seen: ten times are enough.
recover hopeless "${images[@]}"
for i in 1 2 3 4 5 6 7 8 9 10; do
        plug 1-1 rom
        wait_until has_said_times hopeless 'board found' "$i"
        unplug 1-1
done
wait_for $recover_pid
is 'a hopeless cable: exit status' "$status" 1
ok 'a hopeless cable: message' says hopeless 'the board left its port 10 times before it had its file'
ok_as_before 'a hopeless cable: all is as before'

stop_snagd
end_testing
