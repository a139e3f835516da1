//! More of the made-up applications: those that differ in whose a token is.

use super::{App, BOTH};

/// A flag that is cleared; texts for ids; one scope; times as texts; users by a condition, and
/// services of two kinds beside them; administrators by a word.
pub(super) const MAIL: App = App {
    name: "mail",
    engines: BOTH,
    file: r#"
format = 1
application = "Mail"
databases = ["sqlite", "postgres"]
[tokens]
table = "personal"
secret = ["token"]
id = "pid"
name = "name"
scopes = { column = "ability", as = "one" }
created = { column = "created", as = "spaced" }
last_used = { column = "used", as = "spaced", if_after = "created" }
expires = { column = "expires", as = "iso" }
revoke = { clear = "enabled" }
touch = "modified"
[owner]
column = "owner_id"
only = { owner_type = ["User", "App\\User"] }
table = "users"
key = "uid"
username = "uid"
admin = { roles = { has = "system_admin" } }
active = { deleted = 0 }
kind = { column = "kind", human = ["p"], service_account = ["s"], null = "human" }
[[also_owned_by]]
column = "owner_id"
only = { owner_type = "Robot" }
table = "robots"
key = "rid"
username = "title"
kind = "service_account"
[[also_owned_by]]
column = "project_id"
table = "projects"
username = "title"
kind = "project_bot"
"#,
    tables: r"
CREATE TABLE personal (seq bigint, pid text PRIMARY KEY, name text, token text, ability text,
  created text, used text, expires «text¦timestamptz», enabled «integer¦boolean», modified text,
  owner_type text, owner_id text, project_id bigint);
CREATE TABLE users (seq bigint, uid text PRIMARY KEY, roles text, deleted bigint, kind text);
CREATE TABLE robots (seq bigint, rid text PRIMARY KEY, title text);
CREATE TABLE projects (seq bigint, id bigint PRIMARY KEY, title text);
",
    rows: r"
INSERT INTO users VALUES (1, 'root', 'system_user system_admin', 0, 'p'), (2, 'x1', 'system_admins', 0, NULL),
 (3, 'x2', NULL, 0, 's'), (4, '42', '', 0, 'q'), (5, 'left', 'system_admin', 7, 'p');
INSERT INTO robots VALUES (1, 'x1', 'Robbie'), (2, 'x9', 'Nine');
INSERT INTO projects VALUES (1, 5, 'Five');
INSERT INTO personal VALUES
 (1, 'a-1', 'ci', 's', 'api', '2024-02-01 00:00:00', '2024-02-01T00:00:00', '2024-03-15T12:00:00Z', «1¦TRUE», NULL, 'User', 'x1', NULL),
 (2, 'a-2', 'Backup ci', 's', 'read_user', '2024-02-01T00:00:00.5', '2024-02-01 00:00:00.75', '2024-03-15T12:00:00.001Z', «0¦FALSE», NULL, 'App\User', 'x1', NULL),
 (3, 'B-3', '_', 's', '', '2024-03-15 12:00:00', '2024-03-15 12:00:01.000001', NULL, NULL, NULL, 'Robot', 'x1', NULL),
 (4, 'b-4', '%', 's', NULL, '2023-03-14 00:00:00.001', '2023-12-16T11:59:59.999', '2024-03-14T00:00:00Z', «1¦TRUE», NULL, 'Robot', 'gone', NULL),
 (5, 'c 5', 'ü', 's', 'sudo', '2023-03-14 00:00:00.001', '2023-12-16 12:00:00', '9999-12-31T00:00:00Z', «1¦TRUE», NULL, NULL, NULL, 5),
 (6, 'c~6', NULL, 's', 'none', NULL, '2024-01-01 00:00:00', NULL, «1¦TRUE», NULL, 'User', 'nobody', NULL),
 (7, '7', 'seven', 's', 'a b', '2024-01-01 00:00:00', NULL, NULL, «0¦FALSE», NULL, 'Other', 'x2', NULL),
 (8, '08', 'eight', 's', 'api', '2024-01-01 00:00:00', NULL, NULL, «1¦TRUE», NULL, 'User', 'x2', NULL),
 (9, '9', 'nine', 's', 'api', '2024-01-01 00:00:00', NULL, NULL, «1¦TRUE», NULL, 'User', '42', NULL),
 (10, 'z', 'z', 's', 'api', '2024-01-01 00:00:00', NULL, NULL, «1¦TRUE», NULL, 'User', 'root', NULL),
 (11, 'zz', 'zz', 's', 'api', '2024-01-01 00:00:00', NULL, NULL, «1¦TRUE», NULL, 'User', 'left', NULL);
",
    tokens: r"
08|eight|api||2024-01-01T00:00:00|-|-|x2|x2|service_account|active|-|-
7|seven|a b|revoked|2024-01-01T00:00:00|-|-|-|-|-|-|-|-
9|nine|api||2024-01-01T00:00:00|-|-|42|42|-|active|-|-
B-3|_|||2024-03-15T12:00:00|2024-03-15T12:00:01|-|-|Robbie|service_account|active|-|-
a-1|ci|api||2024-02-01T00:00:00|-|2024-03-15T12:00:00|x1|x1|human|active|-|-
a-2|Backup ci|read_user|revoked|2024-02-01T00:00:00.500Z|2024-02-01T00:00:00.750Z|2024-03-15T12:00:00.001Z|x1|x1|human|active|-|-
b-4|%|||2023-03-14T00:00:00.001Z|2023-12-16T11:59:59.999Z|2024-03-14T00:00:00|-|-|service_account|gone|-|-
c 5|ü|sudo||2023-03-14T00:00:00.001Z|2023-12-16T12:00:00|9999-12-31T00:00:00|-|Five|project_bot|active|-|-
c~6||none||-|-|-|nobody|-|-|gone|-|-
z|z|api||2024-01-01T00:00:00|-|-|root|root|human|active|-|-
zz|zz|api||2024-01-01T00:00:00|-|-|left|left|human|blocked|-|-
",
    roles: &["root", "x1", "x2"],
    revocations: &[
        ("a-1", &["personal 1: enabled = 0, modified = NOW"]),
        ("B-3", &["personal 3: enabled = 0, modified = NOW"]),
    ],
};

/// A time that is stamped; columns that are scopes by their names; an id of several columns;
/// owners of whom none is an administrator.
pub(super) const GATE: App = App {
    name: "gate",
    engines: BOTH,
    file: r#"
format = 1
application = "Gate"
databases = ["sqlite", "postgres"]
[tokens]
table = "grants"
secret = ["access_token", "refresh_token"]
id = ["realm", "serial", "made"]
name = "client"
scopes = { flags = ["api", "read_user", "sudo", "none"] }
created = "made"
expires = { seconds = "ttl", after = "made" }
optional = ["sudo"]
revoke = { stamp = "revoked_at" }
touch = "changed"
[owner]
column = "email"
table = "accounts"
key = "email"
username = "email"
active = { flags = { has = "on" } }
kind = "service_account"
"#,
    tables: r"
CREATE TABLE grants (seq bigint, realm text, serial integer, made timestamp, client text,
  access_token text, refresh_token text, api boolean, read_user integer, none boolean, ttl bigint,
  revoked_at timestamp, changed timestamp, email text, UNIQUE (realm, serial, made));
CREATE TABLE accounts (seq bigint, email text PRIMARY KEY, flags «text¦text[]»);
",
    rows: r"
INSERT INTO accounts VALUES (1, 'olive@x', «'new on'¦'{new,on}'»), (2, 'sam@x', «'on'¦'{on}'»), (3, 'off@x', «'only'¦'{only}'»),
 (4, 'null@x', NULL);
INSERT INTO grants VALUES
 (1, 'a', 1, '2024-02-01 00:00:00', 'ci', 's', 's', TRUE, 1, FALSE, 3715200, NULL, NULL, 'olive@x'),
 (2, 'a', 1, '2024-02-01 00:00:01', 'backup ci', 's', 's', FALSE, 0, TRUE, NULL, '2024-02-02 00:00:00', NULL, 'olive@x'),
 (3, 'a', 10, '2024-02-01 00:00:00', NULL, 's', 's', NULL, NULL, NULL, -5, NULL, NULL, 'sam@x'),
 (4, 'b', 2, '2024-02-01 00:00:00', '%', 's', 's', FALSE, 2, FALSE, 3758400, NULL, NULL, 'off@x'),
 (5, 'b~b', 2, '2024-02-01 00:00:00', '_', 's', 's', FALSE, 0, FALSE, 3758401, NULL, NULL, 'gone@x'),
 (6, 'c', 2, '2023-03-14 00:00:00', 'ü', 's', 's', FALSE, 0, FALSE, NULL, NULL, NULL, NULL),
 (7, 'd', 2, '2024-03-15 12:00:00', 'd', 's', 's', TRUE, 0, FALSE, 0, NULL, NULL, 'null@x');
",
    tokens: r"
a~10~2024-02-01T00:00:00«¦.000000»||||2024-02-01T00:00:00|-|2024-01-31T23:59:55|sam@x|sam@x|service_account|active|-|-
a~1~2024-02-01T00:00:00«¦.000000»|ci|api,read_user||2024-02-01T00:00:00|-|2024-03-15T00:00:00|olive@x|olive@x|service_account|active|-|-
a~1~2024-02-01T00:00:01«¦.000000»|backup ci|none|revoked|2024-02-01T00:00:01|-|-|olive@x|olive@x|service_account|active|-|-
b~2~2024-02-01T00:00:00«¦.000000»|%|read_user||2024-02-01T00:00:00|-|2024-03-15T12:00:00|off@x|off@x|service_account|blocked|-|-
b~b~2~2024-02-01T00:00:00«¦.000000»|_|||2024-02-01T00:00:00|-|2024-03-15T12:00:01|gone@x|-|-|gone|-|-
c~2~2023-03-14T00:00:00«¦.000000»|ü|||2023-03-14T00:00:00|-|-|-|-|-|-|-|-
d~2~2024-03-15T12:00:00«¦.000000»|d|api||2024-03-15T12:00:00|-|2024-03-15T12:00:00|null@x|null@x|service_account|blocked|-|-
",
    roles: &["@operator", "olive@x", "SAM@X"],
    revocations: &[(
        "a~1~2024-02-01T00:00:00«¦.000000»",
        &["grants 1: changed = NOW, revoked_at = NOW"],
    )],
};

/// An expiry that is set; YAML; ISO times, one of them behind a link; neither owners nor names.
pub(super) const LONE: App = App {
    name: "lone",
    engines: BOTH,
    file: r#"
format = 1
application = "Lone"
databases = ["sqlite", "postgres"]
[tokens]
table = "keys"
secret = ["hash"]
id = "id"
scopes = { column = "abilities", as = "yaml" }
created = { via = "births(token = id)", column = "at", as = "iso" }
last_used = { column = "used", as = "iso", never = "1970-01-01T00:00:00.000Z" }
expires = { column = "until", as = "iso" }
revoke = { expire = "until" }
"#,
    tables: r"
CREATE TABLE keys (seq bigint, id smallint PRIMARY KEY, hash text, abilities text,
  used «text¦timestamptz», until «text¦timestamptz»);
CREATE TABLE births (seq bigint, token smallint, at «text¦timestamptz»);
",
    rows: r"
INSERT INTO births VALUES (1, 1, '2024-02-01T00:00:00Z'), (2, 2, '2024-02-01 01:00:00+01:00'), (3, 3, '2024-03-15T12:00:00Z'),
 (4, 3, '2024-03-15T12:00:00Z');
INSERT INTO keys VALUES
 (1, 1, 's', '---
- api
- read_user
', '2024-03-15T00:00:00Z', '2024-03-15T12:00:00Z'),
 (2, 2, 's', '--- []
', '1970-01-01T00:00:00Z', '2024-03-15T12:00:00.001Z'),
 (3, 3, 's', '---
- sudo
', NULL, NULL),
 (4, 4, 's', '---
- :ap
', '2023-12-16 12:00:00.000+00', '2024-04-01T00:00:00Z'),
 (5, 5, 's', '---
- none
', '2023-12-16T11:59:59.999Z', '2024-03-14T00:00:00Z');
",
    tokens: r"
1|-|api,read_user||2024-02-01T00:00:00|2024-03-15T00:00:00|2024-03-15T12:00:00|-|-|-|-|-|-
2|-|||2024-02-01T00:00:00|-|2024-03-15T12:00:00.001Z|-|-|-|-|-|-
3|-|sudo||-|-|-|-|-|-|-|-|-
4|-|ap||-|2023-12-16T12:00:00|2024-04-01T00:00:00|-|-|-|-|-|-
5|-|none||-|2023-12-16T11:59:59.999Z|2024-03-14T00:00:00|-|-|-|-|-|-
",
    roles: &["@operator"],
    revocations: &[("3", &["keys 3: until = NOW"]), ("2", &["keys 2: until = NOW"])],
};

/// A value that is erased; arrays where there are some, else JSON; neither creation nor use.
pub(super) const WIPE: App = App {
    name: "wipe",
    engines: BOTH,
    file: r#"
format = 1
application = "Wipe"
databases = ["sqlite", "postgres"]
[tokens]
table = "users"
secret = ["api_token"]
id = "id"
name = "number"
description = "mood"
scopes = { column = "scopes", as = "«json¦array»", empty = ["api"] }
where = { mood = ["happy", "sad"], legacy = { null = true } }
revoke = { erase = "api_token" }
touch = "changed"
[owner]
column = "id"
table = "users"
username = "login"
admin = { roles = { has = "admin" } }
state = { column = "mood", active = ["happy"], banned = ["angry"] }
"#,
    tables: r"
«¦CREATE TYPE mood AS ENUM ('happy', 'sad', 'angry');»
CREATE TABLE users (seq bigint, id bigint PRIMARY KEY, login text, number bigint, mood «text¦mood», api_token text,
  scopes «text¦text[]», legacy integer, roles «text¦varchar(20)[]», changed timestamp);
",
    rows: r#"
INSERT INTO users VALUES
 (1, 1, 'root', 100, 'happy', 's', «'[]'¦'{}'», NULL, «'admin'¦'{admin}'», NULL),
 (2, 2, 'olive', NULL, 'sad', 's', «'["api","read_user"]'¦'{api,read_user}'», NULL, «'admins'¦'{admins}'», NULL),
 (3, 3, 'sam', 7, 'happy', 's', NULL, NULL, NULL, NULL),
 (4, 4, 'none', 8, 'happy', NULL, NULL, NULL, NULL, NULL),
 (5, 5, 'angry', 9, 'angry', 's', NULL, NULL, NULL, NULL),
 (6, 6, 'legacy', 9, 'happy', 's', NULL, 1, NULL, NULL),
 (7, 7, 'x', 10, 'happy', 's', «'["su do"]'¦'{su do}'», NULL, «'user admin'¦'{user,admin}'», NULL);
"#,
    tokens: r"
1|100|api||-|-|-|1|root|-|active|happy|-
2||api,read_user||-|-|-|2|olive|-|blocked|sad|-
3|7|api||-|-|-|3|sam|-|active|happy|-
7|10|su do||-|-|-|7|x|-|active|happy|-
",
    roles: &["root", "olive", "sam"],
    revocations: &[("2", &["users 2: api_token = NULL, changed = NOW"])],
};

/// Rows of which nothing but the id is recorded.
pub(super) const BARE: App = App {
    name: "bare",
    engines: BOTH,
    file: r#"
format = 1
application = "Bare"
databases = ["sqlite", "postgres"]
tokens = { table = "k", secret = [], id = "id", revoke = "delete" }
"#,
    tables: r"
CREATE TABLE k (seq bigint, id varchar(9) PRIMARY KEY);
",
    rows: r"
INSERT INTO k VALUES (1, 'b'), (2, 'B'), (3, '10'), (4, '9');
",
    tokens: r"
10|-|-||-|-|-|-|-|-|-|-|-
9|-|-||-|-|-|-|-|-|-|-|-
B|-|-||-|-|-|-|-|-|-|-|-
b|-|-||-|-|-|-|-|-|-|-|-
",
    roles: &["@operator"],
    revocations: &[("9", &["k 4: deleted"])],
};
