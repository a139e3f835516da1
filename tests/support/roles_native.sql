-- The least rights on a native store, for whoever did not make it: one role lists, one revokes
-- as well, and one is for the application. The owner of the schema needs none of them, and is
-- who copies the store.

CREATE ROLE tokenctl_read LOGIN;
CREATE ROLE tokenctl_revoke LOGIN;
CREATE ROLE tokenctl_application LOGIN;
SET search_path = tokenctl;

-- To list and show
GRANT USAGE ON SCHEMA tokenctl TO tokenctl_read;
GRANT SELECT (version) ON tokenctl_schema TO tokenctl_read;
GRANT SELECT (id, username, admin, state, user_type) ON users TO tokenctl_read;
GRANT SELECT (id, full_path, parent_id) ON groups TO tokenctl_read;
GRANT SELECT (id, full_path, group_id) ON projects TO tokenctl_read;
GRANT SELECT (user_id, group_id, project_id, access_level) ON members TO tokenctl_read;
GRANT SELECT (id, user_id, name, description, scopes, impersonation, revoked, created_at,
    last_used_at, expires_at) ON personal_access_tokens TO tokenctl_read;
GRANT SELECT (id, name, username, scopes, revoked, created_at, expires_at, project_id, group_id)
    ON deploy_tokens TO tokenctl_read;
GRANT SELECT (id, created_at, run_id, action, actor, actor_id, os_user, target_type, target_id,
    target_name, target_user_id, target_username, reason) ON audit_events TO tokenctl_read;

-- To revoke as well
GRANT tokenctl_read TO tokenctl_revoke;
GRANT UPDATE (revoked, updated_at) ON personal_access_tokens TO tokenctl_revoke;
GRANT UPDATE (revoked) ON deploy_tokens TO tokenctl_revoke;
GRANT INSERT (created_at, run_id, action, actor, actor_id, os_user, target_type, reason,
    target_id, target_name, target_user_id, target_username) ON audit_events TO tokenctl_revoke;

-- For the application, which may do all but change what was revoked
GRANT USAGE ON SCHEMA tokenctl TO tokenctl_application;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, groups, projects, members, personal_access_tokens,
    deploy_tokens TO tokenctl_application;
GRANT SELECT, INSERT ON audit_events TO tokenctl_application;
