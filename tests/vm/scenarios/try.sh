# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests/try shows: one recovery, as the user at the seat sees it on a terminal.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

terminal=/dev/hvc0
use_ports 1
make_images /home/user

say() {
        printf '%s\n' "$*" >$terminal
}

say ''
say "(The user at the seat, id $(id -u user), in no special group; the board is plugged in a moment later.)"
say ''
say 'user@desk:~$ snagctl recover am335x --spl u-boot-spl.bin --u-boot u-boot.img'
run_snagctl() {
        start seat_user snagctl recover am335x --spl u-boot-spl.bin --u-boot u-boot.img
}

# Into a file or a pipe the host's terminal is none, and snagctl must see that.
if [ "${IS_TERMINAL:-no}" = yes ]; then
        # shellcheck disable=SC2094 # A terminal is read and written.
        run_snagctl <$terminal >$terminal 2>&1
else
        run_snagctl > >(cat >$terminal) 2>&1
fi
client=$started
wait_until has_session_in waiting
plug_board try 0 --spl /home/user/u-boot-spl.bin --u-boot /home/user/u-boot.img
wait_exit "$client"
status=$?
say 'user@desk:~$ echo $?'
say "$status"
wait_exit "$board"
say ''
say "(The board: $(result try '
        if .ok then "SPL (\(.rom.bytes) bytes) and U-Boot (\(.spl.bytes) bytes) arrived intact; the ROM was answered at its request \(.rom.answered_request), the SPL at its DISCOVER \(.spl.answered_discover)."
        else "it was not recovered: \(.rom.failure) \(.spl.failure)" end'))"
say ''
is 'snagctl succeeds' $status 0
is 'the board is recovered' "$(result try .ok)" true
done_testing
