//! Random descriptions of random tables with odd names: each is a mistake with a line, or
//! lists exactly the rows; and statements hold nothing but our own words and quoted names.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::store::filter;
use crate::store::sql::Sql;
use crate::store::stored::Unrecorded;
use crate::store::way::Way;

/// Names as tables and columns may have them: quotes, blanks, marks that mean something in our
/// own texts, keywords, letters of all scripts.
fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}",
        4 => "[a-zÀ-ž \"'`@#$?:;%.,()=~\\\\\\[\\]{}/*|<>!^&+-]{1,12}",
        2 => "\\PC{1,9}",
        1 => "[\\x01-\\x1f a]{1,3}",
        1 => Just("select".into()),
        1 => Just("order by 1".into()),
        1 => Just("rowid".into()),
        1 => Just("t.id) OR (1=1".into()),
        1 => Just("\" OR \"1\"=\"1".into()),
        1 => Just("-- ".into()),
        1 => Just(" LEFT JOIN ".into()),
        1 => Just("t".into()),
        1 => Just("u".into()),
        1 => Just("NULL".into()),
    ]
}

/// A database and its description.
#[derive(Clone, Debug)]
struct Any {
    /// Of the tokens, the owners, and the columns of both.
    names: Vec<String>,
    /// The names that the file has instead of some of those.
    wrong: Option<(usize, String)>,
    revoke: usize,
    word: String,
    rows: Vec<(Option<u8>, String, bool)>,
}

fn anything() -> impl Strategy<Value = Any> {
    (
        vec(any_name(), 9),
        option::weighted(0.2, (0..9_usize, any_name())),
        0..4_usize,
        any_name(),
        vec((option::of(0..4_u8), "[a-z'\"]{0,3}", any::<bool>()), 0..5),
    )
        .prop_map(|(names, wrong, revoke, word, rows)| Any {
            names,
            wrong,
            revoke,
            word,
            rows,
        })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn in_toml(text: &str) -> String {
    // The escapes of JSON are among those of TOML.
    serde_json::Value::from(text).to_string()
}

impl Any {
    /// Whether SQLite tells the names of the columns apart, and has such tables.
    fn is_possible(&self) -> bool {
        let same =
            |one: usize, other: usize| self.names[one].eq_ignore_ascii_case(&self.names[other]);
        let columns = |range: std::ops::Range<usize>| {
            range.clone().all(|one| (one + 1..range.end).all(|other| !same(one, other)))
        };
        let is_kept = |name: &String| {
            let name = name.to_ascii_lowercase();
            name.starts_with("sqlite_") || name == "json_each" || name.contains('\0')
        };
        !same(0, 1) && columns(2..7) && columns(7..9) && !self.names[..2].iter().any(is_kept)
    }

    fn statements(&self) -> String {
        let [tokens, users, id, owner, label, flag, kind, key, login] =
            &self.names.iter().map(|it| quoted(it)).collect::<Vec<_>>()[..]
        else {
            panic!("nine names")
        };
        let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let mut statements = format!(
            "CREATE TABLE {users} ({key} INTEGER PRIMARY KEY, {login} TEXT);
             CREATE TABLE {tokens} ({id} INTEGER PRIMARY KEY, {owner} INTEGER, {label} TEXT, \
             {flag} BOOLEAN, {kind} TEXT, seq INTEGER, secret TEXT);
             INSERT INTO {users} VALUES (1, 'root'), (2, 'olive');"
        );
        for ((user, name, is_kind), id) in self.rows.iter().zip(1..) {
            let user = user.map_or("NULL".into(), |it| it.to_string());
            let kind = text(if *is_kind { &self.word } else { "none of them" });
            let values = [id.to_string(), user, text(name), "FALSE".into(), kind];
            statements.extend([
                "INSERT INTO ",
                tokens,
                " VALUES (",
                &values.join(", "),
                ", 0, 'S');",
            ]);
        }
        statements
    }

    fn file(&self) -> String {
        let mut names = self.names.clone();
        if let Some((place, name)) = &self.wrong {
            names[*place].clone_from(name);
        }
        let plain: Vec<_> = names.iter().map(|it| in_toml(it)).collect();
        let [tokens, users, id, owner, label, flag, kind, key, login] = &plain[..] else {
            panic!("nine names")
        };
        let revoke = match self.revoke {
            0 => "\"delete\"".into(),
            1 => format!("{{ set = {flag} }}"),
            2 => format!("{{ clear = {flag} }}"),
            _ => "{ erase = \"secret\" }".into(),
        };
        format!(
            "format = 1\napplication = \"Any\"\ndatabases = [\"sqlite\", \"postgres\"]\n[tokens]\n\
             table = {tokens}\nsecret = [\"secret\"]\nplain = [{}]\nid = {id}\nname = {label}\n\
             where = {{ {kind} = {} }}\nrevoke = {revoke}\n[owner]\ncolumn = {owner}\n\
             table = {users}\nkey = {key}\nusername = {login}\n",
            plain.join(", "),
            in_toml(&self.word),
        )
    }
}

/// Whether a statement is made of our own words and quoted names: with the names left out
/// nothing is left that stands in no other statement.
fn is_ours(text: &str) -> bool {
    let mut plain = String::new();
    for (index, part) in text.split('"').enumerate() {
        plain.push_str(if index % 2 == 0 { part } else { "" });
    }
    let is_closed = text.matches('"').count().is_multiple_of(2);
    let known = |it: char| it.is_ascii_alphanumeric() || " _.,:()=<>?$|+*'~-".contains(it);
    is_closed && plain.chars().all(known) && !plain.contains("--") && !plain.contains("/*")
}

fn check_in_sqlite(any: &Any) -> Result<()> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(&any.statements())?;
    let opened = description(any.file())
        .map_err(anyhow::Error::from)
        .and_then(|description| described_in_sqlite(connection, description));
    check_opened(any, opened)
}

/// Compares what is listed with the rows, or finds the line in the error.
fn check_opened(any: &Any, opened: Result<Store>) -> Result<()> {
    let store = match opened {
        Ok(store) => store,
        Err(error) => {
            let message = format!("{error:#}");
            assert!(message.starts_with("app.toml, line "), "{message}\n{}", any.file());
            return Ok(());
        }
    };
    // Where a wrong name is that of another column, rows may be broken.
    if any.wrong.is_none() {
        let all = everything(&store, "@operator")?;
        let kept = any.rows.iter().zip(1..).filter(|((_, _, is_kind), _)| *is_kind);
        let expected: Vec<_> = kept
            .map(|((user, name, _), id)| {
                let username = match user {
                    Some(1) => "root",
                    Some(2) => "olive",
                    _ => "-",
                };
                let user = user.map_or("-".into(), |it| it.to_string());
                (id.to_string(), name.clone(), user, username.to_owned())
            })
            .collect();
        let text = |it: Option<String>| it.unwrap_or_else(|| "-".into());
        let found: Vec<_> = all
            .iter()
            .map(|it| {
                let user = text(it.user_id.as_ref().map(ToString::to_string));
                let name = it.token.name.clone().unwrap_or_default();
                (it.id().to_string(), name, user, text(it.username.clone()))
            })
            .collect();
        assert_eq!(found, expected, "{}", any.file());
    }
    check_statements(&store)
}

/// What writes a statement.
type Write<'s> = dyn Fn(&mut Sql) -> Result<(), Unrecorded> + 's;

/// Every kind of statement on the tokens.
fn check_statements(store: &Store) -> Result<()> {
    let operator = actor(store, "@operator")?;
    let columns = &store.schema.personal_access_tokens;
    let method = &columns.token.revoke;
    let all = personal_access_token::Filter::default();
    for (_, filter) in personal_filters().into_iter().chain([(String::new(), all)]) {
        if asks_too_much(store, &filter) {
            continue;
        }
        let list = operator.to_list::<PersonalAccessToken>(filter.clone())?;
        let revoke = operator.to_revoke::<PersonalAccessToken>(filter)?;
        let at = now()?.instant;
        let write: [&Write; 4] = [
            &|sql| {
                let selection = list.selection();
                filter::select::<_, PersonalAccessToken>(
                    sql,
                    columns,
                    selection,
                    &Way::default(),
                    now().expect("a time"),
                )
            },
            &|sql| filter::count(sql, columns, list.selection(), now().expect("a time")),
            &|sql| filter::evaluate(sql, columns, revoke.selection(), now().expect("a time")),
            &|sql| {
                let times = (now().expect("a time"), at);
                filter::revoke(sql, columns, method, revoke.selection(), times)
            },
        ];
        for write in write {
            let mut sql = store.sql();
            write(&mut sql).map_err(|it| anyhow::anyhow!("{it}"))?;
            assert!(is_ours(sql.text()), "{}", sql.text());
        }
    }
    for lookup in [&store.schema.users.named, &store.schema.users.acting, &store.schema.users.gone]
    {
        for [head, tail] in [lookup.by_id, lookup.by_name] {
            let mut sql = store.sql();
            sql.push(head).bind(1).push(tail);
            assert!(is_ours(sql.text()), "{}", sql.text());
            if store.schema.dialect == Dialect::Sqlite {
                connection(store).prepare(sql.text())?;
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn odd_names_are_names_and_nothing_else(any in anything().prop_filter("possible", Any::is_possible)) {
        check_in_sqlite(&any).expect("an answer");
    }
}

/// Each of these as the name of each thing, on a server.
const ODD: [&str; 12] = [
    "a\"b",
    "@x",
    "#y",
    "select",
    "t.id) OR (1=1",
    "$1",
    "é ü",
    " LEFT JOIN ",
    ":p",
    "\"",
    ";--",
    "u",
];

#[test]
fn odd_names_are_names_on_a_server_too() -> Result<()> {
    let Some(cluster) = Cluster::shared() else { return Ok(()) };
    for (first, revoke) in (0..ODD.len()).zip((0..4).cycle()) {
        let names = ODD.iter().cycle().skip(first).take(9).map(|it| (*it).into()).collect();
        let rows = vec![
            (Some(1), "a".into(), true),
            (Some(3), "b".into(), true),
            (None, "c".into(), false),
        ];
        let any = Any { names, wrong: None, revoke, word: "t.id) OR (1=1".into(), rows };
        let database = cluster.database("odd", &any.statements());
        let opened =
            described_on_server(&database.url("postgres"), description(any.file())?, Mode::Read);
        assert!(opened.is_ok(), "{:#}", opened.expect_err("an error"));
        check_opened(&any, opened)?;
    }
    Ok(())
}
