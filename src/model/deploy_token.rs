//! Deploy tokens: those that belong to a project or a group.

use super::actor::Membership;
use super::id::{Owner, Place, TokenId};
use super::time::Moment;
use super::token::{SortKey, Token, TokenFilter, TokenProperties};

/// A deploy token, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployToken {
    pub token: TokenProperties,
    /// The stored name, or the default where none is stored.
    pub username: String,
    /// What the token is linked to; `None` where its link is broken.
    pub place: Option<Place>,
    /// The full path of the project; `None` for a group's token.
    pub project: Option<String>,
    /// The full path of the group; `None` for a project's token.
    pub group: Option<String>,
}

impl DeployToken {
    /// Returns the username that GitLab gives to a token without a stored one.
    #[must_use]
    pub fn default_username(id: &TokenId) -> String {
        format!("gitlab+deploy-token-{id}")
    }
}

/// The filters of deploy tokens. All combine with AND.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub token: TokenFilter,
    /// Linked directly to this project or group, not to a parent or child of it.
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

impl Token for DeployToken {
    const TARGET_TYPE: &'static str = "deploy_token";
    const OWNERS: [&'static str; 2] = ["project or group", "projects and groups"];
    const SORT_KEYS: &'static [SortKey] =
        &[SortKey::Id, SortKey::Created, SortKey::Expires, SortKey::Name];

    fn properties(&self) -> &TokenProperties {
        &self.token
    }

    fn owner(&self) -> Option<Owner> {
        self.place.map(Owner::Place)
    }

    fn is_kept_by(&self, filter: &Filter, now: Moment) -> bool {
        let Filter { token, place } = filter;

        token.keeps(&self.token, now)
            && place.as_ref().is_none_or(|wanted| self.place == Some(wanted.place()))
    }
}
