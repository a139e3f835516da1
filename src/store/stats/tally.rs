//! The groups of one property while they are counted: their memory grows with the groups,
//! not with the tokens.

use std::collections::HashMap;

use crate::model::personal_access_token::{PersonalAccessToken, UserState, UserType};
use crate::model::stats::{Bucket, By, Groups, Key, day};
use crate::model::time::{Date, Expiry};

/// The groups of one property while they are counted.
pub struct Tally {
    pub by: By,
    bucket: Bucket,
    texts: HashMap<Box<str>, u64>,
    dates: HashMap<Date, u64>,
    /// The bucket of the last time, since an index has times in their order.
    last: Option<(Date, u64)>,
    /// How many have none.
    none: u64,
}

impl Tally {
    pub fn new(by: By, bucket: Bucket) -> Self {
        let (texts, dates) = (HashMap::new(), HashMap::new());
        Self { by, bucket, texts, dates, last: None, none: 0 }
    }

    pub fn add(&mut self, token: &PersonalAccessToken) {
        let properties = &token.token;
        match self.by {
            By::User => self.add_text(token.username.as_deref(), 1),
            By::UserType => self.add_text(token.user_type.map(UserType::name), 1),
            By::UserState => self.add_text(token.user_state.map(UserState::name), 1),
            By::Scope => self.add_scopes(properties.scopes.as_deref().unwrap_or_default()),
            By::Created => self.add_time(properties.created_at.map(Expiry::Instant)),
            By::Expires => self.add_time(properties.expires_at),
            By::LastUsed => self.add_time(token.last_used_at.map(Expiry::Instant)),
        }
    }

    pub fn add_text(&mut self, text: Option<&str>, count: u64) {
        match text {
            None => self.none += count,
            Some(text) => match self.texts.get_mut(text) {
                Some(known) => *known += count,
                None => {
                    self.texts.insert(text.into(), count);
                }
            },
        }
    }

    /// A token counts once for each of its scopes, even where it has one twice.
    pub fn add_scopes(&mut self, scopes: &[String]) {
        match scopes {
            [] => self.add_text(None, 1),
            [scope] => self.add_text(Some(scope), 1),
            scopes => {
                let mut each: Vec<_> = scopes.iter().collect();
                each.sort_unstable();
                each.dedup();
                for scope in each {
                    self.add_text(Some(scope), 1);
                }
            }
        }
    }

    pub fn add_time(&mut self, time: Option<Expiry>) {
        let Some(time) = time else {
            self.none += 1;
            return;
        };
        let start = self.bucket.start(day(time));
        match &mut self.last {
            Some((last, counted)) if *last == start => *counted += 1,
            last => {
                if let Some((date, counted)) = last.replace((start, 1)) {
                    *self.dates.entry(date).or_default() += counted;
                }
            }
        }
    }

    pub fn groups(mut self) -> Groups {
        if let Some((date, counted)) = self.last {
            *self.dates.entry(date).or_default() += counted;
        }
        let texts = self.texts.into_iter().map(|(text, count)| (Key::Text(Some(text)), count));
        let dates = self.dates.into_iter().map(|(date, count)| (Key::Date(Some(date)), count));
        let mut groups: Vec<_> = texts.chain(dates).collect();
        if self.none > 0 {
            let none = if self.by.is_time() { Key::Date(None) } else { Key::Text(None) };
            groups.push((none, self.none));
        }
        let mut groups = Groups { by: self.by, groups };
        groups.sort();
        groups
    }
}
