#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What 'recover --record' writes: of a board that was recovered, one that was not, one that somebody took
# away, on a full disk; and what it does not: of no board.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

record=$work/bench.jsonl

# usage: last JQ: something of the last line
last() {
        tail -n 1 "$record" | jq -c "$@"
}

n_lines() {
        wc -l <"$record"
}

# usage: image ROLE FILE: what a line has of it
image() {
        jq -nc --arg sum "$(sha256sum "$2" | cut -d' ' -f1)" \
                "{role: \"$1\", name: \"${2##*/}\", bytes: $(stat -c %s "$2"), sha256: \$sum}"
}

start_snagd
remember

# --- recovered ---

before=$(date -u +%Y-%m-%dT%H:%M:%S)
recover good "${images[@]}" --record "$record"
is 'the file is there before a board is, and empty' "$(stat -c %s "$record")" 0
ok 'a board is recovered' whole_board 1-1.4 good
wait_for $recover_pid
is 'exit status' "$status" 0
is 'it has one line' "$(n_lines)" 1
is 'what came out' "$(last '[.result, .diagnosis, .then]')" '["recovered",null,null]'
is 'where' "$(last '[.path, .port, .soc]')" '["platform-fake-usb-0:1.4","1-1.4","am335x"]'
is "the chip, by the ROM's own word" "$(last .asic_id)" \
        "\"$(for ((i = 0; i < 81; i++)); do printf '%02x' $((i * 7 % 256)); done)\""
is 'the images' "$(last .images)" \
        "[$(image spl "$work/u-boot-spl.bin"),$(image u-boot "$work/u-boot.img")]"
is 'its stages' "$(last '[.stages[].stage]')" '["rom","spl"]'
# What the board says that it got; it may have asked before anybody listened.
is 'blocks and bytes' "$(last '.stages[] | [.blocks, .bytes]')" \
        "$(result good-rom '.rom | [.blocks, .bytes]')
$(result good-spl '.spl | [.blocks, .bytes]')"
is 'a request or more in each' "$(last '[.stages[].requests >= 1] | all')" true
ok 'each of their times, in order but for the link, which a request may be ahead of' \
        test "$(last '[.stages[] | .plug_ms, .first_request_ms, .first_answer_ms, .first_block_ms, .last_block_ms] |
                . == sort and all(. != null)')" = true
is 'and an answer is behind the link' "$(last '[.stages[] | .link_ready_ms <= .first_answer_ms] | all')" true
is 'from the first plug on' "$(last '.stages[0].plug_ms')" 0
is 'to the last block, or a little longer' "$(last '.seconds * 1000 >= .stages[1].last_block_ms')" true
ok 'at the time of day' test "$(last -r ".time >= \"$before\" and .time < \"$(date -u +%Y-%m-%dT%H:%M:%S)x\"")" = true

# --- not recovered ---

# An SPL that does not run: the ROM is there again, three times.
recover bad "${images[@]}" --record "$record" --port platform-fake-usb-0:1
for i in 1 2 3; do
        plug 1-1 rom
        ok "an SPL that does not run: it is fetched, $i" board 1-1 bad --stage rom
        unplug 1-1
done
plug 1-1 rom
wait_for $recover_pid
is 'not recovered: exit status' "$status" 1
unplug 1-1
is 'not recovered: a line' "$(n_lines)" 2
is 'not recovered: what came out' "$(last '[.result, .diagnosis.name]')" '["failed","rom-back-end"]'
ok 'not recovered: why, for people' says bad "$(last -r .diagnosis.text)"
is 'not recovered: where' "$(last '[.path, .port]')" '["platform-fake-usb-0:1","1-1"]'
is 'not recovered: each time that it came' "$(last '[.stages[] | [.stage, .bytes]]')" \
        '[["rom",50000],["rom",50000],["rom",50000],["rom",0]]'
is 'not recovered: the last of them got no further' "$(last '[.stages[3] | .plug_ms != null, .last_block_ms]')" \
        '[true,null]'

# --- ended by somebody ---

# usage: stop NAME: a recovery that somebody ends when its board has 50 blocks
stop() {
        recover "$1" "${images[@]}" --record "$record"
        plug 1-1 rom
        board_begin 1-1 "$1" --stage rom --silent-after rom:block=50
        wait_until reported "$1" '"event":"silent"'
}

stop closed
snagctl close 1-1 >/dev/null
wait_for $recover_pid
is 'closed: exit status' "$status" 1
kill $board_pid
unplug 1-1
is 'closed: a line' "$(n_lines)" 3
is 'closed: which says nothing about the board' "$(last '[.result, .diagnosis.name]')" '["interrupted","failure"]'
is 'closed: how far it was' "$(last '[.stages[] | .blocks, .bytes, .last_block_ms]')" '[50,25600,null]'

# --- nothing to tell ---

recover none "${images[@]}" --record "$record" --timeout 0.5 || true
wait_for $recover_pid
is 'no board: exit status' "$status" 4
is 'no board: no line' "$(n_lines)" 3
ok 'every line is of the schema of records' \
        "$here/../check-json" "$here/../../client/snagctl-record-1.schema.json" "$record"
is 'and report reads them all' "$(snagctl report --json "$record" |
        jq -c 'select(.event == "report").report | [.attempts, .recovered, .failed, .interrupted, .skipped_lines.invalid]')" \
        '[3,1,1,1,0]'

# --- a full disk ---

mkdir "$work/small"
mount -t tmpfs -o size=8k none "$work/small"
small=$work/small/bench.jsonl
head -n 1 "$record" >"$small"
recover full "${images[@]}" --record "$small"
dd if=/dev/zero of="$work/small/filler" bs=4k count=2 2>/dev/null
# In a page that is there already there is room: until that is full, too.
while printf '{"schema":"snagctl-record/1"}\n' >>"$small"; do :; done 2>/dev/null
size=$(stat -c %s "$small")
ok 'a full disk: the board is recovered' whole_board 1-1 full
wait_for $recover_pid
is 'a full disk: exit status' "$status" 0
ok 'a full disk: it is said' says full "warning: cannot write the record '$small': No space left on device"
is 'a full disk: nothing of the line is there' "$(stat -c %s "$small")" "$size"

ok_as_before 'after all of it the host is as before'

# --- snagd ends ---

stop stopped
stop_snagd
wait_for $recover_pid
is 'snagd ends: exit status' "$status" 1
is 'snagd ends: which says nothing about the board, either' "$(last .result)" '"interrupted"'
kill $board_pid
wait_until is_home 1-1
end_testing
