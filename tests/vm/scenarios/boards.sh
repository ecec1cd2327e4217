# SPDX-License-Identifier: GPL-2.0-or-later
#
# More than one board, port and client.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

use_ports 3
make_images "$images"
options=(--spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img")
before=$(host_state)
port0=$(port_name 0)
port1=$(port_name 1)

has_board() { # PORT STAGE
        [ "$(boards "select(.Port == \"$1\") | .Stage")" = "$2" ]
}

has_sessions() {
        [ "$(sessions .Path | wc -l)" = "$1" ]
}

waits_on() { # PORT
        [ -n "$(sessions "select(.Port == \"$1\" and .State == \"waiting\") | .Path")" ]
}

# Two at once, each client with its port; plugged in the other way round.
start_recovery seat_user --port "$port0"
client0=$client log0=$client_log
start_recovery seat_user --port "$port1"
client1=$client log1=$client_log
wait_until waits_on "$port0"
wait_until waits_on "$port1"

start_recovery seat_user --port "$port0"
wait_client
is 'a port that another session named: refused' $? 1
ok 'and it says which' has_client_said "$port0"

plug_board two-1 1 "${options[@]}"
board1=$board
plug_board two-0 0 "${options[@]}"
board0=$board
client=$client0 client_log=$log0
wait_client
is 'two boards: the first' $? 0
client=$client1 client_log=$log1
wait_client
is 'two boards: the second' $? 0
wait_exit "$board0"
wait_exit "$board1"
is 'two boards: both are recovered' "$(result two-0 .ok) $(result two-1 .ok)" 'true true'

# Two at once without ports.
start_recovery seat_user
client0=$client log0=$client_log
start_recovery seat_user
client1=$client log1=$client_log
wait_until has_sessions 2
plug_board any-0 0 "${options[@]}"
board0=$board
plug_board any-1 1 "${options[@]}"
board1=$board
client=$client0 client_log=$log0
wait_client
is 'two boards, no ports named: the first' $? 0
client=$client1 client_log=$log1
wait_client
is 'two boards, no ports named: the second' $? 0
wait_exit "$board0"
wait_exit "$board1"
is 'two boards, no ports named: both are recovered' "$(result any-0 .ok) $(result any-1 .ok)" 'true true'

# A board on another port is nobody's.
start_recovery seat_user --port "$port0" --timeout 5
wait_until waits_on "$port0"
plug_board other 1 "${options[@]}"
wait_client
is 'a board on another port: not taken' $? 4
ok 'it is listed' wait_until has_board "$port1" rom
as_user2 snagctl list >"$ARTIFACTS/list"
ok 'also by snagctl, to everybody' grep -q "^$port1 .*am335x.*rom" "$ARTIFACTS/list"
is 'its interface is down and bare' \
        "$(ip -j address | jq -c '[.[] | select(.address == "'"$(cat /sys/bus/usb/devices/"$port1":1.0/net/*/address)"'") | [(.flags | contains(["UP"])), .addr_info]]')" '[[false,[]]]'
start_recovery seat_user --port "$port1"
wait_client
is 'and then it is recovered, from where it stood' $? 0
wait_exit "$board"
is 'the ROM was answered at its first request' "$(late_requests other)" 0

# By ID_PATH.
plug_board id-path 0 "${options[@]}"
wait_until has_board "$port0" rom
id_path=$(boards "select(.Port == \"$port0\") | .IdPath")
start_recovery seat_user --port "$id_path"
wait_client
is "a port by ID_PATH, $id_path" $? 0
wait_exit "$board"

# At the SPL's stage already.
start_recovery seat_user --stage spl
wait_until has_session_in waiting
plug_board spl 0 --stage spl "${options[@]}"
wait_client
is 'a board at the SPL stage' $? 0
wait_exit "$board"
is 'has its U-Boot' "$(result spl .spl.image_ok)" true

# One that somebody uses.
plug_board in-use 0 --stage spl "${options[@]}" --host-timeout 600
wait_until has_board "$port0" spl
link=$(basename "/sys/bus/usb/devices/$port0:"*/net/*)
ip link set "$link" up
ip address add 192.0.2.1/24 dev "$link"
start_recovery seat_user --stage spl --port "$port0"
wait_client
is 'an interface that is in use, by port: refused' $? 1
start_recovery seat_user --stage spl --timeout 3
wait_client
is 'an interface that is in use, no port: skipped' $? 4
is 'it has kept its address' "$(ip -j address show "$link" | jq -r '.[0].addr_info[0].local')" 192.0.2.1
kill "$board"
wait_exit "$board"

# The limits, and that sockets that outlive their session count.
mkfifo /run/hold
# usage: hold ARGUMENT… (of hold-session, which is $holder; it lets go at 'exec 7>&-')
hold() {
        exec 7<>/run/hold
        : >"$ARTIFACTS/hold"
        start seat_user hold-session "$@" </run/hold >"$ARTIFACTS/hold" 7>&-
        holder=$started
        wait_until test -s "$ARTIFACTS/hold"
}

for how in '' close; do
        hold 65 1 $how
        is "sessions of a user end at 64 ${how:+(closed, their sockets kept)}" "$(cat "$ARTIFACTS/hold")" \
                '64 64 org.snagd1.Error.LimitExceeded'
        start_recovery seat_user
        wait_client
        is "snagctl fails at the limit ${how:+(closed, their sockets kept)}" $? 1
        ok 'and says why' has_client_said '64'
        exec 7>&-
        wait_exit "$holder"
        ok 'no session is left' wait_until has_no_session
done
recovers 'and then it works again' seat_user
hold 1 9
is 'sockets of a session end at 8' "$(cat "$ARTIFACTS/hold")" '1 8 org.snagd1.Error.LimitExceeded'
exec 7>&-
wait_exit "$holder"

ok 'no session is left' wait_until has_no_session
ok 'the system is as before' wait_until state_is "$before"
done_testing
