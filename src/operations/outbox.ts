import type { Tx } from '../database/database.ts';
import { newId } from '../kit/ids.ts';
import type { ServiceKey } from './operation.ts';

/** Writes down what others are to be told, in the transaction of the change itself. */
export const tellOthers = async (
  tx: Tx,
  service: ServiceKey,
  event: { name: string; payload: Record<string, unknown>; at: number },
): Promise<void> => {
  await tx('outbox').insert({
    id: newId(),
    panel_id: service.panelId,
    service_kind: service.kind,
    service_id: service.serviceId,
    event: event.name,
    payload: JSON.stringify(event.payload),
    created_at: event.at,
  });
};
