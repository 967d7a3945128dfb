/**
 * Operations are declared, not programmed: what each step does, what it says to
 * the customer, how it is taken back. The engine owns retries, leases, fences,
 * intents, progress and undo; a step knows none of them.
 */
import type { z } from 'zod';
import type { Queries, Tx } from '../database/database.ts';
import type { Caller } from '../kit/caller.ts';
import type { Operation, ServiceKey } from './operation.ts';

/** An object outside that an operation makes or removes. The name is ours alone and the same on every attempt. */
export interface OutsideObject {
  kind: string;
  name: string;
}

/** What a step gets beside its feature's subject (e.g. `site`). */
export interface StepContext<Params> {
  params: Params;
  operation: { id: string; kind: string };
  /** Aborts when the lease is lost, the step's time is over or a cancellation is wished. */
  signal: AbortSignal;
  /** Tells the customer what is being waited for, in a sentence. */
  report(message: string): void;
}

export interface Step<Subject extends object, Params> {
  name: string;
  /** What the customer reads while it is under way: "Publishing the site". */
  say: string;
  /** Whether this operation has the step at all; it must stay so for as long as the operation runs. @default always */
  when?(subject: Subject): boolean;
  /** The provider that it calls. While its circuit breaker is open the operation is put off without spending an attempt. */
  uses?: { readonly id: string };
  /** The object that it makes: an intent row is written before the call, so a crash between the two leaks nothing. */
  owns?: (subject: Subject) => OutsideObject;
  /** The object that it removes. */
  removes?: (subject: Subject) => OutsideObject;
  /** How long one try may take, in milliseconds. @default 20000 */
  timeoutMs?: number;
  /** Does the work. It may run twice for the same wish. A returned string is the object's id at the provider. */
  run(context: Subject & StepContext<Params>): Promise<unknown>;
  /** Takes the work back, also when it was done by half or not at all. It may run twice. */
  undo?(context: Subject & StepContext<Params>): Promise<void>;
}

export interface OperationDefinition<Subject extends object, Params> {
  kind: string;
  params: z.ZodType<Params>;
  /** What the customer reads when it is done. */
  doneMessage: string;
  /** A deletion is never taken back: it is tried until the deadline and then needs an operator. */
  forwardOnly?: boolean;
  /** Waits behind a running operation of the same service, which is cancelled if it can be. Otherwise it is refused. */
  waits?: boolean;
  /** @default 3600 */
  deadlineSeconds?: number;
  /** Failed tries of one step before it is taken back. @default 8 */
  maxAttempts?: number;
  /** Reads what the steps work on. Called anew before every step. */
  load(queries: Queries, service: ServiceKey, params: Params): Promise<Subject>;
  steps: Step<Subject, Params>[];
  /** What is true of the service once the operation is in line; in the transaction that puts it there. */
  accepted?(tx: Tx, service: ServiceKey, params: Params): Promise<void>;
  /** What is true of the service once it is done; in the transaction that ends it. */
  done(tx: Tx, service: ServiceKey, params: Params): Promise<void>;
  /** What is true of the service once it was taken back; in the transaction that ends it. */
  failed?(tx: Tx, service: ServiceKey, params: Params): Promise<void>;
  /** Submits the same wish anew, for an operator's retry of a failed operation. */
  again?(caller: Caller, service: ServiceKey, params: Params): Promise<Operation>;
}

// The engine runs operations of every subject; each was checked when it was declared.
// biome-ignore lint/suspicious/noExplicitAny: a registry of differing subjects has no common type
export type AnyDefinition = OperationDefinition<any, any>;

/** Declares an operation; here only to let the types be inferred. */
export const defineOperation = <Subject extends object, Params>(
  definition: OperationDefinition<Subject, Params>,
): OperationDefinition<Subject, Params> => definition;

/** The definitions by kind. Throws when two have the same kind. */
export const createDefinitions = () => {
  const byKind = new Map<string, AnyDefinition>();
  return {
    register: (...definitions: AnyDefinition[]) => {
      for (const definition of definitions) {
        if (byKind.has(definition.kind)) throw new Error(`Two operations are called ${definition.kind}`);
        byKind.set(definition.kind, definition);
      }
    },
    find: (kind: string): AnyDefinition | undefined => byKind.get(kind),
    kinds: (): string[] => [...byKind.keys()],
  };
};

export type Definitions = ReturnType<typeof createDefinitions>;
