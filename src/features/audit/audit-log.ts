/** The audit trail as panels and the operator read it. It is written by whoever changes something. */
import type { Database } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { type AuditPlace, type FoundAudit, listAudit } from '../../operations/list-audit.ts';
import { activeKey } from '../../operations/operation.ts';
import { signOldHeads, verifyAudit } from '../../operations/verify-audit.ts';

/** What has a trail of its own. */
export const auditedKinds = ['site', 'zone', 'support', 'webhook', 'panel'] as const;

export interface AuditWish {
  service_id?: string;
  kind?: (typeof auditedKinds)[number];
  actor?: string;
  action?: string;
  outcome?: string;
  since?: string;
  until?: string;
}

/** Where an entry stands among all of a panel's: what a cursor holds. */
export const placeText = ({ at, seq, chain }: AuditPlace): string => `${at}/${seq}/${chain}`;

const readPlace = (text: string): AuditPlace => {
  const [, at, seq, chain] = /^(\d{1,15})\/(\d{1,10})\/([\x21-\x7e]{1,160})$/.exec(text) ?? [];
  if (chain === undefined) throw new AppError('invalid', 'invalid_request', 'The cursor is not one of ours.');
  return { at: Number(at), seq: Number(seq), chain };
};

const instantOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));

export const createAuditLog = ({ db, pepper }: { db: Database; pepper: string }) => ({
  /** A panel's entries, newest first; see `listAudit` for where it may stop. Errors: `invalid_request` for a cursor that is not ours. */
  list: (
    { panelId }: Pick<Caller, 'panelId'>,
    wish: AuditWish,
    page: { limit: number; after?: string | undefined },
  ): Promise<FoundAudit> => {
    const { service_id: serviceId, kind, actor, action, outcome } = wish;
    const kinds = kind === undefined ? auditedKinds : [kind];
    return listAudit(
      db.knex,
      {
        panelId,
        chains:
          serviceId === undefined ? undefined : kinds.map((each) => activeKey({ panelId, kind: each, serviceId })),
        kind,
        actor,
        action,
        outcome,
        since: instantOf(wish.since),
        until: instantOf(wish.until),
      },
      { limit: page.limit, before: page.after === undefined ? undefined : readPlace(page.after) },
    );
  },

  /** Walks all chains. See `verifyAudit`. */
  verify: () => verifyAudit(db, pepper),
  /** See `signOldHeads`. */
  sign: () => signOldHeads(db, pepper),
});

export type AuditLog = ReturnType<typeof createAuditLog>;
