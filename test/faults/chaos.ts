/** One world with many replicas: prepared, put under load, broken at random, brought to rest, and held against its promises. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { createProvisor, type Provisor } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { int } from '../../src/database/rows.ts';
import { scopes } from '../../src/features/panels/panel-key.ts';
import { randomText } from '../../src/kit/ids.ts';
import { defaultTiming, type Timing } from '../../src/operations/timing.ts';
import { quiet } from '../support/app.ts';
import { findFaults } from '../support/world.ts';
import { createFleet, type Fleet, type Place } from './fleet.ts';
import { checkJournal, type JournalChecks, keepJournal } from './journal.ts';
import type { Load } from './load.ts';
import { replicaEnvironment } from './replicas.ts';

/** From `PROVISOR_TEST_SEED`: prints as it is used, so that a run can be had again. */
export const chaosSeed = (): number => Number(process.env.PROVISOR_TEST_SEED ?? 20_260_801);

/** From `PROVISOR_TEST_SECONDS`. */
export const chaosMs = (fallbackSeconds: number): number =>
  Number(process.env.PROVISOR_TEST_SECONDS ?? fallbackSeconds) * 1_000;

export interface ChaosWorld {
  /** In this process, without listeners and workers: to look, and to prepare. */
  provisor: Provisor;
  fleet: Fleet;
  panelKey: string;
  end(): Promise<void>;
}

/** Prepares a database and one user of it for each replica. `urls` lead to the same database, one for each replica. */
export const prepareWorld = async (urls: string[], timing: Partial<Timing>): Promise<ChaosWorld> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-chaos-'));
  const config = loadConfig(replicaEnvironment({ dataDir, databaseUrl: urls[0]! }), dataDir);
  const provisor = await createProvisor(config, quiet);
  const { knex } = provisor.db;
  await provisor.migrate();
  await keepJournal(knex);
  const panel = await provisor.panels.create('chaos');
  const { text: panelKey } = await provisor.panels.issue(panel.id, { scopes });

  // The journal tells replicas apart by the user that wrote.
  const database = new URL(urls[0]!).pathname.slice(1);
  const tag = randomText(8).toLowerCase();
  const places: { name: string; databaseUrl: string }[] = [];
  for (const [index, url] of urls.entries()) {
    const name = `replica_${tag}_${index + 1}`;
    await knex.raw(`CREATE USER '${name}'@'%'`);
    await knex.raw(`GRANT ALL ON \`${database}\`.* TO '${name}'@'%'`);
    const own = new URL(url);
    own.username = name;
    places.push({ name, databaseUrl: own.href });
  }
  const fleet = createFleet({ dataDir, timing, places });
  return {
    provisor,
    fleet,
    panelKey,
    end: async () => {
      await fleet.killAll();
      for (const { name } of places) await knex.raw(`DROP USER IF EXISTS '${name}'@'%'`).catch(() => {});
      for (const adapter of provisor.adapters) await adapter.close?.();
      await provisor.close();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};

/**
 * Kills, pauses and restarts replicas for `ms`, and resolves once all of them
 * serve again. `pauseMs` is the shortest pause: longer than lease and grace.
 */
export const unleash = async (
  fleet: Fleet,
  { ms, pauseMs, random }: { ms: number; pauseMs: number; random: () => number },
): Promise<void> => {
  const under = new Set<Place>();
  const events: Promise<void>[] = [];
  const most = Math.floor(fleet.places.length / 2);

  const strike = async (place: Place, dice: number): Promise<void> => {
    if (dice < 0.45) {
      await fleet.kill(place);
      await pass(200 + random() * 1_000);
      fleet.counts.restarts += 1;
      await fleet.start(place);
    } else if (dice < 0.85) {
      fleet.pause(place);
      await pass(pauseMs + random() * 1_000);
      // Some never wake up.
      if (random() < 0.15) {
        await fleet.kill(place);
        await fleet.start(place);
      } else fleet.goOn(place);
    } else {
      await fleet.stop(place);
      fleet.counts.restarts += 1;
      await fleet.start(place);
    }
  };

  const until = performance.now() + ms;
  while (performance.now() < until) {
    await pass(150 + random() * 500);
    const free = fleet.places.filter((place) => !under.has(place));
    const place = free[Math.floor(random() * free.length)];
    if (!place || under.size >= most) continue;
    under.add(place);
    events.push(strike(place, random()).finally(() => under.delete(place)));
  }
  await Promise.all(events);
};

/** Lets the replicas finish everything and ends them. Whatever is left is for `findBroken` to tell. */
export const settle = async ({ provisor, fleet }: ChaosWorld): Promise<void> => {
  const { db, operations } = provisor;
  const open = (): Promise<{ id: string }[]> =>
    db.knex('operations').whereNotNull('active_key').whereNot({ state: 'stuck' }).orderBy('id').select('id');
  const finish = async (): Promise<void> => {
    const giveUpAt = performance.now() + 60_000;
    for (let left = await open(); left.length > 0 && performance.now() < giveUpAt; left = await open())
      await operations.waitForRest(left[0]!.id, 10_000);
  };
  for (const place of fleet.places) fleet.goOn(place);
  await finish();
  await Promise.all(fleet.places.map((place) => fleet.stop(place)));
  // A request that a paused replica had taken in may have been carried out just now, and handed back.
  if ((await open()).length === 0) return;
  await fleet.start(fleet.places[0]!);
  await finish();
  await fleet.stop(fleet.places[0]!);
};

/** Promises that only who made the load can check. */
const findLosses = async ({ provisor }: ChaosWorld, load: Load): Promise<string[]> => {
  const { knex } = provisor.db;
  const faults: string[] = [];
  const operations = new Set((await knex('operations').select('id')).map((row) => row.id));
  for (const [id, what] of load.acknowledged) if (!operations.has(id)) faults.push(`${what} is lost: operation ${id}`);
  const services = await knex('services').select('service_id', 'state', 'plan');
  const states = new Map<string, string>();
  for (const row of services) {
    if (states.has(row.service_id)) faults.push(`there are two services ${row.service_id}`);
    states.set(row.service_id, row.state);
  }
  for (const id of load.created) if (!states.has(id)) faults.push(`service ${id} is lost`);
  for (const id of load.deleted)
    if (states.get(id) !== 'deleted') faults.push(`service ${id} was to be deleted and is ${states.get(id)}`);

  const plans = new Map((await knex('plans')).map((plan) => [plan.name, plan]));
  const limits = await knex('quotas');
  for (const { service_id: id, state, plan } of services) {
    if (state === 'failed') continue;
    const own = limits.filter((row) => row.service_id === id).map((row) => `${row.resource} ${int(row.lim)}`);
    const { backups, domains } = plans.get(plan)!;
    const expected = state === 'deleted' ? [] : [`backups ${backups}`, `domains ${domains}`];
    if (own.sort().join() !== expected.join()) faults.push(`service ${id} on ${plan} has the limits ${own.join()}`);
  }
  return faults;
};

/** Everything that was promised and is not so. Call it after `settle`. */
export const findBroken = async (
  world: ChaosWorld,
  load: Load,
  { inOrder }: { inOrder: boolean },
): Promise<{ broken: string[]; journal: JournalChecks; operations: Record<string, number> }> => {
  const { provisor, fleet } = world;
  const placeOf = new Map(fleet.places.flatMap(({ name, pids }) => [...pids].map((pid) => [pid, name] as const)));
  const journal = await checkJournal(provisor.db.knex, {
    inOrder,
    // An owner is host:pid:random.
    writerOf: (owner) => placeOf.get(Number(owner.split(':').at(-2))),
  });
  const rows = await provisor.db.knex('operations').select('state').count('* as count').groupBy('state');
  return {
    broken: [
      ...load.odd.slice(0, 10),
      ...fleet.errors.filter((error) => error.includes('met a fault')).slice(0, 10),
      ...(await findFaults(provisor)),
      ...(await findLosses(world, load)),
      ...journal.faults,
    ],
    journal,
    operations: Object.fromEntries(rows.map((row) => [row.state, int(row.count)])),
  };
};

/** The timing of replicas in a test, and the shortest pause that outlasts lease and grace. */
export const chaosTiming = (of: Pick<Timing, 'leaseMs' | 'beatMs' | 'graceMs'>) => ({
  timing: {
    ...of,
    marginMs: 100,
    settleMs: Math.min(200, defaultTiming.settleMs),
    pollMs: 50,
    backoffMs: { first: 50, last: 300 },
  } satisfies Partial<Timing>,
  pauseMs: of.leaseMs + of.graceMs + 200,
});
