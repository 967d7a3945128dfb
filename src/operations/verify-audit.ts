/**
 * Walks the whole audit trail, a page at a time, and says of every chain which entry
 * is not as it was written. It only reads, and entries may be added meanwhile.
 */
import type { Database } from '../database/database.ts';
import { int } from '../database/rows.ts';
import { type AuditEntry, auditHash, genesisHash, signHead } from './audit.ts';
import { activeKey } from './operation.ts';

export interface AuditFault {
  chain: string;
  /** The entry that is wrong; null where it is the chain as a whole. */
  seq: number | null;
  /** What is wrong with it, in a sentence. */
  problem: string;
  /** The head was written before heads were signed, or its signature was taken away; nothing else is wrong there. */
  unsigned?: true;
}

export interface AuditReport {
  chains: number;
  entries: number;
  faults: AuditFault[];
}

const pageSize = 500;

interface Entry extends AuditEntry {
  seq: number;
  prevHash: string;
  hash: string;
}

/** Null when the row cannot have been written by us. */
// biome-ignore lint/suspicious/noExplicitAny: the row may hold anything; that is the question
const read = (row: any): Entry | null => {
  try {
    const details = JSON.parse(row.details);
    if (JSON.stringify(details) !== row.details) return null;
    const { chain, actor, action, outcome, request_id: requestId, prev_hash: prevHash, hash } = row;
    return { chain, seq: int(row.seq), at: int(row.at), actor, action, outcome, details, requestId, prevHash, hash };
  } catch {
    return null;
  }
};

const counted = (first: number, last: number): string =>
  first === last ? `Entry ${first} is missing.` : `Entries ${first} to ${last} are missing.`;

/** Holds one chain's entries against each other as they come by, in the order of their numbers. */
const followChain = (tell: (seq: number, problem: string) => void) => {
  let lastSeq = 0;
  let lastHash = genesisHash;
  // After a fault that was told, the next entry is not blamed for not fitting to it.
  let isTold = false;
  return {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    take: (row: any): void => {
      const seq = Number(row.seq);
      if (seq > lastSeq + 1) {
        tell(lastSeq + 1, counted(lastSeq + 1, seq - 1));
        isTold = true;
      }
      const entry = read(row);
      const isWhole = entry !== null && auditHash(entry) === entry.hash;
      if (!isWhole) tell(seq, `Entry ${seq} was changed: it does not fit its hash.`);
      else if (entry.prevHash !== lastHash && !isTold) {
        const [wrong, was] = seq === 1 ? [1, 'begins on another entry'] : [seq - 1, 'was replaced'];
        tell(wrong, `Entry ${wrong} ${was}: entry ${seq} was written after a different one.`);
      }
      isTold = !isWhole;
      lastSeq = seq;
      lastHash = row.hash;
    },
    last: () => ({ seq: lastSeq, hash: lastHash, isTold }),
  };
};

export const verifyAudit = async (db: Database, pepper: string): Promise<AuditReport> => {
  const { knex } = db;
  const report: AuditReport = { chains: 0, entries: 0, faults: [] };

  const verifyChain = async (chain: string): Promise<void> => {
    report.chains += 1;
    const tell = (seq: number | null, problem: string, more: { unsigned?: true } = {}) =>
      report.faults.push({ chain, seq, problem, ...more });
    const chained = followChain(tell);
    for (;;) {
      const headFirst = await knex('audit_chains').where({ chain }).first();
      const rows = await knex('audit')
        .where({ chain })
        .where('seq', '>', chained.last().seq)
        .orderBy('seq')
        .limit(pageSize);
      for (const row of rows) chained.take(row);
      report.entries += rows.length;
      if (rows.length === pageSize) continue;
      const { seq, hash, isTold } = chained.last();
      if (!headFirst) {
        tell(null, 'The head of this chain is missing, and with it whatever stood after its last entry.');
        return;
      }
      const head = { chain, seq: Number(headFirst.seq), hash: String(headFirst.hash) };
      // Written since the head was read.
      if (rows.length > 0 && seq > head.seq) {
        const now = await knex('audit_chains').where({ chain }).first('seq');
        if (now && Number(now.seq) > head.seq) continue;
      }
      const isSigned = headFirst.mac === signHead(pepper, head);
      if (head.seq > seq)
        tell(seq + 1, `${counted(seq + 1, head.seq)} The head of the chain says that there were so many.`);
      else if (head.seq < seq)
        tell(head.seq + 1, `Entry ${head.seq + 1} stands after the end that the head of the chain names.`);
      else if (head.hash !== hash && !isTold)
        tell(seq, `Entry ${seq} was replaced: the head of the chain names a different one.`);
      else if (headFirst.mac === null) tell(seq, 'The head of this chain is not signed.', { unsigned: true });
      else if (!isSigned) {
        tell(seq, 'The signature of the head does not fit: the end of this chain was written without the pepper.');
      }
      return;
    }
  };

  let after = '';
  for (;;) {
    const heads = await knex('audit_chains')
      .where('chain', '>', after)
      .orderBy('chain')
      .limit(pageSize)
      .select('chain');
    for (const { chain } of heads) await verifyChain(chain);
    const last = heads.at(-1);
    if (!last || heads.length < pageSize) break;
    after = last.chain;
  }

  const headless = await knex('audit')
    .leftJoin('audit_chains', 'audit_chains.chain', 'audit.chain')
    .whereNull('audit_chains.chain')
    .distinct('audit.chain');
  for (const { chain } of headless) await verifyChain(chain);

  report.faults.push(...(await findCutOff(db)));
  return report;
};

/** Operations that are older than the trail of their service: its beginning, or all of it, was taken away. */
const findCutOff = async ({ knex }: Database): Promise<AuditFault[]> => {
  const faults: AuditFault[] = [];
  const services = await knex('operations')
    .groupBy('panel_id', 'service_kind', 'service_id')
    .select('panel_id', 'service_kind', 'service_id')
    .min('created_at as first_at');
  for (let at = 0; at < services.length; at += pageSize) {
    const page = services.slice(at, at + pageSize);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const chainOf = (row: any): string =>
      activeKey({ panelId: row.panel_id, kind: row.service_kind, serviceId: row.service_id });
    const firsts = await knex('audit')
      .whereIn('chain', page.map(chainOf))
      .groupBy('chain')
      .select('chain')
      .min('at as at');
    const firstAt = new Map(firsts.map((row) => [row.chain, Number(row.at)]));
    for (const row of page) {
      const chain = chainOf(row);
      const began = firstAt.get(chain);
      if (began !== undefined && began <= Number(row.first_at)) continue;
      faults.push({
        chain,
        seq: null,
        problem: 'The beginning of this chain is missing: an operation of the service is older.',
      });
    }
  }
  return faults;
};

/**
 * Signs the heads that were written before heads were signed, where the chain is sound otherwise. Only for the first
 * start after such an upgrade: what was done to those chains before cannot be seen. Returns how many were signed.
 */
export const signOldHeads = async (db: Database, pepper: string): Promise<number> => {
  const { faults } = await verifyAudit(db, pepper);
  const isOnlyUnsigned = new Map<string, boolean>();
  for (const { chain, unsigned } of faults) {
    isOnlyUnsigned.set(chain, (isOnlyUnsigned.get(chain) ?? true) && unsigned === true);
  }
  let signed = 0;
  for (const [chain, isFit] of isOnlyUnsigned) {
    if (!isFit) continue;
    const head = await db.knex('audit_chains').where({ chain }).whereNull('mac').first();
    if (!head) continue;
    const mac = signHead(pepper, { chain, seq: int(head.seq), hash: head.hash });
    signed += await db.knex('audit_chains').where({ chain, hash: head.hash }).whereNull('mac').update({ mac });
  }
  return signed;
};
