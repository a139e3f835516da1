// An Unleash server in PostgreSQL, which keeps its API tokens in memory for a while. Makes its
// tables and an administrator, prints the port that it listens on, and serves until it is
// killed. Unlike libpq's, its driver is told where and who.
import unleash from 'unleash-server';

const { PGHOST: host, PGUSER: user, PGDATABASE: database } = process.env;
const { server } = await unleash.start({
    db: { host, user, database, password: '', port: 5432, ssl: false },
    server: { port: 0, host: '127.0.0.1' },
    authentication: {
        type: 'open-source',
        initialAdminUser: { username: 'root', password: 'password of root' },
    },
    versionCheck: { enable: false },
    telemetry: false,
});
console.log(server.address().port);
