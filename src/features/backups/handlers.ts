import type { Handlers, Input, OperationId, Schema } from '../../contract/handler.ts';
import { instant } from '../../kit/instant.ts';
import { isEnded, type Operation } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import { endOf, refuseFailed } from '../operations/end-of.ts';
import { operationView, watchHeaders } from '../operations/operation-view.ts';
import type { Changed } from '../sites/change-site.ts';
import type { Site } from '../sites/site.ts';
import type { Backup } from './backup.ts';
import type { Backups, ListedBackup } from './backups.ts';

/** What a handler of sites already does with a changed site; given by it, so that both answer alike. */
type AnswerSite = (
  change: Promise<Changed>,
  input: Pick<Input<OperationId>, 'caller' | 'waitSeconds' | 'signal'>,
) => Promise<
  { status: 200; body: Schema<'Site'> } | { status: 202; headers: Record<string, string>; body: Schema<'Site'> }
>;

export const backupHandlers = (backups: Backups, operations: Operations, answerSite: AnswerSite) => {
  const view = (site: Site, backup: Backup | ListedBackup, operation: Operation | null): Schema<'Backup'> => ({
    name: backup.name,
    service_id: site.key.serviceId,
    state: backup.state,
    bytes: 'bytes' in backup ? backup.bytes : null,
    created_at: instant(backup.createdAt),
    operation: operation ? operationView(operation, operations.isRetryable(operation)) : null,
  });

  const ended = async (
    changed: Changed & { backup: Backup },
    input: Pick<Input<OperationId>, 'waitSeconds' | 'signal'>,
  ) => {
    const operation = changed.operation ? await endOf(operations, changed.operation, input) : null;
    if (operation && input.waitSeconds > 0) refuseFailed(operations, operation);
    const body = view(changed.site, await backups.get(changed.site, changed.backup.name), operation);
    return { operation, body, isDone: !operation || isEnded(operation.state) };
  };

  return {
    listBackups: async ({ caller, path, query }) => {
      const {
        site,
        backups: all,
        quota,
        verified,
      } = await backups.list(caller, {
        serviceId: path.service_id,
        customerId: query.customer_id,
      });
      return { status: 200, body: { data: all.map((backup) => view(site, backup, null)), quota, verified } };
    },
    createBackup: async (input) => {
      const { caller, path, body } = input;
      const ref = { serviceId: path.service_id, customerId: body?.customer_id };
      const made = await ended(await backups.create(caller, ref, body?.when_full), input);
      return made.isDone || !made.operation
        ? { status: 201, body: made.body }
        : { status: 202, headers: watchHeaders(made.operation), body: made.body };
    },
    deleteBackup: async (input) => {
      const { caller, path, query } = input;
      const ref = { serviceId: path.service_id, customerId: query.customer_id };
      const gone = await ended(await backups.remove(caller, ref, path.backup), input);
      return gone.isDone || !gone.operation
        ? { status: 200, body: gone.body }
        : { status: 202, headers: watchHeaders(gone.operation), body: gone.body };
    },
    rollbackBackup: (input) =>
      answerSite(
        backups.rollback(
          input.caller,
          { serviceId: input.path.service_id, customerId: input.body?.customer_id },
          input.path.backup,
        ),
        input,
      ),
  } satisfies Handlers<'listBackups' | 'createBackup' | 'deleteBackup' | 'rollbackBackup'>;
};
