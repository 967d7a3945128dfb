/**
 * A process that dies while it tells others. It goes on with what the one before it
 * left, is told what to do by its arguments, and answers in lines of JSON.
 */
import { writeSync } from 'node:fs';
import { createProvisor } from '../../../src/app.ts';
import type { Config } from '../../../src/config.ts';
import type { AtDeliveryPoint } from '../../../src/deliveries/deliveries.ts';
import type { Caller } from '../../../src/kit/caller.ts';
import { serve } from '../../../src/serve.ts';
import { quiet } from '../../support/app.ts';
import { die, victimConfig } from '../../support/victim.ts';

export interface DeliveryOrder {
  dataDir: string;
  databaseUrl: string;
  /** Where the webhook leads. */
  url: string;
  /** Die when this many points have been passed; null to pass them all. */
  dieAt: number | null;
}

export interface DeliveryTold {
  /** The point at which this process dies now. */
  dying?: string;
  /** The points that were passed by a process that ended in order. */
  passed?: string[];
}

/** What becomes of one service, in this order. */
export const deliveryEvents = ['support.created', 'support.suspended', 'support.unsuspended'];

const tell = (told: DeliveryTold) => writeSync(1, `${JSON.stringify(told)}\n`);

/** Writes down what is to be told, without telling anybody; once. */
const prepare = async (config: Config, url: string): Promise<void> => {
  const provisor = await createProvisor(config, quiet);
  await provisor.migrate();
  if ((await provisor.panels.list()).length === 0) {
    const panel = await provisor.panels.create('faults');
    const caller: Caller = { panelId: panel.id, actor: 'faults', requestId: null };
    await provisor.webhooks.create(caller, { url });
    const person = { customerId: null, email: 'a@example.com', firstname: '', lastname: '' };
    await provisor.support.create(caller, 'svc', person);
    await provisor.support.suspend(caller, { serviceId: 'svc' });
    await provisor.support.unsuspend(caller, { serviceId: 'svc' });
  }
  await provisor.close();
};

const run = async (order: DeliveryOrder): Promise<void> => {
  const passed: string[] = [];
  const at: AtDeliveryPoint = async (point) => {
    passed.push(point);
    if (passed.length - 1 !== order.dieAt) return;
    tell({ dying: point });
    die();
  };
  const config = victimConfig(order, {
    PROVISOR_WEBHOOK_HTTP: 'on',
    PROVISOR_WEBHOOK_ALLOW: '127.0.0.1',
  });
  await prepare(config, order.url);
  const serving = await serve(config, quiet, {
    deliveries: { at, timing: { pollMs: 20, sendMs: 400, leaseMs: 1_000 } },
  });
  const { provisor } = serving;
  const left = async (): Promise<number> => {
    const { knex } = provisor.db;
    const [events, pending, lanes] = await Promise.all([
      knex('outbox').whereNull('sent_at'),
      knex('deliveries').where({ state: 'pending' }),
      knex('delivery_lanes').whereNotNull('due_at'),
    ]);
    return events.length + pending.length + lanes.length;
  };
  while ((await left()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  tell({ passed });
  await serving.stop();
  process.exit(0);
};

if (import.meta.main) await run(JSON.parse(process.argv[2] ?? '{}') as DeliveryOrder);
