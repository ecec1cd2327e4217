# SPDX-License-Identifier: GPL-2.0-or-later
#
# A station as a unit: start, mistakes in its file, new images in the middle of a recovery, a client that is
# killed or hangs, a full disk, commands that hang, fork away, or need USB devices or lamps.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

unit=snagctl-station@bench.service
stations=/etc/snagd/stations
state=/var/lib/snagctl
record=$state/bench.jsonl
boards=/srv/boards # what the station sends: one of these at a time
old=/srv/old
new=/srv/new

use_ports 1
make_images $old
make_images $new 60002 400000
install -D -m 644 -t $boards $old/*
ports="ports: ['platform-dummy_hcd.*']"

write_station() { # LINE…
        printf '%s\n' 'soc: am335x' "spl: $boards/u-boot-spl.bin" "u-boot: $boards/u-boot.img" "$@" >$stations/bench.yaml
}

plug() { # REPORT PORT FOLDER [OPTION…]
        local report=$1 port=$2 folder=$3
        shift 3
        plug_board "$report" "$port" --spl "$folder/u-boot-spl.bin" --u-boot "$folder/u-boot.img" \
                --host-timeout 60 "$@"
}

properties() { # NAME…
        local name
        for name; do
                systemctl show -P "$name" $unit
        done | paste -sd' '
}

status_is() {
        [ "$(systemctl show -P StatusText $unit)" = "$1" ]
}

has_status_with() {
        [[ $(systemctl show -P StatusText $unit) == *"$1"* ]]
}

main_pid() {
        systemctl show -P MainPID $unit
}

# Another process than $1, which is up.
is_restarted() {
        local pid
        pid=$(main_pid)
        [ "$pid" != 0 ] && [ "$pid" != "$1" ] && [ "$(systemctl show -P ActiveState $unit)" = active ]
}

# Not by a cursor: once in hundreds of times journalctl found nothing behind one, where the journal had it.
logged() {
        journalctl -u $unit -o cat | tail -n +$((n_logged + 1))
}

has_logged() {
        logged | grep -e "$1" >/dev/null
}

mark_log() {
        n_logged=$(journalctl -u $unit -o cat | wc -l)
}

n_lines() {
        jq -s length $record
}

has_lines() {
        [ "$(n_lines)" = "$1" ]
}

# Processes of the unit beside snagctl itself.
others_of_unit() {
        local group pid main
        group=/sys/fs/cgroup$(systemctl show -P ControlGroup $unit)
        main=$(main_pid)
        find "$group" -name cgroup.procs -exec cat {} + | while read -r pid; do
                [ "$pid" = "$main" ] || cat "/proc/$pid/comm" 2>/dev/null
        done
}

has_no_others() {
        [ -z "$(others_of_unit)" ]
}

# A file of systemd's or udev's as the manual has it.
from_manual() { # PATH
        mkdir -p "$(dirname "$1")"
        zcat -f /usr/share/man/man7/snagctl-station.7* |
                sed -n "\\|^# $1\$|,/^\\(\\.Ed\\|\\)\$/{/^#/p;/^[^.#]/p}" | sed 's/ \\e$/ \\/' >"$1"
        [ "$(wc -l <"$1")" -ge 3 ]
}

mark_log
first=$(journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p')

# --- its file ------------------------------------------------------------------------------------

printf 'soc: am35x\nspll: /s\nu-boot: u-boot.img\nports: [1-1.4]\n' >$stations/bench.yaml
is 'a station with mistakes does not start' "$(systemctl start $unit 2>/dev/null || echo $?)" 1
is 'it says so by exit status 2' "$(systemctl show -P ExecMainStatus $unit)" 2
is 'and is not tried again' "$(properties SubState NRestarts)" 'failed 0'
for place in 1:6 2:1 3:9 4:9 1:1; do
        ok "the journal has the mistake in bench.yaml:$place" has_logged "^snagctl: $stations/bench.yaml:$place: "
done
is "and 'snagctl check' has the same ones" \
        "$(snagctl check --station bench 2>&1 | sed 's/^snagctl: //' | sort)" \
        "$(logged | sed -n "s|^snagctl: $stations|$stations|p" | sort)"
systemctl reset-failed $unit

write_station "$ports"
is 'one without is good' "$(setpriv --reuid=snagctl-station --regid=snagctl-station --init-groups \
        snagctl check --station bench | grep -E '^(problem|warning)')" ''

# --- start ---------------------------------------------------------------------------------------

mark_log
ok 'it starts' systemctl enable --now --quiet $unit
is 'and is up' "$(properties ActiveState SubState)" 'active running'
ok 'its status says that it has nothing to do' status_is '0 boards now, 0 done, 0 failed'
is 'it runs as its user, without any privilege' \
        "$(awk '/^(Uid|CapPrm|CapBnd|CapAmb|NoNewPrivs)/ { print $2 }' "/proc/$(main_pid)/status" | paste -sd' ')" \
        "$(id -u snagctl-station) 0000000000000000 0000000000000000 0000000000000000 1"
is 'systemd thinks well of its sandbox' \
        "$(systemd-analyze security $unit 2>/dev/null | sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')" 0.6

plug station-1 0 $old
wait_exit "$board"
is 'a board is recovered' "$(result station-1 .ok)" true
ok 'the status counts it' wait_until status_is '0 boards now, 1 done, 0 failed'
ok 'the record has a line of it' wait_until has_lines 1
is 'which says so' "$(jq -r '[.result, .soc] | join(" ")' $record)" 'recovered am335x'

# --- new images in the middle of a recovery ------------------------------------------------------

plug station-2 0 $old --host-timeout 120
wait_board station-2 plug spl
kill -STOP "$board"
ok 'one board is under way' wait_until has_status_with '1 board now'
install -m 644 -t $boards $new/*
mark_log
ok 'the station is told of new images' systemctl reload $unit
ok 'and says that the next boards get them' wait_until has_logged 'the next boards get the images as they are now'
ok 'its status is as before' wait_until status_is '1 board now, 1 done, 0 failed'
kill -CONT "$board"
wait_exit "$board"
is 'the board that was under way has the old ones' "$(result station-2 .ok)" true
plug station-3 0 $new
wait_exit "$board"
is 'the next one has the new ones' "$(result station-3 .ok)" true
ok 'both are counted' wait_until status_is '0 boards now, 3 done, 0 failed'

echo 'prots: []' >>$stations/bench.yaml
pid=$(main_pid)
mark_log
systemctl reload $unit
ok 'a reload with a mistake fails, and the status says so' wait_until has_status_with 'the last reload failed'
ok 'the journal has its place' has_logged "bench.yaml:5:1: unknown key 'prots'; did you mean 'ports'?"
plug station-4 0 $new
wait_exit "$board"
is 'boards are recovered all the same' "$(result station-4 .ok)" true
write_station "$ports"
systemctl reload $unit
ok 'until it is put right' wait_until status_is '0 boards now, 4 done, 0 failed'
is 'all that was one process' "$(main_pid)" "$pid"

# --- killed, and hanging -------------------------------------------------------------------------

plug station-5 0 $new --silent-after spl:block=20
wait_board station-5 silent spl
systemctl kill --signal=KILL --kill-whom=main $unit
ok 'killed in the middle of a recovery it is started again' wait_until is_restarted "$pid"
kill "$board"
wait_exit "$board"
plug station-6 0 $new
wait_exit "$board"
is 'and goes on' "$(result station-6 .ok)" true

mkdir -p /run/systemd/system/$unit.d
printf '[Service]\nWatchdogSec=10\nRestartSec=1\n' >/run/systemd/system/$unit.d/watchdog.conf
systemctl daemon-reload
systemctl restart $unit
pid=$(main_pid)
mark_log
kill -STOP "$pid"
ok 'one that hangs is started again' wait_until is_restarted "$pid"
ok 'by the watchdog' wait_until has_logged 'Watchdog timeout'
rm -r /run/systemd/system/$unit.d
systemctl daemon-reload

# --- the disk is full ----------------------------------------------------------------------------

systemctl stop $unit
is 'it can be stopped' "$(properties ActiveState Result)" 'inactive success'
lines=$(n_lines)
mount -t tmpfs -o size=256k,nr_inodes=3,mode=755 tmpfs $state
chown snagctl-station: $state
systemctl start $unit
dd if=/dev/zero of=$state/fill bs=4k 2>/dev/null
mark_log
plug station-7 0 $new
wait_exit "$board"
is 'with a full disk a board is recovered' "$(result station-7 .ok)" true
ok 'and the journal says that the record is not' wait_until has_logged 'No space left on device'
rm $record
touch $state/last # there can be no other file
ok 'that it cannot even be made keeps nobody from starting' systemctl restart $unit
ok 'but is told' wait_until has_logged "cannot open the record '$record': No space left on device"
rm $state/fill $state/last
plug station-8 0 $new
wait_exit "$board"
ok 'the next one is in the record, alone' wait_until has_lines 1
systemctl stop $unit
umount $state
is 'what was there before is as it was' "$(n_lines)" "$lines"

# --- commands ------------------------------------------------------------------------------------

write_station "$ports" 'then: [sh, -c, "env >/var/lib/snagctl/seen; setsid sleep 1000 & exec sleep 1000"]' \
        'then-timeout: 2'
systemctl start $unit
plug station-9 0 $new
wait_exit "$board"
ok 'a command that hangs and forks away is ended, and recorded' wait_until has_lines $((lines + 1))
is 'as one that did not end well' "$(tail -n 1 $record | jq '.then != null and .then.exit_status != 0')" true
ok 'nothing of it is left' wait_until has_no_others
is 'it was told of the board' "$(grep -E '^SNAGD_(PORT|SOC|RESULT)=' $state/seen | sort | paste -sd' ')" \
        "SNAGD_PORT=$(port_name 0) SNAGD_RESULT=recovered SNAGD_SOC=am335x"
is 'and of nothing of systemd.s' "$(grep -E '^(NOTIFY_SOCKET|WATCHDOG)' $state/seen)" ''

node=/dev/bus/usb/$(printf '%03d' "$(port_name 0 | cut -d- -f1)")/001
write_station "$ports" "then: [sh, -c, 'exec 3<>$node']"
systemctl restart $unit
plug station-10 0 $new
wait_exit "$board"
ok 'a command is run' wait_until has_lines $((lines + 2))
is 'which has no USB devices' "$(tail -n 1 $record | jq '.then.exit_status != 0')" true
ok 'unless a drop-in of the manual shows them' \
        from_manual /etc/systemd/system/snagctl-station@.service.d/usb.conf
ok 'and a rule' from_manual /etc/udev/rules.d/69-station.rules
sed -i 's/0451/1d6b/; s/d022/*/' /etc/udev/rules.d/69-station.rules # a root hub
udevadm control --reload
udevadm trigger --settle --subsystem-match=usb

# The manual's lamps are the keyboard's here: real LEDs, by other names and in another place.
lamps=/run/lamps
leds=$(readlink -f /sys/class/leds/input*::capslock)
mkdir $lamps
ln -s "$leds" $lamps/station:green
ln -s "${leds%capslock}numlock" $lamps/station:red
echo 1 >$lamps/station:red/brightness
ok 'the manual has a rule for lamps' from_manual /etc/udev/rules.d/69-lamps.rules
ok 'and a drop-in' from_manual /etc/systemd/system/snagctl-station@.service.d/lamps.conf
sed -i 's/"station:/"input/' /etc/udev/rules.d/69-lamps.rules
sed -i "s|/sys/devices/platform/leds|${leds%/*}|" /etc/systemd/system/snagctl-station@.service.d/lamps.conf
echo "Environment=LAMPS=$lamps" >>/etc/systemd/system/snagctl-station@.service.d/lamps.conf
udevadm control --reload
udevadm trigger --settle --action=add --subsystem-match=leds
write_station "$ports" "then: [sh, -c, 'exec 3<>$node && exec $SNAGD_TESTS/lamp']"
systemctl daemon-reload
systemctl restart $unit
plug station-11 0 $new
wait_exit "$board"
ok 'then it is run, and the example for lamps' wait_until has_lines $((lines + 3))
is 'and could use both' "$(tail -n 1 $record | jq .then.exit_status)" 0
is 'green is on, red is off' "$(cat $lamps/station:green/brightness $lamps/station:red/brightness | paste -sd' ')" '1 0'

# --- its end -------------------------------------------------------------------------------------

ok 'the station is switched off' systemctl disable --now --quiet $unit
ok 'no session is left' wait_until has_no_session
rm -r /etc/systemd/system/snagctl-station@.service.d /etc/udev/rules.d/69-*.rules $stations/bench.yaml $lamps
udevadm control --reload
systemctl daemon-reload
is 'nobody else had anything to complain about' \
        "$(journalctl --after-cursor="$first" -u snagd -p warning -o cat)" ''
is 'no unit has failed' "$(systemctl list-units --failed --plain --no-legend)" ''
done_testing
