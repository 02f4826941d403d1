#!/usr/bin/env bash
# Set the options of the calling script from its command line: `--some-name value` sets some_name.
# An option is a line `name=default  # meaning` in the option block of that script. Sourced.

option_block() {
    sed -n '/^### options/,/^### end of options/p' "${BASH_SOURCE[-1]}" | grep -v '^###'
}

print_help() {
    sed -n '2,/^set /{/^# /s/^# //p}' "${BASH_SOURCE[-1]}"
    echo
    echo "Options (name, default, meaning):"
    option_block | sed -E 's/^# (.*)$/ \1/; s/^([a-z_]+)=/  --\1 /'
    echo
    echo "Stages:"
    local file
    for file in stages/[0-9][0-9]_*.sh; do
        echo "  $(stage_title "${file}")"
    done
    echo
    echo "Stages with --stage_dir compare:"
    for file in compare/[0-9][0-9]_*.sh; do
        echo "  $(stage_title "${file}")"
    done
    echo
    echo "Stages with --stage_dir evidence:"
    for file in evidence/[0-9][0-9]_*.sh; do
        echo "  $(stage_title "${file}")"
    done
}

set_option() {  # set_option --some-name [VALUE]
    local name=${1#--}
    name=${name//-/_}
    # Not `grep -q`, which stops reading early: with pipefail, a long option block would then fail.
    if [[ ! ${name} =~ ^[a-z_]+$ || $'\n'$(option_block) != *$'\n'"${name}="* ]]; then
        die "$1: no such option (write --name value); --help lists them"
    fi
    if [ $# -lt 2 ]; then die "$1: has no value; write $1 VALUE"; fi
    case "${name}:${!name}" in
        *:true | *:false | gpu_inference:*)
            case "$2" in
                true | false) ;;
                *) die "$1: '$2' is neither true nor false" ;;
            esac ;;
    esac
    printf -v "${name}" '%s' "$2"
}

while [ $# -gt 0 ]; do
    case "$1" in
        -h | --help)
            print_help
            exit 0 ;;
        --*)
            set_option "${@:1:2}"
            shift 2 ;;
        *) die "$1: is not an option; --help lists them" ;;
    esac
done
for number_option in stage stop_stage; do
    [[ ${!number_option} =~ ^[0-9]+$ ]] ||
        die "--${number_option}: '${!number_option}' is not a number"
done
# ESPnet's options and this recipe's join paths with colons, commas and spaces.
for path_option in dumpdir expdir; do
    [[ ${!path_option} != *[[:space:],:]* && -n ${!path_option} ]] ||
        die "--${path_option}: '${!path_option}' is empty or has a colon, a comma or white space;" \
            "choose another directory, or link to it"
done
