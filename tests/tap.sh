# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words for test scripts. Standard output is TAP, written by these words alone; standard error is for
# whoever looks for the cause.
#
#   ok TEXT COMMAND…        one result: whether the command succeeds; what it prints is logged
#   is TEXT GOT WANTED      one result: whether the two are the same
#   pass TEXT, fail TEXT    one result each
#   skip TEXT               ends the script as skipped
#   note TEXT               a remark in the TAP stream
#   done_testing            the last line of a script
#   not COMMAND…            succeeds if the command does not
#   jq ARGUMENT…            gojq, which starts in a seventh of jq's time: in an emulated machine that is most of what
#                           a test takes. Objects come out with their members sorted

results=0
failures=0
testing_done=no

note() {
        printf '# %s\n' "$*"
}

pass() {
        results=$((results + 1))
        printf 'ok %d - %s\n' "$results" "$1"
        echo "--- ok: $1" >&2
}

fail() {
        results=$((results + 1))
        failures=$((failures + 1))
        printf 'not ok %d - %s\n' "$results" "$1"
        echo "--- NOT OK: $1" >&2
}

ok() {
        local text=$1 output
        shift
        if output=$("$@" 2>&1); then
                [ -z "$output" ] || echo "$output" >&2
                pass "$text"
        else
                note "status $? of: $*"
                [ -z "$output" ] || sed 's/^/#   /' <<<"$output"
                fail "$text"
        fi
}

is() {
        if [ "$2" = "$3" ]; then
                pass "$1"
        else
                note "got:    ${2//$'\n'/$'\n#         '}"
                note "wanted: ${3//$'\n'/$'\n#         '}"
                fail "$1"
        fi
}

not() {
        ! "$@"
}

skip() {
        echo "1..0 # SKIP $1"
        testing_done=yes
        exit 0
}

done_testing() {
        echo "1..$results"
        testing_done=yes
        [ "$failures" = 0 ]
        exit
}

jq() {
        gojq "$@"
}
