# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a session costs, as a table: sessions without a board, up to the 64 that one user may have; then boards that
# are recovered together by one 'snagctl recover --all', up to thirty. Both grow by the same for each, and nothing
# is left of it. The tables are among the artifacts as CSV, too. No time is judged: under emulation it says little.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"
# shellcheck source=tests/costs.sh
. "$SNAGD_TESTS/costs.sh"

levels=(0 1 16 64)
board_levels=(0 1 10)
some_boards=1
if [ "${SNAGD_TEST_LONG:-no}" = yes ]; then
        levels=(0 1 8 16 32 64)
        board_levels=(0 1 5 10 20 30)
        some_boards=10
fi
make_images "$images"

# All that the kernel has taken for itself and does not give back when it is asked to: KernelStack is in VmallocUsed.
kernel_memory() {
        local cache name kib sum=0
        echo 2 >/proc/sys/vm/drop_caches
        for cache in /sys/kernel/slab/*; do
                [ -L "$cache" ] || echo 1 >"$cache/shrink"
        done
        while read -r name kib _; do
                case "$name" in
                Slab: | VmallocUsed: | PageTables: | Percpu:) sum=$((sum + kib)) ;;
                esac
        done </proc/meminfo
        echo "$sum"
}

# Namespaces and sockets end behind everybody's back. Sets $memory.
is_kernel_steady() {
        local last=$memory
        memory=$(kernel_memory)
        [ $((memory - last)) -le 64 ] && [ $((last - memory)) -le 64 ]
}

kernel_kib() {
        local memory=0
        wait_until is_kernel_steady
        echo "$memory"
}

# --- sessions ---

# snagd stays for as long as somebody listens.
start seat_user snagctl monitor >/dev/null
monitor=$started
wait_until snagd_pid >/dev/null
mkfifo /run/hold
held=$ARTIFACTS/held
: >"$held"
exec {hold_fd}<>/run/hold
# As many sockets as snagctl has.
start seat_user hold-session 0 6 timed </run/hold >"$held" {hold_fd}>&-
holder=$started

measure_sessions "$(snagd_pid)" "${levels[@]}"
columns=(sessions snagd_pss_kib snagd_anonymous_kib snagd_fds kernel_kib client_pss_kib open_ms close_ms snagd_cpu_ms)
note 'sessions without a board; times are medians, snagd_cpu_ms what opening one took of the processor'
show_table "$ARTIFACTS/costs-sessions.csv" "${columns[@]}" -- "${levels[@]}" closed again
kernel_growth=$((cost[64,kernel_kib] - cost[0,kernel_kib]))
note "one of 64 costs the kernel $((kernel_growth / 64)) KiB"
check_fds "${levels[@]}"
grows_linearly 'memory of snagd (KiB)' snagd_anonymous_kib 64 0 16 64
grows_linearly 'memory of the kernel (KiB)' kernel_kib 1024 0 16 64
# The rest of the machine is not as still as to allow for less.
ok "memory of the kernel when all are closed (KiB): ${cost[closed,kernel_kib]}" \
        test $((cost[closed,kernel_kib] - cost[0,kernel_kib])) -le $((kernel_growth / 8))
ok "memory of the kernel with 64 again (KiB): ${cost[again,kernel_kib]}" \
        test $((cost[again,kernel_kib] - cost[64,kernel_kib])) -le $((kernel_growth / 8))
ok "memory of snagd with 64 again (KiB): ${cost[again,snagd_anonymous_kib]}" \
        test "${cost[again,snagd_anonymous_kib]}" -le $((cost[64,snagd_anonymous_kib] + 256))
exec {hold_fd}>&-
wait_exit "$holder"
is 'all went well' $? 0
kill "$monitor"
wait_exit "$monitor"
systemctl stop snagd.service

# --- boards ---

# usage: take_peak LEVEL snagd|snagctl PID: is it more than it ever had?
take_peak() {
        look_at "$3" || return
        raise "$1,$2_pss_kib" "$pss"
        raise "$1,$2_anonymous_kib" "$anonymous"
        raise "$1,$2_fds" "$n_fds"
}

raise() { # WHAT VALUE
        [ "$2" -le "${cost[$1]:-0}" ] || cost[$1]=$2
}

take_peaks() { # LEVEL
        take_peak "$1" snagd "$snagd"
        take_peak "$1" snagctl "$client"
}

are_plugged() { # NAME N
        [ "$(cat "$ARTIFACTS/$1"-*.json | grep -c '"plugged".*"rom"')" = "$2" ]
}

# Each board has a session, and one waits for the next.
are_held() { # N
        [ "$(sessions .State | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = " $1 ready; 1 waiting;" ]
}

# On a slow machine the first one is recovered before the last one is seen. So all are stopped as soon as they are
# plugged in, and go on when all have a session: then what is seen is what so many cost.
hold_boards() { # NAME N
        wait_until are_plugged "$1" "$2"
        kill -STOP "${armed[@]}"
        ok "$2 boards: each has a session" wait_until are_held "$2"
        take_peaks "$2"
        cost[$2,kernel_kib]=$(kernel_kib)
        is "$2 boards: fds of snagd" "${cost[$2,snagd_fds]}" $((cost[0,snagd_fds] + $2 * fds_each))
        is "$2 boards: fds of snagctl" "${cost[$2,snagctl_fds]}" $((cost[0,snagctl_fds] + $2 * client_fds_each))
        kill -CONT "${armed[@]}"
}

# At every event of a recovery there is another look, without a process for it. One that has ended may still be
# there, for whoever waits for it, but without its program.
have_ended() { # LEVEL
        local pid
        take_peaks "$1"
        for pid in "${armed[@]}"; do
                [ ! -e "/proc/$pid/exe" ] || return
        done
}

recover_boards() { # LEVEL
        local name=costs-$1 begin_snagd begin_snagctl begin
        arm_boards "$name" "$1" --spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img" \
                --host-timeout 600 --give-up 1200
        look_at "$snagd"
        begin_snagd=$cpu_usec
        look_at "$client"
        begin_snagctl=$cpu_usec
        begin=${EPOCHREALTIME//[!0-9]/}
        plug_armed
        hold_boards "$name" "$1"
        wait_until have_ended "$1"
        cost[$1,seconds]=$(per_piece_ms $((${EPOCHREALTIME//[!0-9]/} - begin)) 1000)
        wait_armed
        wait_until is_quiet
        look_at "$snagd"
        cost[$1,snagd_cpu_ms]=$(per_piece_ms $((cpu_usec - begin_snagd)) "$1")
        is "$1 boards: snagd has as many fds as before" "$n_fds" "${cost[0,snagd_fds]}"
        look_at "$client"
        cost[$1,snagctl_cpu_ms]=$(per_piece_ms $((cpu_usec - begin_snagctl)) "$1")
        is "$1 boards: and so has snagctl" "$n_fds" "${cost[0,snagctl_fds]}"
        is "$1 boards: all have both images, byte for byte" \
                "$(results "$name" '[.ok, .rom.image_ok, .spl.image_ok] | all | select(.)' | wc -l)" "$1"
}

measure_boards() { # LEVEL
        local snagd
        start seat_user snagctl recover am335x --all --json --spl "$images/u-boot-spl.bin" \
                --u-boot "$images/u-boot.img" >"$ARTIFACTS/fleet-$1.json" 2>"$ARTIFACTS/fleet-$1.err"
        client=$started
        wait_until is_quiet
        snagd=$(snagd_pid)
        take_peaks "$1"
        if [ "$1" = 0 ]; then cost[0,kernel_kib]=$(kernel_kib); else recover_boards "$1"; fi
        kill -INT "$client"
        wait_exit "$client"
        is "$1 boards: exit status" $? 0
}

use_ports "${board_levels[-1]}"
cost=()
# Its sockets, and nothing else.
client_fds_each=6
# Thirty boards share the processors with the one who recovers them.
PATIENCE=600
for level in "${board_levels[@]}"; do
        measure_boards "$level"
done
columns=(boards snagd_pss_kib snagd_anonymous_kib snagd_fds snagctl_pss_kib snagctl_anonymous_kib snagctl_fds
        kernel_kib snagd_cpu_ms snagctl_cpu_ms seconds)
note 'boards recovered together, and one more session that waits; the most that was seen of memory and fds;' \
        'the kernel with both ends of each simulated wire; processor time for each'
show_table "$ARTIFACTS/costs-boards.csv" "${columns[@]}" -- "${board_levels[@]}"
many_boards=${board_levels[-1]}
grows_linearly 'memory of snagctl (KiB)' snagctl_anonymous_kib 256 0 $some_boards "$many_boards"
grows_linearly 'memory of snagd (KiB)' snagd_anonymous_kib 64 0 $some_boards "$many_boards"
done_testing
