#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a person sees: the screen of a real terminal (tmux) while a board is recovered, compared with the
# texts in screens/. Lines that the terminal breaks are joined; times and rates are made the same.
#
#   SNAGD_UPDATE_SCREENS=1 writes those texts anew, for a person to read before they are committed; and
#   recover.svg, the picture of a whole recovery that the README shows.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

command -v tmux >/dev/null || { echo '1..0 # SKIP needs tmux'; exit 0; }

tmux() {
        command tmux -u -S "$work/tmux" -f /dev/null "$@"
}

# Without the empty lines below. Numbers keep their width where the line depends on it.
screen() {
        tmux capture-pane -pJ | sed -E '
                s/[0-9]+\.[0-9]+ s \([0-9]+ KiB/T s (R KiB/g
                s/in [0-9]+\.[0-9]+ s:/in T s:/
                s/[ 0-9]{5} KiB\/s/RRRRR KiB\/s/
                s/  [0-9]:[0-9]{2}/  T:TT/
                s/, [0-9]+ packets repeated//
                s/[[:space:]]+$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

shows() { # PATTERN
        screen | grep -q -- "$1"
}

# usage: open_terminal WIDTH [NAME=VALUE…]: the command waits for a board in it
open_terminal() {
        local width=$1
        shift
        tmux new-session -d -x "$width" -y 60 env --default-signal=INT "$@" sh -c "trap : INT;
                '$snagctl' recover am335x ${images[*]} --port 1-1; echo status \$?; read x"
        wait_until shows '^waiting for a board' || { screen; exit 1; }
}

# usage: get_stuck TEXT: the ROM is served, calling itself something else; the SPL stops in the middle
get_stuck() {
        plug 1-1 rom && board 1-1 rom --stage rom --rom-vci 'AM335x U-Boot SPL' && unplug 1-1 &&
                plug 1-1 spl && board_begin 1-1 spl --stage spl --silent-after spl:block=150
        ok "$1: it gets stuck" wait_until shows 'or is the cable bad'
}

# usage: same TEXT NAME: the screen is as it is in screens/NAME.txt
same() {
        [ -z "${SNAGD_UPDATE_SCREENS:-}" ] || screen >"$here/screens/$2.txt"
        is "$1" "$(screen)" "$(cat "$here/screens/$2.txt")"
}

close_terminal() {
        tmux send-keys C-c
        wait_until shows 'status [0-9]'
        ok "$1: a signal wipes the line" shows '^\(\^C\)\?status 130$'
        is "$1: nothing is left of it" "$(screen | grep -cE '^(U-Boot|waiting) ')" 0
        tmux kill-server
        kill $board_pid 2>/dev/null
        wait_for $board_pid
        unplug 1-1
}

# The last line is this one.
ends_with() {
        [ "$(screen | tail -n1)" = "$1" ]
}

start_snagd

for width in 40 80 200; do
        open_terminal $width
        same "$width columns, waiting" "$width-waiting"
        get_stuck "$width columns"
        same "$width columns, stuck" "$width-stuck"
        close_terminal "$width columns"
done

# Resized while it runs: nothing of the old line stays. (tmux cuts the first line that it still shows.)
open_terminal 80
get_stuck 'resized'
half='████████████████████░░░░░░░░░░░░░░░░░░░░'
for resized in '40|U-Boot  216 of 431 KiB  T:TT' "120|U-Boot  $half  216 of 431 KiB  RRRRR KiB/s  T:TT" \
        '25|U-Boot  216 of 431 KiB' "80|$(tail -n1 "$here/screens/80-stuck.txt")"; do
        tmux resize-window -x "${resized%%|*}"
        ok "resized to ${resized%%|*} columns, the line fits" wait_until ends_with "${resized#*|}"
        is "resized to ${resized%%|*} columns, nothing of an older one is left" \
                "$(screen | tail -n +2 | grep -c '^[^s]')" 1
done
close_terminal 'resized'

open_terminal 80 LC_ALL=C
get_stuck 'without UTF-8'
same 'without UTF-8' 80-ascii
is 'without UTF-8: no other character' "$(screen | LC_ALL=C grep -c '[^ -~]')" 0
close_terminal 'without UTF-8'

has_colours() {
        tmux capture-pane -pe | grep -q $'\033\\[33m'
}
for no_color in '' 1; do
        open_terminal 80 NO_COLOR=$no_color
        get_stuck "NO_COLOR='$no_color'"
        status=0
        has_colours || status=$?
        is "NO_COLOR='$no_color': colours" "$status" "${no_color:-0}"
        same "NO_COLOR='$no_color': the text is the same" 80-stuck
        close_terminal "NO_COLOR='$no_color'"
done

# TERM=dumb: plain lines, and nothing moves.
tmux new-session -d -x 80 -y 60 env --default-signal=INT TERM=dumb sh -c "trap : INT;
        '$snagctl' recover am335x ${images[*]} --port 1-1; echo status \$?; read x"
wait_until shows 'waiting for a board'
get_stuck 'TERM=dumb'
is 'TERM=dumb: no line that moves' "$(screen | grep -c '^[^s]')" 0
close_terminal 'TERM=dumb'

# A whole recovery, typed at a prompt, as the README shows it. Times and rates are as they come.
command='snagctl recover am335x --spl u-boot-spl.bin --u-boot u-boot.img'
columns=92
tmux new-session -d -x $columns -y 30 env --chdir="$work" PATH="$(dirname "$(realpath "$snagctl")"):$PATH" PS1='$ ' sh
wait_until shows '^\$'
tmux send-keys "$command" Enter
wait_until shows '^waiting for a board'
ok 'a whole recovery' whole_board 1-1 recover
ok 'and the prompt is back' wait_until shows '^\$$'
if [ -n "${SNAGD_UPDATE_SCREENS:-}" ]; then
        tmux capture-pane -pN | sed '/^\$ *$/,$d; s/ *$//' | "$here/screen-to-svg" $columns "$command" \
                >"$here/screens/recover.svg"
fi
same 'a whole recovery, to its last line' recover
tmux kill-server

stop_snagd
done_testing
