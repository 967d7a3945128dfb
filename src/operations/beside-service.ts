/**
 * What every answer about a service shows beside it: its last operation and its
 * quotas. A feature joins them to its own rows, so that an answer is one query.
 */

import { bool, int, intOrNull, jsonOrNull } from '../database/rows.ts';
import type { Row } from '../database/statement.ts';
import type { Operation, OperationError, ServiceKey } from './operation.ts';
import type { Quota } from './quota.ts';

/** Of an operation, what is shown to callers, and what tells whether it can be retried. */
export type ShownOperation = Pick<
  Operation,
  | 'id'
  | 'service'
  | 'kind'
  | 'state'
  | 'stepName'
  | 'percent'
  | 'message'
  | 'attempts'
  | 'owner'
  | 'cancelRequested'
  | 'error'
  | 'createdAt'
  | 'finishedAt'
>;

export interface BesideService {
  operation: ShownOperation | null;
  /** In the order in which they were named; none that the service does not have. */
  quotas: Quota[];
}

const operationColumns = [
  'id',
  'kind',
  'state',
  'step_name',
  'percent',
  'message',
  'attempts',
  'owner',
  'cancel_requested',
  'error',
  'created_at',
  'finished_at',
];

const decodeOperation = (row: Row, service: ServiceKey): ShownOperation | null =>
  row.operation_id === null
    ? null
    : {
        id: row.operation_id,
        service,
        kind: row.operation_kind,
        state: row.operation_state,
        stepName: row.operation_step_name,
        percent: int(row.operation_percent),
        message: row.operation_message,
        attempts: int(row.operation_attempts),
        owner: row.operation_owner,
        cancelRequested: bool(row.operation_cancel_requested),
        error: jsonOrNull<OperationError>(row.operation_error),
        createdAt: int(row.operation_created_at),
        finishedAt: intOrNull(row.operation_finished_at),
      };

const operationsOf = `operations where operations.panel_id = services.panel_id
    and operations.service_kind = services.kind and operations.service_id = services.service_id`;

/** Both name the last operation of a row of `services`. For one row, MariaDB takes this one from the index while it plans. */
const lastOfOne = `(select max(operations.id) from ${operationsOf})`;
/** For each row of a page, it takes the first entry of the index; for a maximum it would go through all of a service's. */
const lastOfEach = `(select operations.id from ${operationsOf} order by operations.id desc limit 1)`;

/** `resources` are names of quotas that the code knows; no text from outside. */
export const besideService = (resources: readonly string[]) => {
  const joinsTo = (table: 'services' | 'page', lastOperation: string) =>
    [
      ...resources.map(
        (name) =>
          `left join quotas as ${name}_quota on ${name}_quota.panel_id = ${table}.panel_id
           and ${name}_quota.kind = ${table}.kind and ${name}_quota.service_id = ${table}.service_id
           and ${name}_quota.resource = '${name}'`,
      ),
      `left join operations as last_operation on last_operation.id = ${lastOperation}`,
    ].join('\n');

  return {
    columns: [
      ...operationColumns.map((column) => `last_operation.${column} as operation_${column}`),
      ...resources.flatMap((name) => [`${name}_quota.used as ${name}_used`, `${name}_quota.lim as ${name}_limit`]),
    ].join(', '),
    /** For a query of one row of `services`. */
    joins: joinsTo('services', lastOfOne),
    /**
     * For a query of many, whose rows are found first: a select from `services` with `pageColumn`, named `page`. Joined
     * to `services` itself, MariaDB would look for the last operation three times for each row.
     */
    pageColumn: `${lastOfEach} as last_operation_id`,
    pageJoins: joinsTo('page', 'page.last_operation_id'),
    decode: (row: Row, service: ServiceKey): BesideService => ({
      operation: decodeOperation(row, service),
      quotas: resources.flatMap((resource) => {
        const used = intOrNull(row[`${resource}_used`]);
        return used === null ? [] : [{ resource, used, limit: int(row[`${resource}_limit`]) }];
      }),
    }),
  };
};
