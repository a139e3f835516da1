-- In Forgejo's database besides, to revoke: the repositories that a token is limited to.
GRANT SELECT (token_id), DELETE ON access_token_resource_repo TO tokenctl_revoke;
