/** One replica of many: `node migrate-process.ts <url> <directory>` migrates and prints what it applied. */
import type { Log } from '../../kit/log.ts';
import { connectDatabase } from '../connect.ts';
import { migrate } from '../migrate.ts';

const [url = '', directory = ''] = process.argv.slice(2);
const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const db = connectDatabase({ url, log });
const { applied } = await migrate(db, { directory, log });
await db.close();
process.stdout.write(JSON.stringify(applied));
