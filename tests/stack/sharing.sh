#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several boards and several clients: who gets which, ports and interfaces that are taken, limits.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

# Images of its own for each, so that no board can have another's unnoticed.
for who in a b; do
        "$make_image" spl "$work/spl-$who.bin" 40000
        "$make_image" u-boot "$work/u-boot-$who.img" 300000
done
images_a=(--spl "$work/spl-a.bin" --u-boot "$work/u-boot-a.img")
images_b=(--spl "$work/spl-b.bin" --u-boot "$work/u-boot-b.img")

list_says() { # PATTERN
        snagctl list | grep -q -- "$1"
}

ended_well() { # TEXT PID
        wait_for "$2"
        is "$1: exit status" "$status" 0
}

# usage: both TEXT PORT-A PORT-B: both boards at once, stage by stage; their clients are $pid_a, $pid_b
both() {
        local text=$1 a=$2 b=$3 stage board_a
        for stage in rom spl; do
                plug "$a" $stage
                plug "$b" $stage
                board_begin "$a" a-$stage --stage $stage "${images_a[@]}"
                board_a=$board_pid
                board_begin "$b" b-$stage --stage $stage "${images_b[@]}"
                wait_for $board_a
                is "$text: a's $stage" "$status" 0
                wait_for $board_pid
                is "$text: b's $stage" "$status" 0
                unplug "$a"
                unplug "$b"
        done
        ended_well "$text: a" "$pid_a"
        ended_well "$text: b" "$pid_b"
        ok "$text: nothing odd" no_oddities a-rom b-rom a-spl b-spl
}

start_snagd
remember

recover a --port 1-1 "${images_a[@]}"
pid_a=$recover_pid
recover b --port 1-2 "${images_b[@]}"
pid_b=$recover_pid
both 'two named ports' 1-1 1-2

recover a "${images_a[@]}"
pid_a=$recover_pid
recover b "${images_b[@]}"
pid_b=$recover_pid
both 'two that named none: in the order in which they came' 1-1 1-2

recover a "${images_a[@]}"
pid_a=$recover_pid
recover b --port 1-1 "${images_b[@]}"
pid_b=$recover_pid
both 'who named the port goes before who waited longer' 1-2 1-1
ok_as_before 'two at a time: all is as before'

# A port that is named already: whatever it is called by.
recover a --port 1-1 "${images_a[@]}"
pid_a=$recover_pid
not recover b --port 1-1 "${images_b[@]}"
wait_for $recover_pid
is 'a port that is taken: exit status' "$status" 1
ok 'a port that is taken: message' says b 'Port 1-1 is taken by session s[0-9]* of user 0'
plug 1-1 rom
not recover b --port platform-fake-usb-0:1 "${images_b[@]}"
wait_for $recover_pid
is 'the same by its path: exit status' "$status" 1
ok 'the same by its path: message' says b 'is taken by session'
board 1-1 a-rom --stage rom "${images_a[@]}"
unplug 1-1
plug 1-1 spl
board 1-1 a-spl --stage spl "${images_a[@]}"
unplug 1-1
ended_well 'who has the port is not disturbed' "$pid_a"

# A port is kept while its board is away; another board is another one's.
recover a "${images_a[@]}"
pid_a=$recover_pid
plug 1-1 rom
board 1-1 a-rom --stage rom "${images_a[@]}"
unplug 1-1
plug 1-2 rom
recover b "${images_b[@]}"
pid_b=$recover_pid
ok 'a board elsewhere goes to the next one' board 1-2 b-rom --stage rom "${images_b[@]}"
plug 1-1 spl
ok 'the SPL to who sent it' board 1-1 a-spl --stage spl "${images_a[@]}"
unplug 1-1
unplug 1-2
plug 1-2 spl
ok 'and the other one too' board 1-2 b-spl --stage spl "${images_b[@]}"
unplug 1-2
ended_well 'one port left for another: a' "$pid_a"
ended_well 'one port left for another: b' "$pid_b"
ok_as_before 'one port left for another: all is as before'

# An SPL whose interface somebody uses, asked for by itself.
plug 1-1 spl
ip address add 10.0.0.1/24 dev usb1-1
recover a --port 1-1 --stage spl "${images_a[@]}" || true
wait_for $recover_pid
is 'an interface in use: exit status' "$status" 1
ok 'an interface in use: message' says a 'usb1-1 is in use: it has an address'
ok 'an interface in use: snagctl list says so' list_says '^1-1 .* usb1-1 is in use: it has an address'
recover a --stage spl "${images_a[@]}"
pid_a=$recover_pid
is 'who named no port waits' "$(snagctl status | sed '1d; s/  */ /g' | cut -d' ' -f2)" waiting
ip address flush dev usb1-1
ok 'and takes it when it is free' board 1-1 a-spl --stage spl "${images_a[@]}"
ended_well 'an interface that was in use' "$pid_a"
unplug 1-1

# A ROM is taken whatever was done to it; but that is not in order.
plug 1-1 rom
ip address add 10.0.0.1/24 dev usb1-1
ip link set usb1-1 up
recover a "${images_a[@]}"
pid_a=$recover_pid
ok 'a ROM that somebody set up is taken' board 1-1 a-rom --stage rom "${images_a[@]}"
ok 'and that is said' grep -q 'another program has set up its interface usb1-1' "$work/snagd.log"
unplug 1-1
plug 1-1 spl
ip link set usb1-1 up
ok 'and so is its SPL' board 1-1 a-spl --stage spl "${images_a[@]}"
unplug 1-1
ended_well 'a ROM that somebody set up' "$pid_a"
ok_as_before 'interfaces in use: all is as before'

# Many at once, as at a flashing station that has just been switched on.
pids=()
for i in {1..16}; do
        : >"$work/many-$i.err"
        "$snagctl" recover am335x --port 2-$i "${images[@]}" >"$work/many-$i.out" 2>>"$work/many-$i.err" &
        pids+=($!)
done
all_wait() {
        local i
        for i in {1..16}; do
                says many-$i 'waiting for a board' || return 1
        done
}
ok 'sixteen clients at the same moment are let in' wait_until all_wait
kill "${pids[@]}"
for pid in "${pids[@]}"; do
        wait_for "$pid"
done
ok_as_before 'sixteen clients: all is as before'

# Limits. hold-session ends with its standard input.
mkfifo "$work/hold"
hold() { # ARGUMENT…
        rm -f "$work/held"
        "$hold_session" "$@" <"$work/hold" >"$work/held" &
        hold_pid=$!
        exec {hold_fd}>"$work/hold"
        wait_until test -s "$work/held"
}
let_go() {
        exec {hold_fd}>&-
        wait_for $hold_pid
}
hold 100 1 close
is 'closed sessions whose sockets are kept count' "$(<"$work/held")" \
        '64 64 org.snagd1.Error.LimitExceeded'
ok 'there is none left to be seen' no_sessions
not recover a "${images_a[@]}"
wait_for $recover_pid
is 'a limit that is reached: exit status' "$status" 1
ok 'a limit that is reached: message' says a \
        'User 0 has 64 sessions, which is the limit; closed ones count as long as a program keeps their sockets'
let_go
ok_as_before 'with the sockets go the namespaces'
hold 1 100
is 'sockets of a session' "$(<"$work/held")" '1 8 org.snagd1.Error.LimitExceeded'
let_go
hold 64 8 start
is 'as many as a user can have' "$(<"$work/held")" '64 512 -'
let_go
ok_as_before 'limits: all is as before'
recover a "${images_a[@]}"
pid_a=$recover_pid
ok 'and a board is recovered' whole_board 1-1 a "${images_a[@]}"
ended_well 'after all of it' "$pid_a"

ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
