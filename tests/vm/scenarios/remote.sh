# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'snagctl -H' over a real sshd: the machine asks itself, as somebody else. What ends a connection otherwise,
# tests/stack/remote.sh shows.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

use_ports 1
make_images "$images"
port=$(port_name 0)
before=$(host_state)

# usage: fails TEXT PATTERN ARGUMENT… (of snagctl)
fails() {
        local text=$1 pattern=$2
        shift 2
        as_seat_user snagctl "$@" >"$ARTIFACTS/fails" 2>&1
        is "$text: exit status" $? 1
        ok "$text: message" grep -q -- "$pattern" "$ARTIFACTS/fails"
        cat "$ARTIFACTS/fails" >&2
}

monitor() {
        sed 's/^[0-9:]\{8\}  //' "$ARTIFACTS/monitor"
}

has_shown() {
        monitor | grep -qx -- "$1"
}

bridge_of() { # USER
        pgrep -u "$1" -f '^systemd-stdio-bridge'
}

has_no_bridge() {
        ! bridge_of "$1"
}

fails 'no sshd there' 'remote@localhost: ssh cannot log in there' -H remote@localhost list
ok 'no sshd there: ssh says why' grep -q 'Connection refused' "$ARTIFACTS/fails"

# The scenario has a terminal, on which ssh would ask and nobody answers.
systemctl start ssh.service
fails 'a host that ssh does not know' 'ssh cannot log in there' --no-ask-password -H remote@localhost list
ok 'a host that ssh does not know: ssh says so' grep -q 'Host key verification failed' "$ARTIFACTS/fails"

as_seat_user mkdir -m 700 .ssh
as_seat_user tee .ssh/known_hosts < <(sed 's/^/localhost /' /etc/ssh/ssh_host_ed25519_key.pub) >/dev/null
fails 'no key, and nobody to ask' 'ssh cannot log in there' --no-ask-password -H remote@localhost list

as_seat_user ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519
for who in user remote; do
        install -d -m 700 -o "$who" -g "$who" "/home/$who/.ssh"
        install -m 600 -o "$who" -g "$who" /home/user/.ssh/id_ed25519.pub "/home/$who/.ssh/authorized_keys"
done

is 'list' "$(as_seat_user snagctl -H remote@localhost list)" 'No boards.'
start seat_user snagctl -H remote@localhost monitor >"$ARTIFACTS/monitor" 2>"$ARTIFACTS/monitor.err"
monitor_pid=$started
wait_until bridge_of remote >/dev/null

# Asked as the user whose recovery it is.
start_recovery seat_user
wait_until has_session_in waiting
is 'status' "$(as_seat_user snagctl -H user@localhost:22 status | sed '1d; s/  */ /g')" \
        "$(sessions '.Path | sub(".*/"; "")') waiting - am335x - $(id -u user) -"
is 'status as JSON' "$(as_seat_user snagctl --json status -H user@localhost |
        jq -r 'select(.event == "session") | [.state, .uid, .user] | @csv')" "\"waiting\",$(id -u user),"
as_seat_user snagctl -H remote@localhost close "$(sessions '.Path | sub(".*/"; "")')" >&2
is "close: another user's is refused" $? 3
ok 'close: it goes on' has_session_in waiting
as_seat_user snagctl -H user@localhost close "$(sessions '.Path | sub(".*/"; "")')" >&2
is "close: one's own" $? 0
wait_client
is 'close: the recovery has ended' $? 1

# A whole recovery, as the other one sees it.
start_recovery seat_user --port "$port"
wait_until has_session_in waiting
plug_board remote 0 --spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img"
wait_client
is 'a recovery that is watched' $? 0
wait_exit "$board"
for line in "session s[0-9]*: waiting, am335x of $(id -u user), port $port" \
        "board $port: am335x, rom, in session s[0-9]*, path platform-.*" "board $port: am335x, spl, in session s[0-9]*, path .*" \
        "board $port: gone" 'session s[0-9]*: closed'; do
        ok "monitor: $line" wait_until has_shown "$line"
done

kill "$(bridge_of remote)"
wait_exit "$monitor_pid"
is 'the connection breaks: exit status of monitor' $? 1
ok 'the connection breaks: message' grep -q 'the connection to the system bus of remote@localhost is lost' \
        "$ARTIFACTS/monitor.err"

start seat_user snagctl -H remote@localhost monitor --json >"$ARTIFACTS/monitor" 2>&1
monitor_pid=$started
wait_until bridge_of remote >/dev/null
kill -INT "$monitor_pid"
wait_exit "$monitor_pid"
is 'monitor, interrupted: exit status' $? 130
ok 'monitor, interrupted: nothing is left there' wait_until has_no_bridge remote

systemctl stop ssh.service
ok 'no session is left' wait_until has_no_session
ok 'the system is as before' wait_until state_is "$before"
done_testing
