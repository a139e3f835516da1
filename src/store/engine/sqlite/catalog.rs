//! What a file says of a table: its indexes, and the links that keep its rows.

use anyhow::Result;

use super::Sqlite;
use crate::store::engine::Index;

impl Sqlite {
    /// The indexes of a table that hold all of its rows.
    pub fn indexes(&self, table: &str) -> Result<Vec<Index>> {
        let mut indexes = Vec::new();
        let mut names = Vec::new();
        self.connection.pragma(Some("main"), "index_list", table, |row| {
            let is_partial: bool = row.get("partial")?;
            if !is_partial {
                names.push((row.get::<_, String>("name")?, row.get("unique")?));
            }
            Ok(())
        })?;
        for (name, is_unique) in names {
            let mut columns = Vec::new();
            self.connection.pragma(Some("main"), "index_info", &name, |row| {
                columns.push(row.get::<_, Option<String>>("name")?.unwrap_or_default());
                Ok(())
            })?;
            indexes.push(Index { is_unique, columns });
        }
        // A key that is the number of the row has no index of its own.
        let mut key = Vec::new();
        self.connection.pragma(Some("main"), "table_info", table, |row| {
            let (place, declared): (i64, String) = (row.get("pk")?, row.get("type")?);
            if place > 0 {
                key.push((row.get::<_, String>("name")?, declared.eq_ignore_ascii_case("integer")));
            }
            Ok(())
        })?;
        if let [(name, true)] = &key[..] {
            indexes.push(Index { is_unique: true, columns: vec![name.clone()] });
        }
        Ok(indexes)
    }

    /// The links of rows that keep rows of a table from being deleted, as
    /// `other(column = column)`.
    pub fn references(&self, table: &str) -> Result<Vec<String>> {
        let mut others = self.connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name",
        )?;
        let others = others.query_map([], |row| row.get::<_, String>(0))?;
        let mut links = Vec::new();
        for other in others {
            let other = other?;
            self.connection.pragma(Some("main"), "foreign_key_list", &other, |row| {
                let (to, on_delete): (String, String) = (row.get("table")?, row.get("on_delete")?);
                let is_first = row.get::<_, i64>("seq")? == 0;
                if to.eq_ignore_ascii_case(table) && is_first && !removes(&on_delete) {
                    let from: String = row.get("from")?;
                    let key = row.get::<_, Option<String>>("to")?.unwrap_or_else(|| "id".into());
                    links.push(format!("{other}({from} = {key})"));
                }
                Ok(())
            })?;
        }
        Ok(links)
    }
}

/// Whether a foreign key lets the row go that it refers to.
fn removes(on_delete: &str) -> bool {
    matches!(on_delete, "CASCADE" | "SET NULL" | "SET DEFAULT")
}
