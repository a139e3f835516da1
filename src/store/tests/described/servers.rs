//! What differs on a server, whose types tell more than SQLite's: forms that do not fit are
//! mistakes before a statement fails; and services, which only names tell from users.

use super::apps::{DESK, MAIL, VAULT};
use super::*;

/// Opens an application on a server with one change of its file.
fn changed(app: &App, old: &str, new: &str) -> Result<Option<Store>> {
    let Some(cluster) = Cluster::shared() else { return Ok(None) };
    let file = text_for(app.file, Dialect::Postgres);
    assert!(file.contains(old), "{old}");
    let description = description(file.replacen(old, new, 1))?;
    let database = cluster.database("described", &app.statements(Dialect::Postgres));
    described_on_server(&database.url("postgres"), description, Mode::Read).map(Some)
}

#[test]
fn forms_that_do_not_fit_a_servers_types_are_mistakes() {
    let cases: &[(&App, &str, &str, &str)] = &[
        (&MAIL, "key = \"uid\"", "key = \"deleted\"", "owner_id is not of the type of the owners"),
        (&MAIL, "key = \"rid\"", "key = \"seq\"", "owner_id is not of the type of the owners"),
        (&DESK, "created = \"created_at\"", "created = \"hidden\"", "hidden holds true and false"),
        (&DESK, "expires = \"expires_on\"", "expires = \"id\"", "say as = \"seconds\""),
        (&DESK, "as = \"words\"", "as = \"array\"", "scopes holds texts, not arrays"),
        (&DESK, "hidden = false", "hidden = \"no\"", "hidden holds true and false, not the text"),
        (&DESK, "touch = \"updated_at\"", "touch = \"hidden\"", "hidden holds true and false"),
        (&DESK, "{ set = \"revoked\" }", "{ set = \"note\" }", "note holds texts, and is no flag"),
        (&DESK, "table = \"users\"", "table = \"Users\"", "no table Users; the nearest is users"),
        (&VAULT, "\"labels(token_id = Id)\", column", "\"labels(label = Id)\", column", "types"),
        (&VAULT, "as = \"json\"", "as = \"words\"", "Scopes holds JSON, not words"),
        (&VAULT, "seconds = \"TTL\"", "seconds = \"Scopes\"", "Scopes holds JSON, not seconds"),
        (&VAULT, "if_after = \"CreatedAt\"", "if_after = \"TTL\"", "TTL holds integers"),
        (&VAULT, "id = \"Id\"", "id = \"id\"", "no column id in table Tokens; the nearest is Id"),
    ];
    for (app, old, new, problem) in cases {
        let refusal = match changed(app, old, new) {
            Ok(None) => return,
            Ok(Some(_)) => panic!("{}: {new} is taken", app.name),
            Err(error) => format!("{error:#}"),
        };
        let place = refusal.find("app.toml, line ").map(|at| &refusal[at..]);
        assert!(place.is_some_and(|it| it.contains(problem)), "{new}: {refusal}");
    }
}

#[test]
fn services_are_owners_by_their_names() -> Result<()> {
    for Opened { store, .. } in MAIL.open(Mode::Read, "")? {
        let root = actor(&store, "root")?;
        let ids = |name: &str| -> Result<Vec<String>> {
            let user = store.user(&root, &UserRef::Other(Reference::Name(name.into())))?;
            let filter = personal_access_token::Filter { users: vec![user], ..Default::default() };
            let list = root.to_list::<PersonalAccessToken>(filter)?;
            let found: Vec<TokenId> = listed(&store, &list, Sort::BY_ID, None)?;
            Ok(found.iter().map(ToString::to_string).collect())
        };
        assert_eq!(ids("robbie")?, ["B-3"]);
        assert_eq!(ids("Five")?, ["c 5"]);
        // The same key, and a user.
        assert_eq!(ids("x1")?, ["a-1", "a-2"]);
        assert!(ids("Robbi").is_err_and(|it| it.is::<Denied>()));
    }
    Ok(())
}
