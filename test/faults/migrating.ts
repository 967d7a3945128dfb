/** A process that sets the database up, and can die right after a chosen table was made and before that was written down. */
import { connectDatabase } from '../../src/database/connect.ts';
import { migrate } from '../../src/database/migrate.ts';
import { quiet } from '../support/app.ts';

const [url = '', dieAfter = ''] = process.argv.slice(2);
const db = connectDatabase({ url, log: quiet });
if (dieAfter) {
  db.knex.on('query-response', (_response: unknown, query: { sql: string }) => {
    if (query.sql.startsWith(`create table \`${dieAfter}\``)) process.kill(process.pid, 'SIGKILL');
  });
}
// Short, because the next process has to wait for the lease of the one that died.
await migrate(db, { directory: new URL('../../migrations/', import.meta.url), log: quiet, leaseMs: 300 });
await db.close();
