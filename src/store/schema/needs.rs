//! The tables and columns that a description needs of a database. Does not know whether they
//! are there.

/// Tables, each with some of its columns, separated by blanks.
pub type Tables = &'static [(&'static str, &'static str)];

/// Tables, each with some of its columns.
#[derive(Clone, Debug, Default)]
pub struct Needs(pub Vec<(String, Vec<String>)>);

impl From<Tables> for Needs {
    fn from(tables: Tables) -> Self {
        let mut needs = Self::default();
        needs.add_all(tables);
        needs
    }
}

impl Needs {
    /// Adds tables with their columns.
    pub fn add_all(&mut self, tables: Tables) {
        for (table, columns) in tables {
            self.add(table, columns.split_whitespace());
        }
    }

    /// Adds columns of a table.
    pub fn add<'c>(&mut self, table: &str, columns: impl IntoIterator<Item = &'c str>) {
        let place = self.0.iter().position(|(name, _)| name == table).unwrap_or_else(|| {
            self.0.push((table.into(), Vec::new()));
            self.0.len() - 1
        });
        let known = &mut self.0[place].1;
        for column in columns {
            if !known.iter().any(|it| it == column) {
                known.push(column.into());
            }
        }
    }

    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(table, _)| table.as_str())
    }
}
