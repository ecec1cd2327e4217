#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The client ends at each step, killed or by a signal: the interface comes home, and somebody else
# recovers the board, which was never pulled.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

start_snagd
remember

# usage: stop_client SIGNAL TEXT
stop_client() {
        kill -s "$1" $recover_pid
        wait_for $recover_pid
        is "$2: exit status" "$status" $((128 + $(kill -l "$1")))
        ok "$2: the session is gone" wait_until no_sessions
}

# usage: reach STAGE STEP: a recovery whose board has come to that step and waits
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

# usage: cut STAGE STEP SIGNAL
cut() {
        local text="SIG$3 after $1:$2"
        reach "$1" "$2"
        stop_client "$3" "$text"
        kill $board_pid
        ok "$text: the interface is home, down, without address" wait_until is_home_and_quiet
        announce 1-1
        if [ "$1" = rom ]; then
                recover next "${images[@]}"
                ok "$text: the next one recovers it" board 1-1 next-rom --stage rom
                unplug 1-1
                plug 1-1 spl
        else
                recover next --stage spl "${images[@]}"
        fi
        ok "$text: and its SPL" board 1-1 next-spl --stage spl
        wait_for $recover_pid
        is "$text: the next one's exit status" "$status" 0
        unplug 1-1
        ok_as_before "$text: all is as before"
}

for signal in KILL TERM INT HUP; do
        recover waiting "${images[@]}"
        stop_client $signal "SIG$signal without a board"
        ok_as_before "SIG$signal without a board: all is as before"
done

others=(TERM INT HUP)
i=0
for at in rom:{plug,bootp-sent,bootp-answered,arp-sent,arp-answered,rrq-sent,block=1,block=97,last-block} \
        spl:{plug,bootp-sent,offered,request-sent,bootp-answered,arp-answered,rrq-sent,oack,block=150,last-block}; do
        cut "${at%:*}" "${at#*:}" KILL
        cut "${at%:*}" "${at#*:}" "${others[i++ % 3]}"
done

# Between the two.
for signal in KILL TERM; do
        recover between "${images[@]}"
        plug 1-1 rom
        board 1-1 between-rom --stage rom
        unplug 1-1
        wait_until says between 'ROM served'
        stop_client $signal "SIG$signal between ROM and SPL"
        plug 1-1 spl
        recover next --stage spl "${images[@]}"
        ok "SIG$signal between ROM and SPL: the next one recovers it" board 1-1 next-spl --stage spl
        wait_for $recover_pid
        is "SIG$signal between ROM and SPL: the next one's exit status" "$status" 0
        unplug 1-1
        ok_as_before "SIG$signal between ROM and SPL: all is as before"
done

# A shell starts what it starts with '&' with SIGINT ignored; who ignores SIGHUP means it.
recover_ignoring() {
        : >"$work/ignoring.err"
        env --ignore-signal="$1" "$snagctl" recover am335x "${images[@]}" >/dev/null 2>>"$work/ignoring.err" &
        recover_pid=$!
        wait_until is_waiting_or_gone ignoring
}
recover_ignoring INT
stop_client INT 'SIGINT, started with it ignored'
recover_ignoring HUP
kill -HUP $recover_pid
ok 'SIGHUP under nohup: it goes on' whole_board 1-1 nohup
wait_for $recover_pid
is 'SIGHUP under nohup: exit status' "$status" 0
ok_as_before 'after all of it the host is as before'

stop_snagd
end_testing
