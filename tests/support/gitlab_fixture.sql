-- The organisation of fixture.sql in GitLab's tables: the same ids, and the same meaning but where
-- GitLab has another notion, and then a comment says so. The tests' "now" is 2024-03-15T12:00:00Z.
--
-- It also holds forms that GitLab databases really hold: a NULL for false, a NULL for a human,
-- scopes as symbols, microseconds (cut off in output; none crosses a bound that a test asks for).
-- Every column that may not be read holds a text with `-secret-` in it.

INSERT INTO users
    (id, email, encrypted_password, feed_token, created_at, updated_at, name, admin,
     projects_limit, username, state, user_type)
SELECT id, 'u' || id || '@example.com', 'password-secret-' || id, 'feed-secret-' || id,
    '2020-01-01', '2020-01-01', name, admin, 100000, username, state, user_type
FROM (VALUES
    (1, 'root', 'Administrator', true, 'active', 0),
    (2, 'olive', 'Olive Owner', false, 'active', 0),
    (3, 'sam', 'Sam Stranger', false, 'active', NULL),  -- as before 16.0: a human
    (4, 'Blake', 'Blocked', false, 'blocked', 0),
    (5, 'bo', 'Banned admin', true, 'banned', 0),
    (6, 'dee', 'Deactivated', false, 'deactivated', NULL),
    (7, 'project_1_bot', '', false, 'active', 6),
    (8, 'svc-backup', '', false, 'active', 13),
    (9, '2', 'Two', false, 'active', 0),
    -- More than fixture.sql has: states and kinds that only GitLab knows.
    (10, 'ghost', 'Ghost User', false, 'active', 5),
    (11, 'lena', 'Blocked by LDAP, an admin', true, 'ldap_blocked', 0),
    (12, 'penny', 'Not approved yet', true, 'blocked_pending_approval', 0),
    (13, 'alert-bot', 'GitLab Alert Bot', false, 'active', 2)
) AS u (id, username, name, admin, state, user_type);

-- Groups have the ids of fixture.sql. GitLab keeps in the same table a namespace for each user,
-- here 100 + the user's id, and one for each project, here 200 + the project's id.
INSERT INTO namespaces
    (id, name, path, owner_id, created_at, updated_at, type, parent_id, runners_token_encrypted,
     traversal_ids)
SELECT id, path, path, owner_id, '2020-01-01', '2020-01-01', type, parent_id,
    'runners-secret-' || id, traversal_ids
FROM (VALUES
    (1, 'top', NULL, 'Group', NULL, '{1}'::bigint[]),
    (2, 'sub', NULL, 'Group', 1, '{1,2}'),
    (3, 'deep', NULL, 'Group', 2, '{1,2,3}'),
    (4, 'other', NULL, 'Group', NULL, '{4}'),
    (101, 'root', 1, 'User', NULL, '{101}'),
    (102, 'olive', 2, 'User', NULL, '{102}'),
    (103, 'sam', 3, 'User', NULL, '{103}'),
    (201, 'app', NULL, 'Project', 1, '{1,201}'),
    (202, 'lib', NULL, 'Project', 3, '{1,2,3,202}'),
    (203, 'lonely', NULL, 'Project', 103, '{103,203}'),
    (204, 'x', NULL, 'Project', 4, '{4,204}')
) AS n (id, path, owner_id, type, parent_id, traversal_ids);

INSERT INTO projects
    (id, name, path, created_at, updated_at, creator_id, namespace_id, runners_token_encrypted,
     project_namespace_id) VALUES
    (1, 'app', 'app', '2020-01-01', '2020-01-01', 2, 1, 'runners-secret-p1', 201),
    (2, 'lib', 'lib', '2020-01-01', '2020-01-01', 2, 3, 'runners-secret-p2', 202),
    (3, 'lonely', 'lonely', '2020-01-01', '2020-01-01', 3, 103, 'runners-secret-p3', 203),
    (4, 'x', 'x', '2020-01-01', '2020-01-01', 2, 4, 'runners-secret-p4', 204);

-- A project's route has the project for its source, though it names its namespace too.
INSERT INTO routes (source_type, source_id, path, name, namespace_id) VALUES
    ('Namespace', 1, 'top', 'top', 1),
    ('Namespace', 2, 'top/sub', 'top / sub', 2),
    ('Namespace', 3, 'top/sub/deep', 'top / sub / deep', 3),
    ('Namespace', 4, 'other', 'other', 4),
    ('Namespace', 101, 'root', 'Administrator', 101),
    ('Namespace', 102, 'olive', 'Olive Owner', 102),
    ('Namespace', 103, 'sam', 'Sam Stranger', 103),
    ('Project', 1, 'top/app', 'top / app', 201),
    ('Project', 2, 'top/sub/deep/lib', 'top / sub / deep / lib', 202),
    ('Project', 3, 'sam/lonely', 'Sam Stranger / lonely', 203),
    ('Project', 4, 'other/x', 'other / x', 204);

INSERT INTO members
    (id, user_id, source_type, source_id, access_level, type, notification_level, requested_at,
     expires_at, state, invite_email, invite_token, member_namespace_id) VALUES
    -- olive: Maintainer of top and of all below it, which a lower level below does not lessen,
    -- and Owner of other
    (1, 2, 'Namespace', 1, 40, 'GroupMember', 3, NULL, NULL, 0, NULL, NULL, 1),
    (2, 2, 'Namespace', 3, 10, 'GroupMember', 3, NULL, NULL, 0, NULL, NULL, 3),
    (3, 2, 'Namespace', 4, 50, 'GroupMember', 3, NULL, '9999-12-31', 0, NULL, NULL, 4),
    -- sam: Developer only, and Maintainer of an own project
    (4, 3, 'Project', 1, 30, 'ProjectMember', 3, NULL, NULL, 0, NULL, NULL, 201),
    (5, 3, 'Project', 3, 40, 'ProjectMember', 3, NULL, NULL, 0, NULL, NULL, 203),
    -- More than fixture.sql has: rows that are no memberships, or not yet, or no longer, and so
    -- leave everybody the levels they have there. A request:
    (6, 3, 'Namespace', 4, 50, 'GroupMember', 3, '2024-03-01', NULL, 0, NULL, NULL, 4),
    -- expired; the one above will be in the year 9999 (a membership ends by the real clock):
    (7, 3, 'Namespace', 1, 50, 'GroupMember', 3, NULL, '2024-03-15', 0, NULL, NULL, 1),
    (8, 3, 'Project', 4, 50, 'ProjectMember', 3, NULL, '2023-01-01', 0, NULL, NULL, 204),
    -- awaiting a seat:
    (9, 3, 'Namespace', 3, 50, 'GroupMember', 3, NULL, NULL, 1, NULL, NULL, 3),
    -- invited by e-mail, no user as yet:
    (10, NULL, 'Namespace', 1, 50, 'GroupMember', 3, NULL, NULL, 0, 'new@example.com',
     'invite-secret-10', 1),
    -- and levels that only GitLab has, both below Guest and Reporter: Minimal and Planner.
    (11, 9, 'Namespace', 1, 5, 'GroupMember', 3, NULL, NULL, 0, NULL, NULL, 1),
    (12, 9, 'Project', 1, 15, 'ProjectMember', 3, NULL, NULL, 0, NULL, NULL, 201);

INSERT INTO personal_access_tokens
    (id, user_id, name, description, scopes, token_digest, impersonation, revoked,
     created_at, updated_at, last_used_at, expires_at) VALUES
    -- olive's: active, of every age
    (1, 2, 'laptop', 'Dell', E'---\n- api\n', 'digest-secret-1', false, false,
     '2024-01-10 08:00:00.000417', '2024-01-10 08:00:00.000417',
     '2024-03-15 11:59:59.999731+00', NULL),
    (2, 2, 'ci deploy', NULL, E'---\n- read_api\n- read_user\n', 'digest-secret-2', false, NULL,
     '2023-06-01 00:00:00', '2023-06-01 00:00:00', '2023-09-30 23:59:59.999+00', '2024-03-16'),
    -- No scope stored means api.
    (3, 2, 'CI Backup', '', E'--- []\n', 'digest-secret-3', false, false,
     '2023-01-01 00:00:00', '2023-01-01 00:00:00', NULL, '2025-01-01'),
    -- olive's: expired today, expired yesterday, revoked, both
    (4, 2, 'expires today', NULL, E'---\n- api\n- sudo\n', 'digest-secret-4', false, false,
     '2023-03-15 12:00:00', '2023-03-15 12:00:00', '2024-03-14 12:00:00+00', '2024-03-15'),
    (5, 2, 'expired yesterday', NULL, E'---\n- api\n', 'digest-secret-5', false, NULL,
     '2023-03-14 00:00:00', '2023-03-14 00:00:00', NULL, '2024-03-14'),
    (6, 2, 'revoked', NULL, E'---\n- api\n', 'digest-secret-6', false, true,
     '2023-12-15 12:00:00.000999', '2024-01-01 00:00:00', '2023-12-31 00:00:00+00', NULL),
    (7, 2, 'revoked and expired', NULL, E'---\n- read_user\n', 'digest-secret-7', false, true,
     '2022-01-01 00:00:00', '2022-01-02 00:00:00', NULL, '2022-02-01'),
    -- an impersonation token of olive's
    (8, 2, 'made by root', NULL, E'---\n- api\n', 'digest-secret-8', true, false,
     '2024-02-01 00:00:00', '2024-02-01 00:00:00', NULL, NULL),
    -- sam's
    (9, 3, '100%_sure', 'percent and underscore', E'---\n- api\n', 'digest-secret-9', false, false,
     '2024-03-14 23:59:59.999', '2024-03-14 23:59:59.999', NULL, '2024-03-22'),
    (10, 3, 'laptop', NULL, E'---\n- read_repository\n', 'digest-secret-10', false, NULL,
     '2024-03-15 00:00:00', '2024-03-15 00:00:00', '2024-03-15 00:00:00+00', '2024-04-14'),
    -- of owners who may not act themselves
    (11, 4, 'of a blocked user', NULL, E'---\n- api\n', 'digest-secret-11', false, false,
     '2023-12-16 12:00:00', '2023-12-16 12:00:00', NULL, NULL),
    (12, 6, 'of a deactivated user', NULL, E'---\n- api\n', 'digest-secret-12', false, false,
     '2023-12-16 11:59:59.999', '2023-12-16 11:59:59.999', '2023-12-16 12:00:00+00', '9999-12-31'),
    -- bots
    (13, 7, 'project token', NULL, E'---\n- read_registry\n- write_registry\n',
     'digest-secret-13', false, false,
     '2023-11-01 00:00:00', '2023-11-01 00:00:00', '2023-12-16 11:59:59.999001+00',
     '2024-03-17'),
    (14, 8, 'nightly BACKUP', NULL, E'---\n- api\n', 'digest-secret-14', false, false,
     '2023-11-01 00:00:00', '2023-11-01 00:00:00', '2024-03-15 12:00:00+00', '2024-03-20'),
    -- root's
    (15, 1, 'für den Drucker', NULL, E'---\n- admin_mode\n- api\n', 'digest-secret-15', false, false,
     '2024-03-15 12:00:00', '2024-03-15 12:00:00', NULL, NULL),
    -- Old rows hold symbols, and no digest where the migration that made them left one out.
    (16, 9, 'ΚΑΦΕΣ K', NULL, E'---\n- :api\n', NULL, false, false,
     '2020-02-29 00:00:00', '2020-02-29 00:00:00', '2021-01-01 00:00:00+00', NULL),
    -- More than fixture.sql has: tokens of owners that are internal, and so of no --user-type,
    (17, 10, 'of a deleted user', NULL, E'---\n- read_user\n', 'digest-secret-17', false, true,
     '2023-05-05 05:05:05', '2023-05-05 05:05:05', NULL, NULL),
    (18, 13, 'of the alert bot', NULL, E'---\n- api\n', 'digest-secret-18', false, false,
     '2023-05-06 00:00:00', '2023-05-06 00:00:00', NULL, '2024-12-31');
-- as GitLab 18.3 fills them, in some rows only
UPDATE personal_access_tokens SET user_type = 6, group_id = 1 WHERE id = 13;

-- GitLab always stores an expiry; the year 3000 means never.
INSERT INTO deploy_tokens
    (id, name, username, read_repository, read_registry, write_registry, read_package_registry,
     token_encrypted, deploy_token_type, revoked, created_at, expires_at, creator_id,
     project_id, group_id) VALUES
    (1, 'app deploy', NULL, true, false, false, false, 'encrypted-secret-d1', 2, false,
     '2024-01-01 00:00:00.000123+00', '3000-01-01 00:00:00+00', 1, 1, NULL),
    (2, 'app registry', 'puller', false, true, true, false, 'encrypted-secret-d2', 2, NULL,
     '2024-02-01 00:00:00+00', '2024-03-15 12:00:00+00', 2, 1, NULL),
    -- The copies of the links are missing in these.
    (3, 'lib deploy', NULL, true, false, false, false, 'encrypted-secret-d3', 2, false,
     '2024-02-02 00:00:00+00', '2024-03-15 12:00:00.001+00', NULL, NULL, NULL),
    (4, 'lonely', NULL, true, false, false, false, 'encrypted-secret-d4', 2, true,
     '2023-02-02 00:00:00+00', '2024-06-01 00:00:00+00', 3, NULL, NULL),
    (5, 'top wide', NULL, true, false, false, true, 'encrypted-secret-d5', 1, false,
     '2024-03-01 00:00:00+00', '2024-04-01 00:00:00+00', 1, NULL, NULL),
    (6, 'deep', NULL, false, false, false, false, 'encrypted-secret-d6', 1, true,
     '2022-03-01 00:00:00+00', '2023-01-01 00:00:00+00', NULL, NULL, 3),
    (7, 'other group', NULL, false, false, true, false, 'encrypted-secret-d7', 1, NULL,
     '2024-03-15 12:00:00+00', '3000-01-01 00:00:00+00', NULL, NULL, 4),
    (8, 'other project', 'x', true, false, false, false, 'encrypted-secret-d8', 2, false,
     '2024-03-10 00:00:00+00', '2024-03-16 00:00:00+00', NULL, 4, NULL),
    -- More than fixture.sql has: one whose project is gone, which leaves the token behind,
    (9, 'of a deleted project', NULL, true, false, false, false, 'encrypted-secret-d9', 2, false,
     '2023-08-01 00:00:00+00', '3000-01-01 00:00:00+00', 3, NULL, NULL),
    -- and one with every scope there is.
    (10, 'everything', NULL, true, true, true, true, 'encrypted-secret-d10', 1, false,
     '2023-09-01 00:00:00+00', '3000-01-01 00:00:00+00', 2, NULL, 2);
UPDATE deploy_tokens
SET write_package_registry = true, read_virtual_registry = true, write_virtual_registry = true
WHERE id = 10;

INSERT INTO project_deploy_tokens (project_id, deploy_token_id, created_at) VALUES
    (1, 1, '2024-01-01 00:00:00+00'),
    (1, 2, '2024-02-01 00:00:00+00'),
    (2, 3, '2024-02-02 00:00:00+00'),
    (3, 4, '2023-02-02 00:00:00+00'),
    (4, 8, '2024-03-10 00:00:00+00');
INSERT INTO group_deploy_tokens (group_id, deploy_token_id, created_at, updated_at) VALUES
    (1, 5, '2024-03-01 00:00:00+00', '2024-03-01 00:00:00+00'),
    (3, 6, '2022-03-01 00:00:00+00', '2022-03-01 00:00:00+00'),
    (4, 7, '2024-03-15 12:00:00+00', '2024-03-15 12:00:00+00'),
    (2, 10, '2023-09-01 00:00:00+00', '2023-09-01 00:00:00+00');

SELECT setval('users_id_seq', 100), setval('namespaces_id_seq', 300),
    setval('projects_id_seq', 100), setval('members_id_seq', 100),
    setval('personal_access_tokens_id_seq', 100), setval('deploy_tokens_id_seq', 100);
