# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words for scenarios: bash scripts in scenarios/ that run inside the virtual machine as root. A
# scenario begins with '. "$SNAGD_TESTS/lib.sh"' and ends with 'done_testing'. Its standard output is
# TAP, written by the words of tests/tap.sh alone; its standard error goes to the host's log.
#
# People (all with no-new-privs and without capabilities):
#
#   as_seat_user COMMAND…   'user', in the active local session on seat0
#   as_remote COMMAND…      'remote', logged in as if by ssh: a session without a seat
#   as_user2 COMMAND…       'user2', in no session at all, as a system service would be
#   start WHO COMMAND…      the same in the background; WHO is one of the above without 'as_'; the
#                           process itself (no shell around it) is $started
#
# Boards:
#
#   use_ports N             at least N simulated USB ports, numbered from 0; nothing is plugged in
#   port_name N             what the kernel calls one: 3-1
#   make_images DIR [SPL_BYTES [U_BOOT_BYTES]]
#                           random u-boot-spl.bin and u-boot.img (with the headers that those have)
#   plug_board REPORT N [OPTION…]
#                           starts sim-board on port N; its process is $board, its report a file
#                           among the artifacts
#   wait_board REPORT EVENT [STAGE]
#                           until the board has reported that event, or step; fails if it ends
#                           before
#   late_requests REPORT    how many BOOTP requests the ROM still had to send after its link was up: a
#                           board that was plugged in before the command may have repeated its
#                           first one, by its own schedule, while nobody could hear it
#   result REPORT JQ        something of a board's last line
#
# Many boards:
#
#   arm_boards NAME N [OPTION…]
#                           starts sim-board on the ports 0 to N-1, with the reports NAME-0 and so on;
#                           returns when all wait to be plugged in; their processes are ${armed[@]}
#   arm_board REPORT N [OPTION…]
#                           after that: one more, on port N, to be plugged in with them; its process is $board
#   plug_armed              plugs them in, all together
#   wait_armed              until all have ended; each has the usual patience
#   results NAME JQ         something of the last line of each report NAME-…, a line each
#   plug_spread NAME STAGE  the milliseconds between the first and the last of them on the bus
#   odd_things NAME         what they found odd, and how often; but for a block that came twice, which says no more
#                           than that a board among many had no processor for 100 ms
#   count_first NAME        how many of their ROMs had an answer to their first request
#   spread                  of numbers on standard input: median (smallest to largest)
#   memory_of PID           what a process has in memory, in KiB: Pss, then VmRSS
#   cpu_of PID              the seconds of processor time that it has had
#
#   sessions JQ             something of every session on the bus (properties of
#                           org.snagd1.Session, and Path)
#   boards JQ               the same of boards
#
#   start_recovery WHO [OPTION…]
#                           starts snagctl with the images of make_images /var/tmp/images; it is
#                           $client, what it says the file $client_log
#   recovers TEXT WHO       one result: a whole recovery on port 0 works
#
# The machine:
#
#   boot_again              has it shut down and booted when this scenario, its last, has ended; the
#                           scenario then runs again, with $SNAGD_TEST_BOOT one higher (from 1 on). Only
#                           a disk of its own survives that: for scenarios with '# root: squashfs'
#
# The bus:
#
#   bus_call WHO PATH METHOD [ARGUMENT…]
#                           prints 'ok' or the name of the error; arguments as gdbus wants them
#
# To wait for something: no scenario sleeps.
#
#   wait_until COMMAND…     until it succeeds, asked again at every uevent and bus signal and at
#                           least every half second; fails after $PATIENCE seconds
#   wait_exit PID           until a background process has ended; returns its status

# One step of a recovery takes some seconds under emulation; this is the end of hope, not a measure.
PATIENCE=90

background=()

# shellcheck source=tests/tap.sh
. "$SNAGD_TESTS/tap.sh"

at_exit() {
        local pid
        # A board takes its gadget away when it is asked to end.
        for pid in "${background[@]}"; do
                kill -TERM "$pid" 2>/dev/null
        done
        for pid in "${background[@]}"; do
                timeout 5 tail --pid="$pid" -s 0.1 -f /dev/null
                kill -KILL "$pid" 2>/dev/null
        done
        [ $testing_done = yes ] || echo "--- the scenario ended before its end" >&2
}
trap at_exit EXIT

as_seat_user() {
        "$SNAGD_TESTS/in-session" user "$@"
}

as_user2() {
        "$SNAGD_TESTS/in-session" user2 "$@"
}

as_remote() {
        log_in_remote
        "$SNAGD_TESTS/in-session" remote "$@"
}

# The session that a login over the network is; it stays until the machine goes off.
log_in_remote() {
        [ ! -e /run/snagd-test/session-of-remote ] || return 0
        # Not Type=exec: that would wait for a main process in the unit's own group for ever.
        systemd-run --quiet --collect --unit=remote-login --uid=remote -p Type=simple \
                -p PAMName=remote-login sleep infinity || return
        wait_until session_of_remote_known
}

# Not before the session's scope is there: what is started in it joins its control group.
session_of_remote_known() {
        local session
        session=$(loginctl show-user remote -P Sessions 2>/dev/null) || return
        session=${session%% *}
        [ -n "$session" ] && [ -n "$(systemctl show -P ControlGroup "session-$session.scope")" ] ||
                return
        echo "$session" >/run/snagd-test/session-of-remote
}

start() {
        local who=$1
        shift
        case "$who" in
        seat_user) who=user ;;
        remote) log_in_remote ;;
        user2) ;;
        root)
                "$@" &
                started=$!
                background+=("$started")
                return
                ;;
        esac
        # Said explicitly, lest it become /dev/null.
        "$SNAGD_TESTS/in-session" "$who" "$@" <&0 &
        started=$!
        background+=("$started")
}

# Not 'kill -0': that also finds one that has ended and that the shell, in a loop of 'read -t', has not waited for.
is_running() {
        [ -e "/proc/$1/exe" ]
}

wait_exit() {
        local status=0
        if is_running "$1"; then
                timeout "$PATIENCE" tail --pid="$1" -s 0.1 -f /dev/null || return 255
        fi
        wait "$1" || status=$?
        return "$status"
}

# Whatever happens on the bus, with devices, or in the kernel's network is a reason to look again: one stream of it
# for the whole scenario.
exec {events_fd}< <(
        # Not 'jobs -p': that knows the scenario's own, too.
        udevadm monitor --udev --kernel &
        pids=$!
        dbus-monitor --system --profile "type='signal'" &
        pids="$pids $!"
        ip -o monitor link address &
        pids="$pids $!"
        # shellcheck disable=SC2064,SC2086
        trap "kill $pids" EXIT
        trap exit TERM
        wait
)
background+=("$!")

wait_until() {
        local deadline=$((SECONDS + PATIENCE))
        while true; do
                # Whatever was told until now, the next look sees; what comes during it is a reason for another one.
                while read -r -t 0.001 -u "$events_fd" _; do :; done
                "$@" && return
                if [ $SECONDS -ge $deadline ]; then
                        echo "wait_until: not within $PATIENCE s: $*" >&2
                        return 1
                fi
                # 1: the stream has ended, as with the bus.
                read -r -t 0.5 -u "$events_fd" _ || [ $? != 1 ] || sleep 0.5
        done
}

# What a killed sim-board left in configfs would take its port again as soon as there is one.
remove_gadgets() {
        local gadget
        for gadget in /sys/kernel/config/usb_gadget/*/; do
                [ -e "$gadget" ] || continue
                [ -z "$(cat "$gadget/UDC")" ] || echo >"$gadget/UDC"
                find "$gadget/configs" -type l -delete
                find "$gadget"/configs/*/strings "$gadget/strings" -mindepth 1 -maxdepth 1 -type d \
                        -exec rmdir {} + 2>/dev/null
                find "$gadget/configs" "$gadget/functions" -mindepth 1 -maxdepth 1 -type d \
                        -exec rmdir {} +
                rmdir "$gadget"
        done
}

has_ports() {
        local udcs=(/sys/class/udc/dummy_udc.*)
        [ -e "${udcs[0]}" ] && [ ${#udcs[@]} -ge "$1" ]
}

# The ports are made once and stay, all that the driver has. Linux 6.1 keeps the sysfs folder 'net' of a controller whose network device was
# moved to another namespace also when the controller goes, and where the next one gets the same place in
# memory it is taken for its own: no network device appears there any more ("kobject_add_internal failed
# for usb0 (error: -2 parent: net)"), in a third of the reloads after some scenarios.
PORTS=32

# Without ports nothing that follows would mean anything.
use_ports() {
        remove_gadgets
        if ! has_ports "$1"; then
                modprobe dummy_hcd num=$PORTS
                modprobe libcomposite
        fi
        if ! { wait_until has_ports "$1" && udevadm settle; }; then
                echo "Bail out! no simulated USB ports"
                exit 1
        fi
}

port_name() {
        local bus
        bus=$(echo "/sys/devices/platform/dummy_hcd.$1"/usb*) || return
        echo "${bus##*usb}-1"
}

make_images() {
        mkdir -p "$1"
        "$SNAGD_TESTS/make-image" spl "$1/u-boot-spl.bin" "${2:-70001}"
        "$SNAGD_TESTS/make-image" u-boot "$1/u-boot.img" "${3:-500000}"
        chmod -R a+rX "$1"
}

plug_board() {
        local report=$ARTIFACTS/$1.json n=$2
        shift 2
        : >"$report"
        # An emulated machine takes longer than an SPL's three seconds for what a real one does in half of one, if another
        # runs beside it. recover.sh holds one board to them; the last option of a kind counts.
        "$SNAGD_TESTS/sim-board" --gadget "$n" --host-timeout 15 --spl-delay 0.1 "$@" >"$report" &
        board=$!
        background+=("$board")
}

arm_boards() {
        local name=$1 n=$2 i
        shift 2
        rm -f /run/plug
        mkfifo /run/plug
        # Written to as well, so that neither side waits for the other to open it.
        exec {plug_fd}<>/run/plug
        armed=()
        for ((i = 0; i < n; i++)); do
                arm_board "$name-$i" $i "$@"
                armed+=("$board")
        done
        wait_until are_armed "$name" "$n"
}

arm_board() {
        local report=$ARTIFACTS/$1.json n=$2
        shift 2
        "$SNAGD_TESTS/sim-board" --gadget "$n" --plug-on-input "$@" </run/plug >"$report" {plug_fd}>&- &
        board=$!
        background+=("$board")
}

are_armed() { # NAME N
        [ "$(cat "$ARTIFACTS/$1"-*.json | grep -c '"armed"')" = "$2" ]
}

# Nobody reads what is written, so every board sees it.
plug_armed() {
        echo >&"$plug_fd"
        exec {plug_fd}>&-
}

wait_armed() {
        local pid status=0
        for pid in "${armed[@]}"; do
                wait_exit "$pid" || status=1
        done
        return $status
}

results() {
        cat "$ARTIFACTS/$1"-*.json | jq -r "select(.event == \"result\") | $2"
}

plug_spread() {
        cat "$ARTIFACTS/$1"-*.json | jq -s --arg stage "$2" '
                map(select(.event == "plugged" and .stage == $stage) | .monotonic_ms) |
                max - min | floor'
}

odd_things() {
        results "$1" '.oddities[].kind' | grep -vx data-repeated-at-once | sort | uniq -c
}

count_first() {
        results "$1" 'select(.rom.answered_request == 1) | 1' | wc -l
}

spread() {
        sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)], "(" v[1], "to", v[NR] ")"; else print "-" }'
}

memory_of() {
        awk '$1 == "Pss:" { pss = $2 } $1 == "VmRSS:" { rss = $2 } END { print pss, rss }' \
                "/proc/$1/smaps_rollup" "/proc/$1/status"
}

cpu_of() {
        awk -v hz="$(getconf CLK_TCK)" '{ printf "%.2f\n", ($14 + $15) / hz }' "/proc/$1/stat"
}

wait_board() {
        local lines pid found=no
        # shellcheck disable=SC2016
        local filter='select((.event == $event or .step? == $event) and ($stage == "" or .stage == $stage))'
        # tail ends when the board does, and gojq with it.
        exec {lines}< <(exec gojq -c --arg event "$2" --arg stage "${3:-}" "$filter" \
                < <(exec tail -n +1 -s 0.1 -f --pid="$board" "$ARTIFACTS/$1.json"))
        pid=$!
        if read -r -t "$PATIENCE" -u "$lines" _; then
                found=yes
        fi
        kill "$pid" 2>/dev/null
        exec {lines}<&-
        [ $found = yes ] || { echo "wait_board: '$2' did not happen in $1:"; tail -n 2 "$ARTIFACTS/$1.json"; } >&2
        [ $found = yes ]
}

# The images of every scenario that does not care.
images=/var/tmp/images

start_recovery() {
        local who=$1
        shift
        client_log=$(mktemp -p "$ARTIFACTS" snagctl.XXXXXX)
        start "$who" snagctl recover am335x --spl "$images/u-boot-spl.bin" \
                --u-boot "$images/u-boot.img" "$@" >"$client_log" 2>&1
        client=$started
}

# Nothing of what snagctl said is lost for the log.
wait_client() {
        local status=0
        wait_exit "$client" || status=$?
        sed "s/^/snagctl[$client]: /" "$client_log" >&2
        echo "snagctl[$client]: status $status" >&2
        return "$status"
}

has_client_said() {
        grep -q -- "$1" "$client_log"
}

recovers() {
        local text=$1 who=$2 status
        start_recovery "$who"
        wait_until has_session_in waiting
        plug_board recovers 0 --spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img"
        wait_client
        status=$?
        wait_exit "$board"
        is "$text" "$status $(result recovers .ok)" '0 true'
}

boot_again() {
        touch /run/snagd-test/boot-again
}

bus_call() {
        local who=$1 path=$2 method=$3 output
        shift 3
        case "$who" in
        seat_user | remote | user2) who=as_$who ;;
        root) who="command" ;;
        esac
        if output=$("$who" gdbus call --system --dest org.snagd1 --object-path "$path" \
                --method "$method" -- "$@" 2>&1); then
                echo ok
        else
                echo "$output" >&2
                # GDBus.Error:NAME: text
                sed -n 's/^Error: GDBus.Error:\([^:]*\):.*/\1/p' <<<"$output" | sed 's/^org.snagd1.Error.//'
        fi
}

result() {
        jq -r "select(.event == \"result\") | $2" "$ARTIFACTS/$1.json"
}

late_requests() {
        jq -s '[.[] | select(.stage == "rom")] |
                (map(select(.event == "link-up"))[0].t_ms // 0) as $up |
                map(select(.event == "bootp-request" and .n > 1 and .t_ms > $up)) | length' \
                "$ARTIFACTS/$1.json"
}

# Fails if snagd does not answer.
bus_objects() { # INTERFACE JQ
        local objects
        objects=$(busctl --json=short call org.snagd1 /org/snagd1 org.freedesktop.DBus.ObjectManager \
                GetManagedObjects) && jq -r --arg interface "$1" '
                .data[0] | to_entries[] | select(.value[$interface]) |
                (.value[$interface] | map_values(.data)) + { Path: .key } | '"$2" <<<"$objects"
}

sessions() {
        bus_objects org.snagd1.Session "$1"
}

boards() {
        bus_objects org.snagd1.Board "$1"
}

# What must be the same after as before: addresses, routes, rules, namespaces of the host. Interfaces
# appear without their indexes, which count on.
host_state() {
        local line
        echo "[addresses]"
        ip -j address | jq -r '[.[] | [.ifname, (.flags | sort | join(",")), .operstate,
                (.addr_info[] | .local + "/" + (.prefixlen | tostring))] | join(" ")] | sort[]'
        echo "[routes]"
        ip route show table all
        ip -6 route show table all | sed 's/ expires [0-9a-z]*//'
        echo "[rules]"
        ip rule
        nft list ruleset
        echo "[namespaces]"
        # systemd's own sandboxed helpers come and go.
        lsns -rn -t net -o NS,COMMAND | while read -r line; do [[ $line = *systemd-* ]] || echo "$line"; done
        ip netns list-id
        [ ! -d /run/netns ] || echo /run/netns/*
        echo "[mounts]"
        while read -r line; do [[ ! $line =~ nsfs|netns ]] || echo "$line"; done </proc/self/mountinfo
}

# The one process that its unit has.
snagd_pid() {
        local pid=
        { read -r pid </sys/fs/cgroup/system.slice/snagd.service/cgroup.procs; } 2>/dev/null && echo "$pid"
}

# How many file descriptors snagd has, by kind.
snagd_fds() {
        local pid
        pid=$(snagd_pid) || return
        find "/proc/$pid/fd" -type l -printf '%l\n' | sed 's/:\[[0-9]*\]//' | sort | uniq -c
}

state_is() {
        [ "$(host_state)" = "$1" ]
}

# Whether snagd has something like that, each a session's State.
has_session_in() {
        sessions .State | grep -qx "$1"
}

# One session waits for the next board, and nothing is plugged in.
is_quiet() {
        [ "$(sessions .State)" = waiting ] && has_no_board
}

has_no_board() {
        local ports
        ports=$(boards .Port) && [ -z "$ports" ]
}

has_no_session() {
        local paths
        paths=$(sessions .Path) && [ -z "$paths" ]
}

snagd_is_gone() {
        ! snagd_pid >/dev/null
}
