import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import type { Operation } from '../../operations/operation.ts';
import { asRefusal, type ChangedZone, type ChangeZone, type Patience, readPublished } from './change-zone.ts';
import { relativeName } from './dns-name.ts';
import { type Picture, pictureOf, type Wished } from './plan-change.ts';
import { type FileProblem, readZoneFile } from './read-zone-file.ts';
import { defaultTtl, RecordFault, readRecord, type ZoneRecord } from './record.ts';
import type { ChangeParams } from './steps.ts';
import { originOf, type Zone } from './zone.ts';
import { contextOf, type ZoneDeps } from './zone-deps.ts';
import { checkRecords, fromRRsets, rrsetKey } from './zone-records.ts';
import * as store from './zone-store.ts';

export interface ImportWish {
  text: string;
  /** `replace`: afterwards the zone is what the file says. `merge`: what the file does not name stays. */
  mode: 'merge' | 'replace';
  dryRun: boolean;
}

export interface Imported extends ChangedZone {
  /** `+ www 300 A 192.0.2.1`, `- …`: what changes, or would. */
  diff: string[];
  ignored: FileProblem[];
}

const lineOf = (sign: '+' | '-', { name, ttl, type, rdata }: ZoneRecord, zone: string): string =>
  `${sign} ${relativeName(name, zone)} ${ttl} ${type} ${type === 'TXT' ? JSON.stringify(rdata) : rdata}`;

const diffOf = (before: readonly ZoneRecord[], after: readonly ZoneRecord[], zone: string): string[] => {
  const words = (records: readonly ZoneRecord[]) => new Map(records.map((one) => [`${one.id} ${one.ttl}`, one]));
  const [old, next] = [words(before), words(after)];
  return [
    ...[...old].filter(([key]) => !next.has(key)).map(([, one]) => lineOf('-', one, zone)),
    ...[...next].filter(([key]) => !old.has(key)).map(([, one]) => lineOf('+', one, zone)),
  ];
};

/** What an operation changes that was put in line by an earlier try of the same call. */
const diffOfEarlier = (operation: Operation | null, zone: string): string[] => {
  const changes = (operation?.params as ChangeParams | undefined)?.changes ?? [];
  const before = changes.flatMap((change) => (change.op === 'create' ? [] : [change.old]));
  const after = changes.flatMap((change) => (change.op === 'delete' ? [] : [change.new]));
  return diffOf(fromRRsets(before, zone), fromRRsets(after, zone), zone);
};

/**
 * Takes the records of a zone file into a zone: whole or not at all. Errors:
 * `zone_file_invalid` (400) with every line that cannot be taken, and those of a
 * change. Where the provider did not take all at once and what was begun could not
 * be taken back, the error tells which lines are published.
 */
export const importZone = (deps: ZoneDeps, change: ChangeZone) => {
  const { db } = deps;

  const refuse = (problems: readonly FileProblem[]): never => {
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    throw new AppError(
      'invalid',
      'zone_file_invalid',
      `The zone file cannot be taken: line ${first?.line}: ${first?.message}${more}.`,
      { details: { problems } },
    );
  };

  const recordsOf = (text: string, zone: string): { records: ZoneRecord[]; ignored: FileProblem[] } => {
    const file = readZoneFile(text, zone);
    const context = contextOf(deps, zone);
    const problems = [...file.problems];
    const byId = new Map<string, number>();
    const ttls = new Map<string, { line: number; ttl: number }>();
    const records: ZoneRecord[] = [];
    for (const { line, wish } of file.records) {
      try {
        const record = readRecord({ ...wish, ttl: wish.ttl ?? defaultTtl }, context);
        const same = byId.get(record.id);
        const common = ttls.get(rrsetKey(record));
        if (same !== undefined) problems.push({ line, message: `the same record is on line ${same}` });
        else if (common && common.ttl !== record.ttl) {
          const message = `its TTL is ${record.ttl}, and that of the same name and type on line ${common.line} is ${common.ttl}`;
          problems.push({ line, message });
        }
        byId.set(record.id, line);
        ttls.set(rrsetKey(record), common ?? { line, ttl: record.ttl });
        records.push(record);
      } catch (error) {
        if (!(error instanceof RecordFault)) throw error;
        problems.push({ line, message: error.message });
      }
    }
    if (problems.length > 0) refuse(problems.sort((one, other) => one.line - other.line).slice(0, 50));
    return { records, ignored: file.ignored };
  };

  const wishedOf = (picture: Picture, file: readonly ZoneRecord[], mode: ImportWish['mode'], zone: string): Wished => {
    const inFile = new Map(file.map((record) => [record.id, record]));
    const ttls = new Map(file.map((record) => [rrsetKey(record), record.ttl]));
    const others = picture.records
      .filter(({ id }) => mode === 'merge' && !inFile.has(id))
      .map((record) => ({ ...record, ttl: ttls.get(rrsetKey(record)) ?? record.ttl }));
    // A record that was PROXYSRV before and leads to the same place stays so.
    const taken = file.map((record) => ({ ...record, alias: picture.asked.get(record.id)?.alias ?? false }));
    const records = [...others, ...taken];
    checkRecords(records, new Set(file.map(({ name }) => name)), zone);
    const siblings = others.filter((record) => picture.asked.has(record.id) && ttls.has(rrsetKey(record)));
    return {
      records,
      asks: new Set([...inFile.keys(), ...siblings.map(({ id }) => id)]),
      forgets: new Set(mode === 'replace' ? [...picture.asked.keys()].filter((id) => !inFile.has(id)) : []),
    };
  };

  /** Adds to a failure what of the import is published all the same. */
  const withReport = async (error: unknown, zone: Zone, diff: readonly string[]): Promise<unknown> => {
    if (!(error instanceof AppError) || error.code !== 'operation_failed') return error;
    const there = await readPublished(deps, zone).catch(() => undefined);
    // It is not known, and the failure itself is what counts.
    if (there === undefined) return error;
    const origin = originOf(zone);
    const lines = new Set(pictureOf(there ?? [], [], origin).records.map((record) => lineOf('+', record, origin)));
    const isDone = (line: string) => lines.has(`+${line.slice(1)}`) === line.startsWith('+');
    return new AppError(error.kind, 'operation_failed', error.message, {
      retryable: error.retryable,
      details: {
        ...error.details,
        applied: diff.filter(isDone),
        not_applied: diff.filter((line) => !isDone(line)),
      },
    });
  };

  return async (caller: Caller, zone: Zone, wish: ImportWish, patience: Patience): Promise<Imported> => {
    const origin = originOf(zone);
    const { records, ignored } = recordsOf(wish.text, origin);
    let diff: string[] | null = null;
    const decide = (picture: Picture): Wished => {
      const wished = wishedOf(picture, records, wish.mode, origin);
      diff = diffOf(picture.records, wished.records, origin);
      return wished;
    };
    if (wish.dryRun) {
      const published = await readPublished(deps, zone, patience.signal);
      try {
        decide(pictureOf(published ?? [], await store.listRecords(db.knex, zone.id), origin));
      } catch (error) {
        throw asRefusal(error);
      }
      return { zone, operation: null, diff: diff ?? [], ignored };
    }
    try {
      const ref = { name: zone.name, customerId: zone.customerId ?? undefined };
      const changed = await change(caller, ref, patience, decide);
      return { ...changed, diff: diff ?? diffOfEarlier(changed.operation, origin), ignored };
    } catch (error) {
      throw await withReport(error, zone, diff ?? []);
    }
  };
};
