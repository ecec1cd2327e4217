#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-target, with targets that behave as libFuzzer's do.
# shellcheck disable=SC2016 # what the targets expand is quoted for them
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/snagd-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
echo 1 >"$work/corpus/one"
echo 2 >"$work/corpus/two"

# usage: try NAME SCRIPT: $status, and $output, of which the last line is the $result
try() {
        printf '#!/bin/bash\n%s\n' "$2" >"$work/fuzz-$1"
        chmod +x "$work/fuzz-$1"
        status=0
        output=$("$here/run-target" "$work/fuzz-$1" 10 "$work/corpus" "$work/found-$1" 2>&1) || status=$?
        result=${output##*$'\n'}
}

try good 'printf "%s\n" "$@" >"${0%/*}/arguments"; echo "stat::number_of_executed_units: 70123" >&2'
is 'fuzzed' "$status $result" '0 ok      fuzz-good, 70123 inputs in 10 s'
ok 'for so long' grep -qx -- -max_total_time=10 "$work/arguments"
is 'finds go to a folder of their own, which comes first' "$(tail -n 2 "$work/arguments")" \
        "$work/found-good"$'\n'"$work/corpus"
ok 'which is there' test -d "$work/found-good"

try crashing '
for arg; do
        case "$arg" in
        -artifact_prefix=*) artifact=${arg#*=}crash-0123 ;;
        esac
done
echo "ERROR: AddressSanitizer"
echo bytes >"$artifact"
echo "artifact_prefix=…; Test unit written to $artifact"
echo "stat::number_of_executed_units: 17"
exit 77'
is 'a crash names the file of its input' "$status $result" \
        "1 FAILED  fuzz-crashing: the input is $work/found-crashing-crash-0123"
ok 'which is there' test -s "${result##* }"
ok 'and the reason is shown' grep -q AddressSanitizer <<<"$output"

try broken 'echo "error while loading shared libraries"; exit 127'
is 'a target that does not start' "$status $result" \
        "1 FAILED  fuzz-broken: exit status 127, see $work/found-broken.log"
ok 'and why' grep -q 'shared libraries' <<<"$output"

try idle 'exit 0'
is 'one that does nothing' "$status $result" \
        '1 FAILED  fuzz-idle: 0 inputs tried, of which 2 are known ones'

try replaying 'echo "stat::number_of_executed_units: 2"'
is 'one that fuzzes nothing' "$status $result" \
        '1 FAILED  fuzz-replaying: 2 inputs tried, of which 2 are known ones'

done_testing
