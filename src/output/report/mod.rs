//! The report: a page for auditors, in one file that fetches nothing. What names in it hold is
//! text, escaped twice: for HTML, and where it is invisible or would reorder the page.
//!
//! The policy in its head allows this page's own style and script, by their hashes, and
//! nothing else.

mod attention;
mod histogram;
mod parts;
mod pictures;
mod sections;
mod tables;
mod words;

use std::io::Write;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use self::words::Text;
use crate::model::attention::Attended;
use crate::model::revocation_runs::RevocationRun;
use crate::model::stats::{By, Groups, Total};
use crate::model::status::Counts;
use crate::model::time::{Moment, Timestamp};

/// The most rows of a table. The rest is counted.
pub const MOST_ROWS: usize = 10_000;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// What a report tells.
#[derive(Debug)]
pub struct Report {
    /// When it was made, by the clock.
    pub made: Timestamp,
    /// What age and expiry are judged by.
    pub now: Moment,
    pub store: String,
    /// The engine and its version.
    pub engine: String,
    pub application: String,
    pub schema: &'static str,
    pub actor: String,
    /// `None`: they are no user of the store.
    pub actor_id: Option<String>,
    pub is_admin: bool,
    /// As they were given; empty: none.
    pub filters: String,
    pub total: u64,
    /// Those that the store records.
    pub totals: Vec<(Total, u64)>,
    pub groups: Vec<Groups>,
    pub attended: Vec<Listed>,
    /// Properties of tokens that the store does not record.
    pub unrecorded: Vec<&'static str>,
    /// `None`: there are none, or the actor may not ask for all.
    pub deploy_tokens: Option<Counts>,
    pub revocations: Revocations,
    /// Rows that cannot be read, the first of them with what is said of each.
    pub unread: Vec<String>,
    pub broken: u64,
}

/// Tokens that want attention for one reason.
#[derive(Debug)]
pub struct Listed {
    pub attended: Attended,
    /// Whether the store records what it takes.
    pub is_recorded: bool,
    /// The command that lists the same, where there is one.
    pub line: Option<String>,
}

/// What is known of revocations.
#[derive(Debug)]
pub enum Revocations {
    /// The last runs, and how many tokens were revoked by earlier ones.
    Recorded { runs: Vec<RevocationRun>, earlier: u64, unreadable: u64 },
    /// The store has no place for them, and no audit file was given.
    Nowhere,
}

impl Report {
    fn groups(&self, by: By) -> Option<&Groups> {
        self.groups.iter().find(|it| it.by == by)
    }
}

/// Writes the page, a section at a time.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn write(out: &mut impl Write, report: &Report) -> Result<()> {
    let title = format!("Access tokens of {}", report.store);
    let style = PreEscaped(STYLE);
    let head = html! {
        (DOCTYPE)
        (PreEscaped("<html lang=\"en\">"))
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy());
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            meta name="robots" content="noindex";
            meta name="generator" content={ "tokenctl " (env!("CARGO_PKG_VERSION")) };
            title { (words::plain(&title)) }
            style { (style) }
        }
        (PreEscaped("<body>"))
        header { h1 { "Access tokens of " (Text(&report.store)) } (sections::heading(report)) }
        (parts::contents())
        (PreEscaped("<main>"))
    };
    let mut put = |markup: Markup| out.write_all(markup.0.as_bytes());
    put(head)?;
    put(sections::unread(report))?;
    put(sections::totals(report))?;
    put(sections::expiry(report))?;
    put(sections::ages(report))?;
    for listed in &report.attended {
        put(attention::tokens(report, listed))?;
    }
    put(sections::scopes(report))?;
    put(sections::owners(report))?;
    put(sections::revocations(report))?;
    put(sections::explanations(report))?;
    put(html! {
        (PreEscaped("</main>"))
        script { (PreEscaped(SCRIPT)) }
        (PreEscaped("</body></html>\n"))
    })?;
    Ok(())
}

/// What the page may do: show itself.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src 'none'; \
         base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_end_where_they_do() {
        for text in [STYLE, SCRIPT] {
            // In one of them this would end it, or begin what does not end there.
            assert!(!text.contains("</") && !text.contains("<!--"), "{text}");
            assert!(!text.contains("http") && !text.contains("url("), "{text}");
        }
        for sink in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("] {
            assert!(!SCRIPT.contains(sink), "{sink}");
        }
    }

    #[test]
    fn the_policy_names_the_hashes_of_what_the_page_holds() {
        // `printf '' | openssl dgst -sha256 -binary | base64`
        assert_eq!(
            STANDARD.encode(Sha256::digest("")),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
        assert!(!policy().contains("unsafe"));
    }
}
