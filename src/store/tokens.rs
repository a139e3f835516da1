//! Personal access tokens in a store: which columns are read, what the filters
//! mean in SQL, and how a row becomes a record.

use super::engine::Decoder;
use super::filter::{
    CREATION, OWNER, USE, at, is_null, recorded, shared, shared_bounds, shared_search,
};
use super::order::shared_sort_column;
use super::owners::Owners;
use super::schema::{
    Comparison, NameColumn, OwnerColumn, PersonalAccessTokens, RevokeMethod, Schema, Table, Time,
    Tokens,
};
use super::scopes::Scopes;
use super::sql::Sql;
use super::stored::{FilterContext, NULL, Projection, Stored, Unrecorded};
use super::way::{Criterion, compare};
use crate::model::access::Reach;
use crate::model::id::{IdList, OwnerRef, UserId};
use crate::model::personal_access_token::{Filter, PersonalAccessToken, UserState, UserType};
use crate::model::time::Moment;
use crate::model::token::{SortKey, TokenProperties};

impl Projection<Self> for PersonalAccessToken {
    const OF_OWNER: &'static [&'static str] = &["username", "user_type", "user_state"];

    fn select_list(
        columns: &PersonalAccessTokens,
        _: &Filter,
    ) -> Vec<(&'static str, &'static str)> {
        let mut list = columns.token.select_list();
        list.extend([
            ("user_id", columns.user_id.map_or(NULL, |it| it.shown)),
            ("username", columns.username),
            ("user_type", columns.optional.user_type.unwrap_or(NULL)),
            ("user_state", columns.optional.user_state.unwrap_or(NULL)),
            ("description", columns.optional.description.unwrap_or(NULL)),
            ("impersonation", columns.optional.impersonation.unwrap_or(NULL)),
            ("last_used_at", columns.last_used_at.map_or(NULL, |it| it.sql)),
        ]);
        list
    }

    fn decode(row: &mut Decoder<'_>, columns: &PersonalAccessTokens) -> Result<Self, String> {
        Ok(Self {
            token: columns.token.decode(row)?,
            user_id: row.optional_id()?.map(UserId),
            username: row.optional_text()?,
            user_type: row.one_of(UserType::ALL.map(|it| (it.name(), it)))?,
            user_state: row.one_of(UserState::ALL.map(|it| (it.name(), it)))?,
            description: row.optional_text()?,
            impersonation: row.optional_boolean()?,
            last_used_at: row.recorded_timestamp(columns.last_used_at)?,
        })
    }

    fn adopt(&mut self, owners: &Owners) {
        let owner = self.user_id.as_ref().and_then(|id| owners.of(id));
        self.username = owner.map(|it| it.username.into());
        self.user_type = owner.and_then(|it| it.user_type);
        self.user_state = owner.map_or(Some(UserState::Gone), |it| it.state);
    }
}

impl Stored for PersonalAccessToken {
    type Columns = PersonalAccessTokens;

    const NOUN: [&'static str; 2] = ["personal access token", "personal access tokens"];

    fn columns(schema: &Schema) -> Option<&PersonalAccessTokens> {
        Some(&schema.personal_access_tokens)
    }

    fn table(columns: &PersonalAccessTokens) -> &Table {
        &columns.token.table
    }

    fn revoke_method(columns: &PersonalAccessTokens) -> Option<&RevokeMethod> {
        Some(&columns.token.revoke)
    }

    fn records_revocations(columns: &PersonalAccessTokens) -> bool {
        columns.token.revoked.is_some()
    }

    fn expires_at(columns: &PersonalAccessTokens) -> Option<Time> {
        columns.token.expires_at
    }

    fn name(columns: &PersonalAccessTokens) -> Option<NameColumn> {
        columns.token.name
    }

    fn scopes(columns: &PersonalAccessTokens) -> Option<Scopes> {
        columns.token.scopes
    }

    fn owners(columns: &PersonalAccessTokens) -> Option<&'static str> {
        columns.owners
    }

    fn event_columns(columns: &PersonalAccessTokens) -> [&'static str; 3] {
        let user_id = columns.user_id.map_or(NULL, |it| it.shown);
        [columns.token.name.map_or(NULL, |it| it.sql), user_id, columns.username]
    }

    fn reach_condition(
        sql: &mut Sql,
        columns: &PersonalAccessTokens,
        reach: &Reach,
        ids: Option<&IdList>,
    ) {
        match reach {
            Reach::All => {
                sql.push("TRUE");
            }
            Reach::Own { user, impersonation } => {
                owned_by(sql, columns, &[OwnerRef::User(user.clone())]);
                if let (false, Some(column)) = (*impersonation, columns.optional.impersonation) {
                    sql.push(" AND NOT ").push(column);
                }
            }
            Reach::Member { .. } | Reach::Involved { .. } => {
                sql.push("FALSE");
            }
        }
        if let Some(ids) = ids {
            sql.and_one_of(columns.token.table.id, ids, *reach != Reach::All);
        }
    }

    fn ids(filter: &Filter) -> Option<&IdList> {
        filter.token.ids.as_ref()
    }

    fn is_narrow(filter: &Filter) -> bool {
        !filter.users.is_empty()
    }

    fn conditions(
        sql: &mut Sql,
        columns: &PersonalAccessTokens,
        filter: &Filter,
        context: FilterContext<'_>,
    ) -> Result<(), Unrecorded> {
        // No `..`: a new filter field without SQL is a compile error.
        let Filter {
            token,
            users,
            except_users,
            user_types,
            user_states,
            impersonation,
            last_used_after: _, // in bounds
            last_used_before: _,
            never_used,
            unused_since,
        } = filter;

        shared(sql, &columns.token, token, context)?;
        let owner = || recorded(columns.user_id, OWNER);
        if !users.is_empty() {
            owner()?;
            owned_by(sql.push(" AND "), columns, users);
        }
        if !except_users.is_empty() {
            owner()?;
            // Keeps tokens without a user.
            owned_by(sql.push(" AND ("), columns, except_users).push(") IS NOT TRUE");
        }
        let optional = &columns.optional;
        if !user_types.is_empty() {
            let condition = recorded(optional.is_of_user_type, "the type of users")?;
            any_of(sql, condition, user_types.iter().map(|it| it.name()));
        }
        if !user_states.is_empty() {
            let condition = recorded(optional.is_in_user_state, "the state of users")?;
            any_of(sql, condition, user_states.iter().map(|it| it.name()));
        }
        if let Some(impersonation) = impersonation {
            let column = recorded(columns.optional.impersonation, "impersonation")?;
            sql.push(if *impersonation { " AND " } else { " AND NOT " }).push(column);
        }
        let last_used = || recorded(columns.last_used_at, USE);
        if let Some(never_used) = never_used {
            is_null(sql, last_used()?.sql, *never_used);
        }
        if let Some(since) = unused_since.map(Moment::at) {
            // Matches most tokens, so no index would help.
            let created = recorded(columns.token.created_at, CREATION)?;
            let last_used = last_used()?;
            compare(sql.push(" AND "), created.form, created.sql, Comparison::Before, since);
            sql.push(" AND (").push(last_used.sql).push(" IS NULL OR ");
            compare(sql, last_used.form, last_used.sql, Comparison::Before, since);
            sql.push(")");
        }
        Ok(())
    }

    fn bounds(
        columns: &PersonalAccessTokens,
        filter: &Filter,
        now: Moment,
    ) -> Result<Vec<Criterion>, Unrecorded> {
        let used = [
            (Comparison::AtLeast, at(filter.last_used_after)),
            (Comparison::AtMost, at(filter.last_used_before)),
        ];
        let mut all = shared_bounds(&columns.token, &filter.token, now)?;
        all.extend(Criterion::within(recorded(columns.last_used_at, USE), used)?);
        Ok(all)
    }

    fn search(
        columns: &PersonalAccessTokens,
        filter: &Filter,
    ) -> Result<Option<Criterion>, Unrecorded> {
        shared_search(&columns.token, &filter.token)
    }

    fn sort_column(
        columns: &PersonalAccessTokens,
        key: SortKey,
    ) -> Result<&'static str, Unrecorded> {
        match key {
            SortKey::LastUsed => Ok(recorded(columns.last_used_at, USE)?.sql),
            SortKey::Id | SortKey::Created | SortKey::Expires | SortKey::Name => {
                shared_sort_column(&columns.token, key)
            }
        }
    }
}

/// Writes a condition that a token is of one of these owners.
fn owned_by<'s>(
    sql: &'s mut Sql,
    columns: &PersonalAccessTokens,
    owners: &[OwnerRef],
) -> &'s mut Sql {
    let mut users = IdList::default();
    let mut services = vec![IdList::default(); columns.service_ids.len()];
    for owner in owners {
        match owner {
            OwnerRef::User(UserId(id)) => users.push(id.clone()),
            OwnerRef::Service(kind, id) => services[*kind].push(id.clone()),
        }
    }
    let services = columns.service_ids.iter().zip(services).filter(|(_, ids)| !ids.is_empty());
    let services: Vec<_> = services.collect();
    sql.push(if services.is_empty() { "" } else { "(" });
    match columns.user_id {
        Some(column) => owned(sql, column, &users),
        None => sql.push("FALSE"),
    };
    for (column, ids) in &services {
        owned(sql.push(" OR "), **column, ids);
    }
    sql.push(if services.is_empty() { "" } else { ")" })
}

/// Writes a condition that a column has one of these owners.
fn owned<'s>(sql: &'s mut Sql, column: OwnerColumn, owners: &IdList) -> &'s mut Sql {
    let Some(only) = column.only else { return sql.one_of(column.id, owners) };
    sql.push("(").one_of(column.id, owners).push(" AND ").push(only).push(")")
}

/// Writes a further condition that holds for any of these names.
fn any_of<'n>(
    sql: &mut Sql,
    [condition, end]: [&'static str; 2],
    names: impl Iterator<Item = &'n str>,
) {
    for (index, name) in names.enumerate() {
        sql.push(if index > 0 { " OR " } else { " AND (" });
        sql.push(condition).bind(name).push(end);
    }
    sql.push(")");
}

impl Tokens {
    /// Lists the names and columns that [`Self::decode`] reads, in its order.
    pub(super) fn select_list(&self) -> Vec<(&'static str, &'static str)> {
        vec![
            ("id", self.table.id.sql),
            ("name", self.name.map_or(NULL, |it| it.sql)),
            ("scopes", self.scopes.map_or(NULL, |it| it.sql)),
            ("revoked", self.revoked.unwrap_or("FALSE")),
            ("created_at", self.created_at.map_or(NULL, |it| it.sql)),
            ("expires_at", self.expires_at.map_or(NULL, |it| it.sql)),
        ]
    }

    pub(super) fn decode(&self, row: &mut Decoder<'_>) -> Result<TokenProperties, String> {
        Ok(TokenProperties {
            id: row.token_id(self.table.id.form)?,
            name: row.recorded_text(self.name.is_some())?,
            scopes: row.recorded_scopes(self.scopes)?,
            revoked: row.boolean()?,
            created_at: row.recorded_timestamp(self.created_at)?,
            expires_at: row.expiry(self.expires_at.map(|it| it.form))?,
        })
    }
}
