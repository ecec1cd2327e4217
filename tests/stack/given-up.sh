#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'recover --all' and a board that failed and does not come back to be tried again, as nobody switches it off and on: it
# is given up, its command is run, and it counts. Another one meanwhile does not hide it.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

record=$work/record.jsonl
printf '#!/bin/bash\necho "$SNAGD_PORT $SNAGD_RESULT $SNAGD_DIAGNOSIS"\n' >"$work/command"
chmod +x "$work/command"

start_snagd
remember

# One whose SPL does not come up: it fails half a minute after anything has happened.
recover silent --all --once --timeout 1 --port 1-3 "${images[@]}"
silent_pid=$recover_pid
plug 1-3 rom
ok 'a ROM has its SPL, which does not come up' board 1-3 silent --stage rom
unplug 1-3

recover gone --all --once --timeout 1 --retry 2 --port '1-[12]' "${images[@]}" --record "$record" --then "$work/command"
fail_board 1-1
ok 'a board that fails is to be tried again' wait_until says gone '1-1: trying again, 1 of 2'
ok 'another one is served meanwhile' whole_board 1-2 gone
# It waits a minute for the board.
PATIENCE=120 wait_for "$recover_pid"
is 'nothing more comes: exit status' "$status" 1
ok 'the board is given up' says gone '1-1: given up: the board did not come back'
is 'as an event' "$(event gone 'select(.event == "given-up") | "\(.port) \(.failures)"')" '1-1 1'
is 'each has its command' "$(event gone 'select(.event == "then-output") | .text' | sort)" \
        $'1-1 failed keeps-leaving-end\n1-2 recovered '
is 'each is counted' "$(event gone 'select(.event == "summary") | "\(.recovered_boards) \(.failed_boards)"')" '1 1'
is 'and has one line in the record' "$(jq -r '"\(.port) \(.result)"' "$record" | sort | xargs)" '1-1 failed 1-2 recovered'
PATIENCE=120 wait_for "$silent_pid"
is 'the SPL that does not come up: exit status' "$status" 1
ok 'it was to be tried again' says silent '1-3: trying again, 1 of 2'
ok 'and given up' says silent '1-3: given up: the board did not come back'
ok_as_before 'all is as before'

end_testing
