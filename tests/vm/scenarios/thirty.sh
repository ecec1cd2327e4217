# SPDX-License-Identifier: GPL-2.0-or-later
#
# A station's day: one 'snagctl recover --all' for everything that follows. Thirty boards that are plugged in within a
# second, all recovered, every image intact; in the long form all again, three times. Then a soak: sixty recoveries
# (long: three hundred, in two halves) on the thirty ports, with boards in between that are pulled at random.
# NetworkManager runs meanwhile. Nothing is held any more at the end than after the first round.
#
# The seed of what is random is printed; with it in $SNAGD_TEST_SEED the same boards are pulled.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

BOARDS=30
rounds=1
soaks=1
per_port=2
if [ "${SNAGD_TEST_LONG:-no}" = yes ]; then
        rounds=4
        soaks=2
        per_port=5
fi
seed=${SNAGD_TEST_SEED:-$RANDOM}
RANDOM=$seed

use_ports $BOARDS
make_images "$images" 70001 200000
# Thirty boards, and the machine that recovers them, share two emulated processors: what a real host does in the
# SPL's three seconds takes longer here.
options=(--spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img" --host-timeout 120 --give-up 600)
before=$(host_state)
cursor=$(journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p')
record=/home/user/record.jsonl

# What may not become more: of snagd, of snagctl, and of the host.
held() {
        echo '[snagd]'
        snagd_fds
        echo '[snagctl]'
        find "/proc/$client/fd" -type l -printf '%l\n' | sed 's/:\[[0-9]*\]//' | sort | uniq -c
        echo '[host]'
        echo "$(lsns -rn -t net -o COMMAND | grep -vc 'systemd-') namespaces, $(ip -o link | wc -l) interfaces"
}

is_held() {
        [ "$(held)" = "$1" ]
}

# usage: remember NAME: prints what it costs so far, and sets $pss_snagd and $pss_snagctl
remember() {
        local snagd
        snagd=$(memory_of "$(snagd_pid)")
        snagctl=$(memory_of "$client")
        pss_snagd=${snagd% *}
        pss_snagctl=${snagctl% *}
        note "$1: KiB in memory (Pss, VmRSS): snagd $snagd, snagctl $snagctl;" \
                "processor time so far: snagd $(cpu_of "$(snagd_pid)") s, snagctl $(cpu_of "$client") s"
}

# usage: since_plug STAGE.MEMBER, of the boards called $name that came so far
since_plug() {
        results "$name" "select(.${1%.*}.plug_ms != null and .$1 != null) | .$1 - .${1%.*}.plug_ms | floor" | spread
}

# usage: round NAME
round() {
        local name=$1 begin=$SECONDS
        arm_boards "$name" $BOARDS "${options[@]}"
        note "$name: thirty boards are ready after $((SECONDS - begin)) s"
        begin=$SECONDS
        plug_armed
        wait_armed
        is "$name: all boards have both images, byte for byte" \
                "$(results "$name" '[.ok, .rom.image_ok, .spl.image_ok] | all' | sort | uniq -c | tr -s ' ')" " $BOARDS true"
        is "$name: nothing odd in what they saw" "$(odd_things "$name")" ''
        note "$name: plugged in within $(plug_spread "$name" rom) ms; all recovered after $((SECONDS - begin)) s;" \
                "$(count_first "$name") of $BOARDS ROMs answered at the first request"
        note "$name: ms from plug to: ROM's link $(since_plug rom.link_ms), answer $(since_plug rom.answer_ms)," \
                "last block $(since_plug rom.last_ms); SPL's link $(since_plug spl.link_ms)," \
                "answer $(since_plug spl.answer_ms), last block $(since_plug spl.last_ms)"
        results "$name" 'select(.ok | not) | [.rom.failure, .spl.failure] | @json' | sort | uniq -c >&2
        ok "$name: one session waits for the next board" wait_until is_quiet
        remember "$name"
}

record_says() { # RESULT
        jq -r --arg result "$1" 'select(.result == $result) | .result' $record | wc -l
}

# One port's boards, one after the other. A board that is pulled is thrown away: the next one comes at once.
soak_port() { # NAME PORT STEP… (each a board: where it is pulled; '-': not at all)
        local name=$1 n=$2 step i=0 pull
        shift 2
        for step; do
                pull=()
                [ "$step" = - ] || pull=(--pull-after "$step")
                "$SNAGD_TESTS/sim-board" --gadget "$n" "${options[@]}" "${pull[@]}" </dev/null \
                        >"$ARTIFACTS/$name-$n-$i.json"
                i=$((i + 1))
        done
}

is 'NetworkManager runs' "$(systemctl is-active NetworkManager)" active
: >"$ARTIFACTS/fleet.json"
start seat_user snagctl recover am335x --all --json --retry 100 --record $record \
        --spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img" \
        >"$ARTIFACTS/fleet.json" 2>"$ARTIFACTS/fleet.err"
client=$started
ok 'a session waits for the first board' wait_until is_quiet

round round-1
first_held=$(held)
first_pss="$pss_snagd $pss_snagctl"
is 'round-1: a line of the record for each board' "$(record_says recovered)" $BOARDS
for ((i = 2; i <= rounds; i++)); do
        round "round-$i"
        ok "round-$i: nothing more is held than after the first" wait_until is_held "$first_held"
        is "round-$i: a line of the record for each board" "$(record_says recovered)" $((BOARDS * i))
done

# Not when the SPL has its last block: that counts as recovered.
steps=(rom:plug rom:bootp-sent rom:bootp-answered rom:block=1 rom:block=70 rom:last-block spl:plug
        spl:offered spl:oack spl:block=60)

# usage: soak NAME: each port gets $per_port good boards; before one in three of them comes a bad one
soak() {
        local name=$1 pids=() plan port pid i n_pulled=0 begin=$SECONDS
        for ((port = 0; port < BOARDS; port++)); do
                plan=()
                for ((i = 0; i < per_port; i++)); do
                        if [ $((RANDOM % 3)) = 0 ]; then
                                plan+=("${steps[RANDOM % ${#steps[@]}]}")
                                n_pulled=$((n_pulled + 1))
                        fi
                        plan+=(-)
                done
                soak_port "$name" $port "${plan[@]}" &
                pids+=($!)
        done
        background+=("${pids[@]}")
        for pid in "${pids[@]}"; do
                PATIENCE=3000 wait_exit "$pid"
        done
        note "$name: $((BOARDS * per_port)) boards and $n_pulled that were pulled, seed $seed: $((SECONDS - begin)) s;" \
                "$(count_first "$name") of their ROMs were answered at the first request"
        is "$name: every board that stayed has both images, byte for byte" \
                "$(results "$name" 'select(.ok and .rom.image_ok and .spl.image_ok) | 1' | wc -l)" $((BOARDS * per_port))
        # A session that a pulled board had goes when its time is up.
        ok "$name: one session waits for the next board" wait_until is_quiet
        remember "$name"
        ok "$name: nothing more is held than after the first round" wait_until is_held "$first_held"
        ok "$name: snagd has not grown since the first round (${first_pss% *}, now $pss_snagd KiB)" \
                test $((pss_snagd * 10)) -le $((${first_pss% *} * 11))
}

# Attempts that failed are kept until their boards come back, beside thirty others: snagctl has memory for those from
# then on, and after the first soak grows no more.
soak soak-1
soaked_pss=$pss_snagctl
ok "soak-1: snagctl has not grown by half (${first_pss#* }, now $soaked_pss KiB)" \
        test $((soaked_pss * 2)) -le $((${first_pss#* } * 3))
for ((i = 2; i <= soaks; i++)); do
        soak "soak-$i"
        ok "soak-$i: snagctl has not grown since the first one ($soaked_pss, now $pss_snagctl KiB)" \
                test $((pss_snagctl * 20)) -le $((soaked_pss * 21))
done
n_good=$((BOARDS * per_port * soaks))

# The boards' view and the two of snagctl: what was delivered, what it told while it went on, what is on record.
is 'a line of the record for each board that was recovered' "$(record_says recovered)" $((BOARDS * rounds + n_good))
# Each attempt has a session of its own.
is 'and exactly one for each attempt that had a board' "$(jq -r .result $record | wc -l)" \
        "$(jq -r 'select(.event == "board-found") | .session' "$ARTIFACTS/fleet.json" | sort -u | wc -l)"
cp $record "$ARTIFACTS/"

kill -INT "$client"
wait_exit "$client"
is 'asked to end, it does: exit status' $? 0
ok 'no session is left' wait_until has_no_session
ok 'addresses, routes, rules and namespaces are as before' wait_until state_is "$before"
is 'NetworkManager configured none of the interfaces' "$(journalctl --after-cursor="$cursor" -u NetworkManager -o cat |
        grep -E 'Activation|unmanaged -> (unavailable|disconnected)|carrier.*(dhcp|auto)')" ''
is 'snagd had nothing to complain about' "$(journalctl --after-cursor="$cursor" -u snagd -p warning -o cat)" ''
done_testing
