//! Finds the application's tables: in one schema of the database, of one owner. PostgreSQL
//! calls it a namespace, and so do we, since the store's schema is another thing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use tokio_postgres::SimpleQueryMessage;

use super::Postgres;
use super::error::first_error;
use super::search_path::{Asked, SearchPath};
use crate::failure::Failure;
use crate::failure::Kind::Failed;
use crate::store::engine::{Decoder, Mode};
use crate::store::schema::{Catalog, Column, ColumnKind, Description, Schema, native, wanted};
use crate::store::sql::{Dialect, Encoding, Flavour, Quoted, Sql, Value};

/// The role.
pub(super) const ROLE: &str = "SELECT CURRENT_USER AS role; ";

/// The search path where somebody has set one for this database or this role. It runs under
/// that path, so that it names everything in full.
const SET_PATH: &str = "SELECT (SELECT s.setting FROM pg_catalog.pg_settings s \
     WHERE s.name OPERATOR(pg_catalog.=) 'search_path' AND s.source \
     OPERATOR(pg_catalog.=) ANY ('{client,user,database,database user}')) AS set_path; ";

/// How the database keeps text, and whether its collation knows the letters of ASCII.
pub(super) const TEXT: &str = "; SELECT current_setting('server_encoding') AS encoding, \
     lower('ABCDEFGHIJKLMNOPQRSTUVWXYZ') = 'abcdefghijklmnopqrstuvwxyz' AS folds_ascii";

/// How a namespace is chosen, in hints.
const CHOOSE: &str = "name the schema in the store's URL, ?options=-csearch_path%3DNAME, \
     or by ALTER ROLE … SET search_path";

/// What a namespace holds.
#[derive(Default)]
struct Namespace {
    /// Whether the role may use what is in it.
    is_usable: bool,
    catalog: Catalog,
    relations: BTreeMap<String, Relation>,
}

/// What stands in a namespace where a table could.
struct Relation {
    owner: String,
    is_superusers: bool,
    is_database_owners: bool,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Table,
    View,
    /// A materialised view: what a query found at some time.
    Snapshot,
    /// A table of another server, or one with parts there.
    Foreign,
    /// A table that shows the rows of others as well.
    Parent,
}

impl Relation {
    /// Why it can be no table of an application. To read a view runs what its maker likes
    /// with our rights. So it has to be of somebody who needs no view for that: a superuser,
    /// or the owner of the database, who as a rule is the application, and may take part in
    /// whatever is done there. The owner of the schema is not enough: anybody owns one who
    /// may create one, and tables of theirs run nothing where they are only read.
    fn objection(&self) -> Option<String> {
        match self.kind {
            Kind::Table => None,
            Kind::View if self.is_superusers || self.is_database_owners => None,
            Kind::View => Some(format!(
                "a view of {}, who is neither a superuser nor the database's owner",
                self.owner
            )),
            Kind::Snapshot => Some(
                "a materialised view, and may show a user or a token as it was long ago".into(),
            ),
            Kind::Parent => Some(
                "a table that others inherit from, whose rows may have the same ids as its own"
                    .into(),
            ),
            Kind::Foreign => Some(
                "a foreign table, or has a part that is one: the other server may undo what was \
                 revoked here"
                    .into(),
            ),
        }
    }
}

impl Postgres {
    /// The name of the schema that the tables are in.
    fn namespace(&self) -> String {
        self.flavour.namespace.as_ref().map_or("public".into(), Quoted::unquoted)
    }

    /// The statement that lists the links of rows that keep rows of a table from being deleted.
    pub fn references_sql(&self, table: &str) -> Sql {
        let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
        sql.push(
            "SELECT o.relname || '(' || f.attname || ' = ' || k.attname || ')' \
             FROM pg_catalog.pg_constraint r \
             JOIN pg_catalog.pg_class o ON o.oid = r.conrelid \
             JOIN pg_catalog.pg_class c ON c.oid = r.confrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute f ON f.attrelid = o.oid AND f.attnum = r.conkey[1] \
             JOIN pg_catalog.pg_attribute k ON k.attrelid = c.oid AND k.attnum = r.confkey[1] \
             WHERE r.contype = 'f' AND r.confdeltype IN ('a', 'r') \
             AND n.nspname = ",
        );
        sql.bind(self.namespace()).push(" AND c.relname = ").bind(table).push(" ORDER BY 1");
        sql
    }

    /// The statement that lists the indexes of a table that hold all of its rows: the name of
    /// each, whether it is unique, and its columns in their order.
    pub fn indexes_sql(&self, table: &str) -> Sql {
        let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
        sql.push(
            "SELECT i.indexrelid::text, i.indisunique, a.attname \
             FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place) \
             LEFT JOIN pg_catalog.pg_attribute a \
             ON a.attrelid = c.oid AND a.attnum = k.number AND a.attnum > 0 \
             WHERE i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts \
             AND n.nspname = ",
        );
        sql.bind(self.namespace())
            .push(" AND c.relname = ")
            .bind(table)
            .push(" ORDER BY i.indexrelid, k.place");
        sql
    }

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
        let answer = self.begin_with([ROLE, TEXT], Mode::Read, wait).map_err(first_error)?;
        let role = text(&answer, "role").unwrap_or_default();
        let mut flavour = flavour(&answer);
        let mut namespaces = self.namespaces(Some(wanted(named)))?;

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
                self.commit()?;
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
        self.commit()?;
        let answer = self.begin_with([SET_PATH, ""], Mode::Read, wait).map_err(first_error)?;
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
        let answer = self.begin_with([ROLE, TEXT], Mode::Read, wait).map_err(first_error)?;
        let role = text(&answer, "role").unwrap_or_default();
        let mut namespaces = self.namespaces(None)?;
        self.commit()?;
        if let Some(asked) = &self.settings.search_path {
            asked.check(&namespaces, role)?;
            namespaces.retain(|name, _| asked.path.has(name, role));
        }
        let catalogs = namespaces.into_values().filter(|it| it.is_usable).map(|mut it| {
            for (table, relation) in &it.relations {
                if relation.kind != Kind::Table {
                    it.catalog.forget(table);
                }
            }
            it.catalog
        });
        Ok(catalogs.collect())
    }

    /// Every namespace, with the tables that are wanted, or all, and their columns. `pg_catalog`
    /// also lists what the role may not read.
    fn namespaces(&self, wanted: Option<Vec<&'static str>>) -> Result<BTreeMap<String, Namespace>> {
        let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
        sql.push(
            "SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE'), c.relname, r.rolname, \
             r.rolsuper, c.relowner = (SELECT d.datdba FROM pg_catalog.pg_database d \
             WHERE d.datname = current_database()), \
             CASE WHEN c.relkind = 'p' AND a.attname IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) t \
             JOIN pg_catalog.pg_class p ON p.oid = t.relid WHERE p.relkind = 'f') THEN 'f' \
             WHEN c.relkind = 'r' AND a.attname IS NOT NULL AND EXISTS (SELECT \
             FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) THEN 'i' \
             ELSE c.relkind::text END, \
             a.attname, \
             CASE WHEN y.typtype = 'e' THEN 'enum' WHEN y.typcategory = 'A' THEN 'array' \
             ELSE y.typname::text END \
             FROM pg_catalog.pg_namespace n LEFT JOIN (pg_catalog.pg_class c \
             JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
             AND NOT a.attisdropped",
        );
        sql.push(
            " LEFT JOIN pg_catalog.pg_type b ON b.oid = a.atttypid \
             LEFT JOIN pg_catalog.pg_type y \
             ON y.oid = CASE b.typtype WHEN 'd' THEN b.typbasetype ELSE b.oid END) \
             ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND NOT c.relispartition",
        );
        if let Some(wanted) = wanted {
            let tables = wanted.into_iter().map(Into::into).collect();
            sql.push(" AND c.relname = ANY (").bind(Value::Texts(tables)).push(")");
        }
        sql.push(" WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'");
        let read = |row: &mut Decoder<'_>| {
            let namespace = (row.text()?, row.boolean()?);
            let Some(table) = row.optional_text()? else {
                return Ok((namespace, None));
            };
            let relation = Relation {
                owner: row.text()?,
                is_superusers: row.boolean()?,
                is_database_owners: row.boolean()?,
                kind: match row.text()?.as_str() {
                    "v" => Kind::View,
                    "m" => Kind::Snapshot,
                    "f" => Kind::Foreign,
                    "i" => Kind::Parent,
                    _ => Kind::Table,
                },
            };
            let name = row.optional_text()?;
            let kind = ColumnKind::of_type(&row.optional_text()?.unwrap_or_default());
            let column = name.map(|name| Column { name, kind });
            Ok::<_, String>((namespace, Some((table, relation, column))))
        };
        let mut namespaces = BTreeMap::<String, Namespace>::new();
        // A name that cannot be read is no table of ours.
        for ((namespace, is_usable), table) in self.rows(&sql, read)?.into_iter().flatten() {
            let namespace = namespaces.entry(namespace).or_default();
            namespace.is_usable = is_usable;
            if let Some((table, relation, column)) = table {
                namespace.relations.insert(table.clone(), relation);
                namespace.catalog.add(table, column);
            }
        }
        Ok(namespaces)
    }
}

impl Asked {
    /// Refuses a path with a schema that cannot be used: PostgreSQL would leave it out
    /// without a word, and take the next.
    fn check(&self, namespaces: &BTreeMap<String, Namespace>, role: &str) -> Result<(), Failure> {
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

/// What an answer to [`TEXT`] says.
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

impl Namespace {
    fn tokens(&self, description: &Description) -> Option<&Relation> {
        self.relations.get(description.tables().next()?)
    }

    /// The tables that belong to whom the tokens' table belongs to, or to a superuser. In a
    /// namespace where others may create some, those could stand for tables that the
    /// application does not have, and run functions of theirs with our rights.
    fn of_one_owner(&self, namespace: &str, description: &Description) -> Result<Catalog, Failure> {
        let mut catalog = self.catalog.clone();
        let Some(tokens) = description.tables().next() else { return Ok(catalog) };
        let expected = self.tokens(description).map_or("", |it| &it.owner);
        let namespace = Quoted::name(namespace);
        for (table, relation) in &self.relations {
            let objection = relation.objection();
            let is_ours = relation.is_superusers || relation.owner == expected;
            if is_ours && objection.is_none() {
                continue;
            }
            if description.required.tables().any(|required| required == table) {
                return Err(if let Some(objection) = objection {
                    let message = format!("{table} of schema {namespace} is {objection}");
                    let hint = format!("if the application's tables are elsewhere, {CHOOSE}");
                    Failure::new(Failed, message).hint(hint)
                } else {
                    let message = format!(
                        "table {table} of schema {namespace} belongs to {}, and {tokens} to \
                         {expected}: it may not be the application's",
                        relation.owner
                    );
                    Failure::new(Failed, message).hint(format!(
                        "if it is, give it the same owner, by ALTER TABLE … OWNER TO; if not, \
                         {CHOOSE}"
                    ))
                });
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
        Ok(_) => Failure::new(Failed, "no schema of the database has all the tables"),
    }
}
