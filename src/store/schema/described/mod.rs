//! Descriptions that are files: reads one, and makes the schema of a database of it. Nothing
//! that a file says becomes SQL but names from the catalogue, quoted by one function; its
//! literals are bound.

mod conditions;
mod links;
mod names;
mod owners;
mod revoke;
mod scopes;
mod times;
mod tokens;
mod users;

pub use self::names::{looks_secret, nearest};

use std::cell::RefCell;
use std::collections::BTreeSet;

use self::owners::SERVICES;
use super::form::{Admin, DatabaseName, File, Name, NameOr, OneOrMany, Revoke};
use super::{Catalog, Description, Needs, Schema};
use crate::failure::{Failure, Kind};
use crate::store::sql::{Dialect, Text, Value, literal};

/// A description as a file has it.
#[derive(Debug)]
pub struct Described {
    pub file: File,
    /// The text of the file.
    pub text: String,
    pub origin: Origin,
}

/// Where a description comes from.
#[derive(Debug)]
pub enum Origin {
    /// This program brings it, by this name.
    Shipped(&'static str),
    /// A file: what it is called in messages, and the SHA-256 of what is in it.
    File { shown: String, digest: String },
}

/// What a draft marks a line with that names could not tell.
pub const QUESTION: &str = "#?";

/// The version of the form of files.
const FORMAT: i64 = 1;

/// The size of the largest file that is read, in bytes.
pub const LARGEST: u64 = 1 << 20;

impl Described {
    /// Reads a description.
    ///
    /// # Errors
    ///
    /// A usage error with the line where the text is not of the form.
    pub fn read(text: String, origin: Origin) -> Result<Self, Failure> {
        let file = toml::from_str::<File>(&text).map_err(|error| {
            let shown = match &origin {
                Origin::Shipped(name) => name,
                Origin::File { shown, .. } => shown.as_str(),
            };
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            Failure::usage(format!("{shown}, line {line}: {}", error.message()))
        })?;
        let described = Self { file, text, origin };
        described.check_form().map_err(|error| Failure::recast(Kind::Usage, &error.into()))?;
        Ok(described)
    }

    /// Checks what no database is needed for.
    fn check_form(&self) -> Result<(), Failure> {
        let format = &self.file.format;
        if *format.get_ref() != FORMAT {
            let message = format!(
                "format {} is not the one that this tokenctl knows, which is {FORMAT}",
                format.get_ref()
            );
            return Err(self.mistake_at(format.span().start, &message).hint("upgrade tokenctl"));
        }
        let File { tokens, owner, also_owned_by, .. } = &self.file;
        if let (None, Some(service)) = (owner, also_owned_by.first()) {
            return Err(self.mistake(&service.table, "services stand beside an [owner]"));
        }
        if let Some(service) = also_owned_by.get(SERVICES.len()) {
            let problem = format!("at most {} kinds of services own tokens", SERVICES.len());
            return Err(self.mistake(&service.table, &problem));
        }
        for link in self.links() {
            links::parse(link.get_ref()).map_err(|problem| self.mistake(link, &problem))?;
        }
        if let Revoke::Erase(column) = tokens.revoke.get_ref()
            && !tokens.secret.iter().any(|it| it.get_ref() == column.get_ref())
        {
            let message = "what is erased is the token's value: name it in 'secret' too";
            return Err(self.mistake(column, message));
        }
        Ok(())
    }

    /// Fails where a draft still asks something: what is revoked is not to be guessed.
    ///
    /// # Errors
    ///
    /// A usage error with the line.
    pub fn check_answered(&self) -> Result<(), Failure> {
        let Origin::File { shown, .. } = &self.origin else { return Ok(()) };
        match self.text.lines().position(|line| line.contains(QUESTION)) {
            Some(line) => {
                let message = format!("{shown}, line {}: the draft still asks here", line + 1);
                Err(Failure::usage(message).hint(format!(
                    "answer it, and take the '{QUESTION}' away; a dry run needs no answer"
                )))
            }
            None => Ok(()),
        }
    }

    /// The failure for what is wrong with a name or a text of the file.
    #[must_use]
    pub fn mistake(&self, name: &Name, problem: &str) -> Failure {
        self.mistake_at(name.span().start, problem)
    }

    fn mistake_at(&self, at: usize, problem: &str) -> Failure {
        let message = match &self.origin {
            Origin::Shipped(name) => {
                let application = &self.file.application;
                format!("the schema of {application} ({name}) is incomplete: {problem}")
            }
            Origin::File { shown, .. } => {
                format!("{shown}, line {}: {problem}", line_of(&self.text, at))
            }
        };
        Failure::new(Kind::Failed, message)
    }

    /// Whether what is wrong with it is told with the line: nobody can mend a line of one that
    /// this program brings.
    #[must_use]
    pub fn tells_lines(&self) -> bool {
        matches!(self.origin, Origin::File { .. })
    }

    #[must_use]
    pub fn dialects(&self) -> Vec<Dialect> {
        let dialect =
            |name: &DatabaseName| Dialect::ALL.into_iter().find(|it| it.key() == name.key());
        self.file.databases.iter().filter_map(dialect).collect()
    }

    /// Every link in the file.
    fn links(&self) -> impl Iterator<Item = &Name> {
        let File { tokens, owner, .. } = &self.file;
        let linked = [&tokens.name, &tokens.description].into_iter().flatten();
        let linked = linked.filter_map(|it| match it {
            NameOr::Table(linked) => Some(&linked.via),
            NameOr::Name(_) => None,
        });
        let times = tokens.times().filter_map(|it| it.table()?.via.as_ref());
        let scopes = tokens.scopes.iter().filter_map(|it| it.get_ref().via.as_ref());
        let admins = owner.iter().flat_map(|it| &it.admin).flat_map(|OneOrMany(all)| all);
        let admins = admins.filter_map(|it| match it {
            Admin::Linked { via, .. } => Some(via),
            Admin::Flag(_) | Admin::Row(_) => None,
        });
        let owners = owner.iter().filter_map(|it| it.via.as_ref());
        let services = self.file.also_owned_by.iter().filter_map(|it| it.via.as_ref());
        let owners = owners.chain(services);
        let all = linked.chain(times).chain(scopes).chain(admins).chain(owners);
        all.flat_map(|OneOrMany(links)| links).chain(&tokens.also_delete)
    }

    fn is_optional(&self, name: &str) -> bool {
        self.file.tokens.optional.iter().any(|it| it.get_ref() == name)
    }

    /// The tables that it needs, that of the tokens first, and those that it uses where they
    /// are. Columns are asked for when the schema is made, where a mistake has a line.
    #[must_use]
    pub fn needs(&self) -> [Needs; 2] {
        let File { tokens, owner, also_owned_by, .. } = &self.file;
        let mut needs = [Needs::default(), Needs::default()];
        let links = self.links().filter_map(|it| links::parse(it.get_ref()).ok());
        let linked: Vec<_> = links.map(|it| it.table).collect();
        let named = [&tokens.table].into_iter().chain(owner.iter().map(|it| &it.table));
        let named = named.chain(also_owned_by.iter().map(|it| &it.table));
        for table in named.map(|it| it.get_ref().as_str()).chain(linked) {
            needs[usize::from(self.is_optional(table))].add(table, []);
        }
        needs
    }

    fn compiler<'d>(&'d self, found: &'d Catalog, dialect: Dialect) -> Compiler<'d> {
        let (literals, columns) = (RefCell::default(), RefCell::default());
        Compiler { described: self, found, dialect, literals, columns }
    }

    /// Whether the tables of a database are as the file has them.
    #[must_use]
    pub fn fits(&self, found: &Catalog, dialect: Dialect) -> bool {
        let compiler = self.compiler(found, dialect);
        compiler.tokens().is_ok() && compiler.users().is_ok()
    }

    /// Makes the schema of a database.
    ///
    /// # Errors
    ///
    /// A failure with the line where the file does not fit the database.
    pub fn schema(
        &self,
        description: &'static Description,
        found: &Catalog,
        dialect: Dialect,
    ) -> Result<Schema, Failure> {
        let compiler = self.compiler(found, dialect);
        let personal_access_tokens = compiler.tokens()?;
        let users = compiler.users()?;
        Ok(Schema {
            description,
            dialect,
            is_checked: false,
            users,
            personal_access_tokens,
            deploy_tokens: None,
            audit_events: None,
            literals: compiler.literals.into_inner(),
            columns: compiler.columns.into_inner(),
        })
    }
}

/// The number of the line of a place in a text.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// Makes the texts of a schema.
struct Compiler<'d> {
    described: &'d Described,
    found: &'d Catalog,
    dialect: Dialect,
    literals: RefCell<Vec<Value>>,
    columns: RefCell<BTreeSet<(String, String)>>,
}

impl Compiler<'_> {
    /// The text for a value of the file.
    fn bound(&self, value: Value) -> Text {
        let mut literals = self.literals.borrow_mut();
        let number = literals.iter().position(|it| *it == value).unwrap_or_else(|| {
            literals.push(value);
            literals.len() - 1
        });
        literal(number)
    }

    fn file(&self) -> &File {
        &self.described.file
    }

    fn is_sqlite(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }
}
