
_clap_complete_tokenctl() {
    local IFS=$'\013'
    local _CLAP_COMPLETE_INDEX=${COMP_CWORD}
    local _CLAP_COMPLETE_COMP_TYPE=${COMP_TYPE}
    if compopt +o nospace 2> /dev/null; then
        local _CLAP_COMPLETE_SPACE=false
    else
        local _CLAP_COMPLETE_SPACE=true
    fi
    local words=("${COMP_WORDS[@]}")
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        words[COMP_CWORD]="$2"
    fi
    COMPREPLY=( $( \
        _CLAP_IFS="$IFS" \
        _CLAP_COMPLETE_INDEX="$_CLAP_COMPLETE_INDEX" \
        _CLAP_COMPLETE_COMP_TYPE="$_CLAP_COMPLETE_COMP_TYPE" \
        _CLAP_COMPLETE_SPACE="$_CLAP_COMPLETE_SPACE" \
        TOKENCTL_COMPLETE="bash" \
        "tokenctl" -- "${words[@]}" \
    ) )
    if [[ $? != 0 ]]; then
        unset COMPREPLY
    elif [[ $_CLAP_COMPLETE_SPACE == false ]] && [[ "${COMPREPLY-}" =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_tokenctl tokenctl
else
    complete -o nospace -o bashdefault -F _clap_complete_tokenctl tokenctl
fi

_tokenctl() {
    local last=${COMP_LINE:0:COMP_POINT}
    last=${last##*[[:space:]]}
    if [[ $last == --*=* && $COMP_WORDBREAKS == *=* ]]; then
        local at=$COMP_CWORD
        while ((at > 0)) && [[ ${COMP_WORDS[at]} != --* ]]; do ((at--)); done
        COMP_WORDS=("${COMP_WORDS[@]:0:at}" "$last")
        COMP_CWORD=$at
        _clap_complete_tokenctl "$1" "$last" "${COMP_WORDS[at - 1]}"
        COMPREPLY=("${COMPREPLY[@]#"${last%%=*}="}")
    else
        _clap_complete_tokenctl "$@"
    fi
}
complete -o nospace -o bashdefault -F _tokenctl tokenctl
