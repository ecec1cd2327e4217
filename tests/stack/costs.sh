#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What sessions without a board cost snagd, up to as many as one user may have: fds, memory, and the time to open
# and to close one, which is noted and not judged. tests/vm/scenarios/costs.sh has the kernel's memory, and boards.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/costs.sh
. "$here/../costs.sh"

# The whole machine's, and others use it.
kernel_kib() {
        echo -
}

start_snagd
mkfifo "$work/hold"
held=$work/held
: >"$held"
# As many sockets as snagctl has.
"$hold_session" 0 6 timed <"$work/hold" >"$held" &
holder=$!
exec {hold_fd}>"$work/hold"

levels=(0 1 8 16 32 64)
measure_sessions "$snagd_pid" "${levels[@]}"
note 'times are medians, snagd_cpu_ms what opening one took of the processor'
columns=(sessions snagd_pss_kib snagd_anonymous_kib snagd_fds client_pss_kib open_ms close_ms snagd_cpu_ms)
show_table "$work/costs.csv" "${columns[@]}" -- "${levels[@]}"
check_fds "${levels[@]}"
# A sanitizer keeps what was freed.
if ! grep -q libasan "/proc/$snagd_pid/maps"; then
        grows_linearly 'memory of snagd (KiB)' snagd_anonymous_kib 64 0 16 64
        # What the C library does not use again at once, it does later: it ends after some rounds.
        ok "memory of snagd with 64 again (KiB): ${cost[again,snagd_anonymous_kib]}" \
                test "${cost[again,snagd_anonymous_kib]}" -le $((cost[64,snagd_anonymous_kib] + 256))
fi

exec {hold_fd}>&-
wait_for $holder
is 'all went well' "$status" 0
stop_snagd
done_testing
