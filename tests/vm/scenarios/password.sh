# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who is at no seat and in no group, but on a terminal, is asked for an administrator's password there, by
# polkit's own agent: given, refused, thought better of, and not wanted.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

use_ports 1
make_images "$images"
before=$(host_state)
keyboard=$ARTIFACTS/keyboard
mkfifo "$keyboard"
exec {keyboard_fd}<>"$keyboard"

# usage: open_terminal NAME [OPTION…]: the command in a terminal of its own, of a login without a seat;
# what it shows is in $screen, and the terminal itself is $terminal
open_terminal() {
        screen=$ARTIFACTS/screen-$1
        shift
        log_in_remote
        : >"$screen"
        # script(1) is the terminal. The shell stays to tell whether what is typed would be seen.
        "$SNAGD_TESTS/in-session" --setuid remote script --quiet --flush --return --command "
                trap : INT
                snagctl recover am335x --spl '$images/u-boot-spl.bin' --u-boot '$images/u-boot.img' $*
                status=\$?
                stty -a | grep -o -- ' -\\?echo '
                exit \$status" /dev/null <"$keyboard" >"$screen" 2>&1 &
        terminal=$!
        background+=("$terminal")
}

shows() {
        grep -q -- "$1" "$screen"
}

type_text() {
        # shellcheck disable=SC2059
        printf "$1" >&"$keyboard_fd"
}

# usage: closed TEXT STATUS: the command has ended so, and typing is seen again
closed() {
        local status=0
        wait_exit "$terminal" || status=$?
        sed 's/^/terminal: /' "$screen" >&2
        is "$1: exit status" "$status" "$2"
        is "$1: what is typed is seen again" "$(tr -d '\r' <"$screen" | grep -xE ' -?echo ' | tr -d ' ')" echo
}

open_terminal given
ok 'a password is asked for' wait_until shows 'Password:'
ok 'and it is said what for' shows 'recover'
type_text 'root\n'
ok 'given: the recovery goes on' wait_until has_session_in waiting
plug_board password 0 --spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img"
closed 'given' 0
wait_exit "$board"
is 'given: the board has both images' "$(result password .ok)" true
ok 'given: the password was not shown' not grep -qx $'root\r' "$screen"

open_terminal refused
ok 'refused: asked again the next time' wait_until shows 'Password:'
type_text 'wrong\n'
closed 'refused' 3
ok 'refused: it is said how to be allowed' shows "to be one, effective at once: sudo adduser remote snagd"

open_terminal interrupted
ok 'interrupted: asked' wait_until shows 'Password:'
type_text '\003'
closed 'interrupted' 130

open_terminal unwanted --no-ask-password
closed 'not wanted' 3
ok 'not wanted: nobody was asked' not shows 'Password:'

ok 'no session is left' wait_until has_no_session
ok 'the system is as before' wait_until state_is "$before"
ok 'no agent is left' not pgrep -x pkttyagent
done_testing
