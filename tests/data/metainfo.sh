#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The AppStream metainfo: valid, and for the boards that the udev rules know.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

metainfo=$1
version=$2
command -v appstreamcli >/dev/null || skip 'needs appstreamcli'

ok 'appstreamcli finds nothing wrong' appstreamcli validate --no-net --pedantic --strict "$metainfo"
is 'it provides the USB ids of the udev rules, and no other' \
        "$(sed -nE 's/.*<modalias>usb:v(.{4})p(.{4})d\*<.*/\1:\2/p' "$metainfo" | tr A-F a-f | sort)" \
        "$(sed -nE 's/^ATTRS\{idVendor\}=="(.{4})", ATTRS\{idProduct\}=="(.{4})", ENV\{ID_SNAGD_SOC\}=.*/\1:\2/p' \
                "$top/systemd/70-snagd.rules" | sort)"
is 'its first release is this one' \
        "$(sed -nE 's/.*<release version="([^"]+)".*/\1/p' "$metainfo" | head -n1)" "$version"
done_testing
