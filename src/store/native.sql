-- tokenctl's native store, schema version 1 (PRAGMA user_version).
--
-- Applications write this store themselves; this file documents it for them.
--
-- * Times are TEXT in the one form YYYY-MM-DDTHH:MM:SS.sssZ (UTC, milliseconds),
--   dates are YYYY-MM-DD; so the order of the text is the order of time. A bound
--   of a comparison must have the same form.
-- * Booleans are 0 or 1. Scopes are a JSON array of strings.
-- * Nothing here needs more than SQLite 3.37 with its JSON functions (built in
--   from 3.38 on, before that with SQLITE_ENABLE_JSON1, as distributions do).
-- * SQLite enforces foreign keys only on connections that ask for it:
--   run PRAGMA foreign_keys = ON after opening.
-- * PRAGMA application_id (0x746F6B6E, "tokn") tells this store from other files.
--
-- Each index names the query it serves. An index on one column also holds the
-- row's id behind it, so it returns equal values in id order.

-- Who may own tokens and act. AUTOINCREMENT, as for tokens: the id of a user who is
-- gone is never given to another, who would own the predecessor's audit events, and
-- tokens that a writer without foreign keys has left.
CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
    username   TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (username <> ''),
    name       TEXT NOT NULL DEFAULT '',
    -- An administrator sees and revokes every token.
    admin      INTEGER NOT NULL DEFAULT 0 CHECK (admin IN (0, 1)),
    -- Only an active user may act through tokenctl; the state does not affect the
    -- tokens that the user owns.
    state      TEXT NOT NULL DEFAULT 'active'
               CHECK (state IN ('active', 'blocked', 'banned', 'deactivated')),
    user_type  TEXT NOT NULL DEFAULT 'human'
               CHECK (user_type IN ('human', 'project_bot', 'service_account')),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
               -- '+0 days' makes SQLite normalise times that do not exist
               -- (February 29 of 2021, hour 24), so that the check fails.
               CHECK (created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at, '+0 days'))
) STRICT;

CREATE TABLE groups (
    id        INTEGER PRIMARY KEY CHECK (id > 0),
    full_path TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (full_path <> ''),
    -- NULL: a top-level group. A member of a group is one of every group and
    -- project below it.
    parent_id INTEGER REFERENCES groups (id) ON DELETE CASCADE
) STRICT;

-- Serves the cascade from a deleted group to its subgroups.
CREATE INDEX groups_parent_id ON groups (parent_id);

CREATE TABLE projects (
    id        INTEGER PRIMARY KEY CHECK (id > 0),
    full_path TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (full_path <> ''),
    -- NULL: a project outside every group.
    group_id  INTEGER REFERENCES groups (id) ON DELETE CASCADE
) STRICT;

-- Serves the cascade from a deleted group to its projects.
CREATE INDEX projects_group_id ON projects (group_id);

-- Levels: 10 Guest, 20 Reporter, 30 Developer, 40 Maintainer, 50 Owner.
CREATE TABLE members (
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id     INTEGER REFERENCES groups (id) ON DELETE CASCADE,
    project_id   INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    access_level INTEGER NOT NULL CHECK (access_level IN (10, 20, 30, 40, 50)),
    CHECK ((group_id IS NULL) <> (project_id IS NULL))
) STRICT;

-- One membership per user and target, and the look-up of a user's level.
CREATE UNIQUE INDEX members_user_id_group_id ON members (user_id, group_id)
    WHERE group_id IS NOT NULL;
CREATE UNIQUE INDEX members_user_id_project_id ON members (user_id, project_id)
    WHERE project_id IS NOT NULL;
-- Serve the cascades from a deleted group or project.
CREATE INDEX members_group_id ON members (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX members_project_id ON members (project_id) WHERE project_id IS NOT NULL;

CREATE TABLE personal_access_tokens (
    -- AUTOINCREMENT never reuses an id: an old list of ids cannot hit a new token.
    id            INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
    user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    description   TEXT,
    scopes        TEXT NOT NULL DEFAULT '[]'
                  CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
    -- A digest of the token's value, in whatever form the application checks.
    -- tokenctl never reads it; the value itself belongs in no column.
    token_digest  TEXT UNIQUE,
    -- 1: created by an administrator to act as the user.
    impersonation INTEGER NOT NULL DEFAULT 0 CHECK (impersonation IN (0, 1)),
    revoked       INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1)),
    created_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
                  CHECK (created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at, '+0 days')),
    -- The application sets it with every change it makes to the row, last_used_at aside.
    updated_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
                  CHECK (updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '+0 days')),
    -- NULL: never used. Applications may record use with a delay.
    last_used_at  TEXT
                  CHECK (last_used_at IS strftime('%Y-%m-%dT%H:%M:%fZ', last_used_at, '+0 days')),
    -- A date: the token stops at 00:00 UTC of it. NULL: never.
    expires_at    TEXT CHECK (expires_at IS date(expires_at, '+0 days'))
) STRICT;

-- Serves an owner's list, --user, and the cascade from a deleted user.
CREATE INDEX personal_access_tokens_user_id ON personal_access_tokens (user_id);
-- Serves --created-after, --created-before and --sort created_*.
CREATE INDEX personal_access_tokens_created_at ON personal_access_tokens (created_at);
-- Serves --last-used-after, --last-used-before, --never-used and --sort last_used_*.
CREATE INDEX personal_access_tokens_last_used_at ON personal_access_tokens (last_used_at);
-- Serves --expires-after, --expires-before, --expires-within and --sort expires_*.
CREATE INDEX personal_access_tokens_expires_at ON personal_access_tokens (expires_at);
-- Serves --sort name_*.
CREATE INDEX personal_access_tokens_name ON personal_access_tokens (name);

-- A revoked token stays revoked. An application that read the row before the
-- revocation and then writes all its columns back (as object mappers do) would
-- otherwise reactivate it; this undoes that part of its UPDATE.
--
-- To reactivate a token on purpose, drop the trigger, update the row and create
-- the trigger again, in one transaction. The trigger does not fire on INSERT OR
-- REPLACE (which deletes the row and inserts another): do not write tokens that way.
CREATE TRIGGER personal_access_tokens_stay_revoked
AFTER UPDATE OF revoked ON personal_access_tokens
WHEN OLD.revoked = 1 AND NEW.revoked = 0
BEGIN
    UPDATE personal_access_tokens SET revoked = 1 WHERE id = NEW.id;
END;

CREATE TABLE deploy_tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
    name         TEXT NOT NULL,
    -- NULL: 'gitlab+deploy-token-' and the id.
    username     TEXT,
    scopes       TEXT NOT NULL DEFAULT '[]'
                 CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
    -- As in personal_access_tokens: never read.
    token_digest TEXT UNIQUE,
    revoked      INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1)),
    created_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
                 CHECK (created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at, '+0 days')),
    -- An instant: the token stops then. NULL: never.
    expires_at   TEXT
                 CHECK (expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at, '+0 days')),
    creator_id   INTEGER REFERENCES users (id) ON DELETE SET NULL,
    project_id   INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    group_id     INTEGER REFERENCES groups (id) ON DELETE CASCADE,
    CHECK ((project_id IS NULL) <> (group_id IS NULL))
) STRICT;

-- Serve --project and --group, and the cascades from a deleted one.
CREATE INDEX deploy_tokens_project_id ON deploy_tokens (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX deploy_tokens_group_id ON deploy_tokens (group_id) WHERE group_id IS NOT NULL;
-- Serves the cascade from a deleted user.
CREATE INDEX deploy_tokens_creator_id ON deploy_tokens (creator_id) WHERE creator_id IS NOT NULL;
-- Serves --created-after, --created-before and --sort created_*.
CREATE INDEX deploy_tokens_created_at ON deploy_tokens (created_at);
-- Serves --expires-after, --expires-before and --sort expires_*.
CREATE INDEX deploy_tokens_expires_at ON deploy_tokens (expires_at);
-- Serves --sort name_*.
CREATE INDEX deploy_tokens_name ON deploy_tokens (name);

-- As for personal access tokens.
CREATE TRIGGER deploy_tokens_stay_revoked
AFTER UPDATE OF revoked ON deploy_tokens
WHEN OLD.revoked = 1 AND NEW.revoked = 0
BEGIN
    UPDATE deploy_tokens SET revoked = 1 WHERE id = NEW.id;
END;

-- Actions on tokens. An event holds the names of that time and references no other
-- row, so it outlives users and tokens.
CREATE TABLE audit_events (
    id             INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
    created_at     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
                   CHECK (created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at, '+0 days')),
    -- One run of the program has one run_id.
    run_id         TEXT NOT NULL,
    action         TEXT NOT NULL,
    actor_id       INTEGER NOT NULL,
    actor          TEXT NOT NULL,
    os_user        TEXT NOT NULL,
    target_type    TEXT NOT NULL,
    target_id      INTEGER NOT NULL,
    target_name    TEXT NOT NULL,
    target_user_id INTEGER,
    -- What the owner was called. NULL: of a deploy token, or gone by then.
    target_username TEXT,
    reason         TEXT
) STRICT;

-- Serve audit ID, --run, --actor and --user, and --since and --until.
CREATE INDEX audit_events_target_id ON audit_events (target_id);
-- The newest of a run, an actor or an owner are found without sorting all.
CREATE INDEX audit_events_run_id ON audit_events (run_id, created_at);
CREATE INDEX audit_events_actor_id ON audit_events (actor_id, created_at);
CREATE INDEX audit_events_target_user_id ON audit_events (target_user_id, created_at);
CREATE INDEX audit_events_created_at ON audit_events (created_at);

CREATE TRIGGER audit_events_refuse_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events cannot be changed');
END;

CREATE TRIGGER audit_events_refuse_delete BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events cannot be deleted');
END;

-- REPLACE deletes without the trigger above unless recursive_triggers is on.
CREATE TRIGGER audit_events_refuse_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'audit events cannot be replaced');
END;
