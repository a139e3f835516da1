//! The form of the lines. Files of years ago are read with it: it may gain a key, and
//! never loses or renames one.

use serde::{Deserialize, Serialize};

use crate::model::audit::AuditEvent;
use crate::model::id::TokenId;

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry<T> {
    Intent {
        #[serde(flatten)]
        event: AuditEvent,
        /// The row as a list shows it.
        token: T,
    },
    Outcome {
        created_at: String,
        run_id: String,
        schema: String,
        target_type: String,
        target_id: TokenId,
        outcome: Conclusion,
    },
}

/// What came of an intent. A run that ended before it could say wrote none.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Revoked,
    NotRevoked,
}
