import type { Handlers } from '../../contract/handler.ts';
import type { Database } from '../../database/database.ts';
import { instant } from '../../kit/instant.ts';
import { listSightings } from './sighting-store.ts';

const shownAtMost = 200;

/** What earlier sweeps saw. Looking again is a sweep's, which asks the providers. */
export const driftHandlers = (db: Pick<Database, 'knex'>) =>
  ({
    listDrift: async () => {
      const found = await listSightings(db.knex, shownAtMost + 1);
      const data = found.slice(0, shownAtMost).map((sighting) => ({
        kind: sighting.kind,
        name: sighting.name,
        first_seen_at: instant(sighting.firstSeenAt),
        last_seen_at: instant(sighting.lastSeenAt),
        times: sighting.times,
      }));
      return { status: 200, body: { data, more: found.length > shownAtMost } };
    },
  }) satisfies Handlers<'listDrift'>;
