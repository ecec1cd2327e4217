# SPDX-License-Identifier: GPL-2.0-or-later
#
# The machine itself: what the other scenarios take for granted.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

session_property() { # of USER: NAME
        loginctl show-session "$(cat "/run/snagd-test/session-of-$1")" -P "$2"
}

# A probe's own polkit action, whose defaults are those of snagd's.
make_probe_action() {
        cat >/usr/share/polkit-1/actions/org.snagd1.test-probe.policy <<-END
		<?xml version="1.0" encoding="UTF-8"?>
		<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/PolicyKit/1.0/policyconfig.dtd">
		<policyconfig>
		  <action id="org.snagd1.test-probe">
		    <description>Probe</description>
		    <message>Probe</message>
		    <defaults>
		      <allow_any>auth_admin</allow_any>
		      <allow_inactive>auth_admin</allow_inactive>
		      <allow_active>yes</allow_active>
		    </defaults>
		  </action>
		</policyconfig>
	END
        wait_until action_is_known
}

action_is_known() {
        pkaction --action-id org.snagd1.test-probe >/dev/null 2>&1
}

# Asks polkit about the asking process itself.
# shellcheck disable=SC2016
ask_polkit='exec pkcheck --action-id org.snagd1.test-probe --process $$'

# A network card at the end of a USB cable, as Linux can simulate it.
gadget=/sys/kernel/config/usb_gadget/probe
make_gadget() {
        use_ports 1
        mkdir "$gadget" && cd "$gadget" || return
        echo 0x1d6b >idVendor
        echo 0x0104 >idProduct
        mkdir configs/c.1 functions/rndis.usb0
        echo 02:00:00:00:00:01 >functions/rndis.usb0/host_addr
        echo 02:00:00:00:00:02 >functions/rndis.usb0/dev_addr
        ln -s functions/rndis.usb0 configs/c.1/
        echo dummy_udc.0 >UDC
}

remove_gadget() {
        cd "$gadget" || return
        echo >UDC
        rm configs/c.1/rndis.usb0
        rmdir configs/c.1 functions/rndis.usb0
        cd / && rmdir "$gadget"
}

host_side() {
        for link in /sys/class/net/*; do
                [ "$(cat "$link/address")" = 02:00:00:00:00:01 ] && echo "${link##*/}" && return
        done
        return 1
}

has_host_side() {
        host_side >/dev/null
}

is_seen_by_network_manager() {
        nmcli -t -f DEVICE device | grep -qx "$(host_side)"
}

is 'systemd is up' "$(systemctl is-system-running)" running
is 'no unit has failed' "$(systemctl list-units --failed --plain --no-legend)" ''
ok 'D-Bus answers' busctl --system list
for unit in polkit NetworkManager ModemManager systemd-udevd systemd-logind; do
        ok "$unit is running" systemctl is-active "$unit.service"
done

is 'the user at the seat is on seat0' "$(session_property user Seat)" seat0
is 'the session is active' "$(session_property user State)" active
is 'the session is not remote' "$(session_property user Remote)" no
ok 'a remote login is possible' log_in_remote
is 'its session has no seat' "$(session_property remote Seat)" ''
is 'its session is that of a user' "$(session_property remote Class)" user

is 'users have no privilege' "$(as_seat_user grep -E '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)' /proc/self/status |
        tr -s '\n\t' '  ')" \
        'CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 '

ok 'polkit learns of an action' make_probe_action
ok 'polkit allows it to the user at the seat' as_seat_user bash -c "$ask_polkit"
ok 'polkit does not allow it to a remote login' not as_remote bash -c "$ask_polkit"
ok 'polkit does not allow it to a user without session' not as_user2 bash -c "$ask_polkit"

ok 'a gadget can be made' make_gadget
ok 'it is a network card to the host' wait_until has_host_side
link=$(host_side)
ok 'udev has settled' udevadm settle
link=$(host_side)
is 'its driver is rndis_host' "$(basename "$(readlink "/sys/class/net/$link/device/driver")")" rndis_host
ok 'NetworkManager sees it' wait_until is_seen_by_network_manager
ok 'it can be removed' remove_gadget
ok 'and is gone' wait_until not has_host_side
done_testing
