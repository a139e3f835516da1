//! The names of a file, looked up in the database's catalogue: what is not there is a mistake
//! that names the nearest, and what is secret is not read.

use super::Compiler;
use crate::failure::Failure;
use crate::store::schema::form::Name;
use crate::store::schema::{Column, ColumnKind};
use crate::store::sql::{Dialect, Quoted, Text, sql};

/// A row of a table, under the name that it has in statements.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Empty: the statement has one row, without a name.
    pub alias: &'static str,
    /// As the catalogue has it.
    pub table: String,
}

/// A column of a row.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub sql: Text,
    pub kind: ColumnKind,
}

impl Row {
    pub fn named(&self, alias: &'static str) -> Self {
        Self { alias, table: self.table.clone() }
    }

    /// The row as RETURNING knows it.
    pub fn returned(&self, dialect: Dialect) -> Self {
        if dialect.returns_by_alias() {
            self.clone()
        } else {
            self.named(sql![Quoted::name(&self.table)].kept())
        }
    }

    /// A column of the row.
    pub fn of(&self, column: Text) -> Text {
        match self.alias {
            "" => column,
            alias => sql![alias, ".", column],
        }
    }

    /// The table as the row's name, for FROM.
    pub fn from(&self) -> Text {
        match self.alias {
            "" => sql!["@", Quoted::name(&self.table)],
            alias => sql!["@", Quoted::name(&self.table), " ", alias],
        }
    }
}

/// What is said of a column that is neither set nor cleared, behind what it holds.
pub(super) const NO_FLAG: &str = "and is no flag";

/// What is called so is a secret or a part of one, as a rule.
const SECRET_WORDS: [&str; 16] = [
    "value",
    "hashed",
    "salt",
    "prefix",
    "eight",
    "characters",
    "start",
    "jwt",
    "totp",
    "otp",
    "pin",
    "passwd",
    "passphrase",
    "pwd",
    "credential",
    "signature",
];

/// A word that ends so, as `apikey` and `tokenhash` do.
const SECRET_ENDS: [&str; 6] = ["token", "secret", "digest", "hash", "key", "password"];

/// Whether a column of texts is called like a token's value, or a part or a digest of one.
#[must_use]
pub fn looks_secret(column: &str) -> bool {
    let mut words = String::new();
    let mut was_small = false;
    for character in column.chars() {
        if was_small && character.is_uppercase() {
            words.push('_');
        }
        was_small = character.is_lowercase();
        words.extend(character.to_lowercase());
    }
    words.split(|it: char| !it.is_alphanumeric()).any(|word| {
        SECRET_WORDS.contains(&word) || SECRET_ENDS.iter().any(|end| word.ends_with(end))
    })
}

impl Compiler<'_> {
    /// Finds a table; `None`: it is missing, and need not be there.
    pub fn table(&self, alias: &'static str, name: &Name) -> Result<Option<Row>, Failure> {
        let wanted = name.get_ref();
        let tables: Vec<_> = self.found.tables().collect();
        let tables = tables.iter().copied();
        if let Some(table) = self.find(tables.clone(), wanted) {
            self.check_quotable(name)?;
            return Ok(Some(Row { alias, table: table.into() }));
        }
        if self.described.is_optional(wanted) {
            return Ok(None);
        }
        let problem = format!("there is no table {wanted}{}", near(wanted, tables));
        Err(self.described.mistake(name, &problem))
    }

    /// Finds a column of a row for a statement; `None`: it is missing, and need not be there.
    pub fn column(&self, row: &Row, name: &Name) -> Result<Option<Found>, Failure> {
        let found = self.look_up(row, name)?;
        if found.is_some() {
            let column = (row.table.clone(), name.get_ref().clone());
            self.columns.borrow_mut().insert(column);
        }
        Ok(found)
    }

    /// Finds a column of a row, and uses it for nothing.
    pub fn look_up(&self, row: &Row, name: &Name) -> Result<Option<Found>, Failure> {
        let wanted = name.get_ref();
        let columns = self.found.columns(&row.table).unwrap_or_default();
        let found = self.find(columns.iter().map(|it| it.name.as_str()), wanted);
        if let Some(column) = columns.iter().find(|it| Some(it.name.as_str()) == found) {
            self.check_quotable(name)?;
            let quoted = Quoted::name(&column.name);
            return Ok(Some(Found { sql: row.of(sql![quoted]), kind: column.kind }));
        }
        // The number that SQLite gives each row of a table.
        if self.is_sqlite() && wanted.eq_ignore_ascii_case("rowid") {
            // It may be another name of a column.
            let is_secret = |column: &Column| {
                column.kind == ColumnKind::Integer
                    && self
                        .file()
                        .tokens
                        .secret
                        .iter()
                        .any(|it| self.dialect.is_same_name(it.get_ref(), &column.name))
            };
            if columns.iter().any(is_secret) {
                let problem = "rowid may be a secret that is an integer";
                return Err(self.described.mistake(name, problem));
            }
            return Ok(Some(Found { sql: row.of(sql!["rowid"]), kind: ColumnKind::Integer }));
        }
        if self.described.is_optional(wanted) {
            return Ok(None);
        }
        let table = &row.table;
        let near = near(wanted, columns.iter().map(|it| it.name.as_str()));
        let problem = format!("there is no column {wanted} in table {table}{near}");
        Err(self.described.mistake(name, &problem))
    }

    /// Finds a column that has to be there.
    pub fn required(&self, row: &Row, name: &Name) -> Result<Found, Failure> {
        self.column(row, name)?.ok_or_else(|| {
            let problem = format!("{} is optional, and is needed here", name.get_ref());
            self.described.mistake(name, &problem)
        })
    }

    /// The same of a column to be read, which is no secret.
    pub fn required_readable(&self, row: &Row, name: &Name) -> Result<Found, Failure> {
        let found = self.required(row, name)?;
        self.check_readable(row, name, found.kind)?;
        Ok(found)
    }

    /// Finds a column to be read, which is no secret; `None`: as for any column.
    pub fn readable(&self, row: &Row, name: &Name) -> Result<Option<Found>, Failure> {
        let found = self.column(row, name)?;
        if let Some(found) = &found {
            self.check_readable(row, name, found.kind)?;
        }
        Ok(found)
    }

    /// Refuses to read what is a secret, or is called like one.
    pub fn check_readable(&self, row: &Row, name: &Name, kind: ColumnKind) -> Result<(), Failure> {
        let tokens = &self.file().tokens;
        let wanted = name.get_ref();
        let is_named =
            |names: &[Name]| names.iter().any(|it| self.dialect.is_same_name(it.get_ref(), wanted));
        let is_of_token = self.dialect.is_same_name(tokens.table.get_ref(), &row.table);
        if is_of_token && is_named(&tokens.secret) {
            let problem = format!("{wanted} is secret, and is never read");
            return Err(self.described.mistake(name, &problem));
        }
        let may_be_text = !matches!(
            kind,
            ColumnKind::Integer
                | ColumnKind::Boolean
                | ColumnKind::Uuid
                | ColumnKind::Timestamp
                | ColumnKind::Timestamptz
                | ColumnKind::Date
        );
        if may_be_text && looks_secret(wanted) && !is_named(&tokens.plain) {
            let problem = format!("{wanted} is called like a secret, and is not read");
            let failure = self.described.mistake(name, &problem);
            return Err(failure.hint(format!("if it is none: plain = [\"{wanted}\"]")));
        }
        Ok(())
    }

    /// The failure where what a column holds is not what is asked for.
    pub fn holds(&self, name: &Name, kind: ColumnKind, but: &str) -> Failure {
        let problem = format!("{} holds {}, {but}", name.get_ref(), kind.in_words());
        self.described.mistake(name, &problem)
    }

    fn find<'n>(
        &self,
        mut names: impl Iterator<Item = &'n str> + Clone,
        wanted: &str,
    ) -> Option<&'n str> {
        let exact = names.clone().find(|name| *name == wanted);
        exact.or_else(|| names.find(|name| self.dialect.is_same_name(name, wanted)))
    }

    fn check_quotable(&self, name: &Name) -> Result<(), Failure> {
        if name.get_ref().contains(char::is_control) {
            return Err(self.described.mistake(name, "the name has control characters"));
        }
        Ok(())
    }
}

impl ColumnKind {
    /// What it holds, in messages.
    fn in_words(self) -> &'static str {
        match self {
            Self::Integer => "integers",
            Self::Boolean => "true and false",
            Self::Text | Self::Castable => "texts",
            Self::Uuid => "UUIDs",
            Self::Timestamp | Self::Timestamptz => "times",
            Self::Date => "dates",
            Self::Array => "arrays",
            Self::Json => "JSON",
            Self::Any => "anything",
            Self::Other => "values of a type that is not read",
        }
    }
}

/// The name that is most like another, whatever its own case, if it is much like it.
pub fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), wanted);
    let near = names.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    near.filter(|name| likeness(name) > 0.7)
}

/// The same in words, whatever the case of either.
fn near<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> String {
    let near = nearest(&wanted.to_lowercase(), names);
    near.map_or_else(String::new, |near| format!("; the nearest is {near}"))
}
