#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The journal catalog: an entry for each MESSAGE_ID that snagd uses, as journalctl reads it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

catalog=$1
command -v journalctl >/dev/null || skip 'needs journalctl'

root=$(mktemp -d "${TMPDIR:-/tmp}/snagd-catalog.XXXXXX")
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/usr/lib/systemd/catalog" "$root/var/lib/systemd/catalog"
cp "$catalog" "$root/usr/lib/systemd/catalog/"

is 'journalctl reads it without a complaint' "$(journalctl --root="$root" --update-catalog 2>&1)" ''
is 'every MESSAGE_ID of common/log.h has an entry, and no other' \
        "$(journalctl --root="$root" --list-catalog | cut -d' ' -f1 | sort)" \
        "$(sed -nE 's/^#define LOG_ID_.*"([0-9a-f]{32})".*/\1/p' "$top/common/log.h" | sort)"
is 'every field that an entry shows is one that snagd writes' \
        "$(grep -oE '@[A-Z_]+@' "$catalog" | tr -d @ | sort -u)" \
        "$(sed -nE 's/.*(SNAGD_[A-Z]+)=.*/\1/p' "$top/common/log.h" | sort -u)"
is 'no line is wider than a terminal' "$(grep -E '^.{101}' "$catalog")" ''
done_testing
