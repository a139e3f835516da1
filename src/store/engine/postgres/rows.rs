//! The rows of a statement: all at once, or by a cursor while they are read.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use std::{mem, thread};

use anyhow::Result;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

use super::error::{SessionError, server_error};
use super::session::{Session, behind};
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
                let client = session.client();
                let portal = &portal;
                let fetch = |rows| async move {
                    let fetch = format!("FETCH FORWARD {rows} FROM {portal}");
                    client.query_typed(&fetch, &[]).await
                };
                // The first rows are asked for together with what they need.
                let opened = async {
                    let declare = client.query_typed(&declare, &values);
                    let (_, rows) = session.behind(begin, behind(declare, fetch(1))).await?;
                    Ok(rows)
                };
                let (mut asked, rows) = (Asked::new(1, opened), FIRST_ROWS - 1);
                let mut next = Asked::new(rows, fetch(rows));
                loop {
                    let (fetched, took) = asked.wait(session, Some(&mut next));
                    // Fewer than were asked for are the last.
                    let is_full = |found: &Vec<Row>| u32::try_from(found.len()) == Ok(asked.rows);
                    let is_more = fetched.as_ref().is_ok_and(is_full);
                    if sender.send(fetched.map_err(server_error)).is_err() {
                        // The reader has stopped, and the server may be long at the next.
                        let _ = next.wait(session, None);
                        return;
                    }
                    if !is_more {
                        return;
                    }
                    let rows = rows_after(asked.rows, took);
                    asked = mem::replace(&mut next, Asked::new(rows, fetch(rows)));
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

type Fetched = Result<Vec<Row>, Error>;

/// Rows that a server is asked for.
struct Asked<'s> {
    rows: u32,
    at: Instant,
    answer: Pin<Box<dyn Future<Output = Fetched> + 's>>,
    /// The answer, if it has come while that to an earlier request was waited for.
    fetched: Option<Fetched>,
}

impl<'s> Asked<'s> {
    fn new(rows: u32, answer: impl Future<Output = Fetched> + 's) -> Self {
        Self { rows, at: Instant::now(), answer: Box::pin(answer), fetched: None }
    }

    /// Waits for the rows, and has the server asked for the next ones meanwhile: it would else be
    /// idle for as long as a request is on its way. Gives also how long the server took.
    fn wait(
        &mut self,
        session: &Session,
        mut next: Option<&mut Self>,
    ) -> (Result<Vec<Row>, SessionError>, Duration) {
        // It began when the request arrived, or when those before were done. They were at the
        // latest when they were read.
        let begun = (self.at + session.round_trip()).max(Instant::now());
        let fetched = poll_fn(|context| {
            // They are sent in this order.
            self.poll(context);
            if let Some(next) = &mut next {
                next.poll(context);
            }
            self.fetched.take().map_or(Poll::Pending, Poll::Ready)
        });
        (session.wait(None, fetched), begun.elapsed())
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        if self.fetched.is_none()
            && let Poll::Ready(fetched) = self.answer.as_mut().poll(context)
        {
            self.fetched = Some(fetched);
        }
    }
}

/// How many rows to ask for after so many took the server so long. The batches grow, so that the
/// first rows of a slow search arrive early, and begin anew where one is slow.
fn rows_after(rows: u32, took: Duration) -> u32 {
    let growth = match took {
        _ if took > SLOW => return 1,
        _ if took > SLOW / 10 => 10,
        _ => 100,
    };
    rows.saturating_mul(growth).min(MOST_ROWS)
}

/// What a terminal shows at once: that many are asked for in the first request, the first of
/// them apart, since it may come much earlier.
const FIRST_ROWS: u32 = 20;
const SLOW: Duration = Duration::from_millis(25);
const MOST_ROWS: u32 = 1000;

/// Decodes rows that are all there.
pub fn decoded<R>(rows: &[Row], decode: impl Fn(&mut Decoder<'_>) -> R) -> Vec<R> {
    rows.iter().map(|row| decode(&mut Decoder::new(EngineRow::Postgres(row)))).collect()
}
