//! Columns of ids, and how ids are bound to be compared with them.

use uuid::Uuid;

use super::value::Value;
use crate::model::id::{Id, IdList, parse_id};
use crate::model::reference::Reference;

/// A column of ids.
#[derive(Clone, Copy, Debug)]
pub struct IdColumn {
    pub sql: &'static str,
    pub form: IdForm,
    /// Of an id that is made of several columns the first, by whose index rows are found.
    pub first: Option<(&'static str, IdForm)>,
}

/// Stands between the columns of an id.
const BETWEEN: char = '~';

/// The form of ids in a column. Those that are asked for are bound in the same form, so that
/// the column's index finds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    Integer,
    Text,
    /// PostgreSQL's type; as text with small letters.
    Uuid,
    /// Integers and texts, in SQLite.
    Any,
    /// None: what the database calls the row.
    Row,
}

impl IdColumn {
    #[must_use]
    pub const fn integer(sql: &'static str) -> Self {
        Self { sql, form: IdForm::Integer, first: None }
    }
}

/// What the first column of ids may hold: of a text that has the character between columns
/// too, nobody can tell where it ends.
#[must_use]
pub fn firsts(ids: &IdList) -> IdList {
    let mut firsts = IdList::default();
    for id in ids.iter() {
        let id = id.to_string();
        firsts.extend(id.match_indices(BETWEEN).map(|(at, _)| Id::from(&id[..at])));
    }
    firsts.sort();
    firsts
}

impl IdForm {
    /// What a reference means where ids are of this form: a UUID is an id, as digits are.
    #[must_use]
    pub fn meant(self, reference: &Reference) -> Reference {
        match reference {
            Reference::Name(name) if self == Self::Uuid => match Uuid::parse_str(name) {
                Ok(id) => Reference::Id(Id::Text(id.to_string().into())),
                Err(_) => reference.clone(),
            },
            _ => reference.clone(),
        }
    }

    /// The value of an id; `None` where no id of this form is equal to it.
    #[must_use]
    pub fn value(self, id: &Id) -> Option<Value> {
        match (self, id) {
            (Self::Integer | Self::Any, Id::Integer(id)) => Some(Value::Integer(*id)),
            (Self::Any, Id::Text(id)) => Some(Value::from(&**id)),
            (Self::Integer, Id::Text(text)) => parse_id(text).ok().map(Value::Integer),
            (Self::Text | Self::Row, id) => Some(Value::Text(id.to_string())),
            (Self::Uuid, id) => Uuid::parse_str(&id.to_string()).ok().map(Value::Uuid),
        }
    }

    /// An id as the column may have it.
    #[must_use]
    pub fn example(self) -> Id {
        match self {
            Self::Integer | Self::Any => Id::Integer(1),
            Self::Text | Self::Row => "ID".into(),
            Self::Uuid => "00000000-0000-0000-0000-000000000001".into(),
        }
    }

    /// The id as the column has it, of one that was given without knowing the column.
    ///
    /// # Errors
    ///
    /// What it is not, in words.
    pub fn own(self, id: Id) -> Result<Id, String> {
        match (self, id) {
            (Self::Integer, Id::Text(text)) => parse_id(&text).map(Id::Integer),
            (Self::Text, Id::Integer(id)) => Ok(Id::Text(id.to_string().into())),
            (Self::Uuid, id) => {
                let parsed = Uuid::parse_str(&id.to_string());
                let own = parsed.map(|id| Id::Text(id.to_string().into()));
                own.map_err(|_| "it is not an id: the store's ids are UUIDs".into())
            }
            (Self::Row, _) => Err("the store's tokens have no ids: a filter finds them".into()),
            (_, id) => Ok(id),
        }
    }

    /// The value of several; those that no id of this form is equal to are left out.
    #[must_use]
    pub fn values(self, ids: &IdList) -> Value {
        let integer = |id| match id {
            Id::Integer(id) => Some(id),
            Id::Text(text) => parse_id(&text).ok(),
        };
        match (self, ids) {
            (Self::Integer | Self::Any, IdList::Integers(ids)) => Value::Integers(ids.clone()),
            (Self::Integer, ids) => Value::Integers(ids.iter().filter_map(integer).collect()),
            (Self::Any, ids) => Value::Ids(ids.iter().collect()),
            (Self::Text | Self::Row, ids) => {
                Value::Texts(ids.iter().map(|id| id.to_string()).collect())
            }
            (Self::Uuid, ids) => {
                let uuids = ids.iter().filter_map(|id| Uuid::parse_str(&id.to_string()).ok());
                Value::Uuids(uuids.collect())
            }
        }
    }
}
