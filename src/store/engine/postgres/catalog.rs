//! What the system catalogue says of schemas and tables: names, columns, indexes and links.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::{self, Type};

use super::error::first_error;
use super::relation::{Kind, Namespace, Namespaces, Relation};
use super::rows::decoded;
use super::session::behind;
use super::transaction::begin_text;
use super::values::typed;
use super::{LONGEST, Postgres};
use crate::store::engine::{Decoder, Index, Mode};
use crate::store::schema::{Column, ColumnKind};
use crate::store::sql::{Dialect, Flavour, Quoted, Sql, Value};

/// The role.
pub const ROLE: &str = "SELECT CURRENT_USER AS role; ";

/// How the database keeps text, and whether its collation knows the letters of ASCII.
pub const TEXT: &str = "; SELECT current_setting('server_encoding') AS encoding, \
     lower('ABCDEFGHIJKLMNOPQRSTUVWXYZ') = 'abcdefghijklmnopqrstuvwxyz' AS folds_ascii";

impl Postgres {
    /// The name of the schema that the tables are in.
    fn namespace(&self) -> String {
        self.flavour.namespace.as_ref().map_or("public".into(), Quoted::unquoted)
    }

    /// The links of rows that keep rows of a table from being deleted, as
    /// `other(column = column)`.
    pub fn references(&self, table: &str) -> Result<Vec<String>> {
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
        let rows = self.rows(&sql, |row| row.text().map_err(anyhow::Error::msg))?;
        rows.into_iter().collect()
    }

    /// The indexes of a table that hold all of its rows.
    pub fn indexes(&self, table: &str) -> Result<Vec<Index>> {
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
        let mut indexes = BTreeMap::<String, Index>::new();
        let read = |row: &mut Decoder<'_>| {
            Ok::<_, String>((row.text()?, row.boolean()?, row.optional_text()?))
        };
        for row in self.rows(&sql, read)? {
            let (name, is_unique, column) = row.map_err(anyhow::Error::msg)?;
            let index = indexes.entry(name).or_insert(Index { is_unique, columns: Vec::new() });
            // An expression stands for no column.
            index.columns.push(column.unwrap_or_default());
        }
        Ok(indexes.into_values().collect())
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
        let (session, rows) = self.session.ask(LONGEST, answers).map_err(first_error)?;
        Ok((session, self.read_namespaces(decoded(&rows, read_column))?))
    }

    /// As above, in a transaction that has begun.
    pub fn namespaces(&self, wanted: Option<Vec<&'static str>>) -> Result<Namespaces> {
        self.read_namespaces(self.rows(&namespaces_sql(wanted), read_column)?)
    }

    fn read_namespaces(&self, columns: Vec<Result<ReadColumn, String>>) -> Result<Namespaces> {
        let mut namespaces = Namespaces::new();
        // A name that cannot be read is no table of ours.
        let columns: Vec<_> = columns.into_iter().flatten().collect();
        let types = self.types_of(&columns)?;
        for ((namespace, is_usable), table) in columns {
            let namespace = namespaces.entry(namespace).or_default();
            namespace.is_usable = is_usable;
            if let Some((table, relation, column)) = table {
                namespace.relations.insert(table.clone(), relation);
                let column = column.map(|(name, of_type)| {
                    let kind = built_in(of_type).or_else(|| types.get(&of_type).copied());
                    Column { name, kind: kind.unwrap_or(ColumnKind::Other) }
                });
                namespace.catalog.add(table, column);
            }
        }
        self.look_closer(&mut namespaces)?;
        Ok(namespaces)
    }

    /// The kinds of the types that somebody has made, such as domains. As a rule there are none,
    /// and nothing is asked.
    fn types_of(&self, columns: &[ReadColumn]) -> Result<BTreeMap<i64, ColumnKind>> {
        let columns = columns.iter().filter_map(|(_, table)| table.as_ref()?.2.as_ref());
        let made: BTreeSet<_> =
            columns.map(|(_, of_type)| *of_type).filter(|it| built_in(*it).is_none()).collect();
        if made.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
        sql.push(
            "SELECT b.oid::bigint, \
             CASE WHEN y.typtype = 'e' THEN 'enum' WHEN y.typcategory = 'A' THEN 'array' \
             ELSE y.typname::text END \
             FROM pg_catalog.pg_type b JOIN pg_catalog.pg_type y \
             ON y.oid = CASE b.typtype WHEN 'd' THEN b.typbasetype ELSE b.oid END \
             WHERE b.oid = ANY (",
        );
        sql.bind(Value::Integers(made.into_iter().collect())).push("::oid[])");
        let read = |row: &mut Decoder<'_>| {
            let oid = row.integer()?;
            Ok::<_, String>((oid, ColumnKind::of_type(&row.text()?)))
        };
        let rows = self.rows(&sql, read)?;
        rows.into_iter().map(|row| row.map_err(anyhow::Error::msg)).collect()
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

/// A namespace and whether the role may use it, with a relation and a column of it: its name
/// and the number of its type.
type ReadColumn = ((String, bool), Option<(String, Relation, Option<(String, i64)>)>);

/// The kind of a type that every server has, by its number.
fn built_in(of_type: i64) -> Option<ColumnKind> {
    let found = Type::from_oid(u32::try_from(of_type).ok()?)?;
    let is_array = matches!(found.kind(), types::Kind::Array(_));
    Some(ColumnKind::of_type(if is_array { "array" } else { found.name() }))
}

/// The statement that lists what [`read_column`] reads. It takes as long as the rest of a
/// look-up: what is seldom needed is asked by another.
fn namespaces_sql(wanted: Option<Vec<&'static str>>) -> Sql {
    let mut sql = Sql::new(Flavour::new(Dialect::Postgres));
    sql.push(
        "SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE'), c.relname, c.oid::bigint, \
         pg_get_userbyid(c.relowner), c.relhassubclass, c.relkind::text, a.attname, \
         a.atttypid::bigint FROM pg_catalog.pg_namespace n LEFT JOIN (pg_catalog.pg_class c \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
         AND NOT a.attisdropped) ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
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
    let column = row.optional_text()?.zip(row.optional_integer()?);
    Ok((namespace, Some((table, relation, column))))
}
