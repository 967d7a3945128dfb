/**
 * Compares what is outside with what the database says: objects of ours that no
 * live row knows, and rows whose object is gone. It reports; it removes nothing.
 */
import type { Operations } from '../../operations/operations.ts';
import type { Providers } from './outside.ts';

export interface Drift {
  /** Outside, of ours by its name, and no row knows it. */
  orphans: { kind: 'compute' | 'route'; name: string }[];
  /** A row says that it is there, and it is not. */
  missing: { kind: string; name: string; serviceId: string; operationId: string }[];
  /** A row says that it may be there, from an operation that has not ended. */
  uncertain: number;
}

const timeoutMs = 30_000;
const ours = /^svc-[0-9a-z]{26}$/;

export const createSweep = ({
  operations,
  providers: { compute, proxy },
}: {
  operations: Operations;
  providers: Providers;
}) => {
  /** Errors: ProviderError when a provider does not answer. */
  return async (): Promise<Drift> => {
    const outside = {
      compute: (await compute.list(AbortSignal.timeout(timeoutMs))).map(({ name }) => name),
      route: (await proxy.listRoutes(AbortSignal.timeout(timeoutMs))).map(({ id }) => id),
    };
    const drift: Drift = { orphans: [], missing: [], uncertain: 0 };
    for (const kind of ['compute', 'route'] as const) {
      const rows = await operations.resources(kind);
      const known = new Set(rows.map(({ name }) => name));
      const there = new Set(outside[kind]);
      for (const name of there) if (ours.test(name) && !known.has(name)) drift.orphans.push({ kind, name });
      for (const row of rows) {
        if (row.state !== 'present') drift.uncertain += 1;
        else if (!there.has(row.name)) {
          drift.missing.push({ kind, name: row.name, serviceId: row.service.serviceId, operationId: row.operationId });
        }
      }
    }
    return drift;
  };
};
