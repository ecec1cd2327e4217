#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The examples of a station: its file has no mistake, and the lamps are on when they should be.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

snagctl=$1
station=$2
lamp=$3
lamps=$4

command -v jq >/dev/null || skip 'needs jq'

work=$(mktemp -d "${TMPDIR:-/tmp}/snagd-examples.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/leds/station:{green,red,yellow} "$work/bin"
export LAMPS=$work/leds

brightness() {
        cat "$LAMPS/station:$1/brightness"
}

# That the images are not there is a finding, on standard output.
is 'the file of a station has no mistake' "$("$snagctl" check --station "$station" 2>&1 >/dev/null)" ''
is 'and no command that is not an example' "$(sed -n 's|^then: \[/usr/share/doc/snagd/examples/\(.*\)\]$|\1|p' "$station")" \
        "${lamp##*/}"

SNAGD_RESULT=recovered "$lamp"
is 'green for a board that was recovered' "$? $(brightness green) $(brightness red)" '0 1 0'
SNAGD_RESULT=failed "$lamp"
is 'red for one that was not' "$? $(brightness green) $(brightness red)" '0 0 1'

SNAGD_RESULT=recovered "$lamp" sh -c 'cat "$LAMPS"/*/brightness >"$1"; exit 7' sh "$work/meanwhile"
is 'red for one whose command failed' "$? $(brightness green) $(brightness red)" '7 0 1'
is 'neither while it ran' "$(xargs <"$work/meanwhile")" '0 0'
SNAGD_RESULT=recovered "$lamp" touch "$work/ran"
is 'green for one whose command did not' "$? $(brightness green) $(brightness red)" '0 1 0'
rm "$work/ran"
SNAGD_RESULT=failed "$lamp" touch "$work/ran"
is 'there is none for one that was not recovered' "$? $(brightness green) $(brightness red)" '0 0 1'
ok 'so it did not run' test ! -e "$work/ran"

# Each value that the yellow lamp gets goes down a pipe, so that none is missed.
session() { # ID STATE [GONE]
        jq -cn --arg session "$1" --arg state "$2" --argjson gone "${3:-false}" \
                '{ schema: "snagctl/1", event: "session", $session, $state, $gone }'
}
{
        session s1 waiting
        session s1 attaching
        session s1 ready
        session s2 ready
        session s1 detached
        echo '{ "schema": "snagctl/1", "event": "board", "port": "1-1" }'
        session s1 ready true
        session s2 failed
        session s3 ready
        session s4 attaching
        echo '{ "schema": "snagctl/1", "event": "snagd", "running": false }'
} >"$work/events"
cat >"$work/bin/snagctl" <<'END'
#!/bin/sh
[ "$*" = 'monitor --json' ] && cat "$FAKE"
END
chmod +x "$work/bin/snagctl"
mkfifo "$LAMPS/station:yellow/brightness"
exec {seen}<> "$LAMPS/station:yellow/brightness"
FAKE=$work/events PATH=$work/bin:$PATH "$lamps"
is 'the program of the yellow lamp ends with snagctl' $? 0
values=
while read -r -t 0 -u "$seen" && read -r -u "$seen" value; do
        values+=$value
done
is 'which was on while a session had a board' "$values" 0111110110
done_testing
