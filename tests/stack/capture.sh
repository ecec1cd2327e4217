#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What --capture writes, as tshark and capinfos read it: of whole recoveries, of nonsense, of recoveries
# that are cut short, on a full disk.
# shellcheck source=tests/stack/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v tshark >/dev/null; then
        [ "${CI:-}" != true ] || { fail 'tshark is here'; done_testing; }
        skip 'needs tshark'
fi
export HOME=$work XDG_CONFIG_HOME=$work

# usage: dissect FILTER FIELD…: a line of those fields for each frame of $pcap
dissect() {
        local filter=$1
        shift
        tshark -r "$pcap" -Y "$filter" -T fields -E separator=' ' "${@/#/-e}" 2>>"$work/tshark.log" |
                sed 's/0x0000000\([0-9]\)/\1/'
}

# A frame that had to be repeated counts once: a machine that is busy lets a timer run out.
distinct() {
        dissect "$@" | sort -u | wc -l
}

about() { # LABEL: of what capinfos says of the file
        capinfos -M "$pcap" 2>>"$work/tshark.log" | sed -n "s/^$1: *//p"
}

# A file that ends within a block is an error to tshark.
is_whole() {
        local malformed
        malformed=$(tshark -r "$pcap" -Y _ws.malformed) && [ -z "$malformed" ]
}

has_packets() { # NUMBER
        [ "$(about 'Number of packets')" -ge "$1" ]
}

# Each file that was transferred, put together by tshark again.
exports_images() {
        rm -rf "$work/exported"
        tshark -r "$pcap" -q --export-objects "tftp,$work/exported" >/dev/null 2>>"$work/tshark.log"
        cmp "$work/exported/u-boot-spl.bin" "$work/u-boot-spl.bin" && cmp "$work/exported/u-boot.img" "$work/u-boot.img"
}

start_snagd
# Nothing starts it anew on this bus, and reading a capture takes longer than it stays without anything to do.
"$snagctl" monitor >"$work/monitor.out" 2>"$work/monitor.err" &
remember

# --- a whole recovery ---

pcap=$work/whole.pcapng
printf '\n\r\r\nan old capture' >"$pcap"
recover whole "${images[@]}" --capture "$pcap"
ok 'a board is recovered' whole_board 1-1 whole --rom-mac 00:18:31:aa:bb:cc
wait_for $recover_pid
is 'exit status' "$status" 0
ok 'nothing odd' no_oddities whole-rom whole-spl
is 'the ROM is answered at its first request' "$(result whole-rom .rom.answered_request)" 1

ok 'the capture is whole, and nothing in it is malformed' is_whole
whole=$pcap
pcap=$work/cut-off.pcapng
head -c -4 "$whole" >"$pcap"
ok 'one that is cut off is not' not is_whole
pcap=$whole
is 'it is pcapng, of Ethernet' "$(about 'File type')/$(about 'File encapsulation')" pcapng/ether
is 'it says who wrote it' "$(about 'Capture application')" "$("$snagctl" --version)"
is 'and on what' "$(about 'Capture oper-sys')" "Linux $(uname -r)"
ok 'it says that headers are reconstructed' \
        grep -q 'headers of Ethernet, IPv4 and UDP are reconstructed' <<<"$(about 'Capture comment')"
ok 'so does the interface' grep -q 'Description = .*headers are reconstructed' <<<"$(capinfos -I "$pcap")"
is 'the command has counted its packets' "$(grep -o '[0-9]* packets captured' "$work/whole.err")" \
        "$(about 'Number of packets') packets captured"

is 'every frame is BOOTP, DHCP or TFTP, to their dissectors' \
        "$(dissect frame frame.protocols | sort -u | sed 's/:data$//' | sort -u | paste -sd' ')" \
        'eth:ethertype:ip:udp:dhcp eth:ethertype:ip:udp:tftp'
is 'no checksum is wrong' "$(tshark -r "$pcap" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
        -Y 'ip.checksum.status == Bad || udp.checksum.status == Bad' 2>/dev/null)" ''
# Of BOOTP, some may have come before the link was up. OACK has its own ACK.
is 'every TFTP packet of the board is there' "$(dissect 'frame.packet_flags_direction == 1 && tftp' frame.number | wc -l)" \
        "$(jq -s '[.[] | select(.event == "result") | .rom, .spl | select(.) | .rrqs + .blocks + .acks_again] | add + 1' \
                "$work"/whole-{rom,spl}.json)"

# Plain BOOTP has no message type. Which port the board sees, in which direction.
dhcp=(dhcp.type dhcp.option.dhcp frame.packet_flags_direction ip.src udp.srcport ip.dst udp.dstport eth.dst)
is 'BOOTP of the ROM' "$(dissect '!dhcp.option.dhcp && dhcp' "${dhcp[@]}")" \
        '1  1 0.0.0.0 68 255.255.255.255 67 ff:ff:ff:ff:ff:ff
2  2 192.168.0.100 67 255.255.255.255 68 ff:ff:ff:ff:ff:ff'
is 'DHCP of the SPL' "$(dissect dhcp.option.dhcp "${dhcp[@]}" | sort -u)" \
        '1 1 1 0.0.0.0 68 255.255.255.255 67 ff:ff:ff:ff:ff:ff
1 3 1 0.0.0.0 68 255.255.255.255 67 ff:ff:ff:ff:ff:ff
2 2 2 192.168.0.100 67 255.255.255.255 68 ff:ff:ff:ff:ff:ff
2 5 2 192.168.0.100 67 255.255.255.255 68 ff:ff:ff:ff:ff:ff'

tftp=(tftp.opcode frame.packet_flags_direction ip.src ip.dst)
is 'TFTP: RRQ, DATA, ACK, OACK' "$(dissect tftp "${tftp[@]}" | sort -u)" \
        '1 1 192.168.0.101 192.168.0.100
3 2 192.168.0.100 192.168.0.101
4 1 192.168.0.101 192.168.0.100
6 2 192.168.0.100 192.168.0.101'
is 'requests go to port 69' "$(dissect 'tftp.opcode == 1' tftp.source_file udp.dstport | sort -u)" \
        'u-boot-spl.bin 69
u-boot.img 69'
is 'DATA comes from a port of the transfer' "$(dissect 'tftp.opcode == 3' udp.srcport | sort -u | grep -cxE '69|9069')" 0
is 'as many blocks as the SPL needs' "$(distinct 'tftp.opcode == 3 && udp.dstport == 1234' tftp.block)" $((50000 / 512 + 1))
is 'and U-Boot' "$(distinct 'tftp.opcode == 3 && udp.dstport != 1234' tftp.block)" 301
is 'each acknowledged' "$(distinct 'tftp.opcode == 4' udp.srcport tftp.block)" $((50000 / 512 + 1 + 301 + 1))
ok 'both images are in it, byte for byte' exports_images

is "the ROM's MAC address is its own" "$(dissect 'dhcp && !dhcp.option.dhcp && frame.packet_flags_direction == 1' eth.src eth.dst)" \
        '00:18:31:aa:bb:cc ff:ff:ff:ff:ff:ff'
is 'for TFTP, too' "$(dissect 'tftp && udp.port == 1234' eth.addr | tr , '\n' | sort -u | paste -sd' ')" \
        '00:18:31:aa:bb:cc 02:00:00:00:00:64'
is "and the SPL's" "$(dissect 'tftp && udp.port != 1234' eth.addr | tr , '\n' | sort -u | paste -sd' ')" \
        '02:00:00:00:00:64 de:ad:be:ef:00:01'

# A request may be read before the word of snagd's on who sent it.
is 'comments: the ROM' "$(dissect 'tftp && udp.port == 1234 || dhcp && !dhcp.option.dhcp && frame.packet_flags_direction == 2' frame.comment | sort -u)" \
        'port 1-1, ROM stage'
is 'comments: the SPL' "$(dissect 'tftp && udp.port != 1234 || dhcp.option.dhcp && frame.packet_flags_direction == 2' frame.comment | sort -u)" \
        'port 1-1, SPL stage'
is 'comments: nothing else' "$(dissect frame frame.comment | sort -u |
        grep -vxE '(port 1-1|port not known yet), ((after the )?(ROM|SPL) stage|before a board came)')" ''
is 'it is for its owner alone if it is new' "$(stat -c %a "$pcap")" 644
ok_as_before 'the host is as before'

# --- all kinds of boards and of nonsense ---

for options in --plain-bootp '--windowsize 4' '--loss 1 --duplicate 5 --time-scale 0.5'; do
        pcap=$work/kind.pcapng
        rm -f "$pcap"
        recover kind "${images[@]}" --capture "$pcap"
        # shellcheck disable=SC2086
        ok "$options: recovered" whole_board 1-1 kind $options
        wait_for $recover_pid
        ok "$options: the capture is whole" is_whole
        ok "$options: both images are in it" exports_images
        is "$options: it is for its owner alone" "$(stat -c %a "$pcap")" 600
done

pcap=$work/nonsense.pcapng
recover nonsense "${images[@]}" --capture "$pcap"
ok 'nonsense: recovered' whole_board 1-1 nonsense --nonsense all
wait_for $recover_pid
ok 'nonsense: capinfos reads it' capinfos "$pcap"
# As many kinds as sim-board has, and a good request. Of BOOTP, what the SPL sends first may be too early
# for the link.
received='frame.packet_flags_direction == 1'
ok 'nonsense: that for BOOTP is in it' test "$(dissect "$received && udp.dstport == 67" frame.number | wc -l)" -ge $((9 + 1))
ok 'nonsense: that for TFTP is in it' test "$(dissect "$received && udp.dstport == 69" frame.number | wc -l)" -ge $((2 * (8 + 1)))
is 'nonsense: refusals are in it' "$(dissect 'tftp.opcode == 5' tftp.error.code frame.packet_flags_direction udp.srcport | sort -u)" \
        '0 2 69
1 2 69
2 2 69
4 2 69'
ok 'nonsense: both images are in it' exports_images
ok_as_before 'nonsense: the host is as before'

# --- cut short ---

# usage: begin NAME STEP: a recovery whose ROM stops at that step
begin() {
        pcap=$work/$1.pcapng
        recover "$1" "${images[@]}" --capture "$pcap"
        plug 1-1 rom
        board_begin 1-1 "$1" --stage rom --silent-after "rom:$2"
        wait_until reported "$1" '"event":"silent"'
}

# usage: end [SIGNAL]: what begin has begun
end() {
        kill -s "${1:-TERM}" $recover_pid
        wait_for $recover_pid
        kill $board_pid
        unplug 1-1
        wait_until no_sessions
}

for signal in INT TERM HUP KILL; do
        begin cut block=50
        # BOOTP, RRQ, 50 blocks with their ACKs, and one that nobody acknowledges.
        ok "SIG$signal: the capture can be read while it is made" wait_until has_packets $((2 + 1 + 2 * 50 + 1))
        end $signal
        is "SIG$signal: exit status" "$status" $((128 + $(kill -l $signal)))
        ok "SIG$signal: the capture is whole" is_whole
        is "SIG$signal: it has every block" "$(distinct 'tftp.opcode == 3' tftp.block)" 51
done

begin gone block=50
unplug 1-1
wait_until says gone 'the board left before'
plug 1-1 rom
ok 'a board that left and came back: its ROM' board 1-1 gone-rom --stage rom
unplug 1-1
plug 1-1 spl
ok 'a board that left and came back: its SPL' board 1-1 gone-spl --stage spl
unplug 1-1
wait_for $recover_pid
ok 'a board that left and came back: the capture is whole' is_whole
ok 'a board that left and came back: both images are in it' exports_images

# usage: say FROM TO BYTES…: datagrams of the board's, by the kernel's own stack in its namespace
say() {
        in_board_ns ip address replace 192.168.0.101/24 dev board-1-1
        in_board_ns python3 - "$@" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("192.168.0.101", int(sys.argv[1])))
		for text in sys.argv[3:]:
		    s.sendto(text.encode().decode("unicode_escape").encode("latin-1"), ("192.168.0.100", int(sys.argv[2])))
	END
}

# Longer than anything that a board has to say: it comes in fragments.
begin long bootp-answered
say 4321 69 "\\0\\1x$(printf '%04997d' 0)"
ok 'a long datagram is captured' wait_until grep -aqs 00000000 "$pcap"
is 'its beginning, and how long it was' \
        "$(dissect 'udp.srcport == 4321' udp.dstport frame.cap_len frame.len ip.len udp.length)" \
        "69 $((42 + 2048)) $((42 + 5000)) 5028 5008"
ok 'the capture is whole' capinfos "$pcap"
end

# The ERROR ends the transfer, with which its port goes, and the ACK is in the socket by then.
begin late block=50
tid=$(dissect 'tftp.opcode == 3' udp.srcport | head -n1)
kill -STOP $recover_pid
say 1234 "$tid" '\0\5\0\0enough\0' '\0\4\0\62'
kill -CONT $recover_pid
ok 'what comes too late is captured' wait_until grep -aqs 'too late to be read' "$pcap"
is 'it says so' "$(dissect 'udp.srcport == 1234 && frame.comment contains "too late"' tftp.opcode tftp.block udp.dstport frame.comment)" \
        "4 50 $tid port 1-1, ROM stage; too late to be read"
is 'and so is what ended it' "$(dissect 'tftp.opcode == 5' udp.dstport tftp.error.message frame.packet_flags_direction)" \
        "$tid enough 1"
end

# What cannot be sent: somebody takes the way to the board from under the session.
session_ns() {
        local fd
        for fd in "/proc/$snagd_pid/fd"/*; do
                [[ $(readlink "$fd") == net:* ]] && nsenter --net="$fd" ip link show rom0 2>/dev/null | grep -q . &&
                        echo "$fd" && return
        done
}
begin unreachable block=50
nsenter --net="$(session_ns)" ip link set rom0 down
ok 'what could not be sent is captured' wait_until grep -aqs 'NOT SENT' "$pcap"
is 'it says why, and has no direction' \
        "$(dissect 'frame.comment contains "NOT SENT"' tftp.opcode tftp.block frame.packet_flags_direction frame.comment | sort -u)" \
        '3 51 0 port 1-1, ROM stage; NOT SENT: no way to the board'
end

# --- a full disk ---

mkdir "$work/small"
mount -t tmpfs -o size=64k none "$work/small"
pcap=$work/small/full.pcapng
recover full "${images[@]}" --capture "$pcap"
ok 'a full disk: the recovery goes on' whole_board 1-1 full
wait_for $recover_pid
is 'a full disk: exit status' "$status" 0
is 'a full disk: said once' "$(grep -c 'No space left on device; the capture ends there, the recovery goes on' "$work/full.err")" 1
ok 'a full disk: nothing odd' no_oddities full-rom full-spl
ok 'a full disk: the capture is whole' is_whole
is 'a full disk: it has what was counted' "$(grep -o '[0-9]* packets captured' "$work/full.err")" \
        "$(about 'Number of packets') packets captured"
ok 'a full disk: nothing more would have fit' test "$(stat -c %s "$pcap")" -gt $((64 * 1024 - 1024))

# A limit that kills by default.
pcap=$work/limited.pcapng
ulimit -S -f 64
recover limited "${images[@]}" --capture "$pcap"
ulimit -S -f unlimited
ok 'a limit: the recovery goes on' whole_board 1-1 limited
wait_for $recover_pid
is 'a limit: exit status' "$status" 0
ok 'a limit: said' says limited 'File too large; the capture ends there'
ok 'a limit: the capture is whole' is_whole

# --- refusals ---

pcap=$work/busy.pcapng
recover busy "${images[@]}" --capture "$pcap"
refused=$(snagctl recover am335x "${images[@]}" --capture "$pcap" 2>&1)
is 'the file of another recovery: exit status' $? 2
ok 'the file of another recovery: why' grep -q 'is being written to' <<<"$refused"
ok 'the first one goes on' whole_board 1-1 busy
wait_for $recover_pid
ok 'its capture is whole' is_whole
ok 'both images are in it' exports_images
packets=$(about 'Number of packets')
recover again "${images[@]}" --capture "$pcap"
kill $recover_pid
wait_for $recover_pid
is 'afterwards it is there until a board comes again' "$(about 'Number of packets')" "$packets"

ok_as_before 'after all of it the host is as before'
stop_snagd
end_testing
