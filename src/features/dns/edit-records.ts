import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { asRefusal, type ChangedZone, type ChangeZone, type Patience } from './change-zone.ts';
import type { Picture, Wished } from './plan-change.ts';
import { type RecordWish, readRecord, type ZoneRecord } from './record.ts';
import { originOf, type Zone, type ZoneRef } from './zone.ts';
import { contextOf, type ZoneDeps } from './zone-deps.ts';
import { checkRecords, rrsetKey } from './zone-records.ts';

export interface ChangedRecord extends ChangedZone {
  record: ZoneRecord;
}

const notThere = (id: string) => new AppError('not_found', 'not_found', `There is no record ${id} in this zone.`);

/** The edits of single records. They take a zone that the caller may change. */
export const createRecordEdits = (deps: ZoneDeps, change: ChangeZone) => {
  const judged = (wish: RecordWish, zone: Zone): ZoneRecord => {
    try {
      return readRecord(wish, contextOf(deps, originOf(zone)));
    } catch (error) {
      throw asRefusal(error);
    }
  };

  /**
   * Puts `record` among the others. The TTL belongs to all records of a name and
   * type: one that is given on purpose is given to all of them.
   */
  const placed = (
    others: readonly ZoneRecord[],
    record: ZoneRecord,
    { spread, asked }: { spread: boolean; asked: Picture['asked'] },
  ): Pick<Wished, 'records' | 'asks'> => {
    const isSibling = (other: ZoneRecord) => rrsetKey(other) === rrsetKey(record);
    const records = [
      ...others.map((other) => (spread && isSibling(other) ? { ...other, ttl: record.ttl } : other)),
      record,
    ];
    const siblings = spread ? others.filter((other) => isSibling(other) && asked.has(other.id)) : [];
    return { records, asks: new Set([record.id, ...siblings.map(({ id }) => id)]) };
  };

  const refOf = (zone: Zone): ZoneRef => ({ name: zone.name, customerId: zone.customerId ?? undefined });

  return {
    /** Adds a record. One that is there already, just so, is a success. Errors: `record_invalid` (400), `record_conflict` (409). */
    add: async (caller: Caller, zone: Zone, wish: RecordWish, patience: Patience): Promise<ChangedRecord> => {
      let record = judged(wish, zone);
      const changed = await change(caller, refOf(zone), patience, ({ records, asked }) => {
        const sibling = records.find((other) => rrsetKey(other) === rrsetKey(record));
        if (wish.ttl === undefined && sibling) record = { ...record, ttl: sibling.ttl };
        const present = records.find(({ id }) => id === record.id);
        const row = asked.get(record.id);
        if (present && present.ttl === record.ttl && row?.ttl === record.ttl && row.alias === record.alias) return null;
        const others = records.filter(({ id }) => id !== record.id);
        const wished = placed(others, record, { spread: false, asked });
        checkRecords(wished.records, new Set([record.name]), originOf(zone));
        return { ...wished, forgets: new Set() };
      });
      return { ...changed, record };
    },

    /** Puts another record in the place of one. Errors: as `add`, and `not_found`. */
    replace: async (
      caller: Caller,
      zone: Zone,
      id: string,
      wish: RecordWish,
      patience: Patience,
    ): Promise<ChangedRecord> => {
      let record = judged(wish, zone);
      const changed = await change(caller, refOf(zone), patience, ({ records, asked }) => {
        const old = records.find((one) => one.id === id) ?? asked.get(id);
        if (!old) {
          // The answer of the first try was lost: what it wished for is there.
          if (records.some((one) => one.id === record.id && asked.has(one.id))) return null;
          throw notThere(id);
        }
        const sibling = records.find((other) => other.id !== id && rrsetKey(other) === rrsetKey(record));
        if (wish.ttl === undefined) record = { ...record, ttl: (sibling ?? old).ttl };
        const others = records.filter((one) => one.id !== id);
        const wished = placed(others, record, { spread: wish.ttl !== undefined, asked });
        checkRecords(wished.records, new Set([record.name]), originOf(zone));
        return { ...wished, forgets: new Set(record.id === id ? [] : [id]) };
      });
      return { ...changed, record };
    },

    /** Removes a record, also one that was not asked for here. Errors: `not_found`. */
    remove: async (caller: Caller, zone: Zone, id: string, patience: Patience): Promise<ChangedRecord> => {
      let record: ZoneRecord | undefined;
      const changed = await change(caller, refOf(zone), patience, ({ records, asked }) => {
        // Planned once more, it finds its own work done.
        record = records.find((one) => one.id === id) ?? asked.get(id) ?? record;
        if (!record) throw notThere(id);
        return { records: records.filter((one) => one.id !== id), asks: new Set(), forgets: new Set([id]) };
      });
      return { ...changed, record: record! };
    },
  };
};
