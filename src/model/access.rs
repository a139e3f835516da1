//! Who may do what: every permission rule of the program.
//!
//! The store answers nothing but [`ListQuery`], [`ShowQuery`] and [`RevokeQuery`], one
//! for each column of the permission table, and only an [`Actor`] makes them. The
//! actor's reach becomes the first condition of the WHERE, so no filter can widen what
//! the actor sees. What the actor may not name at all (another user, a project that
//! they do not maintain) is refused before any query.
//!
//! No other module can change the rules:
//!
//! ```compile_fail
//! use tokenctl::model::{actor::AccessLevel, reach::Act};
//! let _guest = |act: Act| Act { group_level: AccessLevel(0), ..act };
//! ```
//!
//! A [`ShowQuery`] cannot be listed, since an owner may show their impersonation tokens
//! but not list them:
//!
//! ```compile_fail
//! use tokenctl::model::{access::ShowQuery, personal_access_token::PersonalAccessToken};
//! use tokenctl::store::{ListOptions, Store};
//! fn list(store: &Store, query: &ShowQuery<PersonalAccessToken>, options: &ListOptions) {
//!     let _ = store.list::<_, PersonalAccessToken, _>(query, options, |rows| Ok(rows.count()));
//! }
//! ```
//!
//! Only the store creates actors:
//!
//! ```compile_fail
//! use tokenctl::model::{actor::Actor, id::UserId};
//! let _root = Actor::vouched(UserId::from(1), "root".into(), true);
//! ```

use super::actor::{AccessLevel, Actor, Denied};
use super::audit::{self, AuditEvent};
use super::deploy_token::{self, DeployToken};
use super::id::{IdList, Place, TokenId};
use super::personal_access_token::{self, PersonalAccessToken};
use super::reach::Act;
pub use super::reach::{Guarded, Reach};
use super::token::{Token, TokenFilter};

/// The columns of the permission table.
const LIST: Act = Act {
    includes_revoked: true,
    own_impersonation: false,
    project_level: AccessLevel::MAINTAINER,
    group_level: AccessLevel::MAINTAINER,
};
const SHOW: Act = Act { own_impersonation: true, ..LIST };
const REVOKE: Act = Act { includes_revoked: false, group_level: AccessLevel::OWNER, ..LIST };

impl Guarded for PersonalAccessToken {
    type Filter = personal_access_token::Filter;

    fn reach(actor: &Actor, act: Act, filter: &Self::Filter) -> Result<Reach, Denied> {
        let mut named = filter.users.iter().chain(&filter.except_users);
        named.try_for_each(|user| actor.may_name(Some(user.clone())).map(|_| ()))?;
        let user = actor.id().ok_or(Denied)?.clone();
        Ok(Reach::Own { user, impersonation: act.own_impersonation })
    }
}

impl Guarded for DeployToken {
    type Filter = deploy_token::Filter;

    fn reach(actor: &Actor, act: Act, filter: &Self::Filter) -> Result<Reach, Denied> {
        let Act { project_level, group_level, .. } = act;
        match &filter.place {
            // No ids: the whole store. With ids, the project or group of each token decides.
            None if filter.token.ids.is_none() => return Err(Denied),
            None => {}
            Some(membership) => {
                let needed = match membership.place() {
                    Place::Project(_) => project_level,
                    Place::Group(_) => group_level,
                };
                if membership.level() < Some(needed) {
                    return Err(Denied);
                }
            }
        }
        let user = actor.id().ok_or(Denied)?.clone();
        Ok(Reach::Member { user, project_level, group_level })
    }
}

impl Guarded for AuditEvent {
    type Filter = audit::Filter;

    fn reach(actor: &Actor, _: Act, filter: &Self::Filter) -> Result<Reach, Denied> {
        let mut named = [&filter.user, &filter.actor].into_iter().flatten();
        named.try_for_each(|user| actor.may_name(Some(user.clone())).map(|_| ()))?;
        let user = actor.id().ok_or(Denied)?.clone();
        Ok(Reach::Involved { user, username: actor.username().into() })
    }
}

/// The rows of a query: those in the actor's reach that the filter keeps.
#[derive(Clone, Debug)]
pub struct Selection<T: Guarded> {
    filter: T::Filter,
    reach: Reach,
    includes_revoked: bool,
}

/// A permitted query for any number of rows.
#[derive(Clone, Debug)]
pub struct ListQuery<T: Guarded>(Selection<T>);

/// A permitted query for one token.
#[derive(Clone, Debug)]
pub struct ShowQuery<T: Guarded>(Selection<T>);

/// A permitted revocation of tokens that are not yet revoked.
#[derive(Clone, Debug)]
pub struct RevokeQuery<T: Guarded>(Selection<T>);

impl Actor {
    /// Builds the query that lists what `filter` keeps.
    ///
    /// # Errors
    ///
    /// [`Denied`] where the actor may not ask at all.
    pub fn to_list<T: Guarded>(&self, filter: T::Filter) -> Result<ListQuery<T>, Denied> {
        self.selection(LIST, filter).map(ListQuery)
    }

    /// Builds the query that shows the token with this id.
    ///
    /// # Errors
    ///
    /// [`Denied`] where the actor may not ask at all.
    pub fn to_show<T: Token>(&self, id: TokenId) -> Result<ShowQuery<T>, Denied> {
        let mut filter = T::Filter::default();
        *filter.as_mut() = TokenFilter { ids: Some(id.0.into()), ..TokenFilter::default() };
        self.selection(SHOW, filter).map(ShowQuery)
    }

    /// Builds the query that revokes what `filter` keeps.
    ///
    /// # Errors
    ///
    /// [`Denied`] where the actor may not ask at all.
    pub fn to_revoke<T: Token>(&self, filter: T::Filter) -> Result<RevokeQuery<T>, Denied> {
        self.selection(REVOKE, filter).map(RevokeQuery)
    }

    fn selection<T: Guarded>(&self, act: Act, filter: T::Filter) -> Result<Selection<T>, Denied> {
        let reach = if self.is_admin() { Reach::All } else { T::reach(self, act, &filter)? };
        Ok(Selection { filter, reach, includes_revoked: act.includes_revoked })
    }
}

impl<T: Guarded> Selection<T> {
    #[must_use]
    pub fn filter(&self) -> &T::Filter {
        &self.filter
    }

    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Whether revoked tokens are included.
    #[must_use]
    pub fn includes_revoked(&self) -> bool {
        self.includes_revoked
    }
}

impl<T: Guarded> ListQuery<T> {
    pub(crate) fn selection(&self) -> &Selection<T> {
        &self.0
    }
}

impl<T: Guarded> ShowQuery<T> {
    pub(crate) fn selection(&self) -> &Selection<T> {
        &self.0
    }
}

impl<T: Token> RevokeQuery<T> {
    pub(crate) fn selection(&self) -> &Selection<T> {
        &self.0
    }

    /// The ids in the filter, if any.
    #[must_use]
    pub fn ids(&self) -> Option<&IdList> {
        self.0.filter.as_ref().ids.as_ref()
    }

    /// Returns the same query, limited to these ids.
    #[must_use]
    pub fn among(&self, ids: IdList) -> Self {
        let mut query = self.clone();
        query.0.filter.as_mut().ids = Some(ids);
        query
    }
}
