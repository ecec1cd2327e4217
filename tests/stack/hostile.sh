#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Nonsense from the board, before each good request: it is answered as the RFCs say or not at all, and
# the recovery goes on.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

start_snagd
remember

for kind in op htype hlen short empty no-end overrun giaddr magic \
        rrq-no-nul rrq-path rrq-netascii rrq-unknown wrq option-storm opcode tiny all; do
        recover hostile "${images[@]}"
        ok "$kind: recovered" whole_board 1-1 hostile --nonsense $kind
        wait_for $recover_pid
        is "$kind: exit status" "$status" 0
        ok "$kind: nothing odd" no_oddities hostile-rom hostile-spl
done
# Of the last board, which sent all kinds: BOOTP is answered where it can be understood; TFTP with
# ERROR (opcode 5; RFC 1350 section 5), and with DATA where only an option is broken.
answered() {
        jq -r 'select(.event == "nonsense-answered") |
                "\(.kind) \(.opcode // "") \(.code // "")"' "$work/$1.json" | sed 's/ *$//' | sort
}
expected='magic
no-end
opcode 5 4
option-storm 3 1
overrun
rrq-netascii 5 0
rrq-no-nul 5 4
rrq-path 5 1
rrq-unknown 5 1
wrq 5 2'
is 'ROM: what is answered, and how' "$(answered hostile-rom)" "$expected"
is 'SPL: what is answered, and how' "$(answered hostile-spl)" "$expected"
ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
