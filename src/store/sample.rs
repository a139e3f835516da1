//! Fills a new native store with a believable made-up organisation
//! (`init --sample=N`), so that the program can be tried without a real one.
//!
//! Never touches a store that already holds rows. Nothing in it is of a real
//! person or token.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use chrono::DateTime;
use fastrand::Rng;
use rusqlite::{Connection, Statement, params};

use crate::model::time::Timestamp;

/// The two parts of names, in the order of the language. `name=Latin` gives the
/// letters of the username where the name has others.
const PEOPLE: [&str; 8] = [
    "Emma James Olivia Noah Grace Daniel Chloe Sarah Tom Siân=Sian Kwame / Smith Walker Hughes \
     Clarke Morgan O’Brien=Obrien Cooper Shaw Mensah Okafor",
    "Maria João=Joao Inês=Ines Carlos Lucía=Lucia Diego Sofia Mateo Ana / Santos Silva García=Garcia \
     Gonçalves=Goncalves Ferreira Núñez=Nunez Costa Romero",
    "Zoë=Zoe Jürgen=Juergen Anna Lukas Käthe=Kaethe Felix Élodie=Elodie Camille / Müller=Mueller \
     Schmidt Weiß=Weiss Köhler=Koehler Vogel Lefèvre=Lefevre Moreau Roux",
    "Łukasz=Lukasz Agnieszka Michał=Michal Jiří=Jiri Zsófia=Zsofia Marek Ewa Åsa=Asa Søren=Soren / \
     Nowak Wójcik=Wojcik Mazur Zając=Zajac Król=Krol Kovács=Kovacs Lindström=Lindstrom Dahl Holm",
    "Priya Arjun Ananya Rohan Fatima Omar Layla Yusuf Noor Elif Çağlar=Caglar / Sharma Patel Iyer \
     Reddy Hassan Khan Rahman Haddad Nair Singh Yılmaz=Yilmaz Demir",
    "Jing Jie Wei Mei Jun Linh Minh Hao Min-ji=Minji Seo-yeon=Seoyeon / Chen Wang Zhang Liu \
     Nguyễn=Nguyen Trần=Tran Kim Park Lee Huang",
    "山田=Yamada 佐藤=Sato 田中=Tanaka 鈴木=Suzuki 高橋=Takahashi 伊藤=Ito 渡辺=Watanabe / 太郎=Taro \
     花子=Hanako 健=Ken 美咲=Misaki 翔太=Shota 由美=Yumi 直樹=Naoki",
    "Олена=Olena Андрій=Andrii Ірина=Iryna Тарас=Taras Юлія=Yuliia / Шевченко=Shevchenko \
     Коваленко=Kovalenko Бондар=Bondar Мельник=Melnyk Лисенко=Lysenko",
];
const SERVICES: &str = "backup, monitoring, renovate, grafana, sonarqube, jenkins, vault, argocd, \
     nexus, mirror, reporting, billing, slack, jira, scanner, dns";

const TOP_GROUPS: &str = "platform, web, mobile, data, security, finance, research, support, \
     marketing, it, hardware, legal, sandbox, shop, logistics, partners";
const SUBGROUPS: &str = "infra, dns, backend, frontend, ios, android, tools, ops, payments, search, \
     analytics, ml, network, storage, identity, observability, release, qa, design, integrations";
const PROJECTS: &str = "api, gateway, website, docs, helm-charts, terraform, ansible, runbooks, \
     billing, checkout, auth, sso, reports, etl, dashboards, alerts, exporter, cli, sdk-go, scripts, \
     design-system, zones, images, ci-templates, onboarding, inventory, scheduler, mailer";
const PERSONAL_PROJECTS: &str = "dotfiles, playground, notes, blog, advent-of-code, thesis, test";

const HUMAN_TOKENS: &str = "laptop, old laptop, work laptop, desktop, home office, MacBook, test, \
     tmp delete me, git clone, VS Code, IntelliJ, curl, postman, glab, my token, docker login, \
     release script, ci deploy, terraform local, migration, jira import, read only, hackathon, \
     phone, für den Drucker, 部署, тест, clé de secours";
const MACHINE_TOKENS: &str = "ci deploy, renovate bot, backup nightly, grafana dashboards, \
     Jenkins – prod, Jenkins – staging, semantic-release, sonarqube, mirror push, terraform state, \
     registry cleanup, slack alerts, version bump, k8s agent, runner registration, 夜間バックアップ";
const DEPLOY_TOKENS: &str = "docker pull, k8s staging, k8s production, argocd, flux, edge devices, \
     registry mirror, kaniko push, npm publish, maven proxy, customer download, Auslieferung";
const DEPLOY_USERS: &str = "registry-puller, argocd, edge, builder, mirror";
const DESCRIPTIONS: &str = "Needed by the release pipeline, See the runbook, Ask before revoking, \
     Only until the migration is done, Requested in #it-help, Reads issues for the weekly report, \
     Für die Übergabe an das Ops-Team, Created during the outage, Trial of the new agent";

const HUMAN_SCOPES: &str = "api, api, api, read_api, read_user, read_repository, write_repository, \
     read_repository write_repository, api read_user, read_registry, k8s_proxy, ai_features";
const MACHINE_SCOPES: &str = "api, read_api, read_repository, read_repository write_repository, \
     read_registry write_registry, api read_registry write_registry, create_runner, k8s_proxy";
const ADMIN_SCOPES: &str = "api, api sudo, api admin_mode, sudo, read_api, api create_runner";
const DEPLOY_SCOPES: &str = "read_repository, read_registry, read_repository read_registry, \
     read_registry write_registry, read_package_registry write_package_registry";

/// The first and the last day on which a token may expire, counted from today.
type Days = Option<(i64, i64)>;
const NEVER: Days = None;
const PAST: Days = Some((-99_999, 0));
const TODAY: Days = Some((0, 0));
const TOMORROW: Days = Some((1, 1));
const SOON: Days = Some((2, 7));
const LATER: Days = Some((8, 365));

/// Up to which of a hundred tokens they expire then, and are revoked.
const FATES: [(u32, Days, bool); 9] = [
    (32, LATER, false),
    (47, NEVER, false),
    (51, SOON, false),
    (53, TOMORROW, false),
    (55, TODAY, false),
    (76, PAST, false),
    (84, PAST, true),
    (94, LATER, true),
    (100, NEVER, true),
];
/// How long before its end, or now, a token was last used at the most.
const USES: [Option<i64>; 4] = [None, Some(2 * HOUR), Some(30 * DAY), Some(HISTORY)];
const LIFETIMES: [i64; 6] = [30, 60, 90, 180, 365, 365];
const LEVELS: [u8; 12] = [10, 20, 20, 20, 30, 30, 30, 30, 40, 40, 40, 50];

const HUMAN: &str = "human";
const PROJECT_BOT: &str = "project_bot";
const SERVICE_ACCOUNT: &str = "service_account";
const ROOT: u32 = 1;

// Instants and lengths of time are in milliseconds, days in days, since 1970.
const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;
const MILLION: i64 = 1_000_000;
const HISTORY: i64 = 6 * 365 * DAY;
/// An owner is older by this than the first token he could have made.
const HEAD_START: i64 = 7 * DAY;
/// The first that a store can hold, of the year 0.
const FIRST_INSTANT: i64 = -719_528 * DAY;

/// Fills an empty native store with `tokens` personal access tokens and the
/// organisation around them, within the caller's transaction. `false` if
/// `stopped` became true, with a part of the rows written.
///
/// The same `tokens` and `now` give the same rows.
pub(super) fn fill(
    connection: &Connection,
    tokens: u64,
    now: Timestamp,
    stopped: &dyn Fn() -> bool,
) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM groups) \
               OR EXISTS (SELECT 1 FROM projects)";
    let used: bool = connection.query_one(sql, [], |row| row.get(0))?;
    ensure!(!used, "the store already holds rows");
    let tokens = u32::try_from(tokens).context("too many tokens for a sample")?;
    let epoch = Timestamp::new(DateTime::UNIX_EPOCH).context("1970")?;
    let now = now.since(epoch).num_milliseconds();
    let mut sample = Sample {
        connection,
        stopped,
        rng: Rng::with_seed(0x746F_6B6E),
        taken: HashMap::new(),
        now,
        history: HISTORY.min(now - HEAD_START - FIRST_INSTANT).max(0),
        users: (tokens / 8).clamp(30, 200_000),
        groups: (tokens / 100).clamp(12, 2_000),
        projects: (tokens / 20).clamp(30, 10_000),
    };
    Ok(sample.fill_users()?
        && sample.fill_groups_and_projects()?
        && sample.fill_members()?
        && sample.fill_personal_access_tokens(tokens)?
        && sample.fill_deploy_tokens((tokens / 10).clamp(24, 100_000))?)
}

struct Sample<'a> {
    connection: &'a Connection,
    stopped: &'a dyn Fn() -> bool,
    rng: Rng,
    /// How often each username and path was wanted.
    taken: HashMap<String, u32>,
    now: i64,
    history: i64,
    users: u32,
    groups: u32,
    projects: u32,
}

impl<'a> Sample<'a> {
    fn fill_users(&mut self) -> Result<bool> {
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
            let created = stored(it.made(id - 1, it.users) - HEAD_START)?;
            insert.execute((id, username, name, is_admin(id), state, kind(id), created))?;
            Ok(())
        })
    }

    /// A username, perhaps taken, and a name.
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

    fn fill_groups_and_projects(&mut self) -> Result<bool> {
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
                // Of the users, each fifth is human.
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

    fn fill_members(&mut self) -> Result<bool> {
        // Someone may be drawn twice, or own the project already.
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

    fn fill_personal_access_tokens(&mut self, tokens: u32) -> Result<bool> {
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
            let created = it.made(id, tokens);
            let (expires, revoked) = it.fate(id, created);
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

    fn fill_deploy_tokens(&mut self, tokens: u32) -> Result<bool> {
        let columns = "id, name, username, scopes, token_digest, revoked, created_at, \
                       expires_at, creator_id, project_id, group_id";
        let mut insert = self.insert("INTO deploy_tokens", columns)?;
        self.each(tokens, |it, id| {
            let created = it.made(id, tokens);
            let (expires, revoked) = it.fate(id, created);
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

    /// Does `row` for each id from 1; `false` if it was stopped on the way.
    fn each(
        &mut self,
        count: u32,
        mut row: impl FnMut(&mut Self, u32) -> Result<()>,
    ) -> Result<bool> {
        for id in 1..=count {
            if id % 4096 == 1 && (self.stopped)() {
                return Ok(false);
            }
            row(self, id)?;
        }
        Ok(true)
    }

    /// Prepares an INSERT that binds `columns` in their order.
    fn insert(&self, into: &str, columns: &str) -> Result<Statement<'a>> {
        let marks = vec!["?"; columns.split(',').count()].join(", ");
        let sql = format!("INSERT {into} ({columns}) VALUES ({marks})");
        Ok(self.connection.prepare(&sql)?)
    }

    /// When the `nth` of `count` was made: in order but for some hours, and ever
    /// more often as the organisation grows.
    fn made(&mut self, nth: u32, count: u32) -> i64 {
        let left = i64::from(count - nth) * MILLION / i64::from(count);
        let age = self.history / MILLION * left / MILLION * left + self.rng.i64(0..12 * HOUR);
        self.now - age.min(self.history)
    }

    /// Someone who was there before the `nth` of `count` tokens was made.
    fn owner(&mut self, nth: u32, count: u32) -> u32 {
        let there = (nth - 1) / count.div_ceil(self.users) + 1;
        match self.rng.u8(..40) {
            0 => ROOT,
            _ => self.rng.u32(1..=there),
        }
    }

    /// The day on which a token expires, and whether it was revoked.
    fn fate(&mut self, id: u32, created: i64) -> (Option<i64>, bool) {
        // Takes every number below 100 in turn: small samples hold every fate.
        let roll = id * 37 % 100;
        let fate = FATES.into_iter().find(|(upto, ..)| roll < *upto);
        let (_, days, revoked) = fate.unwrap_or(FATES[0]);
        let (born, today) = (created.div_euclid(DAY), self.now.div_euclid(DAY));
        let expires = days.map(|(first, last)| {
            let first = (today + first).max(born + 1);
            let days = first..=first.max(today + last);
            let usual = born + self.any(&LIFETIMES);
            if days.contains(&usual) { usual } else { self.rng.i64(days) }
        });
        (expires, revoked)
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    fn project_of_bot(&self, user: u32) -> u32 {
        user / 10 % self.projects + 1
    }

    /// Begins with the id, so that the index grows at its end: in a random order
    /// it would make millions of rows slow.
    fn digest(&mut self, id: u32) -> String {
        let (a, b) = (self.rng.u128(..) >> 32, self.rng.u128(..));
        format!("{id:08x}{a:024x}{b:032x}")
    }

    fn scopes(&mut self, table: &'static str) -> String {
        format!("[\"{}\"]", self.pick(table).replace(' ', "\",\""))
    }

    fn pick(&mut self, table: &'static str) -> &'static str {
        choose(&mut self.rng, table, ", ")
    }

    /// `wanted`, with a number if it is taken. The numbered do not collide, as no
    /// table has a name that ends in a digit.
    fn unique(&mut self, wanted: String) -> String {
        let count = self.taken.entry(wanted.clone()).or_default();
        *count += 1;
        if *count == 1 { wanted } else { format!("{wanted}{count}") }
    }
}

fn choose(rng: &mut Rng, table: &'static str, separator: &str) -> &'static str {
    let cells: Vec<_> = table.split(separator).collect();
    cells[rng.usize(..cells.len())]
}

fn kind(user: u32) -> &'static str {
    match user {
        _ if user % 10 == 9 => PROJECT_BOT,
        _ if user % 15 == 14 => SERVICE_ACCOUNT,
        _ => HUMAN,
    }
}

fn is_admin(user: u32) -> bool {
    user <= 3 || user.is_multiple_of(500)
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

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::*;

    fn filled(tokens: u64, now: &str) -> Result<Connection> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(include_str!("native.sql"))?;
        let now = Timestamp::from_stored(now).context("now")?;
        assert!(!fill(&connection, tokens, now, &|| true)?);
        assert!(fill(&connection, tokens, now, &|| false)?);
        assert!(fill(&connection, tokens, now, &|| false).is_err());
        Ok(connection)
    }

    fn rows(connection: &Connection, from: &str) -> Result<Vec<Vec<Value>>> {
        let mut query = connection.prepare(&format!("SELECT * FROM {from}"))?;
        let columns = query.column_count();
        let rows = query.query_map([], |row| (0..columns).map(|it| row.get(it)).collect())?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    #[test]
    fn a_sample_is_repeatable_and_sound_and_has_some_of_everything() -> Result<()> {
        let now = "2025-03-14T15:09:26.535Z";
        let (sample, again) = (filled(200, now)?, filled(200, now)?);
        for (table, conditions) in PRESENT {
            assert_eq!(rows(&sample, table)?, rows(&again, table)?);
            for condition in conditions.split(" | ") {
                let found = rows(&sample, &format!("{table} WHERE {condition}"))?;
                assert!(!found.is_empty(), "{table}: {condition}");
            }
        }
        for absent in ABSENT {
            assert!(rows(&sample, absent)?.is_empty(), "{absent}");
        }
        Ok(())
    }

    #[test]
    fn one_token_is_enough_and_any_time_will_do() -> Result<()> {
        for now in ["0001-01-01T00:00:00.000Z", "9998-12-31T23:59:59.999Z"] {
            for tokens in [1, 2, 300] {
                let ids = rows(&filled(tokens, now)?, "personal_access_tokens")?;
                assert_eq!(u64::try_from(ids.len())?, tokens);
            }
        }
        Ok(())
    }

    const PRESENT: [(&str, &str); 6] = [
        (
            "users",
            "id = 1 AND username = 'root' AND admin | id > 1 AND admin | state = 'active' | \
             state = 'blocked' | state = 'banned' | state = 'deactivated'",
        ),
        ("groups", "parent_id IS NULL | full_path LIKE '%/%/%'"),
        ("projects", "group_id IS NULL | full_path LIKE '%/%/%'"),
        (
            "members",
            "access_level = 10 | access_level = 20 | access_level = 30 | group_id > 0 AND \
             access_level = 40 | project_id > 0 AND access_level = 40 | access_level = 50",
        ),
        (
            "personal_access_tokens JOIN users ON users.id = user_id",
            "user_id = 1 | user_type = 'human' | user_type = 'project_bot' | user_type = \
             'service_account' | revoked AND expires_at IS NULL | revoked AND expires_at < \
             '2025-03-14' | revoked AND expires_at > '2025-03-14' | NOT revoked AND expires_at IS \
             NULL | NOT revoked AND expires_at < '2025-03-14' | NOT revoked AND expires_at = \
             '2025-03-14' | NOT revoked AND expires_at = '2025-03-15' | NOT revoked AND expires_at \
             BETWEEN '2025-03-16' AND '2025-03-21' | NOT revoked AND expires_at > '2025-03-21' | \
             last_used_at IS NULL | last_used_at > '2025-03-14' | last_used_at BETWEEN '2025-02-14' \
             AND '2025-03-14' | last_used_at < '2024-03-14' | impersonation | description IS NULL | \
             description <> ''",
        ),
        (
            "deploy_tokens",
            "project_id > 0 | group_id > 0 | username IS NULL | username <> '' | revoked | \
             creator_id IS NULL | expires_at IS NULL | expires_at < '2025-03-14' | \
             expires_at BETWEEN '2025-03-15' AND '2025-03-22'",
        ),
    ];

    const ABSENT: [&str; 6] = [
        "pragma_foreign_key_check",
        "audit_events",
        "personal_access_tokens WHERE max(last_used_at, updated_at) > '2025-03-14T15:09:26.535Z'",
        "personal_access_tokens WHERE min(last_used_at, updated_at) < created_at",
        "personal_access_tokens WHERE expires_at <= max(date(created_at), last_used_at)",
        "personal_access_tokens t JOIN users u ON u.id = user_id AND u.created_at > t.created_at",
    ];
}
