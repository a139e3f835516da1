//! The filter flags, and their conversion to a filter.

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::TypedValueParser;

use super::arguments::{not_blank, values_by_name};
use crate::failure::{Failure, Kind};
use crate::model::access::Guarded;
use crate::model::actor::{Actor, Denied};
use crate::model::personal_access_token::{self, PersonalAccessToken, UserState, UserType};
use crate::model::reference::UserRef;
use crate::model::time::{Moment, OUT_OF_RANGE, Period, Rounding, TimeArg, Timestamp};
use crate::model::token::{StateFilter, Token, TokenFilter};
use crate::store::{Store, Stored};

/// The filters of a kind of token, the same for every command.
pub trait Filters: Default + PartialEq {
    type Token: Stored + Token;

    /// Describes what is filtered, for messages.
    fn subject(&self) -> String;

    /// Resolves the flags to a filter. Values come before users, projects and groups, so
    /// that an invalid value does not tell whether those exist.
    fn resolve(
        self,
        store: &Store,
        actor: &Actor,
        now: Moment,
    ) -> Result<<Self::Token as Guarded>::Filter>;

    /// Refuses filters that are harmless in a list but not in a revocation.
    fn check_safe_to_revoke(&self, now: Moment) -> Result<(), Failure>;

    /// What to do where the filters are denied.
    fn hint_if_denied(&self) -> Option<&'static str> {
        None
    }

    /// What the user has to know of what these filters do in a store.
    fn note(&self, _: &Store) -> Option<&'static str> {
        None
    }
}

/// The filters of personal access tokens, the same for every command.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Filters (all combine with AND)")]
pub struct FilterArgs {
    /// Match tokens of this user: an id, a username, or @me (repeatable: of any of them)
    #[arg(short, long)]
    user: Vec<UserRef>,

    #[command(flatten)]
    token: TokenFilterArgs,

    /// Match tokens last used at T or later
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    last_used_after: Option<TimeArg>,

    /// Match tokens last used at T or earlier, never-used ones not included
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    last_used_before: Option<TimeArg>,

    /// Match tokens that were never used
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    never_used: Option<bool>,

    /// Match tokens created more than D ago, and never used or last used more than D ago
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    unused_for: Option<Period>,

    /// Match impersonation tokens
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    impersonation: Option<bool>,

    /// Match tokens whose owner is of this kind (repeatable, or with commas: of any of them)
    #[arg(long, value_name = "TYPE,...", value_delimiter = ',')]
    user_type: Vec<UserType>,

    /// Match tokens whose owner is in this state (repeatable, or with commas); gone: there is no
    /// such user any more
    #[arg(long, value_name = "STATE,...", value_delimiter = ',')]
    user_state: Vec<UserState>,

    /// Match all but the tokens of this user (repeatable)
    #[arg(long, value_name = "USER")]
    except_user: Vec<UserRef>,
}

/// The filters that every kind of token has.
#[derive(Debug, Default, PartialEq, Args)]
pub struct TokenFilterArgs {
    /// Match tokens in this state, as the column has it: revoked wins over expired; inactive:
    /// either of them
    #[arg(long)]
    state: Option<StateFilter>,

    /// Match revoked tokens
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    revoked: Option<bool>,

    /// Match expired tokens
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    expired: Option<bool>,

    /// Match tokens created at T or later
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    created_after: Option<TimeArg>,

    /// Match tokens created at T or earlier
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    created_before: Option<TimeArg>,

    /// Match tokens that expire on DATE or later
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    expires_after: Option<TimeArg>,

    /// Match tokens that expire before DATE
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    expires_before: Option<TimeArg>,

    /// Match unexpired tokens that expire within D
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    expires_within: Option<Period>,

    /// Match tokens that never expire
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    no_expiry: Option<bool>,

    /// Match tokens with every word of TEXT in the name, in any order and case
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    search: Option<String>,

    /// Match tokens with this scope (repeatable, or with commas: any of them)
    #[arg(long, value_name = "SCOPE,...", value_delimiter = ',', value_parser = scope())]
    scope: Vec<String>,

    /// Match all but the tokens with this scope (repeatable, or with commas)
    #[arg(long, value_name = "SCOPE,...", value_delimiter = ',', value_parser = scope())]
    except_scope: Vec<String>,
}

/// Takes a scope; blanks around it are none of it.
fn scope() -> impl TypedValueParser<Value = String> {
    not_blank().map(|it| it.trim().to_owned())
}

values_by_name!(UserType, UserState, StateFilter);

impl Filters for FilterArgs {
    type Token = PersonalAccessToken;

    fn note(&self, store: &Store) -> Option<&'static str> {
        let is_by_scope = !(self.token.scope.is_empty() && self.token.except_scope.is_empty());
        store.note_on_scopes().filter(|_| is_by_scope)
    }

    fn subject(&self) -> String {
        <PersonalAccessToken as Stored>::NOUN[1].into()
    }

    fn check_safe_to_revoke(&self, now: Moment) -> Result<(), Failure> {
        self.token.refuse_blank_search()?;
        let Some(unused_for) = self.unused_for else { return Ok(()) };
        if unused_for.before(now.instant) > Period::DAY.before(now.instant) {
            return Err(Failure::value(
                "--unused-for <D>",
                unused_for,
                "revoke takes 1d or more: applications record use with a delay",
            ));
        }
        Ok(())
    }

    fn resolve(
        self,
        store: &Store,
        actor: &Actor,
        now: Moment,
    ) -> Result<personal_access_token::Filter> {
        let token = self.token.resolve(now)?;
        let last_used_after = lower_bound("--last-used-after <T>", self.last_used_after, now)?;
        let last_used_before = upper_bound("--last-used-before <T>", self.last_used_before, now)?;
        let unused_since =
            period("--unused-for <D>", self.unused_for, |it| it.before(now.instant))?;

        let user = |flag: &'static str, reference: UserRef| {
            store.user(actor, &reference).with_context(|| format!("{flag} {reference}"))
        };
        let users = |flag, references: Vec<_>| -> Result<Vec<_>> {
            references.into_iter().map(|reference| user(flag, reference)).collect()
        };
        Ok(personal_access_token::Filter {
            token,
            users: users("--user", self.user)?,
            except_users: users("--except-user", self.except_user)?,
            user_types: self.user_type,
            user_states: self.user_state,
            impersonation: self.impersonation,
            last_used_after,
            last_used_before,
            never_used: self.never_used,
            unused_since,
        })
    }
}

impl TokenFilterArgs {
    /// Refuses blank text: an unset shell variable would revoke every token.
    pub fn refuse_blank_search(&self) -> Result<(), Failure> {
        match &self.search {
            Some(text) if text.trim().is_empty() => {
                Err(Failure::value("--search <TEXT>", text, "blank text matches every token")
                    .hint("leave --search out, or give a word of the names"))
            }
            _ => Ok(()),
        }
    }

    pub fn resolve(self, now: Moment) -> Result<TokenFilter> {
        Ok(TokenFilter {
            ids: None,
            states: self.state.into_iter().collect(),
            revoked: self.revoked,
            expired: self.expired,
            created_after: lower_bound("--created-after <T>", self.created_after, now)?,
            created_before: upper_bound("--created-before <T>", self.created_before, now)?,
            expires_after: date("--expires-after <DATE>", self.expires_after, now)?,
            expires_before: date("--expires-before <DATE>", self.expires_before, now)?,
            expires_within: period("--expires-within <D>", self.expires_within, |it| {
                deadline(it, now)
            })?,
            no_expiry: self.no_expiry,
            search: self
                .search
                .iter()
                .flat_map(|text| text.split_whitespace())
                .map(Into::into)
                .collect(),
            scopes: self.scope,
            except_scopes: self.except_scope,
        })
    }
}

/// Says of what is denied what it was, and what to do.
pub fn denied<Q>(
    query: Result<Q, Denied>,
    subject: &str,
    hint: Option<&'static str>,
) -> Result<Q, Failure> {
    query.map_err(|denied| {
        let failure = Failure::new(Kind::Denied, format!("{subject}: {denied}"));
        hint.into_iter().fold(failure, Failure::hint)
    })
}

/// Resolves a lower bound, compared by `>=`.
pub fn lower_bound(flag: &str, time: Option<TimeArg>, now: Moment) -> Result<Option<Timestamp>> {
    Ok(moment(flag, time, now, Rounding::Up)?.map(|it| it.instant))
}

/// Resolves an upper bound, compared by `<=`.
pub fn upper_bound(flag: &str, time: Option<TimeArg>, now: Moment) -> Result<Option<Timestamp>> {
    Ok(moment(flag, time, now, Rounding::Down)?.map(|it| it.instant))
}

/// Resolves a date, dropping the time of day.
fn date(flag: &str, time: Option<TimeArg>, now: Moment) -> Result<Option<Moment>> {
    let resolve = |time: TimeArg| time.date(now).map_err(|it| Failure::value(flag, time, it));
    Ok(time.map(resolve).transpose()?)
}

/// Resolves a period, or reports that it is out of range.
fn period<R>(
    flag: &str,
    period: Option<Period>,
    resolve: impl FnOnce(Period) -> Option<R>,
) -> Result<Option<R>, Failure> {
    let resolve = |it| resolve(it).ok_or_else(|| Failure::value(flag, it, OUT_OF_RANGE));
    period.map(resolve).transpose()
}

fn moment(
    flag: &str,
    time: Option<TimeArg>,
    now: Moment,
    rounding: Rounding,
) -> Result<Option<Moment>, Failure> {
    let resolve = |time: TimeArg| {
        time.resolve(now.instant, rounding).map_err(|problem| Failure::value(flag, time, problem))
    };
    time.map(resolve).transpose()
}

/// Returns the latest expiry within `period` of `now`: dates count from today's
/// midnight, instants from now.
pub fn deadline(period: Period, now: Moment) -> Option<Moment> {
    Some(Moment {
        instant: period.after(now.instant)?,
        date: period.after(now.midnight().instant)?.date(),
    })
}
