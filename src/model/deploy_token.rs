//! Deploy tokens: those that belong to a project or a group.

use super::Entity;
use super::access::Membership;
use super::time::{Expiry, Moment, Timestamp};
use super::token::{GroupId, Owner, ProjectId, SortKey, Token, TokenFilter, TokenId};

/// A deploy token, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployToken {
    pub id: TokenId,
    pub name: String,
    /// The stored name, or the default where none is stored.
    pub username: String,
    pub scopes: Vec<String>,
    pub revoked: bool,
    pub created_at: Timestamp,
    /// `None`: never.
    pub expires_at: Option<Expiry>,
    /// What the token is linked to; `None` where its link is broken.
    pub place: Option<Place>,
    /// The full path of the project; `None` for a group's token.
    pub project: Option<String>,
    /// The full path of the group; `None` for a project's token.
    pub group: Option<String>,
}

impl DeployToken {
    /// The username of a token that has none stored, as GitLab makes it.
    #[must_use]
    pub fn default_username(id: TokenId) -> String {
        format!("gitlab+deploy-token-{id}")
    }
}

/// What a deploy token is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Project(ProjectId),
    Group(GroupId),
}

/// The filters of deploy tokens. All combine with AND.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub token: TokenFilter,
    /// Linked to this project or group itself, not to one above or below.
    pub place: Option<Membership>,
}

impl AsRef<TokenFilter> for Filter {
    fn as_ref(&self) -> &TokenFilter {
        &self.token
    }
}

impl AsMut<TokenFilter> for Filter {
    fn as_mut(&mut self) -> &mut TokenFilter {
        &mut self.token
    }
}

impl Entity for DeployToken {
    type Filter = Filter;

    const NOUN: [&'static str; 2] = ["deploy token", "deploy tokens"];
}

impl Token for DeployToken {
    const TARGET_TYPE: &'static str = "deploy_token";
    const OWNERS: [&'static str; 2] = ["project or group", "projects and groups"];
    const SORT_KEYS: &'static [SortKey] =
        &[SortKey::Id, SortKey::Created, SortKey::Expires, SortKey::Name];

    fn id(&self) -> TokenId {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn scopes(&self) -> &[String] {
        &self.scopes
    }

    fn is_revoked(&self) -> bool {
        self.revoked
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn last_used_at(&self) -> Option<Timestamp> {
        None
    }

    fn expires_at(&self) -> Option<Expiry> {
        self.expires_at
    }

    fn owner(&self) -> Option<Owner> {
        self.place.map(|place| match place {
            Place::Project(id) => Owner::Project(id),
            Place::Group(id) => Owner::Group(id),
        })
    }

    fn is_kept_by(&self, filter: &Filter, now: Moment) -> bool {
        let Filter { token, place } = filter;

        token.keeps(self, now)
            && place.as_ref().is_none_or(|wanted| self.place == Some(wanted.place()))
    }
}
