# SPDX-License-Identifier: GPL-2.0-or-later
#
# A user in no session at all, as a CI job or a station's service would be: refused, until a member of
# the group snagd. The package's autopkgtest (debian/tests/recovery) runs this, too.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

images=/var/tmp/images-group
make_images $images
use_ports 1

recover() {
        timeout "$PATIENCE" "$SNAGD_TESTS/in-session" user2 snagctl recover am335x \
                --spl $images/u-boot-spl.bin --u-boot $images/u-boot.img "$@" >&2
}

ok 'nothing runs before somebody asks' wait_until snagd_is_gone
is 'and nothing is enabled' "$(systemctl is-enabled snagd.service)" static

recover --timeout 5
is 'who is nobody special is refused' $? 3

usermod --append --groups snagd user2
plug_board group 0 --spl $images/u-boot-spl.bin --u-boot $images/u-boot.img
recover
is 'a member of the group recovers a board' $? 0
wait_exit "$board"
is 'which has both images' \
        "$(result group '[.ok, .rom.image_ok, .spl.image_ok] | map(tostring) | join(" ")')" 'true true true'
gpasswd --delete user2 snagd >&2
systemctl stop snagd.service
is 'snagd has not failed' "$(systemctl show -P Result snagd.service)" success
done_testing
