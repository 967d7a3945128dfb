import type { Queries, Tx } from '../database/database.ts';
import { int, json } from '../database/rows.ts';
import { hashJson } from '../kit/hash.ts';

/** One line of the trail of who did what. */
export interface AuditEntry {
  /** Entries of one chain are hashed one onto the other: `activeKey` of a service, or `system`. */
  chain: string;
  at: number;
  actor: string;
  action: string;
  outcome: string;
  details?: Record<string, unknown>;
  requestId: string | null;
}

export const genesisHash = '0'.repeat(64);

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

/** Adds an entry in the transaction of the change that it speaks of. Errors: a unique violation when two begin one chain at once; run the transaction again. */
export const appendAudit = async (tx: Tx, entry: AuditEntry): Promise<void> => {
  // Raising the number locks the chain's row: writers of one chain go one after the other.
  const raised = await tx('audit_chains').where({ chain: entry.chain }).increment('seq', 1);
  if (raised === 0) await tx('audit_chains').insert({ chain: entry.chain, seq: 1, hash: genesisHash });
  const head = await tx('audit_chains').where({ chain: entry.chain }).first('seq', 'hash');
  const seq = int(head.seq);
  const hash = auditHash({ ...entry, seq, prevHash: head.hash });
  await tx('audit').insert({
    chain: entry.chain,
    seq,
    at: entry.at,
    actor: entry.actor,
    action: entry.action,
    outcome: entry.outcome,
    details: JSON.stringify(entry.details ?? {}),
    request_id: entry.requestId,
    prev_hash: head.hash,
    hash,
  });
  await tx('audit_chains').where({ chain: entry.chain }).update({ hash });
};

/** An entry as it is kept. */
export interface AuditRecord extends Required<AuditEntry> {
  seq: number;
  hash: string;
}

/** The entries of a chain, newest first; `before` is the number of the last one of the page before. */
export const readAudit = async (
  queries: Queries,
  chain: string,
  page: { limit: number; before?: number },
): Promise<AuditRecord[]> => {
  const query = queries('audit').where({ chain }).orderBy('seq', 'desc').limit(page.limit);
  if (page.before !== undefined) query.where('seq', '<', page.before);
  return (await query).map((row) => ({
    chain: row.chain,
    seq: int(row.seq),
    at: int(row.at),
    actor: row.actor,
    action: row.action,
    outcome: row.outcome,
    details: json(row.details),
    requestId: row.request_id,
    hash: row.hash,
  }));
};
