#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'recover --then': the command that follows a board, what it is told, what becomes of it, and what the record has.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

record=$work/record.jsonl
command=$work/command
lamp() { # TEXT…: the command's
        printf '#!/bin/bash\n%s\n' "$*" >"$command"
        chmod +x "$command"
}

ended() { # TEXT STATUS
        wait_for "$recover_pid"
        is "$1: exit status" "$status" "$2"
}

last_then() {
        tail -n1 "$record" | jq -c .then
}

outcome() { # NAME
        event "$1" 'select(.event == "then-ended") | "\(.port) \(.success) \(.text)"'
}

start_snagd
remember

# What it is told.
lamp 'env | grep ^SNAGD_ | grep -ve _STACK_ -e _TEST_ | sort; echo "$# <$1> <$2>"; echo to errors >&2; ls /proc/self/fd | wc -l'
recover told --port 1-1 "${images[@]}" --record "$record" --then "$command 'one word' \"\""
whole_board 1-1 told
ended told 0
is 'what it is told, and its output' "$(event told 'select(.event == "then-output") | .text' |
        sed 's/SECONDS=[0-9]*\.[0-9]\{3\}$/SECONDS=N/; s/SESSION=s[0-9]*$/SESSION=S/')" \
        'SNAGD_DIAGNOSIS=
SNAGD_PATH=platform-fake-usb-0:1
SNAGD_PORT=1-1
SNAGD_RESULT=recovered
SNAGD_SECONDS=N
SNAGD_SESSION=S
SNAGD_SOC=am335x
2 <one word> <>
to errors
4'
is 'its outcome' "$(outcome told)" '1-1 true exited with status 0'
is 'and in the record' "$(last_then)" '{"exit_status":0}'
ok 'people see its output, too' says told '1-1: then: to errors'

# It fails, does not exist, is killed, is too slow.
lamp 'exit 7'
recover fails --port 1-1 "${images[@]}" --record "$record" --then "$command"
whole_board 1-1 fails
ended 'it fails' 1
is 'it fails: outcome' "$(outcome fails)" '1-1 false exited with status 7'
is 'it fails: the record' "$(last_then)" '{"exit_status":7}'
is 'it fails: the board was recovered all the same' "$(tail -n1 "$record" | jq -r .result)" recovered

refused=$("$snagctl" recover am335x "${images[@]}" --then "$work/no-such-program" 2>&1)
is 'it does not exist from the start: exit status' $? 2
is 'it does not exist from the start: why' "$refused" \
        "snagctl: '$work/no-such-program' cannot be run: No such file or directory"
printf '#!/bin/sh\n' >"$work/short-lived"
chmod +x "$work/short-lived"
recover missing --port 1-1 "${images[@]}" --record "$record" --then "$work/short-lived"
ok 'it goes before it is run' wait_until says missing 'waiting for a board'
rm "$work/short-lived"
whole_board 1-1 missing
ended 'it does not exist' 1
is 'it does not exist: the record' "$(last_then)" '{"exit_status":127}'

lamp 'trap "" TERM; sleep 1000 & setsid sleep 1001 & echo $! >'"$work/left"'; wait'
recover slow --port 1-1 "${images[@]}" --record "$record" --then "$command" --then-timeout 1
whole_board 1-1 slow
ended 'it is too slow' 1
is 'it is too slow: the record' "$(last_then)" '{"signal":15}'
ok 'it is too slow: it has started something' test -s "$work/left"
ok 'it is too slow: what it started is gone' is_gone "$(<"$work/left")"

# What is left running does not survive it.
rm "$work/left"
lamp 'setsid sleep 1002 >/dev/null 2>&1 & echo $! >'"$work/left"
recover leaves --port 1-1 "${images[@]}" --record "$record" --then "$command"
whole_board 1-1 leaves
ended 'it leaves something' 0
ok 'it has left something' test -s "$work/left"
ok 'what it left is gone' is_gone "$(<"$work/left")"

# snagctl is killed while it runs.
lamp 'echo $$ >'"$work/left"'; echo begun; exec sleep 1003'
recover killed --port 1-1 "${images[@]}" --then "$command"
whole_board 1-1 killed
wait_until says killed 'then: begun'
kill -KILL "$recover_pid"
wait_for "$recover_pid"
ok 'snagctl is killed: the command goes with it' wait_until is_gone "$(<"$work/left")"

# A failure is told as well; and no board is none.
lamp 'echo "$SNAGD_RESULT: $SNAGD_DIAGNOSIS"'
recover failure --port 1-1 "${images[@]}" --record "$record" --then "$command"
fail_board 1-1
ended 'a board that fails' 1
is 'a board that fails: the command is told' \
        "$(event failure 'select(.event == "then-output") | .text')" 'failed: keeps-leaving-end'
recover nobody --port 1-1 --timeout 0.1 "${images[@]}" --record "$record" --then "$command"
ended 'no board' 4
is 'no board: no command' "$(outcome nobody)" ''

# Many: each board has its own, while the next is served; the record has a line for each.
rm "$record"
lamp 'echo "$SNAGD_PORT" >>'"$work/ports"'; [ "$SNAGD_PORT" != 1-2 ]'
recover many --all --once --timeout 2 "${images[@]}" --record "$record" --then "$command"
jobs=()
for port in 1-1 1-2 1-3 1-4; do
        whole_board $port many-$port &
        jobs+=($!)
done
wait "${jobs[@]}"
ended 'many: one command failed' 1
is 'many: one command for each' "$(sort "$work/ports" | xargs)" '1-1 1-2 1-3 1-4'
is 'many: one line for each' "$(jq -r '"\(.port) \(.result) \(.then.exit_status)"' "$record" | sort)" \
        '1-1 recovered 0
1-2 recovered 1
1-3 recovered 0
1-4 recovered 0'
is 'many: the summary' "$(event many 'select(.event == "summary") | "\(.recovered_boards) \(.failed_boards)"')" '3 1'

# Told to end while commands run: they have their time, too.
mkfifo "$work/go"
lamp 'echo begun; read -r _ <'"$work/go"'; echo through'
recover stop --all "${images[@]}" --record "$record" --then "$command"
whole_board 1-1 stop
wait_until says stop 'then: begun'
kill -INT "$recover_pid"
ok 'told to end: that they have is said' wait_until says stop 'those that are being served have'
wait_until not eval 'snagctl status | grep -q waiting'
echo >"$work/go"
ended 'told to end' 0
is 'told to end: the command is through' "$(outcome stop)" '1-1 true exited with status 0'
recover stop --all "${images[@]}" --record "$record" --then "$command"
whole_board 1-1 stop
wait_until says stop 'then: begun'
kill -INT "$recover_pid"
wait_until not eval 'snagctl status | grep -q waiting'
kill -INT "$recover_pid"
ended 'told twice' 130
is 'told twice: the record tells of it' "$(last_then)" '{"signal":9}'

# What is plugged in while the command runs waits for that, whether all boards are wanted or those of some ports.
lamp 'echo begun; [ "$SNAGD_PORT" = 1-2 ] || read -r _ <'"$work/go"
for ports in '' "--port=1-*"; do
        recover port --all ${ports:+"$ports"} "${images[@]}" --then "$command"
        whole_board 1-1 port
        wait_until says port 'then: begun'
        plug 1-1 rom
        ok "its port waits ($ports): another one is served" whole_board 1-2 port
        is "its port waits ($ports)" "$(snagctl list | awk '$1 == "1-1" { print $5 }')" -
        echo >"$work/go"
        ok "its port waits ($ports): then it is served" board 1-1 port --stage rom
        unplug 1-1
        kill -INT "$recover_pid"
        wait_until says port 'no more boards are taken'
        kill -INT "$recover_pid"
        wait_for "$recover_pid"
done

ok_as_before 'all is as before'
ok 'every line of the record is of its schema' \
        "$here/../check-json" "$here/../../client/snagctl-record-1.schema.json" "$record"
end_testing
