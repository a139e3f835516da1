//! The rows of a statement. One thread steps through it and copies rows into pages, another
//! decodes them, or whichever has the time.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::Result;
use rusqlite::{Rows, params_from_iter};

use super::error::statement_error;
use super::page::Page;
use super::{Sqlite, lock};
use crate::stop_flag::StopFlag;
use crate::store::engine::stream::{Received, spawn, stream_rows};
use crate::store::engine::{Decoder, EngineRow, Mode, Stream, cannot};
use crate::store::sql::Sql;

impl Sqlite {
    pub fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        let read = || -> rusqlite::Result<Page> {
            let mut statement = self.connection.prepare_cached(sql.text())?;
            let mut page = Page::new(Page::columns(&statement));
            let mut rows = statement.query(params_from_iter(sql.values()))?;
            while let Some(row) = rows.next()? {
                page.add(row)?;
            }
            Ok(page)
        };
        let page = read().map_err(|error| self.explain(error))?.complete();
        Ok((0..page.rows()).map(|index| decode(&mut decoder(&page, index))).collect())
    }

    pub fn stream_rows<R: Send, O: Send>(
        &self,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send + Sync,
        stop: &StopFlag,
        read: impl FnOnce(&mut Stream<'_, R>) -> Result<O> + Send,
    ) -> Result<O> {
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
        let interrupt = self.connection.get_interrupt_handle();
        let take =
            |page: &mut Page| std::mem::replace(page, Page::new(Arc::clone(&columns))).complete();
        let receive = move || {
            let batch = Received::from(&receiver);
            if !matches!(batch, Received::Pause) {
                return batch;
            }
            // With the lock: what is in the page came after what is in the channel.
            let mut page = lock(filling);
            match receiver.try_recv() {
                Ok(page) => page.map_or_else(Received::Failed, Received::Batch),
                Err(_) if page.rows() > 0 => Received::Batch(Batch::Page(take(&mut page))),
                Err(_) => Received::Pause,
            }
        };
        let fill =
            |rows: &mut Rows<'_>, sender: &SyncSender<Result<Batch<R>>>| -> rusqlite::Result<()> {
                while let Some(row) = rows.next()? {
                    let mut page = lock(filling);
                    page.add(row)?;
                    if page.is_full() {
                        let full = take(&mut page);
                        drop(page);
                        let sent = match sender.try_send(Ok(Batch::Page(full))) {
                            // Rather than wait for the reader, some of its work is done here.
                            Err(TrySendError::Full(Ok(Batch::Page(full)))) => {
                                let decode = |index| decode(&mut decoder(&full, index));
                                let rows: Vec<_> = (0..full.rows()).map(decode).collect();
                                sender.send(Ok(Batch::Decoded(rows.into_iter()))).is_ok()
                            }
                            sent => sent.is_ok(),
                        };
                        if !sent {
                            break;
                        }
                    }
                }
                Ok(())
            };
        thread::scope(|scope| {
            // Reading the store does not wait for what is made of the rows.
            let lent = spawn(scope, move || {
                let read = stream_rows(receive, next, stop, read);
                // A scan that nobody waits for any more.
                interrupt.interrupt();
                read
            })?;
            let filled = fill(&mut rows, &sender);
            // Behind the rows that there were. A reader that has gone does not mind.
            let rest = take(&mut lock(filling));
            // Of a statement that found no row, only the error is told.
            if rest.rows() > 0 {
                let _ = sender.send(Ok(Batch::Page(rest)));
            }
            if let Err(error) = filled {
                let _ = sender.send(Err(self.explain(error)));
            }
            drop(sender);
            lent.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

/// Rows on the way to their reader.
enum Batch<R> {
    Page(Page),
    Decoded(std::vec::IntoIter<R>),
}

/// How many pages wait for their reader.
const PAGES: usize = 4;

fn decoder(page: &Page, index: usize) -> Decoder<'_> {
    Decoder::new(EngineRow::Sqlite(page.row(index)))
}
