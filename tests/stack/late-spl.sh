#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'recover --all' and SPLs that come up when nobody waits for them any more, as on a host that has too much to do: the
# board is tried again from there, and needs no hand; and from its ROM again if that is what comes then.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

# usage: has_recovered PORT…
has_recovered() {
        [ "$(event late 'select(.event == "recovered") | .port' | sort | xargs)" = "$*" ]
}

start_snagd
remember

recover late --all "${images[@]}"
for port in 1-1 1-2; do
        plug $port rom
        ok "$port: the ROM has its SPL" board $port late --stage rom
        unplug $port
done
ok '1-1: the SPL does not come: tried again' wait_until says late '1-1: trying again, 1 of 2'
ok '1-2: so here' wait_until says late '1-2: trying again, 1 of 2'

plug 1-1 spl
ok '1-1: it comes at last: it has U-Boot' board 1-1 late --stage spl
unplug 1-1
ok '1-1: that is a recovery' wait_until has_recovered 1-1

plug 1-2 spl
board_begin 1-2 silent --stage spl --silent-after spl:offered
wait_until says late '1-2: board found: am335x, SPL'
kill $board_pid
unplug 1-2
plug 1-2 rom
ok '1-2: its SPL leaves, the ROM is back, and has its SPL again' board 1-2 late --stage rom
unplug 1-2
plug 1-2 spl
ok '1-2: which has U-Boot' board 1-2 late --stage spl
unplug 1-2
ok '1-2: that is a recovery' wait_until has_recovered 1-1 1-2
ok '1-2: of which nothing counted as a failure but the first' not says late 'trying again, 2'

kill -INT "$recover_pid"
wait_for "$recover_pid"
is 'exit status' "$status" 0
is 'two boards were recovered, none failed' \
        "$(event late 'select(.event == "summary") | "\(.recovered_boards) \(.failed_boards)"')" '2 0'
ok_as_before 'all is as before'
stop_snagd
end_testing
