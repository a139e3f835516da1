// Better Auth with its plugin for API keys, in SQLite or PostgreSQL. Makes its tables and its
// users, prints the port that it listens on, and serves until it is killed.
import { createServer } from 'node:http';
import { webcrypto } from 'node:crypto';

// Node.js 18, which is Debian's, keeps it to itself.
globalThis.crypto ??= webcrypto;

const { betterAuth } = await import('better-auth');
const { getMigrations } = await import('better-auth/db/migration');
const { toNodeHandler } = await import('better-auth/node');
const { bearer } = await import('better-auth/plugins');
const { apiKey } = await import('@better-auth/api-key');

async function database() {
    if (process.env.PGHOST) { // node-postgres reads where and who from the environment
        const { default: pg } = await import('pg');
        return new pg.Pool();
    }
    // Has the interface of better-sqlite3, and is not compiled when it is installed.
    const { default: Database } = await import('libsql');
    const { SqliteDialect } = await import('kysely');
    const opened = new Database('better-auth.sqlite3', { timeout: 30000 });
    return { dialect: new SqliteDialect({ database: opened }), type: 'sqlite' };
}

const auth = betterAuth({
    database: await database(),
    secret: 'of the tests, and as long as it has to be',
    baseURL: 'http://127.0.0.1',
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // A session without cookies makes keys; of its own accord a key may be used ten times a day.
    plugins: [bearer(), apiKey({ rateLimit: { enabled: false } })],
});
await (await getMigrations(auth.options)).runMigrations();
for (const name of ['root', 'olive', 'sam']) {
    const body = { name, email: `${name}@example.org`, password: `password of ${name}` };
    await auth.api.signUpEmail({ body });
}

const handler = toNodeHandler(auth);
const server = createServer(async (request, response) => {
    if (request.url !== '/whoami') return handler(request, response);
    // Answers who presents a key: 200, or 401 where it is none.
    const key = request.headers['x-api-key'] ?? '';
    const verified = await auth.api.verifyApiKey({ body: { key } });
    response.writeHead(verified.valid ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ user: verified.key?.referenceId, error: verified.error?.code }));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
