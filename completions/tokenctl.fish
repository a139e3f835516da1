# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_tokenctl_global_optspecs
    string join \n db= as= o/output= q/quiet color= now= busy-timeout= h/help V/version
end

function __fish_tokenctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_tokenctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_tokenctl_using_subcommand
    set -l cmd (__fish_tokenctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c tokenctl -n "__fish_tokenctl_needs_command" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -s V -l version -d 'Print version'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "init" -d 'Create a new SQLite store'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "list" -d 'List personal access tokens'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "ls" -d 'List personal access tokens'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "show" -d 'Show one personal access token'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "revoke" -d 'Revoke personal access tokens by id'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "deploy-tokens" -d 'List, show and revoke deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l sample -d 'Fill it with a made-up organisation that has N personal access tokens, 1 to 10000000, and whose present is --now; the administrator is root' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l sort -d 'Sort in this order' -r -f -a "id_asc\t''
id_desc\t''
created_asc\t''
created_desc\t''
last_used_asc\t''
last_used_desc\t''
expires_asc\t''
expires_desc\t''
name_asc\t''
name_desc\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l limit -d 'Print at most N tokens, and say so when there are more' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l columns -d 'Print these columns of table and csv, in this order' -r -f -a "id\t''
username\t''
name\t''
scopes\t''
state\t''
created_at\t''
last_used_at\t''
expires_at\t''
revoked\t''
user_id\t''
active\t''
expired\t''
description\t''
impersonation\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -s u -l user -d 'Keep tokens of this user: an id, a username, or @me' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l state -d 'Keep active tokens, or those that are revoked or expired' -r -f -a "active\t''
inactive\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l revoked -d 'Keep revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l expired -d 'Keep expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l created-after -d 'Keep tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l created-before -d 'Keep tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l expires-after -d 'Keep tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l expires-before -d 'Keep tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l expires-within -d 'Keep tokens that are not expired, and will be in D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l no-expiry -d 'Keep tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l search -d 'Keep tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l scope -d 'Keep tokens with this scope (repeatable: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l except-scope -d 'Keep all but the tokens with this scope (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l last-used-after -d 'Keep tokens last used at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l last-used-before -d 'Keep tokens last used at T or earlier, never-used ones not included' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l never-used -d 'Keep tokens that were never used' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l unused-for -d 'Keep tokens created more than D ago and not used since' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l impersonation -d 'Keep impersonation tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l user-type -d 'Keep tokens whose owner is of this kind' -r -f -a "human\t''
project_bot\t''
service_account\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l except-user -d 'Keep all but the tokens of this user (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l sort -d 'Sort in this order' -r -f -a "id_asc\t''
id_desc\t''
created_asc\t''
created_desc\t''
last_used_asc\t''
last_used_desc\t''
expires_asc\t''
expires_desc\t''
name_asc\t''
name_desc\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l limit -d 'Print at most N tokens, and say so when there are more' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l columns -d 'Print these columns of table and csv, in this order' -r -f -a "id\t''
username\t''
name\t''
scopes\t''
state\t''
created_at\t''
last_used_at\t''
expires_at\t''
revoked\t''
user_id\t''
active\t''
expired\t''
description\t''
impersonation\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -s u -l user -d 'Keep tokens of this user: an id, a username, or @me' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l state -d 'Keep active tokens, or those that are revoked or expired' -r -f -a "active\t''
inactive\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l revoked -d 'Keep revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l expired -d 'Keep expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l created-after -d 'Keep tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l created-before -d 'Keep tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l expires-after -d 'Keep tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l expires-before -d 'Keep tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l expires-within -d 'Keep tokens that are not expired, and will be in D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l no-expiry -d 'Keep tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l search -d 'Keep tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l scope -d 'Keep tokens with this scope (repeatable: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l except-scope -d 'Keep all but the tokens with this scope (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l last-used-after -d 'Keep tokens last used at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l last-used-before -d 'Keep tokens last used at T or earlier, never-used ones not included' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l never-used -d 'Keep tokens that were never used' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l unused-for -d 'Keep tokens created more than D ago and not used since' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l impersonation -d 'Keep impersonation tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l user-type -d 'Keep tokens whose owner is of this kind' -r -f -a "human\t''
project_bot\t''
service_account\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l except-user -d 'Keep all but the tokens of this user (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l reason -d 'Record this reason in the audit events' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s n -l dry-run -d 'Change nothing; print what would be revoked'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s y -l yes -d 'Do not ask'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "list" -d 'List deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "ls" -d 'List deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "show" -d 'Show one deploy token'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "revoke" -d 'Revoke deploy tokens by id'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l sort -d 'Sort in this order' -r -f -a "id_asc\t''
id_desc\t''
created_asc\t''
created_desc\t''
expires_asc\t''
expires_desc\t''
name_asc\t''
name_desc\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l limit -d 'Print at most N tokens, and say so when there are more' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l columns -d 'Print these columns of table and csv, in this order' -r -f -a "id\t''
name\t''
username\t''
project\t''
group\t''
scopes\t''
state\t''
created_at\t''
expires_at\t''
revoked\t''
expired\t''
active\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l project -d 'Keep the tokens of this project: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l group -d 'Keep the tokens of this group: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l active -d 'Keep tokens that are neither revoked nor expired' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l revoked -d 'Keep revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l expired -d 'Keep expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l created-after -d 'Keep tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l created-before -d 'Keep tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l expires-after -d 'Keep tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l expires-before -d 'Keep tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l expires-within -d 'Keep tokens that are not expired, and will be in D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l no-expiry -d 'Keep tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l search -d 'Keep tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l scope -d 'Keep tokens with this scope (repeatable: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l except-scope -d 'Keep all but the tokens with this scope (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l sort -d 'Sort in this order' -r -f -a "id_asc\t''
id_desc\t''
created_asc\t''
created_desc\t''
expires_asc\t''
expires_desc\t''
name_asc\t''
name_desc\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l limit -d 'Print at most N tokens, and say so when there are more' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l columns -d 'Print these columns of table and csv, in this order' -r -f -a "id\t''
name\t''
username\t''
project\t''
group\t''
scopes\t''
state\t''
created_at\t''
expires_at\t''
revoked\t''
expired\t''
active\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l project -d 'Keep the tokens of this project: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l group -d 'Keep the tokens of this group: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l active -d 'Keep tokens that are neither revoked nor expired' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l revoked -d 'Keep revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l expired -d 'Keep expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l created-after -d 'Keep tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l created-before -d 'Keep tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l expires-after -d 'Keep tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l expires-before -d 'Keep tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l expires-within -d 'Keep tokens that are not expired, and will be in D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l no-expiry -d 'Keep tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l search -d 'Keep tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l scope -d 'Keep tokens with this scope (repeatable: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l except-scope -d 'Keep all but the tokens with this scope (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l reason -d 'Record this reason in the audit events' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s n -l dry-run -d 'Change nothing; print what would be revoked'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s y -l yes -d 'Do not ask'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from help" -f -a "list" -d 'List deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one deploy token'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Revoke deploy tokens by id'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l db -d 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object a line'
jsonl\t'One object a line'
csv\t'RFC 4180 with a header'
ids\t'One id a line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens completions help" -f -a "init" -d 'Create a new SQLite store'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens completions help" -f -a "list" -d 'List personal access tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens completions help" -f -a "show" -d 'Show one personal access token'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens completions help" -f -a "revoke" -d 'Revoke personal access tokens by id'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens completions help" -f -a "deploy-tokens" -d 'List, show and revoke deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens completions help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and __fish_seen_subcommand_from deploy-tokens" -f -a "list" -d 'List deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and __fish_seen_subcommand_from deploy-tokens" -f -a "show" -d 'Show one deploy token'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and __fish_seen_subcommand_from deploy-tokens" -f -a "revoke" -d 'Revoke deploy tokens by id'
