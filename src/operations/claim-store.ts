/** The SQL by which a worker finds an operation that is due, and takes it. */
import type { Queries, Tx } from '../database/database.ts';
import { int } from '../database/rows.ts';
import { statement, updatesTelling, type Value } from '../database/statement.ts';
import type { Operation } from './operation.ts';
import { decodeOperation, type Progress, setting, withProgress } from './operation-store.ts';

/** An operation that may be claimed, and its service's fence, as they were seen. */
export interface Due {
  operation: Operation;
  serviceFence: number;
}

const findDueRows = statement(
  `select operations.*, services.fence as service_fence
   from operations join services on services.panel_id = operations.panel_id
     and services.kind = operations.service_kind and services.service_id = operations.service_id
   where operations.due_at <= ? order by operations.due_at limit ?`,
);

/**
 * Up to `limit` operations that any worker may claim at `now`, longest due first. A row that cannot be read is told to
 * `unreadable` and left out, so that it holds up no other. @default throws the error
 */
export const findDue = async (
  queries: Queries,
  now: number,
  limit: number,
  unreadable: (id: string, error: unknown) => void = (_id, error) => {
    throw error;
  },
): Promise<Due[]> =>
  (await findDueRows.rows(queries, [now, limit])).flatMap((row) => {
    try {
      return [{ operation: decodeOperation(row), serviceFence: int(row.service_fence) }];
    } catch (error) {
      unreadable(String(row.id), error);
      return [];
    }
  });

const claimDue = updatesTelling('operations', {
  set: (columns) =>
    `owner = ?, fence = ?, due_at = ?, started_at = coalesce(started_at, ?),
     state = case state when 'queued' then 'running' else state end, ${setting(columns)}`,
  and: 'version = ? and due_at <= ?',
  tells: ({ now }) => now,
});
const raiseFence = statement(
  'update services set fence = ? where panel_id = ? and kind = ? and service_id = ? and fence = ?',
);

/**
 * Takes an operation that was due at `now` for `owner` under a new fence, and writes the patch. Tells the database's
 * time too, for `Database.timeOf`. Null when it is not as it was seen.
 */
export const claimOperation = async (
  tx: Tx,
  { operation: seen, serviceFence }: Due,
  { owner, now, leaseUntil }: { owner: string; now: number; leaseUntil: number },
  patch: Progress = {},
): Promise<{ operation: Operation; told: number } | null> => {
  const fence = serviceFence + 1;
  const set = [owner, fence, leaseUntil, now, ...(Object.values(patch) as Value[])];
  // Whatever changed it since, also a run that was paused within a commit, has raised its version. So it need not be read again.
  const told = await claimDue(tx, Object.keys(patch), { set, id: seen.id, and: [seen.version, now] });
  if (told === null) return null;
  const { panelId, kind, serviceId } = seen.service;
  // Raised together with the operation's, so that a run of an earlier operation cannot write to the service either.
  const raised = await raiseFence.change(tx, [fence, panelId, kind, serviceId, serviceFence]);
  if (raised === 0) throw new Error(`The fence of service ${serviceId} moved during a claim`);
  const state = seen.state === 'queued' ? 'running' : seen.state;
  const operation = { ...seen, owner, fence, dueAt: leaseUntil, state, version: seen.version + 1 };
  return { operation: withProgress(operation, patch), told };
};
