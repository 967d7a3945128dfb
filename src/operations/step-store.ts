/** The SQL of `operation_steps` and `resources`: what each step did, and which outside objects may be ours. */
import type { Queries, Tx } from '../database/database.ts';
import { int, intOrNull } from '../database/rows.ts';
import { statement, statementsOf, upsertInto } from '../database/statement.ts';
import type { OutsideObject } from './definition.ts';
import type { Operation, ServiceKey } from './operation.ts';

export type Direction = 'do' | 'undo';

export interface StepRecord {
  seq: number;
  direction: Direction;
  name: string;
  state: 'begun' | 'done';
  error: string | null;
  beganAt: number;
  endedAt: number | null;
}

/** That a step is about to be tried, or is done. */
export type StepNote = Pick<StepRecord, 'seq' | 'direction' | 'name' | 'state'>;

const upsertSteps = upsertInto('operation_steps', {
  columns: ['operation_id', 'seq', 'direction', 'panel_id', 'name', 'state', 'fence', 'began_at', 'ended_at'],
  key: ['operation_id', 'seq', 'direction'],
  // A second try keeps the time of the first.
  set: ['state', 'fence', 'ended_at'],
});

/** Writes down what became of steps. */
export const noteSteps = async (
  tx: Tx,
  { id, fence, service }: Operation,
  notes: readonly StepNote[],
  at: number,
): Promise<void> => {
  if (notes.length === 0) return;
  const values = notes.flatMap(({ seq, direction, name, state }) => [
    ...[id, seq, direction, service.panelId, name, state, fence, at],
    state === 'done' ? at : null,
  ]);
  await upsertSteps(notes.length).change(tx, values);
};

export const recordError = async (
  tx: Tx,
  operationId: string,
  step: { seq: number; direction: Direction },
  error: string,
): Promise<void> => {
  await tx('operation_steps')
    .where({ operation_id: operationId, ...step })
    .update({ error: error.slice(0, 4000) });
};

/** Every step that was ever begun, in the order of its number. */
export const listSteps = async (queries: Queries, operationId: string): Promise<StepRecord[]> => {
  const rows = await queries('operation_steps').where({ operation_id: operationId }).orderBy('began_at').orderBy('seq');
  return rows.map((row) => ({
    seq: int(row.seq),
    direction: row.direction,
    name: row.name,
    state: row.state,
    error: row.error,
    beganAt: int(row.began_at),
    endedAt: intOrNull(row.ended_at),
  }));
};

/** Numbers of the steps that were begun, highest first, from `from` down: what an undo has to look at. */
export const begunSteps = async (tx: Tx, operationId: string, from: number): Promise<number[]> => {
  const rows = await tx('operation_steps')
    .where({ operation_id: operationId, direction: 'do' })
    .where('seq', '<=', from)
    .orderBy('seq', 'desc')
    .select('seq');
  return rows.map((row) => int(row.seq));
};

export type ResourceState = 'intent' | 'present' | 'deleting' | 'gone';

const markedColumns = ['panel_id', 'service_kind', 'service_id', 'operation_id', 'state', 'updated_at'];

const mark = statementsOf(
  (columns) =>
    `update resources set ${columns.map((column) => `${column} = ?`).join(', ')}
     where kind = ? and name = ? and ((panel_id = ? and service_kind = ? and service_id = ?) or state = 'gone')`,
);
const findHolder = statement('select service_id from resources where kind = ? and name = ?');
const insertResource = statementsOf(
  (columns) =>
    `insert into resources (${columns.join(', ')}, kind, name, created_at)
     values (${columns.map(() => '?').join(', ')}, ?, ?, ?)`,
);

/**
 * Writes down that an object may soon be ours, or may soon be gone.
 * Throws when the name belongs to another service, which a name made from our own ids never does.
 */
export const markResource = async (
  tx: Tx,
  operation: Operation,
  object: OutsideObject,
  state: ResourceState,
  at: number,
  externalId?: string,
): Promise<void> => {
  const { panelId, kind, serviceId } = operation.service;
  const columns = [...markedColumns, ...(externalId === undefined ? [] : ['external_id'])];
  const values = [panelId, kind, serviceId, operation.id, state, at, ...(externalId === undefined ? [] : [externalId])];
  const known = await mark(columns).change(tx, [...values, object.kind, object.name, panelId, kind, serviceId]);
  if (known === 1) return;
  const foreign = await findHolder.first(tx, [object.kind, object.name]);
  if (foreign) throw new Error(`The ${object.kind} ${object.name} belongs to service ${foreign.service_id}`);
  // What is not there needs no note that it is going.
  if (state === 'deleting' || state === 'gone') return;
  await insertResource(columns).change(tx, [...values, object.kind, object.name, at]);
};

/** Objects of a kind that went with something else of their service. */
export const markAllGone = async (tx: Tx, service: ServiceKey, kind: string, at: number): Promise<void> => {
  await tx('resources')
    .where({ panel_id: service.panelId, service_kind: service.kind, service_id: service.serviceId, kind })
    .whereNot({ state: 'gone' })
    .update({ state: 'gone', updated_at: at });
};

export interface ResourceRecord {
  kind: string;
  name: string;
  service: ServiceKey;
  operationId: string;
  state: ResourceState;
  updatedAt: number;
}

export const isKnownResource = async (queries: Queries, kind: string, name: string): Promise<boolean> =>
  (await queries('resources').where({ kind, name }).whereNot({ state: 'gone' }).first('name')) !== undefined;

/** Every object of a kind that is not known to be gone. */
export const listResources = async (queries: Queries, kind: string): Promise<ResourceRecord[]> => {
  const rows = await queries('resources').where({ kind }).whereNot({ state: 'gone' }).orderBy('name');
  return rows.map((row) => ({
    kind: row.kind,
    name: row.name,
    service: { panelId: row.panel_id, kind: row.service_kind, serviceId: row.service_id },
    operationId: row.operation_id,
    state: row.state,
    updatedAt: int(row.updated_at),
  }));
};
