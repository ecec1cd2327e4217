#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each kernel call of a recovery fails in turn: the client says what happened, nothing is left, and
# the next recovery works.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

EPERM=1
ENOMEM=12

is_armed() {
        grep -q "^$1 is armed" "$work/snagd.log"
}

has_fired() {
        grep -q "^$1: .* fails" "$work/snagd.log"
}

has_ended() { # the board, or the client that it waits for
        is_gone $board_pid || is_gone $recover_pid
}

# usage: step PORT STAGE: a board in that stage, until it or the client ends
step() {
        plug "$1" "$2"
        board_begin "$1" "failing-$2" --stage "$2"
        wait_until has_ended
        is_gone $recover_pid || return 0
        # It may just have got all.
        kill $board_pid 2>/dev/null
        wait_for $board_pid
        return 1
}

# usage: recovery_with TAG N ERRNO: a whole recovery, in which the N-th call fails; sets $status
recovery_with() {
        tell_snagd "fail $1 $2 $3"
        wait_until is_armed "$1"
        : >"$work/failing.err"
        json_files+=("$work/lines-${#json_files[@]}")
        "$snagctl" recover am335x --json "${images[@]}" >"${json_files[-1]}" 2>>"$work/failing.err" &
        recover_pid=$!
        if step 1-1 rom; then
                unplug 1-1
                step 1-1 spl
        fi
        wait_for $recover_pid
        unplug 1-1 2>/dev/null || :
}

# usage: revive: snagd ends when it cannot come home from a namespace, rather than go on in the wrong one
revive() {
        wait_for "$snagd_pid"
        note "snagd: status $status"
        start_snagd
}

start_snagd
remember

for errno in $EPERM $ENOMEM; do
        n=0
        while :; do
                n=$((n + 1))
                tag=call-$n-errno-$errno
                recovery_with $tag $n $errno
                has_fired $tag || break
                what="errno $errno, $(grep "^$tag: " "$work/snagd.log" | sed 's/.*: \(.*\) fails.*/\1/') ($n)"
                note "$what: status $status, $(tail -n 1 "$work/failing.err")"
                if [ "$status" != 0 ]; then
                        is "$what: exit status" "$status" 1
                        ok "$what: message" says failing \
                                'No session can be opened\|the kernel refused\|no socket can be had\|no answer from snagd\|snagd has left the bus'
                fi
                is_gone "$snagd_pid" && revive
                ok_as_before "$what: all is as before"
                # Once is enough: what follows is the same.
                [ $errno = $EPERM ] || continue
                recover next "${images[@]}"
                ok "$what: the next one recovers a board" whole_board 1-1 next
                wait_for $recover_pid
                is "$what: the next one's exit status" "$status" 0
        done
        is 'with no call that fails it is recovered' "$status" 0
        ok 'some calls have failed' test $n -gt 20
done

ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
