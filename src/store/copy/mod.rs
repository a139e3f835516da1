//! Copies a native store to a new one, from either engine to either: every row of one
//! snapshot, read back and compared. The digests of tokens are copied, and shown to nobody.

mod table;

use anyhow::{Context, Result, anyhow, ensure};
use sha2::{Digest, Sha256};

use self::table::{Field, TABLES, Table};
use super::engine::{Decoder, Engine, Mode, Stream, Streamed};
use super::schema::native;
use super::sql::Dialect;
use super::{Interrupted, Location, Store, Transaction};
use crate::digest::hexadecimal;
use crate::failure::{Failure, Kind};
use crate::model::copied_table::CopiedTable;
use crate::stop_flag::StopFlag;

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
        Engine::create(target, self.busy_timeout, copying.stop, |new| {
            copied = self.copy_into(new, copying)?;
            Ok(())
        })?;
        Ok(copied)
    }

    fn copy_into(&self, new: &mut Engine, copying: Copying<'_>) -> Result<Vec<CopiedTable>> {
        let mut done = 0;
        // One transaction, and so one snapshot.
        let mut transaction = self.engine.begin(Mode::Read, self.busy_timeout)?;
        transaction.keep_little()?;
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
        for table in TABLES.iter().filter(|it| it.has_ids()) {
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
