-- An organisation like that of fixture.sql, as Gitea and Forgejo would write it, on both
-- engines. The tests' "now" is 2024-03-15T12:00:00Z = 1710504000; times are seconds.

INSERT INTO "user"
    (id, lower_name, name, full_name, email, passwd, type, is_active, is_admin,
     prohibit_login, created_unix, updated_unix, avatar, avatar_email) VALUES
    (1, 'root', 'root', 'Administrator', 'root@example.org', 'passwd-secret-1', 0, true, true,
     false, 1577836800, 1577836800, '', ''),
    (2, 'olive', 'olive', 'Olive Owner', 'olive@example.org', 'passwd-secret-2', 0, true, false,
     false, 1577836800, 1577836800, '', ''),
    (3, 'sam', 'sam', 'Sam Stranger', 'sam@example.org', 'passwd-secret-3', 0, true, false,
     false, 1577836800, 1577836800, '', ''),
    -- Never confirmed an address, may not log in, and an administrator of whom both hold.
    (4, 'ina', 'ina', 'Inactive', 'ina@example.org', 'passwd-secret-4', 0, false, false,
     false, 1577836800, 1577836800, '', ''),
    (5, 'bo', 'bo', 'Prohibited', 'bo@example.org', 'passwd-secret-5', 0, true, false,
     true, 1577836800, 1577836800, '', ''),
    (6, 'dee', 'dee', 'Former administrator', 'dee@example.org', 'passwd-secret-6', 0, false, true,
     true, 1577836800, 1577836800, '', ''),
    -- An organisation is a row of this table, with all the flags of an administrator here.
    (7, 'acme', 'Acme', 'An organisation', '', '', 1, true, true,
     false, 1577836800, 1577836800, '', ''),
    (8, 'build-bot', 'build-bot', '', 'bot@example.org', '', 4, true, false,
     false, 1577836800, 1577836800, '', ''),
    (9, 'blake', 'Blake', 'Mixed case', 'blake@example.org', 'passwd-secret-9', 0, true, false,
     false, 1577836800, 1577836800, '', ''),
    -- A username of digits: the reference 2 is still the id.
    (10, '2', '2', 'Two', 'two@example.org', 'passwd-secret-10', 0, true, false,
     false, 1577836800, 1577836800, '', ''),
    -- A bot that is an administrator, a reserved name, and a user of another server.
    (11, 'root-bot', 'root-bot', '', 'root-bot@example.org', '', 4, true, true,
     false, 1577836800, 1577836800, '', ''),
    (12, 'reserved', 'reserved', '', 'reserved@example.org', '', 2, true, false,
     false, 1577836800, 1577836800, '', ''),
    (13, 'remote', 'remote', '', 'remote@example.org', '', 5, true, false,
     false, 1577836800, 1577836800, '', ''),
    -- From a time when these columns had no value.
    (14, 'kim', 'kim', NULL, 'kim@example.org', 'passwd-secret-14', NULL, NULL, NULL,
     false, NULL, NULL, '', '');

-- Used is what was updated after it was created.
INSERT INTO access_token
    (id, uid, name, token_hash, token_salt, token_last_eight, scope, created_unix, updated_unix) VALUES
    -- olive's: of every age
    (1, 2, 'laptop', 'digest-secret-1', 'salt-secret-1', 'last8-01', 'all',
     1704873600, 1710503999),  -- used a second ago
    (2, 2, 'ci deploy', 'digest-secret-2', 'salt-secret-2', 'last8-02', 'read:user,write:repository',
     1685577600, 1696118399),
    (3, 2, 'CI Backup', 'digest-secret-3', 'salt-secret-3', 'last8-03', '',
     1672531200, 1672531200),  -- never used
    (4, 2, 'used at once', 'digest-secret-4', 'salt-secret-4', 'last8-04', 'write:admin,sudo',
     1678881600, 1678881601),
    (5, 2, 'one scope', 'digest-secret-5', 'salt-secret-5', 'last8-05', 'read:user',
     1678752000, 1678752000),
    -- written with the time of use before that of creation: never used, too
    (6, 2, 'clock went back', 'digest-secret-6', 'salt-secret-6', 'last8-06', 'all',
     1702641600, 1702641599),
    -- sam's
    (7, 3, '100%_sure', 'digest-secret-7', 'salt-secret-7', 'last8-07', 'public-only,read:repository',
     1710460799, 1710460799),
    (8, 3, 'laptop', 'digest-secret-8', 'salt-secret-8', 'last8-08', 'read:repository',
     1710460800, 1710460860),
    -- of owners who may not act themselves; at the bounds of 90 days of no use
    (9, 4, 'of an inactive user', 'digest-secret-9', 'salt-secret-9', 'last8-09', 'all',
     1702728000, 1702728000),
    (10, 5, 'of a prohibited user', 'digest-secret-10', 'salt-secret-10', 'last8-10', 'all',
     1702727999, 1702728000),
    -- bots
    (11, 8, 'project token', 'digest-secret-11', 'salt-secret-11', 'last8-11', 'read:package,write:package',
     1698796800, 1702727999),
    (12, 8, 'nightly BACKUP', 'digest-secret-12', 'salt-secret-12', 'last8-12', 'write:repository',
     1698796800, 1710504000),  -- used right now
    (13, 9, 'of Blake', 'digest-secret-13', 'salt-secret-13', 'last8-13', 'read:organization',
     1709251200, 1709251200),
    -- root's
    (14, 1, 'für den Drucker', 'digest-secret-14', 'salt-secret-14', 'last8-14', 'write:admin',
     1710504000, 1710504000),
    (15, 10, 'ΚΑΦΕΣ K', 'digest-secret-15', 'salt-secret-15', 'last8-15', 'all',
     1582934400, 1609459200),
    -- of nobody: its owner is gone
    (16, 99, 'orphan', 'digest-secret-16', 'salt-secret-16', 'last8-16', 'all',
     1640995200, 1641081600);
