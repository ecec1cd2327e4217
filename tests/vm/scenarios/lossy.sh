# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boards behind a bad link, and boards that do not answer ARP: still recovered. The long form has each of a link's faults by
# itself, too, as tests/stack/lossy.sh always.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

use_ports 1
make_images "$images" 30000 100000
before=$(host_state)

recovers_with() { # NAME SIM-BOARD-OPTION…
        local name=$1 status
        shift
        start_recovery seat_user
        wait_until has_session_in waiting
        plug_board "lossy-$name" 0 --spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img" "$@"
        wait_client
        status=$?
        wait_exit "$board"
        is "$name: recovered" "$status $(result "lossy-$name" .ok)" '0 true'
        note "$name: $(result "lossy-$name" '"ROM \(.rom.last_ms - .rom.plug_ms | floor) ms, SPL \(.spl.last_ms - .spl.plug_ms | floor) ms from plug to last ACK; lost \(.rom.faults.lost + .spl.faults.lost), repeated \(.rom.faults.repeated + .spl.faults.repeated), reordered \(.rom.faults.reordered + .spl.faults.reordered)"')"
        ok "$name: the system is as before" wait_until state_is "$before"
}

recovers_with 'checksum 0 everywhere' --rom-checksum no
if [ "${SNAGD_TEST_LONG:-no}" = yes ]; then
        recovers_with '5 % lost' --loss 5 --seed 11
        recovers_with '5 % repeated' --duplicate 5 --seed 12
        recovers_with '5 % reordered' --reorder 5 --seed 13
fi
recovers_with '5 % lost, repeated and reordered' --loss 5 --duplicate 5 --reorder 5 --seed 14
# Long enough for the kernel to lose its patience, which are eight seconds: 59 blocks, each late.
recovers_with 'ROM that answers no ARP' --arp-answer no --delay rom:100 --delay-ms 150
recovers_with 'nonsense before each request' --nonsense all
done_testing
