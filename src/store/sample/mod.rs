//! Fills a new native store with a believable made-up organisation
//! (`init --sample=N`), so that the program can be tried without a real one.
//!
//! Never touches a store that already holds rows. Contains no data of real people or
//! tokens.

mod draw;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use chrono::DateTime;
use fastrand::Rng;
use rusqlite::{Connection, Statement, params};

use self::draw::{choose, is_admin, kind};
use self::words::{
    ADMIN_SCOPES, DEPLOY_SCOPES, DEPLOY_TOKENS, DEPLOY_USERS, DESCRIPTIONS, HUMAN, HUMAN_SCOPES,
    HUMAN_TOKENS, LEVELS, MACHINE_SCOPES, MACHINE_TOKENS, PEOPLE, PERSONAL_PROJECTS, PROJECT_BOT,
    PROJECTS, ROOT, SERVICES, SUBGROUPS, TOP_GROUPS, USES,
};
use crate::model::time::Timestamp;
use crate::stop_flag::StopFlag;
use crate::store::Interrupted;

// Instants and lengths of time are in milliseconds, days in days, since 1970.
const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;
const MILLION: i64 = 1_000_000;
const HISTORY: i64 = 6 * 365 * DAY;
/// How long a user exists before they may own a token.
const HEAD_START: i64 = 7 * DAY;
/// The first instant that a store can hold, in the year 0.
const FIRST_INSTANT: i64 = -719_528 * DAY;

/// Fills an empty native store with `tokens` personal access tokens and the
/// organisation around them, within the caller's transaction. Fails if `stop` ends it, with
/// a part of the rows written. Tells `progress` how many there are now and then.
///
/// The same `tokens` and `now` give the same rows.
pub(super) fn fill(
    connection: &Connection,
    tokens: u64,
    now: Timestamp,
    stop: &StopFlag,
    progress: &dyn Fn(usize),
) -> Result<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM groups) \
               OR EXISTS (SELECT 1 FROM projects)";
    let used: bool = connection.query_one(sql, [], |row| row.get(0))?;
    ensure!(!used, "the store already holds rows");
    let tokens = u32::try_from(tokens).context("too many tokens for a sample")?;
    let epoch = Timestamp::new(DateTime::UNIX_EPOCH).context("1970")?;
    let now = now.since(epoch).num_milliseconds();
    let mut sample = Sample {
        connection,
        stop,
        progress,
        written: 0,
        rng: Rng::with_seed(0x746F_6B6E),
        taken: HashMap::new(),
        now,
        history: HISTORY.min(now - HEAD_START - FIRST_INSTANT).max(0),
        users: (tokens / 8).clamp(30, 200_000),
        groups: (tokens / 100).clamp(12, 2_000),
        projects: (tokens / 20).clamp(30, 10_000),
    };
    sample.fill_users()?;
    sample.fill_groups_and_projects()?;
    sample.fill_members()?;
    sample.fill_personal_access_tokens(tokens)?;
    sample.fill_deploy_tokens((tokens / 10).clamp(24, 100_000))
}

struct Sample<'a> {
    connection: &'a Connection,
    stop: &'a StopFlag,
    /// Is told how many rows are written.
    progress: &'a dyn Fn(usize),
    written: usize,
    rng: Rng,
    /// How often each username and path was drawn.
    taken: HashMap<String, u32>,
    now: i64,
    history: i64,
    users: u32,
    groups: u32,
    projects: u32,
}

impl<'a> Sample<'a> {
    fn fill_users(&mut self) -> Result<()> {
        let columns = "id, username, name, admin, state, user_type, created_at";
        let mut insert = self.insert("INTO users", columns)?;
        self.each(self.users, |it, id| {
            let (username, name) = match kind(id) {
                _ if id == ROOT => ("root".into(), "Administrator".into()),
                HUMAN => it.person(),
                PROJECT_BOT => {
                    let username = format!("project_{}_bot", it.project_of_bot(id));
                    (username, it.pick(MACHINE_TOKENS).into())
                }
                _ => {
                    let service = it.pick(SERVICES);
                    (format!("svc-{service}"), format!("{service} service"))
                }
            };
            let state = match id % 25 {
                6 => "blocked",
                12 => "banned",
                17 | 23 => "deactivated",
                _ => "active",
            };
            let username = it.unique(username);
            let created = stored(it.creation_time(id - 1, it.users) - HEAD_START)?;
            insert.execute((id, username, name, is_admin(id), state, kind(id), created))?;
            Ok(())
        })
    }

    /// Draws a username, which may be taken, and a name.
    fn person(&mut self) -> (String, String) {
        let names = self.any(&PEOPLE);
        let (first, second) = names.split_once(" / ").unwrap_or((names, names));
        let mut part = |names: &'static str| {
            let name = choose(&mut self.rng, names, " ");
            let (name, latin) = name.split_once('=').unwrap_or((name, name));
            (name, latin.to_ascii_lowercase())
        };
        let ((first, a), (second, b)) = (part(first), part(second));
        let username = match self.rng.u8(..6) {
            0..3 => format!("{a}.{b}"),
            3..5 => format!("{}{b}", &a[..1]),
            _ => format!("{a}{}", &b[..1]),
        };
        (username, format!("{first} {second}"))
    }

    fn fill_groups_and_projects(&mut self) -> Result<()> {
        let mut insert = self.insert("INTO groups", "id, full_path, parent_id")?;
        let (mut groups, mut parents) = (Vec::new(), Vec::<(u32, String)>::new());
        let mut tops = TOP_GROUPS.split(", ");
        for id in 1..=self.groups {
            let top = tops.next().filter(|_| id <= self.groups / 4);
            let (parent, path) = if let Some(top) = top {
                (None, top.to_owned())
            } else {
                let (parent, path) = &parents[self.rng.usize(..parents.len())];
                (Some(*parent), format!("{path}/{}", self.pick(SUBGROUPS)))
            };
            let path = self.unique(path);
            insert.execute((id, &path, parent))?;
            if path.matches('/').count() < 3 {
                parents.push((id, path.clone()));
            }
            groups.push((id, path));
        }

        let mut insert = self.insert("INTO projects", "id, full_path, group_id")?;
        let mut own = self.insert("INTO members", "user_id, project_id, access_level")?;
        let sql = "SELECT username FROM users WHERE id = ?1";
        let mut username = self.connection.prepare(sql)?;
        self.each(self.projects, |it, id| {
            if id.is_multiple_of(10) {
                // Users with an id divisible by 5 are human.
                let user = it.rng.u32(1..=it.users / 5) * 5;
                let space: String = username.query_one([user], |row| row.get(0))?;
                let path = format!("{space}/{}", it.pick(PERSONAL_PROJECTS));
                insert.execute((id, it.unique(path), None::<u32>))?;
                own.execute((user, id, 50))?;
            } else {
                let (group, path) = &groups[it.rng.usize(..groups.len())];
                let path = format!("{path}/{}", it.pick(PROJECTS));
                insert.execute((id, it.unique(path), group))?;
            }
            Ok(())
        })
    }

    fn fill_members(&mut self) -> Result<()> {
        // A user may be drawn twice, or own the project already.
        let members = "OR IGNORE INTO members";
        let mut to_group = self.insert(members, "user_id, group_id, access_level")?;
        let mut to_project = self.insert(members, "user_id, project_id, access_level")?;
        self.each(self.users, |it, user| {
            if kind(user) == PROJECT_BOT {
                to_project.execute((user, it.project_of_bot(user), 40))?;
                return Ok(());
            }
            for _ in 0..it.rng.u8(1..3) {
                to_group.execute((user, it.rng.u32(1..=it.groups), it.any(&LEVELS)))?;
            }
            for _ in 0..it.rng.u8(0..3) {
                to_project.execute((user, it.rng.u32(1..=it.projects), it.any(&LEVELS)))?;
            }
            Ok(())
        })
    }

    fn fill_personal_access_tokens(&mut self, tokens: u32) -> Result<()> {
        let columns = "id, user_id, name, description, scopes, token_digest, impersonation, \
                       revoked, created_at, updated_at, last_used_at, expires_at";
        let mut insert = self.insert("INTO personal_access_tokens", columns)?;
        self.each(tokens, |it, id| {
            let user = it.owner(id, tokens);
            let (names, scopes) = match kind(user) {
                HUMAN if is_admin(user) => (HUMAN_TOKENS, ADMIN_SCOPES),
                HUMAN => (HUMAN_TOKENS, HUMAN_SCOPES),
                _ => (MACHINE_TOKENS, MACHINE_SCOPES),
            };
            let mut name = it.pick(names).to_owned();
            if it.rng.u8(..5) == 0 {
                name = format!("{name} {}", it.rng.u8(2..10));
            }
            let described = it.rng.u8(..5) < 2;
            let description = described.then(|| it.pick(DESCRIPTIONS));
            let created = it.creation_time(id, tokens);
            let (expires, revoked) = it.expiry_and_revoked(id, created);
            let mut end = expires.map_or(it.now, |day| it.now.min(day * DAY - 1));
            let mut updated = created;
            if revoked || it.rng.u8(..8) == 0 {
                updated = it.rng.i64(created..=end);
            }
            if revoked {
                end = updated;
            }
            let window = it.any(&USES).map(|length| created.max(end - length)..=end);
            insert.execute(params![
                id,
                user,
                name,
                description,
                it.scopes(scopes),
                it.digest(id),
                id % 101 == 63,
                revoked,
                stored(created)?,
                stored(updated)?,
                window.map(|times| stored(it.rng.i64(times))).transpose()?,
                expires.map(stored_date).transpose()?,
            ])?;
            Ok(())
        })
    }

    fn fill_deploy_tokens(&mut self, tokens: u32) -> Result<()> {
        let columns = "id, name, username, scopes, token_digest, revoked, created_at, \
                       expires_at, creator_id, project_id, group_id";
        let mut insert = self.insert("INTO deploy_tokens", columns)?;
        self.each(tokens, |it, id| {
            let created = it.creation_time(id, tokens);
            let (expires, revoked) = it.expiry_and_revoked(id, created);
            let of_group = id.is_multiple_of(4);
            insert.execute(params![
                id,
                it.pick(DEPLOY_TOKENS),
                (id % 6 == 3).then(|| it.pick(DEPLOY_USERS)),
                it.scopes(DEPLOY_SCOPES),
                it.digest(id),
                revoked,
                stored(created)?,
                expires.map(|day| stored(day * DAY)).transpose()?,
                (id % 12 != 7).then(|| it.owner(id, tokens)),
                (!of_group).then(|| it.rng.u32(1..=it.projects)),
                of_group.then(|| it.rng.u32(1..=it.groups)),
            ])?;
            Ok(())
        })
    }

    /// Calls `row` for each id from 1.
    fn each(
        &mut self,
        count: u32,
        mut row: impl FnMut(&mut Self, u32) -> Result<()>,
    ) -> Result<()> {
        for id in 1..=count {
            if id % 4096 == 1 {
                ensure!(!self.stop.is_set(), Interrupted);
                (self.progress)(self.written);
            }
            row(self, id)?;
            self.written += 1;
        }
        Ok(())
    }

    /// Prepares an INSERT that binds `columns` in their order.
    fn insert(&self, into: &str, columns: &str) -> Result<Statement<'a>> {
        let marks = vec!["?"; columns.split(',').count()].join(", ");
        let sql = format!("INSERT {into} ({columns}) VALUES ({marks})");
        Ok(self.connection.prepare(&sql)?)
    }
}

fn stored(instant: i64) -> Result<String> {
    let instant = DateTime::from_timestamp_millis(instant).and_then(Timestamp::new);
    let instant = instant.context("a time outside the years 0 to 9999")?;
    Ok(instant.to_string())
}

fn stored_date(day: i64) -> Result<String> {
    let mut date = stored(day * DAY)?;
    date.truncate("0000-00-00".len());
    Ok(date)
}
