-- The least rights that tokenctl needs in JupyterHub's database. Old versions have no
-- group_role_map: leave it out there.

CREATE ROLE tokenctl_read LOGIN;
CREATE ROLE tokenctl_revoke LOGIN;

-- To list and show
GRANT SELECT (id, user_id, service_id, note, scopes, client_id, session_id, created, expires_at,
    last_activity) ON api_tokens TO tokenctl_read;
GRANT SELECT (id, name, admin) ON users TO tokenctl_read;
GRANT SELECT (id, name) ON services, roles TO tokenctl_read;
GRANT SELECT (user_id, role_id) ON user_role_map TO tokenctl_read;
GRANT SELECT (role_id, group_id) ON group_role_map TO tokenctl_read;
GRANT SELECT (user_id, group_id) ON user_group_map TO tokenctl_read;
GRANT SELECT (identifier, description) ON oauth_clients TO tokenctl_read;

-- To revoke as well
GRANT tokenctl_read TO tokenctl_revoke;
GRANT DELETE ON api_tokens TO tokenctl_revoke;
