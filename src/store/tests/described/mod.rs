//! Made-up applications that together have every form of a description, on both engines: what
//! is listed is what was decoded by hand, every filter is that of the oracle, and a revocation
//! changes what the file names and nothing else.

mod apps;
mod changes;
mod more_apps;
mod odd_names;
mod servers;

use std::sync::{Arc, Mutex};

use rusqlite::hooks::{AuthAction, Authorization};

use self::apps::APPS;
use super::oracle::{check_role, listed};
use super::postgres::{Cluster, Database, READER};
use super::*;
use crate::store::schema::described::{Described, Origin};
use crate::store::schema::form::Revoke;
use crate::store::schema::{Description, of_files};

/// A made-up application. What its texts have as `«one¦other»` is `one` in SQLite and `other`
/// in PostgreSQL. The first column of each table, `seq`, tells its rows apart, and stands in
/// no description.
struct App {
    name: &'static str,
    engines: &'static [Dialect],
    file: &'static str,
    tables: &'static str,
    rows: &'static str,
    /// The tokens as they are read, decoded by hand: a line each, see [`in_words`].
    tokens: &'static str,
    /// Who may act; the first of them reaches everything.
    roles: &'static [&'static str],
    /// Tokens, each with what its revocation changes.
    revocations: &'static [(&'static str, &'static [&'static str])],
}

const BOTH: &[Dialect] = &[Dialect::Sqlite, Dialect::Postgres];

/// The text for one engine.
fn text_for(text: &str, dialect: Dialect) -> String {
    let mut parts = text.split('«');
    let mut chosen = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (choice, rest) = part.split_once('»').expect("an end");
        let (one, other) = choice.split_once('¦').expect("two texts");
        chosen.push_str(if dialect == Dialect::Sqlite { one } else { other });
        chosen.push_str(rest);
    }
    chosen
}

/// The description of a text.
fn description(text: String) -> Result<&'static Description, failure::Failure> {
    let origin = Origin::File { shown: "app.toml".into(), digest: String::new() };
    Ok(of_files(Described::read(text, origin)?))
}

/// An application's database, its store, and a way to look at it from beside.
struct Opened {
    store: Store,
    database: Option<Database>,
    /// What was read in SQLite: tables, each with a column.
    reads: Arc<Mutex<BTreeSet<(String, String)>>>,
}

impl App {
    fn has(&self, dialect: Dialect) -> bool {
        self.engines.contains(&dialect)
    }

    fn statements(&self, dialect: Dialect) -> String {
        format!("{}{}", text_for(self.tables, dialect), text_for(self.rows, dialect))
    }

    /// Opens the application's database everywhere where it has one.
    fn open(&self, mode: Mode, statements: &str) -> Result<Vec<Opened>> {
        let mut opened = Vec::new();
        if self.has(Dialect::Sqlite) {
            let mut connection = Connection::open_in_memory()?;
            connection.execute_batch(&self.statements(Dialect::Sqlite))?;
            connection.execute_batch(&text_for(statements, Dialect::Sqlite))?;
            let description = description(text_for(self.file, Dialect::Sqlite))?;
            let reads = Arc::default();
            note_reads(&mut connection, &reads)?;
            let store = described_in_sqlite(connection, description)?;
            opened.push(Opened { store, database: None, reads });
        }
        if let Some(cluster) = Cluster::shared().filter(|_| self.has(Dialect::Postgres)) {
            let description = description(text_for(self.file, Dialect::Postgres))?;
            let mut all = self.statements(Dialect::Postgres);
            all.push_str(&text_for(statements, Dialect::Postgres));
            all.push_str(&grants(description));
            let database = cluster.database("described", &all);
            let role = if mode == Mode::Read { READER } else { "postgres" };
            let store = described_on_server(&database.url(role), description, mode)?;
            opened.push(Opened { store, database: Some(database), reads: Arc::default() });
        }
        Ok(opened)
    }
}

fn described_in_sqlite(connection: Connection, description: &'static Description) -> Result<Store> {
    let schema = crate::store::engine::sqlite::recognise(&connection, Some(description))?;
    let engine = Engine::Sqlite(Sqlite::unnamed(connection)?.with_literals(&schema));
    Ok(Store::of(engine, schema, Duration::ZERO))
}

fn described_on_server(url: &str, description: &'static Description, mode: Mode) -> Result<Store> {
    let how = Opening {
        mode,
        busy_timeout: Duration::from_secs(1),
        foreign_owner: false,
        schema: Some(description),
    };
    Store::open(&Location::Server(Settings::new(url, &|_| None)?.into()), &how)
}

/// The secrets that are never looked at. What is erased is asked for, whether it is there.
fn secrets(description: &Description) -> Vec<String> {
    let tokens = &description.described().expect("a file").file.tokens;
    if matches!(tokens.revoke.get_ref(), Revoke::Erase(_)) {
        return Vec::new();
    }
    tokens.secret.iter().map(|it| it.get_ref().clone()).collect()
}

/// Lets the reader read every column but the secrets: the server refuses a statement that
/// has one.
fn grants(description: &Description) -> String {
    let table = description.tables().next().unwrap_or_default();
    let secrets: Vec<_> = secrets(description).iter().map(|it| format!("'{it}'")).collect();
    format!(
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT c.relname, a.attname FROM pg_attribute a \
         JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace \
         AND c.relkind = 'r' AND a.attnum > 0 AND NOT (c.relname = '{table}' \
         AND a.attname = ANY (ARRAY[{}]::text[])) LOOP \
         EXECUTE format('GRANT SELECT (%I) ON %I TO {READER}', r.attname, r.relname); \
         END LOOP; END $$;",
        secrets.join(", ")
    )
}

/// Notes every column that a statement of the connection reads.
fn note_reads(
    connection: &mut Connection,
    reads: &Arc<Mutex<BTreeSet<(String, String)>>>,
) -> Result<()> {
    let reads = Arc::clone(reads);
    connection.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| {
        if let AuthAction::Read { table_name, column_name } = context.action {
            let read = (table_name.to_owned(), column_name.to_owned());
            reads.lock().expect("a lock").insert(read);
        }
        Authorization::Allow
    }))?;
    Ok(())
}

/// A token in a line: id, name, scopes, revoked, created, last used, expires, owner, username,
/// kind and state of the owner, description, impersonation.
fn in_words(token: &PersonalAccessToken) -> String {
    let text = |it: Option<String>| it.unwrap_or_else(|| "-".into());
    let time = |it: Option<String>| text(it).replace(".000Z", "");
    let token_of = &token.token;
    [
        token_of.id.to_string(),
        text(token_of.name.clone()),
        text(token_of.scopes.as_ref().map(|it| it.join(","))),
        if token_of.revoked { "revoked" } else { "" }.into(),
        time(token_of.created_at.map(|it| it.to_string())),
        time(token.last_used_at.map(|it| it.to_string())),
        time(token_of.expires_at.map(|it| it.to_string())),
        text(token.user_id.as_ref().map(ToString::to_string)),
        text(token.username.clone()),
        text(token.user_type.map(|it| it.name().into())),
        text(token.user_state.map(|it| it.name().into())),
        text(token.description.clone()),
        text(token.impersonation.map(|it| it.to_string())),
    ]
    .join("|")
}

fn everything(store: &Store, role: &str) -> Result<Vec<PersonalAccessToken>> {
    let all = actor(store, role)?.to_list(personal_access_token::Filter::default())?;
    listed(store, &all, Sort::BY_ID, None)
}

#[test]
fn what_is_listed_is_what_was_decoded_by_hand() -> Result<()> {
    for app in APPS {
        for Opened { store, .. } in app.open(Mode::Read, "")? {
            let name = (app.name, store.schema.dialect);
            let found = everything(&store, app.roles[0])?;
            let found: Vec<_> = found.iter().map(in_words).collect();
            let expected = text_for(app.tokens, store.schema.dialect);
            let expected: Vec<_> = expected.trim().lines().map(str::trim).collect();
            assert_eq!(format!("{found:#?}"), format!("{expected:#?}"), "{name:?}");
        }
    }
    Ok(())
}

/// How many pairs of filters there are to one that is tried.
fn one_pair_of(store: &Store) -> usize {
    if store.schema.dialect == Dialect::Sqlite { 23 } else { 197 }
}

#[test]
fn every_form_is_that_of_the_oracle_and_no_secret_is_looked_at() -> Result<()> {
    for (place, app) in APPS.iter().enumerate() {
        for Opened { store, reads, .. } in app.open(Mode::Read, "")? {
            let everything = everything(&store, app.roles[0])?;
            let owners: BTreeSet<_> =
                everything.iter().filter_map(|it| it.user_id.clone()).collect();
            let owners: Vec<_> = owners.into_iter().map(|it| it.0).collect();
            let nth = |ids: &[Id], number: i64| {
                let place = usize::try_from(number - 1).ok();
                let found = place.and_then(|place| ids.get(place)).cloned();
                found.unwrap_or(Id::Integer(number))
            };
            let ids: Vec<_> = everything.iter().map(|it| it.id().0).collect();
            let filters = personal_filters_of(&|it| nth(&ids, it), &|it| nth(&owners, it));
            for (number, role) in app.roles.iter().enumerate() {
                let actor = actor(&store, role)?;
                let reaches_all = number == 0;
                assert_eq!(actor.is_admin(), reaches_all, "{} as {role}", app.name);
                let every = one_pair_of(&store);
                check_role(&store, &actor, &everything, &filters, |[one, other]| {
                    one == other || (one + 3 * other + number + place).is_multiple_of(every)
                })?;
            }
            let description = store.description();
            let tokens = description.tables().next().unwrap_or_default();
            let reads = reads.lock().expect("a lock");
            for secret in secrets(description) {
                let read = reads.iter().find(|(table, column)| {
                    table.eq_ignore_ascii_case(tokens) && column.eq_ignore_ascii_case(&secret)
                });
                assert_eq!(read, None, "{}", app.name);
            }
            assert_eq!(reads.is_empty(), store.schema.dialect == Dialect::Postgres);
        }
    }
    Ok(())
}
