//! The made-up applications, and their tokens as they were decoded by hand.

pub(super) use super::more_apps::MAIL;
use super::more_apps::{BARE, GATE, LONE, WIPE};
use super::{App, BOTH};

/// A flag that is set, beside it a time that is touched; words, of which none means one; the
/// catalogue's own times and dates; a kind and a state by a column; what is optional and
/// missing.
pub(super) const DESK: App = App {
    name: "desk",
    engines: BOTH,
    file: r#"
format = 1
application = "Desk"
databases = ["sqlite", "postgres"]
takes_effect = "within 60s"
[tokens]
table = "access keys"
secret = ["digest", "key_prefix"]
plain = ["key_name"]
id = "id"
name = "key_name"
description = "note"
scopes = { column = "scopes", as = "words", empty = ["api"] }
created = "created_at"
last_used = { column = "used_at", never = "1970-01-01 00:00:00" }
expires = "expires_on"
impersonation = "by_admin"
where = { action = ["api", "cli"], hidden = false, flavour = "x" }
optional = ["note", "flavour", "labels"]
revoke = { set = "revoked" }
touch = "updated_at"
also_delete = ["labels(key_id = id)"]
[owner]
column = "user_id"
table = "users"
username = "login"
username_lower = "login_lower"
admin = "is_admin"
active = { state = "active", locked_at = { null = true } }
kind = { column = "kind", human = [0], project_bot = [6], service_account = [1, 2], null = "human" }
state = { column = "state", active = ["active"], blocked = ["blocked", "ldap"], banned = "banned", deactivated = "off" }
"#,
    tables: r#"
CREATE TABLE "access keys" (seq bigint, id bigint PRIMARY KEY, user_id bigint, key_name text,
  note text, digest text, key_prefix text, scopes text, by_admin boolean, action text,
  hidden boolean, revoked boolean, created_at timestamp, updated_at timestamp,
  used_at timestamp, expires_on date);
CREATE TABLE users (seq bigint, id bigint PRIMARY KEY, login text, login_lower text,
  is_admin boolean, state text, locked_at timestamp, kind integer);
"#,
    rows: r#"
INSERT INTO users VALUES
 (1, 1, 'Root', 'root', TRUE, 'active', NULL, 0), (2, 2, 'olive', 'olive', FALSE, 'active', NULL, NULL),
 (3, 3, 'sam', 'sam', NULL, 'ldap', NULL, 0), (4, 4, 'bot', 'bot', FALSE, 'active', NULL, 6),
 (5, 5, 'svc', 'svc', FALSE, 'banned', NULL, 2), (6, 6, 'odd', 'odd', FALSE, 'weird', NULL, 9),
 (7, 7, 'lou', 'lou', TRUE, 'active', '2024-01-01 00:00:00', 1), (8, 8, 'off', 'off', FALSE, 'off', NULL, 0);
INSERT INTO "access keys" VALUES
 (1, 10, 2, 'ci deploy', 'n', 'S', 'S', 'api read_user', FALSE, 'api', FALSE, FALSE, '2024-02-01 00:00:00', '2024-02-01 00:00:00', '2024-03-15 00:00:00', '2024-03-15'),
 (2, 11, 2, 'Backup CI_%', NULL, 'S', 'S', '', TRUE, 'cli', NULL, NULL, '2024-03-15 12:00:00', NULL, '1970-01-01 00:00:00', '2024-03-16'),
 (3, 12, 2, NULL, NULL, 'S', 'S', NULL, NULL, 'api', FALSE, TRUE, NULL, NULL, NULL, NULL),
 (4, 13, 3, 'Drücker', NULL, 'S', 'S', 'sudo', FALSE, 'api', FALSE, FALSE, '2023-03-14 00:00:00.001', NULL, '2023-12-16 11:59:59.999999', '9999-12-31'),
 (5, 14, 4, 'k', NULL, 'S', 'S', ' api  sudo ', FALSE, 'api', FALSE, FALSE, '2024-02-01 00:00:00', NULL, '2023-12-16 12:00:00', '2024-03-14'),
 (6, 15, 5, 'deep\', NULL, 'S', 'S', 'ap', FALSE, 'api', FALSE, TRUE, '2024-02-01 00:00:00', NULL, NULL, '2024-04-01'),
 (7, 16, 6, '''', NULL, 'S', 'S', 'none', FALSE, 'api', FALSE, FALSE, '2024-01-31 23:59:59.999', NULL, NULL, NULL),
 (8, 17, 99, 'ci', NULL, 'S', 'S', 'api', FALSE, 'api', FALSE, FALSE, '2024-01-01 00:00:00', NULL, NULL, NULL),
 (9, 18, NULL, 'none', NULL, 'S', 'S', 'api', FALSE, 'api', FALSE, FALSE, '2024-01-01 00:00:00', NULL, NULL, NULL),
 (10, 19, 8, 'off', NULL, 'S', 'S', 'api', FALSE, 'api', FALSE, FALSE, '2024-01-01 00:00:00', NULL, NULL, NULL),
 (11, 20, 1, 'root', NULL, 'S', 'S', 'api', FALSE, 'api', FALSE, FALSE, '2024-01-01 00:00:00', NULL, NULL, NULL),
 (12, 30, 2, 'other kind', NULL, 'S', 'S', 'api', FALSE, 'web', FALSE, FALSE, '2024-01-01 00:00:00', NULL, NULL, NULL),
 (13, 31, 2, 'hidden', NULL, 'S', 'S', 'api', FALSE, 'api', TRUE, FALSE, '2024-01-01 00:00:00', NULL, NULL, NULL),
 (14, 32, 2, 'no kind', NULL, 'S', 'S', 'api', FALSE, NULL, FALSE, FALSE, '2024-01-01 00:00:00', NULL, NULL, NULL);
"#,
    tokens: r"
10|ci deploy|api,read_user||2024-02-01T00:00:00|2024-03-15T00:00:00|2024-03-15|2|olive|human|active|n|false
11|Backup CI_%|api||2024-03-15T12:00:00|-|2024-03-16|2|olive|human|active|-|true
12||api|revoked|-|-|-|2|olive|human|active|-|false
13|Drücker|sudo||2023-03-14T00:00:00.001Z|2023-12-16T11:59:59.999Z|9999-12-31|3|sam|human|blocked|-|false
14|k|api,sudo||2024-02-01T00:00:00|2023-12-16T12:00:00|2024-03-14|4|bot|project_bot|active|-|false
15|deep\|ap|revoked|2024-02-01T00:00:00|-|2024-04-01|5|svc|service_account|banned|-|false
16|'|none||2024-01-31T23:59:59.999Z|-|-|6|odd|-|blocked|-|false
17|ci|api||2024-01-01T00:00:00|-|-|99|-|-|gone|-|false
18|none|api||2024-01-01T00:00:00|-|-|-|-|-|-|-|false
19|off|api||2024-01-01T00:00:00|-|-|8|off|human|deactivated|-|false
20|root|api||2024-01-01T00:00:00|-|-|1|Root|human|active|-|false
",
    roles: &["root", "olive", "BOT"],
    revocations: &[
        ("10", &["access keys 1: revoked = 1, updated_at = NOW"]),
        ("11", &["access keys 2: revoked = 1, updated_at = NOW"]),
    ],
};

/// A value that a column is set to; seconds and milliseconds, with a number for never; commas;
/// an administrator by a role behind a link; a constant kind; states by conditions.
const PANEL: App = App {
    name: "panel",
    engines: BOTH,
    file: r#"
format = 1
application = "Panel"
databases = ["sqlite", "postgres"]
takes_effect = "on restart"
[tokens]
table = "token"
secret = ["token"]
id = "tokenid"
name = "name"
description = { via = ["client(clientid = clientid)", "brand(brandid = brandid)"], column = "title" }
scopes = { column = "rights", as = "commas" }
created = { column = "created_at", as = "seconds" }
last_used = { column = "lastaccess", as = "seconds", never = 0 }
expires = { column = "expires_at", as = "milliseconds", never = 0 }
impersonation = "as_other"
revoke = { set = "status", to = 1 }
touch = "changed_at"
also_delete = ["session(tokenid = tokenid)", "cache(userid = userid, value = token)"]
[owner]
column = "userid"
table = "user"
key = "userid"
username = "username"
admin = [{ via = ["rights(roleid = roleid)", "role(roleid = parentid)"], where = { type = 3 } }, { username = "deputy" }]
kind = "human"
state = { blocked = { blocked = true }, deactivated = { gone_at = { null = false }, status = [1, 2] } }
"#,
    tables: r#"
CREATE TABLE token (seq bigint, tokenid bigint PRIMARY KEY, userid bigint, clientid bigint, name text,
  token text, rights text, created_at bigint, lastaccess integer, expires_at bigint, as_other integer,
  status integer, changed_at bigint);
CREATE TABLE client (seq bigint, clientid bigint, brandid bigint, secret text);
CREATE TABLE brand (seq bigint, brandid bigint, title text);
CREATE TABLE session (seq bigint, tokenid bigint);
CREATE TABLE cache (seq bigint, userid bigint, value text);
CREATE TABLE "user" (seq bigint, userid bigint PRIMARY KEY, username text, roleid bigint,
  blocked integer, gone_at bigint, status integer);
CREATE TABLE rights (seq bigint, roleid bigint, parentid bigint);
CREATE TABLE role (seq bigint, roleid bigint PRIMARY KEY, type integer);
"#,
    rows: r#"
INSERT INTO role VALUES (1, 1, 3), (2, 2, 1);
INSERT INTO rights VALUES (1, 100, 1), (2, 200, 2), (3, 300, 2);
INSERT INTO "user" VALUES (1, 1, 'root', 100, 0, NULL, 0), (2, 2, 'olive', 200, 0, NULL, 1),
 (3, 3, 'sam', NULL, 1, 5, 1), (4, 4, 'deputy', 200, NULL, 5, 2), (5, 5, '2', 300, NULL, 5, 3);
INSERT INTO brand VALUES (1, 7, 'Seven'), (2, 8, 'Eight'), (3, 8, 'Eight again');
INSERT INTO client VALUES (1, 70, 7, 'S'), (2, 80, 8, 'S'), (3, 90, 9, 'S');
INSERT INTO token VALUES
 (1, 1, 2, 70, 'ci', 's1', 'api, read_user', 1704067200, 1710460800, 1710504000000, 0, 0, 5),
 (2, 2, 2, 80, 'backup ci', 's2', '', 1710504000, 0, 1710504000001, 1, 1, 5),
 (3, 3, 2, 90, '%', 's3', NULL, 1710503999, NULL, 0, NULL, NULL, 5),
 (4, 4, 3, NULL, 'ü', 's4', 'sudo,', 1678752000, 1702727999, NULL, 0, 2, 5),
 (5, 5, 4, NULL, NULL, 's5', 'ap', NULL, 1702728000, 1710503999999, 0, 0, 5),
 (6, 6, 9, 70, 'gone', 's6', 'none', 1706745600, 1710503999, 253402214400000, 0, 0, 5),
 (7, 7, 5, 70, 'digits', 's7', 'api', 1706745601, 1, 1, 0, 0, 5),
 (8, 8, 1, 70, 'deep', 's8', 'api,sudo', 1706745599, 0, 1711929600000, 0, 0, 5);
INSERT INTO session VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO cache VALUES (1, 2, 's1'), (2, 3, 's1'), (3, 2, 's2'), (4, 2, NULL);
"#,
    tokens: r"
1|ci|api,read_user||2024-01-01T00:00:00|2024-03-15T00:00:00|2024-03-15T12:00:00|2|olive|human|active|Seven|false
2|backup ci||revoked|2024-03-15T12:00:00|-|2024-03-15T12:00:00.001Z|2|olive|human|active|-|true
3|%|||2024-03-15T11:59:59|-|-|2|olive|human|active|-|false
4|ü|sudo||2023-03-14T00:00:00|2023-12-16T11:59:59|-|3|sam|human|blocked|-|false
5||ap||-|2023-12-16T12:00:00|2024-03-15T11:59:59.999Z|4|deputy|human|deactivated|-|false
6|gone|none||2024-02-01T00:00:00|2024-03-15T11:59:59|9999-12-31T00:00:00|9|-|-|gone|Seven|false
7|digits|api||2024-02-01T00:00:01|1970-01-01T00:00:01|1970-01-01T00:00:00.001Z|5|2|human|active|Seven|false
8|deep|api,sudo||2024-01-31T23:59:59|-|2024-04-01T00:00:00|1|root|human|active|Seven|false
",
    roles: &["root", "olive", "sam"],
    revocations: &[
        (
            "1",
            &[
                "cache 1: deleted",
                "session 1: deleted",
                "session 2: deleted",
                "token 1: changed_at = NOW, status = 1",
            ],
        ),
        ("3", &["token 3: changed_at = NOW, status = 1"]),
    ],
};

/// A row that is deleted; UUIDs; JSON; times with a zone, and a last use that counts only
/// behind the creation; an expiry in seconds behind it; an owner behind links; administrators
/// by a list of alternatives.
pub(super) const VAULT: App = App {
    name: "vault",
    engines: BOTH,
    file: r#"
format = 1
application = "Vault"
databases = ["sqlite", "postgres"]
[tokens]
table = "Tokens"
secret = ["Value"]
id = "Id"
name = { via = "labels(token_id = Id)", column = "label" }
scopes = { column = "Scopes", as = "json", empty = ["read_user"] }
created = { column = "CreatedAt", as = "spaced with zone" }
last_used = { column = "UsedAt", as = "spaced with zone", if_after = "CreatedAt" }
expires = { seconds = "TTL", after = "CreatedAt", as = "spaced with zone" }
revoke = "delete"
touch = "CreatedAt"
also_delete = ["labels(token_id = Id)", "refresh(token_id = Id, value = Value)", "missing(id = Id)"]
optional = ["missing", "nick"]
[owner]
column = "person"
via = ["sessions(id = session)", "accounts(id = account)"]
table = "people"
key = "uid"
username = "handle"
admin = ["is_root", { via = "membership(person = uid)", where = { team = "admins", left = { null = true } } }, { nick = "boss", handle = "nobody" }]
"#,
    tables: r#"
CREATE TABLE "Tokens" (seq bigint, "Id" uuid PRIMARY KEY, session bigint, "Value" text, "Scopes" «text¦jsonb»,
  "CreatedAt" timestamptz, "UsedAt" timestamptz, "TTL" integer);
CREATE TABLE labels (seq bigint, token_id uuid, label text);
CREATE TABLE refresh (seq bigint, token_id uuid, value text);
CREATE TABLE sessions (seq bigint, id bigint, account bigint);
CREATE TABLE accounts (seq bigint, id bigint, person uuid);
CREATE TABLE people (seq bigint, uid uuid PRIMARY KEY, handle text, is_root boolean);
CREATE TABLE membership (seq bigint, person uuid, team text, "left" timestamptz);
"#,
    rows: r#"
INSERT INTO people VALUES (1, '00000000-0000-4000-8000-000000000001', 'root', FALSE),
 (2, '00000000-0000-4000-8000-000000000002', 'olive', NULL), (3, '00000000-0000-4000-8000-000000000003', 'flag', TRUE),
 (4, '00000000-0000-4000-8000-000000000004', 'former', FALSE);
INSERT INTO membership VALUES (1, '00000000-0000-4000-8000-000000000001', 'admins', NULL),
 (2, '00000000-0000-4000-8000-000000000002', 'users', NULL), (3, '00000000-0000-4000-8000-000000000004', 'admins', '2024-01-01 00:00:00+00');
INSERT INTO accounts VALUES (1, 1, '00000000-0000-4000-8000-000000000001'), (2, 2, '00000000-0000-4000-8000-000000000002'),
 (3, 3, '00000000-0000-4000-8000-000000000009'), (4, 4, NULL);
INSERT INTO sessions VALUES (1, 11, 1), (2, 12, 2), (3, 13, 3), (4, 14, 4), (5, 15, 5), (6, 16, 1), (7, 16, 2);
INSERT INTO "Tokens" VALUES
 (1, 'a0000000-0000-4000-8000-00000000000a', 12, 's1', '["api", "read_user"]', '2024-02-01 02:00:00+02', '2024-02-01 00:00:00+00', 3715200),
 (2, 'a0000000-0000-4000-8000-00000000000b', 12, 's2', '[]', '2024-02-01 00:00:00+00', '2024-02-01 00:00:00.001+00', 3715199),
 (3, 'a0000000-0000-4000-8000-00000000000c', 11, 's3', NULL, '2024-03-15 12:00:00+00', '2024-03-15 11:59:59+00', NULL),
 (4, 'b0000000-0000-4000-8000-00000000000a', 13, 's4', '["sudo"]', '2023-03-14 00:00:00.001+00', '2023-12-16 17:45:00+05:45', -10),
 (5, 'b0000000-0000-4000-8000-00000000000b', 14, 's5', '["ap"]', '2023-03-14 00:00:00+00', NULL, 2000000000),
 (6, 'c0000000-0000-4000-8000-00000000000a', 15, 's6', '["none"]', NULL, '2023-12-16 12:00:00+00', 5),
 (7, 'c0000000-0000-4000-8000-00000000000b', NULL, 's7', '["api"]', '2024-01-01 00:00:00+00', '2024-01-01 12:00:00+00', 0),
 (8, 'c0000000-0000-4000-8000-00000000000c', 16, 's7', '["api"]', '2024-01-01 00:00:00+00', '2024-01-01 12:00:00+00', 0);
INSERT INTO labels VALUES (1, 'a0000000-0000-4000-8000-00000000000a', 'ci'), (2, 'a0000000-0000-4000-8000-00000000000b', 'backup ci'),
 (3, 'a0000000-0000-4000-8000-00000000000c', 'one'), (4, 'a0000000-0000-4000-8000-00000000000c', 'two'),
 (5, 'b0000000-0000-4000-8000-00000000000a', 'ΚΑΦΕΣ');
INSERT INTO refresh VALUES (1, 'a0000000-0000-4000-8000-00000000000a', 's1'), (2, 'a0000000-0000-4000-8000-00000000000a', 's2'),
 (3, 'a0000000-0000-4000-8000-00000000000b', 's1'), (4, NULL, 's1'), (5, 'a0000000-0000-4000-8000-00000000000a', NULL);
"#,
    tokens: r"
a0000000-0000-4000-8000-00000000000a|ci|api,read_user||2024-02-01T00:00:00|-|2024-03-15T00:00:00|00000000-0000-4000-8000-000000000002|olive|-|active|-|-
a0000000-0000-4000-8000-00000000000b|backup ci|read_user||2024-02-01T00:00:00|2024-02-01T00:00:00.001Z|2024-03-14T23:59:59|00000000-0000-4000-8000-000000000002|olive|-|active|-|-
a0000000-0000-4000-8000-00000000000c||read_user||2024-03-15T12:00:00|-|-|00000000-0000-4000-8000-000000000001|root|-|active|-|-
b0000000-0000-4000-8000-00000000000a|ΚΑΦΕΣ|sudo||2023-03-14T00:00:00.001Z|2023-12-16T12:00:00|2023-03-13T23:59:50.001Z|00000000-0000-4000-8000-000000000009|-|-|gone|-|-
b0000000-0000-4000-8000-00000000000b||ap||2023-03-14T00:00:00|-|2086-07-29T03:33:20|-|-|-|-|-|-
c0000000-0000-4000-8000-00000000000a||none||-|-|-|-|-|-|-|-|-
c0000000-0000-4000-8000-00000000000b||api||2024-01-01T00:00:00|2024-01-01T12:00:00|2024-01-01T00:00:00|-|-|-|-|-|-
c0000000-0000-4000-8000-00000000000c||api||2024-01-01T00:00:00|2024-01-01T12:00:00|2024-01-01T00:00:00|-|-|-|-|-|-
",
    roles: &["root", "olive", "former"],
    revocations: &[
        (
            "a0000000-0000-4000-8000-00000000000a",
            &["Tokens 1: deleted", "labels 1: deleted", "refresh 1: deleted"],
        ),
        ("c0000000-0000-4000-8000-00000000000a", &["Tokens 6: deleted"]),
    ],
};

/// All of them.
pub(super) const APPS: &[&App] = &[&DESK, &PANEL, &VAULT, &MAIL, &GATE, &LONE, &WIPE, &BARE];
