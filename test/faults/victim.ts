/**
 * A process that dies at a given point. It goes on with what the one before it
 * left, holds the world against the rows, and then begins its own scenario. It is
 * told what to do by its arguments and answers in lines of JSON.
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { createProvisor, type Provisor } from '../../src/app.ts';
import type { Caller } from '../../src/kit/caller.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import type { AtPoint } from '../../src/operations/crash-points.ts';
import { quiet } from '../support/app.ts';
import { breakable } from '../support/breakable.ts';
import { startDns } from '../support/dns-server.ts';
import { noRateLimits } from '../support/rate-limits.ts';
import { die, victimConfig } from '../support/victim.ts';
import { findFaults } from '../support/world.ts';
import { allEnded, domainsParent, prepare, scenarios } from './scenarios.ts';

export interface Order {
  dataDir: string;
  databaseUrl: string;
  /** What to begin once the world is checked; null to end then. */
  scenario: string | null;
  /** Die when this many points have been passed; null to pass them all and tell their names. */
  dieAt: number | null;
}

export interface Told {
  /** What is wrong with the world that the process before left behind, once this one has gone on with it. */
  faults?: string[];
  /** The point at which this process dies now. */
  dying?: string;
  /** The points that were passed, when none was to be died at. */
  passed?: string[];
}

const tell = (told: Told) => writeSync(1, `${JSON.stringify(told)}\n`);

/** As `serve` does it, but for the API: nobody calls here, and to get it ready takes longer than all else. */
const takeUpWork = async ({ config, migrate, adapters, operations }: Provisor): Promise<void> => {
  await migrate();
  for (const adapter of adapters) await adapter.open?.();
  // Nothing of a dead process is under way in adapters that lived in it.
  if (config.embedded) await operations.takeOver(0);
  operations.start();
};

const run = async (order: Order): Promise<void> => {
  const scenario = order.scenario === null ? null : scenarios[order.scenario]!;
  let armed = false;
  const held = Promise.withResolvers<void>();
  let failures = 0;
  const passed: string[] = [];
  const at: AtPoint = (point, of) => {
    if (!armed) return;
    passed.push(`${of.kind} ${of.step ?? '-'} ${of.direction} ${point}`);
    if (passed.length - 1 !== order.dieAt) return;
    tell({ dying: passed.at(-1)! });
    die();
  };
  const dns = await startDns();
  dns.set(`*.${domainsParent}`, 'A', '127.0.0.1');
  const config = victimConfig(order, {
    ...noRateLimits,
    PROVISOR_RESOLVERS: dns.server,
    PROVISOR_DOMAIN_OWNERSHIP: 'never',
    PROVISOR_PRIVATE_IPS: '10.0.0.1-10.0.255.254',
  });
  const provisor = await createProvisor(config, quiet, {
    at,
    timing: { leaseMs: 600, beatMs: 150, graceMs: 300, marginMs: 50, pollMs: 20, backoffMs: { first: 50, last: 100 } },
    adapters: (configured) => {
      const compute = breakable(configured.compute);
      if (scenario?.held) {
        compute.before(scenario.held, async (signal) => {
          if (!armed || !signal) return;
          held.resolve();
          if (!signal.aborted) await once(signal, 'abort');
        });
      }
      const failing = scenario?.failing;
      if (failing) {
        compute.before(failing.call, async () => {
          // Once: what takes it back may be the same call.
          if (armed && failures++ === 0) throw failing.error();
        });
      }
      const dns = breakable(configured.dns);
      const refusing = scenario?.refusing;
      if (refusing) {
        let calls = 0;
        dns.before(refusing.call, async () => {
          if (armed && calls++ === refusing.after)
            throw new ProviderError('dns/local', 'invalid', 'refused by the test');
        });
      }
      return { ...configured, compute: compute.adapter, dns: dns.adapter };
    },
  });
  await takeUpWork(provisor);
  const panel =
    (await provisor.panels.list()).find((each) => each.name === 'faults') ?? (await provisor.panels.create('faults'));
  const caller: Caller = { panelId: panel.id, actor: 'faults', requestId: null };

  // Nothing begins by itself while the world is held against the rows: nobody watches domains here.
  await allEnded(provisor, caller);
  tell({ faults: await findFaults(provisor) });
  if (scenario) {
    const serviceId = await prepare(provisor, caller, scenario);
    armed = true;
    await scenario.act(provisor, caller, serviceId, held.promise);
    await allEnded(provisor, caller);
    tell({ passed });
  }
  await provisor.operations.drain(10_000);
  for (const adapter of provisor.adapters) await adapter.close?.();
  await provisor.close();
  process.exit(0);
};

if (import.meta.main) await run(JSON.parse(process.argv[2] ?? '{}') as Order);
