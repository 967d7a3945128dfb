/**
 * The trail of who did what. Entries of one chain are hashed one onto the other,
 * and the head of the chain, which says what its last entry is, carries a signature
 * with a key that is made from the pepper. So who can write to the database and has
 * no key can neither change nor take away an entry unseen: see `verify-audit.ts`.
 */
import { afterCommit } from '../database/after-commit.ts';
import type { Queries, Tx } from '../database/database.ts';
import { int, json } from '../database/rows.ts';
import { insertInto, statement } from '../database/statement.ts';
import { hashJson } from '../kit/hash.ts';
import { fingerprint } from '../kit/seal.ts';

/** One line of the trail. */
export interface AuditEntry {
  /** `activeKey` of a service, of a panel's keys or webhook, or `system`. */
  chain: string;
  at: number;
  actor: string;
  action: string;
  outcome: string;
  details?: Record<string, unknown>;
  requestId: string | null;
}

export const genesisHash = '0'.repeat(64);

/** What the operator does to all panels. */
export const systemChain = 'system';

/** The hash of an entry, over everything in it and the hash of the entry before it. */
export const auditHash = (entry: AuditEntry & { seq: number; prevHash: string }): string =>
  hashJson([
    entry.chain,
    entry.seq,
    entry.at,
    entry.actor,
    entry.action,
    entry.outcome,
    entry.details ?? {},
    entry.requestId,
    entry.prevHash,
  ]);

/** The signature of a chain's head. */
export const signHead = (pepper: string, head: { chain: string; seq: number; hash: string }): string =>
  fingerprint(pepper, 'audit head', `${head.chain}\n${head.seq}\n${head.hash}`);

// Writers of one chain go one after the other: on one server by this lock, on the nodes of a cluster because two that
// moved one head do not both commit.
const lockHead = statement(({ forUpdate }) => `select seq, hash, mac from audit_chains where chain = ? ${forUpdate}`);
const beginChain = insertInto('audit_chains', ['chain', 'seq', 'hash', 'mac']);
const moveHead = statement('update audit_chains set seq = ?, hash = ?, mac = ? where chain = ?');
const moveHeadFrom = statement(
  'update audit_chains set seq = ?, hash = ?, mac = ? where chain = ? and seq = ? and hash = ? and mac = ?',
);
const insertEntry = insertInto('audit', [
  'chain',
  'seq',
  'at',
  'actor',
  'action',
  'outcome',
  'details',
  'request_id',
  'prev_hash',
  'hash',
]);

interface Head {
  seq: number;
  hash: string;
  mac: string;
}

/** Chains whose heads are remembered. Most entries of a service's chain come soon after the one before. */
const mostHeads = 1000;

export const createTrail = ({ pepper }: { pepper: string }) => {
  const heads = new Map<string, Head>();

  /** Only of what its signature fits. */
  const remember = (chain: string, head: Head): void => {
    heads.delete(chain);
    heads.set(chain, head);
    if (heads.size > mostHeads) heads.delete(heads.keys().next().value!);
  };

  const follow = (entry: AuditEntry, last: Pick<Head, 'seq' | 'hash'>): Head => {
    const seq = last.seq + 1;
    const hash = auditHash({ ...entry, seq, prevHash: last.hash });
    return { seq, hash, mac: signHead(pepper, { chain: entry.chain, seq, hash }) };
  };

  /** Moves a head that this process wrote itself. Null where it knows of none, or others have moved it since. */
  const moveKnown = async (tx: Tx, entry: AuditEntry): Promise<{ last: Head; head: Head } | null> => {
    const last = heads.get(entry.chain);
    if (!last) return null;
    const head = follow(entry, last);
    const to = [head.seq, head.hash, head.mac];
    const moved = await moveHeadFrom.change(tx, [...to, entry.chain, last.seq, last.hash, last.mac]);
    if (moved === 0) return null;
    afterCommit(tx, () => remember(entry.chain, head));
    return { last, head };
  };

  const moveFound = async (tx: Tx, entry: AuditEntry): Promise<{ last: Pick<Head, 'seq' | 'hash'>; head: Head }> => {
    const { chain } = entry;
    const found = await lockHead.first(tx, [chain]);
    const last = { seq: int(found?.seq ?? 0), hash: String(found?.hash ?? genesisHash) };
    const next = follow(entry, last);
    // A signature that does not fit stays as it is: signing anew would cover up what was done to the entries before.
    const isSound = !found || found.mac === signHead(pepper, { chain, ...last });
    const head = isSound ? next : { ...next, mac: found.mac };
    if (isSound) afterCommit(tx, () => remember(chain, head));
    else heads.delete(chain);
    if (found) await moveHead.change(tx, [head.seq, head.hash, head.mac, chain]);
    else await beginChain.change(tx, [chain, head.seq, head.hash, head.mac]);
    return { last, head };
  };

  return {
    /**
     * Adds an entry in the transaction of the change that it speaks of. Returns its number in the chain: it only
     * rises, in the order of the commits. Errors: a unique violation when two begin one chain at once; run the transaction again.
     */
    append: async (tx: Tx, entry: AuditEntry): Promise<number> => {
      const { last, head } = (await moveKnown(tx, entry)) ?? (await moveFound(tx, entry));
      const { chain } = entry;
      await insertEntry.change(tx, [
        chain,
        head.seq,
        entry.at,
        entry.actor,
        entry.action,
        entry.outcome,
        JSON.stringify(entry.details ?? {}),
        entry.requestId,
        last.hash,
        head.hash,
      ]);
      return head.seq;
    },
  };
};

export type Trail = ReturnType<typeof createTrail>;

/** An entry as it is kept. */
export interface AuditRecord extends Required<AuditEntry> {
  seq: number;
  prevHash: string;
  hash: string;
}

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
export const decodeAudit = (row: any): AuditRecord => ({
  chain: row.chain,
  seq: int(row.seq),
  at: int(row.at),
  actor: row.actor,
  action: row.action,
  outcome: row.outcome,
  details: json(row.details),
  requestId: row.request_id,
  prevHash: row.prev_hash,
  hash: row.hash,
});

/** The entries of a chain, newest first. */
export const readAudit = async (queries: Queries, chain: string, page: { limit: number }): Promise<AuditRecord[]> =>
  (await queries('audit').where({ chain }).orderBy('seq', 'desc').limit(page.limit)).map(decodeAudit);
