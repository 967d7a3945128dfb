/** A customer's zone and its states. Pure. */
import { AppError } from '../../kit/errors.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import { recordId } from './record.ts';

export const zoneStates = ['creating', 'active', 'failed', 'deleting', 'deleted'] as const;
export type ZoneState = (typeof zoneStates)[number];

export interface Zone {
  key: ServiceKey;
  /** Ours. */
  id: string;
  customerId: string | null;
  state: ZoneState;
  /** Whether the name is still its own: until nothing of it is left outside. */
  isLive: boolean;
  /** Lower-case A-labels, without the trailing dot. */
  name: string;
  /** See `zoneNumber`. */
  number: string;
  /** Rises with every change that is begun or ended. */
  version: number;
  createdAt: number;
  updatedAt: number;
  deletedAt: number | null;
  createdBy: string;
}

/** Names a zone of the caller's panel; with a customer, it must be that customer's. */
export interface ZoneRef {
  /** As the caller typed it. */
  name: string;
  customerId?: string | undefined;
}

/** A zone's id for clients that keep it in an integer. */
export const zoneNumber = (name: string): string => recordId(name, 'zone', '');

/** The name as the ports want it. */
export const originOf = ({ name }: Pick<Zone, 'name'>): string => `${name}.`;

/** Whose the zone is to the provider. */
export const ownerOf = ({ customerId }: Pick<Zone, 'customerId'>): string => customerId ?? 'provisor';

/** The name of the zone among the objects outside. */
export const zoneObject = ({ id }: Pick<Zone, 'id'>) => ({ kind: 'dns-zone', name: `zone-${id.toLowerCase()}` });

/** The service that a zone's operations belong to. */
export const zoneKey = (panelId: string, id: string): ServiceKey => ({ panelId, kind: 'zone', serviceId: id });

/** The service that counts the zones of a customer. */
export const customerKey = (panelId: string, customerId: string): ServiceKey => ({
  panelId,
  kind: 'zone-customer',
  serviceId: customerId,
});

/** Errors: why a zone in this state takes no changes. */
export const requireActive = ({ name, state, createdBy }: Zone): void => {
  switch (state) {
    case 'active':
      return;
    case 'creating':
      throw new AppError('conflict', 'operation_in_progress', `The zone ${name} is still being created.`, {
        retryAfter: 2,
        details: { operation_id: createdBy },
      });
    case 'failed':
      throw new AppError('conflict', 'service_failed', `The zone ${name} could not be created. Create it again.`);
    case 'deleting':
    case 'deleted':
      throw new AppError('conflict', 'service_deleted', `The zone ${name} was deleted.`);
  }
};
