/**
 * Fault 16: a process is killed at every point between the outbox and the answer of a
 * webhook. Every event is told at least once, the first time in order, and as the same
 * event each time.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deliveryPoints } from '../../../src/deliveries/deliveries.ts';
import { databases, type TestDatabases } from '../../support/databases.ts';
import { startWebhookReceiver } from '../../support/webhook-receiver.ts';
import { report } from '../report.ts';
import { type DeliveryOrder, type DeliveryTold, deliveryEvents } from './delivery-victim.ts';

const program = fileURLToPath(new URL('./delivery-victim.ts', import.meta.url));

/** Runs one process to its end. Errors: what it wrote, when it met a fault. */
const live = async (order: DeliveryOrder): Promise<DeliveryTold> => {
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const told: DeliveryTold = {};
  let wrote = '';
  child.stderr.on('data', (chunk) => {
    wrote += chunk;
  });
  createInterface({ input: child.stdout }).on('line', (line) => Object.assign(told, JSON.parse(line)));
  const [code, signal] = await once(child, 'close');
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`The process ended with ${code ?? signal}: ${wrote}`);
  return told;
};

const inWorld = async (
  database: TestDatabases,
  dieAt: number | null,
): Promise<{ dying: string | null; passed: string[] }> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-deliveries-'));
  const fresh = await database.open({ migrate: false });
  const receiver = await startWebhookReceiver();
  try {
    const order = { dataDir, databaseUrl: fresh.url, url: receiver.url };
    const first = await live({ ...order, dieAt });
    const last = dieAt === null || first.passed ? first : await live({ ...order, dieAt: null });
    const { received } = receiver;
    const firstTime = received.filter(({ id }, at) => received.findIndex((other) => other.id === id) === at);
    const where = `after a death at ${first.dying}`;
    assert.deepEqual(
      firstTime.map(({ body }) => body.type),
      deliveryEvents,
      where,
    );
    for (const { id, text } of received) assert.equal(text, firstTime.find((other) => other.id === id)?.text, where);
    assert.ok(received.length <= deliveryEvents.length + 1, `${where} ${received.length} calls came`);
    assert.ok(last.passed, where);
    return { dying: first.dying ?? null, passed: last.passed };
  } finally {
    await receiver.stop();
    await fresh.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
};

for (const database of databases) {
  describe(`fault 16, killed on the way to a webhook, on ${database.name}`, () => {
    it('loses no event, and keeps the order', async () => {
      const { passed } = await inWorld(database, null);
      assert.deepEqual(new Set(passed), new Set(deliveryPoints));
      let deaths = 0;
      for (let dieAt = 0; dieAt < passed.length; dieAt += 1) {
        const { dying } = await inWorld(database, dieAt);
        if (dying) deaths += 1;
      }
      // A run may pass a few points fewer than the one that was counted, e.g. one look at an empty lane.
      assert.ok(deaths >= passed.length - 4, `${deaths} of ${passed.length}`);
      report({ fault: 16, name: 'SIGKILL at every point between the outbox and a webhook', cases: deaths });
    });
  });
}
