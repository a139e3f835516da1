//! Copies a native store to a new one, from either engine to either: every row of one
//! snapshot, read back and compared. The digests of tokens are copied, and shown to nobody.

use anyhow::{Context, Result, anyhow, ensure};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::engine::{Decoder, Engine, FilledColumn, Mode, Stream, Streamed};
use super::new_store::new_store;
use super::schema::{ColumnKind, TimeForm, native};
use super::sql::{Dialect, Sql, Value};
use super::{Interrupted, Location, Store, Transaction};
use crate::digest::hexadecimal;
use crate::failure::{Failure, Kind};
use crate::model::copied_table::CopiedTable;
use crate::model::time::{Expiry, Moment, Timestamp};
use crate::stop_flag::StopFlag;

/// What a column holds, and in which form each dialect has it.
#[derive(Clone, Copy)]
enum Form {
    Integer,
    Boolean,
    Text,
    Time,
    Date,
    Scopes,
}

/// A table that is copied.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Form)],
    /// The order of its rows, in which no two are the same.
    order: &'static str,
    /// The columns that name a row of another table.
    links: &'static [(&'static str, &'static str)],
}

/// In an order in which each row finds those that it names.
const TABLES: [Table; 7] = {
    use Form::{Boolean, Date, Integer, Scopes, Text, Time};
    [
        Table {
            name: "users",
            columns: &[
                ("id", Integer),
                ("username", Text),
                ("name", Text),
                ("admin", Boolean),
                ("state", Text),
                ("user_type", Text),
                ("created_at", Time),
            ],
            order: "id",
            links: &[],
        },
        Table {
            name: "groups",
            columns: &[("id", Integer), ("full_path", Text), ("parent_id", Integer)],
            order: "id",
            links: &[("parent_id", "groups")],
        },
        Table {
            name: "projects",
            columns: &[("id", Integer), ("full_path", Text), ("group_id", Integer)],
            order: "id",
            links: &[("group_id", "groups")],
        },
        Table {
            name: "members",
            columns: &[
                ("user_id", Integer),
                ("group_id", Integer),
                ("project_id", Integer),
                ("access_level", Integer),
            ],
            order: "user_id, coalesce(group_id, 0), coalesce(project_id, 0)",
            links: &[("user_id", "users"), ("group_id", "groups"), ("project_id", "projects")],
        },
        Table {
            name: "personal_access_tokens",
            columns: &[
                ("id", Integer),
                ("user_id", Integer),
                ("name", Text),
                ("description", Text),
                ("scopes", Scopes),
                ("token_digest", Text),
                ("impersonation", Boolean),
                ("revoked", Boolean),
                ("created_at", Time),
                ("updated_at", Time),
                ("last_used_at", Time),
                ("expires_at", Date),
            ],
            order: "id",
            links: &[("user_id", "users")],
        },
        Table {
            name: "deploy_tokens",
            columns: &[
                ("id", Integer),
                ("name", Text),
                ("username", Text),
                ("scopes", Scopes),
                ("token_digest", Text),
                ("revoked", Boolean),
                ("created_at", Time),
                ("expires_at", Time),
                ("creator_id", Integer),
                ("project_id", Integer),
                ("group_id", Integer),
            ],
            order: "id",
            links: &[("creator_id", "users"), ("project_id", "projects"), ("group_id", "groups")],
        },
        Table {
            name: "audit_events",
            columns: &[
                ("id", Integer),
                ("created_at", Time),
                ("run_id", Text),
                ("action", Text),
                ("actor_id", Integer),
                ("actor", Text),
                ("os_user", Text),
                ("target_type", Text),
                ("target_id", Integer),
                ("target_name", Text),
                ("target_user_id", Integer),
                ("target_username", Text),
                ("reason", Text),
            ],
            order: "id",
            links: &[],
        },
    ]
};

/// A value of a row, whichever engine it is from.
#[derive(Debug)]
enum Field {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(String),
    Time(Timestamp),
    Date(NaiveDate),
    Scopes(Vec<String>),
}

impl Form {
    /// What a server's column holds.
    fn kind(self) -> ColumnKind {
        match self {
            Self::Integer => ColumnKind::Integer,
            Self::Boolean => ColumnKind::Boolean,
            Self::Text => ColumnKind::Text,
            Self::Time => ColumnKind::Timestamptz,
            Self::Date => ColumnKind::Date,
            Self::Scopes => ColumnKind::Array,
        }
    }

    fn read(self, row: &mut Decoder<'_>, dialect: Dialect) -> Result<Field, String> {
        let time = native::form_on(dialect, TimeForm::Iso);
        Ok(match self {
            Self::Integer => row.optional_integer()?.map_or(Field::Null, Field::Integer),
            Self::Boolean => row.optional_boolean()?.map_or(Field::Null, Field::Boolean),
            Self::Text => row.optional_text()?.map_or(Field::Null, Field::Text),
            Self::Time => row.optional_timestamp(time)?.map_or(Field::Null, Field::Time),
            Self::Date => match row.expiry(Some(native::form_on(dialect, TimeForm::IsoDate)))? {
                None => Field::Null,
                Some(Expiry::Date(date)) => Field::Date(date),
                Some(Expiry::Instant(time)) => Field::Time(time),
            },
            Self::Scopes => Field::Scopes(row.scopes(native::scopes_form(dialect))?),
        })
    }
}

impl Field {
    /// As a dialect stores it.
    fn into_value(self, dialect: Dialect) -> Option<Value> {
        let time = |form, moment| native::form_on(dialect, form).value(moment);
        Some(match self {
            Self::Null => return None,
            Self::Integer(number) => Value::Integer(number),
            Self::Boolean(is) => Value::Boolean(is),
            Self::Text(text) => Value::Text(text),
            Self::Time(at) => time(TimeForm::Iso, Moment::at(at)),
            Self::Date(date) => {
                let moment = Moment { date, ..Moment::at(Timestamp::EPOCH) };
                time(TimeForm::IsoDate, moment)
            }
            Self::Scopes(scopes) => Value::Texts(scopes),
        })
    }

    /// Adds it to a digest, so that no two rows give the same bytes.
    fn add_to(&self, digest: &mut Sha256) {
        let mut text = |kind: u8, text: &str| {
            digest.update([kind]);
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        };
        match self {
            Self::Null => digest.update([0]),
            Self::Boolean(is) => digest.update([1, u8::from(*is)]),
            Self::Integer(number) => {
                digest.update([2]);
                digest.update(number.to_be_bytes());
            }
            Self::Text(it) => text(3, it),
            Self::Time(at) => text(4, &at.to_string()),
            Self::Date(date) => text(5, &date.to_string()),
            Self::Scopes(scopes) => {
                digest.update([6]);
                digest.update((scopes.len() as u64).to_be_bytes());
                for scope in scopes {
                    Self::Text(scope.clone()).add_to(digest);
                }
            }
        }
    }
}

impl Table {
    /// The statement that reads its rows in their order.
    fn select(&self, mut sql: Sql) -> Sql {
        sql.push("SELECT ");
        for (index, (column, _)) in self.columns.iter().enumerate() {
            sql.push(if index > 0 { ", " } else { "" }).push(column);
        }
        sql.push(" FROM @").push(self.name).push(" ORDER BY ").push(self.order);
        sql
    }

    /// Its columns, for a new store.
    fn filled_columns(&self) -> Vec<FilledColumn> {
        self.columns.iter().map(|(name, form)| (*name, form.kind())).collect()
    }

    fn read(&self, row: &mut Decoder<'_>, dialect: Dialect) -> Result<Vec<Field>, String> {
        self.columns.iter().map(|(_, form)| form.read(row, dialect)).collect()
    }
}

/// Counts rows of a table, and takes their digest.
struct Count<'t> {
    table: &'t Table,
    rows: u64,
    digest: Sha256,
}

impl<'t> Count<'t> {
    fn of(table: &'t Table) -> Self {
        Self { table, rows: 0, digest: Sha256::new() }
    }

    /// Lends rows, and counts each.
    fn each(
        &mut self,
        rows: &mut Stream<'_, Result<Vec<Field>, String>>,
        copying: Copying<'_>,
        done: &mut usize,
    ) -> impl Iterator<Item = Result<Vec<Field>>> {
        rows.filter_map(move |row| {
            let row = match row {
                Ok(Streamed::Pause) => return None,
                Ok(Streamed::Row(row)) => row.map_err(|problem| {
                    anyhow!("a row of {} cannot be read: {problem}", self.table.name)
                }),
                Err(error) => Err(error),
            };
            if let Ok(fields) = &row {
                self.rows += 1;
                for field in fields {
                    field.add_to(&mut self.digest);
                }
                *done += 1;
                if done.is_multiple_of(PROGRESS) {
                    (copying.progress)(*done);
                }
            }
            Some(row)
        })
    }

    fn copied(self) -> CopiedTable {
        CopiedTable {
            name: self.table.name,
            rows: self.rows,
            digest: hexadecimal(self.digest.finalize()),
        }
    }
}

/// How a copy is made.
#[derive(Clone, Copy)]
pub struct Copying<'a> {
    pub stop: &'a StopFlag,
    /// Is told how many rows are written or read back, now and then.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

impl Store {
    /// Copies the store to a new one, and compares both.
    ///
    /// # Errors
    ///
    /// Where this is no native store, a row cannot be read or is refused, the new store
    /// cannot be made, or the run is stopped; then there is none.
    pub fn copy_to(&self, target: &Location, copying: Copying<'_>) -> Result<Vec<CopiedTable>> {
        if self.description().name != native::NAME {
            let application = &self.description().application;
            let problem = format!("only a native store can be copied, and this is {application}'s");
            return Err(Failure::usage(problem).into());
        }
        let mut copied = Vec::new();
        new_store(target, self.busy_timeout, copying.stop, |new| {
            copied = self.copy_into(new, copying)?;
            Ok(())
        })?;
        Ok(copied)
    }

    fn copy_into(&self, new: &mut Engine, copying: Copying<'_>) -> Result<Vec<CopiedTable>> {
        let mut done = 0;
        // Each page is read once.
        self.engine.keep_at_most(Some(2))?;
        // One transaction, and so one snapshot.
        let transaction = self.engine.begin(Mode::Read, self.busy_timeout)?;
        if new.sql().dialect() == Dialect::Postgres {
            self.check_links(&transaction)?;
        }
        let mut copied = Vec::new();
        for table in &TABLES {
            let (from, to) = (self.sql().dialect(), new.sql().dialect());
            let (sql, columns) = (table.select(self.sql()), table.filled_columns());
            let decode = |row: &mut Decoder<'_>| table.read(row, from);
            let (into, done) = (&mut *new, &mut done);
            let count = transaction.stream_rows(&sql, decode, copying.stop, move |rows| {
                let mut count = Count::of(table);
                let mut values = count
                    .each(rows, copying, done)
                    .map(|row| Ok(row?.into_iter().map(|field| field.into_value(to)).collect()));
                into.fill(table.name, &columns, &mut values)
                    .with_context(|| format!("cannot write the table {}", table.name))?;
                drop(values);
                Ok(count)
            })?;
            ensure!(!copying.stop.is_set(), Interrupted);
            copied.push(count.copied());
        }
        let marks = self.marks(&transaction)?;
        transaction.commit()?;
        new.finish(&marks)?;
        for (table, copied) in TABLES.iter().zip(&copied) {
            let found = read_back(new, table, copying, &mut done)?;
            ensure!(!copying.stop.is_set(), Interrupted);
            ensure!(
                found == *copied,
                "{} was written with {} rows and is read back with {}, or with others",
                table.name,
                copied.rows,
                found.rows
            );
        }
        Ok(copied)
    }

    /// Fails where a row names one that is gone, which a server refuses.
    fn check_links(&self, transaction: &Transaction<'_>) -> Result<()> {
        for table in &TABLES {
            for (column, other) in table.links {
                let mut sql = self.sql();
                sql.push("SELECT count(*), min(t.").push(column).push(") FROM @").push(table.name);
                sql.push(" t WHERE t.").push(column).push(" IS NOT NULL AND NOT EXISTS ");
                sql.push("(SELECT 1 FROM @").push(other).push(" x WHERE x.id = t.").push(column);
                sql.push(")");
                let counts = transaction
                    .rows(&sql, |row| Ok::<_, String>((row.integer()?, row.optional_integer()?)))?;
                for counted in counts {
                    let (count, first) = counted.map_err(anyhow::Error::msg)?;
                    if let (1.., Some(first)) = (count, first) {
                        let message = format!(
                            "{count} rows of {} have a {column} that is gone from {other} (the \
                             first: {first}), which PostgreSQL does not allow",
                            table.name
                        );
                        return Err(Failure::new(Kind::Failed, message)
                            .hint("delete those rows first; PRAGMA foreign_key_check lists them")
                            .into());
                    }
                }
            }
        }
        Ok(())
    }

    /// The highest ids that each table has given, also to rows that are gone.
    fn marks(&self, transaction: &Transaction<'_>) -> Result<Vec<(&'static str, i64)>> {
        let mut marks = Vec::new();
        for table in TABLES.iter().filter(|it| it.order == "id") {
            let mut sql = self.sql();
            sql.push("SELECT coalesce(max(id), 0) FROM @").push(table.name);
            let mut mark = 0;
            let given = self.engine.given_ids(table.name);
            for sql in [sql, given] {
                let read =
                    |row: &mut Decoder<'_>| row.optional_integer().map_err(anyhow::Error::msg);
                for found in transaction.rows(&sql, read)? {
                    mark = mark.max(found?.unwrap_or(0));
                }
            }
            marks.push((table.name, mark));
        }
        Ok(marks)
    }
}

/// How many rows go by between two notes of progress.
const PROGRESS: usize = 4096;

/// Reads a table of the new store.
fn read_back(
    new: &Engine,
    table: &Table,
    copying: Copying<'_>,
    done: &mut usize,
) -> Result<CopiedTable> {
    let dialect = new.sql().dialect();
    let sql = table.select(new.sql());
    let decode = |row: &mut Decoder<'_>| table.read(row, dialect);
    let count = new.stream_rows(&sql, decode, copying.stop, move |rows| {
        let mut count = Count::of(table);
        count.each(rows, copying, done).try_for_each(|row| row.map(drop))?;
        Ok(count)
    })?;
    Ok(count.copied())
}
