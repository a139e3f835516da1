//! The filter flags of deploy tokens, and their conversion to a filter.

use anyhow::{Context, Result};
use clap::Args;

use crate::cli::filter::{Filters, TokenFilterArgs};
use crate::failure::Failure;
use crate::model::actor::Actor;
use crate::model::deploy_token::{DeployToken, Filter};
use crate::model::reference::Reference;
use crate::model::time::Moment;
use crate::model::token::{State, StateFilter};
use crate::store::Store;

/// The filters of deploy tokens, the same for every command.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Filters (all combine with AND)")]
pub struct DeployFilterArgs {
    /// Match the tokens of this project: an id or a full path
    #[arg(long, conflicts_with = "group")]
    project: Option<Reference>,

    /// Match the tokens of this group: an id or a full path
    #[arg(long)]
    group: Option<Reference>,

    /// Match tokens that are neither revoked nor expired
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    active: Option<bool>,

    #[command(flatten)]
    token: TokenFilterArgs,
}

impl Filters for DeployFilterArgs {
    type Token = DeployToken;

    fn check_safe_to_revoke(&self, _: Moment) -> Result<(), Failure> {
        self.token.refuse_blank_search()
    }

    fn hint_if_denied(&self) -> Option<&'static str> {
        let is_whole = self.project.is_none() && self.group.is_none();
        is_whole.then_some("only an administrator may ask for all: give --project or --group")
    }

    fn subject(&self) -> String {
        match (&self.project, &self.group) {
            (Some(project), _) => format!("project {project}"),
            (None, Some(group)) => format!("group {group}"),
            (None, None) => "deploy tokens of the whole store".into(),
        }
    }

    fn resolve(self, store: &Store, actor: &Actor, now: Moment) -> Result<Filter> {
        let what = self.subject();
        let mut token = self.token.resolve(now)?;
        let active = |is_active| {
            if is_active { StateFilter::Is(State::Active) } else { StateFilter::Inactive }
        };
        token.states.extend(self.active.map(active));
        let place = match (&self.project, &self.group) {
            (Some(project), _) => Some(store.project(actor, project).context(what)?),
            (None, Some(group)) => Some(store.group(actor, group).context(what)?),
            (None, None) => None,
        };
        Ok(Filter { token, place })
    }
}
