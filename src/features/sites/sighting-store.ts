/** The SQL of `sweep_sightings`: what earlier sweeps saw that no row knows. */
import type { Queries, Tx } from '../../database/database.ts';
import { int } from '../../database/rows.ts';

/** What a sweep looks for. */
export type SweptKind = 'compute' | 'route';

export interface Sighting {
  kind: SweptKind;
  name: string;
  firstSeenAt: number;
  /** Sweeps that saw it, this one included. */
  times: number;
}

/** What the last sweeps saw, longest known first. */
export const listSightings = async (
  queries: Queries,
  limit: number,
): Promise<(Sighting & { lastSeenAt: number })[]> => {
  const rows = await queries('sweep_sightings').orderBy(['first_seen_at', 'kind', 'name']).limit(limit);
  return rows.map((row) => ({
    kind: row.kind,
    name: row.name,
    firstSeenAt: int(row.first_seen_at),
    lastSeenAt: int(row.last_seen_at),
    times: int(row.times),
  }));
};

/** Notes what this sweep saw of a kind, and forgets what it did not see any more. */
export const noteSightings = async (tx: Tx, kind: SweptKind, names: string[], at: number): Promise<Sighting[]> => {
  const known = await tx('sweep_sightings').where({ kind });
  const seen = new Set(names);
  for (const row of known) {
    if (!seen.has(row.name)) await tx('sweep_sightings').where({ kind, name: row.name }).delete();
  }
  const sightings: Sighting[] = [];
  for (const name of names) {
    const before = known.find((row) => row.name === name);
    if (before)
      await tx('sweep_sightings')
        .where({ kind, name })
        .update({ last_seen_at: at, times: int(before.times) + 1 });
    else await tx('sweep_sightings').insert({ kind, name, first_seen_at: at, last_seen_at: at, times: 1 });
    sightings.push({
      kind,
      name,
      firstSeenAt: before ? int(before.first_seen_at) : at,
      times: before ? int(before.times) + 1 : 1,
    });
  }
  return sightings;
};

export const forgetSighting = async (queries: Queries, kind: SweptKind, name: string): Promise<void> => {
  await queries('sweep_sightings').where({ kind, name }).delete();
};
