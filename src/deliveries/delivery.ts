/** A delivery: one event on its way to one target. */
import type { Tx } from '../database/database.ts';
import type { ServiceKey } from '../operations/operation.ts';

export type DeliveryState = 'pending' | 'delivered' | 'failed';

/** An event as it was written into the outbox. */
export interface OutboxEvent {
  id: string;
  service: ServiceKey;
  name: string;
  payload: Record<string, unknown>;
  at: number;
  seq: number;
}

/** Whom to tell, as the channel names them: at most 64 characters of ASCII. */
export interface Target {
  name: string;
  /** What the channel looked up for the message, kept with the delivery so that every try says the same. */
  facts?: Record<string, unknown>;
}

export interface Delivery {
  id: string;
  channel: string;
  /** The target's name. */
  target: string;
  /** The target's; null when there were none. */
  facts: Record<string, unknown> | null;
  event: OutboxEvent;
  state: DeliveryState;
  attempts: number;
  lastAttemptAt: number | null;
  /** Null for one that waits for its turn, or has ended. */
  nextAttemptAt: number | null;
  responseStatus: number | null;
  /** Why the last try failed, in a sentence for the panel. */
  error: string | null;
  createdAt: number;
  endedAt: number | null;
}

/** How a try ended. */
export type Outcome =
  | { is: 'delivered'; status?: number }
  /** It is tried again, not before `afterMs`. */
  | { is: 'later'; error: string; status?: number; afterMs?: number }
  /** No further try would help. `gone` when the target wants nothing any more. */
  | { is: 'never'; error: string; status?: number; gone?: true };

/** A way to tell somebody: by webhook, by mail. */
export interface Channel {
  readonly name: string;
  /** Whom to tell of an event. In the transaction that hands the event on. */
  targetsOf(tx: Tx, event: OutboxEvent): Promise<Target[]>;
  /** Whether there is no such target and will never be again, so that nothing is kept for it. @default there always is */
  isGone?(target: string): Promise<boolean>;
  /** Sends it. It may be sent twice, and then it is the same to the letter. Never throws for what the other side did. */
  send(delivery: Delivery, signal: AbortSignal): Promise<Outcome>;
  /** What follows for the target, in the transaction that writes the outcome down. `final` once it is not tried again. */
  settled?(tx: Tx, delivery: Delivery, outcome: Outcome, at: number): Promise<void>;
}
