//! The traits that a kind of record implements to be listed, shown and revoked.

use std::fmt;

use super::engine::Decoder;
use super::owners::Owners;
use super::schema::{NameColumn, RevokeMethod, Schema, Table, Time};
use super::scopes::Scopes;
use super::sql::Sql;
use super::way::{Criterion, Way};
use crate::model::access::{Guarded, Reach};
use crate::model::id::{IdList, TokenId};
use crate::model::time::Moment;
use crate::model::token::{SortKey, Token, TokenFilter};

/// A kind of record that stores hold.
pub trait Stored: Guarded + Projection<Self> + Send {
    /// The part of a schema that describes the kind.
    type Columns: Sync + 'static;

    /// The kind in messages: singular and plural.
    const NOUN: [&'static str; 2];

    /// Returns `None` where the store does not hold the kind.
    fn columns(schema: &Schema) -> Option<&Self::Columns>;
    fn table(columns: &Self::Columns) -> &Table;
    /// Returns `None` for a kind that is never revoked.
    #[must_use]
    fn revoke_method(_: &Self::Columns) -> Option<&RevokeMethod> {
        None
    }
    /// Whether revocations are recorded: elsewhere they leave no row, or one that expired.
    #[must_use]
    fn records_revocations(_: &Self::Columns) -> bool {
        false
    }
    /// Returns the column of the expiry, where it is recorded.
    #[must_use]
    fn expires_at(_: &Self::Columns) -> Option<Time> {
        None
    }
    /// Returns the column of the names, where they are recorded.
    #[must_use]
    fn name(_: &Self::Columns) -> Option<NameColumn> {
        None
    }
    /// Returns the column of the scopes; `None` where there are none.
    #[must_use]
    fn scopes(_: &Self::Columns) -> Option<Scopes> {
        None
    }
    /// Returns the statement that reads all owners: their id, name, type and state, in the
    /// order of ids; nothing where there may be more owners than tokens. `None`: they are read
    /// with each token.
    #[must_use]
    fn owners(_: &Self::Columns) -> Option<&'static str> {
        None
    }
    /// Returns the columns that say in an event which one it was: its name, and the id and
    /// the name of the user who owns it.
    #[must_use]
    fn event_columns(_: &Self::Columns) -> [&'static str; 3] {
        [NULL; 3]
    }
    /// Writes the first condition of the WHERE: the rows in reach, of which only those with
    /// `ids` are wanted where they are given. Rows out of reach are then not even looked at:
    /// the database finds what is in reach, and looks for the ids among that.
    fn reach_condition(sql: &mut Sql, columns: &Self::Columns, reach: &Reach, ids: Option<&IdList>);
    /// Returns the ids in the filter.
    fn ids(filter: &Self::Filter) -> Option<&IdList>;
    /// Whether the filter keeps few rows, which the database finds by an index.
    fn is_narrow(filter: &Self::Filter) -> bool;
    /// Writes the filter's conditions except ids and bounds on times, each after an AND.
    fn conditions(
        sql: &mut Sql,
        columns: &Self::Columns,
        filter: &Self::Filter,
        context: FilterContext<'_>,
    ) -> Result<(), Unrecorded>;
    /// Returns the filter's bounds on times.
    fn bounds(
        columns: &Self::Columns,
        filter: &Self::Filter,
        now: Moment,
    ) -> Result<Vec<Criterion>, Unrecorded>;
    /// Returns the filter's search for names, which is one of its conditions.
    fn search(_: &Self::Columns, _: &Self::Filter) -> Result<Option<Criterion>, Unrecorded> {
        Ok(None)
    }
    fn sort_column(columns: &Self::Columns, key: SortKey) -> Result<&'static str, Unrecorded>;
}

/// The context that the conditions of a filter depend on.
#[derive(Clone, Copy, Debug)]
pub struct FilterContext<'w> {
    /// The time for age and expiry.
    pub now: Moment,
    /// Whether revoked tokens are included.
    pub includes_revoked: bool,
    /// Whether only some rows are in reach, which are to be found first.
    pub is_restricted: bool,
    /// How the rows are found.
    pub way: &'w Way,
}

/// A property that a filter or order needs, and the store does not record.
#[derive(Debug)]
pub struct Unrecorded(pub &'static str);

impl fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it does not record {}", self.0)
    }
}

impl std::error::Error for Unrecorded {}

/// What the columns of names and scopes are called in rows.
const NAME: &str = "name";
const SCOPES: &str = "scopes";

/// The expression for a property that is not recorded.
pub const NULL: &str = "NULL";

/// The part of a record that is read: all of it, its id or its scopes.
pub trait Projection<T: Stored>: Sized {
    /// Whether it is the id.
    const IS_ID: bool = false;
    /// The names of what is said of the owner.
    const OF_OWNER: &'static [&'static str] = &[];

    /// Lists the names and columns that `decode` reads of the rows that a filter keeps, in its
    /// order; the id comes first.
    fn select_list(columns: &T::Columns, filter: &T::Filter) -> Vec<(&'static str, &'static str)>;
    fn decode(row: &mut Decoder<'_>, columns: &T::Columns) -> Result<Self, String>;
    /// Whether rows are read from their table alone, without a join.
    #[must_use]
    fn is_alone(way: &Way) -> bool {
        Self::IS_ID || way.has_owners
    }
    /// Adds what is said of the owner, where it was not in the row.
    fn adopt(&mut self, _: &Owners) {}
}

impl<T: Stored + Token> Projection<T> for TokenId {
    const IS_ID: bool = true;

    /// With it what the filter looks at and, where that cannot be read, lets pass.
    fn select_list(columns: &T::Columns, filter: &T::Filter) -> Vec<(&'static str, &'static str)> {
        let TokenFilter { search, scopes, except_scopes, .. } = filter.as_ref();
        let is_by_scope = !scopes.is_empty() || !except_scopes.is_empty();
        let mut list = vec![("id", T::table(columns).id.sql)];
        list.extend(T::name(columns).filter(|_| !search.is_empty()).map(|it| (NAME, it.sql)));
        list.extend(T::scopes(columns).filter(|_| is_by_scope).map(|it| (SCOPES, it.sql)));
        list
    }

    fn decode(row: &mut Decoder<'_>, columns: &T::Columns) -> Result<Self, String> {
        let id = row.token_id(T::table(columns).id.form)?;
        while let Some(column) = row.next_name() {
            match column {
                NAME => drop(row.text()?),
                _ => drop(row.recorded_scopes(T::scopes(columns))?),
            }
        }
        Ok(id)
    }
}

/// The scopes of a token, without the rest of it.
#[derive(Clone, Debug)]
pub struct TokenScopes(pub Vec<String>);

impl<T: Stored + Token> Projection<T> for TokenScopes {
    fn select_list(columns: &T::Columns, _: &T::Filter) -> Vec<(&'static str, &'static str)> {
        let scopes = T::scopes(columns).map(|it| (SCOPES, it.sql));
        [("id", T::table(columns).id.sql)].into_iter().chain(scopes).collect()
    }

    fn decode(row: &mut Decoder<'_>, columns: &T::Columns) -> Result<Self, String> {
        row.token_id(T::table(columns).id.form)?;
        T::scopes(columns).map_or(Ok(Vec::new()), |it| row.scopes(it.form)).map(Self)
    }
}

/// A token or event, or a row that could not be read as one.
pub type Row<T> = Result<T, BrokenRow>;

/// A row that cannot be decoded. It is never shown nor revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    /// Its id, or in words what there is instead.
    pub id: Result<TokenId, String>,
    pub problem: String,
}

/// Decodes a row, or returns its id and the problem.
pub fn decoded<T: Stored, P: Projection<T>>(row: &mut Decoder<'_>, columns: &T::Columns) -> Row<P> {
    P::decode(row, columns).map_err(|problem| {
        let id = row.peek_id(T::table(columns).id.form);
        BrokenRow { id, problem }
    })
}
