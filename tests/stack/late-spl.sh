#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'recover --all' and an SPL that comes up when nobody waits for it any more, as on a host that has too much to do: the
# board is tried again from there, and needs no hand.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

is_recovered() {
        [ "$(event late 'select(.event == "recovered") | .port')" = 1-1 ]
}

start_snagd
remember

recover late --all "${images[@]}"
plug 1-1 rom
ok 'the ROM has its SPL' board 1-1 late --stage rom
unplug 1-1
ok 'which does not come: tried again' wait_until says late '1-1: trying again, 1 of 2'
plug 1-1 spl
ok 'it comes at last: it has U-Boot' board 1-1 late --stage spl
unplug 1-1
ok 'that is a recovery' wait_until is_recovered
kill -INT "$recover_pid"
wait_for "$recover_pid"
is 'exit status' "$status" 0
is 'one board was recovered, none failed' \
        "$(event late 'select(.event == "summary") | "\(.recovered_boards) \(.failed_boards)"')" '1 0'
ok_as_before 'all is as before'
stop_snagd
end_testing
