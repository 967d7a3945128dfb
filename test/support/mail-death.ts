/** One process that dies on the way of an e-mail, and another that goes on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MailOrder } from '../faults/deliveries/mail-victim.ts';
import type { TestDatabases } from './databases.ts';
import { type ReceivedMail, startMailServer } from './mail-server.ts';

const program = fileURLToPath(new URL('../faults/deliveries/mail-victim.ts', import.meta.url));

/** Runs one process to its end. Returns whether it died as it was told. */
const live = async (order: MailOrder): Promise<boolean> => {
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [told, wrote] = ['', ''];
  child.stdout.on('data', (chunk) => {
    told += chunk;
  });
  child.stderr.on('data', (chunk) => {
    wrote += chunk;
  });
  const [code, signal] = await once(child, 'close');
  assert.ok(code === 0 || signal === 'SIGKILL', `The process ended with ${code ?? signal}: ${wrote}`);
  assert.equal(told.includes('dying'), signal === 'SIGKILL');
  return signal === 'SIGKILL';
};

/** What a mail server gets of one letter when the process dies there and another one follows. */
export const dieOnTheWay = async (
  database: TestDatabases,
  dieAt: NonNullable<MailOrder['dieAt']>,
): Promise<ReceivedMail[]> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-mail-'));
  const fresh = await database.open({ migrate: false });
  const server = await startMailServer();
  try {
    const order = { dataDir, databaseUrl: fresh.url, smtpPort: server.port };
    assert.equal(await live({ ...order, dieAt }), true, `It did not die at ${dieAt}`);
    // Its lease is over; nobody waits for that here.
    await fresh.db.knex('delivery_lanes').whereNotNull('due_at').update({ due_at: 0 });
    assert.equal(await live({ ...order, dieAt: null }), false);
    return server.received;
  } finally {
    await server.stop();
    await fresh.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
};
