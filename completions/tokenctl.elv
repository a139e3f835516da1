
use builtin;
use str;

set edit:completion:arg-completer[tokenctl] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'tokenctl'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'tokenctl'= {
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand init 'Create a new SQLite store'
            cand list 'List personal access tokens'
            cand ls 'List personal access tokens'
            cand show 'Show one personal access token'
            cand revoke 'Revoke personal access tokens by id'
            cand deploy-tokens 'List, show and revoke deploy tokens'
            cand completions 'Print the completion script of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'tokenctl;init'= {
            cand --sample 'Fill it with a made-up organisation that has N personal access tokens, 1 to 10000000, and whose present is --now; the administrator is root'
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;list'= {
            cand --sort 'Sort in this order'
            cand --limit 'Print at most N tokens, and say so when there are more'
            cand --columns 'Print these columns of table and csv, in this order'
            cand -u 'Keep tokens of this user: an id, a username, or @me'
            cand --user 'Keep tokens of this user: an id, a username, or @me'
            cand --state 'Keep active tokens, or those that are revoked or expired'
            cand --revoked 'Keep revoked tokens'
            cand --expired 'Keep expired tokens'
            cand --created-after 'Keep tokens created at T or later'
            cand --created-before 'Keep tokens created at T or earlier'
            cand --expires-after 'Keep tokens that expire on DATE or later'
            cand --expires-before 'Keep tokens that expire before DATE'
            cand --expires-within 'Keep tokens that are not expired, and will be in D'
            cand --no-expiry 'Keep tokens that never expire'
            cand --search 'Keep tokens with every word of TEXT in the name, in any order and case'
            cand --scope 'Keep tokens with this scope (repeatable: any of them)'
            cand --except-scope 'Keep all but the tokens with this scope (repeatable)'
            cand --last-used-after 'Keep tokens last used at T or later'
            cand --last-used-before 'Keep tokens last used at T or earlier, never-used ones not included'
            cand --never-used 'Keep tokens that were never used'
            cand --unused-for 'Keep tokens created more than D ago and not used since'
            cand --impersonation 'Keep impersonation tokens'
            cand --user-type 'Keep tokens whose owner is of this kind'
            cand --except-user 'Keep all but the tokens of this user (repeatable)'
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;ls'= {
            cand --sort 'Sort in this order'
            cand --limit 'Print at most N tokens, and say so when there are more'
            cand --columns 'Print these columns of table and csv, in this order'
            cand -u 'Keep tokens of this user: an id, a username, or @me'
            cand --user 'Keep tokens of this user: an id, a username, or @me'
            cand --state 'Keep active tokens, or those that are revoked or expired'
            cand --revoked 'Keep revoked tokens'
            cand --expired 'Keep expired tokens'
            cand --created-after 'Keep tokens created at T or later'
            cand --created-before 'Keep tokens created at T or earlier'
            cand --expires-after 'Keep tokens that expire on DATE or later'
            cand --expires-before 'Keep tokens that expire before DATE'
            cand --expires-within 'Keep tokens that are not expired, and will be in D'
            cand --no-expiry 'Keep tokens that never expire'
            cand --search 'Keep tokens with every word of TEXT in the name, in any order and case'
            cand --scope 'Keep tokens with this scope (repeatable: any of them)'
            cand --except-scope 'Keep all but the tokens with this scope (repeatable)'
            cand --last-used-after 'Keep tokens last used at T or later'
            cand --last-used-before 'Keep tokens last used at T or earlier, never-used ones not included'
            cand --never-used 'Keep tokens that were never used'
            cand --unused-for 'Keep tokens created more than D ago and not used since'
            cand --impersonation 'Keep impersonation tokens'
            cand --user-type 'Keep tokens whose owner is of this kind'
            cand --except-user 'Keep all but the tokens of this user (repeatable)'
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;show'= {
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;revoke'= {
            cand --reason 'Record this reason in the audit events'
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -n 'Change nothing; print what would be revoked'
            cand --dry-run 'Change nothing; print what would be revoked'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;deploy-tokens'= {
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List deploy tokens'
            cand ls 'List deploy tokens'
            cand show 'Show one deploy token'
            cand revoke 'Revoke deploy tokens by id'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'tokenctl;deploy-tokens;list'= {
            cand --sort 'Sort in this order'
            cand --limit 'Print at most N tokens, and say so when there are more'
            cand --columns 'Print these columns of table and csv, in this order'
            cand --project 'Keep the tokens of this project: an id or a full path'
            cand --group 'Keep the tokens of this group: an id or a full path'
            cand --active 'Keep tokens that are neither revoked nor expired'
            cand --revoked 'Keep revoked tokens'
            cand --expired 'Keep expired tokens'
            cand --created-after 'Keep tokens created at T or later'
            cand --created-before 'Keep tokens created at T or earlier'
            cand --expires-after 'Keep tokens that expire on DATE or later'
            cand --expires-before 'Keep tokens that expire before DATE'
            cand --expires-within 'Keep tokens that are not expired, and will be in D'
            cand --no-expiry 'Keep tokens that never expire'
            cand --search 'Keep tokens with every word of TEXT in the name, in any order and case'
            cand --scope 'Keep tokens with this scope (repeatable: any of them)'
            cand --except-scope 'Keep all but the tokens with this scope (repeatable)'
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;deploy-tokens;ls'= {
            cand --sort 'Sort in this order'
            cand --limit 'Print at most N tokens, and say so when there are more'
            cand --columns 'Print these columns of table and csv, in this order'
            cand --project 'Keep the tokens of this project: an id or a full path'
            cand --group 'Keep the tokens of this group: an id or a full path'
            cand --active 'Keep tokens that are neither revoked nor expired'
            cand --revoked 'Keep revoked tokens'
            cand --expired 'Keep expired tokens'
            cand --created-after 'Keep tokens created at T or later'
            cand --created-before 'Keep tokens created at T or earlier'
            cand --expires-after 'Keep tokens that expire on DATE or later'
            cand --expires-before 'Keep tokens that expire before DATE'
            cand --expires-within 'Keep tokens that are not expired, and will be in D'
            cand --no-expiry 'Keep tokens that never expire'
            cand --search 'Keep tokens with every word of TEXT in the name, in any order and case'
            cand --scope 'Keep tokens with this scope (repeatable: any of them)'
            cand --except-scope 'Keep all but the tokens with this scope (repeatable)'
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;deploy-tokens;show'= {
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;deploy-tokens;revoke'= {
            cand --reason 'Record this reason in the audit events'
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -n 'Change nothing; print what would be revoked'
            cand --dry-run 'Change nothing; print what would be revoked'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;deploy-tokens;help'= {
            cand list 'List deploy tokens'
            cand show 'Show one deploy token'
            cand revoke 'Revoke deploy tokens by id'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'tokenctl;deploy-tokens;help;list'= {
        }
        &'tokenctl;deploy-tokens;help;show'= {
        }
        &'tokenctl;deploy-tokens;help;revoke'= {
        }
        &'tokenctl;deploy-tokens;help;help'= {
        }
        &'tokenctl;completions'= {
            cand --db 'Work on this store: the path of a SQLite file, or sqlite:PATH [env: TOKENCTL_DB]'
            cand --as 'Act as this user: an id or a username [env: TOKENCTL_AS]'
            cand -o 'Print the result in this format'
            cand --output 'Print the result in this format'
            cand --color 'Use colour'
            cand --now 'Judge age and expiry as of this time'
            cand --busy-timeout 'Wait this long for a locked store'
            cand -q 'Print nothing on standard error but errors'
            cand --quiet 'Print nothing on standard error but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'tokenctl;help'= {
            cand init 'Create a new SQLite store'
            cand list 'List personal access tokens'
            cand show 'Show one personal access token'
            cand revoke 'Revoke personal access tokens by id'
            cand deploy-tokens 'List, show and revoke deploy tokens'
            cand completions 'Print the completion script of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'tokenctl;help;init'= {
        }
        &'tokenctl;help;list'= {
        }
        &'tokenctl;help;show'= {
        }
        &'tokenctl;help;revoke'= {
        }
        &'tokenctl;help;deploy-tokens'= {
            cand list 'List deploy tokens'
            cand show 'Show one deploy token'
            cand revoke 'Revoke deploy tokens by id'
        }
        &'tokenctl;help;deploy-tokens;list'= {
        }
        &'tokenctl;help;deploy-tokens;show'= {
        }
        &'tokenctl;help;deploy-tokens;revoke'= {
        }
        &'tokenctl;help;completions'= {
        }
        &'tokenctl;help;help'= {
        }
    ]
    $completions[$command]
}
