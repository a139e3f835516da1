//! What a revocation changes in the application's tables, row for row, and that a database
//! which undoes it is found out.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Map, Value};

use super::*;
use crate::store::Run;

/// The rows of all tables, by the table and `seq`.
type Rows = BTreeMap<String, Map<String, Value>>;

/// When the revocations begin: no row of an application has this time.
const BEGAN: &str = "2033-05-18T03:33:20.500";
const BEGAN_SECONDS: i64 = 2_000_000_000;

impl App {
    /// The names of the tables, quoted.
    fn table_names(&self) -> Vec<String> {
        let names = self.tables.split("CREATE TABLE ").skip(1);
        let names =
            names.filter_map(|it| it.split_once(" (")).map(|(name, _)| name.trim_matches('"'));
        names.map(|it| format!("\"{it}\"")).collect()
    }

    fn rows(&self, opened: &Opened) -> Result<Rows> {
        let mut rows = Rows::new();
        for table in self.table_names() {
            let found = match &opened.database {
                Some(database) => rows_on_server(database, &table)?,
                None => rows_in_sqlite(connection(&opened.store), &table)?,
            };
            for row in found {
                let key = format!("{} {}", table.trim_matches('"'), row["seq"]);
                assert!(rows.insert(key, row).is_none(), "seq tells rows apart");
            }
        }
        Ok(rows)
    }
}

fn rows_on_server(database: &Database, table: &str) -> Result<Vec<Map<String, Value>>> {
    let rows = database.sql(&format!("SET timezone = 'UTC'; SELECT to_jsonb(t) FROM {table} t"));
    rows.lines().map(|row| Ok(serde_json::from_str(row)?)).collect()
}

fn rows_in_sqlite(connection: &Connection, table: &str) -> Result<Vec<Map<String, Value>>> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let names: Vec<String> = statement.column_names().map(Into::into).collect();
    let rows = statement.query_map([], |row| {
        let value = |(index, name): (usize, &String)| {
            let value = match row.get(index)? {
                rusqlite::types::Value::Integer(number) => number.into(),
                rusqlite::types::Value::Text(text) => text.into(),
                _ => Value::Null,
            };
            Ok((name.clone(), value))
        };
        names.iter().enumerate().map(value).collect()
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A value of a row that was changed; the present is one.
fn changed(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Bool(value) => i32::from(*value).to_string(),
        Value::Number(number) => match number.as_i64() {
            Some(number)
                if [number, number / 1000]
                    .iter()
                    .any(|it| (0..600).contains(&(it - BEGAN_SECONDS))) =>
            {
                "NOW".into()
            }
            _ => number.to_string(),
        },
        Value::String(text) if text.starts_with("2033-05-18") => "NOW".into(),
        other => other.to_string(),
    }
}

/// The difference of all tables, in words.
fn difference(before: &Rows, after: &Rows) -> Vec<String> {
    let mut words = Vec::new();
    for (key, row) in before {
        match after.get(key) {
            None => words.push(format!("{key}: deleted")),
            Some(now) if now != row => {
                let columns = now.iter().filter(|(name, value)| row.get(*name) != Some(value));
                let columns = columns.map(|(name, value)| format!("{name} = {}", changed(value)));
                words.push(format!("{key}: {}", columns.collect::<Vec<_>>().join(", ")));
            }
            Some(_) => {}
        }
    }
    words
        .extend(after.keys().filter(|it| !before.contains_key(*it)).map(|it| format!("{it}: new")));
    words.sort();
    words
}

/// Revokes one token.
fn revoke(store: &Store, role: &str, id: Id) -> Result<Vec<Decision<PersonalAccessToken>>> {
    let actor = actor(store, role)?;
    let began = at(BEGAN).ok_or_else(|| anyhow::anyhow!("a time"))?;
    let run = Run {
        id: "run".into(),
        began: (began, Instant::now()),
        actor: actor.clone(),
        os_user: "os".into(),
        reason: None,
    };
    let query = actor.to_revoke::<PersonalAccessToken>(personal_access_token::Filter::default())?;
    let query = query.among([id].into_iter().collect());
    let options = BatchOptions {
        now: now()?,
        run: Some(&run),
        recorder: None,
        chosen: None,
        fits: None,
        newest: None,
        free_until: None,
    };
    let batch = store.revoke(&query, &options)?;
    batch.ended?;
    Ok(batch.decisions)
}

fn id_of(store: &Store, id: &str) -> Result<Id> {
    let id = Id::from(text_for(id, store.schema.dialect).as_str());
    let ids = store.own_ids::<PersonalAccessToken>(id.into())?;
    ids.last().ok_or_else(|| anyhow::anyhow!("an id"))
}

#[test]
fn a_revocation_changes_what_the_file_names_and_nothing_else() -> Result<()> {
    for app in APPS {
        for (id, changes) in app.revocations {
            for opened in app.open(Mode::Write, "")? {
                let what = (app.name, opened.store.schema.dialect, id);
                let before = app.rows(&opened)?;
                let token = id_of(&opened.store, id)?;
                let decisions = revoke(&opened.store, app.roles[0], token.clone())?;
                assert!(
                    matches!(&decisions[..], [Decision::Revoke(it)] if it.id().0 == token),
                    "{what:?}: {decisions:?}"
                );
                assert_eq!(difference(&before, &app.rows(&opened)?), *changes, "{what:?}");

                // Once more changes nothing.
                let after = app.rows(&opened)?;
                let decisions = revoke(&opened.store, app.roles[0], token)?;
                assert!(
                    !matches!(decisions[..], [Decision::Revoke(_)]) || app.name == "lone",
                    "{what:?}"
                );
                if app.name != "lone" {
                    assert_eq!(difference(&after, &app.rows(&opened)?), <[String; 0]>::default());
                }
            }
        }
    }
    Ok(())
}

#[test]
fn owners_revoke_their_own_and_nobody_elses() -> Result<()> {
    for app in APPS {
        for opened in app.open(Mode::Write, "")? {
            let before = app.rows(&opened)?;
            for token in everything(&opened.store, app.roles[0])? {
                for role in &app.roles[1..] {
                    let is_own = token.user_id.as_ref() == actor(&opened.store, role)?.id();
                    if !is_own {
                        let decisions = revoke(&opened.store, role, token.id().0)?;
                        assert!(
                            matches!(decisions[..], [Decision::Deny(_)]),
                            "{} {role}",
                            app.name
                        );
                    }
                }
            }
            assert_eq!(difference(&before, &app.rows(&opened)?), <[String; 0]>::default());
        }
    }
    Ok(())
}

/// A trigger that brings a row back behind each change.
fn undoing(app: &App, dialect: Dialect) -> Result<String> {
    let table = format!(
        "\"{}\"",
        description(text_for(app.file, dialect))?.tables().next().unwrap_or_default()
    );
    if dialect == Dialect::Postgres {
        return Ok(format!(
            "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF pg_trigger_depth() > 1 THEN RETURN NULL; END IF; \
             DELETE FROM public.{table} WHERE seq = OLD.seq; \
             INSERT INTO public.{table} SELECT (OLD).*; RETURN NULL; END $$; \
             CREATE TRIGGER undo AFTER UPDATE OR DELETE ON {table} FOR EACH ROW \
             EXECUTE FUNCTION undo();"
        ));
    }
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(&app.statements(dialect))?;
    let statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let old: Vec<_> = statement.column_names().map(|it| format!("OLD.\"{it}\"")).collect();
    let old = old.join(", ");
    Ok(format!(
        "CREATE TRIGGER undo_update AFTER UPDATE ON {table} BEGIN \
         INSERT OR REPLACE INTO {table} VALUES ({old}); END; \
         CREATE TRIGGER undo_delete AFTER DELETE ON {table} BEGIN \
         INSERT INTO {table} VALUES ({old}); END;"
    ))
}

/// A trigger that lets no row be changed.
fn preventing(app: &App, dialect: Dialect) -> Result<String> {
    let table = format!(
        "\"{}\"",
        description(text_for(app.file, dialect))?.tables().next().unwrap_or_default()
    );
    Ok(match dialect {
        Dialect::Postgres => format!(
            "CREATE FUNCTION prevent() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RETURN NULL; END $$; CREATE TRIGGER prevent BEFORE UPDATE OR DELETE \
             ON {table} FOR EACH ROW EXECUTE FUNCTION prevent();"
        ),
        Dialect::Sqlite => format!(
            "CREATE TRIGGER p1 BEFORE UPDATE ON {table} BEGIN SELECT RAISE(IGNORE); END; \
             CREATE TRIGGER p2 BEFORE DELETE ON {table} BEGIN SELECT RAISE(IGNORE); END;"
        ),
    })
}

#[test]
fn a_database_that_undoes_a_revocation_is_found_out() -> Result<()> {
    for app in APPS {
        for obstacle in [undoing, preventing] {
            let [one, other] = BOTH else { panic!("two engines") };
            let statements = format!("«{}¦{}»", obstacle(app, *one)?, obstacle(app, *other)?);
            for opened in app.open(Mode::Write, &statements)? {
                let what = (app.name, opened.store.schema.dialect);
                let before = app.rows(&opened)?;
                let id = id_of(&opened.store, app.revocations[0].0)?;
                let refusal = revoke(&opened.store, app.roles[0], id.clone()).expect_err(app.name);
                let refusal = format!("{refusal:#}");
                let is_known = refusal.contains(&format!("keeps token {id} from being revoked"))
                    || refusal.contains("changed in the middle of its revocation");
                assert!(is_known, "{what:?}: {refusal}");
                assert_eq!(
                    difference(&before, &app.rows(&opened)?),
                    <[String; 0]>::default(),
                    "{what:?}"
                );
            }
        }
    }
    Ok(())
}
