-- The organisation that most tests work on, as an application would write it.
-- The tests' "now" is 2024-03-15T12:00:00Z.

INSERT INTO users (id, username, name, admin, state, user_type) VALUES
    (1, 'root', 'Administrator', 1, 'active', 'human'),
    (2, 'olive', 'Olive Owner', 0, 'active', 'human'),
    (3, 'sam', 'Sam Stranger', 0, 'active', 'human'),
    (4, 'Blake', 'Blocked', 0, 'blocked', 'human'),
    (5, 'bo', 'Banned admin', 1, 'banned', 'human'),
    (6, 'dee', 'Deactivated', 0, 'deactivated', 'human'),
    (7, 'project_1_bot', '', 0, 'active', 'project_bot'),
    (8, 'svc-backup', '', 0, 'active', 'service_account'),
    -- A username of digits: the reference 2 is still the id.
    (9, '2', 'Two', 0, 'active', 'human');

INSERT INTO groups (id, full_path, parent_id) VALUES
    (1, 'top', NULL),
    (2, 'top/sub', 1),
    (3, 'top/sub/deep', 2),
    (4, 'other', NULL);

INSERT INTO projects (id, full_path, group_id) VALUES
    (1, 'top/app', 1),
    (2, 'top/sub/deep/lib', 3),
    (3, 'sam/lonely', NULL),
    (4, 'other/x', 4);

INSERT INTO members (user_id, group_id, project_id, access_level) VALUES
    (2, 1, NULL, 40),     -- olive: Maintainer of top and of all below it
    (2, 3, NULL, 10),     -- which a lower level below does not lessen
    (2, 4, NULL, 50),     -- and Owner of other
    (3, NULL, 1, 30),     -- sam: Developer only
    (3, NULL, 3, 40);     -- and Maintainer of an own project

INSERT INTO personal_access_tokens
    (id, user_id, name, description, scopes, token_digest, impersonation, revoked,
     created_at, updated_at, last_used_at, expires_at) VALUES
    -- olive's: active, of every age
    (1, 2, 'laptop', 'Dell', '["api"]', 'digest-secret-1', 0, 0,
     '2024-01-10T08:00:00.000Z', '2024-01-10T08:00:00.000Z', '2024-03-15T11:59:59.999Z', NULL),
    (2, 2, 'ci deploy', NULL, '["read_api","read_user"]', 'digest-secret-2', 0, 0,
     '2023-06-01T00:00:00.000Z', '2023-06-01T00:00:00.000Z', '2023-09-30T23:59:59.999Z', '2024-03-16'),
    (3, 2, 'CI Backup', '', '[]', NULL, 0, 0,
     '2023-01-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z', NULL, '2025-01-01'),
    -- olive's: expired today, expired yesterday, revoked, both
    (4, 2, 'expires today', NULL, '["api","sudo"]', 'digest-secret-4', 0, 0,
     '2023-03-15T12:00:00.000Z', '2023-03-15T12:00:00.000Z', '2024-03-14T12:00:00.000Z', '2024-03-15'),
    (5, 2, 'expired yesterday', NULL, '["api"]', NULL, 0, 0,
     '2023-03-14T00:00:00.000Z', '2023-03-14T00:00:00.000Z', NULL, '2024-03-14'),
    (6, 2, 'revoked', NULL, '["api"]', NULL, 0, 1,
     '2023-12-15T12:00:00.000Z', '2024-01-01T00:00:00.000Z', '2023-12-31T00:00:00.000Z', NULL),
    (7, 2, 'revoked and expired', NULL, '["read_user"]', NULL, 0, 1,
     '2022-01-01T00:00:00.000Z', '2022-01-02T00:00:00.000Z', NULL, '2022-02-01'),
    -- an impersonation token of olive's
    (8, 2, 'made by root', NULL, '["api"]', NULL, 1, 0,
     '2024-02-01T00:00:00.000Z', '2024-02-01T00:00:00.000Z', NULL, NULL),
    -- sam's
    (9, 3, '100%_sure', 'percent and underscore', '["api"]', NULL, 0, 0,
     '2024-03-14T23:59:59.999Z', '2024-03-14T23:59:59.999Z', NULL, '2024-03-22'),
    (10, 3, 'laptop', NULL, '["read_repository"]', NULL, 0, 0,
     '2024-03-15T00:00:00.000Z', '2024-03-15T00:00:00.000Z', '2024-03-15T00:00:00.000Z', '2024-04-14'),
    -- of owners who may not act themselves
    (11, 4, 'of a blocked user', NULL, '["api"]', NULL, 0, 0,
     '2023-12-16T12:00:00.000Z', '2023-12-16T12:00:00.000Z', NULL, NULL),
    (12, 6, 'of a deactivated user', NULL, '["api"]', NULL, 0, 0,
     '2023-12-16T11:59:59.999Z', '2023-12-16T11:59:59.999Z', '2023-12-16T12:00:00.000Z', '9999-12-31'),
    -- bots
    (13, 7, 'project token', NULL, '["read_registry","write_registry"]', NULL, 0, 0,
     '2023-11-01T00:00:00.000Z', '2023-11-01T00:00:00.000Z', '2023-12-16T11:59:59.999Z', '2024-03-17'),
    (14, 8, 'nightly BACKUP', NULL, '["api"]', NULL, 0, 0,
     '2023-11-01T00:00:00.000Z', '2023-11-01T00:00:00.000Z', '2024-03-15T12:00:00.000Z', '2024-03-20'),
    -- root's
    (15, 1, 'für den Drucker', NULL, '["admin_mode","api"]', NULL, 0, 0,
     '2024-03-15T12:00:00.000Z', '2024-03-15T12:00:00.000Z', NULL, NULL),
    (16, 9, 'ΚΑΦΕΣ K', NULL, '["api"]', NULL, 0, 0,
     '2020-02-29T00:00:00.000Z', '2020-02-29T00:00:00.000Z', '2021-01-01T00:00:00.000Z', NULL);

INSERT INTO deploy_tokens
    (id, name, username, scopes, token_digest, revoked, created_at, expires_at, creator_id,
     project_id, group_id) VALUES
    (1, 'app deploy', NULL, '["read_repository"]', 'digest-secret-d1', 0,
     '2024-01-01T00:00:00.000Z', NULL, 1, 1, NULL),
    (2, 'app registry', 'puller', '["read_registry","write_registry"]', NULL, 0,
     '2024-02-01T00:00:00.000Z', '2024-03-15T12:00:00.000Z', 2, 1, NULL),
    (3, 'lib deploy', NULL, '["read_repository"]', NULL, 0,
     '2024-02-02T00:00:00.000Z', '2024-03-15T12:00:00.001Z', NULL, 2, NULL),
    (4, 'lonely', NULL, '["read_repository"]', NULL, 1,
     '2023-02-02T00:00:00.000Z', '2024-06-01T00:00:00.000Z', 3, 3, NULL),
    (5, 'top wide', NULL, '["read_repository","read_package_registry"]', NULL, 0,
     '2024-03-01T00:00:00.000Z', '2024-04-01T00:00:00.000Z', 1, NULL, 1),
    (6, 'deep', NULL, '[]', NULL, 1,
     '2022-03-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z', NULL, NULL, 3),
    (7, 'other group', NULL, '["write_registry"]', NULL, 0,
     '2024-03-15T12:00:00.000Z', NULL, NULL, NULL, 4),
    (8, 'other project', 'x', '["read_repository"]', NULL, 0,
     '2024-03-10T00:00:00.000Z', '2024-03-16T00:00:00.000Z', NULL, 4, NULL);
