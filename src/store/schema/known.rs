//! The descriptions that this program brings: as files, and for some applications what no
//! file says.

use std::sync::{LazyLock, OnceLock};

use super::described::{Described, Origin};
use super::{Catalog, Description, Known, Schema, Source, Tables, gitlab, jupyterhub, native};
use crate::failure::Failure;

/// Those of Gitea, and of Forgejo, which has the same tables.
///
/// Sources: `models/auth/access_token.go` and `models/user/user.go` of both.
const GITEA: Known = Known {
    name: "gitea",
    signature: &[("access_token", "token_last_eight"), ("user", "lower_name")],
    required: &[],
    optional: &[],
    complete: |_, _| {},
    returning: None,
    direct_revoke: &[
        "Also Forgejo. Deletes the row, as they do: there is no flag,",
        "and no way back; revoking the id again finds no token (exit",
        "4). The row is looked up at each use, so the token stops",
        "working at once. Nobody is notified.",
    ],
};

/// Every application that is told by its tables.
pub const KNOWN: [&Known; 3] = [&gitlab::KNOWN, &jupyterhub::KNOWN, &GITEA];

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// The files, by their names.
        const SHIPPED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("descriptions/", $name, ".toml")))),*];
        /// The names of all descriptions.
        pub const NAMES: &[&str] = &[native::NAME, $($name),*];
    };
}

shipped!(
    "better-auth",
    "bugsink",
    "coder",
    "crates-io",
    "directus",
    "discourse",
    "django-knox",
    "django-oauth-toolkit",
    "doorkeeper",
    "drf-authtoken",
    "gitea",
    "gitlab",
    "grafana",
    "harbor",
    "headscale",
    "jupyterhub",
    "laravel-passport",
    "laravel-sanctum",
    "litellm",
    "mas",
    "mattermost",
    "netbox",
    "nextcloud",
    "ntfy",
    "redmine",
    "sentry-org",
    "sonarqube",
    "synapse",
    "unleash-api",
    "unleash-pat",
    "zabbix",
);

/// The text of a file that this program brings.
#[must_use]
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(it, _)| *it == name).map(|(_, text)| *text)
}

/// The descriptions of databases that are told by their tables.
#[must_use]
pub fn known() -> &'static [Description] {
    static ALL: LazyLock<Vec<Description>> = LazyLock::new(|| {
        let read = |known: &&Known| described(known.name).ok().flatten();
        KNOWN.iter().filter_map(read).collect()
    });
    &ALL
}

/// Reads every description that this program brings.
///
/// # Errors
///
/// None: a test reads them.
pub fn all() -> Result<Vec<Description>, Failure> {
    let files = SHIPPED.iter().map(|(name, _)| described(name));
    Ok(files.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Finds a description by its name. A run has one.
///
/// # Errors
///
/// None: a test reads them.
pub fn named(name: &str) -> Result<Option<&'static Description>, Failure> {
    static NAMED: OnceLock<Description> = OnceLock::new();
    if name == native::NAME {
        return Ok(Some(native::description()));
    }
    if let Some(known) = known().iter().find(|it| it.name == name) {
        return Ok(Some(known));
    }
    let found = described(name)?;
    Ok(found.map(|found| NAMED.get_or_init(|| found)).filter(|it| it.name == name))
}

/// Makes the description of a file that somebody wrote. A run has one.
#[must_use]
pub fn of_file(name: &str, described: Described) -> &'static Description {
    static NAME: OnceLock<String> = OnceLock::new();
    static FILE: OnceLock<Description> = OnceLock::new();
    let name = NAME.get_or_init(|| name.into());
    FILE.get_or_init(|| of(name, described, None))
}

/// The same where a test has several.
#[cfg(test)]
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test has few")]
pub fn of_files(described: Described) -> &'static Description {
    Box::leak(Box::new(of("described", described, None)))
}

fn described(name: &str) -> Result<Option<Description>, Failure> {
    let Some((name, text)) = SHIPPED.iter().find(|(it, _)| *it == name) else { return Ok(None) };
    let read = Described::read((*text).into(), Origin::Shipped(name))?;
    Ok(Some(of(name, read, KNOWN.into_iter().find(|it| it.name == *name))))
}

fn of(name: &'static str, described: Described, known: Option<&'static Known>) -> Description {
    let [mut required, mut optional] = described.needs();
    let (mut complete, mut signature, mut returning): (fn(&mut Schema, &Catalog), Tables, _) =
        (|_, _| {}, &[], None);
    if let Some(known) = known {
        (complete, signature, returning) = (known.complete, known.signature, known.returning);
        required.add_all(known.required);
        optional.add_all(known.optional);
    }
    Description {
        name,
        application: described.file.application.clone(),
        dialects: described.dialects(),
        signature,
        required,
        optional,
        source: Source::File(Box::new(described), complete),
        returning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_description_is_of_the_form() {
        let all = all().unwrap_or_else(|error| panic!("{error}"));
        let names: Vec<_> =
            [native::NAME].into_iter().chain(all.iter().map(|it| it.name)).collect();
        assert_eq!(names, NAMES);
        for description in &all {
            assert!(
                !description.dialects.is_empty() || description.name == "zabbix",
                "{}",
                description.name
            );
        }
        assert_eq!(known().len(), KNOWN.len());
    }
}
