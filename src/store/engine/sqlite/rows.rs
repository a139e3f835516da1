//! The rows of a statement. One thread steps through it and copies rows into pages, another
//! decodes them, or whichever has the time.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::Result;
use rusqlite::params_from_iter;

use super::error::statement_error;
use super::page::Page;
use super::{Sqlite, lock};
use crate::stop_flag::StopFlag;
use crate::store::engine::stream::{Received, spawn, stream_rows};
use crate::store::engine::{Decoder, EngineRow, Mode, Stream, cannot};
use crate::store::sql::Sql;

impl Sqlite {
    pub fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        let page = self.page(sql).map_err(|error| self.explain(error))?;
        Ok((0..page.rows()).map(|index| decode(&mut decoder(&page, index))).collect())
    }

    /// All rows of a statement.
    fn page(&self, sql: &Sql) -> rusqlite::Result<Page> {
        let mut statement = self.connection.prepare_cached(sql.text())?;
        let mut page = Page::new(Page::columns(&statement));
        let mut rows = statement.query(params_from_iter(sql.values()))?;
        while let Some(row) = rows.next()? {
            page.add(row)?;
        }
        Ok(page.complete())
    }

    /// All rows of a statement that takes little time, as a look-up does. Most others that a
    /// connection is asked for take more, and none is tried again.
    fn brief_page(&self, sql: &Sql) -> Option<Page> {
        if self.was_tried.replace(true) {
            return None;
        }
        self.is_brief.store(true, Ordering::Relaxed);
        let page = self.page(sql);
        self.is_brief.store(false, Ordering::Relaxed);
        // An error is met again.
        page.ok()
    }

    pub fn stream_rows<R: Send, O: Send>(
        &self,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send + Sync,
        stop: &StopFlag,
        read: impl FnOnce(&mut Stream<'_, R>) -> Result<O> + Send,
    ) -> Result<O> {
        if let Some(page) = self.brief_page(sql) {
            let mut batch = Received::Batch(page);
            let receive = || std::mem::replace(&mut batch, Received::End);
            let next = |page: &mut Page, index| {
                (index < page.rows()).then(|| decode(&mut decoder(page, index)))
            };
            return stream_rows(receive, next, stop, read);
        }
        let failed = |error| statement_error(error).context(cannot(Mode::Read));
        let mut statement = self.connection.prepare_cached(sql.text()).map_err(failed)?;
        let columns = Page::columns(&statement);
        let mut rows = statement.query(params_from_iter(sql.values())).map_err(failed)?;
        let decode = &decode;
        let next = |batch: &mut Batch<R>, index: usize| match batch {
            Batch::Page(page) => (index < page.rows()).then(|| decode(&mut decoder(page, index))),
            Batch::Decoded(rows) => rows.next(),
        };

        // The page that is being filled is handed over when it is full, or taken when
        // nothing else comes.
        let filling = &Mutex::new(Page::new(Arc::clone(&columns)));
        let (sender, receiver) = mpsc::sync_channel(PAGES);
        let waiting = &AtomicUsize::new(0);
        let interrupt = self.connection.get_interrupt_handle();
        let take =
            |page: &mut Page| std::mem::replace(page, Page::new(Arc::clone(&columns))).complete();
        let taken = |found| {
            if let Received::Batch(_) = found {
                waiting.fetch_sub(1, Ordering::Relaxed);
            }
            found
        };
        let receive = move || {
            let found = Received::from(&receiver);
            if !matches!(found, Received::Pause) {
                return taken(found);
            }
            // With the lock: what is in the page came after what is in the channel.
            let mut page = lock(filling);
            match receiver.try_recv() {
                Ok(batch) => taken(batch.map_or_else(Received::Failed, Received::Batch)),
                Err(_) if page.rows() > 0 => Received::Batch(Batch::Page(take(&mut page))),
                Err(_) => Received::Pause,
            }
        };
        // A reader that has gone wants no more.
        let send = move |batch| {
            waiting.fetch_add(1, Ordering::Relaxed);
            sender.send(batch).is_ok()
        };
        thread::scope(|scope| {
            // Reading the store does not wait for what is made of the rows.
            let lent = spawn(scope, move || {
                let read = stream_rows(receive, next, stop, read);
                // A scan that nobody waits for any more.
                interrupt.interrupt();
                read
            })?;
            let mut fill = || -> rusqlite::Result<()> {
                while let Some(row) = rows.next()? {
                    let mut page = lock(filling);
                    page.add(row)?;
                    if !page.is_full() {
                        continue;
                    }
                    let full = take(&mut page);
                    drop(page);
                    // Of a slower reader's work some is done here.
                    let batch = if waiting.load(Ordering::Relaxed) < AHEAD {
                        Batch::Page(full)
                    } else {
                        let rows = (0..full.rows()).map(|index| decode(&mut decoder(&full, index)));
                        Batch::Decoded(rows.collect::<Vec<_>>().into_iter())
                    };
                    if !send(Ok(batch)) {
                        break;
                    }
                }
                Ok(())
            };
            let filled = fill();
            // Behind the rows that there were.
            let rest = take(&mut lock(filling));
            // Of a statement that found no row, only the error is told.
            if rest.rows() > 0 {
                send(Ok(Batch::Page(rest)));
            }
            if let Err(error) = filled {
                send(Err(self.explain(error)));
            }
            drop(send);
            lent.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

/// Rows on the way to their reader.
enum Batch<R> {
    Page(Page),
    Decoded(std::vec::IntoIter<R>),
}

/// How many pages wait for their reader at most, and from how many on it is the slower one.
const PAGES: usize = 4;
const AHEAD: usize = 2;

fn decoder(page: &Page, index: usize) -> Decoder<'_> {
    Decoder::new(EngineRow::Sqlite(page.row(index)))
}
