#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual pages: well formed, and neither less nor more than there is.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

snagctl=$1
snagd=$2
shift 2
pages=("$@")
snagctl_page=$1
snagd_page=$2
bus_page=$3
station_page=$4

command -v mandoc >/dev/null || skip 'needs mandoc'

# A page as plain text, in one line, so that no phrase is broken.
text_of() {
        mandoc -T ascii -O width=1000 "$1" 2>/dev/null | col -bx | tr -s ' \n' ' '
}

# What mandoc thinks of other pages depends on which of them are installed here.
lint() {
        mandoc -T lint "$1" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc\.db'
}

# The members that the page documents, as list-facts prints them, sorted.
documented_members() {
        sed -nE '/^\.Ss (org\.snagd1\..*)/{s//\1/;h}
                /^\.It (Ic|Va) "(.*)" No since [0-9.]+$/{s//\2/;G;s/(.*)\n(.*)/\2: \1/p}' "$1" | sort
}

documented_errors() {
        sed -n '/^\.Ss Errors/,/^\.Sh/{/^\.It Er /s///p}' "$1" | sort
}

long_options() {
        "$@" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--.*' | sort -u
}

# Without a word it fails: whatever was to find them has not.
has_all() { # TEXT WORD…
        local text=$1 word missing=0
        shift
        [ $# -gt 0 ] || return 1
        for word; do
                [[ $text == *"$word"* ]] || { echo "missing: $word"; missing=1; }
        done
        return "$missing"
}

for page in "${pages[@]}"; do
        is "${page##*/} is well formed" "$(lint "$page")" ''
done

is 'org.snagd1(5) has every method and property of the contract, and no other' \
        "$(documented_members "$bus_page")" \
        "$("$here/list-facts" contract "$top/dbus/org.snagd1.xml" | sort)"
is 'and every error of it, and no other' \
        "$(documented_errors "$bus_page")" \
        "$(sed -nE 's/.*BUS_ERROR_PREFIX "([A-Za-z]+)".*/\1/p' "$top/common/bus-contract.h" | sort)"
version=$("$snagctl" --version | cut -d' ' -f2)
is 'and nothing is since a version that is yet to come' \
        "$({ echo "$version"; grep -oE 'since [0-9]+(\.[0-9]+)*' "$bus_page" | cut -d' ' -f2; } |
                sort -V | tail -n1)" "$version"

page=$(text_of "$snagctl_page")
mapfile -t verbs < <("$snagctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p')
ok "snagctl(1) has every command (${verbs[*]})" has_all "$page" "${verbs[@]/#/snagctl }"
mapfile -t options < <(long_options "$snagctl")
ok 'snagctl(1) has every global option' has_all "$page" "${options[@]}"
for verb in "${verbs[@]}"; do
        mapfile -t options < <(long_options "$snagctl" "$verb")
        ok "snagctl(1) has every option of 'snagctl $verb'" has_all "$page" "${options[@]}"
done
mapfile -t options < <(sed -nE 's/^ *\{"(-[a-z0-9-]+)", .*/\1/p' "$top/client/snagboot-option.c")
ok "snagctl(1) has all ${#options[@]} options of Snagboot's that it has not" \
        has_all "$(sed 's/.* COMING FROM SNAGBOOT//; s/ ENVIRONMENT .*//' <<<"$page")" "${options[@]}"
mapfile -t events < <(jq -r '."$defs" | to_entries[] | "\(.key) \(.value.description[1:20])"' \
        "$top/client/snagctl-1.schema.json")
mapfile -t fields < <(jq -r '[."$defs"[].properties | keys[]] | unique[]' "$top/client/snagctl-1.schema.json")
json_page=$(sed 's/.* JSON With/JSON With/; s/ ENVIRONMENT .*//' <<<"$page" | tr -d "'\"\`")
ok "snagctl(1) has all ${#events[@]} events of the schema" has_all "$json_page" "${events[@]%% *}"
ok "and all ${#fields[@]} fields" has_all "$json_page" "${fields[@]}"
mapfile -t diagnoses < <("$here/list-facts" diagnoses "$top/client/diagnosis.c")
ok "snagctl(1) has the first lines of all ${#diagnoses[@]} diagnoses" \
        has_all "$page" "${diagnoses[@]/#/\"}"
is 'README.md has the same lines, in their order' \
        "$(sed -n '/^## When it gets stuck/,/^## How/s/^| \(.*[a-z)].*\) |$/\1/p' "$top/README.md")" \
        "$(printf '%s\n' "${diagnoses[@]}")"
is 'that is the whole table' "${#diagnoses[@]}" "$(grep -c '\[DIAGNOSIS_.* =' "$top/client/diagnosis.c")"

mapfile -t options < <(long_options "$snagd")
ok 'snagd(8) has every option' has_all "$(text_of "$snagd_page")" "${options[@]}"

is 'snagctl-station(7) has every key of a station, in their order' \
        "$(sed -n 's/^\.It Ic \([a-z-]*\) : .*/\1/p' "$station_page" | paste -sd' ')" \
        "$("$here/list-facts" station-keys "$top/client/station-config.c" | paste -sd' ')"
# The examples of a file: blocks that begin with 'soc:'.
examples=$(mktemp -d "${TMPDIR:-/tmp}/snagd-manual.XXXXXX")
trap 'rm -rf "$examples"' EXIT
sed -n '/^\.Bd/,/^\.Ed/{/^\.Bd/d;p}' "$station_page" |
        awk -v dir="$examples" '/^soc:/ { n++; out = dir "/" n ".yaml" }
                /^\.Ed/ { if (out) close(out); out = "" } out { print > out }'
ok 'it has an example of a station' test -e "$examples/1.yaml"
for example in "$examples"/*.yaml; do
        # That the images are not there is a finding, on standard output.
        is "which has no mistake: ${example##*/}" "$("$snagctl" check --station "$example" 2>&1 >/dev/null)" ''
done
# Those of a key: blocks that begin with one, added to what every file needs.
keys=$("$here/list-facts" station-keys "$top/client/station-config.c" | paste -sd'|')
n=0
while IFS= read -r -d '' part; do
        n=$((n + 1))
        printf 'soc: am335x\nspl: /s\nu-boot: /u\n%s' "$part" >"$examples/part$n.yaml"
        is "nor has the part that begins with '${part%%$'\n'*}'" \
                "$("$snagctl" check --station "$examples/part$n.yaml" 2>&1 >/dev/null)" ''
done < <(sed -n '/^\.Bd/,/^\.Ed/{/^\.Bd/d;p}' "$station_page" |
        awk -v keys="^($keys):" '/^soc:/ { skip = 1 } $0 ~ keys && !skip { on = 1 } on && /^\.Ed/ { printf "%c", 0 }
                /^\.Ed/ { on = skip = 0 } on')
ok 'there are several of those' test "$n" -ge 2

ok 'the unit names the pages' \
        grep -qx 'Documentation=man:snagd(8) man:org.snagd1(5)' "$top/systemd/snagd.service.in"
ok 'so does that of stations' \
        grep -qx 'Documentation=man:snagctl-station(7) man:snagctl(1)' "$top/systemd/snagctl-station@.service.in"
done_testing
