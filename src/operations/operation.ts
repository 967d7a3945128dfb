/** An operation as the rest of the program sees it: what was asked, how far it is, what became of it. */

export type OperationState = 'pending' | 'queued' | 'running' | 'undoing' | 'done' | 'failed' | 'stuck';

export const operationStates = [
  'pending',
  'queued',
  'running',
  'undoing',
  'done',
  'failed',
  'stuck',
] as const satisfies readonly OperationState[];

/** Why an operation failed; `OperationErrorCode` in openapi.yaml. */
export type OperationErrorCode =
  | 'cancelled'
  | 'deadline_exceeded'
  | 'provider_refused'
  | 'attempts_exhausted'
  | 'superseded';

export interface OperationError {
  code: OperationErrorCode;
  /** For the customer. */
  message: string;
  /** For the operator; never sent to a panel. */
  detail?: string;
}

/** What the customer reads, where the provider gave no words for it. */
export const sentences = {
  deadline_exceeded: 'It was not done in time, so what was begun has been taken back.',
  cancelled: 'It was stopped on request, and what was begun has been taken back.',
  provider_refused: 'The infrastructure refused it. The operator has been given the details.',
  attempts_exhausted: 'The infrastructure failed too often. The operator has been given the details.',
  superseded: 'The service is being deleted instead.',
} satisfies Record<OperationErrorCode, string>;

/** Names a service: a panel's own identifier, unique for each kind. */
export interface ServiceKey {
  panelId: string;
  kind: string;
  serviceId: string;
}

export interface Operation {
  id: string;
  service: ServiceKey;
  kind: string;
  params: unknown;
  paramsHash: string;
  state: OperationState;
  /** Where a stuck operation goes on when it is retried. */
  stuckIn: 'running' | 'undoing' | null;
  /** Index of the step to do next, or to undo next. */
  step: number;
  stepName: string | null;
  percent: number;
  /** A sentence that a customer understands. */
  message: string;
  attempts: number;
  owner: string | null;
  dueAt: number | null;
  /** When the last call that was not answered has landed for sure. Nobody goes on with the service before. */
  landsAt: number | null;
  fence: number;
  deadlineAt: number;
  cancelRequested: boolean;
  error: OperationError | null;
  actor: string;
  requestId: string | null;
  /** The trace that it is part of. */
  traceparent: string | null;
  version: number;
  createdAt: number;
  finishedAt: number | null;
}

/** It will not change any more by itself. A stuck one waits for an operator. */
export const isEnded = (state: OperationState): boolean => state === 'done' || state === 'failed';

/** No worker will touch it: ended, or waiting for an operator. */
export const isAtRest = (state: OperationState): boolean => isEnded(state) || state === 'stuck';

/** The value of `active_key`: one row may carry it, which is how one service has one operation at a time. */
export const activeKey = ({ panelId, kind, serviceId }: ServiceKey): string => `${panelId}:${kind}:${serviceId}`;

/** The value of `active_key` for the one operation that waits behind the active one. A service_id holds no slash, so it is no other's active key. */
export const nextKey = (service: ServiceKey): string => `${activeKey(service)}/next`;
