#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A record, as it is written, and what 'snagctl report' makes of it, damaged or not: held against their
# schemas, and read by programs that are not ours.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

snagctl=$1
make_record=$2
event_schema=$3
record_schema=$4
report_schema=$5

work=$(mktemp -d "${TMPDIR:-/tmp}/snagd-report.XXXXXX")
trap 'rm -rf "$work"' EXIT
export TZ=UTC

record=$work/bench.jsonl
ok 'a record is written' "$make_record" "$record"
ok 'every line of it is of its schema' "$here/../check-json" "$record_schema" "$record"
is 'as jq reads it: 39 attempts, of which 32 recovered a board' \
        "$(jq -s -c '[length, (map(select(.result == "recovered")) | length)]' "$record")" '[39,32]'

ok 'report' "$snagctl" report "$record"
table=$("$snagctl" report "$record")
is 'the first line' "$(head -n1 <<<"$table")" '39 attempts from 1970-01-01 00:00 to 2026-11-24 04:40:'
is 'the port with the bad cable, and no other' "$(grep ': the link gave trouble' <<<"$table")" \
        '  pci-0000:00:14.0-usb-0:1.2 (1-1.2): the link gave trouble in 6 of 12 attempts, on the other ports in 0 of 26'
is 'no control character' "$(tr -d '\n' <<<"$table" | grep -c '[[:cntrl:]]')" 0

# What a power cut, an editor, another program and an enemy do to it.
damaged=$work/damaged.jsonl
{
        head -n10 "$record"
        head -n11 "$record" | tail -n1 | cut -c1-200
        printf '\0\0\0\0\n'
        printf 'not JSON\n{"schema":"snagctl/1"}\n{"schema":"snagctl-record/1"}\n'
        head -c 1000000 /dev/zero | tr '\0' '['
        echo
        tail -n+11 "$record"
        head -n11 "$record" | tail -n1 | head -c 200
} >"$damaged"
is 'the same table of a damaged record' "$("$snagctl" report "$damaged" 2>"$work/err")" "$table"
is 'and what was skipped' "$(sed "s|$work/||" "$work/err")" \
        "snagctl: warning: 'damaged.jsonl': 5 damaged lines skipped (no JSON: 3, too long: 1, no sense: 1)
snagctl: warning: 'damaged.jsonl': 1 line of another program or version skipped
snagctl: 'damaged.jsonl': its last line is not whole, and skipped: the power was cut, or it is being written"
is 'the same through a pipe' "$(gzip -c "$damaged" | gzip -d | "$snagctl" report --quiet /dev/stdin 2>"$work/err")" "$table"
is 'and without notes' "$(wc -l <"$work/err")" 2

for name in "$record" "$damaged" /dev/null; do
        "$snagctl" report --json "$name" >"$work/events" 2>/dev/null
        ok "${name##*/}: every line of --json is of the schema of events" \
                "$here/../check-json" "$event_schema" "$work/events"
        jq -c 'select(.event == "report").report' "$work/events" >"$work/report"
        is "${name##*/}: one of them is the report" "$(wc -l <"$work/report")" 1
        ok "${name##*/}: which is of its own schema" "$here/../check-json" "$report_schema" "$work/report"
done
is 'what a script asks for' "$("$snagctl" report --json "$record" |
        jq -r 'select(.event == "report").report.ports[] | select(.suspect).path')" pci-0000:00:14.0-usb-0:1.2

ok 'a picture is drawn' "$snagctl" report --svg "$work/picture.svg" "$record"
ok 'it is XML' xmllint --noout "$work/picture.svg"
is 'it fetches nothing' "$(grep -cE 'href|url\(|<script|<image|<use' "$work/picture.svg")" 0
is 'it has a row for each port' "$(grep -c 'class="name' "$work/picture.svg")" 4

status=0
"$snagctl" report "$work/none" 2>"$work/err" || status=$?
is 'a file that is not there' "$status $(sed "s|$work/||" "$work/err")" \
        "2 snagctl: cannot open 'none': No such file or directory"
done_testing
