//! The owners of tokens, read once for a list of many: to look each up costs a database more
//! than the token itself.

use anyhow::Result;

use super::engine::{Decoder, Streamed, Transaction};
use super::sql::Sql;
use crate::model::id::{Id, UserId};
use crate::model::personal_access_token::{UserState, UserType};
use crate::stop_flag::StopFlag;

/// The users of a store by their ids, packed.
#[derive(Debug, Default)]
pub struct Owners {
    /// In the order of their ids.
    users: Vec<User>,
    names: String,
}

/// Small, and all of it together: a list looks into another corner of memory for each token.
#[derive(Debug)]
struct User {
    id: i64,
    /// Where the name begins, and how long it is.
    name: (u32, u16),
    kind: Option<UserType>,
    state: Option<UserState>,
}

/// What a list says of a token's owner.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'o> {
    pub username: &'o str,
    pub user_type: Option<UserType>,
    pub state: Option<UserState>,
}

/// The most that they may take, in bytes: some 350,000.
const MOST: usize = 10 << 20;

impl Owners {
    /// The user with this id, if there is one.
    #[must_use]
    pub fn of(&self, UserId(id): &UserId) -> Option<Owner<'_>> {
        let Id::Integer(id) = id else { return None };
        // Hardly any is missing, as a rule: then it is found at once.
        let place = usize::try_from(id.checked_sub(self.users.first()?.id)?).ok()?;
        let user = match self.users.get(place) {
            Some(user) if user.id == *id => user,
            _ => &self.users[self.users.binary_search_by_key(id, |user| user.id).ok()?],
        };
        let (begin, length) = (user.name.0 as usize, usize::from(user.name.1));
        let username = self.names.get(begin..begin + length)?;
        Some(Owner { username, user_type: user.kind, state: user.state })
    }

    /// Reads them; `None`: there are none or too many, or one cannot be read, which is told
    /// with each token that it owns.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn read(transaction: &Transaction<'_>, sql: &Sql, stop: &StopFlag) -> Result<Option<Self>> {
        let read = transaction.stream_rows(sql, Row::decode, stop, |rows| {
            let mut owners = Some(Self::default());
            // To the end: a server may cancel a statement that is left, and the list with it.
            for row in rows {
                let Streamed::Row(row) = row? else { continue };
                let add = |it: &mut Self| row.ok().and_then(|row| it.add(&row)).is_none();
                if owners.as_mut().is_some_and(add) {
                    owners = None;
                }
            }
            // A run that is stopped may not have seen all.
            Ok(owners.filter(|_| !stop.is_set()))
        })?;
        Ok(read.filter(|it| !it.users.is_empty()))
    }

    /// Adds the next; `None`: there are too many.
    fn add(&mut self, row: &Row) -> Option<()> {
        let Row { id, ref username, user_type, state } = *row;
        let begin = u32::try_from(self.names.len()).ok()?;
        let name = (begin, u16::try_from(username.len()).ok()?);
        self.names.push_str(username);
        self.users.push(User { id, name, kind: user_type, state });
        let size = size_of_val(self.users.as_slice()) + self.names.len();
        (size <= MOST).then_some(())
    }
}

struct Row {
    id: i64,
    username: String,
    user_type: Option<UserType>,
    state: Option<UserState>,
}

impl Row {
    fn decode(row: &mut Decoder<'_>) -> Result<Self, String> {
        Ok(Self {
            id: row.integer()?,
            username: row.text()?,
            user_type: row.one_of(UserType::ALL.map(|it| (it.name(), it)))?,
            state: row.one_of(UserState::ALL.map(|it| (it.name(), it)))?,
        })
    }
}
