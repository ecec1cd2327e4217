#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'recover --all': many boards, side by side and one after the other; what fails, and what is not wanted.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

counts() { # NAME N-RECOVERED
        [ "$(event "$1" 'select(.event == "recovered") | .port' | wc -l)" = "$2" ]
}

ended() { # TEXT NAME STATUS
        wait_for "$recover_pid"
        is "$1: exit status" "$status" "$3"
}

summary() {
        event "$1" 'select(.event == "summary") | "\(.recovered_boards) \(.failed_boards)"'
}

start_snagd
remember

ports=(1-1 1-2 1-3 1-4 1-5 1-6 2-1.1 2-1.2 2-1.3 2-1.4 2-1.5 2-1.6)

recover any --all "${images[@]}"
is 'one session waits from the start on' "$(snagctl status | grep -c waiting)" 1
together any "${ports[@]}"
together 'the next ones' "${ports[@]}"
ok 'each is reported' wait_until counts any 24
is 'each with its port' "$(event any 'select(.event == "recovered") | .port' | sort | uniq -c | sort -u | wc -l)" 12
is 'no board had two sessions' \
        "$(event any 'select(.event == "board-found") | .session' | sort | uniq -d)" ''
ok 'one session waits again' wait_until eval '[ "$(snagctl status | grep -c waiting)" = 1 ]'
kill -INT "$recover_pid"
ended 'told to end' any 0
is 'the summary' "$(summary any)" '24 0'
ok_as_before 'after 24 boards all is as before'

# Boards that were there first, one of them after somebody else had it.
plug 1-1 rom
plug 1-2 rom
recover other --port 1-2 "${images[@]}"
has_session 1-2
kill -TERM "$recover_pid"
wait_for "$recover_pid"
wait_until is_home 1-2 && announce 1-2
recover there --all "${images[@]}"
for port in 1-1 1-2; do
        ok "$port was there: it is served" board $port "there-$port" --stage rom
        unplug $port
        plug $port spl
        ok "$port: and its SPL" board $port "there-$port" --stage spl
        unplug $port
done
ok 'both are reported' wait_until counts there 2
kill -TERM "$recover_pid"
ended 'SIGTERM' there 0
ok_as_before 'boards that were there: all is as before'

recover fails --all --retry 1 "${images[@]}"
fail_board 1-1
ok 'a board that fails is tried again' wait_until says fails '1-1: trying again, 1 of 1'
fail_board 1-1
ok 'and then given up' wait_until says fails '1-1: given up'
plug 1-1 rom
together 'others go on' 1-2 1-3
ok 'a board that was given up has no session' is_free 1-1
unplug 1-1
ok 'a session waits for any board again' wait_until eval '[ "$(snagctl status | grep -c waiting)" = 1 ]'
together 'what is plugged in there then is served' 1-1
kill -INT "$recover_pid"
ended 'one has failed, and it was told to end' fails 0
is 'the summary of it' "$(summary fails)" '3 1'
ok_as_before 'a board that fails: all is as before'

recover once --all --once --timeout 3 --port '1-1.*' --port 'platform-fake-usb-0:5' "${images[@]}"
plug 1-2 rom
together 'patterns' 1-1.1 1-1.2 1-5
ok 'what was not named is left alone' wait_until is_free 1-2
plug 1-1.1 rom
ok 'once: not a second time' wait_until is_free 1-1.1
ended 'nothing more appears' once 0
is 'the summary of three' "$(summary once)" '3 0'
unplug 1-2
unplug 1-1.1
recover once --all --once --timeout 0.2 "${images[@]}"
ended 'no board comes' once 4
recover once --all --once --retry 0 --timeout 1 "${images[@]}"
fail_board 1-1
ended 'one fails' once 1
ok_as_before 'once: all is as before'

recover max --all --max 1 "${images[@]}"
plug 1-1 rom
has_session 1-1
plug 1-2 rom
ok 'one at a time' wait_until is_free 1-2
board 1-1 max --stage rom
unplug 1-1
plug 1-1 spl
ok 'one at a time: the first' board 1-1 max --stage spl
unplug 1-1
ok 'one at a time: then the other' board 1-2 max --stage rom
kill -INT "$recover_pid"
wait_until says max 'no more boards are taken'
plug 1-3 rom
unplug 1-2
plug 1-2 spl
ok 'told to end: the board that is being served has its time' board 1-2 max --stage spl
unplug 1-2
ok 'no more are taken' is_free 1-3
ended 'told to end' max 0
unplug 1-3
is 'the summary of two' "$(summary max)" '2 0'

recover twice --all "${images[@]}"
plug 1-1 rom
has_session 1-1
wait_until says twice 'board found'
kill -TERM "$recover_pid"
wait_until says twice 'no more boards are taken'
kill -INT "$recover_pid"
ended 'told twice' twice 130
unplug 1-1
ok_as_before 'told to end: all is as before'

# snagd ends, and another one comes.
recover daemon --all "${images[@]}"
plug 1-1 rom
has_session 1-1
wait_until says daemon 'board found'
stop_snagd
wait_until says daemon 'snagd is being stopped'
start_snagd
tell_snagd "plug 1-1 $(<"$work/devnum-1-1") rom"
announce 1-1
ok 'another snagd: the board that was interrupted is served' board 1-1 daemon --stage rom
unplug 1-1
plug 1-1 spl
ok 'another snagd: its SPL' board 1-1 daemon --stage spl
unplug 1-1
together 'another snagd: others' 1-2 1-3
ok 'another snagd: each is reported' wait_until counts daemon 3
kill -INT "$recover_pid"
ended 'another snagd' daemon 0

# The same by name, and with more than one.
recover daemon --all --port '*' "${images[@]}"
for port in 1-1 1-2 1-3; do
        plug $port rom
        has_session $port
done
stop_snagd
start_snagd
for port in 1-1 1-2 1-3; do
        tell_snagd "plug $port $(<"$work/devnum-$port") rom"
        announce $port
done
for port in 1-1 1-2 1-3; do
        ok "another snagd, by name: $port" board $port "daemon-$port" --stage rom
        unplug $port
        plug $port spl
        ok "another snagd, by name: the SPL of $port" board $port "daemon-$port" --stage spl
        unplug $port
done
kill -INT "$recover_pid"
ended 'another snagd, by name' daemon 0

# As many sessions as a user may have, all but one of them somebody else's.
mkfifo "$work/hold"
"$hold_session" 63 0 <"$work/hold" >"$work/held" &
holder_pid=$!
exec {hold_fd}>"$work/hold"
wait_until test -s "$work/held"
recover limit --all "${images[@]}"
together 'the last session: the first board' 1-1
ok 'the last session: why the next one has to wait is said once' \
        test "$(grep -c 'warning: .*64' "$work/limit.err")" = 1
together 'the last session: when it is free, the next board' 1-2
exec {hold_fd}>&-
wait_for $holder_pid
together 'then all at once' 1-1 1-2 1-3
kill -INT "$recover_pid"
ended 'limit' limit 0
is 'limit: the summary' "$(summary limit)" '5 0'
ok_as_before 'limit: all is as before'

# A password for the first session, and none for the next one: the board that has it is through before the end.
recover denied --all "${images[@]}"
wait_until eval 'snagctl status | grep -q waiting'
touch "$work/deny"
plug 1-1 rom
ok 'no permission for another session: it is said' wait_until says denied 'no more boards are taken'
ok 'the board that has one is served' board 1-1 denied --stage rom
unplug 1-1
plug 1-1 spl
ok 'and its SPL' board 1-1 denied --stage spl
ended 'then it ends' denied 3
is 'with one board' "$(event denied 'select(.event == "recovered") | .port')" 1-1
unplug 1-1
recover denied --all "${images[@]}"
ended 'no permission at all' denied 3
rm "$work/deny"
ok_as_before 'no permission: all is as before'

# Somebody else has a port: it is left to them.
recover other --port 1-1 "${images[@]}"
other_pid=$recover_pid
recover busy --all --port 1-1 --port 1-2 "${images[@]}"
busy_pid=$recover_pid
together 'two who share' 1-1 1-2
wait_for $other_pid
is 'who named the port has its board' "$status" 0
recover_pid=$busy_pid
kill -INT $busy_pid
ended 'and the other one' busy 0
is 'has the other board' "$(summary busy)" '1 0'
is 'and has asked for the first one once' "$(grep -c 'Port 1-1 is taken' "$work/busy.err")" 1

end_testing
