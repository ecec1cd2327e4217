#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion of snagctl, in the real shells. What they ask for is answered by a fake snagctl.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

snagctl=$(realpath "$1")
zsh_file=$2
bash_file=$3
fish_file=$4

work=$(mktemp -d "${TMPDIR:-/tmp}/snagd-completion.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Autoloaded, as they are from where they are installed.
mkdir -p "$work"/home/{zsh,.local/share/bash-completion/completions,.config/fish/completions} "$work"/{bin,cwd/folder}
cp "$zsh_file" "$work/home/zsh/_snagctl"
cp "$bash_file" "$work/home/.local/share/bash-completion/completions/snagctl"
cp "$fish_file" "$work/home/.config/fish/completions/snagctl.fish"
cat >"$work/bin/snagctl" <<'END'
#!/bin/sh
echo "$*" >>"$FAKE/calls"
case "$FAKE_FAULT" in
fails) echo 'snagctl: cannot reach snagd' >&2; exit 1 ;;
hangs) exec sleep 60 ;;
esac
cat "$FAKE/$1"
END
chmod +x "$work/bin/snagctl"
cat >"$work/list" <<'END'
PORT     PATH                         SOC     STAGE  SESSION  PROBLEM
1-1.4    pci-0000:00:14.0-usb-0:1.4   am335x  rom    s7       -
3-2      -                            am335x  spl    -        Somebody uses its network interface.
END
cat >"$work/status" <<'END'
SESSION  STATE    PORT   SOC     STAGE  USER   FAILURE
s7       ready    1-1.4  am335x  rom    alice  -
s12      waiting  -      am335x  -      bob    -
END
touch "$work"/cwd/{MLO,board.yaml,old.pcapng,picture.svg,record.jsonl,u-boot-spl.bin,u-boot.img,fit.itb,notes.txt}
export FAKE=$work FAKE_FAULT=
unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_DATA_DIRS BASH_ENV ENV

press() {
        (cd "$work/cwd" && HOME=$work/home PATH=$work/bin:$PATH "$here/press-tab" "$@")
}

first_in_fish() { # LINE HOW-MANY
        (cd "$work/cwd" && HOME=$work/home PATH=$work/bin:$PATH fish -c "complete -C '$1'") | head -n "$2" | cut -f1 | paste -sd' '
}

options_of() {
        "$snagctl" "$@" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | sed 's/.* //' | sort -u | paste -sd' '
}

with() { # OPTION…
        tr ' ' '\n' <<<"$*" | sort -u | paste -sd' '
}

common='--json --no-ask-password --quiet --verbose'
verbs=$("$snagctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' | sort | paste -sd' ')
recover_options=$(options_of recover)

lines=(
        'snagctl '
        'snagctl --'
        'snagctl recover '
        'snagctl recover --'
        'snagctl recover am335x --stag'
        'snagctl recover am335x --spl '
        'snagctl recover am335x --u-boot '
        'snagctl recover am335x --u-boot=f'
        'snagctl recover am335x --port '
        'snagctl recover am335x --port=1'
        'snagctl recover am335x --port pci-0000:0'
        'snagctl recover am335x --stage '
        'snagctl close '
        'snagctl list --'
        'snagctl recover am335x -f '
        'snagctl recover am335x --firmware=b'
        'snagctl --quiet recover am335x --stag'
        'snagctl recover am335x --capture '
        'snagctl report --'
        'snagctl report record.jsonl r'
        'snagctl report --svg p'
        'snagctl recover am335x --record r'
        'snagctl -H lab '
        'snagctl --host=lab clo'
        'snagctl -H lab close '
        'snagctl --host=lab close '
)

for shell in bash zsh fish; do
        if ! command -v $shell >/dev/null; then
                [ "${CI:-}" != true ] || fail "$shell is here"
                note "without $shell: not installed"
                continue
        fi
        mapfile -t got < <(press $shell "${lines[@]}")
        # bash and zsh offer options only when asked for; fish as well.
        is "$shell: commands" "$(tr ' ' '\n' <<<"${got[0]}" | grep -v ^-- | paste -sd' ')" "$verbs"
        is "$shell: global options" "${got[1]}" "$(options_of)"
        is "$shell: the SoC" "$(tr ' ' '\n' <<<"${got[2]}" | grep -v ^-- | paste -sd' ')" 'am335x am437x'
        is "$shell: options of recover" "${got[3]}" "$(with "$recover_options" "$common")"
        is "$shell: the beginning of one" "${got[4]}" --stage
        if [ $shell = fish ]; then
                # It offers every file, those first that fit.
                is "$shell: files for --spl" "$(first_in_fish "${lines[5]}" 2)" 'u-boot-spl.bin MLO'
                is "$shell: files for --u-boot" "$(first_in_fish "${lines[6]}" 2)" 'fit.itb u-boot.img'
                is "$shell: files for --capture" "$(first_in_fish "${lines[17]}" 1)" old.pcapng
        else
                is "$shell: files for --spl" "${got[5]}" 'MLO folder u-boot-spl.bin'
                is "$shell: files for --u-boot" "${got[6]}" 'fit.itb folder u-boot.img'
                is "$shell: files for --capture" "${got[17]}" 'folder old.pcapng'
        fi
        is "$shell: a Snagboot file" "$(tr ' ' '\n' <<<"${got[14]}" | grep yaml)" board.yaml
        is "$shell: one behind '='" "${got[15]}" board.yaml
        is "$shell: files behind '='" "${got[7]/ u-boot.img/}" 'fit.itb folder'
        is "$shell: ports of the boards that are there" "${got[8]}" '1-1.4 3-2 pci-0000:00:14.0-usb-0:1.4'
        is "$shell: a port behind '='" "${got[9]}" 1-1.4
        is "$shell: a port by ID_PATH, with its colons" "${got[10]}" pci-0000:00:14.0-usb-0:1.4
        is "$shell: stages" "${got[11]}" 'rom spl'
        is "$shell: sessions and their ports" "${got[12]}" '1-1.4 s12 s7'
        is "$shell: a command without options of its own" "${got[13]}" "$(with --help --host "$common")"
        is "$shell: an option behind one of the program" "${got[16]}" --stage
        is "$shell: options of report" "${got[18]}" "$(with "$(options_of report)" "$common")"
        is "$shell: a record" "$(tr ' ' '\n' <<<"${got[19]}" | grep jsonl)" record.jsonl
        is "$shell: a picture" "${got[20]}" picture.svg
        is "$shell: a file for --record" "$(tr ' ' '\n' <<<"${got[21]}" | grep jsonl)" record.jsonl
        is "$shell: commands behind a host" "$(tr ' ' '\n' <<<"${got[22]}" | grep -v ^-- | paste -sd' ')" "$verbs"
        is "$shell: one behind '--host='" "${got[23]}" close
        is "$shell: sessions of another machine are not asked for" "${got[24]}${got[25]}" ''
        for fault in fails hangs; do
                is "$shell: no port, and soon, when snagctl $fault" \
                        "$(FAKE_FAULT=$fault press $shell "${lines[8]}" | tr -d '\n')" ''
        done
done
is 'snagctl was called for nothing that asks for a password' "$(sort -u "$work/calls" | paste -sd' ')" 'list status'
done_testing
