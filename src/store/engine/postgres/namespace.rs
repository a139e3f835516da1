//! Finds the application's tables: in one schema of the database, of one owner.

use std::time::Duration;

use anyhow::Result;
use tokio_postgres::SimpleQueryMessage;

use super::Postgres;
use super::error::first_error;
use super::relation::{CHOOSE, Namespace, Namespaces};
use super::search_path::{Asked, SearchPath};
use crate::failure::Failure;
use crate::failure::Kind::Failed;
use crate::store::engine::{Decoder, Mode};
use crate::store::schema::{Catalog, Description, Schema, native, wanted};
use crate::store::sql::{Dialect, Encoding, Flavour, Quoted, Sql};

/// The search path where somebody has set one for this database or this role. It runs under
/// that path, so that it names everything in full.
const SET_PATH: &str = "SELECT (SELECT s.setting FROM pg_catalog.pg_settings s \
     WHERE s.name OPERATOR(pg_catalog.=) 'search_path' AND s.source \
     OPERATOR(pg_catalog.=) ANY ('{client,user,database,database user}')) AS set_path; ";

impl Postgres {
    /// Returns the namespace of the application's tables, and their schema.
    ///
    /// Of a path that the client asks for, no other schema is looked at, whatever became of
    /// the request behind a pooler: who names a copy would change the original. Of one that
    /// is set for the role or the database no other is taken as long as one there has the
    /// tables, and not another in the place of one that the role may not use. Without either, an application in a schema of its own is found by itself.
    pub(super) fn recognise(
        &self,
        wait: Duration,
        named: Option<&'static Description>,
    ) -> Result<(Flavour, Schema)> {
        let (answer, mut namespaces) = self.begin_with_namespaces(Some(wanted(named)), wait)?;
        let role = text(&answer, "role").unwrap_or_default();
        let mut flavour = flavour(&answer);

        if let Some(asked) = &self.settings.search_path {
            asked.check(&namespaces, role)?;
            namespaces.retain(|name, _| asked.path.has(name, role));
        }
        // Of one schema, too: whoever may create tables there could make another application's.
        let fits =
            |it: &Namespace| it.catalog.fitting(named, Dialect::Postgres).collect::<Vec<_>>();
        let mut found: Vec<_> = namespaces
            .iter()
            .flat_map(|(name, it)| fits(it).into_iter().map(move |d| (name, it, d)))
            .collect();
        // Of one that may be used the path would change nothing, and asking takes as long as the
        // rest of a look-up.
        let is_certain = matches!(found[..], [] | [(_, Namespace { is_usable: true, .. }, _)]);
        if self.settings.search_path.is_none() && !is_certain {
            let set = self.set_path(wait)?;
            let is_set = |name: &str| set.as_ref().is_some_and(|set| set.has(name, role));
            if found.iter().any(|(name, ..)| is_set(name)) {
                found.retain(|(name, ..)| is_set(name));
                if let Some((name, ..)) = found.iter().find(|(_, it, _)| !it.is_usable) {
                    return Err(not_granted(name, role).into());
                }
            }
        }
        found.retain(|(_, it, _)| it.is_usable);
        match found[..] {
            [] => {
                let mut all = self.namespaces(None)?;
                if let Some(asked) = &self.settings.search_path {
                    all.retain(|name, _| asked.path.has(name, role));
                }
                let failure = unknown(all, named);
                Err(match &self.settings.search_path {
                    Some(asked) => failure.of(&asked.in_words(role)),
                    None => failure,
                }
                .into())
            }
            [(name, namespace, description)] => {
                let catalog = namespace.of_one_owner(name, description)?;
                let schema = catalog.recognise(Some(description), Dialect::Postgres)?;
                flavour.namespace = Some(Quoted::name(name));
                flavour.literals = schema.literals.as_slice().into();
                if description.name == native::NAME {
                    self.check_version(&flavour)?;
                }
                self.commit(Mode::Read)?;
                Ok((flavour, schema))
            }
            [..] => {
                let found = found.iter().map(|(name, namespace, description)| {
                    let owner = namespace.tokens(description).map_or("", |it| &it.owner);
                    let application = &description.application;
                    format!("{} ({application}, owned by {owner})", Quoted::name(name))
                });
                let found = found.collect::<Vec<_>>().join(", ");
                let message = format!("more than one schema may be the application's: {found}");
                let failure = Failure::new(Failed, message).hint(CHOOSE);
                Err(failure.hint("say which application it is with --schema").into())
            }
        }
    }

    /// The search path that is set for the database or the role. It is known as long as no
    /// transaction has set its own: a new one is begun.
    fn set_path(&self, wait: Duration) -> Result<Option<SearchPath>> {
        self.commit(Mode::Read)?;
        let answer = self.begin_now([SET_PATH, ""], Mode::Read, wait).map_err(first_error)?;
        Ok(text(&answer, "set_path").map(SearchPath::new))
    }

    /// Refuses a native store of another version.
    fn check_version(&self, flavour: &Flavour) -> Result<()> {
        let mut sql = Sql::new(flavour.clone());
        let read = |row: &mut Decoder<'_>| row.optional_integer();
        let versions = self.rows(sql.push(native::VERSION), read)?;
        let version = versions.into_iter().next().and_then(Result::ok).flatten();
        Ok(native::check_version(version.unwrap_or(0))?)
    }

    /// The tables of the database, or of the schema that the client asks for, which are no
    /// views.
    pub(super) fn all_tables(&self, wait: Duration) -> Result<Catalog> {
        let (answer, mut namespaces) = self.begin_with_namespaces(None, wait)?;
        let role = text(&answer, "role").unwrap_or_default();
        self.commit(Mode::Read)?;
        if let Some(asked) = &self.settings.search_path {
            asked.check(&namespaces, role)?;
            namespaces.retain(|name, _| asked.path.has(name, role));
        }
        let usable = namespaces.into_values().filter(|it| it.is_usable);
        Ok(usable.map(Namespace::of_tables).collect())
    }
}

impl Asked {
    /// Refuses a path with a schema that cannot be used: PostgreSQL would leave it out
    /// without a word, and take the next.
    fn check(&self, namespaces: &Namespaces, role: &str) -> Result<(), Failure> {
        let mut schemas = self.path.schemas(role).peekable();
        if schemas.peek().is_none() {
            let message = format!("{} names no schema that an application may be in", self.source);
            return Err(Failure::new(Failed, message).hint(CHOOSE));
        }
        for (name, is_certain) in schemas {
            match namespaces.get(name) {
                None if is_certain => {
                    let name = Quoted::name(name);
                    let message =
                        format!("the database has no schema {name}, which {} names", self.source);
                    return Err(Failure::new(Failed, message).hint(CHOOSE));
                }
                Some(namespace) if !namespace.is_usable => return Err(not_granted(name, role)),
                _ => {}
            }
        }
        Ok(())
    }

    fn in_words(&self, role: &str) -> String {
        let names = self.path.schemas(role).map(|(name, _)| Quoted::name(name).to_string());
        format!("in schema {}, which {} names", names.collect::<Vec<_>>().join(", "), self.source)
    }
}

fn not_granted(name: &str, role: &str) -> Failure {
    let (name, role) = (Quoted::name(name), Quoted::name(role));
    Failure::new(Failed, format!("the role {role} may not use schema {name}"))
        .hint(format!("GRANT USAGE ON SCHEMA {name} TO {role}"))
}

/// The value that an answer has by this name.
pub(super) fn text<'a>(answer: &'a [SimpleQueryMessage], name: &str) -> Option<&'a str> {
    answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.try_get(name).ok()?,
        _ => None,
    })
}

/// What an answer to [`TEXT`](super::catalog::TEXT) says.
pub(super) fn flavour(answer: &[SimpleQueryMessage]) -> Flavour {
    Flavour {
        encoding: match text(answer, "encoding") {
            Some("UTF8") => Encoding::Utf8,
            Some("SQL_ASCII") => Encoding::Unknown,
            _ => Encoding::Other,
        },
        folds_ascii: text(answer, "folds_ascii") == Some("t"),
        ..Flavour::new(Dialect::Postgres)
    }
}

/// The failure where no namespace has the tables.
fn unknown(namespaces: Namespaces, named: Option<&'static Description>) -> Failure {
    let all = namespaces.into_values().map(|it| it.catalog).collect::<Catalog>();
    match all.recognise(named, Dialect::Postgres) {
        Err(failure) => failure,
        Ok(_) => Failure::new(Failed, "no schema of the database has all the tables"),
    }
}
