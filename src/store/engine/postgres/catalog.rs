//! What the system catalogue says of schemas and tables. PostgreSQL calls a schema a namespace,
//! and so do we, since the store's schema is another thing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use tokio_postgres::SimpleQueryMessage;

use super::error::first_error;
use super::rows::decoded;
use super::session::behind;
use super::transaction::begin_text;
use super::values::typed;
use super::{LONGEST, Postgres};
use crate::failure::Failure;
use crate::failure::Kind::Failed;
use crate::store::engine::{Decoder, Mode};
use crate::store::schema::{Catalog, Column, ColumnKind, Description};
use crate::store::sql::{Dialect, Flavour, Quoted, Sql, Value};

/// The role.
pub const ROLE: &str = "SELECT CURRENT_USER AS role; ";

/// How the database keeps text, and whether its collation knows the letters of ASCII.
pub const TEXT: &str = "; SELECT current_setting('server_encoding') AS encoding, \
     lower('ABCDEFGHIJKLMNOPQRSTUVWXYZ') = 'abcdefghijklmnopqrstuvwxyz' AS folds_ascii";

/// How a namespace is chosen, in hints.
pub const CHOOSE: &str = "name the schema in the store's URL, ?options=-csearch_path%3DNAME, \
     or by ALTER ROLE … SET search_path";

/// What a namespace holds.
#[derive(Default)]
pub struct Namespace {
    /// Whether the role may use what is in it.
    pub is_usable: bool,
    pub catalog: Catalog,
    relations: BTreeMap<String, Relation>,
}

/// The namespaces of a database, by name.
pub type Namespaces = BTreeMap<String, Namespace>;

/// What stands in a namespace where a table could.
pub struct Relation {
    oid: i64,
    pub owner: String,
    /// Whether it has or had parts, or tables that inherit from it.
    has_parts: bool,
    kind: Kind,
    is_superusers: bool,
    is_database_owners: bool,
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

impl Kind {
    /// Of `relkind`, and of what [`Postgres::look_closer`] calls a parent.
    fn of(letter: &str) -> Self {
        match letter {
            "v" => Self::View,
            "m" => Self::Snapshot,
            "f" => Self::Foreign,
            "i" => Self::Parent,
            _ => Self::Table,
        }
    }
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

    /// Begins a transaction, and gives what the server says of the session, with every
    /// namespace: the tables that are wanted, or all, and their columns. `pg_catalog` also lists
    /// what the role may not read.
    pub fn begin_with_namespaces(
        &self,
        wanted: Option<Vec<&'static str>>,
        wait: Duration,
    ) -> Result<(Vec<SimpleQueryMessage>, Namespaces)> {
        let begin = begin_text([ROLE, TEXT], Mode::Read, wait);
        let sql = namespaces_sql(wanted);
        let values = typed(sql.values());
        let client = self.session.client();
        let answers = behind(client.simple_query(&begin), client.query_typed(sql.text(), &values));
        let (session, rows) = self.session.wait(Some(LONGEST), answers).map_err(first_error)?;
        Ok((session, self.read_namespaces(decoded(&rows, read_column))?))
    }

    /// As above, in a transaction that has begun.
    pub fn namespaces(&self, wanted: Option<Vec<&'static str>>) -> Result<Namespaces> {
        self.read_namespaces(self.rows(&namespaces_sql(wanted), read_column)?)
    }

    fn read_namespaces(&self, columns: Vec<Result<ReadColumn, String>>) -> Result<Namespaces> {
        let mut namespaces = Namespaces::new();
        // A name that cannot be read is no table of ours.
        for ((namespace, is_usable), table) in columns.into_iter().flatten() {
            let namespace = namespaces.entry(namespace).or_default();
            namespace.is_usable = is_usable;
            if let Some((table, relation, column)) = table {
                namespace.relations.insert(table.clone(), relation);
                namespace.catalog.add(table, column);
            }
        }
        self.look_closer(&mut namespaces)?;
        Ok(namespaces)
    }

    /// Asks whose a relation is, and what it shows, where that matters: of views, of tables with
    /// parts, and where not all are of one owner. As a rule nothing is asked: that takes as long
    /// as what was asked before.
    fn look_closer(&self, namespaces: &mut Namespaces) -> Result<()> {
        let unsure: Vec<_> = namespaces.values().flat_map(Namespace::unsure).collect();
        if unsure.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
        sql.push(
            "SELECT c.oid::bigint, r.rolsuper, c.relowner = (SELECT d.datdba \
             FROM pg_catalog.pg_database d WHERE d.datname = current_database()), \
             CASE WHEN c.relkind = 'p' AND EXISTS (SELECT \
             FROM pg_catalog.pg_partition_tree(c.oid) t \
             JOIN pg_catalog.pg_class p ON p.oid = t.relid WHERE p.relkind = 'f') THEN 'f' \
             WHEN c.relkind = 'r' AND EXISTS (SELECT \
             FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) THEN 'i' \
             ELSE c.relkind::text END \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.oid = ANY (",
        );
        sql.bind(Value::Integers(unsure)).push("::oid[])");
        let read = |row: &mut Decoder<'_>| {
            Ok::<_, String>((row.integer()?, row.boolean()?, row.boolean()?, row.text()?))
        };
        let mut known = BTreeMap::new();
        for row in self.rows(&sql, read)? {
            let (oid, is_superusers, is_database_owners, kind) = row.map_err(anyhow::Error::msg)?;
            known.insert(oid, (is_superusers, is_database_owners, Kind::of(&kind)));
        }
        for relation in namespaces.values_mut().flat_map(|it| it.relations.values_mut()) {
            if let Some(known) = known.get(&relation.oid) {
                (relation.is_superusers, relation.is_database_owners, relation.kind) = *known;
            }
        }
        Ok(())
    }
}

/// A namespace and whether the role may use it, with a relation and a column of it.
type ReadColumn = ((String, bool), Option<(String, Relation, Option<Column>)>);

/// The statement that lists what [`read_column`] reads. It takes as long as the rest of a
/// look-up: what is seldom needed is asked by another.
fn namespaces_sql(wanted: Option<Vec<&'static str>>) -> Sql {
    let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
    sql.push(
        "SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE'), c.relname, c.oid::bigint, \
         pg_get_userbyid(c.relowner), c.relhassubclass, c.relkind::text, a.attname, \
         CASE WHEN y.typtype = 'e' THEN 'enum' WHEN y.typcategory = 'A' THEN 'array' \
         ELSE y.typname::text END \
         FROM pg_catalog.pg_namespace n LEFT JOIN (pg_catalog.pg_class c \
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
    sql
}

fn read_column(row: &mut Decoder<'_>) -> Result<ReadColumn, String> {
    let namespace = (row.text()?, row.boolean()?);
    let Some(table) = row.optional_text()? else {
        return Ok((namespace, None));
    };
    let relation = Relation {
        oid: row.integer()?,
        owner: row.text()?,
        has_parts: row.boolean()?,
        kind: Kind::of(&row.text()?),
        is_superusers: false,
        is_database_owners: false,
    };
    let name = row.optional_text()?;
    let kind = ColumnKind::of_type(&row.optional_text()?.unwrap_or_default());
    let column = name.map(|name| Column { name, kind });
    Ok((namespace, Some((table, relation, column))))
}

impl Namespace {
    /// The relations that have to be looked at more closely.
    fn unsure(&self) -> Vec<i64> {
        let mut owners = self.relations.values().map(|it| &it.owner);
        let owner = owners.next();
        let is_of_one = owners.all(|it| Some(it) == owner);
        let unsure = self.relations.values();
        unsure
            .filter(|it| !is_of_one || it.has_parts || it.kind == Kind::View)
            .map(|it| it.oid)
            .collect()
    }

    /// The tables that are neither views nor anything else.
    pub fn of_tables(mut self) -> Catalog {
        for (table, relation) in &self.relations {
            if relation.kind != Kind::Table {
                self.catalog.forget(table);
            }
        }
        self.catalog
    }

    pub fn tokens(&self, description: &Description) -> Option<&Relation> {
        self.relations.get(description.tables().next()?)
    }

    /// The tables that belong to whom the tokens' table belongs to, or to a superuser. In a
    /// namespace where others may create some, those could stand for tables that the
    /// application does not have, and run functions of theirs with our rights.
    pub fn of_one_owner(
        &self,
        namespace: &str,
        description: &Description,
    ) -> Result<Catalog, Failure> {
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
