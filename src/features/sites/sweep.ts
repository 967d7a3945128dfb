/**
 * Compares what is outside with what the database says: objects of ours that no
 * live row knows, and rows whose object is gone. It removes only when asked, and
 * then only what two sweeps saw that lie further apart than any call can still be
 * under way: one look may fall between an object and its row.
 */
import type { Database } from '../../database/database.ts';
import type { Log } from '../../kit/log.ts';
import type { Operations } from '../../operations/operations.ts';
import type { Providers } from './outside.ts';
import { forgetSighting, noteSightings, type SweptKind } from './sighting-store.ts';

/** What a sweep does, or would do, with an object that nobody knows. */
export type Verdict = 'seen for the first time' | 'too young' | 'can be removed' | 'removed';

export interface Orphan {
  kind: SweptKind;
  name: string;
  /** Since it was made where the provider knows, else since a sweep first saw it; milliseconds. */
  ageMs: number;
  verdict: Verdict;
}

export interface Drift {
  /** Outside, of ours by its name, and no row knows it. */
  orphans: Orphan[];
  /** A row says that it is there, and it is not. Only an operator can say what is to become of it. */
  missing: { kind: string; name: string; serviceId: string; operationId: string; ageMs: number }[];
  /** A row says that it may be there, from an operation that has not ended. */
  uncertain: number;
}

const timeoutMs = 30_000;
const ours = /^svc-[0-9a-z]{26}$/;

export interface SweepDeps {
  db: Database;
  log: Log;
  operations: Operations;
  providers: Providers;
}

export const createSweep = ({ db, log, operations, providers: { compute, proxy } }: SweepDeps) => {
  const outside = {
    compute: {
      list: async () => compute.list(AbortSignal.timeout(timeoutMs)),
      remove: (name: string) => compute.destroy({ name, vmid: 0 }, AbortSignal.timeout(timeoutMs)),
    },
    route: {
      list: async () =>
        (await proxy.listRoutes(AbortSignal.timeout(timeoutMs))).map(({ id }) => ({ name: id, createdAt: null })),
      remove: (name: string) => proxy.deleteRoute(name, AbortSignal.timeout(timeoutMs)),
    },
  };

  /**
   * Looks once. With `remove` it removes what may be removed. Repeating it is
   * harmless. Errors: ProviderError when a provider does not answer.
   */
  return async ({ remove = false }: { remove?: boolean } = {}): Promise<Drift> => {
    const drift: Drift = { orphans: [], missing: [], uncertain: 0 };
    for (const kind of ['compute', 'route'] as const) {
      // Rows are read before and after: what is being made or removed meanwhile is in one of the two.
      const before = await operations.resources(kind);
      const there = (await outside[kind].list()).filter(({ name }) => ours.test(name));
      const after = await operations.resources(kind);
      const now = await db.now();
      const names = new Set(there.map(({ name }) => name));

      const known = new Set([...before, ...after].map(({ name }) => name));
      const unknown = there.filter(({ name }) => !known.has(name));
      const sightings = await db.transaction((tx) =>
        noteSightings(
          tx,
          kind,
          unknown.map(({ name }) => name),
          now,
        ),
      );
      for (const { name, createdAt } of unknown) {
        const { firstSeenAt, times } = sightings.find((sighting) => sighting.name === name)!;
        const seenForMs = now - firstSeenAt;
        let verdict: Verdict =
          times < 2 ? 'seen for the first time' : seenForMs < operations.orphanAgeMs ? 'too young' : 'can be removed';
        if (remove && verdict === 'can be removed' && !(await operations.isKnown(kind, name))) {
          await outside[kind].remove(name);
          await forgetSighting(db.knex, kind, name);
          log.warn({ kind, name }, 'Removed what no service knew');
          verdict = 'removed';
        }
        drift.orphans.push({ kind, name, ageMs: now - (createdAt ?? firstSeenAt), verdict });
      }

      const still = new Set(after.filter(({ state }) => state === 'present').map(({ name }) => name));
      for (const row of before) {
        if (row.state !== 'present') drift.uncertain += 1;
        else if (!names.has(row.name) && still.has(row.name)) {
          drift.missing.push({
            kind,
            name: row.name,
            serviceId: row.service.serviceId,
            operationId: row.operationId,
            ageMs: now - row.updatedAt,
          });
        }
      }
    }
    return drift;
  };
};

export type Sweep = ReturnType<typeof createSweep>;
