/** How a handler looks: typed by its operationId, so a wrong parameter, body or status does not compile. */
import type { Caller } from '../kit/caller.ts';
import type { components, operations } from './api.gen.ts';

export type OperationId = keyof operations;
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

type Part<Id extends OperationId, Name extends 'path' | 'query'> = operations[Id] extends { parameters: infer All }
  ? Name extends keyof All
    ? NonNullable<All[Name]>
    : Record<string, never>
  : never;

type Body<Id extends OperationId> = operations[Id] extends { requestBody?: infer Wish }
  ? NonNullable<Wish> extends { content: { 'application/json': infer Json } }
    ? undefined extends Wish
      ? Json | undefined
      : Json
    : undefined
  : undefined;

/** A request that fits the contract, from a caller who may make it. */
export interface Input<Id extends OperationId> {
  /** Who asks. On operations without security it is nobody: an empty panel. */
  caller: Caller;
  path: Part<Id, 'path'>;
  query: Part<Id, 'query'>;
  body: Body<Id>;
  /** Seconds of `Prefer: wait`, 0 when there is none. */
  waitSeconds: number;
  /** Whether the caller would rather have JSON than text, by `Accept`; no wish is none for JSON. */
  prefersJson: boolean;
  /** Aborts when the caller has gone, or this process is about to end. */
  signal: AbortSignal;
}

type Responses<Id extends OperationId> = operations[Id]['responses'];
type Status<Id extends OperationId> = Exclude<keyof Responses<Id>, 'default'> & number;

type Content<Answer> = Answer extends { content: infer Kinds }
  ? Kinds extends Record<string, infer Value>
    ? Value
    : undefined
  : undefined;

/** An answer that fits the contract. A body that is a string or a Buffer is sent as it is, under its content type. */
export type Reply<Id extends OperationId> = {
  [S in Status<Id>]: {
    status: S;
    headers?: Record<string, string>;
    body: Content<Responses<Id>[S]> | Buffer;
    /** @default application/json */
    type?: string;
  };
}[Status<Id>];

/** A reply that is not a body: it writes to the connection until it ends. */
export interface Stream {
  stream: (write: (event: { event: string; data: unknown }) => void, closed: AbortSignal) => Promise<void>;
}

export type Handler<Id extends OperationId> = (input: Input<Id>) => Promise<Reply<Id> | Stream> | Reply<Id>;

/** The handlers of some operations: `{…} satisfies Handlers<'createSite' | 'getSite'>`. */
export type Handlers<Ids extends OperationId> = { [Id in Ids]: Handler<Id> };
