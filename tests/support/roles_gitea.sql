-- The least rights that tokenctl needs in Gitea's or Forgejo's database.

CREATE ROLE tokenctl_read LOGIN;
CREATE ROLE tokenctl_revoke LOGIN;

-- To list and show
GRANT SELECT (id, uid, name, scope, created_unix, updated_unix) ON access_token TO tokenctl_read;
GRANT SELECT (id, name, lower_name, is_admin, is_active, prohibit_login, type) ON "user"
    TO tokenctl_read;

-- To revoke as well
GRANT tokenctl_read TO tokenctl_revoke;
GRANT DELETE ON access_token TO tokenctl_revoke;
