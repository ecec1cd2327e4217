# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each way to be interrupted, once for each stage: the board pulled, the client killed, snagd killed.
# Each time a clear end, nothing left behind, and a next recovery that works. With $SNAGD_TEST_LONG=yes
# after every step of a stage; every step is cut in tests/stack too, on veths.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

use_ports 1
make_images "$images"
before=$(host_state)
options=(--spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img")

pull_steps=(rom:block=20 rom:last-block spl:block=20 spl:last-block)
gone_steps=() # tests/stack/stuck.sh has it: it takes half a minute
kill_steps=(rom:block=20 spl:block=20)
signals=(INT:130)
if [ "${SNAGD_TEST_LONG:-no}" = yes ]; then
        pull_steps+=(rom:bootp-sent rom:bootp-answered rom:rrq-sent spl:offered spl:arp-answered)
        gone_steps+=(rom:block=20 spl:block=20)
        kill_steps+=(rom:plug rom:bootp-answered spl:plug spl:offered)
        signals+=(TERM:143 HUP:129)
fi

nothing_is_left() { # TEXT
        ok "$1: no session is left" wait_until has_no_session
        ok "$1: the system is as before" wait_until state_is "$before"
}

stop_board() {
        kill "$board" 2>/dev/null
        wait_exit "$board"
}

# Pulled and plugged in again: the same command goes on with the same board.
for step in "${pull_steps[@]}"; do
        start_recovery seat_user
        wait_until has_session_in waiting
        plug_board "pull-$step" 0 "${options[@]}" --pull-after "$step" --replug 1
        wait_client
        status=$?
        # Whether a last block that nobody acknowledged counts as delivered is the client's to say; the
        # board then knows better.
        if [ "$step" = spl:last-block ]; then
                stop_board
                is "pulled after $step: it ends" "$status" 0
        else
                wait_exit "$board"
                is "pulled after $step, plugged in again: recovered" "$status $(result "pull-$step" .ok)" '0 true'
        fi
        nothing_is_left "pulled after $step"
done

# Pulled for good: it says so, and ends, half a minute later.
for step in "${gone_steps[@]}"; do
        start_recovery seat_user
        wait_until has_session_in waiting
        plug_board "gone-$step" 0 "${options[@]}" --pull-after "$step"
        wait_client
        is "pulled for good after $step: snagctl fails" $? 1
        stop_board
        nothing_is_left "pulled for good after $step"
done

# The client is gone, without a word.
for step in "${kill_steps[@]}"; do
        start_recovery seat_user
        wait_until has_session_in waiting
        plug_board "kill-$step" 0 "${options[@]}" --silent-after "$step"
        wait_board "kill-$step" silent "${step%%:*}"
        kill -KILL "$client"
        wait_client
        is "client killed after $step" $? 137
        ok "client killed after $step: no session is left" wait_until has_no_session
        stop_board
        nothing_is_left "client killed after $step"
done

# The client is asked to go.
for signal in "${signals[@]}"; do
        start_recovery seat_user
        wait_until has_session_in waiting
        kill "-${signal%:*}" "$client"
        wait_client
        is "SIG${signal%:*}: the status" $? "${signal#*:}"
        ok "SIG${signal%:*}: no session is left" wait_until has_no_session
done

# snagd is gone.
for how in KILL TERM; do
        for step in rom:block=20 spl:block=20; do
                start_recovery seat_user
                wait_until has_session_in waiting
                plug_board "snagd-$how-$step" 0 "${options[@]}" --silent-after "$step"
                wait_board "snagd-$how-$step" silent "${step%%:*}"
                if [ $how = KILL ]; then
                        systemctl kill --signal=KILL --kill-whom=main snagd.service
                else
                        systemctl stop snagd.service
                fi
                wait_client
                is "snagd gone by SIG$how after $step: snagctl fails" $? 1
                stop_board
                nothing_is_left "snagd gone by SIG$how after $step"
        done
        systemctl reset-failed snagd.service
done
recovers 'the next recovery works after a killed snagd' seat_user
done_testing
