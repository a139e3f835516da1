-- Adds many personal access tokens, of users 1 to 5000, to GitLab's tables: `psql -v tokens=N`.
-- Names, scopes and dates are as spread as in a database of years; three in ten were never used.
-- The spread is the same in each run: it comes from the number of the row alone.

INSERT INTO users (id, email, encrypted_password, name, projects_limit, username, state, user_type)
SELECT id, 'many' || id || '@example.com', 'password-secret-' || id, 'User ' || id, 100000,
    'user' || id,
    CASE WHEN id % 20 = 0 THEN 'blocked' ELSE 'active' END,
    CASE WHEN id % 10 = 0 THEN 6 WHEN id % 33 = 0 THEN 13 ELSE 0 END
FROM generate_series(1, 5000) AS id
ON CONFLICT (id) DO NOTHING;
SELECT setval('users_id_seq', (SELECT max(id) FROM users));

-- Indexes are made afterwards, and references are known to be right: both take most of the time.
SET session_replication_role = replica;
UPDATE pg_index SET indisready = false WHERE indrelid = 'personal_access_tokens'::regclass;

-- Rows come with growing ids and times, as they do in life. Multiplying by primes shuffles the rest.
INSERT INTO personal_access_tokens
    (user_id, name, revoked, expires_at, created_at, updated_at, scopes, impersonation,
     token_digest, last_used_at)
SELECT
    1 + n * 7919 % 5000,
    (ARRAY['ci', 'deploy', 'backup', 'laptop', 'renovate', 'terraform', 'registry pull',
        'Grafana', 'export für die Buchhaltung', 'test'])[1 + n * 31 % 10] || ' ' || n,
    CASE WHEN n * 13 % 101 < 5 THEN NULL ELSE n * 13 % 101 < 20 END,
    CASE WHEN n * 17 % 103 < 80 THEN created_at::date + (30 + n * 101 % 1000)::integer END,
    created_at,
    created_at,
    (ARRAY[E'---\n- api\n', E'---\n- read_api\n', E'---\n- read_repository\n',
        E'---\n- read_repository\n- write_repository\n', E'---\n- read_registry\n',
        E'---\n- api\n- read_user\n- sudo\n', E'--- []\n'])[1 + n * 11 % 7],
    n % 200 = 0,
    'digest-secret-many-' || to_char(n, 'FM0000000000'),
    CASE WHEN n * 7 % 1009 >= 303 THEN
        least(created_at + n * 211 % 900 * interval '1 day', timestamp '2024-03-15 12:00')
            AT TIME ZONE 'UTC'
    END
FROM generate_series(1::bigint, :tokens) AS n,
    LATERAL (SELECT timestamp '2019-01-01' + n * 1900.0 / :tokens * interval '1 day') AS t (created_at)
ORDER BY n;

REINDEX TABLE personal_access_tokens;
RESET session_replication_role;
ANALYZE users, personal_access_tokens;
