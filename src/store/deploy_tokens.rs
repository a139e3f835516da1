//! Deploy tokens in a store: which columns are read, what the filters mean in
//! SQL, and how a row becomes a record.

use super::engine::Decoder;
use super::filter::{shared, shared_bounds, shared_search};
use super::order::shared_sort_column;
use super::schema::{DeployTokens, NameColumn, RevokeMethod, Schema, Table, Time};
use super::scopes::Scopes;
use super::sql::{IdColumn, IdForm, Sql, Value};
use super::stored::{FilterContext, NULL, Projection, Stored, Unrecorded};
use super::way::Criterion;
use crate::model::access::Reach;
use crate::model::deploy_token::{DeployToken, Filter};
use crate::model::id::{GroupId, IdList, Place, ProjectId};
use crate::model::time::Moment;
use crate::model::token::SortKey;

impl Projection<Self> for DeployToken {
    fn select_list(columns: &DeployTokens, _: &Filter) -> Vec<(&'static str, &'static str)> {
        let mut list = columns.token.select_list();
        list.extend([
            ("username", columns.username),
            ("project_id", columns.project_id),
            ("group_id", columns.group_id),
            ("project", columns.project_path),
            // GROUP is a keyword of SQL.
            ("group_path", columns.group_path),
        ]);
        list
    }

    fn decode(row: &mut Decoder<'_>, columns: &DeployTokens) -> Result<Self, String> {
        let token = columns.token.decode(row)?;
        Ok(Self {
            username: row.optional_text()?.unwrap_or_else(|| Self::default_username(&token.id)),
            token,
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

    const NOUN: [&'static str; 2] = ["deploy token", "deploy tokens"];

    fn columns(schema: &Schema) -> Option<&DeployTokens> {
        schema.deploy_tokens.as_ref()
    }

    fn table(columns: &DeployTokens) -> &Table {
        &columns.token.table
    }

    fn revoke_method(columns: &DeployTokens) -> Option<&RevokeMethod> {
        Some(&columns.token.revoke)
    }

    fn records_revocations(columns: &DeployTokens) -> bool {
        columns.token.revoked.is_some()
    }

    fn expires_at(columns: &DeployTokens) -> Option<Time> {
        columns.token.expires_at
    }

    fn name(columns: &DeployTokens) -> Option<NameColumn> {
        columns.token.name
    }

    fn scopes(columns: &DeployTokens) -> Option<Scopes> {
        columns.token.scopes
    }

    fn event_columns(columns: &DeployTokens) -> [&'static str; 3] {
        [columns.token.name.map_or(NULL, |it| it.sql), NULL, NULL]
    }

    fn reach_condition(sql: &mut Sql, columns: &DeployTokens, reach: &Reach, ids: Option<&IdList>) {
        let id = columns.token.table.id;
        match reach {
            Reach::All => {
                sql.push("TRUE");
            }
            Reach::Member { user, project_level, group_level } if let Some(ids) = ids => {
                let user = IdForm::Integer.value(&user.0);
                let [project, group] = [project_level.0, group_level.0].map(Value::from);
                let Some(user) = user else {
                    sql.push("FALSE");
                    return;
                };
                sql.push(id.sql).push(" IN (");
                let values = [&user, &project, &user, &project, &user, &group];
                sql.push_bound(&columns.reached, values.map(Clone::clone));
                sql.push(" WHERE TRUE").and_one_of(IdColumn::integer("r.id"), ids, true).push(")");
                return;
            }
            Reach::Member { user, project_level, group_level } => {
                let [head, tail] = columns.level;
                let Some(user) = IdForm::Integer.value(&user.0) else {
                    sql.push("FALSE");
                    return;
                };
                sql.push(head).bind(user).push(tail).push(" >= CASE WHEN ");
                sql.push(columns.project_id).push(" IS NOT NULL THEN ").bind(project_level.0);
                sql.push(" ELSE ").bind(group_level.0).push(" END");
            }
            Reach::Own { .. } | Reach::Involved { .. } => {
                sql.push("FALSE");
            }
        }
        if let Some(ids) = ids {
            sql.and_one_of(id, ids, *reach != Reach::All);
        }
    }

    fn ids(filter: &Filter) -> Option<&IdList> {
        filter.token.ids.as_ref()
    }

    fn is_narrow(filter: &Filter) -> bool {
        filter.place.is_some()
    }

    fn conditions(
        sql: &mut Sql,
        columns: &DeployTokens,
        filter: &Filter,
        context: FilterContext<'_>,
    ) -> Result<(), Unrecorded> {
        // No `..`: a new filter field without SQL is a compile error.
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

    fn bounds(
        columns: &DeployTokens,
        filter: &Filter,
        now: Moment,
    ) -> Result<Vec<Criterion>, Unrecorded> {
        shared_bounds(&columns.token, &filter.token, now)
    }

    fn search(columns: &DeployTokens, filter: &Filter) -> Result<Option<Criterion>, Unrecorded> {
        shared_search(&columns.token, &filter.token)
    }

    fn sort_column(columns: &DeployTokens, key: SortKey) -> Result<&'static str, Unrecorded> {
        shared_sort_column(&columns.token, key)
    }
}
