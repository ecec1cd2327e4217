# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion of snagctl for bash, with the functions of bash-completion 2.

# Columns of what 'snagctl $1' shows, without titles: $2 and, if given, $3. It asks for no password;
# without snagd, or without an answer soon, there is nothing to offer.
__snagctl_show() {
    local -a row
    while read -ra row; do
        # Titles are in capitals; 'No boards.' is no row.
        [[ ${#row[@]} -gt 2 && ${row[0]} != [[:upper:]][[:upper:]]* ]] || continue
        printf '%s\n' "${row[$2]}" ${3:+"${row[$3]}"}
    done < <(timeout 2 snagctl "$1" 2>/dev/null </dev/null) | grep -vx -e -
}

# Files of that kind, and with a second word those called MLO; all if there is none.
__snagctl_file() {
    _filedir "$1"
    # _filedir knows extensions only.
    [[ ${2-} != mlo ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X '!?(*/)MLO' -- "$cur")
    [[ ${#COMPREPLY[@]} -gt 0 ]] || _filedir
}

# The files of stations, by name.
__snagctl_stations() {
    local file
    for file in /etc/snagd/stations/*.yaml; do
        [[ ! -e $file ]] || basename "$file" .yaml
    done
}

__snagctl_words() {
    local IFS=$' \n'
    # To be split; what is in it has neither blanks nor patterns.
    # shellcheck disable=SC2207
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
    __ltrim_colon_completions "$cur"
}

# What is written already; $1: it.
__snagctl_has() {
    local word
    for word in "${words[@]:2}"; do
        [[ $word != "$1" ]] || return 0
    done
    return 1
}

_snagctl() {
    # Set by _init_completion.
    # shellcheck disable=SC2034
    local cur prev words cword split
    _init_completion -s -n : || return

    if [[ $prev == -H || $prev == --host ]]; then
        _known_hosts_real -a -- "$cur"
        return
    fi

    # Options before the command, of which only the host has a value.
    local host='' n
    while [[ $cword -gt 1 && ${words[1]} == -* ]]; do
        n=1
        case ${words[1]} in
            -H | --host) host=yes n=2 ;;
            -H* | --host=*) host=yes ;;
        esac
        words=("${words[0]}" "${words[@]:n+1}")
        cword=$((cword - n))
    done

    if [[ $cword -eq 1 ]]; then
        __snagctl_words 'check close list monitor recover report status --help --host --json --no-ask-password --quiet --verbose --version'
        return
    fi

    # The program's own, which may stand behind the command as well.
    local common='--json --no-ask-password --quiet --verbose'
    case ${words[1]} in
        check | recover)
            case $prev in
                --firmware | --firmware-file | -[fF]) __snagctl_file '@(yaml|yml)'; return ;;
                --spl) __snagctl_file bin mlo; return ;;
                --u-boot) __snagctl_file '@(img|itb)'; return ;;
                --capture) __snagctl_file pcapng; return ;;
                --record) __snagctl_file jsonl; return ;;
                --port) __snagctl_words "$(__snagctl_show list 0 1)"; return ;;
                --stage) __snagctl_words 'rom spl'; return ;;
                --then) _filedir; return ;;
                --station) __snagctl_words "$(__snagctl_stations)"; return ;;
                --max | --retry | --then-timeout | --timeout) return ;;
            esac
            if [[ $cur == -* ]] || __snagctl_has am335x || __snagctl_has am437x; then
                __snagctl_words '--all --capture --dry-run --firmware --firmware-file --help --max --once --port --record --retry --spl --stage --station --then --then-timeout --timeout --u-boot '"$common"
            else
                __snagctl_words 'am335x am437x'
            fi
            ;;
        close)
            if [[ $cur == -* ]]; then
                __snagctl_words "--help --host $common"
            elif [[ $cword -eq 2 && -z $host ]]; then
                # Those of another machine are not worth a login for each Tab.
                __snagctl_words "$(__snagctl_show status 0 2)"
            fi
            ;;
        report)
            case $prev in
                --svg) __snagctl_file svg; return ;;
                --since | --until) return ;;
            esac
            if [[ $cur == -* ]]; then
                __snagctl_words "--help --since --svg --until $common"
            else
                __snagctl_file jsonl
            fi
            ;;
        list | monitor | status)
            __snagctl_words "--help --host $common"
            ;;
    esac
} && complete -F _snagctl snagctl
