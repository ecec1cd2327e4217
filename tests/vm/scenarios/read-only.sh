# SPDX-License-Identifier: GPL-2.0-or-later
#
# A flashing station whose root file system is read-only, as snagctl-station(7) makes one,
# booted twice. What lasts is on one small disk: what was put into /etc, the images, the record. Where
# else is anything written, and is what was put into /etc there when systemd, udev and polkit look?
#
# root: squashfs
#
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

images=/srv/boards
# That a board is served in time on a machine as slow as this one is for recover.sh.
options=(--spl "$images/u-boot-spl.bin" --u-boot "$images/u-boot.img")
mark=/run/mark
manager=/org/snagd1
unit=snagctl-station@bench.service
record=/var/lib/snagctl/bench.jsonl

machine_id_of_this_boot() {
        sed 's/.* systemd.machine_id=\([0-9a-f]*\).*/\1/' /proc/cmdline
}

can_open() { # WHO
        "as_$1" busctl --json=short call org.snagd1 $manager org.snagd1.Manager CanOpenSession \
                'sa{sv}' am335x 0 | jq -r '.data[0]'
}

can_open_is() { # WHO ANSWER
        [ "$(can_open "$1")" = "$2" ]
}

# What was written anywhere since the mark, but for what is not ours: the journal, the artifacts of
# this scenario, and the folders that systemd makes for PrivateTmp=, as long as they are empty.
written() {
        find / -regextype posix-extended \
                -regex '/(usr|proc|sys|dev|run|var/log/journal|var/tmp/artifacts)' -prune -o \
                -cnewer $mark -print |
                grep -vxE '/tmp|/var/tmp|(/var)?/tmp/systemd-private-[0-9a-f]{32}-snag[^/]*(/tmp)?'
}

# The same below /run, where snagd and its clients might.
written_in_run_by_us() {
        find /run -cnewer $mark \( -user snagd -o -user snagctl-station -o -name '*snag*' \) ! -path '/run/snagd-test*' \
                ! -path '/run/systemd/*' ! -path '/run/credentials*'
}

# The recipe once more, in a mount namespace of its own and with another program for systemd: prints on
# what /srv is when there is no such disk.
srv_without_disk() {
        # shellcheck disable=SC2016 # The inner shell's.
        unshare --mount bash -c '
                mount --bind /dev/null "$(findfs LABEL=station)" &&
                        mount --bind /usr/bin/stat "$(realpath /sbin/init)" &&
                        exec /usr/local/sbin/read-only-init --file-system --format=%T /srv'
}

has_warned() {
        journalctl -b -p err -o cat -t read-only-init | grep -q 'nothing will be kept'
}

# Where a process could write, as its mount namespace has it. What is mounted below /run, /run/user/1000
# for one, is seen there if it comes after the process.
writable_for() { # PID
        findmnt -N "$1" -rn -O rw -o TARGET | grep -vE '^/(proc|sys|dev)(/|$)|^/run/' | sort -u | paste -sd' '
}

# One recovery on port 0, snagd started by it: who wrote what?
recovery_writes_nothing() { # REPORT WHO
        systemctl stop snagd.service
        touch $mark
        start_recovery "$2" --port "$(port_name 0)"
        ok "$1: a session waits, of a snagd that D-Bus has started" wait_until has_session_in waiting
        is "$1: what snagd could write to is /run and a /tmp of its own" \
                "$(writable_for "$(snagd_pid)")" '/run /tmp /var/tmp'
        plug_board "$1" 0 "${options[@]}"
        wait_client
        is "$1: the recovery succeeds" $? 0
        wait_exit "$board"
        is "$1: the board has both images" \
                "$(result "$1" '[.ok, .rom.image_ok, .spl.image_ok] | map(tostring) | join(" ")')" 'true true true'
        is "$1: the ROM's first request was answered" "$(late_requests "$1")" 0
        is "$1: nothing was written" "$(written)" ''
        is "$1: nor in /run" "$(written_in_run_by_us)" ''
}

has_records() { # N
        [ "$(wc -l <$record)" = "$1" ]
}

# The Nth board of the station's life.
station_recovers() { # N
        is "station $1: what it could write to is its record, and what snagd could" \
                "$(writable_for "$(systemctl show -P MainPID $unit)")" \
                '/run /tmp /var/lib/snagctl /var/tmp'
        touch $mark
        plug_board "station-$1" 0 "${options[@]}"
        wait_exit "$board"
        is "station $1: a board is recovered" "$(result "station-$1" .ok)" true
        ok "station $1: there is a line for it in the record" wait_until has_records "$1"
        is "station $1: nothing else was written" "$(written | grep -vx /var/lib/snagctl)" $record
        is "station $1: nor in /run" "$(written_in_run_by_us)" ''
}

is 'the root is a squashfs' "$(findmnt -no FSTYPE /)" squashfs
is 'and read-only' "$(findmnt -no OPTIONS / | cut -d, -f1)" ro
ok 'nobody can write there' not touch /usr/lib/snagd-tests/new
is '/etc is an overlay' "$(findmnt -no FSTYPE /etc)" overlay
is 'the records are on the disk' "$(findmnt -no FSTYPE /var/lib/snagctl)" ext4
is 'systemd is up' "$(systemctl is-system-running)" running
is 'no unit has failed' "$(systemctl list-units --failed --plain --no-legend)" ''
is 'this boot has a machine id of its own' "$(cat /etc/machine-id)" "$(machine_id_of_this_boot)"
ok 'the unit is sound' systemd-analyze verify --man=no --recursive-errors=no snagd.service
use_ports 2

if [ "$SNAGD_TEST_BOOT" = 1 ]; then
        make_images $images
        cp /etc/machine-id /etc/machine-id.before
        recovery_writes_nothing first seat_user
        touch /etc/written /srv/written /tmp/written /var/lib/snagctl/written /var/lib/written
        is 'what is written is seen' "$(written | grep -c /written)" 5
        rm /etc/written /srv/written /tmp/written /var/lib/snagctl/written /var/lib/written
        is 'without the disk the machine comes up all the same' "$(srv_without_disk)" tmpfs
        ok 'and says so' wait_until has_warned

        # polkit, while it runs.
        cat >/etc/polkit-1/rules.d/10-station.rules <<-END
		polkit.addRule(function(action, subject) {
		    if (action.id == "org.snagd1.open-session" && subject.user == "user")
		        return polkit.Result.NO;
		});
	END
        ok 'a polkit rule in the overlay is found: it forbids' wait_until can_open_is seat_user no
        start_recovery seat_user
        wait_client
        is 'snagctl is refused' $? 3
        rm /etc/polkit-1/rules.d/10-station.rules
        ok 'and is missed when it is removed' wait_until can_open_is seat_user yes

        # For the next boot: whoever is looked for there was not told of it.
        is 'a user in no session may not recover boards' "$(can_open user2)" challenge
        cat >/etc/polkit-1/rules.d/10-station.rules <<-END
		polkit.addRule(function(action, subject) {
		    if (action.id == "org.snagd1.open-session" && subject.user == "user2")
		        return polkit.Result.YES;
		});
	END
        echo 'DEVPATH=="*/dummy_hcd.1/*", ENV{ID_SNAGD_IGNORE}="1"' >/etc/udev/rules.d/69-snagd-local.rules
        mkdir /etc/systemd/system/snagd.service.d
        printf '%s\n' '[Unit]' 'Description=The boards of the bench' \
                >/etc/systemd/system/snagd.service.d/station.conf
        mkdir -p /etc/snagd/stations
        printf '%s\n' 'soc: am335x' "spl: $images/u-boot-spl.bin" "u-boot: $images/u-boot.img" \
                >/etc/snagd/stations/bench.yaml
        ok 'a station is enabled' systemctl enable --now --quiet $unit
        station_recovers 1
        boot_again
        done_testing
fi

ok 'the machine id is not that of the boot before' not cmp /etc/machine-id /etc/machine-id.before
ok 'the station is running' systemctl is-active $unit
station_recovers 2
is 'the record has the board of before, too' "$(jq -r .result $record | paste -sd' ')" 'recovered recovered'
ok 'the station is switched off' systemctl disable --now --quiet $unit
is 'the drop-in is found' "$(systemctl show -P Description snagd.service)" 'The boards of the bench'
is 'the polkit rule is found' "$(can_open user2)" yes
plug_board ignored 1 "${options[@]}"
usb=/sys/bus/usb/devices/$(port_name 1):1.0
ok 'a board that is not to be touched is plugged in' wait_until test -e "$usb/net"
ok 'and known to udev' wait_until udevadm info --query=property "$usb"
udevadm settle
is 'the udev rule is found' "$(udevadm info --query=property --property=ID_SNAGD_IGNORE --value "$usb")" 1
ok 'to snagd it is no board' has_no_board
kill "$board"
wait_exit "$board"
recovery_writes_nothing second user2
is 'no unit has failed' "$(systemctl list-units --failed --plain --no-legend)" ''
is 'snagd had nothing to complain about' "$(journalctl -u snagd -p warning -o cat)" ''
done_testing
