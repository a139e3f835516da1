//! Lists of ids, which may be as long as a table: integers take eight bytes each.

use super::{Id, TokenId};

/// Ids in the order in which they were added or sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdList {
    Integers(Vec<i64>),
    /// As soon as one of them is a text.
    Mixed(Vec<Id>),
}

impl Default for IdList {
    fn default() -> Self {
        Self::Integers(Vec::new())
    }
}

impl From<Id> for IdList {
    fn from(id: Id) -> Self {
        [id].into_iter().collect()
    }
}

impl FromIterator<Id> for IdList {
    fn from_iter<I: IntoIterator<Item = Id>>(ids: I) -> Self {
        let mut list = Self::default();
        list.extend(ids);
        list
    }
}

impl FromIterator<TokenId> for IdList {
    fn from_iter<I: IntoIterator<Item = TokenId>>(ids: I) -> Self {
        ids.into_iter().map(|id| id.0).collect()
    }
}

impl Extend<Id> for IdList {
    fn extend<I: IntoIterator<Item = Id>>(&mut self, ids: I) {
        ids.into_iter().for_each(|id| self.push(id));
    }
}

impl IdList {
    pub fn push(&mut self, id: Id) {
        match (&mut *self, id) {
            (Self::Integers(ids), Id::Integer(id)) => ids.push(id),
            (Self::Mixed(ids), id) => ids.push(id),
            (Self::Integers(ids), id) => {
                let mixed = ids.iter().copied().map(Id::Integer).chain([id]);
                *self = Self::Mixed(mixed.collect());
            }
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Integers(ids) => ids.len(),
            Self::Mixed(ids) => ids.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn get(&self, index: usize) -> Option<Id> {
        match self {
            Self::Integers(ids) => ids.get(index).copied().map(Id::Integer),
            Self::Mixed(ids) => ids.get(index).cloned(),
        }
    }

    #[must_use]
    pub fn last(&self) -> Option<Id> {
        self.get(self.len().checked_sub(1)?)
    }

    pub fn iter(&self) -> impl Iterator<Item = Id> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Converts each id.
    ///
    /// # Errors
    ///
    /// The first of `convert`.
    pub fn convert<E>(self, convert: impl Fn(Id) -> Result<Id, E>) -> Result<Self, E> {
        self.iter().map(convert).collect()
    }

    /// Sorts the ids, and leaves each once.
    pub fn sort(&mut self) {
        match self {
            Self::Integers(ids) => {
                ids.sort_unstable();
                ids.dedup();
            }
            Self::Mixed(ids) => {
                ids.sort_unstable();
                ids.dedup();
            }
        }
    }

    /// Whether an id is one of them, which are sorted.
    #[must_use]
    pub fn has(&self, id: &Id) -> bool {
        match (self, id) {
            (Self::Integers(ids), Id::Integer(id)) => ids.binary_search(id).is_ok(),
            (Self::Integers(_), Id::Text(_)) => false,
            (Self::Mixed(ids), id) => ids.binary_search(id).is_ok(),
        }
    }

    /// Keeps those that are not behind another id, all in ascending order.
    pub fn truncate_behind(&mut self, last: Option<&Id>) {
        let is_kept = |id: &Id| Some(id) <= last;
        match self {
            Self::Integers(ids) => ids.retain(|id| is_kept(&Id::Integer(*id))),
            Self::Mixed(ids) => ids.retain(is_kept),
        }
    }

    /// Cuts the list into lists of at most so many.
    pub fn chunks(&self, size: usize) -> impl Iterator<Item = Self> {
        (0..self.len()).step_by(size.max(1)).map(move |at| {
            let end = at.saturating_add(size).min(self.len());
            match self {
                Self::Integers(ids) => Self::Integers(ids[at..end].to_vec()),
                Self::Mixed(ids) => Self::Mixed(ids[at..end].to_vec()),
            }
        })
    }
}
