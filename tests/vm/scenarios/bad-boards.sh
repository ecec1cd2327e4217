# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boards that misbehave among good ones, at one 'snagctl recover --all': twenty good ones and ten bad ones, all plugged in
# together; in the long form twenty good ones alone before that, and twenty more afterwards, while the bad ones are
# still at it. Bad are, two of each:
# silent, half a request, a board that comes and goes for ever, a flood, a transfer that crawls. Every good board is
# recovered; what the bad ones cost them is told, not judged: the two emulated processors that are the host simulate the
# bad boards, too, and to plug in thirty boards costs more than to plug in twenty, however good they are.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

GOOD=20
BAD=10
# Small ones: what is looked at is how boards disturb each other, not how long a file takes.
use_ports $((GOOD + BAD))
make_images "$images" 20001 146800
options=(--spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img" --host-timeout 120 --give-up 600)
before=$(host_state)
cursor=$(journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p')

has_told() { # PORT NAME OF A DIAGNOSIS OR EVENT
        jq -r --arg port "$(port_name "$1")" --arg name "$2" \
                'select(.port == $port and (.name == $name or .event == $name)) | .event' "$ARTIFACTS/fleet.json" | grep -q .
}

# Each good board's milliseconds from the ROM's plug to the last block of U-Boot, the gap between the stages included.
times_of() {
        results "$1" 'select(.ok) | .spl.last_ms - .rom.plug_ms | floor'
}

median_of() {
        times_of "$1" | sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'
}

# The processor time that everybody had so far, in s.
cpu_so_far() {
        echo "snagd $(cpu_of "$(snagd_pid)"), snagctl $(cpu_of "$client"), udevd $(cpu_of_unit systemd-udevd)," \
                "all of the tests $(cpu_of_unit snagd-test)"
}

cpu_of_unit() {
        awk '$1 == "usage_usec" { printf "%.2f", $2 / 1000000 }' "/sys/fs/cgroup/system.slice/$1.service/cpu.stat"
}

# usage: good_ones NAME: results for all that were armed by that name
good_ones() {
        is "$1: all good boards have both images, byte for byte" \
                "$(results "$1" '[.ok, .rom.image_ok, .spl.image_ok] | all' | sort | uniq -c | tr -s ' ')" " $GOOD true"
        is "$1: nothing odd in what they saw" "$(odd_things "$1")" ''
        results "$1" 'select(.ok | not) | [.rom.failure, .spl.failure] | @json' | sort | uniq -c >&2
        note "$1: plugged in within $(plug_spread "$1" rom) ms; $(count_first "$1") of $GOOD ROMs answered at the first" \
                "request; ms from plug to the last block of U-Boot: $(times_of "$1" | spread)"
        note "$1: seconds of processor time until now: $(cpu_so_far)"
}

# usage: arm_bad N OPTION…: at the N-th port behind the good ones
arm_bad() {
        local n=$((GOOD + $1))
        shift
        arm_board "bad-$n" $n "${options[@]}" --stage rom "$@"
        bad+=("$board")
}

: >"$ARTIFACTS/fleet.json"
start seat_user snagctl recover am335x --all --json --retry 1 --spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img" \
        >"$ARTIFACTS/fleet.json" 2>"$ARTIFACTS/fleet.err"
client=$started
ok 'a session waits for the first board' wait_until is_quiet

# usage: recover_good NAME
recover_good() {
        arm_boards "$1" $GOOD "${options[@]}"
        plug_armed
        wait_armed
        good_ones "$1"
}

is_long=${SNAGD_TEST_LONG:-no}
if [ "$is_long" = yes ]; then
        recover_good alone
        ok 'alone: one session waits for the next board' wait_until is_quiet
fi

arm_boards among $GOOD "${options[@]}"
bad=()
for i in 0 5; do
        arm_bad $i --silent-after rom:plug
        # Its first request, then its first RRQ, and no more.
        arm_bad $((i + 1)) --silent-after rom:rrq-sent
        # No quicker: the emulated machine needs one to two seconds of its processors for each plug, whosever it is.
        arm_bad $((i + 2)) --pull-after rom:block=1 --replug-for-ever 10
        arm_bad $((i + 4)) --crawl 2900 --time-scale 60
done
# A frame costs the emulated machine about a millisecond, whoever reads it.
arm_bad 3 --flood-after rom:bootp-sent --flood-rate 50
arm_bad 8 --flood-after rom:rrq-sent --flood-rate 50
wait_until are_armed bad $BAD
plug_armed
wait_armed
good_ones among
if [ "$is_long" = yes ]; then
        recover_good beside
        median=$(median_of alone)
        for name in among beside; do
                bad_median=$(median_of $name)
                note "good boards' median, alone and $name $BAD bad ones: $median and $bad_median ms," \
                        "$(awk "BEGIN { if ($median + 0) printf \"%.2f\", $bad_median / $median }") times"
        done
fi

for i in 0 5; do
        ok "$i: silent: it is said" wait_until has_told $((GOOD + i)) rom-silent
        ok "$((i + 1)): half a request: it is said" wait_until has_told $((GOOD + i + 1)) stalled
        ok "$((i + 2)): comes and goes: it is said" wait_until has_told $((GOOD + i + 2)) left
        ok "$((i + 4)): crawls: it is said" wait_until has_told $((GOOD + i + 4)) slow
done
for i in 3 8; do
        ok "$i: floods: it is said" wait_until has_told $((GOOD + i)) flood
done

for board in "${bad[@]}"; do
        kill "$board"
        wait_exit "$board"
done
# Sessions whose board was pulled have ten seconds more; told twice, it closes them at once.
kill -INT "$client"
wait_until grep -q 'no more boards are taken' "$ARTIFACTS/fleet.err"
kill -INT "$client"
wait_exit "$client"
is 'told twice to end, it does: exit status' $? 130
ok 'no session is left' wait_until has_no_session
ok 'addresses, routes, rules and namespaces are as before' wait_until state_is "$before"
is 'snagd had nothing to complain about' "$(journalctl --after-cursor="$cursor" -u snagd -p warning -o cat)" ''
done_testing
