# SPDX-License-Identifier: GPL-2.0-or-later
#
# The simulated board as a USB device, before the product has anything to do with it: what Linux sees
# of the ROM and of the SPL, and when their frames arrive.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

device() {
        echo "/sys/bus/usb/devices/$(port_name 0)/$1"
}

attribute() { # NAME: without the blanks that the kernel puts in front of numbers
        tr -d ' ' <"$(device "$1")" 2>/dev/null
}

host_interface() {
        basename "$(echo "$(device "")$(port_name 0):"*/net/*)"
}

gadget_is_gone() {
        [ -z "$(ls /sys/kernel/config/usb_gadget)" ] && ! [ -e "$(device idVendor)" ]
}

board_has_ended() {
        ! is_running "$board"
}

frame_has_come() {
        grep -q '67: BOOTP/DHCP, Request' "$ARTIFACTS/$1.tcpdump"
}

host_counter() {
        cat "/sys/class/net/$(host_interface)/statistics/$1"
}

count() { # EVENT of the board 'again'
        grep -c "\"event\":\"$1\"" "$ARTIFACTS/again.json"
}

was_plugged_twice() {
        [ "$(count plug)" = 2 ]
}

has_asked_twice() {
        [ "$(count bootp-request)" = 2 ]
}

# listen NAME: what comes by the host's end, on which nothing else of ours speaks.
listen() {
        tcpdump -l -n -i "$(host_interface)" udp >"$ARTIFACTS/$1.tcpdump" 2>/dev/null &
        background+=($!)
}

use_ports 2
before=$(host_state)

plug_board rom 0 --stage rom --spl /dev/null
ok "the ROM comes up" wait_board rom host-ready
is "vendor" "$(attribute idVendor)" 0451
is "product" "$(attribute idProduct)" 6141
is "class" "$(attribute bDeviceClass)$(attribute bDeviceSubClass)$(attribute bDeviceProtocol)" 020000
is "speed" "$(attribute speed)" 12
is "configurations" "$(attribute bNumConfigurations)" 1
is "manufacturer" "$(cat "$(device manufacturer)")" "Texas Instruments"
is "name" "$(cat "$(device product)")" "AM335x USB"
is "serial number" "$(cat "$(device serial)" 2>/dev/null)" ""
is "driver" "$(basename "$(readlink "$(device "")$(port_name 0):1.0/driver")")" rndis_host
is "the host's MAC address" "$(cat "/sys/class/net/$(host_interface)/address")" 9a:1f:85:1c:3d:0e
ok "the ROM asks at once" wait_board rom bootp-request
is "the gadget's own end is no card of this machine" \
        "$(ip -j link | jq -r '[.[].address | select(startswith("d0:39:72"))] | length')" 0
udevadm settle
is "its request waits in the device" "$(grep -c link-up "$ARTIFACTS/rom.json")" 0
ip link set "$(host_interface)" up
ok "until the link is up" wait_board rom link-up
listen rom
# The one that was waiting came with "up", perhaps before tcpdump; the next one is there after 4 s.
ok "its frames arrive" wait_until frame_has_come rom
is "all that it has sent" "$(host_counter rx_packets)" "$(grep -c bootp-request "$ARTIFACTS/rom.json")"
kill "$board"
wait_exit "$board"
ok "nothing is left of it" wait_until gadget_is_gone
is "nothing was odd before its request" \
        "$(result rom '[.oddities[] | select(.kind == "frame-before-first-request")] | length')" 0

plug_board spl 0 --stage spl --host-timeout 30
ok "the SPL comes up" wait_board spl host-ready
is "product" "$(attribute idProduct)" d022
is "speed" "$(attribute speed)" 480
is "configurations" "$(attribute bNumConfigurations)" 2
is "Linux chooses RNDIS, whose value is 2" "$(attribute bConfigurationValue)" 2
is "name" "$(cat "$(device product)")" "RNDIS/Ethernet Gadget"
is "the host's MAC address" "$(cat "/sys/class/net/$(host_interface)/address")" de:ad:be:ef:00:00
ok "it asks at once" wait_board spl discover
is "and waits for the link" "$(grep -c link-up "$ARTIFACTS/spl.json")" 0
udevadm settle
ip link set "$(host_interface)" up
ok "which comes up" wait_board spl link-up
listen spl
ok "its frames arrive" wait_until frame_has_come spl
kill "$board"
wait_exit "$board"
ok "nothing is left of it" wait_until gadget_is_gone

plug_board slow 0 --stage spl --host-timeout 1
ok "an SPL whose link nobody brings up gives up" wait_until board_has_ended
is "as U-Boot does" "$(result slow .spl.failure)" "timeout sending packets to usb ethernet"
ok "nothing is left of it" wait_until gadget_is_gone
plug_board again 0 --stage rom --pull-after rom:bootp-sent --replug 0.5
ok "a board that is pulled comes again" wait_until was_plugged_twice
ok "and asks again" wait_until has_asked_twice
kill "$board"
wait_exit "$board"
is "which the report tells" "$(result again '"\(.rom.runs) \(.rom.failure)"')" "2 stopped"
ok "nothing is left of it" wait_until gadget_is_gone
is "the host is as it was" "$(host_state)" "$before"

done_testing
