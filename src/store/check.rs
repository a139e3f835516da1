//! Holds a description to a database, for an operator to read before they trust it. Changes
//! nothing, and reads what a list reads.

use anyhow::Result;

use super::engine::{Decoder, Mode, Streamed};
use super::filter::from_where;
use super::schema::described::Described;
use super::schema::form::Revoke;
use super::stored::Stored;
use super::{ListOptions, Store};
use crate::model::actor::Actor;
use crate::model::description_check::{Findings, TimeRange};
use crate::model::personal_access_token::{Filter, PersonalAccessToken, UserState};
use crate::model::time::{Expiry, Moment, Timestamp};
use crate::model::token::Sort;

/// How many administrators are named.
const NAMED: usize = 20;

impl Store {
    /// Reads every token as the description has it, and says what became of that.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn findings(&self, now: Moment) -> Result<Findings> {
        #[expect(clippy::disallowed_methods, reason = "who can open the store may check it")]
        let actor = Actor::operator();
        let mut found = self.read_all(&actor, now)?;
        found.with_same_id = self.with_same_id(&actor, now)?;
        // Through a key that is not unique a token would be found once for each owner.
        let query = actor.to_list::<PersonalAccessToken>(Filter::default())?;
        let rows = self.count(query.selection(), now)?;
        found.with_several_owners = (found.tokens + found.unreadable).saturating_sub(rows);
        found.administrators = self.administrators()?;
        found.reads =
            self.schema.columns.iter().map(|(table, column)| format!("{table}.{column}")).collect();
        let statements = self.revoking_statements::<PersonalAccessToken>(&actor, now, "")?;
        found.statements = statements.iter().map(|sql| sql.text().to_owned()).collect();
        self.look_for_indexes(&mut found)?;
        Ok(found)
    }

    /// What in the database is in the way of whoever revokes everything.
    ///
    /// # Errors
    ///
    /// None of the database: they are what is asked for.
    pub fn obstacle_of_operator(&self, now: Moment) -> Result<Option<anyhow::Error>> {
        #[expect(clippy::disallowed_methods, reason = "who can open the store may check it")]
        self.obstacle_to_revoking::<PersonalAccessToken>(&Actor::operator(), now)
    }

    /// Whether it is recorded who owns a token.
    #[must_use]
    pub fn records_owners(&self) -> bool {
        self.schema.personal_access_tokens.user_id.is_some()
    }

    fn read_all(&self, actor: &Actor, now: Moment) -> Result<Findings> {
        let query = actor.to_list::<PersonalAccessToken>(Filter::default())?;
        let options = ListOptions { sort: Sort::BY_ID, limit: None, now };
        self.list::<PersonalAccessToken, PersonalAccessToken, _>(&query, &options, |rows| {
            let mut found = Findings::default();
            let mut ranges = [None; 3];
            for row in rows {
                let token = match row? {
                    Streamed::Pause => continue,
                    Streamed::Row(Ok(token)) => token,
                    Streamed::Row(Err(_)) => {
                        found.unreadable += 1;
                        continue;
                    }
                };
                found.tokens += 1;
                found.revoked += u64::from(token.token.revoked);
                found.owned += u64::from(token.user_id.is_some());
                let is_gone = token.user_state == Some(UserState::Gone);
                found.orphaned += u64::from(token.user_id.is_some() && is_gone);
                let expires = token.token.expires_at.and_then(|at| match at {
                    Expiry::Instant(at) => Some(at),
                    Expiry::Date(day) => Timestamp::midnight(day),
                });
                let times = [token.token.created_at, token.last_used_at, expires];
                for (range, time) in ranges.iter_mut().zip(times) {
                    let Some(time) = time.filter(|it| it.is_finite()) else { continue };
                    let (first, last) = range.unwrap_or((time, time));
                    *range = Some((time.min(first), time.max(last)));
                }
            }
            let names = ["created_at", "last_used_at", "expires_at"];
            let ranges = names.into_iter().zip(ranges).filter_map(|(name, range)| {
                range.map(|(first, last)| TimeRange { name, first, last })
            });
            found.times = ranges.collect();
            Ok(found)
        })
    }

    /// How many rows share their id with another.
    fn with_same_id(&self, actor: &Actor, now: Moment) -> Result<u64> {
        let query = actor.to_list::<PersonalAccessToken>(Filter::default())?;
        let columns = self.columns::<PersonalAccessToken>()?;
        let table = PersonalAccessToken::table(columns);
        let mut sql = self.sql();
        sql.push("SELECT CAST(coalesce(sum(n), 0) AS bigint) FROM (SELECT count(*) AS n");
        from_where(&mut sql, table.alone(), columns, query.selection(), now)
            .map_err(|error| self.unrecorded(&error))?;
        sql.push(" GROUP BY ").push(table.id.sql).push(" HAVING count(*) > 1) g");
        let read = |row: &mut Decoder<'_>| row.integer().map_err(anyhow::Error::msg);
        let rows = self.read(|transaction| transaction.rows(&sql, read))?;
        let count = rows.into_iter().next().unwrap_or(Ok(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The names of those who reach everything.
    fn administrators(&self) -> Result<Vec<String>> {
        let Some(statement) = self.schema.users.administrators else { return Ok(Vec::new()) };
        let mut sql = self.sql();
        let limit = i64::try_from(NAMED + 1).unwrap_or(i64::MAX);
        sql.push(statement).push(" LIMIT ").bind(limit);
        let read = |row: &mut Decoder<'_>| row.optional_text();
        let rows = self.read(|transaction| transaction.rows(&sql, read))?;
        let mut names: Vec<_> = rows
            .into_iter()
            .map(|name| {
                name.ok().flatten().unwrap_or_else(|| "(a name that cannot be read)".into())
            })
            .collect();
        if names.len() > NAMED {
            names[NAMED] = "and more".into();
        }
        Ok(names)
    }

    /// Which of the columns that tokens are looked for by have an index.
    fn look_for_indexes(&self, found: &mut Findings) -> Result<()> {
        let Some(described) = self.schema.description.described() else { return Ok(()) };
        let tokens = &described.file.tokens;
        let transaction = self.engine.begin(Mode::Read, self.busy_timeout)?;
        let indexes = transaction.indexes(tokens.table.get_ref())?;
        if matches!(tokens.revoke.get_ref(), Revoke::Delete) {
            let named: Vec<_> =
                tokens.also_delete.iter().map(|it| table_of(it.get_ref())).collect();
            found.references = transaction.references(tokens.table.get_ref())?;
            found.references.retain(|link| !named.contains(&table_of(link)));
        }
        transaction.commit()?;
        let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let ids: Vec<&str> = match &tokens.id {
            Some(ids) => ids.0.iter().map(|it| it.get_ref().as_str()).collect(),
            None => Vec::new(),
        };
        found.is_unique = ids.iter().any(|id| is(id, "rowid"))
            || indexes.iter().any(|index| {
                let columns = &index.columns;
                index.is_unique && columns.iter().all(|it| ids.iter().any(|id| is(id, it)))
            });
        let mut leading: Vec<_> =
            indexes.iter().filter_map(|index| index.columns.first().cloned()).collect();
        leading.sort();
        leading.dedup();
        found.indexed = leading;
        Ok(())
    }
}

/// The table of a link.
fn table_of(link: &str) -> &str {
    link.split('(').next().unwrap_or_default().trim()
}

/// What becomes of a row that is revoked, in words.
#[must_use]
pub fn revokes_by(described: &Described) -> String {
    let tokens = &described.file.tokens;
    let how = match tokens.revoke.get_ref() {
        Revoke::Delete => "deletes the row".into(),
        Revoke::Set { flag, to: None } => format!("sets {}", flag.get_ref()),
        Revoke::Set { flag, to: Some(value) } => format!("sets {} to {value}", flag.get_ref()),
        Revoke::Clear(flag) => format!("clears {}", flag.get_ref()),
        Revoke::Stamp(time) => format!("sets {} to the present", time.get_ref()),
        Revoke::Expire(time) => format!("lets it expire, by {}", time.get_ref()),
        Revoke::Erase(column) => format!("erases {}", column.get_ref()),
    };
    let touch = tokens.touch.as_ref().map(|it| format!(", and {} to the present", it.get_ref()));
    let links = tokens.also_delete.iter().map(|it| format!(", and deletes {}", it.get_ref()));
    format!("{how}{}{}", touch.unwrap_or_default(), links.collect::<String>())
}
