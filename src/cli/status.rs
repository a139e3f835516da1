//! `status`: says which store this is, as whom one works on it, and what may be done there.

use anyhow::Result;
use clap::Args;

use super::session::Session;
use crate::audit_file::AuditFile;
use crate::failure::Failure;
use crate::model::deploy_token::DeployToken;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::status::{Counts, Status as Found};
use crate::model::token::State;
use crate::output::{Format, Times, print_one};
use crate::store::{Mode, Store};

/// Show which store this is, as whom you work on it, and what you may do there.
///
/// Nothing is changed. What stands in the way of revoking is said; what stands in the way
/// of reading is an error, as for every command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl status
  tokenctl status -o json | jq -r '.obstacles[]'

Keys of JSON (null: the store has none):
  store, engine, version, encoding, journal_mode
                       strings: where it is, and what it is kept by
  schema, application  strings: what kind of tables it has
  unrecorded           array of strings: what of a token is not recorded
  actor                string, and actor_id a number: as whom you work
  admin                true or false: whether an administrator
  active, expired, revoked
                       numbers: the personal access tokens in reach
  deploy_active, deploy_expired, deploy_revoked
                       numbers: the deploy tokens, for who may list all
  audit_events         string: where audit events go
  may_revoke           true or false: whether nothing is in the way
  obstacles            array of strings: what is in the way of revoking")]
pub struct Status {}

impl Status {
    #[expect(clippy::unused_self, reason = "as every command")]
    pub fn run(self, session: &Session) -> Result<()> {
        if session.format() == Format::Ids {
            return Err(Failure::usage("-o ids prints ids, and a status has none").into());
        }
        // Looked at before the store, which may change this process's user.
        let log = session.audit_log(AuditFile::check);
        let store = session.open(Mode::Read)?;
        let actor = session.actor(&store)?;
        let now = session.now;
        let none = Counts { active: 0, expired: 0, revoked: 0 };
        let personal = store.count_by_state::<PersonalAccessToken>(&actor, now)?;
        let mut facts = store.facts()?;
        let denied = store.obstacle_to_revoking::<PersonalAccessToken>(&actor, now)?;
        facts.obstacles.extend(denied.map(|it| format!("{it:#}")));
        let audit_events = if store.records_events() {
            Some("in the store".into())
        } else {
            session.audit_log_path().map(|path| path.display().to_string())
        };
        facts.obstacles.extend(log.err().map(|it| format!("{it:#}")));
        if audit_events.is_none() {
            let problem = "it has no place for audit events: give --audit-log FILE";
            facts.obstacles.push(problem.into());
        }
        let found = Found {
            store: store.database().place(),
            facts,
            schema: store.description().name,
            application: store.description().application.clone(),
            unrecorded: unrecorded(&store)?,
            actor: actor.username().into(),
            actor_id: actor.id().cloned(),
            is_admin: actor.is_admin(),
            personal_access_tokens: personal.unwrap_or(none),
            deploy_tokens: store.count_by_state::<DeployToken>(&actor, now)?,
            audit_events,
        };
        print_one(session.out(None)?, &found, &session.style(Times::default()))
    }
}

fn unrecorded(store: &Store) -> Result<Vec<String>> {
    let mut names = store.unrecorded_properties::<PersonalAccessToken>()?;
    if !store.records_state::<PersonalAccessToken>(State::Revoked)? {
        names.push("revoked");
    }
    Ok(names.into_iter().map(Into::into).collect())
}
