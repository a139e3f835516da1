//! The form of the lines. Files of years ago are read with it: it may gain a key, and
//! never loses or renames one.

use serde::{Deserialize, Serialize};

use crate::model::audit::AuditEvent;
use crate::model::id::TokenId;

/// A line of the file.
#[derive(Serialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry<T> {
    Intent {
        #[serde(flatten)]
        event: Box<AuditEvent>,
        /// The store; none in files of before it was recorded.
        #[serde(skip_serializing_if = "Option::is_none")]
        database: Option<String>,
        /// The SHA-256 of the description, where that is a file of the user's.
        #[serde(skip_serializing_if = "Option::is_none")]
        description_sha256: Option<String>,
        /// The row as a list shows it.
        token: T,
    },
    Outcome(Concluded),
}

/// What came of an intent. A run that ended before it could say wrote none.
#[derive(Serialize, Deserialize)]
pub struct Concluded {
    pub created_at: String,
    pub run_id: String,
    pub schema: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    pub target_type: String,
    pub target_id: TokenId,
    pub outcome: Conclusion,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Revoked,
    NotRevoked,
}

/// What every line has, or it is none.
#[derive(Deserialize)]
struct Head {
    entry: Kind,
    #[serde(rename = "schema")]
    _schema: String,
    #[serde(default)]
    database: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Intent,
    Outcome,
}

impl Entry<()> {
    /// Reads a line, without the token's row.
    pub fn read(line: &[u8]) -> serde_json::Result<Self> {
        // The line is read twice. A derived reader would first copy every value of it,
        // which took half as long again.
        let head: Head = serde_json::from_slice(line)?;
        Ok(match head.entry {
            Kind::Intent => {
                let event = serde_json::from_slice(line)?;
                Self::Intent { event, database: head.database, description_sha256: None, token: () }
            }
            Kind::Outcome => Self::Outcome(serde_json::from_slice(line)?),
        })
    }
}
