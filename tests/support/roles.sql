-- The least rights that tokenctl needs in GitLab's database. Without an owner's or a superuser's
-- rights, PostgreSQL itself keeps it from every digest, password and encrypted value.
-- In versions before 17.9 leave out write_virtual_registry, before 17.7 the tokens' description,
-- before 17.3 read_virtual_registry.

CREATE ROLE tokenctl_read LOGIN;
CREATE ROLE tokenctl_revoke LOGIN;

-- To list and show
GRANT SELECT (id, user_id, name, description, scopes, impersonation, revoked, created_at,
    last_used_at, expires_at) ON personal_access_tokens TO tokenctl_read;
GRANT SELECT (id, name, username, revoked, created_at, expires_at,
    read_repository, read_registry, write_registry, read_package_registry, write_package_registry,
    read_virtual_registry, write_virtual_registry) ON deploy_tokens TO tokenctl_read;
GRANT SELECT (project_id, deploy_token_id) ON project_deploy_tokens TO tokenctl_read;
GRANT SELECT (group_id, deploy_token_id) ON group_deploy_tokens TO tokenctl_read;
GRANT SELECT (id, username, admin, state, user_type) ON users TO tokenctl_read;
GRANT SELECT (id, namespace_id) ON projects TO tokenctl_read;
GRANT SELECT (id, type, traversal_ids) ON namespaces TO tokenctl_read;
GRANT SELECT (source_id, source_type, path) ON routes TO tokenctl_read;
GRANT SELECT (user_id, source_id, source_type, access_level, requested_at, expires_at, state)
    ON members TO tokenctl_read;
-- In versions from 18.4 also granular, from 19.2 also sudo:
-- GRANT SELECT (granular, sudo) ON personal_access_tokens TO tokenctl_read;

-- To revoke as well
GRANT tokenctl_read TO tokenctl_revoke;
GRANT UPDATE (revoked, updated_at) ON personal_access_tokens TO tokenctl_revoke;
GRANT UPDATE (revoked) ON deploy_tokens TO tokenctl_revoke;
