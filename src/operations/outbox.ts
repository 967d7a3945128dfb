import type { Tx } from '../database/database.ts';
import { insertInto } from '../database/statement.ts';
import { newId } from '../kit/ids.ts';
import type { ServiceKey } from './operation.ts';

/** Something that became of a service. `seq` is the number of the audit entry that is written with it: it orders the events of a service. */
export interface Event {
  name: string;
  payload: Record<string, unknown>;
  at: number;
  seq: number;
}

const insertEvent = insertInto('outbox', [
  'id',
  'panel_id',
  'service_kind',
  'service_id',
  'event',
  'payload',
  'created_at',
  'seq',
]);

/** Writes down what others are to be told, in the transaction of the change itself. */
export const tellOthers = async (tx: Tx, service: ServiceKey, event: Event): Promise<void> => {
  await insertEvent.change(tx, [
    newId(),
    service.panelId,
    service.kind,
    service.serviceId,
    event.name,
    JSON.stringify(event.payload),
    event.at,
    event.seq,
  ]);
};
