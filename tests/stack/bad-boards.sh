#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'recover --all' with boards that misbehave among the good ones: each bad one is reported, and has its end; the good
# ones are recovered as if they were alone. Their times are told, not judged: milliseconds from a stage's first
# request to its last block, both stages together, without and with the bad ones in turn. With SNAGD_TEST_LONG=yes
# ten rounds of that instead of two.
#
# The bad boards are simulated on the processors that serve the good ones, which is a part of the difference.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=2
[ "${SNAGD_TEST_LONG:-no}" != yes ] || rounds=10
good=(1-1 1-2 1-3 1-4 1-5 1-6)
n_bad=8

# Large enough that what disturbs a transfer is seen.
"$make_image" u-boot "$work/u-boot.img" $((2000 * 1468))

# A line for each good board of all rounds.
times_of() { # alone|among
        local round port
        for ((round = 1; round <= rounds; round++)); do
                for port in "${good[@]}"; do
                        cat "$work/$1-$round-$port"-{rom,spl}.json |
                                jq -s 'map(select(.event == "result") | .rom // .spl | .last_ms - .request_ms) | add'
                done
        done
}

median_and_max() {
        sort -n | awk '{ v[NR] = $1 } END { printf "%.0f %.0f\n", v[int((NR + 1) / 2)], v[NR] }'
}

declare -A bad_pid bad_port
bad() { # PORT NAME OPTION…
        local port=$1 name=$2
        shift 2
        plug "$port" rom
        board_begin "$port" "$name" --stage rom --give-up 3600 "$@"
        bad_pid[$name]=$board_pid
        bad_port[$name]=$port
}

# Comes and goes until it is told to stop.
flap() { # PORT
        while [ -e "$work/flapping" ]; do
                plug "$1" rom
                read -rt 0.1 -u "$never_fd" _
                unplug "$1"
                read -rt 0.1 -u "$never_fd" _
        done
}

begin_bad() {
        bad 2-1 silent --silent-after rom:plug
        bad 2-2 half --silent-after rom:rrq-sent
        # Its own minute for all of the transfer would end it.
        bad 2-3 crawl --crawl 2900 --time-scale 60
        bad 2-4 noise --flood-after rom:plug
        bad 2-5 bootp-flood --flood-after rom:bootp-sent
        bad 2-6 rrq-flood --flood-after rom:rrq-sent
        bad 2-7 ack-flood --flood-after rom:block=10
        touch "$work/flapping"
        flap 2-8 &
        flapping=$!
}

# What they reported, each last.
end_bad() {
        local name
        rm "$work/flapping"
        wait_for "$flapping"
        for name in "${!bad_pid[@]}"; do
                kill "${bad_pid[$name]}"
                wait_for "${bad_pid[$name]}"
        done
}

# Told twice, it closes the sessions of those that still have their time.
end_fleet() {
        kill -INT "$recover_pid"
        wait_until says fleet 'no more boards are taken'
        kill -INT "$recover_pid"
        wait_for "$recover_pid"
        is "round $round: told twice to end, it ends" "$status" 130
        for name in "${!bad_port[@]}"; do
                unplug "${bad_port[$name]}"
        done
}

recovered() { # N
        [ "$(event fleet 'select(.event == "recovered") | .port' | wc -l)" = "$1" ]
}

cpu_ms() { # PID
        awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$1/stat"
}

now_ms() {
        echo $((${EPOCHREALTIME/./} / 1000))
}

start_snagd
remember

cpu=0 elapsed=0
for ((round = 1; round <= rounds; round++)); do
        recover fleet --all --retry 1 "${images[@]}"
        together "alone-$round" "${good[@]}"
        begin_bad
        began=$(now_ms) cpu=$((cpu - $(cpu_ms "$recover_pid")))
        together "among-$round" "${good[@]}"
        elapsed=$((elapsed + $(now_ms) - began)) cpu=$((cpu + $(cpu_ms "$recover_pid")))
        ok "round $round: each is reported" wait_until recovered $((2 * ${#good[@]}))
        [ $round -lt $rounds ] || break
        end_bad
        end_fleet
done

ok 'one that comes and goes is tried again' wait_until says fleet '2-8: trying again, 1 of 1'
ok 'and then given up' wait_until says fleet '2-8: given up'
ok 'one that asks halfway is told of' wait_until says fleet '2-2: the board does not acknowledge what is sent'
ok 'one that says nothing' wait_until says fleet '2-1: the ROM has not asked for an address (BOOTP) yet'
ok 'one that crawls' wait_until says fleet '2-3: the transfer is much slower than USB should be'
for port in 2-4 2-5 2-6; do
        ok "$port, which floods" wait_until says fleet "$port: the board sends far more than it should"
done
ok 'one that floods with ACKs' wait_until says fleet '2-7: the board does not acknowledge what is sent'

end_bad
for name in noise bootp-flood rrq-flood ack-flood; do
        flooded=$(result $name .rom.flooded)
        lines=$(event fleet "select(.port == \"${bad_port[$name]}\") | .event" | wc -l)
        note "$name: $flooded frames, told in $lines lines"
        ok "$name: what is told of it does not grow with it" test "$lines" -lt $((flooded / 20))
done
end_fleet

read -r median max < <(times_of alone | median_and_max)
read -r bad_median bad_max < <(times_of among | median_and_max)
note "ms for ${#good[@]} good boards at a time, $rounds rounds: alone median $median, longest $max; among $n_bad bad" \
        "ones median $bad_median, longest $bad_max: $(jq -n "$bad_median / $median * 100 | round / 100") times"
note "snagctl's processor time with the bad ones there: $cpu ms of $elapsed"

# A third of the noise is ARP from addresses of all kinds. The kernel has room for 1024, for all namespaces together; even
# what is broadcast needs an entry.
has_sent() { # PORT FRAMES
        [ "$(in_board_ns ip -j -s link show "board-$1" | jq '.[].stats64.tx.packets')" -ge "$2" ]
}
recover arp --all "${images[@]}"
bad 2-4 noise --flood-after rom:plug --flood-rate 6000
wait_until has_sent 2-4 6000
together arp "${good[@]}"
is 'arp: each ROM was answered at its first request' \
        "$(cat "$work"/arp-*-rom.json | jq 'select(.event == "result") | .rom.answered_request' | sort -u)" 1
kill "${bad_pid[noise]}"
wait_for "${bad_pid[noise]}"
kill "$recover_pid"
wait_until says arp 'no more boards are taken'
kill "$recover_pid"
wait_for "$recover_pid"
unplug 2-4
ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
