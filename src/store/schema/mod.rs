//! Describes databases as data: for each kind what it is told by, and what its schema is made
//! from. The database of another application is a file in `descriptions`. Never connects to
//! one: what tables there are is handed in as a [`Catalog`].

mod catalog;
pub mod described;
pub mod form;
mod gitlab;
mod jupyterhub;
mod known;
pub mod native;
mod needs;
mod shape;
mod time;

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use self::catalog::{Catalog, Column, ColumnKind};
use self::described::{Described, Origin};
#[cfg(test)]
pub use self::known::of_files;
pub use self::known::{KNOWN, NAMES, all, known, named, of_file, shipped};
pub use self::needs::{Needs, Tables};
pub use self::shape::{
    AuditEvents, DeployTokens, Lookup, NO_NAME, NameColumn, OptionalColumns, OwnerColumn,
    PersonalAccessTokens, Places, RevokeMethod, Table, Tokens, Users,
};
pub use self::time::{Comparison, Time, TimeForm};
use super::sql::{Dialect, Value};
use crate::failure::{Failure, Kind};
use crate::model::id::IdSyntax;

/// The description of a kind of database.
#[derive(Debug)]
pub struct Description {
    /// The name for `--schema`.
    pub name: &'static str,
    /// The name of the application in messages.
    pub application: String,
    pub dialects: Vec<Dialect>,
    /// The tables that identify it, each with columns that no other kind has. Empty where the
    /// description has to be named.
    pub signature: Tables,
    /// The required tables and columns, that of the tokens first.
    pub required: Needs,
    /// The tables and columns that the schema uses where they are.
    pub optional: Needs,
    pub source: Source,
    /// The tokens that the application puts back by itself, where it does.
    pub returning: Option<&'static Returning>,
}

/// What a schema is made from.
#[derive(Debug)]
pub enum Source {
    /// The store that this program makes.
    Native,
    /// A file, and what is added to what a file can say.
    File(Box<Described>, fn(&mut Schema, &Catalog)),
}

/// An application that is told by its tables, and what it has beyond its file.
pub struct Known {
    pub name: &'static str,
    /// The tables that identify it, each with columns that no other kind has.
    pub signature: Tables,
    /// What is needed beyond its file.
    pub required: Tables,
    pub optional: Tables,
    pub complete: fn(&mut Schema, &Catalog),
    pub returning: Option<&'static Returning>,
    /// What a revocation without the application does and leaves out, and how long a token
    /// may keep working: lines for the help, of at most 84 characters.
    pub direct_revoke: &'static [&'static str],
}

/// Tokens that come back after they are deleted.
#[derive(Debug)]
pub struct Returning {
    /// What the application calls each of them.
    pub name: &'static str,
    /// Why, and what to do: behind how many they are.
    pub why: &'static str,
}

impl Description {
    /// Lists the tables that matter here. Others are not looked at: what they are made of may
    /// be beyond us.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        let identifying = self.signature.iter().map(|(table, _)| *table);
        identifying.chain(self.required.tables()).chain(self.optional.tables())
    }

    /// What is taken for an id of a token before the store is open. What is told by its tables
    /// has integers.
    #[must_use]
    pub fn id_syntax(&self) -> IdSyntax {
        match self.source {
            Source::File(..) if self.signature.is_empty() => IdSyntax::Any,
            Source::File(..) | Source::Native => IdSyntax::Numbers,
        }
    }

    /// The file that it comes from.
    #[must_use]
    pub fn described(&self) -> Option<&Described> {
        match &self.source {
            Source::Native => None,
            Source::File(described, _) => Some(described),
        }
    }

    /// When the application takes notice of a revocation, in words; `None`: it is not told.
    #[must_use]
    pub fn takes_effect(&self) -> Option<&str> {
        self.described()?.file.takes_effect.as_ref().map(|it| it.0.as_str())
    }

    /// What has to be known of a revocation in the database.
    #[must_use]
    pub fn notes(&self) -> Option<&str> {
        self.described()?.file.notes.as_deref()
    }

    /// What names the schema in an audit file. Of what is not told by its tables that is the
    /// table, whatever a file is called.
    #[must_use]
    pub fn audited_as(&self) -> Cow<'_, str> {
        match self.described().filter(|_| self.signature.is_empty()) {
            Some(described) => format!("table {}", described.file.tokens.table.get_ref()).into(),
            None => self.name.into(),
        }
    }

    /// The SHA-256 of the file that it comes from, unless this program brings it.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        match &self.described()?.origin {
            Origin::File { digest, .. } => Some(digest),
            Origin::Shipped(_) => None,
        }
    }

    /// Whether the application will put a token of this name back by itself, and why.
    #[must_use]
    pub fn returning(&self, name: Option<&str>) -> Option<&'static str> {
        self.returning.filter(|it| Some(it.name) == name).map(|it| it.why)
    }

    /// Builds the schema of a database, if it has the required tables and columns.
    fn check(&'static self, found: &Catalog, dialect: Dialect) -> Result<Schema, Failure> {
        // What somebody's file names is told with the line where it stands.
        let tells_lines = self.described().is_some_and(Described::tells_lines);
        if let Some(lack) = found.lacks(&self.required).filter(|_| !tells_lines) {
            let Self { name, application, .. } = self;
            return Err(Failure::new(
                Kind::Failed,
                format!("the schema of {application} ({name}) is incomplete: {lack}"),
            ));
        }
        match &self.source {
            Source::Native => Ok(native::schema(dialect)),
            Source::File(described, complete) => {
                let mut schema = described.schema(self, found, dialect)?;
                complete(&mut schema, found);
                Ok(schema)
            }
        }
    }
}

/// Lists the tables that are looked at for a description, or for all that are told by their
/// tables.
#[must_use]
pub fn wanted(named: Option<&'static Description>) -> Vec<&'static str> {
    let all: &[_] = if named.is_some() { &[] } else { known() };
    let named = named.unwrap_or_else(native::description);
    [named].into_iter().chain(all).flat_map(Description::tables).collect()
}

/// The schema of one database.
#[derive(Debug)]
pub struct Schema {
    pub description: &'static Description,
    pub dialect: Dialect,
    /// What its texts name by number.
    pub literals: Vec<Value>,
    /// The columns that a description which is a file has in its statements: table and name.
    pub columns: BTreeSet<(String, String)>,
    /// Whether constraints of the database refuse rows that could not be decoded.
    pub is_checked: bool,
    pub users: Users,
    pub personal_access_tokens: PersonalAccessTokens,
    pub deploy_tokens: Option<DeployTokens>,
    /// `None`: it has no table for them.
    pub audit_events: Option<AuditEvents>,
}
