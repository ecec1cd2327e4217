# SPDX-License-Identifier: GPL-2.0-or-later
#
# The files of a real distribution, as somebody who has just installed both has them: MLO and u-boot.img of
# Debian's u-boot-omap, named by a configuration in the form of Snagboot's template; and what one gets
# wrong with them on the first day, each told before a board, snagd or a password is bothered.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

debian=/usr/lib/u-boot
home=/home/user
folder=$home/beaglebone
# The board's RAM gets the MLO without the header that is for cards: the TOC of 512 bytes, and 8 of the GP's.
raw=/var/tmp/raw-spl

write() { # FILE LINE…
        local file=$folder/$1
        shift
        printf '%s\n' "$@" >"$file"
}

make_files() {
        mkdir -p "$folder/empty-folder"
        cd "$folder" || return
        cp "$debian/am335x_boneblack/MLO" "$debian/am335x_boneblack/u-boot.img" .
        cp "$debian/am335x_evm/u-boot.img" u-boot-evm.img
        tail -c +521 MLO >$raw

        # As 'snagrecover -t am335x-beaglebone-black' prints it.
        write board.yaml 'spl:' '        path: MLO' 'u-boot:' '        path: u-boot.img' ''
        write swapped.yaml 'spl:' '  path: u-boot.img' 'u-boot:' '  path: MLO'
        write tabs.yaml 'spl:' $'\tpath: MLO' 'u-boot:' $'\tpath: u-boot.img'
        write flat.yaml 'spl:' 'path: MLO' 'u-boot:' 'path: u-boot.img'
        write short.yaml 'spl: MLO' 'u-boot: u-boot.img'
        write half.yaml 'spl:' '  path: MLO'
        write misspelt.yaml 'spl:' '  path: MLO' 'uboot:' '  path: u-boot.img'
        write elsewhere.yaml 'spl:' '  path: MLO' 'u-boot:' '  path: build/u-boot.img'

        cp $raw u-boot-spl.bin
        gzip -k MLO u-boot.img
        head -c 700000 u-boot.img >cut.img
        head -c 100000 MLO >cut-MLO
        cp u-boot.img flipped.img
        printf '\377' | dd of=flipped.img bs=1 seek=500000 conv=notrunc status=none
        cmp -s u-boot.img flipped.img && return 1
        # What the linker left, of which objcopy makes the two; the start of one says all of it.
        { printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\50\0' && head -c 1000 MLO; } >u-boot.elf
        : >empty.img
        cp u-boot.img secret.img
        chown -R user:user "$folder"
        chown root:root secret.img
        chmod 600 secret.img
}

# usage: recovers_with TEXT U_BOOT ARGUMENT…: one result: the board that is plugged in then has the raw SPL
# and that U-Boot, both byte for byte.
recovers_with() {
        local text=$1 u_boot=$2 status report=distribution-$1
        report=${report// /-}
        shift 2
        client_log=$(mktemp -p "$ARTIFACTS" snagctl.XXXXXX)
        start seat_user snagctl recover "$@" >"$client_log" 2>&1
        client=$started
        wait_until has_session_in waiting
        plug_board "$report" 0 --spl $raw --u-boot "$u_boot"
        wait_client
        status=$?
        wait_exit "$board"
        is "$text: the board has the raw SPL and U-Boot, byte for byte" "$status $(result "$report" \
                '[.ok, .rom.image_ok, .rom.bytes, .spl.image_ok, .spl.bytes] | map(tostring) | join(" ")')" \
                "0 true true $(stat -c %s $raw) true $(stat -c %s "$u_boot")"
}

# usage: refused TEXT PATTERN ARGUMENT…: one result: 'snagctl recover' in that folder ends with 2, and its
# last line but for the one that names the help has that in it.
refused() {
        local text=$1 pattern=$2 output status=0
        shift 2
        # shellcheck disable=SC2016
        output=$(as_seat_user sh -c 'cd beaglebone && exec timeout 60 snagctl "$@"' sh "$@" 2>&1) ||
                status=$?
        printf '$ snagctl %s\n%s\n' "$*" "$output" >&2
        output=$(grep -v "^snagctl: see 'snagctl" <<<"$output" | tail -n1)
        if [ $status = 2 ] && [[ $output == "snagctl: "*"$pattern"* ]]; then
                pass "refused: $text"
        else
                note "got:    $status $output"
                note "wanted: 2 snagctl: …$pattern…"
                fail "refused: $text"
        fi
}

use_ports 1
ok 'there are the files of the distribution' make_files
is 'the raw SPL is 520 bytes less than the MLO' $(($(stat -c %s "$folder/MLO") - $(stat -c %s $raw))) 520
before=$(host_state)

# Nothing is wrong with them, nor with the machine.
as_seat_user snagctl check am335x -f beaglebone/board.yaml >"$ARTIFACTS/check" 2>&1
is 'snagctl check has no problem' $? 0
is 'and not even a warning' "$(sed 's/:.*//' "$ARTIFACTS/check" | sort -u)" $'note\nok'
ok 'it says what is made of the MLO' grep -q "^note: 'beaglebone/MLO' is an MLO: its header of 520 bytes" \
        "$ARTIFACTS/check"

recovers_with "by the YAML file and the chip's name" "$folder/u-boot.img" am3358 -f beaglebone/board.yaml
ok 'snagctl said what it made of the MLO' has_client_said "'beaglebone/MLO' is an MLO: its header of 520 bytes"
ok 'and warned of nothing' not has_client_said 'warning'
# All of Debian's MLOs are one and the same, and its U-Boot for the evaluation board knows the BeagleBone, too.
recovers_with 'with another U-Boot' "$folder/u-boot-evm.img" am335x -f beaglebone/board.yaml \
        --u-boot beaglebone/u-boot-evm.img

# The first day. The board waits in its ROM all the while, and snagd is not even started.
systemctl stop snagd.service
cursor=$(journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p')
plug_board first-day 0 --spl $raw --u-boot "$folder/u-boot.img" --give-up 900
wait_board first-day plug rom
soc=(recover am335x)

refused 'SPL and U-Boot swapped' 'and no SPL; are --spl and --u-boot swapped?' \
        "${soc[@]}" --spl u-boot.img --u-boot MLO
refused 'the same in the YAML file' 'and no SPL; are --spl and --u-boot swapped?' "${soc[@]}" -f swapped.yaml
refused 'u-boot.img twice' 'is an image like u-boot.img and no SPL' \
        "${soc[@]}" --spl u-boot.img --u-boot u-boot.img
refused 'MLO twice' "'MLO' is an MLO and not U-Boot" "${soc[@]}" --spl MLO --u-boot MLO
refused 'the raw SPL for U-Boot' "'u-boot-spl.bin' is an SPL and not U-Boot" \
        "${soc[@]}" --spl MLO --u-boot u-boot-spl.bin
refused 'an ELF file for the SPL' 'is an ELF file, which a board cannot load; --spl wants' \
        "${soc[@]}" --spl u-boot.elf --u-boot u-boot.img
refused 'an ELF file for U-Boot' 'is an ELF file, which a board cannot load; --u-boot wants' \
        "${soc[@]}" --spl MLO --u-boot u-boot.elf
refused 'a program of this computer' 'is an ELF file for another processor (x86)' \
        "${soc[@]}" --spl MLO --u-boot /usr/bin/snagctl
refused "a gzip'ed MLO" "'MLO.gz' is packed (gzip), and a board cannot unpack it; unpack it first, with 'gunzip'" \
        "${soc[@]}" --spl MLO.gz --u-boot u-boot.img
refused "a gzip'ed U-Boot" "'u-boot.img.gz' is packed (gzip)" "${soc[@]}" --spl MLO --u-boot u-boot.img.gz
refused 'a truncated U-Boot' "'cut.img' is damaged or incomplete: it is shorter than its image tree says" \
        "${soc[@]}" --spl MLO --u-boot cut.img
refused 'a truncated MLO' "'cut-MLO' is an MLO, but damaged or incomplete: it is shorter than its header says" \
        "${soc[@]}" --spl cut-MLO --u-boot u-boot.img
refused 'a U-Boot with one wrong byte' 'the checksum of an image in it is wrong' \
        "${soc[@]}" --spl MLO --u-boot flipped.img
refused 'an empty file' "'empty.img' is empty" "${soc[@]}" --spl MLO --u-boot empty.img
refused 'a folder' "'empty-folder' is a directory; name the file in it" \
        "${soc[@]}" --spl empty-folder --u-boot u-boot.img
refused 'a file that is not there' "cannot open 'mlo': No such file or directory" \
        "${soc[@]}" --spl mlo --u-boot u-boot.img
refused "somebody else's file" "cannot open 'secret.img': Permission denied" \
        "${soc[@]}" --spl MLO --u-boot secret.img
refused 'standard input' "'-': standard input is not read" "${soc[@]}" --spl - --u-boot u-boot.img
refused "another SoC's MLO" "'MLO' is an MLO for another SoC (loaded to 0x402f0400, while one for am437x" \
        recover am437x -f board.yaml

refused 'YAML with tabs' 'tabs.yaml:2:1: not YAML' "${soc[@]}" -f tabs.yaml
refused 'YAML without indentation' "flat.yaml:1:5: 'spl' has nothing; expected 'path: FILE' below it" \
        "${soc[@]}" -f flat.yaml
refused 'YAML without path' "short.yaml:1:6: 'spl' has a word; expected 'path: FILE' below it" \
        "${soc[@]}" -f short.yaml
refused 'YAML without U-Boot' "half.yaml:1:1: no 'u-boot' here" "${soc[@]}" -f half.yaml
refused 'YAML with a key misspelt' "misspelt.yaml:3:1: unknown key 'uboot'; did you mean 'u-boot'?" \
        "${soc[@]}" -f misspelt.yaml
refused 'YAML with a file that is not there' "cannot open 'build/u-boot.img': No such file or directory" \
        "${soc[@]}" -f elsewhere.yaml
refused 'no such YAML file' "cannot open 'board.yml': No such file" "${soc[@]}" -f board.yml
refused 'an image for the YAML file' "'MLO' has 110248 bytes, far more than a firmware configuration" \
        "${soc[@]}" -f MLO

refused 'a command misspelt' "unknown command 'recovr'; did you mean 'recover'?" recovr am335x -f board.yaml
refused 'no SoC' 'which SoC? known: am335x, am437x' recover -f board.yaml
refused 'a SoC misspelt' "unknown SoC 'am355x'; did you mean 'am335x'?" recover am355x -f board.yaml
refused "the board's name for the SoC" "unknown SoC 'beaglebone'; known: am335x, am437x" \
        recover beaglebone -f board.yaml
refused 'no files' '--spl FILE is missing (or -f BOARD.yaml, which names it)' "${soc[@]}"
refused 'half of the files' '--u-boot FILE is missing (or -f BOARD.yaml' "${soc[@]}" --spl MLO
refused 'an option misspelt' "unknown option '--uboot'; did you mean '--u-boot'?" \
        "${soc[@]}" --spl MLO --uboot u-boot.img
refused 'an option without its value' "option '--u-boot' needs a value: --u-boot FILE" \
        "${soc[@]}" --spl MLO --u-boot
refused 'a time in minutes' "'2m' is no time: --timeout wants seconds" "${soc[@]}" -f board.yaml --timeout 2m

is 'of all that snagd has heard nothing' "$(journalctl --after-cursor="$cursor" -u snagd -o cat)" ''
is 'and the board nothing: its link was not even brought up' "$(grep -c link-up "$ARTIFACTS/first-day.json")" 0
as_seat_user snagctl recover am335x -f beaglebone/board.yaml >&2
status=$?
wait_exit "$board"
is 'then the right command recovers the same board' "$status $(result first-day .ok)" '0 true'

# A raw SPL does not say what it is for: to another SoC it is only small enough.
as_seat_user snagctl check am437x --spl beaglebone/u-boot-spl.bin --u-boot beaglebone/u-boot.img >&2
is "another SoC's raw SPL cannot be told" $? 0

ok 'no session is left' wait_until has_no_session
ok 'the system is as before' wait_until state_is "$before"
done_testing
