//! Finds the application's tables: in one schema of the database, of one owner. PostgreSQL
//! calls it a namespace, and so do we, since the store's schema is another thing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use tokio_postgres::SimpleQueryMessage;

use super::Postgres;
use super::error::first_error;
use crate::failure::{Failure, Kind};
use crate::store::engine::{Decoder, Mode};
use crate::store::schema::{ALL, Catalog, Description, Schema};
use crate::store::sql::{Dialect, Encoding, Flavour, Quoted, Sql, Value};

/// The namespaces of the search path where somebody has chosen it for this database, this
/// role or this connection. It runs under that path, so that it names everything in full.
const PATH: &str = "SELECT n.nspname AS in_path FROM pg_catalog.pg_settings s, \
     pg_catalog.unnest(pg_catalog.current_schemas(false)) n (nspname) \
     WHERE s.name OPERATOR(pg_catalog.=) 'search_path' AND s.source \
     OPERATOR(pg_catalog.=) ANY ('{client,user,database,database user}'); ";

/// How the database keeps text, and whether its collation knows the letters of ASCII.
const TEXT: &str = "; SELECT current_setting('server_encoding') AS encoding, \
     lower('ABCDEFGHIJKLMNOPQRSTUVWXYZ') = 'abcdefghijklmnopqrstuvwxyz' AS folds_ascii";

/// How a namespace is chosen, in hints.
const CHOOSE: &str = "name the schema in the store's URL, ?options=-csearch_path%3DNAME, \
     or by ALTER ROLE … SET search_path";

/// What a namespace holds.
#[derive(Default)]
struct Namespace {
    catalog: Catalog,
    owners: BTreeMap<String, Owner>,
}

#[derive(PartialEq)]
struct Owner {
    name: String,
    is_superuser: bool,
    /// Whether it is a table, or a view of somebody who may do everything there anyway: to
    /// read a view runs what its maker likes, with our rights.
    may_stand: bool,
}

impl Postgres {
    /// Returns the namespace of the application's tables, and their schema.
    pub(super) fn recognise(
        &self,
        wait: Duration,
        named: Option<&'static Description>,
    ) -> Result<(Flavour, Schema)> {
        let answer = self.begin_with([PATH, TEXT], Mode::Read, wait).map_err(first_error)?;
        let path = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get("in_path").ok()?,
            _ => None,
        });
        let path: Vec<_> = path.collect();
        let mut flavour = flavour(&answer);
        let namespaces = self.namespaces()?;
        self.commit()?;

        let is_in_path = |name: &String| path.contains(&name.as_str());
        // Of one schema, too: whoever may create tables there could make another application's.
        let fits =
            |it: &Namespace| it.catalog.fitting(named, Dialect::Postgres).collect::<Vec<_>>();
        let fitting = || {
            namespaces
                .iter()
                .flat_map(|(name, it)| fits(it).into_iter().map(move |d| (name, it, d)))
        };
        let mut found: Vec<_> = fitting().filter(|(name, ..)| is_in_path(name)).collect();
        if found.is_empty() {
            found = fitting().collect();
        }
        match found[..] {
            [] => Err(unknown(namespaces, named).into()),
            [(name, namespace, description)] => {
                let catalog = namespace.of_one_owner(name, description)?;
                let schema = catalog.recognise(Some(description), Dialect::Postgres)?;
                flavour.namespace = Some(Quoted::name(name));
                Ok((flavour, schema))
            }
            [..] => {
                let found = found.iter().map(|(name, namespace, description)| {
                    let owner = namespace.owner_of_tokens(description).map_or("", |it| &it.name);
                    let application = description.application;
                    format!("{} ({application}, owned by {owner})", Quoted::name(name))
                });
                let found = found.collect::<Vec<_>>().join(", ");
                let message = format!("more than one schema may be the application's: {found}");
                let failure = Failure::new(Kind::Failed, message).hint(CHOOSE);
                Err(failure.hint("say which application it is with --schema").into())
            }
        }
    }

    /// Every namespace that the role may use, with all its tables, and the columns of those
    /// that a description names. `pg_catalog` also lists what the role may not read.
    fn namespaces(&self) -> Result<BTreeMap<String, Namespace>> {
        let tables = ALL.iter().flat_map(|it| [it.signature, it.required, it.optional].concat());
        let tables = tables.map(|(table, _)| table.to_owned()).collect();
        let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
        sql.push(
            "SELECT n.nspname, c.relname, r.rolname, r.rolsuper, \
             c.relkind IN ('r', 'p') OR r.rolsuper OR c.relowner = n.nspowner OR c.relowner = \
             (SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = current_database()), \
             a.attname \
             FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
             AND NOT a.attisdropped AND c.relname = ANY (",
        );
        sql.bind(Value::Texts(tables)).push(
            ") WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
             AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
             AND has_schema_privilege(n.oid, 'USAGE')",
        );
        let read = |row: &mut Decoder<'_>| {
            let names = (row.text()?, row.text()?);
            let owner = Owner {
                name: row.text()?,
                is_superuser: row.boolean()?,
                may_stand: row.boolean()?,
            };
            Ok::<_, String>((names, owner, row.optional_text()?))
        };
        let mut namespaces = BTreeMap::<String, Namespace>::new();
        // A name that cannot be read is no table of ours.
        for ((namespace, table), owner, column) in self.rows(&sql, read)?.into_iter().flatten() {
            let namespace = namespaces.entry(namespace).or_default();
            namespace.owners.insert(table.clone(), owner);
            namespace.catalog.add(table, column);
        }
        Ok(namespaces)
    }
}

/// What an answer to [`TEXT`] says.
fn flavour(answer: &[SimpleQueryMessage]) -> Flavour {
    let value = |name| {
        answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get(name).ok()?,
            _ => None,
        })
    };
    Flavour {
        encoding: match value("encoding") {
            Some("UTF8") => Encoding::Utf8,
            Some("SQL_ASCII") => Encoding::Unknown,
            _ => Encoding::Other,
        },
        folds_ascii: value("folds_ascii") == Some("t"),
        ..Flavour::new(Dialect::Postgres)
    }
}

impl Namespace {
    fn owner_of_tokens(&self, description: &Description) -> Option<&Owner> {
        self.owners.get(description.signature.first()?.0)
    }

    /// The tables that belong to whom the tokens' table belongs to, or to a superuser. In a
    /// namespace where others may create some, those could stand for tables that the
    /// application does not have, and run functions of theirs with our rights.
    fn of_one_owner(&self, namespace: &str, description: &Description) -> Result<Catalog, Failure> {
        let mut catalog = self.catalog.clone();
        let Some(&(tokens, _)) = description.signature.first() else { return Ok(catalog) };
        let expected = self.owner_of_tokens(description).map_or("", |it| &it.name);
        for (table, owner) in &self.owners {
            if owner.may_stand && (owner.is_superuser || owner.name == expected) {
                continue;
            }
            if description.required.iter().any(|(required, _)| required == table) {
                let message = if owner.may_stand {
                    format!(
                        "table {table} of schema {} belongs to {}, and {tokens} to {expected}: \
                     it may not be the application's",
                        Quoted::name(namespace),
                        owner.name
                    )
                } else {
                    format!(
                        "{table} of schema {} is a view of {}, who owns neither the schema nor the \
                         database: it may not be the application's",
                        Quoted::name(namespace),
                        owner.name
                    )
                };
                return Err(Failure::new(Kind::Failed, message).hint(format!(
                    "if it is, give it the same owner, by ALTER TABLE … OWNER TO; if not, {CHOOSE}"
                )));
            }
            catalog.forget(table);
        }
        Ok(catalog)
    }
}

/// The failure where no namespace has the tables.
fn unknown(
    namespaces: BTreeMap<String, Namespace>,
    named: Option<&'static Description>,
) -> Failure {
    let all = namespaces.into_values().map(|it| it.catalog).collect::<Catalog>();
    match all.recognise(named, Dialect::Postgres) {
        Err(failure) => failure,
        Ok(_) => Failure::new(Kind::Failed, "no schema of the database has all the tables"),
    }
}
