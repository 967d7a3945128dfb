/**
 * A process that dies while it sends e-mail about a site that it made. It goes on
 * with what the one before it left, and answers in lines of JSON.
 */
import { writeSync } from 'node:fs';
import type { AtDeliveryPoint, deliveryPoints } from '../../../src/deliveries/deliveries.ts';
import type { Caller } from '../../../src/kit/caller.ts';
import { serve } from '../../../src/serve.ts';
import { quiet } from '../../support/app.ts';
import { die, victimConfig } from '../../support/victim.ts';

export interface MailOrder {
  dataDir: string;
  databaseUrl: string;
  smtpPort: number;
  /** Where to die, the first time that it is passed; null to live. */
  dieAt: (typeof deliveryPoints)[number] | null;
}

const run = async (order: MailOrder): Promise<void> => {
  const at: AtDeliveryPoint = (point) => {
    if (point !== order.dieAt) return;
    writeSync(1, `${JSON.stringify({ dying: point })}\n`);
    die();
  };
  const config = victimConfig(order, {
    PROVISOR_SMTP_URL: `smtp://127.0.0.1:${order.smtpPort}`,
    PROVISOR_MAIL_FROM: 'post@example.net',
    PROVISOR_MAIL_CUSTOMERS: 'on',
  });
  const serving = await serve(config, quiet, {
    deliveries: { at, timing: { pollMs: 20, sendMs: 20_000, leaseMs: 30_000 } },
  });
  const { db, panels, sites } = serving.provisor;
  if ((await db.knex('services')).length === 0) {
    const panel = (await panels.list())[0] ?? (await panels.create('faults'));
    const caller: Caller = { panelId: panel.id, actor: 'faults', requestId: null };
    await sites.create(caller, { service_id: 'svc', email: 'ana@example.com', plan: 'basic' });
  }
  const isOver = async (): Promise<boolean> => {
    const [told, pending, lanes] = await Promise.all([
      db.knex('deliveries').where({ channel: 'mail' }),
      db.knex('deliveries').where({ state: 'pending' }),
      db.knex('delivery_lanes').whereNotNull('due_at'),
    ]);
    return told.length > 0 && pending.length === 0 && lanes.length === 0;
  };
  while (!(await isOver())) await new Promise((resolve) => setTimeout(resolve, 20));
  await serving.stop();
  process.exit(0);
};

if (import.meta.main) await run(JSON.parse(process.argv[2] ?? '{}') as MailOrder);
