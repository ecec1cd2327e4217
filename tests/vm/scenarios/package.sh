# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian package (run-vm --package): installed, used at once, upgraded while a board is recovered,
# removed, purged. It stays installed: what comes after this scenario is tried with the package.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

deb=$SNAGD_TESTS/snagd.deb
images=/var/tmp/images-package
[ -e "$deb" ] || skip 'no package was given (run-vm --package)'

mapfile -t files < <(dpkg-deb --fsys-tarfile "$deb" | tar -t | sed -n 's|^\./\(.*[^/]\)$|/\1|p')

left_over() {
        local file
        for file in "${files[@]}"; do
                [ ! -e "$file" ] || echo "$file"
        done
}

recover() {
        start seat_user snagctl recover am335x --spl $images/u-boot-spl.bin --u-boot $images/u-boot.img >&2
        client=$started
}

both_images() {
        result "$1" '[.ok, .rom.image_ok, .spl.image_ok] | map(tostring) | join(" ")'
}

has_board() {
        [ "$(boards .Port)" = "$(port_name 0)" ]
}

make_images $images
use_ports 1
cursor=$(journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p')

# What is there is what 'meson install' has left: away with it.
systemctl stop snagd.service
rm -f "${files[@]}"
userdel snagctl-station
userdel snagd
systemctl daemon-reload
is 'there is nothing before' "$(left_over)" ''

plug_board package-1 0 --spl $images/u-boot-spl.bin --u-boot $images/u-boot.img
ok 'a board is plugged in' wait_until test -e "/sys/bus/usb/devices/$(port_name 0)"
udevadm settle
ok 'the package is installed' dpkg --install "$deb"
is 'there is a user' "$(id -nG snagd)" snagd
is 'and one for stations, who may recover boards' "$(id -nG snagctl-station)" 'snagctl-station snagd'
is 'there is a place for their files' "$(stat -c '%F %U %a' /etc/snagd/stations)" 'directory root 755'
is 'no station is enabled' "$(systemctl list-unit-files --plain --no-legend 'snagctl-station@*' |
        cut -d' ' -f2)" disabled
is 'nothing runs' "$(systemctl show -P ActiveState snagd.service)" inactive
is 'nothing is enabled' "$(systemctl is-enabled snagd.service)" static
is 'the journal knows its messages' "$(journalctl --list-catalog | grep -c ' snagd: ')" 8

ok 'the board that was plugged in before is known' wait_until has_board
recover
wait_exit "$client"
is 'it works at once' $? 0
wait_exit "$board"
is 'and the board has both images' "$(both_images package-1)" 'true true true'

recover
ok 'somebody waits for a board' wait_until has_session_in waiting
pid=$(snagd_pid)
ok 'the package is upgraded meanwhile' dpkg --install "$deb"
is 'snagd was left alone' "$(snagd_pid)" "$pid"
plug_board package-2 0 --spl $images/u-boot-spl.bin --u-boot $images/u-boot.img
wait_exit "$client"
is 'the recovery succeeds' $? 0
wait_exit "$board"
is 'and the board has both images' "$(both_images package-2)" 'true true true'

mkdir -p /var/lib/snagctl
echo '{}' >/var/lib/snagctl/bench.jsonl
echo 'soc: am335x' >/etc/snagd/stations/bench.yaml
recover
ok 'somebody waits for a board' wait_until has_session_in waiting
ok 'the package is removed meanwhile' dpkg --remove snagd
wait_exit "$client"
is 'the recovery ends' $? 1
is 'snagd is gone' "$(pidof snagd)" ''
is 'no file is left' "$(left_over)" ''
is 'systemd has forgotten it' "$(systemctl show -P LoadState snagd.service)" not-found
is 'the record is left' "$(cat /var/lib/snagctl/bench.jsonl)" '{}'
ok 'the package is purged' dpkg --purge snagd
is 'the records are gone' "$(ls -d /var/lib/snagctl 2>/dev/null)" ''
is 'what was written by hand is not' "$(cat /etc/snagd/stations/bench.yaml)" 'soc: am335x'
rm -r /etc/snagd
ok 'and dpkg has forgotten it' not dpkg-query --status snagd
is 'nothing of it is enabled or running' "$(systemctl list-units --all --plain --no-legend 'snagd*' |
        grep -v snagd-test)" ''
is 'nothing is left in /etc and /var' \
        "$(find /etc /var/lib -path '*snagd*' ! -path '*snagd-test*' ! -path '*private*')" ''

ok 'it can be installed again' dpkg --install "$deb"
is 'no unit has failed' "$(systemctl list-units --failed --plain --no-legend)" ''
# NetworkManager had the first board until there were rules.
is 'nobody had anything else to complain about' \
        "$(journalctl --after-cursor="$cursor" -p warning -o cat | grep -i snagd |
                grep -v '^Session s1: takes the board on port .* although another program has set up its interface')" ''
done_testing
