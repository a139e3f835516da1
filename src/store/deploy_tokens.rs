//! Deploy tokens in a store: which columns are read, what the filters mean in
//! SQL, and how a row becomes a record.

use super::decode::Decoder;
use super::filter::{EXPIRY, FilterContext, Unrecorded, recorded, shared};
use super::schema::{DeployTokens, Schema, Tokens};
use super::sql::Sql;
use super::{Projection, Stored, StoredToken};
use crate::model::access::Reach;
use crate::model::deploy_token::{DeployToken, Filter, Place};
use crate::model::token::{GroupId, ProjectId, SortKey, TokenId};

impl StoredToken for DeployToken {
    fn tokens(columns: &DeployTokens) -> &Tokens {
        &columns.token
    }
}

impl Projection<Self> for DeployToken {
    fn select_list(columns: &DeployTokens) -> Vec<(&'static str, &'static str)> {
        vec![
            ("id", columns.token.id),
            ("name", columns.token.name),
            ("username", columns.username),
            ("scopes", columns.token.scopes.sql),
            ("revoked", columns.token.revoked.unwrap_or("FALSE")),
            ("created_at", columns.token.created_at.sql),
            ("expires_at", columns.token.expires_at.map_or("NULL", |it| it.sql)),
            ("project_id", columns.project_id),
            ("group_id", columns.group_id),
            ("project", columns.project_path),
            // GROUP is a word of SQL.
            ("group_path", columns.group_path),
        ]
    }

    fn decode(row: &mut Decoder<'_>, columns: &DeployTokens) -> Result<Self, String> {
        let token = &columns.token;
        let id = row.token_id()?;
        Ok(Self {
            id,
            name: row.text()?,
            username: row.optional_text()?.unwrap_or_else(|| Self::default_username(id)),
            scopes: row.scopes(token.scopes.form)?,
            revoked: row.boolean()?,
            created_at: row.timestamp(token.created_at.form)?,
            expires_at: row.expiry(token.expires_at.map(|it| it.form))?,
            place: {
                let project = row.optional_integer()?.map(|id| Place::Project(ProjectId(id)));
                let group = row.optional_integer()?.map(|id| Place::Group(GroupId(id)));
                project.or(group)
            },
            project: row.optional_text()?,
            group: row.optional_text()?,
        })
    }
}

impl Stored for DeployToken {
    type Columns = DeployTokens;

    fn columns(schema: &Schema) -> Option<&DeployTokens> {
        schema.deploy_tokens.as_ref()
    }

    fn from(columns: &DeployTokens) -> &'static str {
        columns.token.from
    }

    fn id_column(columns: &DeployTokens) -> &'static str {
        columns.token.id
    }

    fn reach_condition(sql: &mut Sql, columns: &DeployTokens, reach: Reach) {
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

    fn conditions(
        sql: &mut Sql,
        columns: &DeployTokens,
        filter: &Filter,
        context: FilterContext,
    ) -> Result<(), Unrecorded> {
        // Without `..`: a filter that nobody compiles does not compile.
        let Filter { token, place } = filter;

        shared(sql, &columns.token, token, context)?;
        if let Some(membership) = place {
            let ([condition, end], id) = match membership.place() {
                Place::Project(ProjectId(id)) => (columns.is_of_project, id),
                Place::Group(GroupId(id)) => (columns.is_of_group, id),
            };
            sql.push(" AND ").push(condition).bind(id).push(end);
        }
        Ok(())
    }

    fn sort_column(columns: &DeployTokens, key: SortKey) -> Result<&'static str, Unrecorded> {
        Ok(match key {
            SortKey::Id => columns.token.id,
            SortKey::Created => columns.token.created_at.sql,
            SortKey::LastUsed => return Err(Unrecorded("the use of deploy tokens")),
            SortKey::Expires => recorded(columns.token.expires_at, EXPIRY)?.sql,
            SortKey::Name => columns.token.name,
        })
    }
}
