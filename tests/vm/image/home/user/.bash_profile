# Tells the test's runner, which waits for it, that the person at the seat has logged in.
if [ -p /run/snagd-test/seat-session ] && [ "$(tty)" = /dev/tty1 ]; then
        echo "$XDG_SESSION_ID" >/run/snagd-test/seat-session
fi
