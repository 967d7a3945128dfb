import type { Handlers, Schema } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import { instant } from '../../kit/instant.ts';
import type { AuditRecord } from '../../operations/audit.ts';
import { type AuditLog, placeText } from './audit-log.ts';

/** A chain is named `panel:kind:service_id`, and a service_id may hold colons itself. */
const view = (entry: AuditRecord): Schema<'AuditEntry'> => {
  const [, kind = '', ...rest] = entry.chain.split(':');
  return {
    kind,
    service_id: rest.join(':'),
    seq: entry.seq,
    at: instant(entry.at),
    actor: entry.actor,
    action: entry.action,
    outcome: entry.outcome,
    details: entry.details,
    request_id: entry.requestId,
    prev_hash: entry.prevHash,
    hash: entry.hash,
  };
};

export const auditHandlers = (audit: AuditLog) =>
  ({
    listAudit: async ({ caller, query }) => {
      const { limit, after } = pageWish(query);
      const { found, lookedTo } = await audit.list(caller, query, { limit: limit + 1, after });
      return { status: 200, body: pageOf(found, limit, placeText, view, lookedTo && placeText(lookedTo)) };
    },
  }) satisfies Handlers<'listAudit'>;
