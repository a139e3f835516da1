//! SQL text that is put together from literals of this program and quoted names from a
//! database's catalogue, and from nothing else.

use std::fmt;

/// A name from a database's catalogue, as it stands in statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted(pub(in crate::store) String);

impl Quoted {
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self(format!("\"{}\"", name.replace('"', "\"\"")))
    }

    /// The name as the catalogue has it.
    #[must_use]
    pub fn unquoted(&self) -> String {
        let name = self.0.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        name.unwrap_or(&self.0).replace("\"\"", "\"")
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SQL text. What a user typed cannot become a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(String);

/// What text is made of.
pub trait Piece {
    fn add_to(&self, text: &mut String);
}

impl Piece for &'static str {
    fn add_to(&self, text: &mut String) {
        text.push_str(self);
    }
}

impl Piece for Quoted {
    fn add_to(&self, text: &mut String) {
        text.push_str(&self.0);
    }
}

impl Piece for Text {
    fn add_to(&self, text: &mut String) {
        text.push_str(&self.0);
    }
}

impl<P: Piece> Piece for &P {
    fn add_to(&self, text: &mut String) {
        (*self).add_to(text);
    }
}

/// Puts text together from pieces.
macro_rules! sql {
    () => {
        $crate::store::sql::Text::default()
    };
    ($($piece:expr),+ $(,)?) => {{
        let mut text = $crate::store::sql::Text::default();
        $(text.add(&$piece);)+
        text
    }};
}
pub(in crate::store) use sql;

/// Stands before and behind the number of a literal. No catalogue's name that has one is
/// taken.
pub const LITERAL: char = '\u{1}';

/// The text for a literal of a description, which is bound.
#[must_use]
pub fn literal(number: usize) -> Text {
    Text(format!("{LITERAL}{number}{LITERAL}"))
}

impl Text {
    pub fn add(&mut self, piece: &impl Piece) -> &mut Self {
        piece.add_to(&mut self.0);
        self
    }

    /// Joins texts.
    #[must_use]
    pub fn joined(texts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let texts: Vec<_> = texts.into_iter().map(|it| it.0).collect();
        Self(texts.join(between))
    }

    /// Makes a text of this program out of it, which lasts as long as the run does: a run has
    /// one description. A lint keeps other texts from being made so.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "made of literals and quoted names alone")]
    pub fn kept(self) -> &'static str {
        self.0.leak()
    }
}

/// Replaces a part of a text of this program by another.
#[must_use]
pub fn replaced(text: &'static str, [part, by]: [&'static str; 2]) -> &'static str {
    Text(text.replace(part, by)).kept()
}
