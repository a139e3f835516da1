//! Personal access tokens in a store: which columns are read, what the filters
//! mean in SQL, and how a row becomes a record.

use super::filter::{Terms, at, bounded, is_null, shared};
use super::schema::{Schema, Tokens};
use super::sql::Sql;
use super::sqlite::Decoder;
use super::{Stored, StoredToken};
use crate::model::access::Reach;
use crate::model::personal_access_token::{Filter, PersonalAccessToken, UserType};
use crate::model::time::Moment;
use crate::model::token::{SortKey, TokenId, UserId};

impl StoredToken for PersonalAccessToken {
    fn tokens(schema: &Schema) -> &Tokens {
        &schema.personal_access_tokens.token
    }
}

impl Stored for PersonalAccessToken {
    fn from(schema: &Schema) -> &'static str {
        schema.personal_access_tokens.token.from
    }

    fn id_column(schema: &Schema) -> &'static str {
        schema.personal_access_tokens.token.id
    }

    fn select_list(schema: &Schema) -> Vec<&'static str> {
        let columns = &schema.personal_access_tokens;
        vec![
            columns.token.id,
            columns.user_id,
            columns.username,
            columns.user_type,
            columns.token.name,
            columns.description,
            columns.token.scopes,
            columns.impersonation,
            columns.token.revoked,
            columns.token.created_at.sql,
            columns.last_used_at.sql,
            columns.token.expires_at.sql,
        ]
    }

    fn decode(row: &mut Decoder<'_>, schema: &Schema) -> Result<Self, String> {
        let columns = &schema.personal_access_tokens;
        Ok(Self {
            id: row.token_id()?,
            user_id: UserId(row.integer()?),
            username: row.optional_text()?,
            user_type: row.one_of(UserType::ALL.map(|it| (it.name(), it)))?,
            name: row.text()?,
            description: row.optional_text()?,
            scopes: row.scopes()?,
            impersonation: row.boolean()?,
            revoked: row.boolean()?,
            created_at: row.timestamp()?,
            last_used_at: row.optional_timestamp()?,
            expires_at: row.expiry(columns.token.expires_at.form)?,
        })
    }

    fn reach_condition(sql: &mut Sql, schema: &Schema, reach: Reach) {
        let columns = &schema.personal_access_tokens;
        match reach {
            Reach::All => {
                sql.push("TRUE");
            }
            Reach::Own { user, impersonation } => {
                sql.push(columns.user_id).push(" = ").bind(user.0);
                if !impersonation {
                    sql.push(" AND NOT ").push(columns.impersonation);
                }
            }
            Reach::Member { .. } | Reach::Involved { .. } => {
                sql.push("FALSE");
            }
        }
    }

    fn ids(filter: &Filter) -> Option<&[TokenId]> {
        filter.token.ids.as_deref()
    }

    fn is_narrow(filter: &Filter) -> bool {
        filter.user.is_some()
    }

    fn conditions(sql: &mut Sql, schema: &Schema, filter: &Filter, terms: Terms) {
        let columns = &schema.personal_access_tokens;
        let last_used = columns.last_used_at;
        // Without `..`: a filter that nobody compiles does not compile.
        let Filter {
            token,
            user,
            except_users,
            user_type,
            impersonation,
            last_used_after,
            last_used_before,
            never_used,
            unused_since,
        } = filter;

        shared(sql, &columns.token, token, terms);
        if let Some(UserId(user)) = user {
            sql.push(" AND ").push(columns.user_id).push(" = ").bind(*user);
        }
        for UserId(user) in except_users {
            sql.push(" AND ").push(columns.user_id).push(" <> ").bind(*user);
        }
        if let Some(user_type) = user_type {
            sql.push(" AND ").push(columns.user_type).push(" = ").bind(user_type.name());
        }
        if let Some(impersonation) = impersonation {
            sql.push(if *impersonation { " AND " } else { " AND NOT " });
            sql.push(columns.impersonation);
        }
        let used = [(" >= ", last_used_after), (" <= ", last_used_before)];
        bounded(sql, last_used, terms.bounds, used.map(at));
        if let Some(never_used) = never_used {
            is_null(sql, last_used.sql, *never_used);
        }
        if let Some(since) = unused_since {
            // Most of a store's tokens, so no index is of use.
            let since = last_used.form.value(Moment::at(*since));
            let created = columns.token.created_at.sql;
            sql.push(" AND ").push(created).push(" < ").bind(since.clone());
            sql.push(" AND (").push(last_used.sql).push(" IS NULL OR ");
            sql.push(last_used.sql).push(" < ").bind(since).push(")");
        }
    }

    fn sort_column(schema: &Schema, key: SortKey) -> &'static str {
        let columns = &schema.personal_access_tokens;
        match key {
            SortKey::Id => columns.token.id,
            SortKey::Created => columns.token.created_at.sql,
            SortKey::LastUsed => columns.last_used_at.sql,
            SortKey::Expires => columns.token.expires_at.sql,
            SortKey::Name => columns.token.name,
        }
    }
}
