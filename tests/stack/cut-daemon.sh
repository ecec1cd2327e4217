#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# snagd ends at each step, killed or stopped: its client ends with it, nothing is left, and the next
# one recovers the board.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

# usage: end_snagd SIGNAL TEXT STATUS: and start another
end_snagd() {
        local message='snagd has left the bus, and the session with it'
        [ "$1" != TERM ] || message='has ended: snagd is being stopped'
        kill -s "$1" "$snagd_pid"
        wait_for "$snagd_pid"
        is "$2: status of snagd" "$status" "$3"
        wait_for $recover_pid
        is "$2: exit status" "$status" 1
        ok "$2: message" says cut "$message"
        start_snagd
}

reach() {
        local found='board found'
        recover cut "${images[@]}"
        if [ "$1" = spl ]; then
                found='SPL back'
                plug 1-1 rom
                board 1-1 cut-rom --stage rom
                unplug 1-1
        fi
        plug 1-1 "$1"
        board_begin 1-1 cut --stage "$1" --silent-after "$1:$2"
        wait_until reported cut '"event":"silent"'
        wait_until says cut "$found"
}

is_home_and_quiet() {
        [[ "$(ip -o link show usb1-1 2>/dev/null)" == *'state DOWN'* ]] &&
                [ -z "$(ip -o address show dev usb1-1)" ]
}

# udev's database survives snagd.
enumerate() {
        tell_snagd "plug 1-1 $(<"$work/devnum-1-1") $(<"$work/stage-1-1")"
        announce 1-1
}

stopped() {
        local text="stopped after $1:$2"
        reach "$1" "$2"
        end_snagd TERM "$text" 0
        kill $board_pid
        ok "$text: the interface is home, down, without address" is_home_and_quiet
        enumerate
        recover next --stage "$1" "${images[@]}"
        if [ "$1" = rom ]; then
                ok "$text: the next one recovers the board" board 1-1 next --stage rom
                unplug 1-1
                plug 1-1 spl
        fi
        ok "$text: and its SPL" board 1-1 next --stage spl
        wait_for $recover_pid
        is "$text: the next one's exit status" "$status" 0
        unplug 1-1
        ok_as_before "$text: all is as before"
}

# A veth ends with its namespace; a USB interface comes home (tests/vm has that).
killed() {
        local text="killed after $1:$2"
        reach "$1" "$2"
        end_snagd KILL "$text" 137
        wait_for $board_pid
        is "$text: the namespace is gone, and the interface in it" \
                "$(result cut ".$1.failure")" '"interface gone"'
        recover next "${images[@]}"
        ok "$text: the next one recovers a board" whole_board 1-1 next
        wait_for $recover_pid
        is "$text: the next one's exit status" "$status" 0
        ok_as_before "$text: all is as before"
}

start_snagd
remember

for signal in TERM KILL; do
        recover cut "${images[@]}"
        end_snagd $signal "SIG$signal without a board" $([ $signal = TERM ] && echo 0 || echo 137)
        ok_as_before "SIG$signal without a board: all is as before"
done
for at in rom:{plug,bootp-answered,arp-answered,rrq-sent,block=50,last-block} \
        spl:{plug,offered,bootp-answered,rrq-sent,oack,block=150}; do
        stopped "${at%:*}" "${at#*:}"
        killed "${at%:*}" "${at#*:}"
done

# Many clients at once.
pids=()
for i in 1 2 3 4 5; do
        recover many-$i "${images[@]}"
        pids+=($recover_pid)
done
kill -TERM "$snagd_pid"
for pid in "${pids[@]}"; do
        wait_for "$pid"
        is 'one of five clients: exit status' "$status" 1
done
wait_for "$snagd_pid"
is 'five clients: snagd ends well' "$status" 0
start_snagd
ok_as_before 'five clients: all is as before'

# To look for the boards that are there may take longer than a bus waits for a connection to say who it is.
n_connections() {
        dbus-send --bus="$DBUS_SYSTEM_BUS_ADDRESS" --print-reply --dest=org.freedesktop.DBus / \
                org.freedesktop.DBus.ListNames | grep -c '":1\.'
}
is_one_more() {
        [ "$(n_connections)" = $((n_before + 1)) ]
}
kill -TERM "$snagd_pid"
wait_for "$snagd_pid"
n_before=$(n_connections)
mkfifo "$work/enumeration"
SNAGD_TEST_ENUMERATION=$work/enumeration \
        "$snagd_veth" --log-level=debug --log-target=console 2>>"$work/snagd.log" &
snagd_pid=$!
ok 'while snagd looks for boards, the bus knows it' wait_until is_one_more
ok 'but not by its name yet' not name_is_owned org.snagd1
: >"$work/enumeration"
ok 'which comes afterwards' wait_until name_is_owned org.snagd1

# The bus itself.
reach rom block=50
kill -KILL "$bus_pid"
wait_for $recover_pid
is 'without the bus: exit status of snagctl' "$status" 1
ok 'without the bus: message' says cut 'the connection to the system bus is lost'
wait_for "$snagd_pid"
is 'without the bus: snagd gives up' "$status" 1
ok 'without the bus: the interface is home, down, without address' is_home_and_quiet

end_testing
