#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What 'list', 'status' and 'close' show and do, and when snagd goes by itself.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

table() { # VERB
        snagctl "$1" | sed 's/  */ /g; s/ $//'
}

# usage: closes TEXT TARGET: 'snagctl close TARGET' ends what 'recover a' has
closes() {
        ok "close $1" snagctl close "$2"
        wait_for $recover_pid
        is "close $1: exit status of the other one" "$status" 1
        ok "close $1: message of the other one" says a 'somebody has closed the session'
        ok_as_before "close $1: all is as before"
}

start_snagd
remember
user=$(id -un)

is 'list without boards' "$(snagctl list)" 'No boards.'
is 'status without sessions' "$(snagctl status)" 'No sessions.'
ok 'check, with a pattern of ports: asks snagd of no port' \
        grep -q '^ok: you may recover boards' <<<"$("$snagctl" check am335x --all --port '1-1.*' 2>&1)"
plug 1-1.4 rom
plug 1-2 spl
in_snagd() {
        [ "$(table list | wc -l)" = 3 ]
}
wait_until in_snagd
is 'list' "$(table list)" 'PORT PATH SOC STAGE SESSION PROBLEM
1-1.4 platform-fake-usb-0:1.4 am335x rom - -
1-2 platform-fake-usb-0:2 am335x spl - -'
recover a --port 1-1.4 "${images[@]}"
wait_until says a 'board found'
id=$(table status | sed '1d; s/ .*//')
is 'list: who has it' "$(table list | sed -n 2p)" "1-1.4 platform-fake-usb-0:1.4 am335x rom $id -"
is 'status' "$(table status)" "SESSION STATE PORT SOC STAGE USER FAILURE
$id ready 1-1.4 am335x rom $user -"
unplug 1-1.4
is_away() {
        [ "$(table status | sed 1d)" = "$id detached 1-1.4 am335x rom $user -" ]
}
ok 'status: the board is away' wait_until is_away
unplug 1-2
closes 'by port' 1-1.4

recover a "${images[@]}"
is 'status: waiting' "$(table status | sed '1d; s/^s[0-9]* //')" "waiting - am335x - $user -"
closes 'by session' "$(table status | sed '1d; s/ .*//')"
recover a "${images[@]}"
closes 'by path' "/org/snagd1/session/$(table status | sed '1d; s/ .*//')"
recover a "${images[@]}"
plug 1-1 rom
wait_until says a 'board found'
ok 'close with a board' snagctl close platform-fake-usb-0:1
wait_for $recover_pid
is 'close with a board: exit status of the other one' "$status" 1
ok 'close with a board: its interface comes home' wait_until is_home 1-1
unplug 1-1
ok_as_before 'close with a board: all is as before'

for target in 1-1 s4711 /org/snagd1/session/s4711; do
        status=0
        snagctl close $target 2>"$work/close.err" || status=$?
        is "close $target, which is not there: exit status" "$status" 1
        ok "close $target, which is not there: message" says close "'$target'"
done
for target in ../1-1 '' 1-1/s1; do
        status=0
        snagctl close "$target" 2>"$work/close.err" || status=$?
        is "close '$target', which is none: exit status" "$status" 2
done
stop_snagd

# When idle it goes, and nobody has to say so; while there is a session it stays.
start_snagd --idle-timeout=1
remember_pid=$snagd_pid
recover a "${images[@]}"
plug 1-1 rom
board 1-1 a-rom --stage rom
unplug 1-1
wait_until says a 'the SPL has not come up on USB yet'
ok 'it stays as long as there is a session' not is_gone $remember_pid
kill $recover_pid
wait_for $recover_pid
wait_for $remember_pid
is 'it goes when idle' "$status" 0
status=0
snagctl list 2>"$work/list.err" || status=$?
is 'without snagd (and nobody to start it): exit status' "$status" 1
ok 'without snagd: message' says list 'snagd is not installed'

end_testing
