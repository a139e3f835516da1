
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'tokenctl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'tokenctl'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'tokenctl' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Create a new SQLite store')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List personal access tokens')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List personal access tokens')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one personal access token')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke personal access tokens by id, by filter, or both')
            [CompletionResult]::new('deploy-tokens', 'deploy-tokens', [CompletionResultType]::ParameterValue, 'List, show and revoke deploy tokens')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Show what was revoked, by whom, when and why')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'tokenctl;init' {
            [CompletionResult]::new('--sample', '--sample', [CompletionResultType]::ParameterName, 'Fill it with a made-up organisation that has N personal access tokens, 1 to 10000000, dated up to --now; the administrator is root')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;list' {
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Sort in this order')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Print at most N tokens, and say so when there are more')
            [CompletionResult]::new('--columns', '--columns', [CompletionResultType]::ParameterName, 'Print these columns of table and csv, in this order')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them')
            [CompletionResult]::new('--revoked', '--revoked', [CompletionResultType]::ParameterName, 'Match revoked tokens')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Match expired tokens')
            [CompletionResult]::new('--created-after', '--created-after', [CompletionResultType]::ParameterName, 'Match tokens created at T or later')
            [CompletionResult]::new('--created-before', '--created-before', [CompletionResultType]::ParameterName, 'Match tokens created at T or earlier')
            [CompletionResult]::new('--expires-after', '--expires-after', [CompletionResultType]::ParameterName, 'Match tokens that expire on DATE or later')
            [CompletionResult]::new('--expires-before', '--expires-before', [CompletionResultType]::ParameterName, 'Match tokens that expire before DATE')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Match unexpired tokens that expire within D')
            [CompletionResult]::new('--no-expiry', '--no-expiry', [CompletionResultType]::ParameterName, 'Match tokens that never expire')
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Match tokens with every word of TEXT in the name, in any order and case')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'Match tokens with this scope (repeatable, or with commas: any of them)')
            [CompletionResult]::new('--except-scope', '--except-scope', [CompletionResultType]::ParameterName, 'Match all but the tokens with this scope (repeatable, or with commas)')
            [CompletionResult]::new('--last-used-after', '--last-used-after', [CompletionResultType]::ParameterName, 'Match tokens last used at T or later')
            [CompletionResult]::new('--last-used-before', '--last-used-before', [CompletionResultType]::ParameterName, 'Match tokens last used at T or earlier, never-used ones not included')
            [CompletionResult]::new('--never-used', '--never-used', [CompletionResultType]::ParameterName, 'Match tokens that were never used')
            [CompletionResult]::new('--unused-for', '--unused-for', [CompletionResultType]::ParameterName, 'Match tokens created more than D ago, and never used or last used more than D ago')
            [CompletionResult]::new('--impersonation', '--impersonation', [CompletionResultType]::ParameterName, 'Match impersonation tokens')
            [CompletionResult]::new('--user-type', '--user-type', [CompletionResultType]::ParameterName, 'Match tokens whose owner is of this kind (repeatable: of any of them)')
            [CompletionResult]::new('--user-state', '--user-state', [CompletionResultType]::ParameterName, 'Match tokens whose owner is in this state (repeatable: in any of them); gone: there is no such user any more')
            [CompletionResult]::new('--except-user', '--except-user', [CompletionResultType]::ParameterName, 'Match all but the tokens of this user (repeatable)')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;ls' {
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Sort in this order')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Print at most N tokens, and say so when there are more')
            [CompletionResult]::new('--columns', '--columns', [CompletionResultType]::ParameterName, 'Print these columns of table and csv, in this order')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them')
            [CompletionResult]::new('--revoked', '--revoked', [CompletionResultType]::ParameterName, 'Match revoked tokens')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Match expired tokens')
            [CompletionResult]::new('--created-after', '--created-after', [CompletionResultType]::ParameterName, 'Match tokens created at T or later')
            [CompletionResult]::new('--created-before', '--created-before', [CompletionResultType]::ParameterName, 'Match tokens created at T or earlier')
            [CompletionResult]::new('--expires-after', '--expires-after', [CompletionResultType]::ParameterName, 'Match tokens that expire on DATE or later')
            [CompletionResult]::new('--expires-before', '--expires-before', [CompletionResultType]::ParameterName, 'Match tokens that expire before DATE')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Match unexpired tokens that expire within D')
            [CompletionResult]::new('--no-expiry', '--no-expiry', [CompletionResultType]::ParameterName, 'Match tokens that never expire')
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Match tokens with every word of TEXT in the name, in any order and case')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'Match tokens with this scope (repeatable, or with commas: any of them)')
            [CompletionResult]::new('--except-scope', '--except-scope', [CompletionResultType]::ParameterName, 'Match all but the tokens with this scope (repeatable, or with commas)')
            [CompletionResult]::new('--last-used-after', '--last-used-after', [CompletionResultType]::ParameterName, 'Match tokens last used at T or later')
            [CompletionResult]::new('--last-used-before', '--last-used-before', [CompletionResultType]::ParameterName, 'Match tokens last used at T or earlier, never-used ones not included')
            [CompletionResult]::new('--never-used', '--never-used', [CompletionResultType]::ParameterName, 'Match tokens that were never used')
            [CompletionResult]::new('--unused-for', '--unused-for', [CompletionResultType]::ParameterName, 'Match tokens created more than D ago, and never used or last used more than D ago')
            [CompletionResult]::new('--impersonation', '--impersonation', [CompletionResultType]::ParameterName, 'Match impersonation tokens')
            [CompletionResult]::new('--user-type', '--user-type', [CompletionResultType]::ParameterName, 'Match tokens whose owner is of this kind (repeatable: of any of them)')
            [CompletionResult]::new('--user-state', '--user-state', [CompletionResultType]::ParameterName, 'Match tokens whose owner is in this state (repeatable: in any of them); gone: there is no such user any more')
            [CompletionResult]::new('--except-user', '--except-user', [CompletionResultType]::ParameterName, 'Match all but the tokens of this user (repeatable)')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;show' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;revoke' {
            [CompletionResult]::new('--max', '--max', [CompletionResultType]::ParameterName, 'Revoke nothing if more than N tokens would be revoked')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Record this reason in the audit events')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Revoke at most N tokens in one transaction')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Match tokens of this user: an id, a username, or @me (repeatable: of any of them)')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them')
            [CompletionResult]::new('--revoked', '--revoked', [CompletionResultType]::ParameterName, 'Match revoked tokens')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Match expired tokens')
            [CompletionResult]::new('--created-after', '--created-after', [CompletionResultType]::ParameterName, 'Match tokens created at T or later')
            [CompletionResult]::new('--created-before', '--created-before', [CompletionResultType]::ParameterName, 'Match tokens created at T or earlier')
            [CompletionResult]::new('--expires-after', '--expires-after', [CompletionResultType]::ParameterName, 'Match tokens that expire on DATE or later')
            [CompletionResult]::new('--expires-before', '--expires-before', [CompletionResultType]::ParameterName, 'Match tokens that expire before DATE')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Match unexpired tokens that expire within D')
            [CompletionResult]::new('--no-expiry', '--no-expiry', [CompletionResultType]::ParameterName, 'Match tokens that never expire')
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Match tokens with every word of TEXT in the name, in any order and case')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'Match tokens with this scope (repeatable, or with commas: any of them)')
            [CompletionResult]::new('--except-scope', '--except-scope', [CompletionResultType]::ParameterName, 'Match all but the tokens with this scope (repeatable, or with commas)')
            [CompletionResult]::new('--last-used-after', '--last-used-after', [CompletionResultType]::ParameterName, 'Match tokens last used at T or later')
            [CompletionResult]::new('--last-used-before', '--last-used-before', [CompletionResultType]::ParameterName, 'Match tokens last used at T or earlier, never-used ones not included')
            [CompletionResult]::new('--never-used', '--never-used', [CompletionResultType]::ParameterName, 'Match tokens that were never used')
            [CompletionResult]::new('--unused-for', '--unused-for', [CompletionResultType]::ParameterName, 'Match tokens created more than D ago, and never used or last used more than D ago')
            [CompletionResult]::new('--impersonation', '--impersonation', [CompletionResultType]::ParameterName, 'Match impersonation tokens')
            [CompletionResult]::new('--user-type', '--user-type', [CompletionResultType]::ParameterName, 'Match tokens whose owner is of this kind (repeatable: of any of them)')
            [CompletionResult]::new('--user-state', '--user-state', [CompletionResultType]::ParameterName, 'Match tokens whose owner is in this state (repeatable: in any of them); gone: there is no such user any more')
            [CompletionResult]::new('--except-user', '--except-user', [CompletionResultType]::ParameterName, 'Match all but the tokens of this user (repeatable)')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Change nothing; print what would be revoked')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Change nothing; print what would be revoked')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask for confirmation')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask for confirmation')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Pick from the matching tokens, at most 1000, at the terminal, then confirm')
            [CompletionResult]::new('--interactive', '--interactive', [CompletionResultType]::ParameterName, 'Pick from the matching tokens, at most 1000, at the terminal, then confirm')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;deploy-tokens' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List deploy tokens')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List deploy tokens')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one deploy token')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke deploy tokens by id, by filter, or both')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'tokenctl;deploy-tokens;list' {
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Sort in this order')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Print at most N tokens, and say so when there are more')
            [CompletionResult]::new('--columns', '--columns', [CompletionResultType]::ParameterName, 'Print these columns of table and csv, in this order')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Match the tokens of this project: an id or a full path')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Match the tokens of this group: an id or a full path')
            [CompletionResult]::new('--active', '--active', [CompletionResultType]::ParameterName, 'Match tokens that are neither revoked nor expired')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them')
            [CompletionResult]::new('--revoked', '--revoked', [CompletionResultType]::ParameterName, 'Match revoked tokens')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Match expired tokens')
            [CompletionResult]::new('--created-after', '--created-after', [CompletionResultType]::ParameterName, 'Match tokens created at T or later')
            [CompletionResult]::new('--created-before', '--created-before', [CompletionResultType]::ParameterName, 'Match tokens created at T or earlier')
            [CompletionResult]::new('--expires-after', '--expires-after', [CompletionResultType]::ParameterName, 'Match tokens that expire on DATE or later')
            [CompletionResult]::new('--expires-before', '--expires-before', [CompletionResultType]::ParameterName, 'Match tokens that expire before DATE')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Match unexpired tokens that expire within D')
            [CompletionResult]::new('--no-expiry', '--no-expiry', [CompletionResultType]::ParameterName, 'Match tokens that never expire')
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Match tokens with every word of TEXT in the name, in any order and case')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'Match tokens with this scope (repeatable, or with commas: any of them)')
            [CompletionResult]::new('--except-scope', '--except-scope', [CompletionResultType]::ParameterName, 'Match all but the tokens with this scope (repeatable, or with commas)')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;deploy-tokens;ls' {
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Sort in this order')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Print at most N tokens, and say so when there are more')
            [CompletionResult]::new('--columns', '--columns', [CompletionResultType]::ParameterName, 'Print these columns of table and csv, in this order')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Match the tokens of this project: an id or a full path')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Match the tokens of this group: an id or a full path')
            [CompletionResult]::new('--active', '--active', [CompletionResultType]::ParameterName, 'Match tokens that are neither revoked nor expired')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them')
            [CompletionResult]::new('--revoked', '--revoked', [CompletionResultType]::ParameterName, 'Match revoked tokens')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Match expired tokens')
            [CompletionResult]::new('--created-after', '--created-after', [CompletionResultType]::ParameterName, 'Match tokens created at T or later')
            [CompletionResult]::new('--created-before', '--created-before', [CompletionResultType]::ParameterName, 'Match tokens created at T or earlier')
            [CompletionResult]::new('--expires-after', '--expires-after', [CompletionResultType]::ParameterName, 'Match tokens that expire on DATE or later')
            [CompletionResult]::new('--expires-before', '--expires-before', [CompletionResultType]::ParameterName, 'Match tokens that expire before DATE')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Match unexpired tokens that expire within D')
            [CompletionResult]::new('--no-expiry', '--no-expiry', [CompletionResultType]::ParameterName, 'Match tokens that never expire')
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Match tokens with every word of TEXT in the name, in any order and case')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'Match tokens with this scope (repeatable, or with commas: any of them)')
            [CompletionResult]::new('--except-scope', '--except-scope', [CompletionResultType]::ParameterName, 'Match all but the tokens with this scope (repeatable, or with commas)')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;deploy-tokens;show' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;deploy-tokens;revoke' {
            [CompletionResult]::new('--max', '--max', [CompletionResultType]::ParameterName, 'Revoke nothing if more than N tokens would be revoked')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Record this reason in the audit events')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Revoke at most N tokens in one transaction')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Match the tokens of this project: an id or a full path')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Match the tokens of this group: an id or a full path')
            [CompletionResult]::new('--active', '--active', [CompletionResultType]::ParameterName, 'Match tokens that are neither revoked nor expired')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Match tokens in this state, as the column has it: revoked wins over expired; inactive: either of them')
            [CompletionResult]::new('--revoked', '--revoked', [CompletionResultType]::ParameterName, 'Match revoked tokens')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Match expired tokens')
            [CompletionResult]::new('--created-after', '--created-after', [CompletionResultType]::ParameterName, 'Match tokens created at T or later')
            [CompletionResult]::new('--created-before', '--created-before', [CompletionResultType]::ParameterName, 'Match tokens created at T or earlier')
            [CompletionResult]::new('--expires-after', '--expires-after', [CompletionResultType]::ParameterName, 'Match tokens that expire on DATE or later')
            [CompletionResult]::new('--expires-before', '--expires-before', [CompletionResultType]::ParameterName, 'Match tokens that expire before DATE')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Match unexpired tokens that expire within D')
            [CompletionResult]::new('--no-expiry', '--no-expiry', [CompletionResultType]::ParameterName, 'Match tokens that never expire')
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Match tokens with every word of TEXT in the name, in any order and case')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'Match tokens with this scope (repeatable, or with commas: any of them)')
            [CompletionResult]::new('--except-scope', '--except-scope', [CompletionResultType]::ParameterName, 'Match all but the tokens with this scope (repeatable, or with commas)')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Change nothing; print what would be revoked')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Change nothing; print what would be revoked')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask for confirmation')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask for confirmation')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Pick from the matching tokens, at most 1000, at the terminal, then confirm')
            [CompletionResult]::new('--interactive', '--interactive', [CompletionResultType]::ParameterName, 'Pick from the matching tokens, at most 1000, at the terminal, then confirm')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;deploy-tokens;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List deploy tokens')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one deploy token')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke deploy tokens by id, by filter, or both')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'tokenctl;deploy-tokens;help;list' {
            break
        }
        'tokenctl;deploy-tokens;help;show' {
            break
        }
        'tokenctl;deploy-tokens;help;revoke' {
            break
        }
        'tokenctl;deploy-tokens;help;help' {
            break
        }
        'tokenctl;audit' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Print at most N events, and say so when there are more')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Match events on tokens of this user: an id (also of a deleted user), a username, or @me')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Match events on tokens of this user: an id (also of a deleted user), a username, or @me')
            [CompletionResult]::new('--actor', '--actor', [CompletionResultType]::ParameterName, 'Match what this user did: an id or a username (also of a deleted user), or @me')
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'Match events of one run of the program')
            [CompletionResult]::new('--action', '--action', [CompletionResultType]::ParameterName, 'Match events of this kind')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Match events of T or later')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Match events of T or earlier')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;completions' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Work on this store: the path of a SQLite file, sqlite:PATH, or postgres://HOST/DATABASE; SQLAlchemy''s URLs of these are understood too [env: TOKENCTL_DB]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user: an id or a username [env: TOKENCTL_AS]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the result in this format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge age and expiry as of this time')
            [CompletionResult]::new('--busy-timeout', '--busy-timeout', [CompletionResultType]::ParameterName, 'Wait this long for a locked store')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Use this schema instead of detecting it from the tables')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Record each revocation in this file of JSON lines, before and after, for ''audit'' to read; required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on standard error but errors')
            [CompletionResult]::new('--foreign-owner', '--foreign-owner', [CompletionResultType]::ParameterName, 'Work on a store of another user, who shares with you a group that may write the files beside it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'tokenctl;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Create a new SQLite store')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List personal access tokens')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one personal access token')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke personal access tokens by id, by filter, or both')
            [CompletionResult]::new('deploy-tokens', 'deploy-tokens', [CompletionResultType]::ParameterValue, 'List, show and revoke deploy tokens')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Show what was revoked, by whom, when and why')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'tokenctl;help;init' {
            break
        }
        'tokenctl;help;list' {
            break
        }
        'tokenctl;help;show' {
            break
        }
        'tokenctl;help;revoke' {
            break
        }
        'tokenctl;help;deploy-tokens' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List deploy tokens')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one deploy token')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke deploy tokens by id, by filter, or both')
            break
        }
        'tokenctl;help;deploy-tokens;list' {
            break
        }
        'tokenctl;help;deploy-tokens;show' {
            break
        }
        'tokenctl;help;deploy-tokens;revoke' {
            break
        }
        'tokenctl;help;audit' {
            break
        }
        'tokenctl;help;completions' {
            break
        }
        'tokenctl;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
