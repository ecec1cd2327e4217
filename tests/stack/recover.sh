#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whole recoveries, and each of them cut at every step.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

images=(--spl "$work/u-boot-spl.bin" --u-boot "$work/u-boot.img")

# usage: both_stages PORT NAME [OPTION…]: a whole board; succeeds if both images arrived
both_stages() {
        local port=$1 name=$2
        shift 2
        plug "$port" rom && board "$port" "$name-rom" --stage rom "${images[@]}" "$@" &&
                unplug "$port" && plug "$port" spl &&
                board "$port" "$name-spl" --stage spl "${images[@]}" "$@" && unplug "$port"
}

no_sessions() {
        snagctl status | grep -q 'No sessions'
}

start_snagd
before=$(host_state)

recover plain "${images[@]}"
ok 'a board gets both images' both_stages 1-1 plain
is 'snagctl says so' "$(wait_status $recover_pid)" 0
ok 'nothing is left of the session' wait_until no_sessions
is 'the host is as before' "$(host_state)" "$before"
done_testing
