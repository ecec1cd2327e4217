# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Words for scripts that measure what a session costs: tests/stack/costs.sh, on this machine, and
# tests/vm/scenarios/costs.sh, in the virtual one, where the kernel is nobody else's. Both have tests/tap.sh
# and a 'wait_until'.
#
#   look_at PID             what that process has: $pss and $anonymous, KiB in memory, of which the first counts
#                           its part of what it shares with others; $n_fds; $cpu_usec, the processor time that it
#                           has had (its first thread). Starts no process. Fails if that one is gone
#   hold N                  has the hold-session whose input is $hold_fd and whose output is the file $held, empty at
#                           first, hold so many sessions; fails if that is not what it has then
#   measure_sessions PID LEVEL…
#                           what that snagd and the hold-session $holder have with so many sessions, from 0 on, into
#                           cost[LEVEL,WHAT]; then with none, cost[closed,WHAT]; then with as many again,
#                           cost[again,WHAT]. WHAT is what show_table calls a column. The script defines
#                           'kernel_kib', which prints what the kernel has in memory when it has cleaned up
#   show_table FILE COLUMN… -- LEVEL…
#                           cost[] as CSV, into that file and as notes
#   grows_linearly TEXT WHAT SLACK NONE SOME MANY
#                           one result: from NONE to MANY it grows by no more a piece than half as much again as from
#                           NONE to SOME; SLACK is what those may have found unused
#   check_fds LEVEL…        results: what measure_sessions saw of snagd's fds; $fds_each is how many a session takes

declare -A cost=()
# One comes without having been asked.
n_answers=1
n_namespaces=$(ip netns list-id | wc -l)

look_at() {
        local key value fds
        while read -r key value _; do
                case "$key" in
                Pss:) pss=$value ;;
                Anonymous:) anonymous=$value ;;
                esac
        done <"/proc/$1/smaps_rollup" || return
        fds=("/proc/$1/fd"/*)
        n_fds=${#fds[@]}
        read -r value _ <"/proc/$1/schedstat" || return
        cpu_usec=$((value / 1000))
} 2>/dev/null

has_answered() {
        [ "$(grep -c '^[0-9]' "$held")" -ge $n_answers ]
}

hold() {
        n_answers=$((n_answers + 1))
        echo "$1" >&"$hold_fd"
        wait_until has_answered && tail -n 1 "$held" | grep -q "^$1 .* -\$"
}

namespaces_are_back() {
        [ "$(ip netns list-id | wc -l)" = "$n_namespaces" ]
}

# usage: times_of open|close: the times of the last 'hold', in µs
times_of() {
        awk -v what="$1" '/^[0-9]/ { last = times; times = ""; next }
                $1 == what { times = times $2 "\n" }
                END { printf "%s", last }' "$held"
}

# Of numbers on standard input in µs: the median in ms.
median_ms() {
        sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%.1f", v[int((NR + 1) / 2)] / 1000; else printf "-" }'
}

# usage: per_piece_ms USEC N
per_piece_ms() {
        awk -v usec="$1" -v n="$2" 'BEGIN { if (n > 0) printf "%.1f", usec / n / 1000; else printf "-" }'
}

take_cost() { # PID LEVEL
        cost[$2,kernel_kib]=$(kernel_kib)
        look_at "$1"
        cost[$2,snagd_pss_kib]=$pss
        cost[$2,snagd_anonymous_kib]=$anonymous
        cost[$2,snagd_fds]=$n_fds
        look_at "$holder"
        cost[$2,client_pss_kib]=$pss
}

measure_sessions() {
        local snagd=$1 levels=("${@:2}") i level last begin_usec
        # What is made once, at the first.
        hold 1
        hold 0
        wait_until namespaces_are_back
        for ((i = 0; i < ${#levels[@]}; i++)); do
                level=${levels[i]}
                last=${levels[i - (i > 0)]}
                look_at "$snagd"
                begin_usec=$cpu_usec
                hold "$level"
                look_at "$snagd"
                cost[$level,open_ms]=$(times_of open | median_ms)
                cost[$level,snagd_cpu_ms]=$(per_piece_ms $((cpu_usec - begin_usec)) $((level - last)))
                take_cost "$snagd" "$level"
        done
        for ((i = ${#levels[@]} - 1; i > 0; i--)); do
                hold "${levels[i - 1]}"
                cost[${levels[i]},close_ms]=$(times_of close | median_ms)
        done
        wait_until namespaces_are_back
        take_cost "$snagd" closed
        # Until snagd has heard that they are gone, the closed ones count.
        wait_until hold "$level"
        take_cost "$snagd" again
        hold 0
        wait_until namespaces_are_back
}

show_table() { # FILE COLUMN… -- LEVEL…
        local file=$1 columns=() level column line
        shift
        while [ "$1" != -- ]; do
                columns+=("$1")
                shift
        done
        shift
        {
                line=${columns[*]}
                echo "${line// /,}"
                for level; do
                        line=$level
                        for column in "${columns[@]:1}"; do
                                line+=,${cost[$level,$column]:--}
                        done
                        echo "$line"
                done
        } >"$file"
        awk -F, '{ printf "#"; for (i = 1; i <= NF; i++) { if (NR == 1) w[i] = length($i); printf " %" w[i] "s", $i }; print "" }' \
                "$file"
}

grows_linearly() { # TEXT WHAT SLACK NONE SOME MANY
        local none=${cost[$4,$2]} some=${cost[$5,$2]} many=${cost[$6,$2]}
        ok "$1: $none, $some and $many with $4, $5 and $6" \
                test $((2 * (many - none) * ($5 - $4))) -le $((3 * (some - none + $3) * ($6 - $4)))
}

check_fds() {
        local level many=${!#}
        fds_each=$(((cost[$many,snagd_fds] - cost[0,snagd_fds]) / many))
        is 'fds of snagd for one session' "$fds_each" 3
        for level; do
                is "fds of snagd with $level sessions" "${cost[$level,snagd_fds]}" \
                        $((cost[0,snagd_fds] + fds_each * level))
        done
        is 'fds of snagd when all are closed' "${cost[closed,snagd_fds]}" "${cost[0,snagd_fds]}"
        is "fds of snagd with $many again" "${cost[again,snagd_fds]}" "${cost[$many,snagd_fds]}"
}
