# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_tokenctl_global_optspecs
    string join \n db= as= o/output= q/quiet color= now= busy-timeout= foreign-owner schema= audit-log= h/help V/version
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

complete -c tokenctl -n "__fish_tokenctl_needs_command" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_needs_command" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -s V -l version -d 'Print version'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "init" -d 'Create a new SQLite store'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "list" -d 'List personal access tokens'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "ls" -d 'List personal access tokens'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "show" -d 'Show one personal access token'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "revoke" -d 'Revoke personal access tokens by id, by filter, or both'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "deploy-tokens" -d 'List, show and revoke deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "audit" -d 'Show what was revoked, by whom, when and why'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c tokenctl -n "__fish_tokenctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l sample -d 'Fill it with a made-up organisation that has N personal access tokens, 1 to 10000000, dated up to --now; the administrator is root' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand init" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
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
impersonation\t''
user_type\t''
user_state\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -s u -l user -d 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l state -d 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them' -r -f -a "active\t''
inactive\t''
revoked\t''
expired\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l revoked -d 'Match revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l expired -d 'Match expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l created-after -d 'Match tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l created-before -d 'Match tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l expires-after -d 'Match tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l expires-before -d 'Match tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l expires-within -d 'Match unexpired tokens that expire within D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l no-expiry -d 'Match tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l search -d 'Match tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l scope -d 'Match tokens with this scope (repeatable, or with commas: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l except-scope -d 'Match all but the tokens with this scope (repeatable, or with commas)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l last-used-after -d 'Match tokens last used at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l last-used-before -d 'Match tokens last used at T or earlier, never-used ones not included' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l never-used -d 'Match tokens that were never used' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l unused-for -d 'Match tokens created more than D ago, and never used or last used more than D ago' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l impersonation -d 'Match impersonation tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l user-type -d 'Match tokens whose owner is of this kind (repeatable: of any of them)' -r -f -a "human\t''
project_bot\t''
service_account\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l user-state -d 'Match tokens whose owner is in this state (repeatable: in any of them); gone: there is no such user any more' -r -f -a "active\t''
blocked\t''
banned\t''
deactivated\t''
gone\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l except-user -d 'Match all but the tokens of this user (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand list" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
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
impersonation\t''
user_type\t''
user_state\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -s u -l user -d 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l state -d 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them' -r -f -a "active\t''
inactive\t''
revoked\t''
expired\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l revoked -d 'Match revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l expired -d 'Match expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l created-after -d 'Match tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l created-before -d 'Match tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l expires-after -d 'Match tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l expires-before -d 'Match tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l expires-within -d 'Match unexpired tokens that expire within D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l no-expiry -d 'Match tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l search -d 'Match tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l scope -d 'Match tokens with this scope (repeatable, or with commas: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l except-scope -d 'Match all but the tokens with this scope (repeatable, or with commas)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l last-used-after -d 'Match tokens last used at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l last-used-before -d 'Match tokens last used at T or earlier, never-used ones not included' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l never-used -d 'Match tokens that were never used' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l unused-for -d 'Match tokens created more than D ago, and never used or last used more than D ago' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l impersonation -d 'Match impersonation tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l user-type -d 'Match tokens whose owner is of this kind (repeatable: of any of them)' -r -f -a "human\t''
project_bot\t''
service_account\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l user-state -d 'Match tokens whose owner is in this state (repeatable: in any of them); gone: there is no such user any more' -r -f -a "active\t''
blocked\t''
banned\t''
deactivated\t''
gone\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l except-user -d 'Match all but the tokens of this user (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l max -d 'Revoke nothing if more than N tokens would be revoked' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l reason -d 'Record this reason in the audit events' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l batch-size -d 'Revoke at most N tokens in one transaction' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s u -l user -d 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l state -d 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them' -r -f -a "active\t''
inactive\t''
revoked\t''
expired\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l revoked -d 'Match revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l expired -d 'Match expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l created-after -d 'Match tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l created-before -d 'Match tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l expires-after -d 'Match tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l expires-before -d 'Match tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l expires-within -d 'Match unexpired tokens that expire within D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l no-expiry -d 'Match tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l search -d 'Match tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l scope -d 'Match tokens with this scope (repeatable, or with commas: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l except-scope -d 'Match all but the tokens with this scope (repeatable, or with commas)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l last-used-after -d 'Match tokens last used at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l last-used-before -d 'Match tokens last used at T or earlier, never-used ones not included' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l never-used -d 'Match tokens that were never used' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l unused-for -d 'Match tokens created more than D ago, and never used or last used more than D ago' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l impersonation -d 'Match impersonation tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l user-type -d 'Match tokens whose owner is of this kind (repeatable: of any of them)' -r -f -a "human\t''
project_bot\t''
service_account\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l user-state -d 'Match tokens whose owner is in this state (repeatable: in any of them); gone: there is no such user any more' -r -f -a "active\t''
blocked\t''
banned\t''
deactivated\t''
gone\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l except-user -d 'Match all but the tokens of this user (repeatable)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s n -l dry-run -d 'Change nothing; print what would be revoked'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s y -l yes -d 'Do not ask for confirmation'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s i -l interactive -d 'Pick from the matching tokens, at most 1000, at the terminal, then confirm'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "list" -d 'List deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "ls" -d 'List deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "show" -d 'Show one deploy token'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and not __fish_seen_subcommand_from list ls show revoke help" -f -a "revoke" -d 'Revoke deploy tokens by id, by filter, or both'
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
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l project -d 'Match the tokens of this project: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l group -d 'Match the tokens of this group: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l active -d 'Match tokens that are neither revoked nor expired' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l state -d 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them' -r -f -a "active\t''
inactive\t''
revoked\t''
expired\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l revoked -d 'Match revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l expired -d 'Match expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l created-after -d 'Match tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l created-before -d 'Match tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l expires-after -d 'Match tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l expires-before -d 'Match tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l expires-within -d 'Match unexpired tokens that expire within D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l no-expiry -d 'Match tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l search -d 'Match tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l scope -d 'Match tokens with this scope (repeatable, or with commas: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l except-scope -d 'Match all but the tokens with this scope (repeatable, or with commas)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from list" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
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
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l project -d 'Match the tokens of this project: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l group -d 'Match the tokens of this group: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l active -d 'Match tokens that are neither revoked nor expired' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l state -d 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them' -r -f -a "active\t''
inactive\t''
revoked\t''
expired\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l revoked -d 'Match revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l expired -d 'Match expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l created-after -d 'Match tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l created-before -d 'Match tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l expires-after -d 'Match tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l expires-before -d 'Match tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l expires-within -d 'Match unexpired tokens that expire within D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l no-expiry -d 'Match tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l search -d 'Match tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l scope -d 'Match tokens with this scope (repeatable, or with commas: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l except-scope -d 'Match all but the tokens with this scope (repeatable, or with commas)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l max -d 'Revoke nothing if more than N tokens would be revoked' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l reason -d 'Record this reason in the audit events' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l batch-size -d 'Revoke at most N tokens in one transaction' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l project -d 'Match the tokens of this project: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l group -d 'Match the tokens of this group: an id or a full path' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l active -d 'Match tokens that are neither revoked nor expired' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l state -d 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them' -r -f -a "active\t''
inactive\t''
revoked\t''
expired\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l revoked -d 'Match revoked tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l expired -d 'Match expired tokens' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l created-after -d 'Match tokens created at T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l created-before -d 'Match tokens created at T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l expires-after -d 'Match tokens that expire on DATE or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l expires-before -d 'Match tokens that expire before DATE' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l expires-within -d 'Match unexpired tokens that expire within D' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l no-expiry -d 'Match tokens that never expire' -r -f -a "true\t''
false\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l search -d 'Match tokens with every word of TEXT in the name, in any order and case' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l scope -d 'Match tokens with this scope (repeatable, or with commas: any of them)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l except-scope -d 'Match all but the tokens with this scope (repeatable, or with commas)' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s n -l dry-run -d 'Change nothing; print what would be revoked'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s y -l yes -d 'Do not ask for confirmation'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s i -l interactive -d 'Pick from the matching tokens, at most 1000, at the terminal, then confirm'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from help" -f -a "list" -d 'List deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one deploy token'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Revoke deploy tokens by id, by filter, or both'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand deploy-tokens; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l limit -d 'Print at most N events, and say so when there are more' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -s u -l user -d 'Match events on tokens of this user: an id (also of a deleted user), a username, or @me' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l actor -d 'Match what this user did: an id or a username (also of a deleted user), or @me' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l run -d 'Match events of one run of the program' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l action -d 'Match events of this kind' -r -f -a "revoke\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l since -d 'Match events of T or later' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l until -d 'Match events of T or earlier' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand audit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l db -d 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy\'s URLs of these are understood too [env: TOKENCTL_DB]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l as -d 'Act as this user: an id or a username [env: TOKENCTL_AS]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -s o -l output -d 'Print the result in this format' -r -f -a "table\t'Columns for people'
json\t'One array, one object per line'
jsonl\t'One object per line'
csv\t'RFC 4180 with a header'
ids\t'One id per line, ready for \'revoke -\''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l now -d 'Judge age and expiry as of this time' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l busy-timeout -d 'Wait this long for a locked store' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l schema -d 'Use this schema instead of detecting it from the tables' -r -f -a "native\t''
gitlab\t''
jupyterhub\t''
gitea\t''"
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l audit-log -d 'Record each revocation in this file of JSON lines, before and after, for \'audit\' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]' -r
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -s q -l quiet -d 'Print nothing on standard error but errors'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -l foreign-owner -d 'Work on a store of another user, who shares with you a group that may write the files beside it'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens audit completions help" -f -a "init" -d 'Create a new SQLite store'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens audit completions help" -f -a "list" -d 'List personal access tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens audit completions help" -f -a "show" -d 'Show one personal access token'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens audit completions help" -f -a "revoke" -d 'Revoke personal access tokens by id, by filter, or both'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens audit completions help" -f -a "deploy-tokens" -d 'List, show and revoke deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens audit completions help" -f -a "audit" -d 'Show what was revoked, by whom, when and why'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens audit completions help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and not __fish_seen_subcommand_from init list show revoke deploy-tokens audit completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and __fish_seen_subcommand_from deploy-tokens" -f -a "list" -d 'List deploy tokens'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and __fish_seen_subcommand_from deploy-tokens" -f -a "show" -d 'Show one deploy token'
complete -c tokenctl -n "__fish_tokenctl_using_subcommand help; and __fish_seen_subcommand_from deploy-tokens" -f -a "revoke" -d 'Revoke deploy tokens by id, by filter, or both'
