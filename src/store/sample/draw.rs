//! Draws the properties of users and tokens from a generator with a fixed seed.

use fastrand::Rng;

use super::words::{HUMAN, LIFECYCLES, LIFETIMES, PROJECT_BOT, ROOT, SERVICE_ACCOUNT};
use super::{DAY, HOUR, MILLION, Sample};

impl Sample<'_> {
    /// Draws the creation time of the `nth` of `count`: ascending but for some hours, and
    /// denser over time, as the organisation grows.
    pub fn creation_time(&mut self, nth: u32, count: u32) -> i64 {
        let left = i64::from(count - nth) * MILLION / i64::from(count);
        let age = self.history / MILLION * left / MILLION * left + self.rng.i64(0..12 * HOUR);
        self.now - age.min(self.history)
    }

    /// Draws a user who existed before the `nth` of `count` tokens was created.
    pub fn owner(&mut self, nth: u32, count: u32) -> u32 {
        let existing = (nth - 1) / count.div_ceil(self.users) + 1;
        match self.rng.u8(..40) {
            0 => ROOT,
            _ => self.rng.u32(1..=existing),
        }
    }

    /// Draws the day on which a token expires, and whether it was revoked.
    pub fn expiry_and_revoked(&mut self, id: u32, created: i64) -> (Option<i64>, bool) {
        // Takes every number below 100 in turn, so that small samples cover every case.
        let roll = id * 37 % 100;
        let case = LIFECYCLES.into_iter().find(|(upto, ..)| roll < *upto);
        let (_, days, revoked) = case.unwrap_or(LIFECYCLES[0]);
        let (created_day, today) = (created.div_euclid(DAY), self.now.div_euclid(DAY));
        let expires = days.map(|(first, last)| {
            let first = (today + first).max(created_day + 1);
            let days = first..=first.max(today + last);
            let usual = created_day + self.any(&LIFETIMES);
            if days.contains(&usual) { usual } else { self.rng.i64(days) }
        });
        (expires, revoked)
    }

    pub fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    pub fn project_of_bot(&self, user: u32) -> u32 {
        user / 10 % self.projects + 1
    }

    /// Draws a digest that starts with the id, so that the index grows at its end: random
    /// order would be slow for millions of rows.
    pub fn digest(&mut self, id: u32) -> String {
        let (a, b) = (self.rng.u128(..) >> 32, self.rng.u128(..));
        format!("{id:08x}{a:024x}{b:032x}")
    }

    pub fn scopes(&mut self, table: &'static str) -> String {
        format!("[\"{}\"]", self.pick(table).replace(' ', "\",\""))
    }

    pub fn pick(&mut self, table: &'static str) -> &'static str {
        choose(&mut self.rng, table, ", ")
    }

    /// Returns `wanted`, with a number if it is taken. Numbered names do not collide, since
    /// no name of the tables ends in a digit.
    pub fn unique(&mut self, wanted: String) -> String {
        let count = self.taken.entry(wanted.clone()).or_default();
        *count += 1;
        if *count == 1 { wanted } else { format!("{wanted}{count}") }
    }
}

pub fn choose(rng: &mut Rng, table: &'static str, separator: &str) -> &'static str {
    let cells: Vec<_> = table.split(separator).collect();
    cells[rng.usize(..cells.len())]
}

pub fn kind(user: u32) -> &'static str {
    match user {
        _ if user % 10 == 9 => PROJECT_BOT,
        _ if user % 15 == 14 => SERVICE_ACCOUNT,
        _ => HUMAN,
    }
}

pub fn is_admin(user: u32) -> bool {
    user <= 3 || user.is_multiple_of(500)
}
