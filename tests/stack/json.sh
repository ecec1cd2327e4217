#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a program sees (--json): the story of a recovery, every other verb, and a result as the last line
# however the program ends.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

# usage: json ARGUMENT…: one command to its end; its lines in $lines, its exit status $status
json() {
        lines=$work/lines-${#json_files[@]}
        json_files+=("$lines")
        status=0
        timeout "$PATIENCE" "$snagctl" "$@" >"$lines" 2>"$work/json.err" || status=$?
}

# usage: ends_with TEXT STATUS OUTCOME: both the process, and in its last line
ends_with() {
        is "$1" "$status $(tail -n 1 "$lines" | jq -r '"\(.event) \(.outcome) \(.exit_status)"')" \
                "$2 result $3 $2"
}

start_snagd
remember
user=$(id -un)

# A recovery. The board's side is slow, so that there is more than one line of a transfer.
recover story --port 1-1 "${images[@]}"
session=$(event story 'select(.event == "waiting") | .session')
ok 'a board is recovered' whole_board 1-1 story --delay rom:100 --delay-ms 15
wait_for $recover_pid
is 'its exit status' "$status" 0
is 'the story' "$(event story '.event' | uniq | tr '\n' ' ')" \
        'waiting board-found request-answered transfer-started transfer served spl-back request-answered transfer-started served recovered recovery-ended result '
is 'each line of it names the port and the session' \
        "$(event story 'select(.event != "result") | "\(.port) \(.session)"' | sort -u)" "1-1 $session"
is 'what was served' "$(event story 'select(.event == "served") | "\(.stage) \(.file) \(.size_bytes)"')" \
        'rom u-boot-spl.bin 50000
spl u-boot.img 440400'
is 'how it was fetched' \
        "$(event story 'select(.event == "transfer-started") | "\(.stage) \(.blksize_bytes) \(.windowsize_blocks)"')" \
        'rom 512 1
spl 1468 1'
is 'what was answered' "$(event story 'select(.event == "request-answered") | "\(.stage) \(.reply) \(.vendor_class)"')" \
        'rom bootp AM335x ROM
spl offer AM335x U-Boot SPL
spl ack AM335x U-Boot SPL'
ok 'a transfer grows' test "$(event story 'select(.event == "transfer") | .done_bytes' | sort -nu | wc -l)" -gt 1
is 'rates are of bytes and seconds' \
        "$(event story 'select(.event == "served") | (.rate_bytes_per_sec - .size_bytes / .duration_sec) / .rate_bytes_per_sec | fabs < 0.1')" \
        'true
true'
ok 'the time goes on' test "$(event story .time)" = "$(event story .time | sort)"
ok 'people are told, too' says story 'U-Boot served: u-boot.img, 440400 bytes'

# All the other verbs.
plug 1-1.4 rom
plug 1-2 spl
both_are_there() {
        [ "$(snagctl list | wc -l)" = 3 ]
}
wait_until both_are_there
recover held --port 1-1.4 "${images[@]}"
wait_until says held 'board found'
session=$(event held 'select(.event == "waiting") | .session')
json list --json
ends_with 'list' 0 success
is 'list: the boards' "$(jq -c 'select(.event == "board") | [.port, .path, .soc, .stage, .session, .problem, .gone]' "$lines")" \
        "[\"1-1.4\",\"platform-fake-usb-0:1.4\",\"am335x\",\"rom\",\"$session\",null,false]
[\"1-2\",\"platform-fake-usb-0:2\",\"am335x\",\"spl\",null,null,false]"
json --json status
ends_with 'status' 0 success
is 'status: the session' "$(jq -c 'select(.event == "session") | [.session, .state, .port, .stage, .user, .failure_name, .gone]' "$lines")" \
        "[\"$session\",\"ready\",\"1-1.4\",\"rom\",\"$user\",null,false]"
json check am335x "${images[@]}" --json
is 'check: its findings' "$(jq -r 'select(.event == "finding") | .level' "$lines" | sort -u | grep -cx ok)" 1
is 'check: as many lines as for people' "$(jq -r 'select(.event == "finding") | "\(.level): \(.text)"' "$lines" | sort)" \
        "$(snagctl check am335x "${images[@]}" | sort)"
json close 1-1.4 --json
ends_with 'close' 0 success
is 'close: what' "$(jq -c 'select(.event == "session-closed") | [.session, .port]' "$lines")" "[\"$session\",\"1-1.4\"]"
wait_for $recover_pid
is 'whose recovery tells why it failed' \
        "$(event held 'select(.event == "failure" or .event == "result") | "\(.event) \(.text // .error)"' | cut -c1-30)" \
        'failure somebody has closed th
result 1-1.4: somebody has clo'

monitor_lines=$work/lines-${#json_files[@]}
json_files+=("$monitor_lines")
env --default-signal=INT "$snagctl" monitor --json >"$monitor_lines" &
monitor_pid=$!
monitor_has() {
        jq -e -s "any($1)" "$monitor_lines" >/dev/null 2>&1
}
ok 'monitor: what is there' wait_until monitor_has '.[]; .event == "board" and .port == "1-2" and (.gone | not)'
unplug 1-2
ok 'monitor: what goes' wait_until monitor_has '.[]; .event == "board" and .port == "1-2" and .gone'
kill -INT $monitor_pid
wait_for $monitor_pid
lines=$monitor_lines
ends_with 'monitor: interrupted' 130 interrupted
unplug 1-1.4

# However it ends.
json recover am335x --spl nothing --json
ends_with 'a mistake' 2 usage
json recover am335x --bogus --json "${images[@]}"
ends_with 'a mistake in front of --json' 2 usage
json --json
ends_with 'no command' 2 usage
ok 'and why' grep -q '"error":"no command given' "$lines"
json recover am335x --spl "$work/missing" --u-boot "$work/u-boot.img" --json
ends_with 'no file' 2 usage
json recover am335x "${images[@]}" --timeout 1 --json --quiet
ends_with 'no board' 4 no-board
is 'the diagnosis of it' "$(jq -c 'select(.event == "diagnosis") | [.name, .level, .text, .advice]' "$lines")" \
        "[\"no-board-end\",\"error\",\"no board came in time\",[\"'snagctl list' shows what is plugged in\"]]"
json list --json --help
ends_with 'help' 0 success
ok 'which is one event' test "$(grep -c '"event":"text"' "$lines")" = 1
recover asked "${images[@]}"
kill -TERM $recover_pid
wait_for $recover_pid
lines=$work/asked.out
ends_with 'a signal' 143 interrupted
status=0
timeout "$PATIENCE" "$snagctl" list --json >/dev/full 2>"$work/full.err" || status=$?
is 'a full disk: exit status' "$status" 1
ok 'a full disk: it is said' grep -q 'cannot write the result: No space left' "$work/full.err"
status=0
DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent json list --json
ends_with 'no bus' 1 failed

ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
