# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion of snagctl for fish.

# A column of what 'snagctl $argv[1]' shows, described by another, without titles ('No boards.' is no
# row; an empty cell is '-'). It asks for no password; without snagd, or without an answer soon,
# there is nothing to offer.
function __snagctl_show
    timeout 2 snagctl $argv[1] 2>/dev/null </dev/null | while read -a row
        if test (count $row) -gt 2; and not string match -qr '^([A-Z]{2}|-$)' -- $row[1] $row[$argv[2]]
            printf '%s\t%s\n' $row[$argv[2]] $row[$argv[3]]
        end
    end
end

# Files whose names end so first, then folders and all others.
function __snagctl_files
    set -l token (commandline -ct | string replace -r -- '^--[a-z-]+=' '')
    for suffix in $argv
        __fish_complete_suffix $token $suffix | string match -- "*$suffix"
    end
    __fish_complete_suffix $token $argv[1]
end

# The files of stations, by name.
function __snagctl_stations
    for file in /etc/snagd/stations/*.yaml
        string replace -r '.*/(.*)\.yaml$' '$1' -- $file
    end
end

# The host is the only option before the command that has a value.
function __snagctl_needs_command
    set -l words (commandline -opc)
    set -e words[1]
    while string match -q -- '-*' $words[1]
        contains -- $words[1] -H --host; and set -q words[2]; and set -e words[1]
        set -e words[1]
    end
    not set -q words[1]
end

function __snagctl_needs_soc
    __fish_seen_subcommand_from recover check; and not __fish_seen_subcommand_from am335x am437x
end

function __snagctl_takes_host
    __snagctl_needs_command; or __fish_seen_subcommand_from list status monitor close
end

# Those of another machine are not worth a login for each Tab.
function __snagctl_needs_session
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test "$words[2]" = close
end

set -l recover '__fish_seen_subcommand_from recover check'

complete -c snagctl -f
complete -c snagctl -l help -d 'Show help'
complete -c snagctl -n __snagctl_needs_command -l version -d 'Show the version'
complete -c snagctl -n __snagctl_takes_host -s H -l host -x -a '(__fish_print_hostnames)' -d 'Ask the snagd of another machine, by ssh'
complete -c snagctl -l json -d 'Show events and results to a program'
complete -c snagctl -l no-ask-password -d 'Never ask for a password'
complete -c snagctl -l quiet -d 'Show results, warnings and errors only'
complete -c snagctl -l verbose -d 'Show details too'
complete -c snagctl -n __snagctl_needs_command -a recover -d 'Bring a board back'
complete -c snagctl -n __snagctl_needs_command -a check -d 'Look for what would keep it from working'
complete -c snagctl -n __snagctl_needs_command -a list -d 'Show the boards that are plugged in'
complete -c snagctl -n __snagctl_needs_command -a status -d 'Show the sessions'
complete -c snagctl -n __snagctl_needs_command -a monitor -d 'Show boards and sessions live'
complete -c snagctl -n __snagctl_needs_command -a close -d 'End a session'
complete -c snagctl -n __snagctl_needs_command -a report -d 'Show what the record of a station tells'

complete -c snagctl -n __snagctl_needs_soc -a am335x -d 'BeagleBone and others'
complete -c snagctl -n __snagctl_needs_soc -a am437x
complete -c snagctl -n $recover -s f -l firmware-file -x -k -a '(__snagctl_files .yaml .yml)' -d 'A configuration of Snagboot'
complete -c snagctl -n $recover -s F -l firmware -x -k -a '(__snagctl_files .yaml .yml)' -d 'A configuration of Snagboot, inline'
complete -c snagctl -n $recover -l spl -x -k -a '(__snagctl_files .bin MLO)' -d 'What the ROM loads'
complete -c snagctl -n $recover -l u-boot -x -k -a '(__snagctl_files .itb .img)' -d 'What the SPL loads'
complete -c snagctl -n $recover -l capture -x -k -a '(__snagctl_files .pcapng)' -d 'Write all that is sent and received to a file'
complete -c snagctl -n $recover -l record -x -k -a '(__snagctl_files .jsonl)' -d 'Append a line that tells how it went'
complete -c snagctl -n $recover -l port -x -a '(__snagctl_show list 1 4; __snagctl_show list 2 4)' -d 'Only a board on this USB port'
complete -c snagctl -n $recover -l all -d 'Every board that is plugged in'
complete -c snagctl -n $recover -l max -x -d 'At most so many at a time'
complete -c snagctl -n $recover -l once -d 'One board on each port'
complete -c snagctl -n $recover -l retry -x -d 'Try a board that failed so many times more'
complete -c snagctl -n $recover -l dry-run -d 'Check, and recover nothing'
complete -c snagctl -n $recover -l stage -x -a "rom\t'In its boot ROM' spl\t'Its SPL runs'" -d 'Where the board is'
complete -c snagctl -n $recover -l station -x -a '(__snagctl_stations)' -d 'What the file of a station says'
complete -c snagctl -n $recover -l then -r -d 'Run a command for the board afterwards'
complete -c snagctl -n $recover -l then-timeout -x -d 'End it after so long'
complete -c snagctl -n $recover -l timeout -x -d 'Give up if no board has come by then'

complete -c snagctl -n __snagctl_needs_session -a '(__snagctl_show status 1 2; __snagctl_show status 3 2)'

set -l report '__fish_seen_subcommand_from report'
complete -c snagctl -n $report -x -k -a '(__snagctl_files .jsonl)'
complete -c snagctl -n $report -l since -x -d 'Only attempts of that day and later ones'
complete -c snagctl -n $report -l until -x -d 'Only attempts of that day and earlier ones'
complete -c snagctl -n $report -l svg -x -k -a '(__snagctl_files .svg)' -d 'Draw a picture, too'
