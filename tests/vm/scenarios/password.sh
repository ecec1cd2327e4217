# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who sits at no seat and is in no group, but has a terminal, is asked there for an administrator's password,
# by polkit's own agent: given, wrong, thought better of, and not wanted.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

use_ports 1
make_images "$images"
before=$(host_state)
keyboard=/run/snagd-test/keyboard
mkfifo $keyboard
exec {keyboard_fd}<>$keyboard

# usage: open_terminal NAME [OPTION…]: the command in a terminal of its own, of a login without a seat:
# all that it shows is in the file $screen, and its process is $terminal. Afterwards the shell there tells
# whether what is typed is seen.
open_terminal() {
        local name=$1
        shift
        screen=$ARTIFACTS/screen-$name
        : >"$screen"
        log_in_remote
        # script(1) makes the terminal, and ends with the status of what runs on it.
        # shellcheck disable=SC2016
        "$SNAGD_TESTS/in-session" --setuid remote script --quiet --flush --return --echo always --command '
                trap : INT
                snagctl recover am335x --spl '"$images/u-boot-spl.bin"' --u-boot '"$images/u-boot.img $*"'
                status=$?
                stty -a | grep -ow -e -echo -e echo
                exit $status' /dev/null <$keyboard >"$screen" 2>&1 &
        terminal=$!
        background+=("$terminal")
}

shows() {
        grep -q -- "$1" "$screen"
}

# Only then: when the agent switches the echo off, which it does behind its question, it throws away what
# was typed before.
asks() {
        local tty
        tty=$(ps -C pkttyagent -o tty= | tr -d ' ')
        shows 'Password: ' && [ -n "$tty" ] && stty -a -F "/dev/$tty" | grep -qw -e -echo
}

type_keys() {
        # shellcheck disable=SC2059
        printf "$1" >&"$keyboard_fd"
}

# usage: ended TEXT STATUS: two results
ended() {
        local status=0
        wait_exit "$terminal" || status=$?
        sed 's/^/terminal: /' "$screen" | tr -d '\r' >&2
        is "$1: exit status" "$status" "$2"
        is "$1: what is typed then is seen" "$(tr -d '\r' <"$screen" | grep -oE -- '-?echo$')" echo
}

is_told_how() {
        ok "$1: it is said how to be allowed: at the seat, by the group" \
                shows 'to be one, effective at once: sudo usermod -aG snagd remote'
        ok "$1: or by a password" shows "let an administrator give a password on a terminal$2"
}

open_terminal root
ok 'root: a password is asked for' wait_until asks
ok "root: it is root's, for nobody else is an administrator" shows 'Authenticating as: root'
type_keys 'root\n'
ok 'root: given, a board is waited for' wait_until has_session_in waiting
is 'root: the password is not to be seen' "$(tr -d '\r' <"$screen" | grep -cx root)" 0
type_keys '\003'
ended root 130

open_terminal wrong
ok 'wrong: nothing was kept, and a password is asked for again' wait_until asks
type_keys 'toor\n'
ended wrong 3
is_told_how wrong

open_terminal interrupted
ok 'interrupted: a password is asked for' wait_until asks
type_keys '\003'
ended interrupted 130

open_terminal unwanted --no-ask-password
ended unwanted 3
ok 'unwanted: nobody was asked' not shows 'Password:'
is_told_how unwanted ', without --no-ask-password'

# Debian's administrators are the group sudo: who is logged in over ssh, and one of them, gives the own password.
gpasswd --add remote sudo >&2
open_terminal administrator
ok 'administrator: a password is asked for' wait_until asks
ok 'administrator: the own one' shows 'Authenticating as: .*remote'
type_keys 'remote\n'
wait_until has_session_in waiting
# How fast this machine is, others measure.
plug_board administrator 0 --spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img" --host-timeout 60
ended administrator 0
wait_exit "$board"
is 'administrator: the board has both images' "$(result administrator .ok)" true
gpasswd --delete remote sudo >&2

ok 'no session is left' wait_until has_no_session
ok 'no agent is left' not pgrep -x pkttyagent
ok 'the system is as before' wait_until state_is "$before"
done_testing
