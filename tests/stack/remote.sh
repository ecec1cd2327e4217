#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 'snagctl -H': the bus of another machine, which here is the same one behind an ssh that is a script; the real
# one is tests/vm/scenarios/remote.sh's. What the connection's end looks like, of every kind.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

# As a login there: the bridge is a process of its own, whose bus is told by an option instead of by the
# machine. Its number, and what ssh was called with, are left in files.
mkdir "$work/bin"
cat >"$work/bin/ssh" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$FAKE_SSH/arguments"
echo "${SSH_ASKPASS_REQUIRE:-asks}" >"$FAKE_SSH/asks"
# As the real one, it does not end before the first word was written to it; a bridge reads that itself.
case "$*" in *nobody@* | *old@* | *busless@*) read -r _ ;; esac
case "$*" in *nobody@*) echo 'ssh: no such person' >&2; exit 255 ;; esac
# Its own shell's last word: what ssh ran is its last argument.
for command; do :; done
case "$command" in systemd-stdio-bridge) ;; *) exit 99 ;; esac
case "$*" in
*old@*) exit 127 ;;
*busless@*) exec systemd-stdio-bridge --bus-path=unix:path=/nowhere ;;
esac
echo $$ >"$FAKE_SSH/$LINK.pid"
case "$*" in *slow@*) exec sleep infinity ;; esac
exec systemd-stdio-bridge --bus-path="$FAKE_SSH_BUS"
END
chmod +x "$work/bin/ssh"
export FAKE_SSH=$work FAKE_SSH_BUS=$DBUS_SYSTEM_BUS_ADDRESS LINK=link

# From here on nobody finds the bus but by ssh.
remote() {
        PATH=$work/bin:$PATH DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere "$snagctl" "$@"
}

arguments() {
        paste -sd' ' "$work/arguments"
}

# usage: fails TEXT STATUS PATTERN ARGUMENT…
fails() {
        local text=$1 expected=$2 pattern=$3
        shift 3
        status=0
        remote "$@" >"$work/fails.out" 2>"$work/fails.err" || status=$?
        is "$text: exit status" "$status" "$expected"
        ok "$text: message" says fails "$pattern"
}

# One that asks for a password that nobody types, say. sd-bus waits for 90 s; all else goes on.
LINK=slow remote -H slow@lab list >"$work/slow.out" 2>"$work/slow.err" &
slow_pid=$!

start_snagd
plug 1-2 rom
is 'list' "$(remote -H lab list | sed 's/  */ /g; s/ $//' | sed -n 2p)" '1-2 platform-fake-usb-0:2 am335x rom - -'
is 'ssh was called' "$(arguments)" '-xT -- lab systemd-stdio-bridge'
is 'and may ask for a password' "$(cat "$work/asks")" asks
is 'list, the option behind it, with user and port' "$(remote list --host=me@lab:2222 | wc -l)" 2
is 'ssh was called' "$(arguments)" '-xT -p 2222 -- me@lab systemd-stdio-bridge'
remote --no-ask-password -H '[::1]' list >/dev/null
is 'ssh was called' "$(arguments)" '-xT -- ::1 systemd-stdio-bridge'
is 'and may not ask' "$(cat "$work/asks")" force
is 'as JSON' "$(remote -H lab list --json | jq -r 'select(.event == "board") | .port')" 1-2

recover a --port 1-1 "${images[@]}"
id=$(snagctl status | sed '1d; s/ .*//')
is 'status: a uid of another machine is no name here' \
        "$(remote status -H lab | sed '1d; s/  */ /g')" "$id waiting 1-1 am335x - 0 -"
is 'nor as JSON' "$(remote status -H lab --json | jq -r 'select(.event == "session") | [.uid, .user] | @csv')" 0,
ok 'close' remote -H lab close 1-1
wait_for $recover_pid
is 'close: the other one has ended' "$status" 1
ok 'close: as somebody else has' says a 'somebody has closed the session'

# What cannot work: before anything is done, so that ssh is not called.
rm "$work/arguments"
fails 'recover' 2 "snagctl: 'recover' works on the machine that it runs on; .* ssh lab snagctl recover" \
        -H lab recover am335x "${images[@]}"
fails 'recover, the option behind it' 2 "'recover' works on the machine that it runs on" \
        recover am335x --host lab "${images[@]}"
fails 'check' 2 "'check' works on the machine that it runs on; .* ssh ssh://lab:22 snagctl check" -H lab:22 check am335x
fails 'an option for a host' 2 "'-oProxyCommand=true' is no host" -H -oProxyCommand=true list
fails 'a control character' 2 'is no host' list -H $'lab\nx'
ok 'ssh was not called' test ! -e "$work/arguments"

fails 'no login' 1 'nobody@lab: ssh cannot log in there; .* ssh nobody@lab true' -H nobody@lab list
ok 'no login: what ssh says is there' says fails '^ssh: no such person'
fails 'no bridge' 1 'systemd-stdio-bridge, a part of systemd, is not there' -H old@lab status
fails 'no bus' 1 'busless@lab: no system bus could be reached there' -H busless@lab monitor
mkdir "$work/empty"
status=0
PATH=$work/empty "$snagctl" -H lab list 2>"$work/fails.err" || status=$?
is 'no ssh: exit status' "$status" 1
ok 'no ssh: message' says fails 'lab: ssh is not installed here'

# Live.
begin_monitor() { # NAME
        env --default-signal=INT PATH="$work/bin:$PATH" LINK="$1" DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere \
                "$snagctl" monitor -H lab >"$work/$1.out" 2>"$work/$1.err" &
        monitor_pid=$!
}

has_shown() { # NAME LINE
        sed 's/^[0-9:]\{8\}  //' "$work/$1.out" | grep -qxF -- "$2"
}

# One whose other end falls silent, while all else goes on: it is asked whether it is there, and not for ever.
begin_monitor silent
silent_pid=$monitor_pid
ok 'monitor: what is there' wait_until has_shown silent 'board 1-2: am335x, rom, path platform-fake-usb-0:2'
silent_link=$(cat "$work/silent.pid")
kill -STOP "$silent_link"

begin_monitor live
ok 'monitor: what is there, once more' wait_until has_shown live 'board 1-2: am335x, rom, path platform-fake-usb-0:2'
plug 1-3 spl
ok 'monitor: a board comes' wait_until has_shown live 'board 1-3: am335x, spl, path platform-fake-usb-0:3'
unplug 1-3
ok 'monitor: and goes' wait_until has_shown live 'board 1-3: gone'
recover b --port 1-1 "${images[@]}"
ok 'monitor: a session' wait_until grep -q 'session s[0-9]*: waiting, am335x of 0, port 1-1' "$work/live.out"
kill -INT $recover_pid
wait_for $recover_pid

# The connection breaks.
kill "$(cat "$work/live.pid")"
wait_for $monitor_pid
is 'monitor: the connection breaks: exit status' "$status" 1
ok 'monitor: the connection breaks: message' says live 'the connection to the system bus of lab is lost'

# And interrupted, it takes its ssh along.
begin_monitor interrupted
ok 'monitor: again' wait_until has_shown interrupted 'board 1-2: am335x, rom, path platform-fake-usb-0:2'
kill -INT $monitor_pid
wait_for $monitor_pid
is 'monitor: a signal: exit status' "$status" 130
ok 'monitor: a signal: ssh goes, too' wait_until is_gone "$(cat "$work/interrupted.pid")"

wait_for $silent_pid
is 'monitor: silence: exit status' "$status" 1
ok 'monitor: silence: message' says silent 'the connection to the system bus of lab is lost'
ok 'monitor: silence: ssh is ended' wait_until is_gone "$silent_link"

PATIENCE=180 wait_for $slow_pid
is 'ssh does not get there: exit status' "$status" 1
ok 'ssh does not get there: message' says slow 'slow@lab: the system bus did not answer over ssh in time; try: ssh slow@lab '
ok 'ssh does not get there: it is ended' wait_until is_gone "$(cat "$work/slow.pid")"

unplug 1-2
stop_snagd
end_testing
