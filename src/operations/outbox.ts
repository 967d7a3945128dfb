import type { Tx } from '../database/database.ts';
import { newId } from '../kit/ids.ts';
import type { ServiceKey } from './operation.ts';

/** Something that became of a service. `seq` is the number of the audit entry that is written with it: it orders the events of a service. */
export interface Event {
  name: string;
  payload: Record<string, unknown>;
  at: number;
  seq: number;
}

/** Writes down what others are to be told, in the transaction of the change itself. */
export const tellOthers = async (tx: Tx, service: ServiceKey, event: Event): Promise<void> => {
  await tx('outbox').insert({
    id: newId(),
    panel_id: service.panelId,
    service_kind: service.kind,
    service_id: service.serviceId,
    event: event.name,
    payload: JSON.stringify(event.payload),
    created_at: event.at,
    seq: event.seq,
  });
};
