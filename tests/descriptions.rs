//! Mistakes in descriptions: each is one message that names the file's line, and nothing is
//! read or changed.

use std::fs::{self, File, Permissions, set_permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::{Sandbox, Transcript};

/// A description without a mistake, of the tables of [`TABLES`].
const FILE: &str = r#"format = 1
application = "Shop"
databases = ["sqlite"]
takes_effect = "at once"
[tokens]
table = "tokens"
secret = ["digest", "api_key"]
id = "id"
name = "label"
description = "note"
scopes = { column = "scopes", as = "words" }
created = "created_at"
last_used = { column = "used", as = "seconds" }
expires = "expires_at"
impersonation = "as_other"
where = { kind = "api" }
revoke = { set = "revoked" }
touch = "updated_at"
also_delete = ["sessions(token_id = id)"]
[owner]
column = "user_id"
table = "users"
username = "login"
admin = "is_admin"
active = { state = "active" }
"#;

const TABLES: &str = "
CREATE TABLE tokens (id INTEGER PRIMARY KEY, user_id INTEGER, label TEXT, note TEXT, scopes TEXT,
  digest TEXT, api_key TEXT, token_hash TEXT, created_at DATETIME, updated_at DATETIME, used INTEGER,
  expires_at DATE, as_other BOOLEAN, kind TEXT, revoked BOOLEAN, weight REAL, number INTEGER);
CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT, is_admin BOOLEAN, state TEXT, password TEXT);
CREATE TABLE sessions (token_id INTEGER, name TEXT);
INSERT INTO users VALUES (1, 'root', 1, 'active', 'SECRET'), (2, 'olive', 0, 'active', 'SECRET');
INSERT INTO tokens VALUES (1, 2, 'ci', NULL, 'api', 'SECRET', 'SECRET', 'SECRET', '2024-01-01 00:00:00',
  NULL, 1704067200, NULL, 0, 'api', 0, 1.5, 1), (2, 1, 'deploy', NULL, 'api', 'SECRET', 'SECRET', 'SECRET',
  '2024-01-01 00:00:00', NULL, 1704067200, NULL, 0, 'api', 0, 1.5, 1);
INSERT INTO sessions VALUES (1, 'a'), (2, 'b');
";

/// The application's database, and its description with one change.
fn shop(old: &str, new: &str) -> Sandbox {
    let sandbox = Sandbox::without_store();
    sandbox.sql(TABLES);
    assert!(FILE.contains(old), "{old}");
    write(&sandbox, FILE.replacen(old, new, 1).as_bytes());
    sandbox
}

fn write(sandbox: &Sandbox, text: &[u8]) {
    let path = sandbox.home().join("shop.toml");
    fs::write(&path, text).expect("a file");
    set_permissions(&path, Permissions::from_mode(0o644)).expect("permissions");
}

fn content(sandbox: &Sandbox) -> String {
    sandbox.value("SELECT group_concat(id || revoked || label) FROM tokens")
        + &sandbox.value("SELECT count(*) FROM sessions")
}

const LIST: &str = "--schema ./shop.toml --as root list -o ids";
const REVOKE: &str = "--schema ./shop.toml --as root --audit-log log revoke 1 2 --yes";

/// Fails unless a change of the file is one message, with the line of `place` and these parts.
#[track_caller]
fn is_mistake(old: &str, new: &str, place: &str, parts: &[&str]) {
    let sandbox = shop(old, new);
    let text = fs::read_to_string(sandbox.home().join("shop.toml")).expect("the file");
    let at = text.find(place).unwrap_or_else(|| panic!("no {place} in the file"));
    let line = text[..at].matches('\n').count() + 1;
    let before = content(&sandbox);
    for command in [LIST, REVOKE] {
        let ran = sandbox.run(command);
        check_message(&ran);
        let place = format!("shop.toml, line {line}: ");
        ran.says(&[&place]).says(parts);
    }
    assert_eq!(content(&sandbox), before);
}

/// Fails unless a run printed one error and nothing else.
#[track_caller]
fn check_message(ran: &Transcript) {
    assert!(matches!(ran.status, 1 | 2), "{ran}");
    assert_eq!(ran.stdout, "", "{ran}");
    let is_error = |line: &&str| line.starts_with("error: ") || line.starts_with("tokenctl: ");
    assert_eq!(ran.stderr.lines().filter(is_error).count(), 1, "{ran}");
    assert!(!ran.stderr.contains("SECRET") && !ran.stderr.contains("panicked"), "{ran}");
    assert!(!ran.stderr.chars().any(|it| it.is_control() && it != '\n'), "{ran}");
}

#[test]
fn a_file_without_a_mistake_is_taken() {
    let sandbox = shop("format = 1", "format = 1");
    assert_eq!(sandbox.run(LIST).assert(0).ids(), [1, 2]);
    sandbox.run(REVOKE).assert(0);
    assert_eq!(content(&sandbox), "11ci,21deploy0");
    // In the form of such columns, not in that of the last use.
    let touched =
        sandbox.value("SELECT count(*) FROM tokens WHERE updated_at LIKE '____-__-__ __:%'");
    assert_eq!(touched, "2");
}

#[test]
fn what_is_not_of_the_form_is_told_with_its_line() {
    is_mistake("touch = ", "tuch = ", "tuch", &["unknown field `tuch`", "`touch`"]);
    is_mistake("username =", "user = ", "user = ", &["unknown field `user`"]);
    is_mistake("format = 1", "format = 2", "format", &["format 2 is not the one", "upgrade"]);
    is_mistake("format = 1", "format = \"1\"", "format", &["invalid type"]);
    is_mistake("\"at once\"", "\"soon\"", "\"soon\"", &["at once, within 60s"]);
    is_mistake("\"at once\"", "\"within s\"", "\"within", &["at once, within 60s"]);
    is_mistake("[\"sqlite\"]", "[\"oracle\"]", "[\"oracle", &["unknown variant `oracle`"]);
    is_mistake("{ set = \"revoked\" }", "\"drop\"", "\"drop", &["\"delete\", or one of set"]);
    is_mistake(
        "{ set = \"revoked\" }",
        "{ set = \"revoked\", clear = \"revoked\" }",
        "{ set",
        &["one of set, clear"],
    );
    is_mistake("{ set =", "{ to = 1, clear =", "{ to", &["'to' needs a 'set'"]);
    is_mistake("as = \"words\"", "as = \"word\"", "\"word\"", &["unknown variant `word`"]);
    is_mistake("as = \"seconds\"", "as = \"minutes\"", "\"minutes", &["unknown variant"]);
    is_mistake("where = { kind = \"api\" }", "where = {}", "{}", &["it has no condition"]);
    is_mistake("kind = \"api\"", "kind = []", "[]", &["an empty list keeps nothing"]);
    is_mistake("kind = \"api\"", "kind = { has = \"a b\" }", "kind", &["'has' takes one word"]);
    is_mistake("table = \"users\"", "table = [\"users\"]", "[\"users", &["invalid type"]);
    is_mistake("[owner]", "[owner", "[owner", &[]);
    let service = "[[also_owned_by]]\ncolumn = \"user_id\"\ntable = \"users\"\n\
                   username = \"login\"\nkind = \"human\"\n";
    let four = format!("{}[owner]", service.repeat(4)).replacen("\"users\"", "\"users\" ", 3);
    is_mistake("[owner]", &four, "\"users\"\nusername = \"login\"\nkind", &["at most 3 kinds"]);
    is_mistake("secret = [\"digest\", \"api_key\"]\n", "", "[tokens]", &["missing field `secret`"]);
}

#[test]
fn names_that_are_not_there_are_told_with_the_nearest() {
    is_mistake("\"tokens\"", "\"tokns\"", "\"tokns", &["no table tokns", "nearest is tokens"]);
    is_mistake("\"users\"", "\"user\"", "\"user\"", &["no table user", "nearest is users"]);
    is_mistake("\"label\"", "\"labl\"", "\"labl", &["no column labl in table tokens", "label"]);
    is_mistake("\"login\"", "\"logins\"", "\"logins", &["no column logins in table users"]);
    is_mistake("\"digest\"", "\"digst\"", "\"digst", &["no column digst", "nearest is digest"]);
    is_mistake("\"updated_at\"", "\"update\"", "\"update", &["nearest is updated_at"]);
    is_mistake("\"revoked\"", "\"revokd\"", "\"revokd", &["nearest is revoked"]);
    is_mistake("{ kind", "{ kid", "kid", &["no column kid"]);
    is_mistake("{ state", "{ stat", "stat =", &["no column stat in table users"]);
    is_mistake("sessions(", "session(", "\"session(", &["nearest is sessions"]);
    is_mistake("(token_id", "(tokenid", "\"sessions", &["no column tokenid in table sessions"]);
    is_mistake("= id)", "= ident)", "\"sessions", &["no column ident in table tokens"]);
}

#[test]
fn what_a_token_is_cannot_be_changed_by_a_revocation() {
    let columns = [("id", "7"), ("label", "\"x\""), ("note", "\"x\""), ("user_id", "7")];
    for (name, value) in columns {
        let told = [&*format!("{name} tells what a token is"), "not to be changed"];
        is_mistake("\"updated_at\"", &format!("\"{name}\""), "touch = ", &told);
        let set = format!("set = \"{name}\", to = {value}");
        is_mistake("set = \"revoked\"", &set, "revoke = ", &told);
    }
}

#[test]
fn secrets_are_not_shown_under_any_name() {
    for (old, place) in [
        ("\"label\"", "name = "),
        ("\"note\"", "description = "),
        ("{ column = \"scopes\"", "scopes = "),
        ("id = \"id\"", "id = "),
    ] {
        let (head, tail) = old.rsplit_once(old.rsplit(' ').next().unwrap_or(old)).expect("two");
        let secret = format!("{head}\"digest\"{tail}");
        is_mistake(old, &secret, place, &["digest is secret, and is never read"]);
        let looks = format!("{head}\"token_hash\"{tail}");
        is_mistake(old, &looks, place, &["called like a secret", "plain = [\"token_hash\"]"]);
    }
    is_mistake("\"login\"", "\"password\"", "\"password\"", &["called like a secret"]);
    is_mistake("kind = \"api\"", "digest = \"api\"", "digest = \"", &["digest is secret"]);
    is_mistake("\"created_at\"", "\"digest\"", "created", &["digest is secret"]);
    is_mistake(
        "\"seconds\" }",
        "\"seconds\", if_after = \"digest\" }",
        "last_used",
        &["digest is secret"],
    );
    is_mistake("{ set = \"revoked\" }", "{ erase = \"note\" }", "{ erase", &["'secret' too"]);
    let sandbox = shop("secret =", "plain = [\"token_hash\"]\nsecret =");
    sandbox.run(LIST).assert(0);
}

#[test]
fn forms_that_do_not_fit_the_type_are_told() {
    is_mistake("\"label\"", "\"weight\"", "\"weight", &["weight holds", "no texts"]);
    is_mistake("{ set = \"revoked\" }", "{ set = \"note\" }", "{ set", &["is no flag"]);
    is_mistake(
        "as = \"words\"",
        "as = \"array\"",
        "scopes = ",
        &["scopes holds texts, not arrays"],
    );
    is_mistake("\"created_at\"", "\"number\"", "created", &["say as = \"seconds\""]);
    is_mistake("\"created_at\"", "\"weight\"", "created", &["weight holds", "not such times"]);
    is_mistake("id = \"id\"", "id = \"weight\"", "id = ", &["weight holds", "no ids"]);
    is_mistake("\"is_admin\"", "\"state\"", "admin", &["state holds texts, and is no flag"]);
    is_mistake("kind = \"api\"", "kind = 1", "kind = 1", &["kind holds texts, not the number 1"]);
    is_mistake("\"as_other\"", "\"note\"", "impersonation", &["is no flag"]);
}

#[test]
fn links_that_are_none_are_told() {
    for link in [
        "sessions",
        "sessions(",
        "sessions()",
        "sessions(token_id)",
        "(token_id = id)",
        "sessions(token_id = id, )",
        "sessions(token_id == id)",
        "sessions(token_id = id))",
        "sessions((token_id = id)",
        "sessions(token_id = t.id) OR (1=1)",
        "",
        " ",
        "=",
    ] {
        let link = format!("also_delete = [\"{link}\"]");
        is_mistake("also_delete = [\"sessions(token_id = id)\"]", &link, "also_delete", &[]);
    }
    let deep = "name = { via = [\"users(id = id)\", \"users(id = id)\", \"users(id = id)\", \
                \"users(id = id)\", \"users(id = id)\"], column = \"login\" }";
    is_mistake("name = \"label\"", deep, "name = ", &["at most 4 links away"]);
    is_mistake("(token_id = id)", "(name = id)", "also_delete", &["columns of different types"]);
}

/// What is SQL in no place, and a name in none of these tables.
const NAMES: [&str; 10] = [
    "t.id) OR (1=1",
    "id\\\" OR \\\"1\\\"=\\\"1",
    "id' OR '1'='1",
    "id -- ",
    "id; DROP TABLE tokens",
    "id /* */",
    "\\u0001",
    "\\u00010\\u0001",
    "\\u001b[31mid",
    "@#$1?",
];

#[test]
fn names_are_never_sql() {
    for name in NAMES {
        for old in [
            "\"tokens\"",
            "\"digest\"",
            "\"id\"",
            "\"label\"",
            "\"note\"",
            "\"scopes\"",
            "\"created_at\"",
            "\"used\"",
            "\"expires_at\"",
            "\"as_other\"",
            "\"revoked\"",
            "\"updated_at\"",
            "\"user_id\"",
            "\"users\"",
            "\"login\"",
            "\"is_admin\"",
        ] {
            is_mistake(old, &format!("\"{name}\""), &format!("\"{name}\""), &[]);
        }
        is_mistake("kind = \"api\"", &format!("\"{name}\" = 1"), "where", &[]);
        is_mistake("state = \"active\"", &format!("\"{name}\" = 1"), "active = {", &[]);
        // In a link it is no syntax, or a name that is not there.
        let link = format!("sessions(token_id = {name})");
        is_mistake("sessions(token_id = id)", &link, "also_delete", &[]);
        // A literal is bound.
        let sandbox = shop("kind = \"api\"", &format!("kind = \"{name}\""));
        assert_eq!(sandbox.run(LIST).assert(0).stdout, "");
    }
}

#[test]
fn only_a_file_that_nobody_else_may_write_is_read() {
    let refused = |sandbox: &Sandbox, parts: &[&str]| {
        for command in [LIST, REVOKE] {
            let ran = sandbox.run(command);
            check_message(&ran);
            ran.assert(2).says(&["shop.toml"]).says(parts);
        }
    };
    for mode in [0o666, 0o664, 0o646, 0o602] {
        let sandbox = shop("format = 1", "format = 1");
        let path = sandbox.home().join("shop.toml");
        set_permissions(&path, Permissions::from_mode(mode)).expect("permissions");
        refused(&sandbox, &["others than its owner may write it", "chmod go-w"]);
    }
    let sandbox = shop("format = 1", "format = 1");
    let path = sandbox.home().join("shop.toml");
    fs::remove_file(&path).expect("a file less");
    refused(&sandbox, &["No such file"]);
    mkfifo(&path, Mode::from_bits_truncate(0o644)).expect("a FIFO");
    refused(&sandbox, &["not a regular file"]);
    fs::remove_file(&path).expect("a FIFO less");
    fs::create_dir(&path).expect("a folder");
    refused(&sandbox, &["not a regular file"]);
    fs::remove_dir(&path).expect("a folder less");

    let mut large = File::create(&path).expect("a file");
    large.write_all(FILE.as_bytes()).expect("a text");
    large.set_len(10 << 20).expect("ten megabytes");
    set_permissions(&path, Permissions::from_mode(0o644)).expect("permissions");
    refused(&sandbox, &["larger than"]);
    write(&sandbox, b"format = 1\napplication = \"\xff\"\n");
    refused(&sandbox, &["not UTF-8"]);
    for text in [&b""[..], b"\0", b"\xef\xbb\xbf", b"a = \"\x1b[31m\""] {
        write(&sandbox, text);
        refused(&sandbox, &["line 1"]);
    }
}

#[test]
fn deep_nesting_is_a_mistake_and_no_crash() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let sandbox = shop("format = 1", "format = 1");
        let deep = format!("{FILE}x = {}1{}\n", open.repeat(100_000), close.repeat(100_000));
        write(&sandbox, deep.as_bytes());
        check_message(&sandbox.run(LIST));
    }
}

#[test]
fn an_id_of_two_rows_is_revoked_by_nobody() {
    let sandbox = shop("id = \"id\"", "id = \"number\"");
    let before = content(&sandbox);
    let ran = sandbox.run("--schema ./shop.toml --as root --audit-log log revoke 1");
    assert_eq!(ran.assert(1).stdout, "");
    ran.says(&["two rows have the id 1"]);
    let ran =
        sandbox.run("--schema ./shop.toml --as root --audit-log log revoke --scope api --yes");
    assert_eq!(ran.assert(1).stdout, "");
    ran.says(&["two rows have the id 1"]);
    assert_eq!(content(&sandbox), before);
}
