# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words for scripts that run snagd and snagctl on a private bus, with veths for boards. A script is
# called with the paths of snagd-veth, fake-polkit, snagctl, sim-board, make-image and hold-session,
# and begins with '. lib.sh'. Everything happens in namespaces of its own (network, mounts, processes),
# which end with the script and take everything along.
#
#   start_snagd [OPTION…]      snagd, with its log in $work/snagd.log; its process is $snagd_pid
#   stop_snagd                 ends it as systemd would; one result: that it went well
#   snagctl ARGUMENT…          the client, on that bus
#   recover NAME ARGUMENT…     'snagctl recover' in the background, with --json: its output in
#                              $work/NAME.out and .err; returns when it waits for a board; its process is
#                              $recover_pid
#   recover_plain NAME ARGUMENT…
#                              the same without --json
#   event NAME JQ              something of each event that it reported
#   says NAME PATTERN          whether it has said so
#   list_diagnoses             the first lines of the table in client/diagnosis.c
#   diagnoses_of NAME          those that it has said, in order; one that is not in two to four lines is
#                              followed by an 'in N lines'
#   begin NAME OPTION…         the same at a port of its own: ${port_of[NAME]}; its process is ${pid_of[NAME]}
#
#   plug PORT rom|spl          plugs a board in: the veth's host end is 'usbPORT', the other one
#                              'board-PORT' in the board's namespace
#   announce PORT              udev's word on its interface, which came back from a session
#   unplug PORT                pulls it
#   board_begin PORT NAME OPTION…
#                              runs sim-board there in the background: its report in $work/NAME.json,
#                              its process is $board_pid
#   board PORT NAME OPTION…    the same until it ends; succeeds if it got its image
#   together NAME PORT…        a whole_board NAME-PORT at each of them, all at once; one result
#   whole_board PORT NAME [OPTION…]
#                              a board with both images, from its ROM on
#   reported NAME PATTERN      whether its report has such a line
#   result NAME JQ             something of a report's last line
#   no_oddities NAME…          whether nothing that the host sent was odd
#
#   remember                   takes note of the host and of snagd as they are
#   ok_as_before TEXT          one result: both are as they were; the sessions are gone
#   wait_for PID               waits for its end: $status is its exit status
#   wait_until COMMAND…        asks again, often, until it succeeds
#
# At the end every line that a snagctl of the script reported is held against the schema: end_testing, instead
# of done_testing.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

if [ -z "${SNAGD_STACK_INSIDE:-}" ]; then
        if ! unshare --net --mount --pid --fork true 2>/dev/null; then
                [ "${CI:-}" != true ] || { echo "1..1"; fail 'needs root for namespaces'; exit 1; }
                skip 'needs root for namespaces'
        fi
        SNAGD_STACK_INSIDE=$(mktemp -d "${TMPDIR:-/tmp}/snagd-stack.XXXXXX")
        export SNAGD_STACK_INSIDE
        status=0
        unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@" || status=$?
        rm -rf "$SNAGD_STACK_INSIDE"
        exit $status
fi

snagd_veth=$1
fake_polkit=$2
snagctl=$3
sim_board=$4
make_image=$5
hold_session=$6
work=$SNAGD_STACK_INSIDE

# An event that should come comes at once; this is the end of hope, not a measure.
PATIENCE=60

export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
export SNAGD_TEST_BOARDS=$work/boards
export LC_ALL=C.UTF-8

images=(--spl "$work/u-boot-spl.bin" --u-boot "$work/u-boot.img")

# --- waiting ---

# Nobody writes to it: a pause without a process.
mkfifo "$work/never"
exec {never_fd}<>"$work/never"

wait_until() {
        local deadline=$((SECONDS + PATIENCE))
        while ! "$@"; do
                if [ $SECONDS -ge $deadline ]; then
                        echo "not within $PATIENCE s: $*" >&2
                        return 1
                fi
                read -rt 0.02 -u "$never_fd" _ || true
        done
}

is_gone() {
        # Not 'kill -0': that also finds one that has ended and that nobody has waited for.
        [ -n "$1" ] && ! [ -e "/proc/$1/exe" ]
}

wait_for() {
        status=0
        if wait_until is_gone "$1"; then
                wait "$1" || status=$?
        else
                status='still there'
        fi
}

# --- bus, snagd, snagctl ---

name_is_owned() {
        dbus-send --bus="$DBUS_SYSTEM_BUS_ADDRESS" --print-reply --dest=org.freedesktop.DBus / \
                org.freedesktop.DBus.NameHasOwner "string:$1" 2>/dev/null | grep -q 'boolean true'
}

start_bus() {
        cat >"$work/bus.conf" <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		  <type>system</type>
		  <listen>$DBUS_SYSTEM_BUS_ADDRESS</listen>
		  <auth>EXTERNAL</auth>
		  <policy context="default">
		    <allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/><allow eavesdrop="false"/>
		    <allow user="*"/>
		  </policy>
		</busconfig>
	END
        dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile 2>"$work/bus.log" &
        bus_pid=$!
        wait_until test -S "$work/bus"
        "$fake_polkit" "$work/deny" 2>"$work/polkit.log" &
        wait_until name_is_owned org.freedesktop.PolicyKit1
}

start_snagd() {
        # What the last one did not read any more.
        while read -rt 0.01 -u "$boards_fd" _; do :; done
        "$snagd_veth" --log-level=debug --log-target=console "$@" 2>>"$work/snagd.log" &
        snagd_pid=$!
        wait_until name_is_owned org.snagd1
}

stop_snagd() {
        kill -TERM "$snagd_pid"
        wait_for "$snagd_pid"
        is 'snagd ends well' "$status" 0
}

snagctl() {
        timeout "$PATIENCE" "$snagctl" "$@"
}

says() {
        grep -q -- "$2" "$work/$1.err"
}

is_waiting_or_gone() { # NAME
        says "$1" 'waiting for \(a board\|boards\)' || is_gone "$recover_pid"
}

json_files=()

# A name may be used several times; what is checked is all of them.
recover() {
        json_files+=("$work/lines-${#json_files[@]}")
        ln -sf "${json_files[-1]}" "$work/$1.out"
        recover_plain "$1" --json "${@:2}"
}

event() {
        jq -r "$2" "$work/$1.out"
}

# Not with SIGINT ignored, as a shell without job control starts what it starts with '&'.
recover_plain() {
        local name=$1
        shift
        : >"$work/$name.err"
        env --default-signal=INT "$snagctl" recover am335x "$@" >"$work/$name.out" 2>>"$work/$name.err" &
        recover_pid=$!
        wait_until is_waiting_or_gone "$name" && ! is_gone "$recover_pid"
}

list_diagnoses() {
        "$here/../data/list-facts" diagnoses "$here/../../client/diagnosis.c"
}

diagnoses_of() {
        awk 'function end() { if (n && (n < 2 || n > 4)) print "in " n " lines"; n = 0 }
                NR == FNR { table[$0]; next }
                n && /^snagctl:   / { n++; next }
                { end(); for (text in table) if (index($0, text)) { print text; n = 1 } }
                END { end() }' <(list_diagnoses) "$work/$1.err"
}

declare -A port_of pid_of
begin() {
        local name=$1
        shift
        port_of[$name]=1-$((${#port_of[@]} + 1))
        recover "$name" --port "${port_of[$name]}" "${images[@]}" "$@"
        pid_of[$name]=$recover_pid
}

# --- boards ---

in_board_ns() {
        nsenter --net="/proc/$board_ns_pid/ns/net" "$@"
}

tell_snagd() {
        echo "$*" >&"$boards_fd"
}

plug() {
        local port=$1 stage=$2 mac devnum
        devnum=$(($(cat "$work/devnum-$port" 2>/dev/null || echo 0) + 1))
        case "$stage" in
        rom) mac=9a:1f:85:1c:3d:0e ;;
        spl) mac=de:ad:be:ef:00:00 ;;
        esac
        echo $devnum >"$work/devnum-$port"
        echo "$stage" >"$work/stage-$port"
        ip link add "usb$port" address $mac type veth peer name "board-$port" netns "$board_ns_pid" &&
                in_board_ns ip link set "board-$port" addrgenmode none up &&
                tell_snagd "plug $port $devnum $stage" && announce "$port"
}

is_home() { # PORT
        ip -o link show "usb$1" >/dev/null 2>&1
}

announce() {
        tell_snagd "link $1 $(<"$work/devnum-$1") $(<"$work/stage-$1") usb$1"
}

# As a real unplug: the interface is gone first, udev's event comes later.
unplug() {
        in_board_ns ip link del "board-$1" && tell_snagd "unplug $1 $(<"$work/devnum-$1")"
}

has_begun() { # NAME
        [ -s "$work/$1.json" ] || is_gone $board_pid
}

# Returns when it runs: before that, a signal would reach the shell that is about to become it.
board_begin() {
        local port=$1 name=$2
        shift 2
        : >"$work/$name.json"
        nsenter --net="/proc/$board_ns_pid/ns/net" "$sim_board" --interface "board-$port" \
                "${images[@]}" "$@" >"$work/$name.json" 2>"$work/$name.board.err" &
        board_pid=$!
        wait_until has_begun "$name"
}

board() {
        board_begin "$@"
        wait_for $board_pid
        [ "$status" = 0 ]
}

whole_board() {
        local port=$1 name=$2
        shift 2
        plug "$port" rom && board "$port" "$name-rom" --stage rom "$@" &&
                unplug "$port" && plug "$port" spl &&
                board "$port" "$name-spl" --stage spl "$@" && unplug "$port"
}

together() {
        local name=$1 port jobs=() all=0
        shift
        for port; do
                whole_board "$port" "$name-$port" &
                jobs+=($!)
        done
        for job in "${jobs[@]}"; do
                wait "$job" || all=1
        done
        is "$name: every board has its images" "$all" 0
}

# A loose plug, ten times.
fail_board() { # PORT
        for ((i = 0; i < 10; i++)); do
                plug "$1" rom && has_session "$1" && unplug "$1" && wait_until is_unknown "$1"
        done
}

has_session() {
        wait_until on_bus "$1" in
}

on_bus() { # PORT PATTERN
        snagctl list | grep -q "^$1 .* s[0-9]"
}

# snagd knows it, and no session has it.
is_free() { # PORT
        snagctl list | awk -v port="$1" '$1 == port && $5 == "-" { found = 1 } END { exit !found }'
}

is_unknown() {
        local list
        list=$(snagctl list) && ! grep -q "^$1 " <<<"$list"
}

reported() {
        grep -q -- "$2" "$work/$1.json"
}

result() {
        jq -c "select(.event == \"result\") | $2" "$work/$1.json"
}

no_oddities() {
        local name all=0
        for name; do
                [ "$(result "$name" .oddities)" = '[]' ] || {
                        echo "$name: $(result "$name" .oddities)"
                        all=1
                }
        done
        return $all
}

# --- before and after ---

# Interfaces without their numbers, which differ with each veth; the namespaces that are known here;
# and snagd's own fds. The board's own namespace has its number from the first veth on.
host_state() {
        ip -o link | sed 's/^[0-9]*: //' | sort
        ip -o address | sed 's/^[0-9]*: //' | sort
        ip route show table all | sort
        ip netns list-id | sort
        nft list ruleset
        find "/proc/$snagd_pid/fd" -mindepth 1 -printf '%l\n' 2>/dev/null | sed 's/\[.*//' | sort
}

remember() {
        plug 9-9 rom && unplug 9-9
        wait_until knows_nothing
        remembered=$(host_state)
}

knows_nothing() {
        [ "$(snagctl list)" = 'No boards.' ] && no_sessions
}

no_sessions() {
        [ "$(snagctl status)" = 'No sessions.' ]
}

is_as_before() {
        [ "$(host_state)" = "$remembered" ] && no_sessions
}

ok_as_before() {
        if wait_until is_as_before; then
                pass "$1"
        else
                is "$1" "$(host_state; snagctl status)" "$remembered
No sessions."
        fi
}

end_testing() {
        ok 'every line for a program is of the schema' \
                "$here/../check-json" "$here/../../client/snagctl-1.schema.json" "${json_files[@]}"
        done_testing
}

show_logs() {
        [ "$failures" = 0 ] || [ "$BASHPID" != $$ ] || tail -n 200 "$work"/*.log "$work"/*.err "$work"/*.json >&2
}
trap show_logs EXIT

mkfifo "$SNAGD_TEST_BOARDS"
exec {boards_fd}<>"$SNAGD_TEST_BOARDS"
ip link set lo up
unshare --net sleep infinity &
board_ns_pid=$!
# Sizes that end in a short block and in an empty one.
"$make_image" spl "$work/u-boot-spl.bin" 50000
"$make_image" u-boot "$work/u-boot.img" $((300 * 1468))
start_bus
