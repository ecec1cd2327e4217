#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Frames are lost, repeated, reordered and late, at both stages and in both directions: recovered all
# the same. A board that never answers ARP is served for as long as it takes. All at once, a port
# and a client each; the times are told, not judged. U-Boot does not acknowledge a repeated block again
# before its own five seconds are over, so its image is small here.
#
# What is late is so by less than a second: an OACK that comes when it has been repeated and answered
# already is the end of U-Boot's transfer (net/tftp.c), whatever a server does.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

PATIENCE=240

"$make_image" u-boot "$work/u-boot.img" $((60 * 1468))

start_snagd
remember

# usage: one_board NAME OPTION…: its client, and itself in the background
names=()
one_board() {
        local name=$1 port
        shift
        names+=("$name")
        port=1-${#names[@]}
        recover "$name" --port "$port" "${images[@]}"
        follow "$name" "$port" "$recover_pid" "$@" 2>/dev/null &
}

follow() {
        local name=$1 port=$2 pid=$3
        shift 3
        whole_board "$port" "$name" "$@"
        echo $? >"$work/$name.board"
        wait_until is_gone "$pid"
        : >"$work/$name.ended"
}

for seed in 1 2 3; do
        for fault in loss duplicate reorder delay; do
                one_board $fault-$seed --seed $seed --$fault 5 --delay-ms 300
                pids[${#names[@]}]=$recover_pid
        done
        one_board all-$seed --seed $seed --loss 5 --duplicate 5 --reorder 5 --delay 5 \
                --delay-ms 300
        pids[${#names[@]}]=$recover_pid
done
# Each of the ROM's frames takes 60 ms, so 98 blocks take more than ten seconds.
one_board no-arp --arp-answer no --delay rom:100 --delay-ms 60
pids[${#names[@]}]=$recover_pid

has_ended() {
        [ -e "$work/$1.ended" ]
}

i=0
for name in "${names[@]}"; do
        ok "$name: it ends" wait_until has_ended "$name"
        wait_for "${pids[++i]}"
        is "$name: exit status" "$status" 0
        is "$name: both images arrive" "$(cat "$work/$name.board")" 0
        for stage in rom spl; do
                note "$name: $stage $(result "$name-$stage" \
                        ".$stage | \"answered after \(.answer_ms) ms, done after \(.last_ms) ms, \(.repeats) repeats, \(.faults)\"")"
        done
done
is 'without ARP answers: more than ten seconds of transfer' \
        "$(result no-arp-rom '.rom.last_ms - .rom.first_ms > 10000')" true
is 'without ARP answers: none was sent' "$(result no-arp-rom .rom.arp_answers_sent)" 0
ok 'without ARP answers: nothing odd' no_oddities no-arp-rom no-arp-spl
ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
