//! Looks up the actor, and the users, projects and groups that filters name.

use anyhow::Result;

use super::Store;
use super::engine::{Decoder, Transaction};
use super::filter::OWNER;
use super::schema::{AuditEvents, Lookup, Places, Users};
use super::sql::{IdForm, Sql, Value};
use super::stored::Unrecorded;
use crate::model::actor::{AccessLevel, Actor, Denied, Membership, OPERATOR};
use crate::model::audit::AuditEvent;
use crate::model::deploy_token::DeployToken;
use crate::model::id::{GroupId, Id, OwnerRef, Place, ProjectId, UserId, parse_id};
use crate::model::reference::{Reference, UserRef};

/// A user's id and name, and whether the user is an administrator.
type User = (Id, String, bool);

/// What a user has to do with an event.
#[derive(Clone, Copy, Debug)]
pub enum EventPart {
    Owner,
    Actor,
}

impl Store {
    /// Whether the store tells who is an administrator. Where it does not, whoever can open
    /// it may act as the operator.
    #[must_use]
    pub fn has_administrators(&self) -> bool {
        self.schema.users.has_administrators
    }

    /// Looks up the actor: a user, or the operator.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such user or they may not act.
    pub fn actor(&self, reference: &Reference) -> Result<Actor> {
        let is_operator = matches!(reference, Reference::Name(name) if name == OPERATOR);
        if is_operator && !self.has_administrators() {
            #[expect(clippy::disallowed_methods, reason = "the store may create these")]
            return Ok(Actor::operator());
        }
        self.read(|transaction| self.acting(transaction, reference))
    }

    pub(super) fn acting(
        &self,
        transaction: &Transaction<'_>,
        reference: &Reference,
    ) -> Result<Actor> {
        let Users { acting, form, .. } = &self.schema.users;
        let found = self.find(transaction, acting, *form, reference, |row| {
            Ok((row.id()?, row.optional_text()?.unwrap_or_default(), row.boolean()?))
        });
        let (id, username, admin) = found?.ok_or(Denied)?;
        #[expect(clippy::disallowed_methods, reason = "the store may create these")]
        Ok(Actor::vouched(UserId(id), username, admin))
    }

    /// Looks up the owner of tokens, if `actor` may name them: a user, one who is gone, or a
    /// service.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such user or the actor may not name them, and a usage error
    /// where tokens have no owners.
    pub fn user(&self, actor: &Actor, reference: &UserRef) -> Result<OwnerRef> {
        if self.schema.personal_access_tokens.user_id.is_none() && actor.is_admin() {
            return Err(self.unrecorded(&Unrecorded(OWNER)).into());
        }
        let Users { form, gone, services, .. } = &self.schema.users;
        self.named_user(actor, reference, || {
            if let Some(id) = self.named(gone, *form, reference)? {
                return Ok(Some(OwnerRef::User(UserId(id))));
            }
            // By name alone: an id of digits is a user's.
            if matches!(reference, UserRef::Other(Reference::Name(_))) {
                for (kind, (lookup, form)) in services.iter().enumerate() {
                    if let Some(id) = self.named(lookup, *form, reference)? {
                        return Ok(Some(OwnerRef::Service(kind, id)));
                    }
                }
            }
            Ok(None)
        })
    }

    /// Like [`Store::user`], but also finds a user who is gone and stands in `events`, as
    /// the owner of a token or as who acted.
    ///
    /// # Errors
    ///
    /// As for [`Store::user`].
    pub fn recorded_user(
        &self,
        events: &Self,
        part: EventPart,
        actor: &Actor,
        reference: &UserRef,
    ) -> Result<OwnerRef> {
        let AuditEvents { owners, actors, target_user_id, actor_id, .. } =
            events.columns::<AuditEvent>()?;
        let (lookup, column) = match part {
            EventPart::Owner => (owners, target_user_id),
            EventPart::Actor => (actors, actor_id),
        };
        self.named_user(actor, reference, || {
            let found = events.named(lookup, column.form, reference)?;
            Ok(found.map(|id| OwnerRef::User(UserId(id))))
        })
    }

    fn named_user(
        &self,
        actor: &Actor,
        reference: &UserRef,
        recorded: impl FnOnce() -> Result<Option<OwnerRef>>,
    ) -> Result<OwnerRef> {
        let UserRef::Other(name) = reference else {
            return Ok(OwnerRef::User(actor.id().ok_or(Denied)?.clone()));
        };
        let name = &self.schema.users.form.meant(name);
        if !actor.is_admin() {
            // Only themselves, so nobody is looked for: others would cost more than nobody.
            let (is_id, is_name) = match name {
                Reference::Id(id) => (actor.id().is_some_and(|it| is_same(&it.0, id)), false),
                Reference::Name(name) => (
                    actor.id().is_some_and(|id| matches!(&id.0, Id::Text(id) if **id == **name)),
                    name.eq_ignore_ascii_case(actor.username()),
                ),
            };
            if !is_id && !is_name {
                return Err(Denied.into());
            }
        }
        let Users { named, form, .. } = &self.schema.users;
        let found = self.named(named, *form, reference)?;
        let mut found = found.map(|id| OwnerRef::User(UserId(id)));
        // Only for administrators: others could tell from the time it takes who existed.
        if found.is_none() && actor.is_admin() {
            found = recorded()?;
        }
        Ok(actor.may_name(found)?)
    }

    fn named(&self, lookup: &Lookup, form: IdForm, reference: &UserRef) -> Result<Option<Id>> {
        let UserRef::Other(reference) = reference else { return Ok(None) };
        let found = self.read(|transaction| {
            self.find(transaction, lookup, form, reference, |row| {
                Ok((row.id()?, row.optional_text()?.unwrap_or_default(), false))
            })
        })?;
        Ok(found.map(|(id, _, _)| id))
    }

    /// Finds a user. Where usernames differ only by case, an exact match wins.
    ///
    /// # Errors
    ///
    /// [`Denied`] where it is one of several.
    fn find(
        &self,
        transaction: &Transaction<'_>,
        lookup: &Lookup,
        form: IdForm,
        reference: &Reference,
        read: impl Fn(&mut Decoder<'_>) -> Result<User, String>,
    ) -> Result<Option<User>> {
        let reference = &form.meant(reference);
        let ([head, tail], value) = match reference {
            Reference::Id(id) => (lookup.by_id, form.value(id)),
            Reference::Name(name) => (lookup.by_name, Some(Value::from(name.as_str()))),
        };
        let Some(value) = value else { return Ok(None) };
        let mut sql = self.sql();
        sql.push(head).bind(value).push(tail);
        let found = transaction.rows(&sql, |row| read(row).map_err(anyhow::Error::msg))?;
        let mut found = found.into_iter().collect::<Result<Vec<_>>>()?;
        let is_exact = |(_, username, _): &User| matches!(reference, Reference::Name(name) if name == username);
        if let Some(exact) = found.iter().position(is_exact) {
            return Ok(Some(found.swap_remove(exact)));
        }
        if found.is_empty()
            && let (IdForm::Text, Reference::Name(name)) = (form, reference)
        {
            // What is no name may be an id, where ids are texts.
            let id = Reference::Id(Id::from(name.as_str()));
            return self.find(transaction, lookup, form, &id, read);
        }
        let one = found.pop();
        if found.is_empty() { Ok(one) } else { Err(Denied.into()) }
    }

    /// Looks up the membership of `actor` in a project.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such project, or the actor may see nothing of it.
    pub fn project(&self, actor: &Actor, reference: &Reference) -> Result<Membership> {
        let places = &self.columns::<DeployToken>()?.projects;
        self.membership(actor, places, reference, |id| Place::Project(ProjectId(id)))
    }

    /// Looks up the membership of `actor` in a group.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such group, or the actor may see nothing of it.
    pub fn group(&self, actor: &Actor, reference: &Reference) -> Result<Membership> {
        let places = &self.columns::<DeployToken>()?.groups;
        self.membership(actor, places, reference, |id| Place::Group(GroupId(id)))
    }

    fn membership(
        &self,
        actor: &Actor,
        places: &Places,
        reference: &Reference,
        place: fn(i64) -> Place,
    ) -> Result<Membership> {
        let sql = self.membership_sql(actor, places, reference)?;
        let found = self.read(|transaction| {
            transaction.rows(&sql, |row| Ok::<_, String>((row.integer()?, row.optional_integer()?)))
        })?;
        let found = found.into_iter().next().ok_or(Denied)?;
        let (id, level) = found.map_err(anyhow::Error::msg)?;
        #[expect(clippy::disallowed_methods, reason = "the store may create these")]
        Ok(Membership::vouched(place(id), level.map(AccessLevel)))
    }

    /// The statement that finds a place: any for an administrator, for others one that they
    /// are a member of.
    pub(super) fn membership_sql(
        &self,
        actor: &Actor,
        places: &Places,
        reference: &Reference,
    ) -> Result<Sql> {
        let [by_id, by_path] =
            if actor.is_admin() { [&places.by_id[..], &places.by_path] } else { places.of_member };
        let (parts, value) = match reference {
            Reference::Id(id) => (by_id, IdForm::Integer.value(id)),
            Reference::Name(path) => (by_path, Some(Value::from(path.as_str()))),
        };
        let user = actor.id().and_then(|it| self.schema.users.form.value(&it.0)).ok_or(Denied)?;
        let mut values = vec![user; parts.len() - 2];
        values.extend(value);
        let mut sql = self.sql();
        sql.push_bound(parts, values);
        Ok(sql)
    }
}

/// Whether a reference to an id is this one: digits may name a text.
fn is_same(id: &Id, reference: &Id) -> bool {
    let number = |id: &Id| parse_id(&id.to_string()).ok();
    match id {
        Id::Integer(id) => number(reference) == Some(*id),
        Id::Text(_) => id.to_string() == reference.to_string(),
    }
}
