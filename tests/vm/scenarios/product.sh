# SPDX-License-Identifier: GPL-2.0-or-later
#
# The product's data files, as the system's programs read them.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

gadgets=/sys/kernel/config/usb_gadget

# usage: make_gadget N VENDOR PRODUCT [MANUFACTURER]: a network card with these ids on port N
make_gadget() {
        local dir=$gadgets/g$1
        mkdir "$dir" "$dir/strings/0x409" || return
        echo "${4:-}" >"$dir/strings/0x409/manufacturer"
        echo "0x$2" >"$dir/idVendor"
        echo "0x$3" >"$dir/idProduct"
        mkdir "$dir/configs/c.1" "$dir/functions/rndis.usb0"
        echo "02:00:00:00:0$1:01" >"$dir/functions/rndis.usb0/host_addr"
        echo "02:00:00:00:0$1:02" >"$dir/functions/rndis.usb0/dev_addr"
        ln -s "$dir/functions/rndis.usb0" "$dir/configs/c.1/"
        echo "dummy_udc.$1" >"$dir/UDC"
}

remove_gadget() {
        local dir=$gadgets/g$1
        echo >"$dir/UDC"
        rm "$dir/configs/c.1/rndis.usb0"
        rmdir "$dir/configs/c.1" "$dir/functions/rndis.usb0" "$dir/strings/0x409" "$dir"
}

link_of() { # PORT-NUMBER
        local path
        for path in /sys/class/net/*; do
                if [ "$(cat "$path/address" 2>/dev/null)" = "02:00:00:00:0$1:01" ]; then
                        echo "${path##*/}"
                        return
                fi
        done
        return 1
}

has_link() {
        link_of "$1" >/dev/null
}

# Until udev has finished with the interface on that port.
wait_link() {
        wait_until has_link "$1" && udevadm settle
}

property() { # DEVICE NAME
        udevadm info --query=property --property="$2" --value "$1"
}

nm_state() {
        nmcli -t -f DEVICE,STATE device | sed -n "s/^$(link_of "$1")://p"
}

nm_state_is() {
        [ "$(nm_state "$1")" = "$2" ]
}

is_down_and_bare() {
        [ "$(ip -j address show "$1" | jq -c '.[0] | [(.flags | contains(["UP"])), .addr_info]')" = '[false,[]]' ]
}

ok 'snagd is started by who asks it' snagctl list
is 'sysusers made the user' "$(id -nG snagd)" snagd
ok 'the unit is sound' systemd-analyze verify --man=no --recursive-errors=no snagd.service
ok 'the bus knows how to start it' eval \
        'busctl call org.freedesktop.DBus / org.freedesktop.DBus ListActivatableNames | grep -q org.snagd1'
ok 'polkit knows how sessions are opened' pkaction --action-id org.snagd1.open-session
ok 'polkit knows how they are managed' pkaction --action-id org.snagd1.manage
is 'polkit had nothing to say of the rules' \
        "$(journalctl -u polkit -o cat | grep "snagd[^ ]*\.rules")" ''
is 'udev had nothing to say of the rules' \
        "$(journalctl -u systemd-udevd -o cat | grep -i snagd)" ''

use_ports 4
for case in 'rom 0 0451 6141' 'spl 1 0451 d022'; do
        read -r stage n vendor product <<<"$case"
        make_gadget "$n" "$vendor" "$product"
        ok "$stage: there is an interface" wait_link "$n"
        link=$(link_of "$n")
        is "$stage: udev tags the interface" "$(property "/sys/class/net/$link" ID_SNAGD_SOC) $(property "/sys/class/net/$link" ID_SNAGD_STAGE)" "am335x $stage"
        usb=/sys/bus/usb/devices/$(port_name "$n")
        is "$stage: udev tags the USB interface" "$(property "$usb:1.0" ID_SNAGD_SOC) $(property "$usb:1.0" ID_SNAGD_STAGE)" "am335x $stage"
        is "$stage: ModemManager is told" "$(property "$usb" ID_MM_DEVICE_IGNORE)" 1
        is "$stage: it is not suspended to save power" "$(cat "$usb/power/autosuspend_delay_ms")" -1
        is "$stage: our .link file holds" "$(basename "$(property "/sys/class/net/$link" ID_NET_LINK_FILE)")" \
                70-snagd.link
        ok "$stage: NetworkManager leaves it alone" wait_until nm_state_is "$n" unmanaged
        ok "$stage: it is down, without addresses" is_down_and_bare "$link"
        remove_gadget "$n"
done

# An SPL of U-Boot before v2017.11 has the ids of Linux's gadget.
make_gadget 2 0525 a4a2 U-Boot
ok 'an old SPL: there is an interface' wait_link 2
is 'an old SPL: tagged' "$(property "/sys/class/net/$(link_of 2)" ID_SNAGD_STAGE)" spl
remove_gadget 2
make_gadget 3 0525 a4a2 'Linux 6.1 with dummy_udc'
ok "Linux's gadget: there is an interface" wait_link 3
is "Linux's gadget: not tagged" "$(property "/sys/class/net/$(link_of 3)" ID_SNAGD_STAGE)" ''
remove_gadget 3

make_gadget 2 1d6b 0104
ok 'another network card: there is an interface' wait_link 2
is 'another network card: not tagged' "$(property "/sys/class/net/$(link_of 2)" ID_SNAGD_SOC)" ''
ok 'another network card: is not unmanaged' wait_until not nm_state_is 2 unmanaged
is "another network card: 'check' tells of it where a board is meant" "$(snagctl check am335x --port "$(port_name 2)" |
        grep -o 'USB device .* is there')" 'USB device 1d6b:0104 is there'
remove_gadget 2

echo 'ATTRS{idVendor}=="1d6b", ATTRS{idProduct}=="0105", ENV{ID_SNAGD_SOC}="am335x", ENV{ID_SNAGD_STAGE}="spl"' \
        >/etc/udev/rules.d/69-snagd-local.rules
echo "KERNELS==\"$(port_name 1)\", ATTRS{idVendor}==\"0451\", ATTRS{idProduct}==\"d022\", ENV{ID_SNAGD_IGNORE}=\"1\"" \
        >>/etc/udev/rules.d/69-snagd-local.rules
udevadm control --reload
make_gadget 3 1d6b 0105
ok "a board with ids of its own, in one line: there is an interface" wait_link 3
is "a board with ids of its own: tagged" "$(property "/sys/class/net/$(link_of 3)" ID_SNAGD_STAGE)" spl
ok "a board with ids of its own: NetworkManager leaves it alone" wait_until nm_state_is 3 unmanaged
remove_gadget 3
make_gadget 1 0451 d022
ok "a product that was given back, in one line: there is an interface" wait_link 1
is "a product that was given back: not tagged" "$(property "/sys/class/net/$(link_of 1)" ID_SNAGD_SOC)" ''
ok "a product that was given back: is not unmanaged" wait_until not nm_state_is 1 unmanaged
remove_gadget 1
rm /etc/udev/rules.d/69-snagd-local.rules
udevadm control --reload

ok 'snagd goes away when idle' wait_until snagd_is_gone
is 'and has not failed' "$(systemctl show -P Result snagd.service)" success
done_testing
