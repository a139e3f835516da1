-- An organisation like that of fixture.sql, as a hub would write it, on both engines.
-- The tests' "now" is 2024-03-15T12:00:00Z. A hub keeps microseconds.

INSERT INTO roles (id, name, description, scopes, managed_by_auth) VALUES
    (1, 'user', 'Standard user privileges', '["self"]', false),
    (2, 'server', 'Post activity only', '["users:activity!user", "access:servers!server"]', false),
    (3, 'token', 'Token with same permissions as its owner', '["inherit"]', false),
    (4, 'admin', 'Elevated privileges (can do anything)', '["admin-ui", "admin:users", "tokens"]', false),
    -- All that an administrator may, without being one.
    (5, 'token-keeper', '', '["tokens", "admin:users"]', false);

INSERT INTO groups (id, name, properties) VALUES
    (1, 'operators', '{}'),
    (2, 'everyone', '{}');

INSERT INTO users (id, name, admin, created, last_activity, cookie_id) VALUES
    (1, 'root', true, '2020-01-01 00:00:00.000000', NULL, 'cookie-secret-1'),
    (2, 'olive', false, '2020-01-01 00:00:00.000000', '2024-03-15 11:59:59.999999', 'cookie-secret-2'),
    (3, 'sam', false, '2020-01-01 00:00:00.000000', NULL, 'cookie-secret-3'),
    -- Administrators by the role, and by the role of a group.
    (4, 'ada', false, '2020-01-01 00:00:00.000000', NULL, 'cookie-secret-4'),
    (5, 'gus', false, '2020-01-01 00:00:00.000000', NULL, 'cookie-secret-5'),
    -- Names are as the hub's authenticator gives them.
    (6, 'Blake', false, '2020-01-01 00:00:00.000000', NULL, 'cookie-secret-6'),
    (7, 'ünal', false, '2020-01-01 00:00:00.000000', NULL, 'cookie-secret-7'),
    (8, 'o''neil@example.org', false, '2020-01-01 00:00:00.000000', NULL, 'cookie-secret-8'),
    -- A username of digits: the reference 2 is still the id.
    (9, '2', false, '2020-01-01 00:00:00.000000', NULL, 'cookie-secret-9'),
    -- From a time before these columns.
    (10, 'kim', NULL, NULL, NULL, 'cookie-secret-10');

INSERT INTO user_role_map (user_id, role_id, managed_by_auth) VALUES
    (1, 1, false), (1, 4, false),
    (2, 1, false), (2, 5, false),
    (3, 1, false),
    (4, 1, false), (4, 4, false),
    (5, 1, false),
    (6, 1, false), (7, 1, false), (8, 1, false), (9, 1, false), (10, 1, false);

INSERT INTO user_group_map (user_id, group_id) VALUES (5, 1), (2, 2), (3, 2);

INSERT INTO group_role_map (group_id, role_id, managed_by_auth) VALUES
    (1, 4, false), (2, 5, false);

INSERT INTO oauth_clients (id, identifier, description, secret, redirect_uri, allowed_scopes) VALUES
    (1, 'jupyterhub', 'JupyterHub', '', '', '[]'),
    (2, 'jupyterhub-user-olive', 'Server at /user/olive/', 'client-secret-2',
     '/user/olive/oauth_callback', '["access:servers!server=olive/"]'),
    -- Shown by its identifier, as it has no description.
    (3, 'service-forms', '', 'client-secret-3', '/services/forms/oauth_callback', '[]');

INSERT INTO services (id, name, admin, display, oauth_no_confirm, timeout, from_config, oauth_client_id) VALUES
    (1, 'cull', false, true, false, 10, true, NULL),
    -- A service may have the name of a user.
    (2, 'sam', true, true, false, 10, false, 'service-forms');

INSERT INTO service_role_map (service_id, role_id, managed_by_auth) VALUES (2, 4, false);

INSERT INTO api_tokens
    (id, user_id, service_id, hashed, prefix, client_id, session_id, note, scopes,
     created, last_activity, expires_at) VALUES
    -- olive's: of every age
    (1, 2, NULL, 'digest-secret-1', 'pfx-1', 'jupyterhub', NULL, 'laptop', '["inherit"]',
     '2024-01-10 08:00:00.000000', '2024-03-15 11:59:59.999999', NULL),
    (2, 2, NULL, 'digest-secret-2', 'pfx-2', 'jupyterhub', NULL, 'ci deploy', '["read:users", "servers!user"]',
     '2023-06-01 00:00:00.000000', '2023-09-30 23:59:59.999999', '2024-03-16 00:00:00.000000'),
    (3, 2, NULL, 'digest-secret-3', 'pfx-3', 'jupyterhub', NULL, 'CI Backup', '[]',
     '2023-01-01 00:00:00.000000', NULL, '2025-01-01 00:00:00.000000'),
    -- around the present: at it, a microsecond after, a microsecond before, a
    -- millisecond after
    (4, 2, NULL, 'digest-secret-4', 'pfx-4', 'jupyterhub', NULL, 'expires now', '["inherit"]',
     '2023-03-15 12:00:00.000000', '2024-03-14 12:00:00.000000', '2024-03-15 12:00:00.000000'),
    (5, 2, NULL, 'digest-secret-5', 'pfx-5', 'jupyterhub', NULL, 'expires very soon', '["inherit"]',
     '2023-03-14 23:59:59.999999', NULL, '2024-03-15 12:00:00.000001'),
    (6, 2, NULL, 'digest-secret-6', 'pfx-6', 'jupyterhub', NULL, 'just expired', '["inherit"]',
     '2023-12-15 12:00:00.000001', '2023-12-31 00:00:00.000000', '2024-03-15 11:59:59.999999'),
    (7, 2, NULL, 'digest-secret-7', 'pfx-7', 'jupyterhub', NULL, 'expires soon', '["read:users:name!user=olive"]',
     '2022-01-01 00:00:00.000000', NULL, '2024-03-15 12:00:00.001000'),
    -- olive's browser, and her server
    (8, 2, NULL, 'digest-secret-8', 'pfx-8', 'jupyterhub-user-olive', 'session-secret-8', '',
     '["access:servers!server=olive/", "read:users:groups!user=olive"]',
     '2024-03-15 09:00:00.123456', '2024-03-15 11:30:00.654321', '2024-03-29 09:00:00.123456'),
    -- sam's
    (9, 3, NULL, 'digest-secret-9', 'pfx-9', 'jupyterhub', NULL, '100%_sure', '["inherit"]',
     '2024-03-14 23:59:59.999999', NULL, '2024-03-22 00:00:00.000000'),
    (10, 3, NULL, 'digest-secret-10', 'pfx-10', 'jupyterhub', NULL, 'laptop', '["access:servers!user=ol\u00e9"]',
     '2024-03-15 00:00:00.000000', '2024-03-15 00:00:00.000000', '2024-04-14 00:00:00.000000'),
    -- at the bounds of 90 days of no use
    (11, 6, NULL, 'digest-secret-11', 'pfx-11', 'jupyterhub', NULL, 'of Blake', '["inherit"]',
     '2023-12-16 12:00:00.000000', NULL, NULL),
    (12, 4, NULL, 'digest-secret-12', 'pfx-12', 'jupyterhub', NULL, 'of an administrator', '["inherit"]',
     '2023-12-16 11:59:59.999999', '2023-12-16 12:00:00.000000', '9999-12-31 23:59:59.999999'),
    -- of services: no user's
    (13, NULL, 1, 'digest-secret-13', 'pfx-13', 'jupyterhub', NULL, 'from config', '["inherit"]',
     '2023-11-01 00:00:00.000000', '2023-12-16 11:59:59.999999', NULL),
    (14, NULL, 2, 'digest-secret-14', 'pfx-14', 'jupyterhub', NULL, 'nightly BACKUP', '["read:users", "list:groups"]',
     '2023-11-01 00:00:00.000000', '2024-03-15 12:00:00.000000', '2024-03-20 00:00:00.000000'),
    (15, 1, NULL, 'digest-secret-15', 'pfx-15', 'jupyterhub', NULL, 'für den Drucker', '["admin:users", "inherit"]',
     '2024-03-15 12:00:00.000000', NULL, NULL),
    (16, 9, NULL, 'digest-secret-16', 'pfx-16', 'jupyterhub', NULL, 'ΚΑΦΕΣ K', '["inherit"]',
     '2020-02-29 00:00:00.000000', '2021-01-01 00:00:00.000000', NULL),
    (17, 2, NULL, 'digest-secret-17', 'pfx-17', 'jupyterhub', NULL, 'Server at /user/olive/',
     '["access:servers!server=olive/", "users:activity!user=olive"]',
     '2024-03-15 08:59:59.000001', '2024-03-15 11:55:00.000000', NULL),
    -- sam's, given to a service that asked for it
    (18, 3, NULL, 'digest-secret-18', 'pfx-18', 'service-forms', 'session-secret-18', '', '["self"]',
     '2024-02-01 00:00:00.000000', NULL, '2024-02-15 00:00:00.000000'),
    (19, 7, NULL, 'digest-secret-19', 'pfx-19', 'jupyterhub', NULL, 'ÄRGER in Ürümqi', '["inherit"]',
     '2024-03-01 00:00:00.000000', NULL, NULL),
    -- from before there were clients: the hub refuses it, and deletes it when it is used
    (20, 8, NULL, 'digest-secret-20', 'pfx-20', NULL, NULL, 'no client', '["inherit"]',
     '2021-06-01 00:00:00.000000', NULL, NULL);
