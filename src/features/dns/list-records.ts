import { AppError } from '../../kit/errors.ts';
import { readPublished } from './change-zone.ts';
import { driftOf, pictureOf, type RecordState } from './plan-change.ts';
import type { ZoneRecord } from './record.ts';
import { originOf, type Zone } from './zone.ts';
import type { ZoneDeps } from './zone-deps.ts';
import * as store from './zone-store.ts';

/** A record, held against what was asked for. */
export interface ListedRecord extends ZoneRecord {
  state: RecordState;
  /** The service whose site manages it; null where its owner does. */
  managedBy: string | null;
}

export interface RecordList {
  records: ListedRecord[];
  /** Whether the provider was asked, and answered; otherwise it is what was asked for. */
  verified: boolean;
}

/** The records of a zone as they are published, with what was changed behind our back. */
export const listRecords =
  (deps: Pick<ZoneDeps, 'db' | 'dns'>) =>
  async (zone: Zone): Promise<RecordList> => {
    const rows = await store.listRecords(deps.db.knex, zone.id);
    const unmanaged = { managedBy: null };
    try {
      const published = await readPublished(deps, zone);
      const seen = driftOf(pictureOf(published ?? [], rows, originOf(zone)));
      return { records: seen.map((record) => ({ ...record, ...unmanaged })), verified: true };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { records: rows.map((row) => ({ ...row, state: 'published', ...unmanaged })), verified: false };
    }
  };
