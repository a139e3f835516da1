-- What Forgejo has besides gitea_fixture.sql, on both engines: tokens that are limited
-- to repositories.

INSERT INTO repository (id, owner_id, owner_name, lower_name, name, is_private) VALUES
    (1, 2, 'olive', 'app', 'app', true),
    (2, 7, 'Acme', 'lib', 'Lib', false);

UPDATE access_token SET resource_all_repos = false WHERE id IN (2, 8);

INSERT INTO access_token_resource_repo (id, token_id, repo_id, created_unix) VALUES
    (1, 2, 1, 1685577600),
    (2, 2, 2, 1685577600),
    (3, 8, 2, 1710460800);
