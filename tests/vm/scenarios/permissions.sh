# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may do what: every method by every kind of caller, and snagctl's answers to the refused.
# shellcheck source=tests/vm/lib.sh
. "$SNAGD_TESTS/lib.sh"

manager=/org/snagd1
M=org.snagd1.Manager
S=org.snagd1.Session
long=$(printf '%4000s' '' | tr ' ' 1)

use_ports 1
make_images "$images"
before=$(host_state)

can_open() { # WHO
        "as_$1" busctl --json=short call org.snagd1 $manager $M CanOpenSession 'sa{sv}' am335x 0 |
                jq -r '.data[0]'
}

session_path() {
        sessions .Path
}

# Everybody may ask.
for who in seat_user remote user2 root; do
        is "$who: GetManagedObjects" "$(bus_call $who $manager org.freedesktop.DBus.ObjectManager.GetManagedObjects)" ok
        is "$who: Subscribe" "$(bus_call $who $manager $M.Subscribe)" ok
        is "$who: Unsubscribe" "$(bus_call $who $manager $M.Unsubscribe)" ok
        is "$who: a property is read" "$(bus_call $who $manager org.freedesktop.DBus.Properties.Get $M SupportedSocs)" ok
        is "$who: a property is not written" "$(bus_call $who $manager org.freedesktop.DBus.Properties.Set $M Version '<"1">')" \
                org.freedesktop.DBus.Error.PropertyReadOnly
done

is 'at the seat one can open a session' "$(can_open seat_user)" yes
is 'a remote login could with a password' "$(can_open remote)" challenge
is 'a user in no session could with a password' "$(can_open user2)" challenge

is 'at the seat: OpenSession' "$(bus_call seat_user $manager $M.OpenSession am335x '{}')" ok
is 'root: OpenSession' "$(bus_call root $manager $M.OpenSession am335x '{}')" ok
is 'remote: OpenSession' "$(bus_call remote $manager $M.OpenSession am335x '{}')" NotAuthorized
is 'user2: OpenSession' "$(bus_call user2 $manager $M.OpenSession am335x '{}')" NotAuthorized

# Nonsense is refused before anybody is asked for a password.
while read -r error soc options; do
        for who in seat_user user2; do
                is "$who: OpenSession ${soc:0:10} ${options:0:40}" \
                        "$(bus_call "$who" $manager $M.OpenSession "$soc" "$options")" "$error"
        done
done <<END
UnknownSoc am3359 {}
UnknownSoc ../am335x {}
InvalidPort am335x {'port': <'../1-1'>}
InvalidPort am335x {'port': <'1-1;2'>}
InvalidPort am335x {'port': <''>}
InvalidPort am335x {'port': <'$long'>}
InvalidOption am335x {'prot': <'1-1'>}
InvalidOption am335x {'port': <uint32 1>}
InvalidOption am335x {'stage': <'u-boot'>}
InvalidOption am335x {'port': <'1-1'>, 'force': <true>}
END
for who in seat_user user2; do
        ok "$who: wrong types are refused" not "as_$who" \
                busctl call org.snagd1 $manager $M OpenSession u 1
done

# snagctl, refused.
for who in remote user2; do
        start_recovery $who
        wait_client
        is "$who: snagctl ends with 3" $? 3
        ok "$who: and names the group" has_client_said 'group.*snagd'
done

# A session at the seat, and all the others on it.
start_recovery seat_user
owner=$client
wait_until has_session_in waiting
path=$(session_path)
for who in remote user2 seat_user; do
        is "$who: another's OpenSocket" "$(bus_call $who "$path" $S.OpenSocket '{}')" NotOwner
        is "$who: another's Start" "$(bus_call $who "$path" $S.Start)" NotOwner
done
for who in remote user2; do
        case "$(bus_call $who "$path" $S.Close '{}')" in
        NotOwner | NotAuthorized) pass "$who: another's Close" ;;
        *) fail "$who: another's Close" ;;
        esac
        as_"$who" snagctl close "${path##*/}"
        is "$who: snagctl close of another's session" $? 3
done
is 'the session has not minded' "$(sessions .State)" waiting
is 'Close with an unknown option' "$(bus_call seat_user "$path" $S.Close "{'now': <true>}")" InvalidOption
ok 'everybody sees it' as_user2 snagctl status
as_seat_user snagctl close "${path##*/}"
is 'at the seat: snagctl close of the own session' $? 0
client=$owner
wait_client
is 'whose snagctl then fails' $? 1
start_recovery seat_user
wait_until has_session_in waiting
is 'root: Close' "$(bus_call root "$(session_path)" $S.Close '{}')" ok
wait_client
is 'and that snagctl fails' $? 1
case "$(bus_call seat_user "$path" $S.Close '{}')" in
SessionGone | org.freedesktop.DBus.Error.UnknownObject) pass 'a session that is gone' ;;
*) fail 'a session that is gone' ;;
esac

# The group.
gpasswd -a remote snagd >&2
is 'a member of the group can open a session' "$(can_open remote)" yes
recovers 'and recovers a board, without a seat' remote
is 'but may not close another session: CanOpen is not manage' "$(
        start_recovery seat_user >&2
        wait_until has_session_in waiting
        bus_call remote "$(session_path)" $S.Close '{}' | grep -cE '^(NotOwner|NotAuthorized)$'
        kill "$client"
)" 1
gpasswd -d remote snagd >&2

ok 'no session is left' wait_until has_no_session
ok 'the system is as before' wait_until state_is "$before"
done_testing
