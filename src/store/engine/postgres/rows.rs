//! The rows of a statement: all at once, or by a cursor while they are read.

use std::borrow::Cow;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::error::{SessionError, server_error};
use super::session::behind;
use super::values::typed;
use super::{LONGEST, Postgres};
use crate::stop_flag::StopFlag;
use crate::store::engine::stream::{Received, spawn, stream_rows};
use crate::store::engine::{Decoder, EngineRow, Stream};
use crate::store::sql::{Encoding, Sql, Value};

impl Postgres {
    /// The values of a statement. A text that the database's encoding does not have cannot
    /// be there, and is sent as one that nobody has.
    fn values<'s>(&self, sql: &'s Sql) -> Result<Cow<'s, [Value]>> {
        let is_other = self.flavour.encoding == Encoding::Other;
        if !is_other || sql.values().iter().all(Value::is_ascii) {
            return Ok(sql.values().into());
        }
        let mut values = sql.values().to_vec();
        for text in values.iter_mut().flat_map(Value::texts) {
            if !text.is_ascii() && !self.can_have(text)? {
                *text = NOBODYS.into();
            }
        }
        Ok(values.into())
    }

    /// Whether the database's encoding has a text.
    fn can_have(&self, text: &str) -> Result<bool> {
        self.batch(LONGEST, "SAVEPOINT tokenctl_text").map_err(server_error)?;
        let values: [(&(dyn ToSql + Sync), Type); 1] = [(&text, Type::TEXT)];
        let question = self.session.client().query_typed("SELECT $1", &values);
        let answer = self.ask(LONGEST, question);
        let has = match answer {
            Ok(_) => true,
            Err(SessionError::Driver(error))
                if error.code() == Some(&SqlState::UNTRANSLATABLE_CHARACTER) =>
            {
                false
            }
            Err(error) => return Err(server_error(error)),
        };
        let end = "ROLLBACK TO SAVEPOINT tokenctl_text; RELEASE SAVEPOINT tokenctl_text";
        self.batch(LONGEST, end).map_err(server_error)?;
        Ok(has)
    }

    pub fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        let values = self.values(sql)?;
        let values = typed(&values);
        let answer = self.session.client().query_typed(sql.text(), &values);
        let rows = self.ask(LONGEST, answer).map_err(server_error)?;
        Ok(decoded(&rows, decode))
    }

    pub fn stream_rows<R, O>(
        &self,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send + Sync,
        stop: &StopFlag,
        read: impl FnOnce(&mut Stream<'_, R>) -> Result<O> + Send,
    ) -> Result<O> {
        let (session, values) = (&self.session, self.values(sql)?);
        let values = typed(&values);
        // One of this name may have been left open in a session of a pool.
        let portal = format!("tokenctl_rows_{:016x}", fastrand::u64(..));
        let declare = format!("DECLARE {portal} NO SCROLL CURSOR FOR {}", sql.text());
        let begin = self.unsent.take();
        thread::scope(|scope| {
            // While one batch is read, the server produces the next.
            let (sender, receiver) = mpsc::sync_channel(1);
            let fetching = spawn(scope, move || {
                let (mut rows, mut opening) = (1, Some((begin, declare)));
                loop {
                    let asked_at = Instant::now();
                    let fetch = format!("FETCH FORWARD {rows} FROM {portal}");
                    let client = session.client();
                    let fetch = client.query_typed(&fetch, &[]);
                    let fetched = session.wait(None, async {
                        // The first rows are asked for together with what they need.
                        let Some((begin, declare)) = opening.take() else { return fetch.await };
                        let declare = client.query_typed(&declare, &values);
                        let (_, rows) = session.behind(begin, behind(declare, fetch)).await?;
                        Ok(rows)
                    });
                    // Fewer than were asked for are the last.
                    let is_full = |found: &Vec<Row>| u32::try_from(found.len()) == Ok(rows);
                    let is_more = fetched.as_ref().is_ok_and(is_full);
                    // The reader may have stopped.
                    if sender.send(fetched.map_err(server_error)).is_err() || !is_more {
                        return;
                    }
                    rows = rows_after(rows, asked_at.elapsed());
                }
            })?;
            let decode = |rows: &mut Vec<Row>, index: usize| {
                rows.get(index).map(|row| decode(&mut Decoder::new(EngineRow::Postgres(row))))
            };
            let read = stream_rows(|| Received::from(&receiver), decode, stop, read);
            drop(receiver);
            // A scan whose reader has left. What is nearly done ends by itself: a request to
            // cancel that comes too late would hit the next statement.
            let left_at = Instant::now();
            while !fetching.is_finished() {
                if left_at.elapsed() > SLOW {
                    session.cancel();
                    self.is_cancelled.set(true);
                    break;
                }
                // As a rule the thread is just ending.
                thread::sleep(Duration::from_micros(50));
            }
            read
        })
    }
}

/// A text that no name and no scope is.
const NOBODYS: &str = "\u{1}\u{2}\u{3}";

/// How many rows to ask for after so many took so long. The batches grow, so that the first
/// rows of a slow search arrive early, and begin anew where one is slow.
fn rows_after(rows: u32, took: Duration) -> u32 {
    let growth = match took {
        _ if took > SLOW => return 1,
        _ if took > SLOW / 10 => 10,
        _ => 100,
    };
    rows.saturating_mul(growth).min(MOST_ROWS)
}

const SLOW: Duration = Duration::from_millis(25);
const MOST_ROWS: u32 = 1000;

/// Decodes rows that are all there.
pub fn decoded<R>(rows: &[Row], decode: impl Fn(&mut Decoder<'_>) -> R) -> Vec<R> {
    rows.iter().map(|row| decode(&mut Decoder::new(EngineRow::Postgres(row)))).collect()
}
