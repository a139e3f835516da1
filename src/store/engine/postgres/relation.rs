//! What stands in a schema where an application's tables could, and why some of it is not
//! taken for one. PostgreSQL calls a schema a namespace, and so do we, since the store's schema
//! is another thing.

use std::collections::BTreeMap;

use crate::failure::Failure;
use crate::failure::Kind::Failed;
use crate::store::schema::{Catalog, Description};
use crate::store::sql::Quoted;

/// How a namespace is chosen, in hints.
pub const CHOOSE: &str = "name the schema in the store's URL, ?options=-csearch_path%3DNAME, \
     or by ALTER ROLE … SET search_path";

/// What a namespace holds.
#[derive(Default)]
pub struct Namespace {
    /// Whether the role may use what is in it.
    pub is_usable: bool,
    pub catalog: Catalog,
    pub relations: BTreeMap<String, Relation>,
}

/// The namespaces of a database, by name.
pub type Namespaces = BTreeMap<String, Namespace>;

/// What stands in a namespace where a table could.
pub struct Relation {
    pub oid: i64,
    pub owner: String,
    /// Whether it has or had parts, or tables that inherit from it.
    pub has_parts: bool,
    pub kind: Kind,
    pub is_superusers: bool,
    pub is_database_owners: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
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
    /// Of `relkind`, and of what the closer look calls a parent.
    pub fn of(letter: &str) -> Self {
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

impl Namespace {
    /// The relations that have to be looked at more closely.
    pub fn unsure(&self) -> Vec<i64> {
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
