//! What statements are made of, and when they begin.

use super::plans::list_sql;
use super::*;
use crate::store::sql::Flavour;

#[test]
fn values_are_bound_in_order_and_never_text() {
    let mut sql = Sql::new(Flavour::new(Dialect::Sqlite));
    sql.push("SELECT ").bind("'; DROP TABLE users; --").push(", ").bind(7_i64);
    assert_eq!(sql.text(), "SELECT ?1, ?2");
    let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
    sql.push("SELECT ").bind("'; DROP TABLE users; --").push(", ").bind(7_i64);
    assert_eq!(sql.text(), "SELECT $1, $2");
}

#[test]
fn tables_are_named_with_the_schema_that_they_are_in() {
    let text = "DELETE FROM @users AS t WHERE id IN (SELECT m.id FROM @\"user\" m)";
    let written = |mut sql: Sql| sql.push(text).text().to_owned();
    let bare = "DELETE FROM users AS t WHERE id IN (SELECT m.id FROM \"user\" m)";
    assert_eq!(written(Sql::new(Flavour::new(Dialect::Sqlite))), bare);
    let namespace = Some(Quoted::name("my \"@\" schema"));
    let flavour = Flavour { namespace, ..Flavour::new(Dialect::Postgres) };
    assert_eq!(
        written(Sql::new(flavour)),
        "DELETE FROM \"my \"\"@\"\" schema\".users AS t WHERE id IN \
         (SELECT m.id FROM \"my \"\"@\"\" schema\".\"user\" m)"
    );
}

#[test]
fn missing_and_forbidden_take_the_same_statements() -> Result<()> {
    // A stranger asks for what exists and for what does not.
    let store = store()?;
    let sam = actor(&store, "sam")?;
    let show = |id| -> Result<Sql> {
        let query = sam.to_show::<PersonalAccessToken>(TokenId::from(id))?;
        list_sql::<_, PersonalAccessToken>(&store, query.selection(), Sort::BY_ID)
    };
    assert_eq!(show(1)?.text(), show(999)?.text());

    let message = |error: anyhow::Error| format!("{error:#}");
    let user = |name: &str| store.user(&sam, &UserRef::Other(Reference::Name(name.into())));
    assert_eq!(user("olive").map_err(message), user("nobody").map_err(message));
    let project = |name: &str| {
        let membership = store.project(&sam, &Reference::Name(name.into()))?;
        let filter = deploy_token::Filter { place: Some(membership), ..Default::default() };
        let query = sam.to_list::<DeployToken>(filter)?;
        anyhow::Ok(query.selection().filter().place.is_some())
    };
    assert_eq!(project("other/x").map_err(message), project("other/y").map_err(message));
    Ok(())
}

#[test]
fn a_list_that_finds_the_store_locked_is_not_begun() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("store.db");
    let [ours, theirs] = [Connection::open(&path)?, Connection::open(&path)?];
    theirs.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY)")?;
    let engine = Engine::Sqlite(Sqlite::unnamed(ours)?);
    let mut sql = Sql::new(Flavour::new(Dialect::Sqlite));
    sql.push("SELECT id FROM t");
    // How many rows the reader found; `None`: it was not called.
    let list = || {
        let mut found = None;
        let transaction = engine.begin(Mode::Read, Duration::ZERO)?;
        let listed = transaction.stream_rows(
            &sql,
            |row| row.integer().ok(),
            &StopFlag::default(),
            |rows| {
                found = Some(rows.filter(|row| matches!(row, Ok(Streamed::Row(_)))).count());
                Ok(())
            },
        );
        anyhow::Ok((found, listed))
    };
    let (found, listed) = list()?;
    listed?;
    assert_eq!(found, Some(0), "an empty list is one");
    theirs.execute_batch("BEGIN EXCLUSIVE")?;
    let (found, listed) = list()?;
    let error = listed.expect_err("it is locked");
    assert_eq!(failure::kind(&error), Kind::Locked, "{error:#}");
    assert_eq!(found, None, "another attempt would find its reader gone");
    Ok(())
}
