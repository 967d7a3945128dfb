/**
 * What the database itself saw: a trigger writes down every change of an
 * operation, who sent it and whose the operation was. No replica can forget to.
 */
import type { Knex } from 'knex';
import { int } from '../../src/database/rows.ts';

/** Makes the journal. Errors: the database refuses triggers, or it is not MySQL or MariaDB. */
export const keepJournal = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    CREATE TABLE journal (
      seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      operation_id VARCHAR(64) NOT NULL,
      service_id VARCHAR(64) NOT NULL,
      version BIGINT NOT NULL,
      fence BIGINT NOT NULL,
      claims BOOLEAN NOT NULL,
      state VARCHAR(16) NOT NULL,
      step BIGINT NOT NULL,
      owner VARCHAR(64),
      holder VARCHAR(64) COMMENT 'The owner before this change',
      writer VARCHAR(64) NOT NULL COMMENT 'The database user that sent it',
      outside BOOLEAN NOT NULL COMMENT 'Nothing of the run was changed: a wish to cancel',
      at TIMESTAMP(6) NOT NULL
    )`);
  await knex.raw(`
    CREATE TRIGGER operations_journal AFTER UPDATE ON operations FOR EACH ROW
      INSERT INTO journal
        (operation_id, service_id, version, fence, claims, state, step, owner, holder, writer, outside, at)
      VALUES (
        NEW.id, NEW.service_id, NEW.version, NEW.fence, NEW.fence <> OLD.fence, NEW.state, NEW.step, NEW.owner,
        OLD.owner, SUBSTRING_INDEX(USER(), '@', 1),
        NEW.state <=> OLD.state AND NEW.fence <=> OLD.fence AND NEW.step <=> OLD.step
          AND NEW.step_name <=> OLD.step_name AND NEW.attempts <=> OLD.attempts AND NEW.owner <=> OLD.owner
          AND NEW.due_at <=> OLD.due_at AND NEW.percent <=> OLD.percent AND NEW.message <=> OLD.message,
        CURRENT_TIMESTAMP(6))`);
};

interface Entry {
  operationId: string;
  serviceId: string;
  version: number;
  fence: number;
  claims: boolean;
  state: string;
  owner: string | null;
  holder: string | null;
  writer: string;
  outside: boolean;
}

const read = async (knex: Knex): Promise<Entry[]> =>
  (await knex('journal').orderBy('seq')).map((row) => ({
    operationId: row.operation_id,
    serviceId: row.service_id,
    version: int(row.version),
    fence: int(row.fence),
    claims: int(row.claims) === 1,
    state: row.state,
    owner: row.owner,
    holder: row.holder,
    writer: row.writer,
    outside: int(row.outside) === 1,
  }));

const running = (state: string): boolean => state === 'running' || state === 'undoing';

/** In the order in which it happened: one operation of a service at a time, under fences that only rise. */
const findOverlaps = (entries: Entry[]): string[] => {
  const faults: string[] = [];
  const active = new Map<string, string>();
  const fences = new Map<string, number>();
  for (const { operationId, serviceId, fence, state } of entries) {
    // Not claimed yet: a deletion that waits, or a wish to cancel what waits.
    if (fence === 0) continue;
    const before = fences.get(serviceId) ?? 0;
    if (fence < before) faults.push(`service ${serviceId}: fence ${fence} wrote after ${before}`);
    fences.set(serviceId, Math.max(before, fence));
    const other = active.get(serviceId);
    if (other !== undefined && other !== operationId)
      faults.push(`service ${serviceId}: ${operationId} was changed while ${other} was under way`);
    if (running(state)) active.set(serviceId, operationId);
    else if (other === operationId) active.delete(serviceId);
  }
  return faults;
};

/** Without any order between rows: what holds whichever node of a cluster numbered them. */
const findTwoRuns = (entries: Entry[]): string[] => {
  const faults: string[] = [];
  const runs = new Map<string, string>();
  for (const { operationId, serviceId, fence, owner, claims } of entries) {
    if (fence === 0) continue;
    const key = `service ${serviceId}, fence ${fence}`;
    // Only the claim and what follows it while the run goes on names the owner.
    if (!claims && owner === null) continue;
    const run = `${operationId} by ${owner}`;
    const known = runs.get(key);
    if (known !== undefined && known !== run) faults.push(`${key}: both ${known} and ${run}`);
    runs.set(key, run);
  }
  const last = new Map<string, Entry>();
  for (const entry of [...entries].sort((a, b) => a.version - b.version || a.fence - b.fence)) {
    const before = last.get(entry.operationId);
    if (before && entry.fence < before.fence)
      faults.push(`operation ${entry.operationId}: fence ${entry.fence} wrote after ${before.fence}`);
    last.set(entry.operationId, entry);
  }
  return faults;
};

/** Every change of a run came from the process that held it. */
const findStrangers = (entries: Entry[], writerOf: (owner: string) => string | undefined): string[] =>
  entries.flatMap(({ operationId, fence, holder, owner, writer, claims, outside }) => {
    if (outside) return [];
    const whose = claims ? owner : holder;
    if (whose === null || writerOf(whose) === writer) return [];
    return [`operation ${operationId}, fence ${fence}: ${writer} wrote what was ${whose}'s`];
  });

export interface JournalChecks {
  faults: string[];
  entries: number;
  /** Times that an operation was claimed from a run that had not ended it. */
  takeovers: number;
  services: number;
}

/**
 * Holds the journal against the promise that one run at a time has a service.
 *
 * @param inOrder false on a cluster, where each node numbers its own rows.
 */
export const checkJournal = async (
  knex: Knex,
  { inOrder, writerOf }: { inOrder: boolean; writerOf: (owner: string) => string | undefined },
): Promise<JournalChecks> => {
  const entries = await read(knex);
  return {
    faults: [
      ...(inOrder ? findOverlaps(entries) : []),
      ...findTwoRuns(entries),
      ...findStrangers(entries, writerOf),
    ].slice(0, 20),
    entries: entries.length,
    takeovers: entries.filter((entry) => entry.claims && entry.holder !== null).length,
    services: new Set(entries.map((entry) => entry.serviceId)).size,
  };
};
