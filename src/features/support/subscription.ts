/** A customer's right to support, and the key that shows it. Pure. */
import { randomInt } from 'node:crypto';
import { AppError } from '../../kit/errors.ts';

export type SupportState = 'active' | 'suspended' | 'terminated';
export type SupportCall = 'suspend' | 'unsuspend' | 'terminate' | 'rotate';

export interface Subscription {
  panelId: string;
  serviceId: string;
  customerId: string | null;
  email: string;
  firstname: string;
  lastname: string;
  state: SupportState;
  createdAt: number;
  updatedAt: number;
}

/** Who it is for: what a repeated create must be equal in. */
export type SubscriptionWish = Pick<Subscription, 'customerId' | 'email' | 'firstname' | 'lastname'>;

/** Where each call leads from each state; the state itself where nothing is to be done. A pair that is not here is refused. */
const leadsTo: Record<SupportState, Partial<Record<SupportCall, SupportState>>> = {
  active: { suspend: 'suspended', unsuspend: 'active', terminate: 'terminated', rotate: 'active' },
  suspended: { suspend: 'suspended', unsuspend: 'active', terminate: 'terminated', rotate: 'suspended' },
  terminated: { terminate: 'terminated' },
};

/** Errors: `service_deleted` once it was terminated. */
export const stateAfter = ({ state, serviceId }: Subscription, call: SupportCall): SupportState => {
  const next = leadsTo[state][call];
  if (next) return next;
  throw new AppError('conflict', 'service_deleted', `Support subscription ${serviceId} was terminated.`);
};

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `SUP-` and 16 of [A-Z0-9] from the operating system's generator: 82 bits, so it cannot be guessed. */
export const makeSupportKey = (): string =>
  `SUP-${Array.from({ length: 16 }, () => letters.charAt(randomInt(letters.length))).join('')}`;

/** A key as somebody typed it; null when it cannot be one. */
export const readSupportKey = (typed: string): string | null => {
  const key = typed.replace(/\s/g, '').toUpperCase();
  return /^SUP-[A-Z0-9]{16}$/.test(key) ? key : null;
};
