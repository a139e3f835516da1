//! JupyterHub's database: SQLite, or PostgreSQL when it is large.
//!
//! Sources: `jupyterhub/orm.py`, and the database of a hub.

use super::{Catalog, Known, Returning, Schema};

pub const KNOWN: Known = Known {
    name: "jupyterhub",
    signature: &[
        ("api_tokens", "prefix last_activity"),
        ("users", ""),
        ("roles", ""),
        ("alembic_version", ""),
    ],
    required: &[("api_tokens", "client_id session_id")],
    optional: &[],
    complete,
    returning: Some(&Returning {
        name: "from config",
        why: "given in the hub's configuration, and will be back when the hub starts again: \
              remove them there too",
    }),
    direct_revoke: &[
        "Deletes the row, as the hub does: there is no flag, and no way",
        "back; revoking the id again finds no token (exit 4). The hub",
        "refuses the token at its next request; a user's server may",
        "take it for up to 300 s more, from its cache. The hub shows",
        "the token until it is restarted, and in SQLite the id of the",
        "newest may be given to a later token: do not revoke it once",
        "more at the hub, and give old lists of ids together with a",
        "filter. A token of the hub's configuration (its name is 'from",
        "config') comes back when the hub starts: remove it there too.",
    ],
};

/// Adds what the file does not say: only tokens of sessions and OAuth clients are described,
/// by the client.
fn complete(schema: &mut Schema, found: &Catalog) {
    schema.personal_access_tokens.optional.description =
        Some(if found.has("oauth_clients", "description") {
            "CASE WHEN t.session_id IS NOT NULL OR t.client_id <> 'jupyterhub' \
             THEN coalesce((SELECT nullif(c.description, '') FROM @oauth_clients c \
             WHERE c.identifier = t.client_id), t.client_id) END"
        } else {
            "CASE WHEN t.session_id IS NOT NULL OR t.client_id <> 'jupyterhub' \
             THEN t.client_id END"
        });
}
