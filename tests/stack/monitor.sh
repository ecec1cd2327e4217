#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'snagctl monitor': what it shows of boards and sessions, also when snagd is not always there.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

# What it has shown, without the time of day.
shown() {
        sed 's/^[0-9:]\{8\}  //' "$work/monitor.out"
}

has_shown() {
        shown | grep -qxF -- "$1"
}

begin_monitor() {
        env --default-signal=INT "$snagctl" monitor >"$work/monitor.out" 2>"$work/monitor.err" &
        monitor_pid=$!
}

user=$(id -un)
start_snagd
plug 1-2 rom
begin_monitor
ok 'a board that was there' wait_until has_shown 'board 1-2: am335x, rom, path platform-fake-usb-0:2'

recover shown "${images[@]}" --port 1-1
ok 'a session' wait_until has_shown "session s1: waiting, am335x of $user, port 1-1"
ok 'a board is recovered' whole_board 1-1 shown
wait_for $recover_pid
is 'and the command ends' "$status" 0
ok 'the session ends' wait_until has_shown 'session s1: closed'
for line in 'board 1-1: am335x, rom, in session s1, path platform-fake-usb-0:1' "session s1: ready, am335x of $user, port 1-1, rom" \
        "session s1: detached, am335x of $user, port 1-1, rom" 'board 1-1: am335x, spl, in session s1, path platform-fake-usb-0:1' \
        "session s1: ready, am335x of $user, port 1-1, spl" 'board 1-1: gone'; do
        ok "shown: $line" wait_until has_shown "$line"
done

# One that somebody else uses: the command that waits for it says so.
unplug 1-2
plug 1-4 spl
ip link set usb1-4 up
announce 1-4
recover held --stage spl "${images[@]}"
ok 'a board that cannot be taken' wait_until says held '1-4: a board is there, but cannot be taken: Its interface'
kill -INT $recover_pid
wait_for $recover_pid
unplug 1-4

# There is no systemd here that would start it.
stop_snagd
ok 'it says that snagd has ended' wait_until grep -q 'snagd has ended' "$work/monitor.err"
start_snagd
plug 1-3 spl
ok 'and goes on when it is back' wait_until has_shown 'board 1-3: am335x, spl, path platform-fake-usb-0:3'

kill -INT $monitor_pid
wait_for $monitor_pid
is 'it ends by a signal' "$status" 130

# Nobody reads it any more.
{
        status=0
        "$snagctl" monitor 2>"$work/pipe.err" || status=$?
        echo $status >"$work/pipe.status"
} | head -n1 >"$work/pipe.out" &
ok 'a reader that wants one line has it' wait_until grep -q 'board 1-3' "$work/pipe.out"
unplug 1-3
ok 'and with the next one it ends' wait_until test -s "$work/pipe.status"
is 'as a failure' "$(cat "$work/pipe.status")" 1
stop_snagd
end_testing
