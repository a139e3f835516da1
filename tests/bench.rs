//! The search of names against SQLite's LIKE with the same columns, in turn, on
//! the same store: `cargo bench`. LIKE folds ASCII only; the search folds all of
//! Unicode, and decodes what it finds.

use std::error::Error;
use std::hint::black_box;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokenctl::model::access::{List, Reference};
use tokenctl::model::personal_access_token::{Filter, PersonalAccessToken};
use tokenctl::model::time::{Moment, Timestamp};
use tokenctl::model::token::Sort;
use tokenctl::store::{Location, Mode, Opening, Store, create};

const TOKENS: u64 = 300_000;
const ROUNDS: usize = 9;
/// Often found, seldom found, never found.
const WORDS: [&str; 3] = ["ci", "grafana", "no-such-name"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("store.db");
    let now = Timestamp::from_stored("2024-03-15T12:00:00.000Z").ok_or("a time")?;
    create(&path, Some(TOKENS), now, &|| false)?;

    let how = Opening {
        mode: Mode::Read,
        busy_timeout: Duration::from_secs(5),
        foreign_owner: false,
        schema: None,
        command_as: &|_| String::new(),
    };
    let store = Store::open(&Location::File(path.clone()), &how)?;
    let root = store.actor(&Reference::Name("root".into()))?;
    let sqlite = Connection::open(&path)?;
    for word in WORDS {
        let mut ratios = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let mut like = sqlite.prepare_cached(
                "SELECT t.id, t.user_id, u.username, u.user_type, t.name, t.description, t.scopes, \
                 t.impersonation, t.revoked, t.created_at, t.last_used_at, t.expires_at \
                 FROM personal_access_tokens t LEFT JOIN users u ON u.id = t.user_id \
                 WHERE t.name LIKE '%' || ?1 || '%' ESCAPE '\\' ORDER BY t.id",
            )?;
            let mut rows = like.query([word])?;
            while let Some(row) = rows.next()? {
                black_box(row.get_ref(11)?);
            }
            let by_like = begun.elapsed();

            let mut filter = Filter::default();
            filter.token.search = vec![word.into()];
            let query = root.query::<PersonalAccessToken, List>(filter)?;
            let begun = Instant::now();
            store.select(&query, Sort::BY_ID, None, Moment::at(now), |rows| {
                for row in rows {
                    drop(black_box(row?));
                }
                Ok(())
            })?;
            ratios.push(begun.elapsed().as_secs_f64() / by_like.as_secs_f64());
        }
        ratios.sort_by(f64::total_cmp);
        writeln!(
            stdout(),
            "search '{word}': {:.2} times LIKE ({:.2} to {:.2}, {ROUNDS} rounds, {TOKENS} names)",
            ratios[ROUNDS / 2],
            ratios[0],
            ratios[ROUNDS - 1],
        )?;
    }
    Ok(())
}
