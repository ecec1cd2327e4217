# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job: six recoveries (long: ten) one after the other by the user at the seat, the board plugged in
# before the command and after it in turn. What snagd did to the system is undone afterwards.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

use_ports 1
make_images "$images"
before=$(host_state)
cursor=$(journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p')
fds=

capabilities() {
        grep -E '^(Cap(Prm|Eff|Amb)|NoNewPrivs)' "/proc/$client/status" | tr -s '\n\t' '  '
}

# The process is snagctl and no longer what starts it.
is_snagctl() {
        [ "$(readlink "/proc/$client/exe")" = /usr/bin/snagctl ]
}

network_manager_log() {
        journalctl --after-cursor="$cursor" -u NetworkManager -o cat
}

note 'run  plugged  requests  discovers  ROM: request->answer, last block  SPL: offer, last block [ms since plug]'
within_two=0
n_runs=6
[ "${SNAGD_TEST_LONG:-no}" = no ] || n_runs=10
for ((run = 1; run <= n_runs; run++)); do
        options=(--spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img" --host-timeout 3 --spl-delay 1)
        if [ $((run % 2)) = 1 ]; then
                order='before'
                plug_board "recover-$run" 0 "${options[@]}"
                wait_board "recover-$run" plug rom
                start_recovery seat_user
        else
                order='after'
                start_recovery seat_user
                wait_until has_session_in waiting
                is "run $run: snagctl has no privilege" "$(capabilities)" \
                        'CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 '
                plug_board "recover-$run" 0 "${options[@]}"
        fi
        wait_client
        is "run $run: snagctl's status, board plugged in $order" $? 0
        wait_exit "$board"
        is "run $run: the board has both images" "$(result "recover-$run" \
                '[.ok, .rom.image_ok, .spl.image_ok] | map(tostring) | join(" ")')" 'true true true'
        is "run $run: the ROM's first request was answered, no other was needed" \
                "$(late_requests "recover-$run")" 0
        discovers=$(result "recover-$run" '.spl.answered_discover // 0')
        ok "run $run: the SPL was answered at its third DISCOVER at the latest (${discovers:-none})" \
                test "${discovers:-0}" -ge 1 -a "${discovers:-9}" -le 3
        [ "${discovers:-9}" -gt 2 ] || within_two=$((within_two + 1))
        is "run $run: nothing odd in what the board saw" \
                "$(result "recover-$run" '[.oddities[].kind] | unique | join(" ")')" ''
        note "$(result "recover-$run" '
                def ms: if . == null then "-" else floor end;
                [ "'"$run  $order"'", .rom.answered_request, .spl.answered_discover,
                  "\(.rom.plug_ms | ms) link \(.rom.link_ms | ms) answer \(.rom.answer_ms | ms) last \(.rom.last_ms | ms)",
                  "plug \(.spl.plug_ms | ms) link \(.spl.link_ms | ms) answer \(.spl.answer_ms | ms) last \(.spl.last_ms | ms)"
                ] | join("  ")')"
        ok "run $run: no session is left" wait_until has_no_session
        ok "run $run: addresses, routes, rules and namespaces are as before" wait_until state_is "$before"
        if [ -z "$fds" ]; then
                fds=$(snagd_fds)
        else
                is "run $run: snagd holds no more files than after the first" "$(snagd_fds)" "$fds"
        fi
done

ok "the SPL was answered within two DISCOVERs in most runs ($within_two of $n_runs)" \
        test $((2 * within_two)) -gt $n_runs
is 'NetworkManager configured none of the interfaces' \
        "$(network_manager_log | grep -E 'Activation|unmanaged -> (unavailable|disconnected)|carrier.*(dhcp|auto)')" ''
is 'it had nothing to complain about' \
        "$(journalctl --after-cursor="$cursor" -u snagd -p warning -o cat)" ''
is 'no unit has failed' "$(systemctl list-units --failed --plain --no-legend)" ''
done_testing
