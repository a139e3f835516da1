//! Deploy tokens in a store: which columns are read, what the filters mean in
//! SQL, and how a row becomes a record.

use super::filter::{Terms, shared};
use super::schema::{Schema, Tokens};
use super::sql::Sql;
use super::sqlite::Decoder;
use super::{Stored, StoredToken};
use crate::model::access::Reach;
use crate::model::deploy_token::{DeployToken, Filter, Place};
use crate::model::token::{GroupId, ProjectId, SortKey, TokenId};

impl StoredToken for DeployToken {
    fn tokens(schema: &Schema) -> &Tokens {
        &schema.deploy_tokens.token
    }
}

impl Stored for DeployToken {
    fn from(schema: &Schema) -> &'static str {
        schema.deploy_tokens.token.from
    }

    fn id_column(schema: &Schema) -> &'static str {
        schema.deploy_tokens.token.id
    }

    fn select_list(schema: &Schema) -> Vec<&'static str> {
        let columns = &schema.deploy_tokens;
        vec![
            columns.token.id,
            columns.token.name,
            columns.username,
            columns.token.scopes,
            columns.token.revoked,
            columns.token.created_at.sql,
            columns.token.expires_at.sql,
            columns.project_id,
            columns.group_id,
            columns.project_path,
            columns.group_path,
        ]
    }

    fn decode(row: &mut Decoder<'_>, schema: &Schema) -> Result<Self, String> {
        let columns = &schema.deploy_tokens;
        let id = row.token_id()?;
        Ok(Self {
            id,
            name: row.text()?,
            username: row.optional_text()?.unwrap_or_else(|| Self::default_username(id)),
            scopes: row.scopes()?,
            revoked: row.boolean()?,
            created_at: row.timestamp()?,
            expires_at: row.expiry(columns.token.expires_at.form)?,
            place: {
                let project = row.optional_integer()?.map(|id| Place::Project(ProjectId(id)));
                let group = row.optional_integer()?.map(|id| Place::Group(GroupId(id)));
                project.or(group)
            },
            project: row.optional_text()?,
            group: row.optional_text()?,
        })
    }

    fn reach_condition(sql: &mut Sql, schema: &Schema, reach: Reach) {
        let columns = &schema.deploy_tokens;
        match reach {
            Reach::All => {
                sql.push("TRUE");
            }
            Reach::Member { user, project_level, group_level } => {
                let [head, tail] = columns.level;
                sql.push(head).bind(user.0).push(tail).push(" >= CASE WHEN ");
                sql.push(columns.project_id).push(" IS NOT NULL THEN ").bind(project_level.0);
                sql.push(" ELSE ").bind(group_level.0).push(" END");
            }
            Reach::Own { .. } | Reach::Involved { .. } => {
                sql.push("FALSE");
            }
        }
    }

    fn ids(filter: &Filter) -> Option<&[TokenId]> {
        filter.token.ids.as_deref()
    }

    fn is_narrow(filter: &Filter) -> bool {
        filter.place.is_some()
    }

    fn conditions(sql: &mut Sql, schema: &Schema, filter: &Filter, terms: Terms) {
        let columns = &schema.deploy_tokens;
        // Without `..`: a filter that nobody compiles does not compile.
        let Filter { token, place } = filter;

        shared(sql, &columns.token, token, terms);
        match place.map(|membership| membership.place()) {
            None => {}
            Some(Place::Project(ProjectId(id))) => {
                sql.push(" AND ").push(columns.project_id).push(" = ").bind(id);
            }
            Some(Place::Group(GroupId(id))) => {
                sql.push(" AND ").push(columns.group_id).push(" = ").bind(id);
            }
        }
    }

    fn sort_column(schema: &Schema, key: SortKey) -> &'static str {
        let tokens = &schema.deploy_tokens.token;
        match key {
            SortKey::Id => tokens.id,
            SortKey::Created => tokens.created_at.sql,
            // A deploy token's use is not recorded.
            SortKey::LastUsed => "NULL",
            SortKey::Expires => tokens.expires_at.sql,
            SortKey::Name => tokens.name,
        }
    }
}
