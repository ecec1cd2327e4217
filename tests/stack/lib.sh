# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words for scripts that run snagd and snagctl on a private bus, with veths for boards. A script is
# called with the paths of snagd-veth, fake-polkit, snagctl and sim-board, and begins with
# '. lib.sh'. Everything happens in namespaces of its own (network, mounts, processes), which end with
# the script and take everything along.
#
#   start_snagd [OPTION…]      snagd, with its log in $work/snagd.log
#   snagctl ARGUMENT…          the client, on that bus
#   recover NAME ARGUMENT…     'snagctl recover' in the background: its output in $work/NAME.out and
#                              .err; returns when it waits for a board; its process is $recover_pid
#   plug PORT rom|spl          plugs a board in: the veth's other end is 'board-PORT' in the board's
#                              namespace
#   unplug PORT                pulls it
#   board PORT NAME OPTION…    runs sim-board there; its report in $work/NAME.json
#   wait_status PID            waits for its end, and prints its exit status
#   wait_until COMMAND…        asks again at every line of snagd's log until it succeeds

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
work=$SNAGD_STACK_INSIDE

# An event that should come comes at once; this is the end of hope, not a measure.
PATIENCE=60

export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
export SNAGD_TEST_BOARDS=$work/boards
export LC_ALL=C.UTF-8

wait_until() {
        local deadline=$((SECONDS + PATIENCE))
        while ! "$@"; do
                if [ $SECONDS -ge $deadline ]; then
                        echo "not within $PATIENCE s: $*" >&2
                        return 1
                fi
                timeout 0.2 tail -n 0 -f "$work"/*.log "$work"/*.err 2>/dev/null | read -r _ || true
        done
}

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
        wait_until test -S "$work/bus"
        "$fake_polkit" 2>"$work/polkit.log" &
        wait_until name_is_owned org.freedesktop.PolicyKit1
}

start_snagd() {
        "$snagd_veth" --log-level=debug --log-target=console "$@" 2>>"$work/snagd.log" &
        snagd_pid=$!
        wait_until name_is_owned org.snagd1
}

snagctl() {
        timeout "$PATIENCE" "$snagctl" "$@"
}

has_line() { # FILE PATTERN
        grep -q -- "$2" "$1" 2>/dev/null
}

is_waiting_or_gone() { # NAME
        has_line "$work/$1.err" 'waiting for a board' || ! kill -0 "$recover_pid"
}

recover() {
        local name=$1
        shift
        "$snagctl" recover am335x "$@" >"$work/$name.out" 2>"$work/$name.err" &
        recover_pid=$!
        wait_until is_waiting_or_gone "$name" && kill -0 "$recover_pid"
}

# The ends of a veth: 'usbN' here, 'board-PORT' in the board's namespace.
declare -A devnum
last_devnum=0
plug() {
        local port=$1 stage=$2 mac
        last_devnum=$((last_devnum + 1))
        devnum[$port]=$last_devnum
        case "$stage" in
        rom) mac=9a:1f:85:1c:3d:0e ;;
        spl) mac=de:ad:be:ef:00:00 ;;
        esac
        ip link add "usb$last_devnum" address $mac type veth peer name "board-$port" netns "$board_ns_pid" &&
                nsenter --net="/proc/$board_ns_pid/ns/net" ip link set "board-$port" addrgenmode none up &&
                echo "plug $port $last_devnum $stage" >"$SNAGD_TEST_BOARDS" &&
                echo "link $port $last_devnum $stage usb$last_devnum" >"$SNAGD_TEST_BOARDS"
}

# As a real unplug: the interface is gone first, udev's event comes later.
unplug() {
        nsenter --net="/proc/$board_ns_pid/ns/net" ip link del "board-$1" &&
                echo "unplug $1 ${devnum[$1]}" >"$SNAGD_TEST_BOARDS"
}

board() {
        local port=$1 name=$2
        shift 2
        nsenter --net="/proc/$board_ns_pid/ns/net" "$sim_board" --interface "board-$port" "$@" \
                >"$work/$name.json" 2>"$work/$name.log"
}

wait_status() {
        local status=0
        timeout "$PATIENCE" tail --pid="$1" -s 0.05 -f /dev/null || { echo timeout; return; }
        wait "$1" || status=$?
        echo $status
}

# Sizes that end in a short block and in an empty one.
make_images() {
        local size=$((300 * 1468))
        head -c 50000 /dev/urandom >"$work/u-boot-spl.bin"
        # A legacy image: magic, CRC, time, and at offset 12 what follows the header of 64 bytes.
        {
                printf '\x27\x05\x19\x56\0\0\0\0\0\0\0\0'
                printf "\\x$(printf %08x $((size - 64)) | sed 's/../&\\x/g; s/\\x$//')"
                head -c $((size - 16)) /dev/urandom
        } >"$work/u-boot.img"
}

host_state() {
        ip -o link | sed 's/^[0-9]*: //' | sort
        ip -o address | sort
        nft list ruleset
}

show_logs() {
        [ "$failures" = 0 ] || tail -n 200 "$work"/*.log "$work"/*.err "$work"/*.json >&2
}
trap show_logs EXIT

mkfifo "$SNAGD_TEST_BOARDS"
ip link set lo up
unshare --net sleep infinity &
board_ns_pid=$!
make_images
start_bus
