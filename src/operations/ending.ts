/** How an operation ends, and what follows from it: all in the transaction that ends it. */
import type { Tx } from '../database/database.ts';
import { int } from '../database/rows.ts';
import { statement } from '../database/statement.ts';
import type { Trail } from './audit.ts';
import type { AnyDefinition } from './definition.ts';
import { activeKey, nextKey, type Operation, type OperationError } from './operation.ts';
import { findActive, type OperationPatch, patchInState } from './operation-store.ts';
import { tellOthers } from './outbox.ts';
import { settleHolds } from './quota.ts';

/** The columns of an operation that has ended. */
export const endedPatch = (
  outcome: 'done' | 'failed',
  ending: { at: number; message: string; error?: OperationError },
): OperationPatch => ({
  state: outcome,
  owner: null,
  due_at: null,
  active_key: null,
  stuck_in: null,
  step_name: null,
  attempts: 0,
  finished_at: ending.at,
  message: ending.message,
  ...(outcome === 'done' ? { percent: 100, error: null } : {}),
  ...(ending.error ? { error: JSON.stringify(ending.error) } : {}),
});

/** Whether the operation holds units, and whether another waits behind it. */
const findLeft = statement(
  `select exists (select 1 from quota_holds where operation_id = ? and state = 'held') as held,
     exists (select 1 from operations where active_key = ?) as waits`,
);

export interface EndingDeps {
  definitions: { find(kind: string): AnyDefinition | undefined };
  trail: Trail;
}

/** What follows once the row itself says that the operation has ended. Returns the operation that goes on in its place. */
export const followUp = async (
  tx: Tx,
  deps: EndingDeps,
  operation: Operation,
  ending: { outcome: 'done' | 'failed'; error: OperationError | null; at: number },
): Promise<Operation | null> => {
  const { service } = operation;
  const left = await findLeft.first(tx, [operation.id, nextKey(service)]);
  if (int(left.held)) await settleHolds(tx, service, operation.id, ending.outcome === 'done' ? 'kept' : 'released');
  await noteEnd(tx, deps, operation, ending);
  return int(left.waits) ? promoteNext(tx, deps, operation, ending.at) : null;
};

/** Puts an end, or a halt, into the outbox and the audit trail. */
export const noteEnd = async (
  tx: Tx,
  { trail }: Pick<EndingDeps, 'trail'>,
  operation: Operation,
  ending: { outcome: 'done' | 'failed' | 'stuck'; error: OperationError | null; at: number },
): Promise<void> => {
  const { service } = operation;
  const facts = {
    operation_id: operation.id,
    service_id: service.serviceId,
    ...(ending.error ? { error: { code: ending.error.code, message: ending.error.message } } : {}),
  };
  const seq = await trail.append(tx, {
    chain: activeKey(service),
    at: ending.at,
    actor: 'engine',
    action: operation.kind,
    outcome: ending.outcome,
    details: facts,
    requestId: operation.requestId,
  });
  await tellOthers(tx, service, { name: `${operation.kind}.${ending.outcome}`, payload: facts, at: ending.at, seq });
};

const promoteNext = async (
  tx: Tx,
  { definitions }: EndingDeps,
  ended: Operation,
  at: number,
): Promise<Operation | null> => {
  const { next } = await findActive(tx, ended.service);
  if (!next) return null;
  await patchInState(tx, next, {
    state: 'queued',
    active_key: activeKey(ended.service),
    due_at: Math.max(at, ended.landsAt ?? 0),
  });
  await definitions.find(next.kind)?.accepted?.(tx, next.service, next.params);
  return next;
};
